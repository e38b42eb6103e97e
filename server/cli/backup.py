"""`wangge backup` and `wangge restore`: the whole store in one file, and back into a store of either kind."""

import importlib
import pkgutil
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

import grids
import routing
from gis.errors import NotFound, WanggeError
from gis.storage.archive.backup import write_archive
from gis.storage.archive.file import Archive, open_archive
from gis.storage.archive.restore import restore_archive
from gis.storage.engine import Store
from gis.storage.migrate import newest_revision, require_newest
from grids.reads import editions
from grids.shelf import StoreSource
from grids.timeline import Edition, in_force
from server.cli.out import Json, Place, console, new_app, now, print_json, progress, usable_store
from server.settings import load_settings

app = new_app()


def know_every_table() -> None:
    """Import every file of models, named ``models.py`` or ``*_models.py``: a table that nobody has imported would be
    missing from a backup without a word. A test holds the outcome against the migrations."""
    for part in (grids, routing):
        for module in pkgutil.iter_modules(part.__path__):
            if module.name.endswith("models"):
                importlib.import_module(f"{part.__name__}.{module.name}")


@app.command()
def backup(out: Annotated[Path, typer.Argument(help="The file to write, as city.wgb.")], json: Json = False) -> int:
    """The whole store in one checksummed file, as it is at this instant, while others go on working.

    It holds phone numbers, so that only you may read it. Release files are not in it: they are built from it again.
    """
    know_every_table()
    settings = load_settings()
    with usable_store(settings) as store, progress("backing up") as tell:
        _require_made(store)
        require_newest(store)
        archive = write_archive(store, out, lambda session: _facts(session, store), tell)
    _warn_left_out(archive)
    size = out.stat().st_size
    if json:
        print_json({"file": str(out), "bytes": size, "rows": archive.rows, **archive.as_dict()})
    else:
        print(f"{out}: {_told(archive)}, {size / 1e6:,.1f} MB")
    return 0


def _require_made(store: Store) -> None:
    """Opening an embedded store makes it: the backup of a misspelt home would be empty, and look like a success."""
    if store.url.get_backend_name() == "sqlite" and not Path(store.url.database or "").is_file():
        raise NotFound(f"there is no store at {store.url.database}: look at WANGGE_HOME and WANGGE_STORE")


def _facts(session: Session, store: Store) -> dict[str, Any]:
    known = editions(session)
    return {
        "wangge": version("wangge"),
        "taken_at": now().isoformat(timespec="seconds"),
        "store": store.url.get_backend_name(),
        "newest_version": known[-1].number if known else None,
    }


def _warn_left_out(archive: Archive) -> None:
    if archive.facts["left_out"]:
        names = ", ".join(archive.facts["left_out"])
        console.print(f"not in the backup, for no model of Wangge's knows them: tables {names}", markup=False)


def _told(archive: Archive) -> str:
    number = archive.facts.get("newest_version")
    newest = f"newest version {number}" if number else "nothing published"
    return f"{archive.rows:,} rows of {len(archive.tables)} tables, schema {archive.schema}, {newest}"


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `wangge backup` wrote.")],
    check: Annotated[bool, typer.Option("--check", help="Only verify the file, and say what it holds.")] = False,
    json: Json = False,
) -> int:
    """Fill an empty store with a backup of either kind of store: all of it, or nothing.

    Every checksum is verified before anything is written. At the end the newest release and the one in force are built
    and must have the digests on record; the older ones are, when they are first asked for. 1 when one has not.
    """
    archive = open_archive(file)
    if check:
        _tell(archive, None, json)
        return 0
    know_every_table()
    settings = load_settings()
    with usable_store(settings) as store:
        with progress("restoring") as tell:
            restore_archive(store, archive, tell)
        with console.status("building the releases ..."):
            releases = _releases(Place(settings, store))
    _tell(archive, releases, json)
    return 0 if all(release["ok"] for release in releases) else 1


def _releases(place: Place) -> list[dict[str, Any]]:
    """The newest release and the one in force, built again if they are not there, and held against their digests."""
    with place.store.read() as session:
        known = editions(session)
    source = StoreSource(place.store, place.settings.home)
    current = in_force(known, now())
    return [_built(source, edition) for edition in known if edition in (current, known[-1])]


def _built(source: StoreSource, edition: Edition) -> dict[str, Any]:
    facts = {"version": edition.number, "release_sha256": edition.digest}
    try:
        source.release(edition)
    except WanggeError as error:
        return facts | {"ok": False, "detail": error.detail}
    return facts | {"ok": True}


def _tell(archive: Archive, releases: list[dict[str, Any]] | None, json: bool) -> None:
    """``releases`` is None when the file was only verified."""
    if json:
        told = {"restored": releases is not None, "file": str(archive.path), "rows": archive.rows}
        print_json(told | archive.as_dict() | {"schema_now": newest_revision(), "releases": releases})
        return
    state, taken = "whole" if releases is None else "restored", archive.facts.get("taken_at", "at no stated time")
    print(f"{state}: {_told(archive)}, taken {taken}")
    for release in releases or ():
        words = "built, as recorded" if release["ok"] else f"WRONG: {release['detail']}"
        print(f"release {release['version']}: {words}")
