"""Fixtures every test may use. What needs PostGIS, Chromium or the real cities is skipped without, and counted."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from browsers import OfflinePage, offline_pages, open_browser
from clusters import Cluster, start_cluster
from needs import NotRun, find_real


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("wangge")
    group.addoption("--require-all", action="store_true", help="fail when a test could not run on this machine")
    group.addoption("--long", action="store_true", help="run the long tests too")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(NotRun(config.getoption("--require-all"), config.getoption("--long")), "not-run")


@pytest.fixture(scope="session")
def postgis_cluster() -> Iterator[Cluster]:
    """The private cluster; ``with postgis_cluster.database() as url`` gives a module its own fresh database."""
    cluster = start_cluster()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def postgis_url(postgis_cluster: Cluster) -> str:
    """One database with PostGIS that all tests of the run share."""
    return postgis_cluster.create()


@pytest.fixture
def postgis_database(postgis_cluster: Cluster) -> Iterator[str]:
    """A fresh database with PostGIS and nothing else, dropped after the test."""
    with postgis_cluster.database() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgis", marks=pytest.mark.postgis)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, once SQLite and once PostGIS: for the contract tests of both stores."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/wangge.db"
    url: str = request.getfixturevalue("postgis_database")
    return url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    with open_browser() as opened:
        yield opened


@pytest.fixture
def page_offline(browser: Browser) -> Iterator[Callable[..., OfflinePage]]:
    """A maker of pages that reach this machine only; see `OfflinePage`."""
    with offline_pages(browser) as new_page:
        yield new_page


@pytest.fixture(scope="session")
def real_dir() -> Path:
    """The folder of the real cities."""
    folder = find_real()
    assert folder is not None, "the marker `real` keeps this from running"
    return folder
