"""Writing the dated books. Nothing is deleted: what is superseded stays readable under the numbers that believed it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from gis.errors import BadInput, NotFound
from gis.storage.base import table_of
from gis.storage.engine import one_at_a_time
from grids.book_reads import believed, lasting
from grids.dated_models import BOOKS, Dated, SnapshotRow
from grids.drafts import EDITING, Changes
from grids.periods import BEGINNING, END, recorded_after
from grids.spans import Span, cut, told_over

_CHUNK = 500
_MANY = 1000
_OWN = frozenset({"id", "code", "valid_from", "valid_until", "since", "until"})

Entry = Mapping[str, Any]
"""What is told of one thing: its ``code`` and the table's columns, and ``valid_from``, ``valid_until`` as far as told.

Without ``valid_from`` it counts from now on. ``valid_until`` None says that it has no end; left out, that nothing is
said of the end. See ``grids.spans.told_over``.
"""


class BookEdit:
    """One change of a book, under one new number, which is used up only when something changed.

    Rows of a thing are told apart by its code. Nobody else writes until the transaction ends.
    """

    def __init__(self, session: Session, book: str, now: datetime) -> None:
        one_at_a_time(session, EDITING)
        query = select(func.max(SnapshotRow.number)).where(SnapshotRow.book == book)
        self._session, self._book, self._now = session, book, now
        self.number = (session.scalar(query) or 0) + 1
        self.changes = Changes()
        self._seen: dict[type[Dated], dict[str, datetime]] = {table: {} for table in BOOKS[book]}
        self._written = False
        self._looks = 2

    def put(self, table: type[Dated], entries: Iterable[Entry]) -> None:
        """Take these in; of several for one code the earlier ones count first. Raises BadInput, see ``times_of``, and
        for an end told of a time before one that an earlier call told of: it would wipe that out."""
        told: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            told[entry["code"]].append(entry)
        if len(told) >= _MANY:
            self._look_again(table)
        names = _names(table)
        held = self._held(table, list(told))
        fresh: dict[str, list[Span]] = {}
        for code, said in told.items():
            spans = [span for _, span in held.get(code, ())]
            timed = [(*times_of(entry, self._now), tuple(entry[name] for name in names)) for entry in said]
            for begin, end, values in sorted(timed, key=lambda item: item[0]):
                self._refuse_wiping(table, code, begin, end)
                spans = told_over(spans, values, begin, end)
            fresh[code] = spans
            self._seen[table][code] = max([*(begin for begin, _, _ in timed), self._seen[table].get(code, BEGINNING)])
        self._write(table, held, fresh)

    def end(self, table: type[Dated], code: str, at: datetime) -> None:
        """End the thing at that instant. Raises NotFound when there is none that holds then or later."""
        held = self._held(table, [code])
        if not any(span.end > at for _, span in held.get(code, ())):
            raise NotFound(f"{table.__tablename__} '{code}': there is none that holds at {at.isoformat()} or later")
        self._write(table, held, {code: cut((span for _, span in held[code]), at)})

    def end_missing(self, table: type[Dated]) -> list[str]:
        """End now what was not put and has not ended; gives its codes."""
        codes = set(self._session.scalars(select(table.code).where(lasting(table, self._now))))
        gone = sorted(codes - self._seen[table].keys())
        for part in _parts(gone):
            held = self._held(table, part)
            fresh = {code: cut((span for _, span in spans), self._now) for code, spans in held.items()}
            self._write(table, held, fresh)
        return gone

    def finish(self) -> Changes:
        """End the edit: the snapshot is made if anything changed. Gives what changed, counted by code."""
        if self._written:
            before = self._session.get(SnapshotRow, (self._book, self.number - 1))
            recorded = recorded_after(before.recorded_at if before else None, self._now)
            self._session.add(SnapshotRow(book=self._book, number=self.number, recorded_at=recorded))
            self._session.flush()
        return self.changes

    def _refuse_wiping(self, table: type[Dated], code: str, begin: datetime, end: datetime | None) -> None:
        if end is not None and begin < self._seen[table].get(code, BEGINNING):
            raise BadInput(
                f"code={code} from={begin.isoformat()}: stands far behind a row of the same code with a later from, "
                "which its until would wipe out; let the rows of a code stand together, or in the order of their from",
                field="from",
                value=begin.isoformat(),
            )

    def _look_again(self, table: type[Dated]) -> None:
        """PostgreSQL knows nothing of a table filled in this transaction, and would read all of it for each question;
        so it is told to look, at the table as it was and at the first rows of a new one."""
        if self._looks and self._session.get_bind().dialect.name == "postgresql":
            self._looks -= 1
            self._session.execute(text(f'ANALYZE "{table.__tablename__}"'))

    def _held(self, table: type[Dated], codes: Sequence[str]) -> dict[str, list[tuple[int, Span]]]:
        """What is believed of these codes: row ids and spans, in order of time."""
        names, held = _names(table), defaultdict[str, list[tuple[int, Span]]](list)
        columns = [table.__table__.c[name] for name in ("id", "code", "valid_from", "valid_until", *names)]
        for part in _parts(codes):
            for key, code, begin, end, *values in self._session.execute(
                select(*columns).where(table.code.in_(part), believed(table))
            ):
                held[code].append((key, Span(tuple(values), begin or BEGINNING, end or END)))
        for spans in held.values():
            spans.sort(key=lambda item: item[1].begin)
        return dict(held)

    def _write(
        self, table: type[Dated], held: Mapping[str, Sequence[tuple[int, Span]]], fresh: Mapping[str, Sequence[Span]]
    ) -> None:
        """Supersede the rows that are no more so, and write those that are new."""
        stale, new = list[int](), list[dict[str, Any]]()
        for code, spans in fresh.items():
            before = held.get(code, ())
            old = [span for _, span in before]
            self._count(old, spans)
            stale += [key for key, span in before if span not in spans]
            new += [self._row(table, code, span) for span in spans if span not in old]
        for part in _parts(stale):
            self._session.execute(update(table).where(table.id.in_(part)).values(until=self.number))
        if new:
            self._session.execute(insert(table_of(table)), new)
        self._written |= bool(stale or new)

    def _count(self, old: Sequence[Span], new: Sequence[Span]) -> None:
        was, is_ = (any(span.end > self._now for span in spans) for spans in (old, new))
        if list(old) == list(new):
            self.changes.unchanged += 1
        elif was and not is_:
            self.changes.removed += 1
        elif old and was:
            self.changes.changed += 1
        else:
            self.changes.added += 1

    def _row(self, table: type[Dated], code: str, span: Span) -> dict[str, Any]:
        begin = None if span.begin == BEGINNING else span.begin
        times = {"valid_from": begin, "valid_until": None if span.end == END else span.end}
        named = dict(zip(_names(table), span.values, strict=True))
        return {"code": code, **named, **times, "since": self.number, "until": None}


def record(session: Session, table: type[Dated], entries: Iterable[Entry], now: datetime, merge: bool) -> Changes:
    """Write the entries of one table; without ``merge``, what they do not name ends now. Raises BadInput."""
    book = next(name for name, tables in BOOKS.items() if table in tables)
    edit = BookEdit(session, book, now)
    edit.put(table, entries)
    if not merge:
        edit.end_missing(table)
    return edit.finish()


def times_of(entry: Entry, now: datetime) -> tuple[datetime, datetime | None]:
    """From when, and until when if an end was told. Raises BadInput unless the end comes after the start."""
    begin = entry.get("valid_from") or now
    if "valid_until" not in entry:
        return begin, None
    end = entry["valid_until"] or END
    if end <= begin:
        since = begin.isoformat() + ("" if entry.get("valid_from") else ", which is now")
        raise BadInput(
            f"code={entry['code']}: until={end.isoformat()} must come after from={since}",
            field="until",
            value=end.isoformat(),
        )
    return begin, end


def _names(table: type[Dated]) -> list[str]:
    return [column.name for column in table.__table__.columns if column.name not in _OWN]


def _parts(items: Sequence[Any]) -> Iterable[list[Any]]:
    waiting = iter(items)
    while part := list(islice(waiting, _CHUNK)):
        yield part
