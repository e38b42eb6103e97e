"""Jinan, made up (see ``smalltown``): on both stores for what is written, once on SQLite for what is only asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from smalltown import Town, found_town


@pytest.fixture
def empty(store_url: str, tmp_path: Path) -> Iterator[Town]:
    """A town's empty store, once on SQLite and once on PostGIS."""
    made = found_town(store_url, tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def town(empty: Town) -> Town:
    """The published town, once on SQLite and once on PostGIS."""
    empty.fill().publish()
    return empty


@pytest.fixture(scope="session")
def jinan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The published town, only to be asked."""
    folder = tmp_path_factory.mktemp("jinan")
    made = found_town(f"sqlite:///{folder}/jinan.db", folder).fill()
    made.publish()
    yield made
    made.store.close()
