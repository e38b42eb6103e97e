"""`wangge report`: reports with a point or an address the city knows, each with its owner and trace."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from commands import Wangge

HEAD = "time,matter,id,lon,lat,address\n"
LINES = [
    "2026-11-22T09:00:00+08:00,0101,a,121.475,31.235,",
    "2026-11-22T09:30:00,02,b,,,上海市？",
    "2026-11-22 10:00:00,02,c,,,徐汇区衡山路２号",
    "2026-11-22T02:00:00Z,,d,121.49,31.235,on the line",
]
WORDS = ("--matter", "matter", "--id", "id", "--address", "address")


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    path = tmp_path / "hotline.csv"
    path.write_text(HEAD + "\n".join([LINES[0], *LINES[2:]]), "utf-8")
    return path


def test_each_report_gets_cell_owner_and_trace(town: Wangge, reports: Path) -> None:
    told = town.do("report", "import", reports, *WORDS, "--commit", "--json").json
    assert (told["rows"], told["added"]) == (3, 3)
    gas, by_address, doubtful = (json.loads(town.do("report", "show", n).out) for n in (1, 2, 3))
    assert (gas["party"], gas["cell"], gas["located_by"], gas["source"]) == ("GAS", "310101001", "point", "hotline")
    assert (by_address["party"], by_address["located_by"]) == ("XH", "address")
    assert (by_address["lon"], by_address["lat"]) == (121.505, 31.235)
    assert (doubtful["owner_verdict"], doubtful["needs_person"]) == ("ambiguous", True)
    assert gas["needs_person"] is False
    assert gas["trace"]["numbers"]["release"] == 1
    assert gas["trace"]["crs"] == "wgs84"
    assert gas["trace"]["owner"]["duty"]["basis"] == "燃气条例"
    assert [step["step"] for step in gas["trace"]["steps"]]
    assert town.do("report", "count", "--json").json == {
        "reports": 3,
        "owner_verdicts": {"certain": 2, "ambiguous": 1},
    }


def test_a_retry_is_safe_and_a_longer_file_adds_what_is_new(town: Wangge, reports: Path) -> None:
    words = ("report", "import", reports, *WORDS, "--commit", "--json")
    town.do(*words)
    again = town.do(*words).json
    assert (again["added"], again["unchanged"]) == (0, 3)
    reports.write_text(reports.read_text("utf-8") + "\n2026-11-23,02,e,121.475,31.235,", "utf-8")
    longer = town.do(*words).json
    assert (longer["added"], longer["unchanged"]) == (1, 3)
    other = town.do(*words, "--source", "12345").json
    assert other["added"] == 4, "another source has its own numbers"


def test_times_without_an_offset_are_in_the_stated_zone(town: Wangge, reports: Path) -> None:
    town.do("report", "import", reports, *WORDS, "--commit")
    assert _occurred(town, 2) == datetime(2026, 11, 22, 2, tzinfo=UTC), "Asia/Shanghai unless told otherwise"
    assert _occurred(town, 3) == datetime(2026, 11, 22, 2, tzinfo=UTC)
    town.do("report", "import", reports, *WORDS, "--zone", "America/New_York", "--source", "ny", "--commit")
    assert _occurred(town, 5) == datetime(2026, 11, 22, 15, tzinfo=UTC)
    assert _occurred(town, 4) == datetime(2026, 11, 22, 1, tzinfo=UTC), "an offset that is given counts"


def _occurred(town: Wangge, number: int) -> datetime:
    return datetime.fromisoformat(json.loads(town.do("report", "show", number).out)["occurred_at"])


def test_bad_rows_are_left_out_only_when_told_so_and_counted(town: Wangge, reports: Path) -> None:
    reports.write_text(HEAD + "\n".join(LINES), "utf-8")
    words = ("report", "import", reports, *WORDS, "--commit", "--json")
    assert town(*words).code == 1
    assert town.do("report", "count", "--json").json["reports"] == 0
    told = town.do(*words, "--skip-bad").json
    assert (told["rows"], told["added"]) == (4, 3)
    assert told["counts"] == [{"severity": "warning", "kind": "unlocated", "count": 1}]
    assert told["findings"][0]["row"] == 3


def test_a_file_without_times_counts_from_its_reception(town: Wangge, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("lon,lat\n121.475,31.235\n121.505,31.235\n")
    assert town("report", "import", tmp_path / "r.csv").code == 2, "there is no column 'time'"
    told = town.do("report", "import", tmp_path / "r.csv", "--time", "", "--commit", "--json").json
    assert told["added"] == 2
    assert told["findings"][0]["kind"] == "no_time"
    report = json.loads(town.do("report", "show", 1).out)
    assert report["occurred_at"] == report["received_at"]
    assert report["trace"]["time"] == "received"


def test_nothing_can_be_imported_before_something_is_published(wangge: Wangge, reports: Path) -> None:
    said = wangge("report", "import", reports)
    assert said.code == 1
    assert "wangge publish" in said.err


def test_the_heat_map_counts_every_report_once(town: Wangge, reports: Path, tmp_path: Path) -> None:
    town.do("report", "import", reports, *WORDS, "--commit")
    for resolution in (0, 5, 9, 12):
        drawn = town.do("map", "heat", tmp_path / "h.html", "--resolution", resolution, "--json").json
        assert drawn["total"] == sum(cell["count"] for cell in drawn["cells"]) == 3
    assert town.do("map", "heat", tmp_path / "h.html", "--matter", "02", "--json").json["total"] == 1
    since = ("--since", "2026-11-22T10:00:00+08:00")
    assert town.do("map", "heat", tmp_path / "h.html", *since, "--json").json["total"] == 2
    assert "热力" in (tmp_path / "h.html").read_text("utf-8")
