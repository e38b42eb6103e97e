"""`wangge migrate` and `wangge doctor`."""

from gis.storage.engine import Store
from gis.storage.migrate import current_revision, newest_revision
from gis.storage.migrate import migrate as migrate_store
from server.cli.checks import Level, contents, database, machine
from server.cli.out import Json, console, new_app, now, print_json, usable_store
from server.settings import load_settings

app = new_app()

_SHOWN: dict[Level, str] = {"ok": "ok  ", "warning": "warn", "bad": "BAD "}


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
    """Look at this installation: machine, store, schema, drafts, keys, clocks, releases; and say what to do.

    A missing or damaged release file is made whole. 1 when something is wrong; warnings leave it at 0.
    """
    settings, instant = load_settings(), now()
    store = Store(settings.store_url)
    checks = [*machine(settings, instant), *database(store, instant)]
    if not any(check.level == "bad" and check.what in ("store", "schema") for check in checks):
        checks += contents(settings, store, instant)
    store.close()
    if json:
        print_json({"checks": [check.as_dict() for check in checks]})
    else:
        for check in checks:
            print(f"{_SHOWN[check.level]} {check.what}: {check.detail}")
    return 1 if any(check.level == "bad" for check in checks) else 0
