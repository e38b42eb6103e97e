"""What the map page says of assets, relations, rulings, people and times, in a real browser with the network cut."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browsers import OfflinePage
from server.demonstration import serving
from server.settings import Settings
from smalltown import CELL, DUTIES, MATTERS, PARTIES, PEOPLE, at, duty, found_town

BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
Opened = Callable[..., OfflinePage]
ZONE = "Asia/Shanghai"


def thing(code: str, name: str, matter: str, place: tuple[float, float], owner: str = "") -> dict[str, Any]:
    lon, lat = at(*place)
    return {"code": code, "name": name, "matter": matter, "lon": lon, "lat": lat, "owner": owner}


THINGS = [
    thing("JG0001", "燃气井盖1号", "C0101", (0.5, 0.5), "GDG"),
    thing("LD0002", "路灯2号", "C0201", (6.5, 3.5), "JJD"),
    thing("LD0003", "路灯3号", "C0201", (6.55, 3.5)),
]
MORE_DUTIES = [
    *DUTIES,
    duty("D23", "office_of:street", "city", "370100", matter="E01"),
    duty("D24", "asset_owner", "city", "370100", matter="C02"),
]
ROSTER = [
    {"person_code": "P5", "kind": "shift", "from": "2027-03-01T20:00:00+08:00", "until": "2027-03-02T08:00:00+08:00"},
    {"person_code": "P1", "kind": "leave", "from": "2027-02-01", "until": "2027-02-08"},
]
RULING = duty("R1", "DMH", "cell", CELL, matter="E0101", document="裁定〔2026〕7号")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service of the small town with lamps, an office, a ruling of 2027, a shift and a leave."""
    folder = tmp_path_factory.mktemp("answers")
    people = [dict(PEOPLE[0]) | {"deputy_code": "P2"}, *PEOPLE[1:]]
    matters = [*MATTERS, {"code": "C02", "name": "道路设施"}, {"code": "C0201", "name": "路灯"}]
    town = found_town(f"sqlite:///{folder}/wangge.db", folder)
    offices = [{"relation": "office", "layer": "street", "area_code": "370102001", "party_code": "QCL"}]
    for layer in town.rows:
        town.put(layer)
    for kind, rows in (("parties", PARTIES), ("people", people), ("matters", matters), ("relations", offices)):
        town.table(kind, rows)
    town.table("duties", MORE_DUTIES)
    town.publish(accept=["warnings"], effective=BEGAN)
    town.table("assets", THINGS)
    town.table("roster", ROSTER, zone=ZONE)
    town.table("overrides", [RULING | {"from": "2027-01-01T00:00:00+08:00", "until": "2027-02-01T00:00:00+08:00"}])
    town.store.close()
    with serving(Settings(home=folder)) as address:
        yield address


def asked(opened: Opened, base: str, place: tuple[float, float], rest: str = "", **how: Any) -> OfflinePage:
    """The page with the answer at a place in the town's own units."""
    options = {"viewport": {"width": 1280, "height": 900}, "timezone_id": ZONE} | how
    watched = opened(**options)
    lon, lat = at(*place)
    watched.page.goto(f"{base}/#{lon},{lat}{rest}")
    expect(watched.page.locator("#said")).to_be_visible()
    watched.page.wait_for_load_state("networkidle")
    return watched


def click_centre(page: Page) -> str:
    """A click on the middle of the map, where the point is that was asked for; gives the question it became."""
    box = page.locator("#map").bounding_box()
    assert box
    with page.expect_response(re.compile(r"/v1/owner\?")) as answered:
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    return answered.value.url


def test_a_click_on_a_dot_asks_for_that_asset(base: str, page_offline: Opened) -> None:
    watched = asked(page_offline, base, (0.5, 0.5))
    page = watched.page
    expect(page.locator("#said")).to_contain_text("泉城物业")
    assert "asset=JG0001" in click_centre(page)
    expect(page.locator("#asset")).to_contain_text("燃气井盖1号")
    expect(page.locator("#said")).to_contain_text("管道公司")
    expect(page.locator("#source")).to_have_text("部件台账")
    expect(page.locator("#where")).to_have_value("JG0001")
    assert page.url.endswith("&asset=JG0001")
    page.reload()
    expect(page.locator("#said")).to_contain_text("管道公司")
    expect(page.locator("#where")).to_have_value("JG0001")
    watched.assert_clean()


def test_with_its_layer_off_or_from_far_away_a_dot_is_only_a_place(base: str, page_offline: Opened) -> None:
    watched = asked(page_offline, base, (0.5, 0.5))
    page = watched.page
    switch = page.locator("#layers label", has_text="部件").locator("input")
    assert "asset=JG0001" in click_centre(page)
    switch.uncheck()
    assert "asset=" not in click_centre(page)
    switch.check()
    for _ in range(3):
        page.locator(".leaflet-control-zoom-out").click()
        page.wait_for_timeout(400)
    assert "asset=" not in click_centre(page)
    expect(page.locator("#asset")).to_have_count(0)
    watched.assert_clean()


