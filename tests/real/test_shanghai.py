"""Shanghai: districts and addresses in GCJ-02, and what happens to those who declare them WGS 84."""

import csv
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from commands import Wangge


@pytest.fixture(scope="module")
def shanghai(real_dir: Path, new_home: Callable[[], Wangge]) -> Wangge:
    wangge = new_home()
    file = real_dir / "shanghai/districts_gcj02.geojson"
    words = ("import", "areas", file, "--layer", "district", "--code", "adcode", "--name", "name", "--commit")
    wangge.do(*words, "--crs", "gcj02")
    wangge.do("publish", "--accept", "warnings")
    return wangge


def _in_their_district(wangge: Wangge, real_dir: Path, out: Path, crs: str) -> tuple[float, list[str]]:
    source = real_dir / "shanghai/addresses_gcj02.csv"
    words = ("assign", source, out, "--lon", "gcj02_lng", "--lat", "gcj02_lat", "--crs", crs, "--layer", "district")
    warnings = wangge.do(*words, "--json").json["warnings"]
    areas = out.with_suffix(".areas.parquet")
    wangge.do("export", "district", areas)
    names = {row["code"]: row["name"] for row in pq.read_table(areas, columns=["code", "name"]).to_pylist()}
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 13_036
    return sum(names.get(row["district_code"]) == row["district"] for row in rows) / len(rows), warnings


def test_points_and_districts_in_the_right_datum_agree_and_nothing_is_said(
    shanghai: Wangge, real_dir: Path, work: Path
) -> None:
    share, warnings = _in_their_district(shanghai, real_dir, work / "gcj.csv", "gcj02")
    print(f"Shanghai, declared gcj02: {share:.2%} in the stated district")
    assert share >= 0.984
    assert warnings == []


def test_points_declared_wgs84_are_visibly_wrong_and_the_program_says_which_datum_fits(
    shanghai: Wangge, real_dir: Path, work: Path
) -> None:
    share, warnings = _in_their_district(shanghai, real_dir, work / "wgs.csv", "wgs84")
    print(f"Shanghai, declared wgs84: {share:.2%};", *warnings)
    assert share < 0.945
    (words,) = warnings
    assert "names an area of layer district" in words
    assert "read as wgs84; as gcj02 it would be 99." in words
    assert words.endswith("is the datum right?")


@pytest.fixture(scope="module")
def tables(real_dir: Path, work: Path) -> Path:
    """The same addresses as a report file and as an address table."""
    with (real_dir / "shanghai/addresses_gcj02.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["complete_address"]]
    with (work / "reports.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["time", "address", "lon", "lat"])
        out.writerows(
            ["2026-11-01T08:00:00+08:00", r["complete_address"], r["gcj02_lng"], r["gcj02_lat"]] for r in rows
        )
    return work / "reports.csv"


@pytest.mark.parametrize("words", [("report", "import"), ("import", "addresses")], ids=" ".join)
def test_every_import_of_points_warns_of_the_wrong_datum(
    shanghai: Wangge, tables: Path, words: tuple[str, ...]
) -> None:
    right = shanghai.do(*words, tables, "--crs", "gcj02", "--json").json
    assert "wrong_datum" not in {finding["kind"] for finding in right["findings"]}
    wrong = shanghai.do(*words, tables, "--crs", "wgs84", "--json").json
    (told,) = [finding["message"] for finding in wrong["findings"] if finding["kind"] == "wrong_datum"]
    print(told)
    assert "whose 'address' names an area of layer district" in told
    assert "as gcj02 it would be" in told
    baidu = shanghai.do(*words, tables, "--crs", "bd09", "--json").json
    assert any("as gcj02" in finding["message"] for finding in baidu["findings"])
