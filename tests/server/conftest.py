"""A small sample city, imported and published once, and the service that answers from it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from server.api.app import create_app
from server.demonstration import Demo, build_demo
from server.settings import Settings

BASE = "http://127.0.0.1"


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """样城市 with 400 cells and 500 reports; nobody may change it."""
    home = tmp_path_factory.mktemp("demo")
    standing = build_demo(Settings(home=home), (400, 500), 7, now, lambda _words: None)
    yield standing
    standing.store.close()


@pytest.fixture
def client(demo: Demo) -> Iterator[TestClient]:
    """A caller on this machine."""
    with TestClient(create_app(demo.settings), base_url=BASE, raise_server_exceptions=False) as caller:
        yield caller