def test_more_dots_than_can_be_borne_ask_to_zoom_in(base: str, page_offline: Opened) -> None:
    watched = page_offline()
    body = {"type": "FeatureCollection", "features": [], "total": 9999, "next": "more"}
    full = json.dumps(body)
    watched.page.route(re.compile(r"/v1/assets\?.*bbox="), lambda route: route.fulfill(body=full))
    watched.page.goto(base)
    expect(watched.page.locator("#zoom-note")).to_have_text("放大以显示部件")
    watched.assert_clean()


def test_assets_close_by_are_suggested_and_a_click_means_one(base: str, page_offline: Opened) -> None:
    watched = asked(page_offline, base, (6.52, 3.5), ",C0201")
    page = watched.page
    expect(page.locator("#owner-verdict")).to_contain_text("存疑")
    expect(page.locator("#unresolved")).to_contain_text("“各产权单位”：没有指明部件")
    expect(page.locator("#nearby h3")).to_have_text("是其中之一吗？")
    rows = page.locator("#nearby button")
    assert [text.split("\n")[0] for text in rows.all_inner_texts()] == ["路灯2号LD0002", "路灯3号LD0003"]
    expect(rows.nth(1)).to_contain_text("未登记产权单位")
    rows.nth(0).click()
    expect(page.locator("#said")).to_contain_text("交警支队")
    expect(page.locator("#said")).to_be_focused()
    expect(page.locator("#nearby")).to_have_count(0)
    watched.assert_clean()


def test_an_asset_is_found_by_the_number_that_was_typed(base: str, page_offline: Opened) -> None:
    watched = page_offline()
    page = watched.page
    page.goto(base)
    page.fill("#where", " LD０００３ ")
    page.fill("#matter", "C0201")
    page.click(".go")
    expect(page.locator("#asset")).to_contain_text("路灯3号")
    expect(page.locator("#unresolved")).to_contain_text("未登记产权单位")
    page.fill("#where", "LD9999")
    page.click(".go")
    expect(page.locator("#where-note")).to_have_text("没有找到这个地址或部件编号。")
    watched.assert_clean()


def test_a_relation_is_told_as_the_list_has_it_and_as_it_is_here(base: str, page_offline: Opened) -> None:
    watched = asked(page_offline, base, (2.5, 1.5), ",E0101")
    page = watched.page
    expect(page.locator("#relation")).to_contain_text("“所属街道办” → 泉城路街道办")
    lost = asked(page_offline, base, (2.5, 3.5), ",E0101")
    expect(lost.page.locator("#unresolved")).to_contain_text("“所属街道办”：此处没有登记这一单位")
    watched.assert_clean()
    lost.assert_clean()


def test_as_of_a_time_is_said_and_left_again(base: str, page_offline: Opened) -> None:
    watched = asked(page_offline, base, (0.2, 0.2), ",C0101")
    page = watched.page
    expect(page.locator("#as-of")).to_have_count(0)
    expect(page.locator("#person")).to_have_text("燃气值班室 · 值班室按岗位")
    page.fill("#at", "2027-03-01T21:30")
    page.click(".go")
    expect(page.locator("#as-of")).to_contain_text("2027-03-01 21:30")
    expect(page.locator("#person")).to_have_text("赵敏 · 工作人员当班，至 2027-03-02 08:00")
    assert "&at=2027-03-01T13%3A30%3A00.000Z" in page.url
    page.reload()
    expect(page.locator("#at")).to_have_value("2027-03-01T21:30")
    expect(page.locator("#person")).to_contain_text("赵敏")
    page.locator("#as-of button").click()
    expect(page.locator("#as-of")).to_have_count(0)
    expect(page.locator("#person")).to_contain_text("燃气值班室")
    expect(page.locator("#at")).to_have_value("")
    assert "at=" not in page.url
    watched.assert_clean()


def test_a_ruling_tells_its_end_and_a_deputy_for_whom(base: str, page_offline: Opened) -> None:
    ruled = asked(page_offline, base, (0.9, 0.9), ",E0101&at=2027-01-05T00:00:00Z")
    expect(ruled.page.locator("#source")).to_have_text("裁定 · 至 2027-02-01 00:00")
    away = asked(page_offline, base, (0.9, 0.9), "&at=2027-02-03T00:00:00Z")
    expect(away.page.locator("#person")).to_have_text(re.compile(r"李强 · 负责人代 .+ 值守，至 2027-02-08 00:00"))
    ruled.assert_clean()
    away.assert_clean()


@pytest.mark.parametrize("width", [400, 1280])
def test_in_english_who_supports_which_snapshots_and_no_phone(base: str, page_offline: Opened, width: int) -> None:
    shape = {"width": width, "height": 900}
    watched = asked(page_offline, base, (0.5, 0.5), ",C0101&asset=JG0001", viewport=shape)
    page = watched.page
    page.click("#language")
    expect(page.locator("#said")).to_have_text("管道公司 is responsible")
    expect(page.locator("#source")).to_have_text("Asset record")
    expect(page.locator("#answer")).to_contain_text("Supporting")
    expect(page.locator("#answer")).to_contain_text("交警支队")
    expect(page.locator("#versions")).to_have_text(
        re.compile(r"release 1 · version 1 · roster \d · assets 1 · rulings and plans 1")
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not re.search(r"1000000000\d", page.content())
    watched.assert_clean()
