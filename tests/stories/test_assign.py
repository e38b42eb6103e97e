"""`wangge assign`: a file in, the same rows out with their cell and owner beside them."""

import csv
import io
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from cityfiles import CELLS, write_areas
from commands import Wangge
from smalltown import at, found_town

ADDED = ["cell_code", "cell_distance_m", "cell_verdict", "cell_candidates"]
ROWS = [
    ("007", "121.475", "31.235", 'say "hi", twice'),
    ("010", "121.48", "31.235", "two\nlines"),
    ("003", "", "", ""),
    ("000", "121.4900001", "31.235", " blanks kept "),
    ("009", "abc", "31.235", "NULL"),
    ("001", "121.9", "31.9", "NaN"),
    ("002", " 121.475 ", "31.235", "01.50"),
]
CODES = ["310101001", "310101001", "", "310104001", "", "", "310101001"]
VERDICTS = ["certain", "ambiguous", "no_point", "ambiguous", "no_point", "outside", "certain"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    with (tmp_path / "in.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "lon", "lat", "note"), *ROWS])
    return tmp_path / "in.csv"


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_rows_stay_as_they_are_and_in_order(town: Wangge, table: Path, tmp_path: Path) -> None:
    said = town.do("assign", table, tmp_path / "out.csv", "--json").json
    assert said["rows"] == 7
    assert said["verdicts"] == {"cell": {"certain": 2, "ambiguous": 2, "no_point": 2, "outside": 1}}
    rows = _read(tmp_path / "out.csv")
    assert list(rows[0]) == ["id", "lon", "lat", "note", *ADDED]
    assert [(row["id"], row["lon"], row["lat"], row["note"]) for row in rows] == ROWS
    assert [row["cell_code"] for row in rows] == CODES
    assert [row["cell_verdict"] for row in rows] == VERDICTS
    assert rows[1]["cell_candidates"] in ("310101001;310101002", "310101002;310101001")
    assert rows[1]["cell_distance_m"] == "0"
    assert rows[5]["cell_candidates"] == ""


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".arrow"])
def test_each_format_goes_in_and_comes_out(town: Wangge, table: Path, tmp_path: Path, suffix: str) -> None:
    first, second = tmp_path / f"first{suffix}", tmp_path / f"second{suffix}"
    town.do("assign", table, first)
    town.do("assign", first, second)
    town.do("assign", second, tmp_path / "third.csv")
    assert [list(row.values())[:6] for row in _read(tmp_path / "third.csv")] == [
        [*row, code, rest["cell_distance_m"]]
        for row, code, rest in zip(ROWS, CODES, _read(tmp_path / "third.csv"), strict=True)
    ]
    assert list(_read(tmp_path / "third.csv")[0]) == ["id", "lon", "lat", "note", *ADDED], "a second time adds nothing"


def test_numbers_and_arrow_streams_are_read_too(town: Wangge, tmp_path: Path) -> None:
    data = pa.table(
        {"lon": pa.array([121.475, None, 121.505]), "lat": pa.array([31.235, 31.2, 31.235]), "n": [1, 2, 3]}
    )
    with pa.OSFile(str(tmp_path / "in.arrow"), "wb") as file, pa.ipc.new_stream(file, data.schema) as stream:
        stream.write_table(data)
    town.do("assign", tmp_path / "in.arrow", tmp_path / "out.parquet")
    out = pq.read_table(tmp_path / "out.parquet")
    assert out["cell_code"].to_pylist() == ["310101001", None, "310104002"]
    assert out.select(["lon", "lat", "n"]).equals(data)
    assert out.schema.field("cell_distance_m").type == pa.float64()


def test_gbk_and_semicolons(town: Wangge, tmp_path: Path) -> None:
    (tmp_path / "gbk.csv").write_bytes("编号;lon;lat;地址\n01;121.475;31.235;黄浦区\n".encode("gb18030"))
    town.do("assign", tmp_path / "gbk.csv", tmp_path / "out.csv")
    (row,) = _read(tmp_path / "out.csv")
    assert (row["编号"], row["地址"], row["cell_code"]) == ("01", "黄浦区", "310101001")


