"""The made-up town that several tests look at."""

import numpy as np
import pytest

from crooked import hard_points, partition
from gis.shapes import Shapes


@pytest.fixture(scope="session")
def crooked_town() -> Shapes:
    return partition(seed=20261122)


@pytest.fixture(scope="session")
def hard_town_points(crooked_town: Shapes) -> np.ndarray:
    return hard_points(crooked_town, seed=1, ordinary=2000)
