"""What commands share: the clock, the store, tables on the terminal, JSON on standard output, progress bars."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from getpass import getuser
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError

from gis.datums import Datum
from gis.errors import BadInput, NotReady
from gis.findings import Finding
from gis.storage.engine import Store
from gis.storage.migrate import current_revision, migrate, require_newest
from grids.datums import datum_in
from grids.importing import Progress as Told
from grids.shelf import Shelf, StoreSource, View
from server.settings import Settings, load_settings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Draft = Annotated[str, typer.Option("--draft", help="The draft to work in.")]
Commit = Annotated[bool, typer.Option("--commit", help="Do it; without this it is a dry run.")]

_PIPED_WIDTH = 400  # a table in a pipe is for another program: nothing in it is cut
console = Console(stderr=True, highlight=False, soft_wrap=True)

CRS_FORMS = "wgs84, gcj02, bd09, cgcs2000, EPSG:n or city:name."


def new_app(words: str = "") -> typer.Typer:
    """An app whose commands keep their names even when it has only one."""
    app = typer.Typer(
        add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, help=words
    )
    app.callback()(lambda: None)
    return app


def now() -> datetime:
    """The instant, in UTC: the one place where the command line reads the clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Place:
    """The installation a command works on."""

    settings: Settings
    store: Store

    def datum(self, name: str) -> Datum:
        """The datum of that name, a city's own as the store has it. Raises UnknownDatum."""
        return datum_in(self.store, name)

    @property
    def shelf(self) -> Shelf:
        """Its releases, as they are when the command first asks: what is published meanwhile is for the next one."""
        return Shelf(StoreSource(self.store, self.settings.home), clock=lambda: 0.0)

    def view(self, at: datetime | None = None, known_at: datetime | None = None) -> View:
        """What is in force. Raises NotReady."""
        return self.shelf.required(at or now(), known_at)


def _user() -> str:
    """Who gives the commands, as this machine knows them; kept with what they publish."""
    try:
        return getuser()
    except (KeyError, OSError):
        return ""


@contextmanager
def opened() -> Iterator[Place]:
    """The installation that the settings name. A new embedded store is made on the way; others need `migrate`."""
    settings = load_settings()
    with usable_store(settings) as store:
        if store.url.get_backend_name() == "sqlite" and current_revision(store) is None:
            migrate(store)
        require_newest(store)
        yield Place(settings, store)


@contextmanager
def usable_store(settings: Settings) -> Iterator[Store]:
    """The store, closed at the end. One that cannot be reached, is locked, full or no store at all raises NotReady;
    so a database that is down is one line, not a page."""
    store = Store(settings.store_url, actor=_user())
    try:
        yield store
    except DatabaseError as error:
        if isinstance(error, IntegrityError | ProgrammingError | DataError):
            raise
        name = store.url.render_as_string(hide_password=True)
        raise NotReady(f"store {name}: {str(error.orig).splitlines()[0]}; `wangge doctor` tells more") from error
    finally:
        store.close()


def print_json(data: Any) -> None:
    """One JSON object, on a line of its own."""
    sys.stdout.write(orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS).decode() + "\n")


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], empty: str) -> None:
    """A table on standard output; plain words when there is nothing."""
    if not rows:
        print(empty)
        return
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in columns))
    wide = None if sys.stdout.isatty() else _PIPED_WIDTH
    Console(highlight=False, soft_wrap=True, markup=False, width=wide).print(table)


def _cell(value: Any) -> str:
    return "" if value is None else "yes" if value is True else "" if value is False else str(value)


@contextmanager
def progress(words: str) -> Iterator[Told]:
    """A bar on a terminal, nothing elsewhere; call it with rows done and rows in all."""
    bar = Progress(
        TextColumn(words),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,.0f}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task(words, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def print_findings(findings: Sequence[Finding], most: int = 20) -> None:
    """The findings on standard error: errors first, at most so many of each kind."""
    shown: dict[str, int] = {}
    for finding in sorted(findings, key=lambda f: (f.severity != "error", f.kind)):
        shown[finding.kind] = shown.get(finding.kind, 0) + 1
        if shown[finding.kind] > most:
            continue
        row = f"row {finding.row}: " if finding.row else ""
        at = finding.as_dict()
        where = f"  [{at['lon']}, {at['lat']}]" if "lon" in at else ""
        console.print(f"{finding.severity:<7} {finding.kind:<15} {row}{finding.message}{where}", markup=False)
    for kind, count in shown.items():
        if count > most:
            console.print(f"        {kind}: {count - most} more", markup=False)


def instant(text: str | None) -> datetime | None:
    """The instant in ISO 8601; without an offset it is refused. Raises BadInput."""
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"time '{text}': write it as 2026-11-22T09:30:00+08:00", field="at", value=text) from error
    if when.tzinfo is None:
        raise BadInput(f"time '{text}': say its zone, as in {text}+08:00", field="at", value=text)
    try:
        return when.astimezone(UTC)
    except OverflowError as error:
        raise BadInput(f"time '{text}': is too far away to be a time here", field="at", value=text) from error
