"""Sample cities that several tests look at, built once."""

import pytest

from data.city import SampleCity, sample_city


@pytest.fixture(scope="session")
def hamlet() -> SampleCity:
    return sample_city(cells=60, reports=80, seed=7)


@pytest.fixture(scope="session")
def town() -> SampleCity:
    return sample_city(cells=2000, reports=3000, seed=1)


@pytest.fixture(params=["hamlet", "town"])
def city(request: pytest.FixtureRequest) -> SampleCity:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, SampleCity)
    return found
