"""Washington: 14,901 events with the city's own labels, walked from import to heat map."""

import csv
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import Wangge
from gis.storage.engine import Store
from routing.reads import ReportFilter, count_reports, list_reports
from server.reporting import heat_data, heat_of

EVENTS = 14_901
VIRGINIA = ("-81.5291921333", "37.5772691877")
"""Where the source's geocoder put twelve addresses it did not know: 400 km outside the city."""

_LAYERS = (
    ("ward-2012", "district", "WARD", ("--name", "NAME")),
    ("police-service-areas-psa", "grid", "PSA", ()),
    ("census-block-groups-2010", "cell", "GEOID", ()),
)


@pytest.fixture(scope="module")
def washington(real_dir: Path, new_home: Callable[..., Wangge], work: Path) -> Wangge:
    """Three layers, one office a ward that answers for all of it, published."""
    wangge = new_home(timezone="America/New_York")
    for file, layer, code, more in _LAYERS:
        path = real_dir / f"dc/{file}.geojson"
        wangge.do("import", "areas", path, "--layer", layer, "--code", code, *more, "--commit")
    parties = ["code,name", *(f"W{ward},Ward {ward} office" for ward in range(1, 9))]
    duties = ["code,party_code,layer,area_code,basis"]
    duties += [f"D{ward},W{ward},district,{ward},territorial" for ward in range(1, 9)]
    for kind, lines in (("parties", parties), ("duties", duties)):
        (work / f"{kind}.csv").write_text("\n".join(lines))
        wangge.do("import", kind, work / f"{kind}.csv", "--commit")
    wangge.do("publish", "--accept", "warnings")
    return wangge


@pytest.fixture(scope="module")
def assigned(washington: Wangge, real_dir: Path, work: Path) -> list[dict[str, str]]:
    layers = [word for _, layer, _, _ in _LAYERS for word in ("--layer", layer)]
    washington.do("assign", real_dir / "dc/events.csv", work / "events.csv", *layers, "--accuracy", 10)
    with (work / "events.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_block_groups_and_tracts_agree_with_every_label(assigned: list[dict[str, str]]) -> None:
    labelled = [row for row in assigned if row["block_group"]]
    groups = sum(row["cell_code"] == "11001" + row["block_group"].replace(" ", "") for row in labelled)
    tracts = sum(row["cell_code"].startswith("11001" + row["census_tract"]) for row in labelled)
    print(f"Washington: block groups {groups}/{len(labelled)}, tracts {tracts}/{len(labelled)}")
    assert groups == tracts == len(labelled) == 1438


def test_wards_agree_but_for_points_on_the_line_between_two(assigned: list[dict[str, str]]) -> None:
    labelled = [row for row in assigned if row["ward"]]
    strictly = sum(row["district_code"] == row["ward"] for row in labelled)
    within = sum(row["ward"] in row["district_candidates"].split(";") for row in labelled)
    print(f"Washington: wards {strictly}/{len(labelled)} = {strictly / len(labelled):.3%},", end=" ")
    print(f"with candidates within 10 m {within}/{len(labelled)} = {within / len(labelled):.3%}")
    assert len(labelled) == 14_825
    assert strictly / len(labelled) >= 0.998
    assert within / len(labelled) >= 0.999
    for row in labelled:
        if row["district_code"] != row["ward"]:
            assert row["district_verdict"] == "ambiguous"
            assert float(row["district_distance_m"]) < 10.0


@pytest.fixture(scope="module")
def reported(washington: Wangge, real_dir: Path) -> Wangge:
    """All events with their own coordinates. 3,069 (crimes, permits) have no time at all: reception counts for them."""
    words = ("report", "import", real_dir / "dc/events.csv", "--time", "serviceorderdate", "--matter", "src")
    refused = washington(*words, "--commit")
    assert refused.code == 1
    assert "3,069 errors" in refused.err
    assert "serviceorderdate is empty; --untimed takes the time of reception" in refused.err
    assert washington.do("report", "count", "--json").json["reports"] == 0, "nothing of a refused file is kept"
    told = washington.do(*words, "--untimed", "--commit", "--json").json
    assert (told["rows"], told["added"]) == (EVENTS, EVENTS)
    assert [found["kind"] for found in told["findings"]] == ["no_time"]
    assert told["findings"][0]["message"].startswith("3,069 rows have no time")
    return washington


def test_each_event_is_stored_with_its_owner_and_a_trace(reported: Wangge) -> None:
    store = Store(f"sqlite:///{reported.home}/wangge.db")
    with store.read() as session:
        assert count_reports(session) == EVENTS
        rows = list_reports(session, ReportFilter(), 0, EVENTS)
        owned = [row for row in rows if row.party]
        ownerless = [row for row in rows if not row.party]
        assert all(row.trace["steps"] and row.trace["numbers"]["release"] == 1 for row in rows)
        assert all(row.trace["owner"]["party"]["code"] == row.party for row in owned)
        assert Counter(row.trace["time"] for row in rows) == {"stated": EVENTS - 3069, "received": 3069}
        in_virginia = [row for row in ownerless if row.geom.x < -81]  # type: ignore[attr-defined]
    store.close()
    verdicts = Counter(row.owner_verdict for row in rows)
    print(f"Washington: {len(owned):,} events with an owner, verdicts {dict(verdicts)}")
    assert len(owned) == EVENTS - 12
    assert len(in_virginia) == 12, "the twelve that lie in Virginia are nobody's in Washington"
    assert all(row.needs_person and row.cell_verdict == "outside" for row in ownerless)


def test_a_retry_adds_nothing(reported: Wangge, real_dir: Path) -> None:
    words = ("report", "import", real_dir / "dc/events.csv", "--time", "serviceorderdate", "--matter", "src")
    told = reported.do(*words, "--untimed", "--commit", "--json").json
    assert (told["added"], told["unchanged"]) == (0, EVENTS)
    assert reported.do("report", "count", "--json").json["reports"] == EVENTS


def test_the_heat_map_shows_as_many_as_are_stored(reported: Wangge, work: Path) -> None:
    drawn = reported.do("map", "heat", work / "heat.html", "--json").json
    assert drawn["total"] == sum(cell["count"] for cell in drawn["cells"]) == EVENTS
    page = (work / "heat.html").read_text(encoding="utf-8")
    assert '<span id="heat-total">14901<' in page
    assert not re.findall(r"""src=["']https?://|<link[^>]+href=["']https?://""", page), "nothing is fetched"
    store = Store(f"sqlite:///{reported.home}/wangge.db")
    with store.read() as session:
        served = heat_data(heat_of(session, ReportFilter(), 9))
    store.close()
    assert served["cells"] == drawn["cells"]
    potholes = reported.do("map", "heat", work / "p.html", "--matter", "pothole", "--json").json
    assert potholes["total"] == 296