def test_owners_by_matter_and_by_time(town: Wangge, tmp_path: Path) -> None:
    lines = [
        "lon,lat,matter,when",
        "121.475,31.235,,",
        "121.475,31.235,0101,2999-01-01",
        "121.475,31.235,02,2020-01-01T00:00:00+08:00",
        "121.9,31.9,,",
        ",,,",
    ]
    (tmp_path / "in.csv").write_text("\n".join(lines))
    words = ("assign", tmp_path / "in.csv", tmp_path / "out.csv", "--owner", "--matter-col", "matter")
    town.do(*words)
    rows = _read(tmp_path / "out.csv")
    assert [row["owner_party"] for row in rows] == ["HP", "GAS", "HP", "", ""]
    assert [row["owner_verdict"] for row in rows] == ["certain", "certain", "certain", "unowned", "no_point"]
    assert (rows[0]["owner_person"], rows[0]["owner_duty"]) == ("P1", "D1")

    town.do(*words, "--at-col", "when")
    rows = _read(tmp_path / "out.csv")
    assert [row["owner_party"] for row in rows] == ["HP", "GAS", "", "", ""]
    assert rows[2]["cell_verdict"] == "no_version"
    assert [row["matter"] for row in rows] == ["", "0101", "02", "", ""], "the order is kept"

    (tmp_path / "in.csv").write_text("lon,lat,when\n121.4,31.2,\n121.4,31.2,soon\n")
    said = town("assign", tmp_path / "in.csv", tmp_path / "bad.csv", "--at-col", "when")
    assert said.code == 2
    assert "row 3: when=soon" in said.err
    assert not (tmp_path / "bad.csv").exists()


def test_layers_that_overlap_name_all_that_cover_the_point(town: Wangge, tmp_path: Path) -> None:
    west = write_areas(tmp_path / "z.geojson", [({"code": "a"}, CELLS[0][2]), ({"code": "b"}, CELLS[0][2])])
    town.do("import", "areas", west, "--layer", "zone", "--code", "code", "--overlapping", "--commit")
    town.do("publish")
    (tmp_path / "in.csv").write_text("lon,lat\n121.475,31.235\n")
    town.do("assign", tmp_path / "in.csv", tmp_path / "out.csv", "--layer", "zone", "--layer", "cell")
    (row,) = _read(tmp_path / "out.csv")
    assert (row["zone_code"], row["zone_candidates"], row["zone_verdict"]) == ("a", "a;b", "certain")
    assert row["cell_code"] == "310101001"


