"""Bringing a database to the newest schema, from a checkout or from an installed wheel."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from gis.errors import NotReady
from gis.storage.engine import Store


def migrations_folder() -> Path:
    """Where the migrations stand: inside the installed package, else in the checkout."""
    installed = Path(__file__).with_name("migrations")
    return installed if installed.is_dir() else Path(__file__).parents[2] / "alembic"


def migration_config() -> Config:
    """Alembic's configuration without any ini file."""
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    return config


def newest_revision() -> str:
    """The one head. Alembic raises when there are several."""
    head = ScriptDirectory.from_config(migration_config()).get_current_head()
    if head is None:
        raise NotReady("there are no migrations in this installation")
    return head


def current_revision(store: Store) -> str | None:
    """The schema the database has, or None for an empty one."""
    with store.read() as session:
        return MigrationContext.configure(session.connection()).get_current_revision()


def migrate(store: Store, revision: str = "head") -> None:
    """Bring the database to ``revision``; one transaction, all or nothing; a second program that does so waits.

    Raises NotReady when a newer program has written this database.
    """
    config = migration_config()
    _refuse_newer(current_revision(store))
    with store.engine.connect() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if revision == "base" else command.upgrade)(config, revision)


def require_newest(store: Store) -> None:
    """Raises NotReady when the schema is not the newest."""
    found, wanted = current_revision(store), newest_revision()
    _refuse_newer(found)
    if found != wanted:
        raise NotReady(f"the store is at schema {found or 'none'}, this program needs {wanted}: run `wangge migrate`")


def known_revisions() -> set[str]:
    """Every schema this program knows how to go on from."""
    return {script.revision for script in ScriptDirectory.from_config(migration_config()).walk_revisions()}


def _refuse_newer(found: str | None) -> None:
    if found is not None and found not in known_revisions():
        raise NotReady(f"the store is at schema {found}, which this program does not know: use the newer program")
