"""Intake: a report becomes a row with its cell, owner and trace, on both stores alike."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gis.errors import BadInput, NotFound, Refused
from gis.files.writers import write_table
from gis.h3cells import cells_at
from grids.importing import ImportReport
from routing.intake import ReportFile, import_reports, known_zone
from routing.reads import ReportFilter, count_reports, list_reports, report_by_id, report_cells, verdict_counts
from smalltown import CELL, NOW, Town, at

RECEIVED = NOW + timedelta(days=1)
GAS_MANHOLE = at(0.5, 0.5)
LAKE = at(6, 1)
BETWEEN_CELLS = at(1, 0.5)
ELSEWHERE = (118.0, 36.66)


def _row(number: str, place: tuple[float, float] | None, matter: str = "", **more: Any) -> dict[str, Any]:
    lon, lat = place or (None, None)
    return {"time": "2026-11-20T10:00:00+08:00", "id": number, "matter": matter, "lon": lon, "lat": lat} | more


def _take(town: Town, rows: Sequence[Mapping[str, Any]], commit: bool = True, **how: Any) -> ImportReport:
    path = town.path(".csv")
    names = list(dict.fromkeys(name for row in rows for name in row))
    write_table(path, {name: [row.get(name) for row in rows] for name in names})
    source = ReportFile(path, **({"matter": "matter", "id": "id", "source": "12345"} | how))
    return import_reports(town.store, town.shelf(), source, RECEIVED, commit)


def test_each_report_is_stored_with_the_decision_made_on_it(town: Town) -> None:
    rows = [_row("a", GAS_MANHOLE, "C0101"), _row("b", LAKE), _row("c", BETWEEN_CELLS), _row("d", ELSEWHERE)]
    report = _take(town, rows)
    assert (report.rows, report.changes.added) == (4, 4)
    with town.store.read() as session:
        gas, lake, doubtful, nowhere = list_reports(session, ReportFilter(), 0, 10)
        assert (gas.party, gas.cell, gas.owner_verdict, gas.needs_person) == ("RQG", CELL, "certain", False)
        assert (gas.occurred_at, gas.received_at) == (datetime(2026, 11, 20, 2, tzinfo=UTC), RECEIVED)
        assert (gas.geom.x, gas.geom.y) == GAS_MANHOLE  # type: ignore[attr-defined]
        assert gas.h3 == int(cells_at([GAS_MANHOLE[0]], [GAS_MANHOLE[1]])[0])
        assert (gas.version, gas.trace["numbers"]["release"], gas.trace["accuracy_m"]) == (1, 1, 1.0)
        assert gas.trace["owner"]["duty"]["code"] == "D07"
        assert gas.trace["steps"]
        assert lake.party == "DMH"
        assert (doubtful.cell, doubtful.cell_verdict) == (CELL, "ambiguous"), "the lower code answers"
        assert doubtful.needs_person is (doubtful.owner_verdict != "certain")
        assert (nowhere.cell, nowhere.cell_verdict, nowhere.needs_person) == (None, "outside", True)
        assert verdict_counts(session) == {"certain": 2, "ambiguous": 1, "unowned": 1}


def test_a_retry_leaves_what_is_stored_alone(town: Town) -> None:
    _take(town, [_row("a", LAKE)])
    again = _take(town, [_row("a", GAS_MANHOLE), _row("b", LAKE)])
    assert (again.changes.added, again.changes.unchanged) == (1, 1)
    with town.store.read() as session:
        assert report_by_id(session, 1).party == "DMH", "the first telling counts"
        assert count_reports(session) == 2
        assert count_reports(session, ReportFilter(source="other")) == 0


def test_all_of_a_file_or_nothing(town: Town) -> None:
    rows = [_row("a", LAKE), _row("b", None), _row("c", LAKE, time="soon"), _row("a", LAKE), _row("e", LAKE)]
    with pytest.raises(Refused, match="3 errors, nothing was imported; first: row 3: neither point nor address"):
        _take(town, rows)
    dry = _take(town, rows, commit=False)
    assert [(found.row, found.kind) for found in dry.findings.shown] == [
        (3, "unlocated"),
        (4, "bad_time"),
        (5, "repeated_id"),
    ]
    with town.store.read() as session:
        assert count_reports(session) == 0
    told = _take(town, rows, skip_bad=True)
    assert (told.changes.added, told.findings.errors, len(told.findings.shown)) == (2, 0, 3)


def test_a_file_of_many_batches_is_one_transaction(town: Town) -> None:
    rows = [_row(str(number), LAKE) for number in range(10_500)]
    with pytest.raises(Refused, match="row 10502"):
        _take(town, [*rows, _row("z", None)])
    with town.store.read() as session:
        assert count_reports(session) == 0


def test_without_times_reception_counts_only_when_that_was_said(town: Town) -> None:
    rows = [_row("a", LAKE), _row("b", LAKE, time="")]
    with pytest.raises(Refused, match="time is empty; --untimed"):
        _take(town, rows)
    report = _take(town, rows, untimed=True)
    (found,) = report.findings.shown
    assert (found.kind, found.severity) == ("no_time", "warning")
    with pytest.raises(Refused, match="ISO 8601"):
        _take(town, [_row("c", LAKE, time="soon")], untimed=True)
    with town.store.read() as session:
        stated, received = list_reports(session, ReportFilter(), 0, 10)
        assert (stated.trace["time"], received.trace["time"]) == ("stated", "received")
        assert received.occurred_at == received.received_at == RECEIVED


def test_reports_are_counted_by_time_matter_and_source(town: Town) -> None:
    rows = [_row("a", LAKE, "C0101"), _row("b", LAKE, "E01"), _row("c", LAKE, "E0101", time="2026-11-21T00:00:00Z")]
    _take(town, rows)
    _take(town, [_row("a", LAKE, "E_%")], source="app")
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    with town.store.read() as session:
        for wanted, count in (
            (ReportFilter(), 4),
            (ReportFilter(since=noon), 1),
            (ReportFilter(until=noon), 3),
            (ReportFilter(matter="E"), 3),
            (ReportFilter(matter="E01"), 2),
            (ReportFilter(matter="E_"), 1),
            (ReportFilter(source="12345", matter="C"), 1),
        ):
            assert count_reports(session, wanted) == len(report_cells(session, wanted)) == count, wanted
        assert [row.source_id for row in list_reports(session, ReportFilter(), 2, 1)] == ["c"]
        with pytest.raises(NotFound):
            report_by_id(session, 99)


def test_columns_and_settings_that_are_not_there(town: Town) -> None:
    with pytest.raises(BadInput, match="no field 'tiem'; did you mean 'time'"):
        _take(town, [_row("a", LAKE)], time="tiem")
    with pytest.raises(BadInput, match="datum"):
        _take(town, [_row("a", LAKE)], crs="pulkovo")
    with pytest.raises(BadInput, match="time zone"):
        known_zone("Mars/Olympus")
