"""How migrations run: on the connection ``gis.storage.migrate`` hands over, on either store."""

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, Index, text

import grids.cover_models  # the tables must be known
import grids.dated_models
import grids.datum_models
import grids.draft_models
import grids.models  # noqa: F401
import routing.models  # noqa: F401
from gis.storage.base import Base, Shape, UtcTime

_MIGRATING = 0x57616E67
CONNECTION: Connection = context.config.attributes["connection"]
ON_SQLITE = CONNECTION.dialect.name == "sqlite"


def include_object(item: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    """PostGIS's own table is not ours, and a GiST index would be a B-tree over blobs on SQLite."""
    gist = isinstance(item, Index) and item.dialect_options["postgresql"]["using"] == "gist"
    return not (kind == "table" and name == "spatial_ref_sys") and not (ON_SQLITE and gist)


def compare_type(_context: object, _column: object, _found: object, _type: object, ours: object) -> bool | None:
    """Our own types are compared by the tests of the schema; Alembic does the others."""
    return False if isinstance(ours, Shape | UtcTime) else None


def render_item(kind: str, item: object, autogen: AutogenContext) -> str | bool:
    """Write our own column types by their own names."""
    if kind == "type" and isinstance(item, Shape | UtcTime):
        autogen.imports.add("from gis.storage.base import Shape, UtcTime")
        return f"Shape({item.geometry_type!r})" if isinstance(item, Shape) else "UtcTime()"
    return False


def migrate() -> None:
    """Inside one transaction, on either store."""
    if not ON_SQLITE:
        CONNECTION.execute(text("SELECT pg_advisory_xact_lock(:what)"), {"what": _MIGRATING})
        CONNECTION.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
    context.configure(
        connection=CONNECTION,
        target_metadata=Base.metadata,
        render_as_batch=ON_SQLITE,
        include_object=include_object,
        render_item=render_item,
        compare_type=compare_type,
    )
    context.run_migrations()
    if ON_SQLITE and (orphans := CONNECTION.execute(text("PRAGMA foreign_key_check")).all()):
        raise RuntimeError(f"{len(orphans)} rows would point at nothing after this migration, first {orphans[0]}")


def run() -> None:
    """SQLite must not cascade while a table is rebuilt, and only listens to that outside a transaction; and it must
    not mind the views, which point at nothing until the new table has the old one's name."""
    driver = CONNECTION.connection.driver_connection
    if ON_SQLITE:
        driver.execute("PRAGMA foreign_keys=OFF")
        driver.execute("PRAGMA legacy_alter_table=ON")
    try:
        with CONNECTION.begin():
            migrate()
    finally:
        if ON_SQLITE:
            driver.execute("PRAGMA legacy_alter_table=OFF")
            driver.execute("PRAGMA foreign_keys=ON")


run()
