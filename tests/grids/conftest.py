"""Towns to try the grid on; see ``smalltown``."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from draftdesk import Desk, desk_on
from smalltown import Town, found_town


@pytest.fixture
def town(store_url: str, tmp_path: Path) -> Iterator[Town]:
    """An empty town, once on SQLite and once on PostGIS."""
    made = found_town(store_url, tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def hamlet(tmp_path: Path) -> Iterator[Town]:
    """An empty town on SQLite, for what does not depend on the store."""
    made = found_town(f"sqlite:///{tmp_path}/hamlet.db", tmp_path)
    yield made
    made.store.close()


@pytest.fixture(scope="session")
def jinan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The whole town, published once, on SQLite. Only to be asked."""
    folder = tmp_path_factory.mktemp("jinan")
    made = found_town(f"sqlite:///{folder}/jinan.db", folder).fill()
    made.publish()
    yield made
    made.store.close()


@pytest.fixture
def desk(store_url: str) -> Iterator[Desk]:
    """A desk of drafts, once on SQLite and once on PostGIS; see ``draftdesk``."""
    with desk_on(store_url) as made:
        yield made


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Desk]:
    """A desk of drafts on SQLite, for what does not depend on the store."""
    with desk_on(f"sqlite:///{tmp_path}/table.db") as made:
        yield made