def test_a_file_with_a_header_alone_comes_out_with_a_longer_header(town: Wangge, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,lon,lat\n")
    assert town.do("assign", tmp_path / "in.csv", tmp_path / "out.csv", "--json").json["rows"] == 0
    assert (tmp_path / "out.csv").read_text().strip().replace('"', "") == ",".join(["id", "lon", "lat", *ADDED])
    pq.write_table(
        pa.table({"lon": pa.array([], pa.float64()), "lat": pa.array([], pa.float64())}), tmp_path / "e.parquet"
    )
    town.do("assign", tmp_path / "e.parquet", tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet").column_names == ["lon", "lat", *ADDED]


def test_what_cannot_be_done_leaves_no_file(town: Wangge, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "ragged.csv").write_text("lon,lat\n121.4,31.2\n121.4,31.2,9\n")
    (tmp_path / "twice.csv").write_text("lon,lat,lon\n1,2,3\n")
    for words in (
        (table, out, "--lon", "x"),
        (table, out, "--layer", "nowhere"),
        (table, out, "--crs", "pulkovo"),
        (table, out, "--owner", "--matter-col", "x"),
        (table, out, "--accuracy", "-1"),
        (table, tmp_path / "out.txt"),
        (table, table),
        (tmp_path / "gone.csv", out),
        (tmp_path / "empty.csv", out),
        (tmp_path / "ragged.csv", out),
        (tmp_path / "twice.csv", out),
    ):
        said = town("assign", *words)
        assert said.code == 2, said.all
        assert said.err.startswith("wangge assign: "), said.err
        assert sorted(path.name for path in tmp_path.glob("*out*")) == []
    assert _read(table)[0]["id"] == "007"


@pytest.mark.long
def test_a_million_rows_pass_through_little_memory(town: Wangge, tmp_path: Path) -> None:
    """The second half of the rows must not cost more memory than the first."""
    peaks = {}
    for rows in (100_000, 1_000_000):
        path = tmp_path / f"{rows}.csv"
        rng = np.random.default_rng(rows)
        lon, lat = rng.uniform(121.47, 121.51, rows), rng.uniform(31.23, 31.25, rows)
        numbers = np.char.zfill(np.arange(rows).astype("U7"), 8)
        pacsv.write_csv(pa.table({"id": numbers, "lon": lon, "lat": lat}), path)
        peaks[rows] = _peak_mib(town, "assign", path, tmp_path / f"{rows}.out.csv")
    print(f"assign: peak {peaks[100_000]} MiB at 100,000 rows, {peaks[1_000_000]} MiB at 1,000,000")
    assert peaks[1_000_000] < peaks[100_000] + 150
    with (tmp_path / "1000000.out.csv").open(encoding="utf-8") as file:
        lines = sum(1 for _ in file)
    assert lines == 1_000_001
    tail = (tmp_path / "1000000.out.csv").read_bytes()[-200:].decode().splitlines()[-1]
    assert next(csv.reader(io.StringIO(tail)))[0] == "00999999"


def _peak_mib(wangge: Wangge, *words: object) -> int:
    code = (
        "import resource,sys; from server.cli.main import code_of; c = code_of(sys.argv[1:]);"
        "print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024); sys.exit(c)"
    )
    command = [sys.executable, "-c", code, *map(str, words)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin", **wangge.settings}
    )
    found = re.search(r"peak (\d+)", done.stdout)
    assert found
    return int(found[1])


def test_blanks_around_a_matter_do_not_count_and_one_that_is_not_in_the_table_is_told(tmp_path: Path) -> None:
    small = found_town(f"sqlite:///{tmp_path}/wangge.db", tmp_path).fill()
    small.publish()
    lon, lat = at(0.5, 0.5)
    rows = ["lon,lat,matter", *(f"{lon},{lat},{matter}" for matter in ("C0101", " C0101 ", "  ", "c0101", "c0101"))]
    (tmp_path / "in.csv").write_text("\n".join(rows))
    words = ("assign", tmp_path / "in.csv", tmp_path / "out.csv", "--owner", "--matter-col", "matter", "--json")
    said = Wangge(tmp_path).do(*words).json
    assert [row["owner_party"] for row in _read(tmp_path / "out.csv")] == ["RQG", "RQG", "QCW", "QCW", "QCW"]
    assert said["warnings"] == ["2 rows name a matter that the class table of version 1 lacks: 'c0101' in 2 of them"]


def test_rows_of_many_times_in_any_order_are_answered_by_the_shift_of_each(tmp_path: Path) -> None:
    small = found_town(f"sqlite:///{tmp_path}/wangge.db", tmp_path).fill()
    small.publish()
    start = datetime(2027, 1, 1, tzinfo=UTC)
    shifts = [
        {"person_code": "P4" if day % 2 else "P5", "kind": "shift", "from": (start + timedelta(days=day)).isoformat(),
         "until": (start + timedelta(days=day + 1)).isoformat()}
        for day in range(60)
    ]  # fmt: skip
    small.table("roster", shifts)
    lon, lat = at(0.5, 0.5)
    days = np.random.default_rng(7).permutation(np.repeat(np.arange(60), 5)).tolist()
    rows = [f"{lon},{lat},C0101,{(start + timedelta(days=day, hours=9)).isoformat()}" for day in days]
    (tmp_path / "in.csv").write_text("\n".join(["lon,lat,matter,at", *rows]))
    words = ("--owner", "--matter-col", "matter", "--at-col", "at")
    Wangge(tmp_path).do("assign", tmp_path / "in.csv", tmp_path / "out.csv", *words)
    found = [row["owner_person"] for row in _read(tmp_path / "out.csv")]
    assert found == ["P4" if day % 2 else "P5" for day in days]
