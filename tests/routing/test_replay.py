"""A stored decision asked again, and what another version would change for the stored reports."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from gis.errors import NotFound
from grids.drafts import open_draft
from routing.intake import ReportFile, import_reports
from routing.models import ReportRow
from routing.reads import each_report
from routing.replay import replay, replays
from server.comparing import reports_changed
from smalltown import DUTIES, NOW, Town, at, duty

LATER = NOW + timedelta(days=1)
PLACES = ((0.5, 0.5), (4.5, 3.5), (6.0, 1.2), (1.0, 1.0), (9.5, 9.5))


@pytest.fixture
def reported(town: Town) -> Town:
    """Five reports, one of them on a border, one outside, decided a day after the first version."""
    rows = [{"id": str(k), "time": LATER.isoformat(), "lon": at(*p)[0], "lat": at(*p)[1]} for k, p in enumerate(PLACES)]
    path = town.path(".csv")
    lines = [",".join(rows[0]), *(",".join(str(value) for value in row.values()) for row in rows)]
    path.write_text("\n".join(lines))
    import_reports(town.store, town.shelf(), ReportFile(path, id="id"), LATER, commit=True)
    return town


def test_what_was_decided_comes_out_again_whatever_was_published_since(reported: Town) -> None:
    reported.table("duties", [row for row in DUTIES if row["code"] in ("D01", "D10")], now=LATER)
    reported.publish(["warnings"], LATER + timedelta(hours=1))
    with reported.store.read() as session:
        found = list(replays(reported.shelf(), each_report(session, 2)))
    assert [(f.report, f.version, f.same, f.differing) for f in found] == [(k, 1, True, ()) for k in range(1, 6)]


def test_a_decision_that_was_tampered_with_is_found_out(reported: Town) -> None:
    with reported.store.write() as session:
        row = session.scalars(select(ReportRow).where(ReportRow.source_id == "0")).one()
        row.trace = {**row.trace, "owner": {**row.trace["owner"], "share": 0.5}}
        row.party = "JJD"
    with reported.store.read() as session:
        found = replay(reported.shelf(), session.scalars(select(ReportRow).where(ReportRow.source_id == "0")).one())
    assert (found.same, found.differing) == (False, ("owner", "party"))
    assert (found.before["party"], found.after["party"]) == ("JJD", "QCW")


def test_what_a_later_program_tells_besides_does_not_count_and_old_traces_are_read(reported: Town) -> None:
    with reported.store.write() as session:
        row = session.scalars(select(ReportRow).where(ReportRow.source_id == "0")).one()
        person = {name: row.trace["owner"]["person"][name] for name in ("code", "name", "role")}
        kept = {name: row.trace[name] for name in ("crs", "accuracy_m", "candidates", "steps")}
        row.trace = kept | {"release": 1, "roster": 1, "owner": {**row.trace["owner"], "person": person}}
    with reported.store.read() as session:
        row = session.scalars(select(ReportRow).where(ReportRow.source_id == "0")).one()
        assert replay(reported.shelf(), row).differing == ()


def test_a_version_that_is_gone_cannot_be_asked(reported: Town) -> None:
    with reported.store.write() as session:
        session.scalars(select(ReportRow).where(ReportRow.source_id == "0")).one().version = 7
    with reported.store.read() as session, pytest.raises(NotFound, match="no version 7"):
        list(replays(reported.shelf(), each_report(session)))


def test_a_draft_is_held_against_the_stored_reports(reported: Town) -> None:
    with reported.store.write() as session:
        open_draft(session, "next", LATER)
    reported.table("duties", [*DUTIES[:-1], duty("D10", "JJD", "zone", "Z1")], now=LATER, draft="next")
    impact = reports_changed(reported.store, reported.shelf(), ("1", "next"), LATER, lambda *_: None).as_dict()
    assert (impact["reports"], impact["cell"], impact["owner"]) == (5, 0, 1)
    assert impact["moves"] == [{"before": "DMH", "after": "JJD", "reports": 1}]
    assert impact["first_reports"] == [3]
