"""Bad input: each is refused with the row, the field, the value and the rule, and nothing of it is kept."""

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cityfiles import CELLS, TABLES, square, stored, write_areas
from commands import Said, Wangge

WEST = square(0, 0)
BOW = [[121.47, 31.23], [121.48, 31.24], [121.48, 31.23], [121.47, 31.24], [121.47, 31.23]]
CELL_FILE = ("--layer", "cell", "--code", "code")


def refused(wangge: Wangge, *words: object, code: int = 1) -> Said:
    """A command that must end with that code and leave the store's rows as they were."""
    before, releases = stored(wangge), _release_files(wangge)
    said = wangge(*words)
    assert said.code == code, said.all
    assert stored(wangge) == before
    assert _release_files(wangge) == releases
    assert "Traceback" not in said.all
    return said


def _release_files(wangge: Wangge) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (wangge.home / "releases").glob("*.wgr")}


AREAS: dict[str, tuple[list[tuple[dict[str, Any], Any]], tuple[str, ...]]] = {
    "NaN coordinates": (
        [({"code": "1"}, WEST), ({"code": "2"}, [WEST[0], [float("nan"), 31.2], *WEST[2:]])],
        ("row 2", "code=2", "finite"),
    ),
    "infinite coordinates": (
        [({"code": "1"}, [WEST[0], [float("inf"), 31.2], *WEST[2:]])],
        ("row 1", "code=1", "finite"),
    ),
    "latitude first": (
        [({"code": "1"}, [[y, x] for x, y in WEST])],
        ("row 1", "code=1", "longitude and latitude look swapped"),
    ),
    "metres without a CRS": (
        [({"code": "1"}, [[x * 1000, y * 1000] for x, y in WEST])],
        ("row 1", "code=1", "EPSG"),
    ),
    "an empty geometry": (
        [({"code": "1"}, WEST), ({"code": "2"}, {"type": "Polygon", "coordinates": []})],
        ("row 2", "code=2", "empty"),
    ),
    "no geometry": ([({"code": "1"}, {"type": "Point", "coordinates": [121.47, 31.23]})], ("row 1", "code=1")),
    "a repeated code": (
        [({"code": "1"}, WEST), ({"code": "2"}, square(1, 0)), ({"code": "1"}, square(2, 0))],
        ("row 3", "code=1", "already used in row 1", "unique"),
    ),
    "a missing code": ([({"code": "1"}, WEST), ({"code": None}, square(1, 0))], ("row 2", "code is empty")),
}


@pytest.mark.parametrize("case", AREAS)
def test_areas_that_cannot_be_kept(wangge: Wangge, tmp_path: Path, case: str) -> None:
    areas, told = AREAS[case]
    file = write_areas(tmp_path / "bad.geojson", areas)
    said = refused(wangge, "import", "areas", file, *CELL_FILE, "--commit")
    for words in told:
        assert words in said.all, said.all
    assert wangge("import", "areas", file, *CELL_FILE).code == 1, "a dry run finds the same"


def test_a_self_crossing_ring_is_told_kept_and_stops_publishing_until_repaired(wangge: Wangge, tmp_path: Path) -> None:
    file = write_areas(tmp_path / "bow.geojson", [({"code": "1"}, BOW), ({"code": "2"}, square(1, 0))])
    said = wangge.do("import", "areas", file, *CELL_FILE, "--commit")
    assert "row 1: code=1" in said.err
    stopped = refused(wangge, "publish", "--accept", "warnings")
    assert "1 invalid" in stopped.err
    wangge.do("repair", "--commit")
    wangge.do("publish", "--accept", "warnings")


def test_an_unknown_coordinate_system(wangge: Wangge, files: Path) -> None:
    for crs in ("pulkovo", "EPSG:999999"):
        said = refused(wangge, "import", "areas", files / "cells.geojson", *CELL_FILE, "--crs", crs, "--commit", code=2)
        assert crs in said.err
    assert "declare wgs84, gcj02, bd09, cgcs2000, EPSG:n or city:name" in wangge("owner", 1, 2, "--crs", "pulkovo").err


