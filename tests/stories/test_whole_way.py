"""From a city's files to an owner, an export, a second version and back: by the command line alone."""

import json
from pathlib import Path

from cityfiles import CELLS, DISTRICTS, fill, square, stored, write_areas
from commands import Wangge

CORNER_OF_RENMIN_ROAD = (121.475, 31.235)
ON_THE_LINE_BETWEEN_TWO_CELLS = (121.48, 31.235)
ON_THE_LINE_BETWEEN_THE_DISTRICTS = (121.49, 31.235)
PUJIANG = (121.6, 31.3)


def test_a_dry_run_tells_all_and_keeps_nothing(wangge: Wangge, files: Path) -> None:
    before = stored(wangge)
    words = ("import", "areas", files / "districts.geojson", "--layer", "district", "--code", "adcode")
    told = wangge.do(*words, "--json").json
    assert (told["rows"], told["added"], told["committed"]) == (2, 2, False)
    assert stored(wangge) == before
    assert "dry run, nothing kept" in wangge.do(*words).err
    assert wangge("validate").code == 2
    assert wangge("publish").code == 2


def test_the_whole_way(wangge: Wangge, files: Path, tmp_path: Path) -> None:
    assert "nothing published yet" in wangge.do("versions").out
    assert wangge("assign", files / "addresses.csv", tmp_path / "out.csv").code == 1, "nothing is in force"
    early = wangge.do("owner", *CORNER_OF_RENMIN_ROAD, "--json").json
    assert early["cell_verdict"] == "no_version"

    fill(wangge, files)
    assert wangge.do("validate", "--json").json["counts"] == []
    published = wangge.do("publish", "--json").json
    assert (published["version"], published["areas"], published["duties"]) == (1, 10, 3)

    answer = wangge.do("owner", *CORNER_OF_RENMIN_ROAD, "--json").json
    assert answer["cell"]["code"] == "310101001"
    assert answer["owner"]["party"]["code"] == "HP"
    assert answer["owner"]["person"]["name"] == "张三"
    assert (answer["cell_verdict"], answer["owner_verdict"]) == ("certain", "certain")
    assert "13800000001" not in json.dumps(answer), "phone numbers are in no answer"

    manhole = wangge.do("owner", *CORNER_OF_RENMIN_ROAD, "--matter", "0101", "--json").json
    assert manhole["owner"]["party"]["code"] == "GAS"

    words = wangge.do("owner", *CORNER_OF_RENMIN_ROAD, "--explain").out
    assert "黄浦街道办" in words
    assert "属地兜底" in words


def test_on_a_border_between_two_cells_of_one_owner_only_the_cell_is_in_doubt(town: Wangge) -> None:
    answer = town.do("owner", *ON_THE_LINE_BETWEEN_TWO_CELLS, "--json").json
    assert (answer["cell_verdict"], answer["owner_verdict"]) == ("ambiguous", "certain")
    assert answer["cell"]["code"] == "310101001", "the lower code answers"
    assert {candidate["code"] for candidate in answer["candidates"]} == {"310101001", "310101002"}
    assert answer["distance_m"] == 0.0


def test_on_a_border_between_two_owners_both_are_in_doubt(town: Wangge) -> None:
    answer = town.do("owner", *ON_THE_LINE_BETWEEN_THE_DISTRICTS, "--json").json
    assert (answer["cell_verdict"], answer["owner_verdict"]) == ("ambiguous", "ambiguous")
    assert "may be" in town.do("owner", *ON_THE_LINE_BETWEEN_THE_DISTRICTS).out


def test_outside_the_nearest_cell_is_named(town: Wangge) -> None:
    answer = town.do("owner", *PUJIANG, "--json").json
    assert (answer["cell_verdict"], answer["owner_verdict"]) == ("outside", "unowned")
    assert answer["nearest"]["distance_m"] > 1000


def test_points_of_the_western_hemisphere_are_no_options(town: Wangge) -> None:
    answer = town.do("owner", "-77.03", "38.9", "--json").json
    assert answer["point"] == {"lon": -77.03, "lat": 38.9}
    assert town.do("owner", "--json", "-70.6", "-33.4", "--accuracy", "5").json["point"]["lat"] == -33.4
    wrong = town("owner", "-77.03", "38.9", "--acuracy", "5")
    assert wrong.code == 2
    assert "--acuracy" in wrong.err


