"""How migrations run: on the connection ``gis.storage.migrate`` hands over, on either store."""

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import text

import grids.models
import routing.models  # noqa: F401  (the tables must be known)
from gis.storage.base import Base, Shape, UtcTime

_GIST_ONLY = {"ix_shape_geom", "ix_report_geom"}


def include_object(_object: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    """PostGIS's own table is not ours, and the GiST indexes are no B-trees over blobs."""
    return name != "spatial_ref_sys" and not (kind == "index" and name in _GIST_ONLY)


def render_item(kind: str, item: object, autogen: AutogenContext) -> str | bool:
    """Write our own column types by their own names."""
    if kind == "type" and isinstance(item, Shape | UtcTime):
        autogen.imports.add("from gis.storage.base import Shape, UtcTime")
        return f"Shape({item.geometry_type!r})" if isinstance(item, Shape) else "UtcTime()"
    return False


def run() -> None:
    """Migrate inside one transaction; SQLite must not cascade while a table is rebuilt."""
    connection = context.config.attributes["connection"]
    on_sqlite = connection.dialect.name == "sqlite"
    if on_sqlite:
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
    else:
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=on_sqlite,
        include_object=include_object,
        render_item=render_item,
        compare_type=False,
    )
    with context.begin_transaction():
        context.run_migrations()
    if not on_sqlite:
        connection.commit()
    if on_sqlite:
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")


run()
