"""Roads and estates, from the files of a city to the answer for a point on the asphalt."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from browsers import OfflinePage
from cityfiles import square, write_areas
from commands import Wangge
from server.api.app import create_app
from server.demonstration import serving
from server.settings import Settings

Places = list[tuple[float, float]]
ZHONGSHAN: Places = [(121.47, 31.24), (121.49, 31.24), (121.51, 31.24)]
HENGSHAN: Places = [(121.505, 31.23), (121.505, 31.25)]
ESTATE = [[121.5, 31.2355], [121.51, 31.2355], [121.51, 31.2455], [121.5, 31.2455], [121.5, 31.2355]]
METRE = 1 / 110_880
"""One metre north here, in degrees."""

SEGMENTS = ("--code", "code", "--name", "name", "--party", "owner", "--half-width", "width")


def line(*places: tuple[float, float]) -> dict[str, object]:
    return {"type": "LineString", "coordinates": [list(place) for place in places]}


@pytest.fixture
def roads(tmp_path: Path) -> Path:
    """Two roads; the second belongs to a party that the city knows by name."""
    rows = [
        ({"code": "R1", "name": "中山路", "owner": "市政公司", "width": 12}, line(*ZHONGSHAN)),
        ({"code": "R2", "name": "衡山路", "owner": "燃气公司", "width": 8.5}, line(*HENGSHAN)),
    ]
    return write_areas(tmp_path / "roads.geojson", rows)


@pytest.fixture
def built(town: Wangge, roads: Path, tmp_path: Path) -> Wangge:
    """The town with roads and an estate, published as version 2."""
    estates = write_areas(tmp_path / "estates.geojson", [({"code": "E1", "name": "衡山小区"}, ESTATE)])
    (tmp_path / "parties.csv").write_text("code,name\nWY,衡山物业\n", "utf-8")
    (tmp_path / "duties.csv").write_text("code,party_code,layer,area_code\nD9,WY,estate,E1\n", "utf-8")
    town.do("import", "segments", roads, *SEGMENTS, "--commit")
    town.do("import", "areas", estates, "--layer", "estate", "--code", "code", "--name", "name", "--commit")
    for kind in ("parties", "duties"):
        town.do("import", kind, tmp_path / f"{kind}.csv", "--merge", "--commit")
    town.do("publish")
    return town


def owner(wangge: Wangge, lon: float, lat: float) -> tuple[str, str]:
    answer = wangge.do("owner", lon, lat, "--accuracy", 0, "--json").json
    return answer["owner"]["party"]["name"], answer["owner_verdict"]


def test_a_dry_run_says_what_would_come_and_keeps_nothing(town: Wangge, roads: Path) -> None:
    said = town.do("import", "segments", roads, *SEGMENTS)
    assert "segments into draft 'draft': 2 rows; 2 added, 0 changed, 0 removed, 0 unchanged" in said.err
    assert "parties_made" in said.err
    assert "市政公司" in said.err
    assert "dry run, nothing kept" in said.err
    assert town.do("drafts", "--json").json["drafts"] == []


def test_a_point_on_the_road_is_the_roads_and_beside_it_the_lands(built: Wangge) -> None:
    assert owner(built, 121.48, 31.24 + 11 * METRE) == ("市政公司", "certain")
    assert owner(built, 121.48, 31.24 + 13 * METRE) == ("黄浦街道办", "certain")
    assert owner(built, 121.508, 31.238) == ("衡山物业", "certain")
    assert owner(built, 121.508, 31.24) == ("市政公司", "certain"), "the road is narrower than the estate it crosses"
    assert owner(built, 121.505 + 8 * METRE, 31.2366) == ("燃气公司", "certain")
    assert owner(built, 121.505, 31.24) == ("市政公司", "ambiguous"), "a crossing: the lowest code, and in doubt"


def test_http_shows_lines_with_their_half_widths(built: Wangge) -> None:
    with TestClient(create_app(Settings(home=built.home)), base_url="http://127.0.0.1") as client:
        layers = {item["code"]: item for item in client.get("/v1/layers").json()["items"]}
        assert {code: item["geometry"] for code, item in layers.items()} == {
            "district": "polygon",
            "cell": "polygon",
            "estate": "polygon",
            "segment": "line",
        }
        assert not layers["estate"]["partition"]
        assert layers["segment"]["bbox"] == [121.47, 31.23, 121.51, 31.25]
        found = client.get("/v1/areas", params={"layer": "segment", "format": "geojson"}).json()["features"]
        assert [f["geometry"]["type"] for f in found] == ["MultiLineString", "MultiLineString"]
        assert [f["properties"]["half_width_m"] for f in found] == [12.0, 8.5]
        assert found[0]["geometry"]["coordinates"][0] == [list(place) for place in ZHONGSHAN]
        near = {"layer": "segment", "bbox": f"121.475,{31.24 + 11 * METRE},121.476,31.245"}
        assert [item["code"] for item in client.get("/v1/areas", params=near).json()["items"]] == ["R1"]
        near["bbox"] = f"121.475,{31.24 + 13 * METRE},121.476,31.245"
        assert client.get("/v1/areas", params=near).json()["items"] == []
        one = client.get("/v1/areas/segment/R2").json()["properties"]
        assert (one["name"], one["half_width_m"], one["duties"][0]["party"]) == ("衡山路", 8.5, "GAS")
        assert "half_width_m" not in client.get("/v1/areas/estate/E1").json()["properties"]


def test_one_segment_is_put_widened_and_taken_out(built: Wangge, tmp_path: Path) -> None:
    path = tmp_path / "r3.json"
    path.write_text(json.dumps(line((121.475, 31.23), (121.475, 31.24))), "utf-8")
    said = built.do("drafts", "put", "segment", "R3", path, "--name", "外滩路", "--half-width", "5", "--json").json
    assert said["findings"] == [], "it ends on another road, and that is no fault"
    at = ("drafts", "at", 121.475, 31.235, "--json")
    assert {"layer": "segment", "code": "R3"} in built.do(*at).json["areas"]
    path.write_text(json.dumps(line(*ZHONGSHAN)), "utf-8")
    said = built.do("drafts", "put", "segment", "R3", path, "--json").json
    assert [(found["kind"], found["codes"]) for found in said["findings"]] == [("overlap", ["R3", "R1"])]
    told = built("validate", "--json").json["findings"]
    assert [found["kind"] for found in told] == ["overlap"]
    changes = built.do("diff", "2", "draft", "--json").json["changes"]
    assert [(change["code"], change["change"]) for change in changes] == [("R3", "added")]
    built.do("drafts", "remove", "segment", "R3")
    assert built.do("diff", "2", "draft", "--json").json["changes"] == []
    said = built("drafts", "put", "cell", "C", path, "--half-width", "5")
    assert said.code == 2
    assert "road segments have half-widths" in said.all


def test_lines_and_polygons_do_not_mix(town: Wangge, tmp_path: Path) -> None:
    mixed = write_areas(tmp_path / "mixed.geojson", [({"code": "1"}, line(*HENGSHAN)), ({"code": "2"}, square(0, 0))])
    said = town("import", "segments", mixed, "--code", "code", "--commit")
    assert said.code == 1
    assert "row 2: code=2: the geometry is a Polygon: a road segment needs a LineString" in said.err
    said = town("import", "areas", mixed, "--layer", "estate", "--code", "code", "--commit")
    assert said.code == 1
    assert "row 1: code=1: the geometry is a LineString: an area needs a polygon" in said.err
    said = town("import", "segments", mixed, "--code", "code", "--half-width", "breadth")
    assert said.code == 2
    assert "there is no field 'breadth'" in said.err
    said = town("import", "segments", mixed, "--code", "code", "--half-width", "0")
    assert said.code == 2
    assert "more than 0 and at most 500" in said.err


@pytest.fixture
def base(built: Wangge) -> Iterator[str]:
    with serving(Settings(home=built.home)) as address:
        yield address


def test_the_map_draws_roads_as_lines_and_a_click_names_the_roads_owner(
    base: str, page_offline: Callable[..., OfflinePage]
) -> None:
    watched = page_offline(viewport={"width": 1280, "height": 800}, locale="zh-CN")
    page = watched.page
    page.goto(base)
    expect(page.locator("#layers")).to_contain_text("路段")
    expect(page.locator("#layers")).to_contain_text("小区楼宇")
    page.wait_for_load_state("networkidle")
    assert _pixels(watched, ROAD) > 300
    assert _pixels(watched, ESTATE_EDGE) > 100
    page.locator("#layers label", has_text="路段").locator("input").uncheck()
    page.wait_for_timeout(300)
    assert _pixels(watched, ROAD) == 0
    page.locator("#layers label", has_text="路段").locator("input").check()
    page.goto(f"{base}/#121.48,{31.24 + 5 * METRE:.6f}")
    page.reload()
    expect(page.locator("#said")).to_contain_text("由 市政公司 负责")
    expect(page.locator("#answer")).to_contain_text("中山路")
    expect(page.locator('.leaflet-answer-pane path[stroke="#d1495b"]')).to_have_count(1)
    watched.assert_clean()


ROAD = "d[i] > 150 && d[i + 1] < 110 && d[i + 2] > 80 && d[i + 2] < 160"
ESTATE_EDGE = "d[i] > 90 && d[i] < 150 && d[i + 1] < 110 && d[i + 2] > 140"


def _pixels(watched: OfflinePage, colour: str) -> int:
    """How many opaque pixels of Leaflet's canvas fit the condition on d[i], d[i + 1], d[i + 2]."""
    watched.page.wait_for_timeout(300)
    count: int = watched.page.evaluate(
        """() => { let n = 0; for (const c of document.querySelectorAll('canvas')) {
             const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
             for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 150 && COLOUR) n++; } return n; }""".replace(
            "COLOUR", colour
        )
    )
    return count
