"""`wangge migrate` and `wangge doctor`."""

import sys
from collections.abc import Iterator
from importlib.metadata import version
from shutil import disk_usage

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from gis.errors import WanggeError
from gis.storage.engine import Store
from gis.storage.migrate import current_revision, newest_revision
from gis.storage.migrate import migrate as migrate_store
from grids.reads import editions
from grids.shelf import StoreSource
from server.cli.out import Json, console, new_app, print_json, usable_store
from server.reporting import ASSETS
from server.settings import Settings, load_settings

app = new_app()
Check = tuple[str, bool, str]


@app.command()
def migrate() -> int:
    """Bring the store to the newest schema; all or nothing."""
    with usable_store(load_settings()) as store:
        before = current_revision(store)
        migrate_store(store)
    console.print(f"schema {before or 'none'} -> {newest_revision()}", markup=False)
    return 0


@app.command()
def doctor(json: Json = False) -> int:
    """Look at this installation: store, schema, releases, web assets, disk. 1 when something is wrong."""
    settings = load_settings()
    store = Store(settings.store_url)
    checks = [*_system(settings), *_store(store)]
    if all(fine for _, fine, _ in checks):
        checks += _releases(settings, store)
    store.close()
    if json:
        print_json({"checks": [{"what": what, "ok": fine, "detail": words} for what, fine, words in checks]})
    else:
        for what, fine, words in checks:
            print(f"{'ok ' if fine else 'BAD'}  {what}: {words}")
    return 0 if all(fine for _, fine, _ in checks) else 1


def _system(settings: Settings) -> Iterator[Check]:
    yield "wangge", True, f"{version('wangge')} on Python {sys.version.split()[0]}"
    home = settings.home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    free = disk_usage(home).free / 1e9
    yield "disk", free > 1.0, f"{free:.1f} GB free under {home}"
    manifest = ASSETS / "manifest.json"
    yield "web assets", manifest.is_file(), str(ASSETS) if manifest.is_file() else "missing: build the package again"


def _store(store: Store) -> Iterator[Check]:
    try:
        with store.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            postgis = store.url.get_backend_name() == "postgresql"
            words = str(connection.scalar(text("SELECT postgis_version()"))) if postgis else "SQLite, embedded"
            whole = postgis or connection.scalar(text("PRAGMA quick_check")) == "ok"
        yield "store", bool(whole), words if whole else "damaged: PRAGMA quick_check does not say ok"
        found, wanted = current_revision(store), newest_revision()
        yield (
            "schema",
            found == wanted,
            f"{found or 'none'}" + ("" if found == wanted else f": run `wangge migrate` to {wanted}"),
        )
    except SQLAlchemyError as error:
        yield "store", False, f"{store.url.render_as_string(hide_password=True)}: {str(error).splitlines()[0]}"


def _releases(settings: Settings, store: Store) -> Iterator[Check]:
    with store.read() as session:
        known = editions(session)
    if not known:
        yield "releases", True, "nothing published yet"
    source = StoreSource(store, settings.home)
    for edition in known[-3:]:
        try:
            release = source.release(edition)
        except WanggeError as error:
            yield f"release {edition.number}", False, error.detail
        else:
            areas = sum(map(len, release.tables.values()))
            yield (
                f"release {edition.number}",
                True,
                f"{areas:,} areas, {release.duty_count:,} duties, {edition.digest[:12]}",
            )