def test_a_second_version_is_compared_exported_and_taken_back(town: Wangge, files: Path, tmp_path: Path) -> None:
    grown = [({"code": c, "up": up, "name": c}, ring) for c, up, ring in CELLS if c != "310104004"]
    grown += [({"code": "310104009", "up": "310104", "name": "new"}, CELLS[-1][2])]
    write_areas(files / "cells.geojson", grown)
    words = ("import", "areas", files / "cells.geojson", "--layer", "cell", "--code", "code", "--parent", "up")
    told = town.do(*words, "--name", "name", "--commit", "--json").json
    assert (told["added"], told["removed"], told["unchanged"]) == (1, 1, 7)
    assert town.do("drafts", "--json").json["drafts"][0]["base_version"] == 1

    changes = town.do("diff", "1", "draft", "--json").json["changes"]
    assert {(c["kind"], c["code"], c["change"]) for c in changes} == {
        ("area", "310104004", "removed"),
        ("area", "310104009", "added"),
    }
    town.do("publish")
    assert len(town.do("diff", "1", "2", "--json").json["changes"]) == 2
    last = (121.505, 31.245)
    assert town.do("owner", *last, "--json").json["cell"]["code"] == "310104009"

    for suffix in (".geojson", ".gpkg", ".parquet", ".fgb", ".shp"):
        town.do("export", "cell", tmp_path / f"cells{suffix}")
        again = Wangge(tmp_path / f"again{suffix}")
        words = ("import", "areas", tmp_path / f"cells{suffix}", "--layer", "cell", "--code", "code")
        told = again.do(*words, "--name", "name", "--commit", "--json").json
        assert told["added"] == 8, suffix
    for kind in ("parties", "duties", "matters", "people"):
        town.do("export", kind, tmp_path / f"{kind}.xlsx")
        if kind != "people":
            told = town.do("import", kind, tmp_path / f"{kind}.xlsx", "--json").json
            assert (told["added"], told["changed"], told["removed"]) == (0, 0, 0), kind

    town.do("drafts", "discard", "draft") if town.do("drafts", "--json").json["drafts"] else None
    assert town.do("rollback", "1", "--json").json["version"] == 3
    assert town.do("owner", *last, "--json").json["cell"]["code"] == "310104004"
    assert town.do("diff", "1", "3", "--json").json["changes"] == []
    assert town("rollback", "3").code == 1
    assert town("rollback", "99").code == 2
    assert [row["in_force"] for row in town.do("versions", "--json").json["versions"]] == [False, False, True]


def test_layers_are_listed_changed_and_removed(town: Wangge) -> None:
    rows = {row["code"]: row for row in town.do("layers", "--json").json["layers"]}
    assert (rows["cell"]["areas"], rows["cell"]["parent"], rows["district"]["areas"]) == (8, "district", 2)
    town.do("layers", "set", "cell", "--name", "单元网格", "--scheme", "6+3", "--cell")
    assert town.do("validate", "--json").json["counts"] == []
    town.do("layers", "set", "cell", "--scheme", "6+4")
    refused = town("validate")
    assert refused.code == 1
    assert "code" in refused.all
    assert town("publish", "--accept", "warnings").code == 1, "an error is accepted by nobody"
    circle = town("layers", "set", "district", "--parent", "cell")
    assert circle.code == 2
    assert "circle" in circle.err
    assert town("layers", "set", "cell").code == 2
    assert town("layers", "set", "nowhere", "--name", "x").code == 2
    town.do("layers", "remove", "cell")
    assert [row["code"] for row in town.do("layers", "--json").json["layers"]] == ["district"]
    town.do("drafts", "discard", "draft")
    assert "no open drafts" in town.do("drafts").out
    assert town("drafts", "discard", "draft").code == 2


def test_the_gate_says_where_and_publishing_needs_each_warning_accepted(wangge: Wangge, files: Path) -> None:
    fill(wangge, files)
    wider = square(0, 0)
    wider[1][0] = wider[2][0] = 121.4802
    cells = [({"code": c, "up": up}, wider if c == "310101001" else ring) for c, up, ring in CELLS[:-1]]
    write_areas(files / "cells.geojson", cells)
    words = ("import", "areas", files / "cells.geojson", "--layer", "cell", "--code", "code", "--parent", "up")
    wangge.do(*words, "--commit")
    counts = {row["kind"] for row in wangge.do("validate", "--json").json["counts"]}
    assert counts == {"overlap", "uncovered"}
    refused = wangge("publish", "--accept", "overlap", "--json")
    assert refused.code == 1
    assert refused.json["published"] is False
    assert {finding["kind"] for finding in refused.json["findings"]} == counts
    assert "--accept uncovered" in refused.err
    wangge.do("publish", "--accept", "overlap", "--accept", "uncovered")


def test_districts_are_those_of_the_file(town: Wangge, tmp_path: Path) -> None:
    town.do("export", "district", tmp_path / "out.geojson")
    features = json.loads((tmp_path / "out.geojson").read_text("utf-8"))["features"]
    assert [(f["properties"]["code"], f["properties"]["name"]) for f in features] == [d[:2] for d in DISTRICTS]
