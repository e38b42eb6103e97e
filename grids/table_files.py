"""Tables of known kinds read from files: which columns they have, and what is wrong with each row by itself."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from gis.datums import Datum
from gis.errors import BadInput
from gis.files.cells import closest
from gis.files.tables import TableReader, open_table
from gis.findings import Finding
from gis.storage.base import Base
from grids.importing import Findings
from grids.models import CONTENT
from grids.names import CODE_LENGTH

Row = dict[str, str | None]
Numbered = list[tuple[int, Row]]

TIMES = ("from", "until")
UNTOLD = frozenset({"phone", *TIMES})
"""Columns whose absence says nothing; an absent column of another name says that all its cells are empty."""

_SHORT = frozenset(
    {"code", "parent_code", "party_code", "layer", "area_code", "person_code", "deputy_code", "owner", "plan", "matter"}
)
_WHOLE = re.compile(r"-?[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Told:
    """Rows of a file, and the version (None before any) that they join or, unless merging, replace or refer to."""

    session: Session
    version_id: int | None
    rows: Numbered
    merge: bool
    how: "Reading"

    def codes(self, row: type[Base]) -> set[str]:
        """The codes of that kind which the version holds."""
        held, table = CONTENT[row], row.__table__
        query = select(table.c.code).join(held, held.c.row_id == table.c.id)
        return set(self.session.scalars(query.where(held.c.version_id == self.version_id)))


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read: the moment it counts from, the zone of times without an offset, the datum of its points."""

    now: datetime
    zone: str = "Asia/Shanghai"
    system: Datum = field(default_factory=lambda: Datum("wgs84"))

    def time(self, text: str) -> datetime:
        """The instant in ISO 8601; a date alone is its midnight. Raises ValueError, OverflowError."""
        return _instant(text, self.zone)

    def times(self, row: Row) -> dict[str, datetime | None]:
        """``valid_from`` and ``valid_until`` as far as the row tells them."""
        told = {f"valid_{name}": self.time(text) if (text := row[name]) else None for name in TIMES if name in row}
        return {name: when for name, when in told.items() if name == "valid_until" or when is not None}


@lru_cache(maxsize=10_000)
def _instant(text: str, zone: str) -> datetime:
    when = datetime.fromisoformat(text)
    return (when if when.tzinfo else when.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class TableKind:
    """One kind of table: its columns, what its rows must keep to, the rows of a version they become (None: dated).

    ``code_of`` makes the code of a row whose table has no such column.
    """

    name: str
    needed: tuple[str, ...]
    optional: Mapping[str, str | None]
    check: Callable[[Told], Iterator[Finding]]
    row: type[Base] | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    code_of: Callable[[Row, Reading], str] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """All it may have."""
        return (*self.needed, *self.optional)


def opened_table(kind: TableKind, path: Path) -> TableReader:
    """The file's reader. Raises BadInput when a column is missing, BadFile."""
    reader = open_table(path)
    missing = [name for name in kind.needed if name not in reader.fields]
    if missing:
        raise BadInput(
            f"{path.name}: a table of {kind.name} needs the column '{missing[0]}'; it has: {', '.join(reader.fields)}",
            field=missing[0],
        )
    return reader


def read_rows(kind: TableKind, reader: TableReader, how: Reading, findings: Findings) -> Iterator[Numbered]:
    """The rows with their numbers, batch by batch; one with an error is left out and told."""
    findings.add(_unread_columns(kind, reader.fields))
    usual = {name: value for name, value in kind.optional.items() if name in reader.fields or name not in UNTOLD}
    wanted = [name for name in kind.columns if name in reader.fields]
    seen, count = dict[tuple[str, str | None], int](), 0
    for batch in reader:
        rows = Numbered()
        for index, cells in enumerate(zip(*(batch.columns[name] for name in wanted), strict=True)):
            number, row = batch.first_row + index, usual | dict(zip(wanted, cells, strict=True))
            wrong = list(_row_findings(kind, number, row, how))
            wrong += [] if wrong else list(_repeated(kind, number, row, how, seen))
            findings.add(wrong)
            if not wrong:
                rows.append((number, row))
        count += len(rows)
        yield rows
    if not count and not findings.errors:
        findings.add([Finding("empty_file", "error", f"{reader.path.name}: holds no rows")])


def _unread_columns(kind: TableKind, fields: Sequence[str]) -> Iterator[Finding]:
    """A misspelt ``matter`` would make a duty for everything: what is not read is said."""
    for name in fields:
        if name not in kind.columns:
            near = closest(name, kind.columns)
            hint = f"; did you mean '{near}'?" if near and near not in fields else ""
            words = f"column '{name}' is not read{hint} A table of {kind.name} has: {', '.join(kind.columns)}"
            yield Finding("unknown_column", "warning", words, 1, name)


def _row_findings(kind: TableKind, number: int, row: Row, how: Reading) -> Iterator[Finding]:
    for name in kind.needed:
        if not row[name]:
            yield Finding("missing_value", "error", f"{name} is empty; it is needed", number, name)
    for name in _SHORT & row.keys():
        if len(row[name] or "") > CODE_LENGTH:
            yield _too_long(name, row[name] or "", number)
    priority = row.get("priority")
    if priority is not None and not _WHOLE.fullmatch(priority):
        words = f"priority={priority}: must be a whole number of at most 9 digits"
        yield Finding("bad_value", "error", words, number, "priority", priority)
    yield from _bad_times(number, row, how)


def _too_long(name: str, text: str, number: int) -> Finding:
    words = f"{name}={text[:20]}...: {len(text)} characters; a code has at most {CODE_LENGTH}"
    return Finding("bad_value", "error", words, number, name, text[:CODE_LENGTH])


def _bad_times(number: int, row: Row, how: Reading) -> Iterator[Finding]:
    told: dict[str, datetime] = {}
    for name in TIMES:
        text = row.get(name)
        if text:
            try:
                told[name] = how.time(text)
            except (ValueError, OverflowError):
                words = f"{name}={text}: must be an ISO 8601 time, like 2026-11-22T09:30:00+08:00, or a date"
                yield Finding("bad_time", "error", words, number, name, text)
                return
    begin, end = told.get("from", how.now), told.get("until")
    if end is not None and end <= begin:
        since = f"from={row['from']}" if row.get("from") else f"from, which is empty and so now ({begin.isoformat()})"
        words = f"until={row['until']}: must come after {since}"
        yield Finding("bad_time", "error", words, number, "until", row["until"])


def _repeated(
    kind: TableKind, number: int, row: Row, how: Reading, seen: dict[tuple[str, str | None], int]
) -> Iterator[Finding]:
    """One code stands once in a table; of what is dated, once for each time from which it is told."""
    if kind.code_of is not None:
        row["code"] = kind.code_of(row, how)
    code = row["code"] or ""
    if len(code) > CODE_LENGTH:
        yield _too_long("code", code, number)
    key = code, row.get("from")
    if key in seen:
        since = "" if row.get("from") is None else f" from={row['from']}"
        words = f"code={code}{since}: already used in row {seen[key]}; codes must be unique in a table"
        yield Finding("repeated_code", "error", words, number, "code", code)
    seen.setdefault(key, number)