def test_areas_far_from_the_city_are_told(town: Wangge, tmp_path: Path) -> None:
    far = write_areas(tmp_path / "far.geojson", [({"code": "z"}, [[x - 5, y] for x, y in WEST])])
    said = town.do("import", "areas", far, "--layer", "zone", "--code", "code", "--overlapping", "--json")
    (found,) = said.json["findings"]
    assert (found["kind"], found["severity"]) == ("outside_city", "warning")


def test_unknown_fields_parents_and_layers(wangge: Wangge, files: Path) -> None:
    cells = files / "cells.geojson"
    said = refused(wangge, "import", "areas", cells, "--layer", "cell", "--code", "Code", "--commit", code=2)
    assert "did you mean 'code'" in said.err
    said = refused(wangge, "import", "areas", cells, *CELL_FILE, "--parent", "up", "--commit")
    assert "row 1" in said.err
    assert "up=310101: no such area" in said.err
    said = refused(wangge, "import", "areas", cells, *CELL_FILE, "--parent-layer", "street", "--commit", code=2)
    assert "parent layer 'street' is not in the draft" in said.err
    refused(wangge, "import", "areas", cells, *CELL_FILE, "--kind", "county", "--commit", code=2)


DUTIES = "code,party_code,layer,area_code,matter,person_code,role\n"
BAD_TABLES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "an unknown party": ("duties", DUTIES + "D1,NOBODY,cell,310101001,,,\n", ("row 2", "party_code=NOBODY")),
    "an unknown area": ("duties", DUTIES + "D1,HP,cell,999,,,\n", ("row 2", "area_code=999", "layer cell")),
    "an unknown layer": ("duties", DUTIES + "D1,HP,block,1,,,\n", ("row 2", "layer=block", "cell, district")),
    "an unknown person": ("duties", DUTIES + "D1,HP,cell,310101001,,P9,\n", ("row 2", "person_code=P9")),
    "an unknown role": ("duties", DUTIES + "D1,HP,cell,310101001,,,boss\n", ("row 2", "role=boss", "lead")),
    "a repeated duty": ("duties", DUTIES + "D1,HP,cell,310101001,,,\n" * 2, ("row 3", "code=D1", "row 2")),
    "a person of no party": ("people", "code,name,party_code\nP1,张三,NOBODY\n", ("row 2", "party_code=NOBODY")),
    "an unknown parent": ("parties", "code,name,parent_code\nA,甲,Z\n", ("row 2", "parent_code=Z")),
    "a circle": ("parties", "code,name,parent_code\nA,甲,B\nB,乙,A\n", ("parent_code", "A -> B -> A")),
    "a circle of matters": ("matters", "code,name,parent_code\n1,甲,2\n2,乙,1\n", ("->",)),
    "an empty name": ("parties", "code,name\nA,\n", ("row 2", "name is empty")),
    "no rows": ("parties", "code,name\n", ("holds no rows",)),
    "an address without a point": ("addresses", "address,lon,lat\n人民路1号,,\n", ("row 2", "lon and lat are empty")),
    "an address with words": ("addresses", "address,lon,lat\n人民路1号,abc,31.2\n", ("row 2", "lon=abc", "numbers")),
    "an address with NaN": ("addresses", "address,lon,lat\n人民路1号,NaN,31.2\n", ("row 2", "finite")),
    "an address, latitude first": ("addresses", "address,lon,lat\n人民路1号,31.2,121.4\n", ("row 2", "swapped")),
    "no addresses": ("addresses", "address,lon,lat\n", ("holds no rows",)),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_tables_that_cannot_be_kept(town: Wangge, tmp_path: Path, case: str) -> None:
    kind, text, told = BAD_TABLES[case]
    (tmp_path / "bad.csv").write_text(text, "utf-8")
    said = refused(town, "import", kind, tmp_path / "bad.csv", "--commit")
    for words in told:
        assert words in said.all, said.all


