"""What a version or a draft would change for the stored reports."""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from gis.storage.engine import Store
from grids.diff import is_version_number
from grids.drafts import draft_named
from grids.importing import Progress
from grids.owner import Resolver
from grids.reads import content_of
from grids.release import open_release, write_release
from grids.shelf import Shelf
from routing.impact import Impact, impact_of


def reports_changed(store: Store, shelf: Shelf, sides: tuple[str, str], now: datetime, progress: Progress) -> Impact:
    """How many stored reports get another cell or owner by the second than by the first of two versions or drafts,
    people, assets and rulings being those of now. Raises NotFound."""
    with TemporaryDirectory() as folder:
        before, after = (_resolver(store, shelf, side, now, Path(folder)) for side in sides)
        with store.read() as session:
            return impact_of(session, before, after, progress)


def _resolver(store: Store, shelf: Shelf, side: str, now: datetime, folder: Path) -> Resolver:
    shelf.refresh()
    books = shelf.books
    if is_version_number(side):
        return shelf.pinned(int(side), books.numbers, now).resolver
    with store.read() as session:
        content = content_of(session, draft_named(session, side).id)
    path = folder / f"{len(list(folder.iterdir()))}.wgr"
    write_release(path, content, 0, now, now)
    return Resolver(open_release(path), books, now)
