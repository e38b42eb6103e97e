"""Living a history in a village (see ``histories``): every answer is stored through intake, and then asked again."""

import csv
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import select

from gis.datums import datum
from gis.errors import NotFound
from grids.answer import Answer
from grids.book_reads import numbers_known
from grids.books import Numbers, numbers_of
from grids.dated_models import AssetRow
from grids.drafts import open_draft, start_draft
from grids.plans import end_ruling, plan_off, plan_on
from grids.publish import rollback
from grids.shelf import Shelf, View
from grids.timeline import Edition
from histories import FOUNDED, PLAN, Change, End, History, PlanOff, PlanOn, Publish, Rollback, Step, Tell, moment
from routing.decisions import Asked, ViewAt, decide, trace_of
from routing.intake import ReportFile, import_reports
from routing.models import ReportRow
from routing.replay import replay
from village import DRAFT, Village, at

WGS84 = datum("wgs84")
_HALF = timedelta(minutes=30)


@dataclass(frozen=True)
class Told:
    """One stored answer: what was asked, when, and all that was said."""

    id: str
    asked: Asked
    known_at: datetime
    version: int
    numbers: Numbers
    said: dict[str, Any]


@dataclass
class Life:
    """A village that lives a history. ``corners``: the tricky things that happened in it."""

    village: Village
    ticks: float = 0.0
    told: list[Told] = field(default_factory=list)
    editions: list[Edition] = field(default_factory=list)
    corners: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.shelf = self.village.shelf(lambda: self.ticks)
        self.editions.append(Edition(1, moment(FOUNDED), moment(FOUNDED)))
        self._assets: set[tuple[str, datetime]] = set()

    def live(self, history: History) -> "Life":
        """Step by step, and ask."""
        zone = ZoneInfo(history.zone)
        for hour, step in enumerate(history.steps, FOUNDED + 1):
            now = moment(hour).astimezone(zone)
            self._change(step.change, now)
            self.ticks += 1.0
            self._ask(step, now + _HALF if step.later else now)
        return self

    # ---- what happens

    def _change(self, change: Change, now: datetime) -> None:
        match change:
            case Publish():
                self._publish(change, now)
            case Rollback(back):
                others = [e for e in reversed(self.editions) if e != self.in_force(now)]
                if others:
                    old = others[back % len(others)]
                    self._note("rollback to a back-dated version", old.effective_at < old.recorded_at)
                    self._published(rollback(self.village.store, self.village.home, old.number, now).edition)
            case Tell(table, said, merge):
                entries = [each.entry(now) for each in said]
                self._note_assets(table, entries)
                self.village.tell(table, entries, now, merge)
            case PlanOn(since, until):
                self._verb(lambda session: plan_on(session, PLAN, now, self._hour(since), self._hour(until)))
            case PlanOff(at):
                self._verb(lambda session: plan_off(session, PLAN, now, self._hour(at)))
            case End(code, at):
                self._verb(lambda session: end_ruling(session, code, now, self._hour(at)))

    def _verb(self, do: Callable[[Any], None]) -> None:
        """What is not there cannot be ended, nor a plan without duties switched on: then nothing happens."""
        with suppress(NotFound), self.village.store.write() as session:
            do(session)

    def _publish(self, change: Publish, now: datetime) -> None:
        effective = now if change.effective is None else moment(change.effective)
        base = self.in_force(effective) if change.of_then or effective > now else None
        with self.village.store.write() as session:
            if base:
                start_draft(session, DRAFT, now, base.number)
            draft = open_draft(session, DRAFT, now)
            for edit in change.edits:
                edit.do(session, draft)
        self._note("equal effective times", any(e.effective_at == effective for e in self.editions))
        self._published(self.village.publish(now, effective).edition)

    def _published(self, edition: Edition) -> None:
        assert edition.number == len(self.editions) + 1
        self.editions.append(edition)

    def in_force(self, at: datetime) -> Edition | None:
        """By the definition, a second time: the latest effective, then the latest recorded."""
        fit = [e for e in self.editions if e.effective_at <= at]
        return sorted(fit, key=lambda e: (e.effective_at, e.recorded_at))[-1] if fit else None

    @staticmethod
    def _hour(hour: int | None) -> datetime | None:
        return None if hour is None else moment(hour)

    # ---- what is asked

    def _ask(self, step: Step, now: datetime) -> None:
        asked = [
            Asked(*at(q.x, q.y), now if q.at is None else moment(q.at), q.matter, step.accuracy_m, q.asset)
            for q in step.asked
        ]
        answers = decide(asked, self.shelf.view, WGS84)
        self._store(asked, now)
        with self.village.store.read() as session:
            numbers = numbers_known(session)
        rows = self.rows()
        for item, answer in zip(asked, answers, strict=True):
            edition = self.in_force(item.at)
            version = edition.number if edition else 0
            told = Told(str(len(self.told)), item, now, version, numbers if version else Numbers(), _plain(answer))
            _is_stored(rows[told.id], told, answer)
            self._note_times(told)
            self.told.append(told)

    def _store(self, asked: list[Asked], now: datetime) -> None:
        """As a file of reports."""
        path = self.village.home / "reports.csv"
        names = ("id", "lon", "lat", "matter", "asset", "at")
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            for number, q in enumerate(asked, len(self.told)):
                when = "" if q.at == now else q.at.isoformat()
                writer.writerow([number, repr(q.lon), repr(q.lat), q.matter, q.asset, when])
        source = ReportFile(
            path, time=None, matter="matter", id="id", asset="asset", at="at", accuracy_m=asked[0].accuracy_m
        )
        report = import_reports(self.village.store, self.shelf, source, now, commit=True)
        assert report.changes.added == len(asked)

    def rows(self) -> dict[str, ReportRow]:
        """All stored reports by id."""
        with self.village.store.read() as session:
            return {row.source_id: row for row in session.scalars(select(ReportRow))}

    # ---- what was tricky

    def _note(self, corner: str, happened: bool = True) -> None:
        if happened:
            self.corners.add(corner)

    def _note_assets(self, table: object, entries: list[dict[str, Any]]) -> None:
        for entry in entries if table is AssetRow else ():
            change = entry["code"], entry["valid_from"]
            self._note("an asset changed twice at one instant", change in self._assets)
            self._assets.add(change)

    def _note_times(self, told: Told) -> None:
        view = self.shelf.view(told.asked.at)
        if view is None:
            self._note("before any version")
            return
        books = view.books
        dated = [*books.roster.people, *books.roster.shifts, *books.roster.absences, *books.assets,
                 *books.overrides.orders, *books.overrides.activations]  # fmt: skip
        self._note("decided exactly at valid_from", any(d.valid_from == told.asked.at for d in dated))
        self._note("decided exactly at valid_until", any(d.valid_until == told.asked.at for d in dated))
        for one in books.roster.people:
            again = (p for p in books.roster.people if p.code == one.code and one.valid_until and p.valid_from)
            self._note("a person left and came back", any(p.valid_from > one.valid_until for p in again))
        edition = self.editions[told.version - 1]
        live = told.asked.at == told.known_at
        self._note("a future version came into force", live and edition.recorded_at < edition.effective_at)
        self._note("known at the instant of recording", live and edition.recorded_at == told.known_at)

    # ---- asking again

    def check(self, elsewhere: Path) -> None:
        """Every stored answer replays to itself, here and from an empty folder; the clock finds it again as well; and
        all questions at once get what each gets alone."""
        rows = self.rows()
        fresh = self.village.shelf(lambda: self.ticks, elsewhere)
        for told in self.told:
            for shelf in (self.shelf, fresh):
                found = replay(shelf, rows[told.id])
                assert found.same, (found.differing, told)
            assert self._again(told, lambda at, told=told: _pinned(fresh, told, at)) == told.said
            assert self._again(told, lambda at, told=told: fresh.view(at, told.known_at)) == told.said
        self._check_batches(fresh)
        self._check_tags(fresh)

    def _again(self, told: Told, view_at: ViewAt) -> dict[str, Any]:
        return _plain(decide([told.asked], view_at, WGS84)[0])

    def _check_batches(self, shelf: Shelf) -> None:
        asked = [told.asked for told in self.told]
        batch = [_plain(answer) for answer in decide(asked, shelf.view, WGS84)]
        assert batch == [_plain(decide([item], shelf.view, WGS84)[0]) for item in asked]

    def _check_tags(self, shelf: Shelf) -> None:
        """Equal tags, equal answers: what caches live by."""
        said: dict[tuple[str, Asked], Any] = {}
        for told in self.told:
            view = _pinned(shelf, told, told.asked.at)
            if view:
                words = {name: value for name, value in told.said.items() if name not in ("at", "explain")}
                assert said.setdefault((view.tag, replace(told.asked, at=moment(0))), words) == words


def _is_stored(row: ReportRow, told: Told, answer: Answer) -> None:
    """Intake stored just this, and it cites the version and the snapshots that were the newest."""
    party = answer.owner.party.code if answer.owner else None
    assert (row.version, row.cell, row.party) == (told.version, answer.cell and answer.cell.code, party)
    assert (row.cell_verdict, row.owner_verdict) == (answer.cell_verdict, answer.owner_verdict)
    assert row.trace == orjson.loads(orjson.dumps(trace_of(answer))) | {"time": "received"}
    assert (row.trace["numbers"]["release"] or 0, numbers_of(row.trace["numbers"])) == (told.version, told.numbers)


def _pinned(shelf: Shelf, told: Told, at: datetime) -> View | None:
    return shelf.pinned(told.version, told.numbers, at) if told.version else None


def _plain(answer: Answer) -> dict[str, Any]:
    """All of the answer, as it is stored."""
    plain: dict[str, Any] = orjson.loads(orjson.dumps(answer.as_dict()))
    return plain