def test_swapped_columns_of_small_numbers_are_noticed_by_where_they_lie(wangge: Wangge, tmp_path: Path) -> None:
    """Where both orders are places on Earth only the city itself can tell."""
    here = write_areas(tmp_path / "a.geojson", [({"code": "1"}, [[x - 91, y] for x, y in WEST])])
    wangge.do("import", "areas", here, *CELL_FILE, "--commit")
    wangge.do("publish", "--accept", "warnings")
    (tmp_path / "p.csv").write_text("lon,lat\n31.235,30.475\n31.236,30.476\n")
    said = wangge.do("assign", tmp_path / "p.csv", tmp_path / "o.csv")
    assert "100.0% of the points lie outside" in said.err
    assert "longitude and latitude look swapped" in said.err


REPORTS = "time,matter,id,lon,lat,address\n"
GOOD = "2026-11-22T09:00:00+08:00,0101,a,121.475,31.235,\n"
BAD_REPORTS = {
    "no time": (",0101,b,121.475,31.235,\n", ("row 3", "time is empty", "--untimed")),
    "a word for a time": ("yesterday,0101,b,121.475,31.235,\n", ("row 3", "time=yesterday", "ISO 8601")),
    "no place": ("2026-11-22,0101,b,,,\n", ("row 3", "neither point nor address")),
    "half a point": ("2026-11-22,0101,b,121.4,,\n", ("row 3", "lon=121.4, lat=", "must be numbers")),
    "an unknown address": ("2026-11-22,0101,b,,,南京路1号\n", ("row 3", "address=南京路1号", "address table")),
    "an infinite point": ("2026-11-22,0101,b,inf,31.2,\n", ("row 3", "finite")),
    "a repeated id": ("2026-11-22,0101,a,121.475,31.235,\n", ("row 3", "id=a", "row 2")),
    "a very long id": ("2026-11-22,0101," + "b" * 201 + ",121.475,31.235,\n", ("row 3", "201 characters")),
    "a cell too many": ("2026-11-22,0101,b,121.475,31.235,,,\n", ("row 3", "8 cells, but row 1 has 6")),
}


@pytest.mark.parametrize("case", BAD_REPORTS)
def test_reports_that_cannot_be_kept(town: Wangge, tmp_path: Path, case: str) -> None:
    line, told = BAD_REPORTS[case]
    (tmp_path / "bad.csv").write_text(REPORTS + GOOD + line, "utf-8")
    words = ("report", "import", tmp_path / "bad.csv", "--matter", "matter", "--id", "id", "--address", "address")
    said = refused(town, *words, "--commit", code=2 if "cell too many" in case else 1)
    for part in told:
        assert part in said.all, said.all


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _gpkg(town: Wangge, path: Path) -> None:
    town.do("export", "cell", path)
    _cut(path)


def _bomb(_: Wangge, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("cells.shp", b"\0" * (300 << 20))


FILES: dict[str, tuple[str, Callable[[Wangge, Path], object]]] = {
    "0 bytes": ("e.geojson", lambda _, path: path.write_bytes(b"")),
    "0 bytes packed": ("e.geojson.gz", lambda _, path: path.write_bytes(gzip.compress(b""))),
    "cut in half, GeoJSON": ("c.geojson", lambda _, path: (write_areas(path, _cells()), _cut(path))),
    "cut in half, GeoPackage": ("c.gpkg", _gpkg),
    "cut in half, Parquet": ("c.parquet", _gpkg),
    "cut in half, FlatGeobuf": ("c.fgb", _gpkg),
    "cut in half, gzip": ("c.geojson.gz", lambda _, path: path.write_bytes(gzip.compress(b"{}" * 9999)[:20])),
    "a zip bomb": ("bomb.zip", _bomb),
    "not what its name says": ("x.gpkg", lambda _, path: path.write_text("hello")),
    "no such kind": ("x.dwg", lambda _, path: path.write_text("hello")),
    "no such file": ("gone.geojson", lambda _, path: None),
}


def _cells() -> list[tuple[dict[str, Any], Any]]:
    return [({"code": code}, ring) for code, _, ring in CELLS]


@pytest.mark.parametrize("case", FILES)
def test_files_that_cannot_be_read(town: Wangge, tmp_path: Path, case: str) -> None:
    name, make = FILES[case]
    make(town, tmp_path / name)
    said = refused(town, "import", "areas", tmp_path / name, *CELL_FILE, "--crs", "wgs84", "--commit", code=2)
    assert name in said.err


@pytest.mark.parametrize("name", ["t.csv", "t.xlsx", "t.parquet"])
def test_tables_cut_in_half(town: Wangge, tmp_path: Path, name: str) -> None:
    if name == "t.csv":
        (tmp_path / name).write_bytes('address,lon,lat\n"人民路,121.4,31.2\n'.encode())
    else:
        town.do("export", "parties", tmp_path / name)
        _cut(tmp_path / name)
    kind = "addresses" if name == "t.csv" else "parties"
    assert name in refused(town, "import", kind, tmp_path / name, "--commit", code=2).err


def test_gbk_text_is_read_as_what_it_is(town: Wangge, tmp_path: Path) -> None:
    (tmp_path / "gbk.csv").write_bytes(TABLES["parties"].replace("燃气", "燃氣").encode("gb18030"))
    told = town.do("import", "parties", tmp_path / "gbk.csv", "--commit", "--json").json
    assert (told["changed"], told["unchanged"]) == (1, 3)
    (tmp_path / "mixed.csv").write_bytes(b"code,name\nA," + b"\xff\xff\xff\n")
    said = refused(town, "import", "parties", tmp_path / "mixed.csv", "--commit", code=2)
    assert "neither UTF-8 nor GB18030" in said.err


def test_a_release_file_with_one_bit_flipped_is_built_again_and_never_answers_wrongly(town: Wangge) -> None:
    (release,) = (town.home / "releases").glob("*.wgr")
    good = bytearray(release.read_bytes())
    before = town.do("owner", 121.475, 31.235, "--json").json
    for at in (3, 60, len(good) // 2, len(good) - 1):
        bad = bytearray(good)
        bad[at] ^= 1
        release.write_bytes(bad)
        after = town.do("owner", 121.475, 31.235, "--json").json
        assert {k: v for k, v in after.items() if k != "at"} == {k: v for k, v in before.items() if k != "at"}
        assert release.read_bytes() == good
    release.write_bytes(good[: len(good) // 2])
    assert town.do("doctor", "--json").json["checks"][-1]["ok"] is True
    assert release.read_bytes() == good


def test_bad_usage(town: Wangge, tmp_path: Path) -> None:
    for words in (
        (),
        ("nonsense",),
        ("import",),
        ("import", "areas"),
        ("owner", "abc", "31.2"),
        ("owner", "121.4"),
        ("owner", "NaN", "31.2"),
        ("owner", "31.2", "121.4"),
        ("owner", "121.4", "31.2", "--at", "2026-11-22T09:00"),
        ("owner", "121.4", "31.2", "--accuracy", "-1"),
        ("owner", "121.4", "31.2", "--accuracy", "nan"),
        ("publish", "--draft", "nowhere"),
        ("export", "nowhere", tmp_path / "x.geojson"),
        ("export", "cell", tmp_path / "x.dwg"),
        ("export", "cell", tmp_path / "no/such/folder/x.geojson"),
        ("diff", "1", "99"),
        ("report", "show", "99"),
        ("map", "heat", tmp_path / "no/such/folder/x.html"),
        ("map", "heat", tmp_path / "x.html", "--resolution", "13"),
        ("key", "create", "x", "--scope", "root"),
        ("key", "revoke", "99"),
        ("report", "import", tmp_path / "x.csv", "--zone", "Mars/Olympus"),
    ):
        said = refused(town, *words, code=2)
        assert said.err.startswith("wangge") or not words, said.all
        assert len(said.err.splitlines()) <= 3 or words in ((), ("nonsense",), ("import",)), said.err


def test_settings_that_are_none_are_refused(town: Wangge) -> None:
    said = Wangge(town.home, stoer="sqlite:///x.db")("versions")
    assert said.code == 2
    assert "WANGGE_STOER is no setting" in said.err


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("port", "abc", "WANGGE_PORT=abc"),
        ("port", "70000", "WANGGE_PORT=70000"),
        ("store", "foo", "no database URL"),
        ("store", "oracle://a:secret@h/d", "only sqlite:/// and postgresql"),
        ("home", "/dev/null/home", "cannot be made"),
    ],
)
def test_settings_that_cannot_be_used_are_one_line(town: Wangge, name: str, value: str, words: str) -> None:
    said = Wangge(Path(value))("versions") if name == "home" else Wangge(town.home, **{name: value})("versions")
    assert said.code == 2
    assert words in said.err
    assert "secret" not in said.all
    assert len(said.err.splitlines()) == 1


def test_a_target_that_cannot_be_written_is_one_line(town: Wangge, tmp_path: Path) -> None:
    for name in ("x.geojson", "x.html"):
        (tmp_path / name).mkdir()
    for words in (("export", "cell", tmp_path / "x.geojson"), ("map", "heat", tmp_path / "x.html")):
        said = refused(town, *words)
        assert said.err.splitlines() == [f"wangge {words[0]}: {words[2]}: Is a directory"]


def test_a_fault_of_the_program_is_one_line_and_names_its_place(town: Wangge, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("boom")

    monkeypatch.setattr("server.cli.versions.opened", broken)
    said = refused(town, "versions", code=70)
    assert said.err.startswith("wangge versions: unexpected error: KeyError: 'boom' (test_bad_input.py:")
    assert len(said.err.splitlines()) == 1


def test_a_refused_import_shows_all_that_is_wrong(town: Wangge, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("code,name,party_code\nP1,张三,NOBODY\nP2,,HP\n", "utf-8")
    said = refused(town, "import", "people", bad, "--commit", "--json")
    assert "row 2" in said.err
    assert "row 3" in said.err
    assert "2 errors; refused" in said.err
    assert {(found["row"], found["severity"]) for found in said.json["findings"]} == {(2, "error"), (3, "error")}
    assert said.json["committed"] is False
    bad.write_text(REPORTS + GOOD + ",0101,b,121.475,31.235,\n2026-11-22,0101,c,,,\n", "utf-8")
    said = refused(town, "report", "import", bad, "--id", "id", "--commit", "--json")
    assert [found["row"] for found in said.json["findings"]] == [3, 4]
    assert "2 errors; refused" in said.err


def test_the_gate_s_verdict_does_not_hang_on_the_kind_shown(wangge: Wangge, tmp_path: Path) -> None:
    file = write_areas(tmp_path / "bow.geojson", [({"code": "1"}, BOW), ({"code": "2"}, square(1, 0))])
    wangge.do("import", "areas", file, *CELL_FILE, "--commit")
    for words in (("--kind", "sliver"), ("--kind", "sliver", "--json")):
        said = wangge("validate", *words)
        assert said.code == 1, said.all
        assert "can be published" not in said.all
    assert "no finding of kind 'sliver'" in wangge("validate", "--kind", "sliver").out


def test_a_report_is_told_as_data_too(wangge: Wangge, tmp_path: Path) -> None:
    file = write_areas(tmp_path / "bad.geojson", AREAS["a repeated code"][0])
    (found,) = json.loads(wangge("import", "areas", file, *CELL_FILE, "--json").out)["findings"]
    assert {k: found[k] for k in ("kind", "row", "field", "value")} == {
        "kind": "repeated_code",
        "row": 3,
        "field": "code",
        "value": "1",
    }
