"""The pages in a real browser with the network cut."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from browsers import OfflinePage
from server.demonstration import Demo, serving


@pytest.fixture(scope="module")
def base(demo: Demo) -> Iterator[str]:
    with serving(demo.settings) as address:
        yield address


def test_a_click_on_the_map_is_answered_in_words(base: str, page_offline: Callable[..., OfflinePage]) -> None:
    watched = page_offline(viewport={"width": 1280, "height": 800}, locale="zh-CN")
    page = watched.page
    page.goto(base)
    expect(page.locator("#layers")).to_contain_text("单元网格")
    expect(page.locator("#layers")).to_contain_text("部件")
    page.wait_for_load_state("networkidle")
    page.mouse.click(800, 430)
    expect(page.locator("#said")).to_contain_text("负责")
    expect(page.locator("#cell-verdict")).to_contain_text(re.compile("确定|存疑"))
    expect(page.locator("#owner-verdict")).to_contain_text(re.compile("确定|存疑"))
    assert re.search(r"#\d+\.\d+,\d+\.\d+", page.url)
    watched.assert_clean()


def test_a_typed_point_a_matter_and_an_accuracy(
    base: str, page_offline: Callable[..., OfflinePage], demo: Demo
) -> None:
    watched = page_offline(viewport={"width": 1280, "height": 800})
    page = watched.page
    page.goto(base)
    page.fill("#where", "118.0005，31.0005")
    page.fill("#accuracy", "200")
    page.fill("#matter", "C0105")
    page.click(".go")
    expect(page.locator("#cell-verdict")).to_contain_text("存疑")
    expect(page.locator("body")).to_contain_text("燃气")
    watched.assert_clean()


def test_a_typed_address_is_found(base: str, page_offline: Callable[..., OfflinePage], demo: Demo) -> None:
    address = demo.files["addresses"].read_text("utf-8-sig").splitlines()[5].split(",")[0]
    watched = page_offline()
    page = watched.page
    page.goto(base)
    page.fill("#where", address)
    page.click(".go")
    page.wait_for_selector("#said, #addresses button")
    if page.locator("#addresses button").count():
        page.locator("#addresses button").first.click()
    expect(page.locator("#said")).to_contain_text("负责")
    watched.assert_clean()


def test_who_asks_before_the_layers_are_there_is_answered(base: str, page_offline: Callable[..., OfflinePage]) -> None:
    page = page_offline().page
    layers, answers = list[Route](), list[Route]()
    page.route("**/v1/layers", lambda route: layers.append(route))
    page.route("**/v1/owner?**", lambda route: answers.append(route))
    page.goto(base)
    page.fill("#where", "118.0, 31.0")
    page.click(".go")
    for held in (layers, answers):
        page.wait_for_timeout(300)
        for route in held:
            route.continue_()
    expect(page.locator("#said")).to_be_visible()


def test_outside_the_city_says_so(base: str, page_offline: Callable[..., OfflinePage]) -> None:
    watched = page_offline()
    watched.page.goto(f"{base}/#121.47,31.23")
    expect(watched.page.locator("#cell-verdict")).to_contain_text("界外")
    expect(watched.page.locator("#owner-verdict")).to_contain_text("无主")
    watched.assert_clean()


@pytest.mark.parametrize("shape", [{"width": 1280, "height": 800}, {"width": 390, "height": 800}])
def test_the_heat_page_shows_hexagons_a_legend_and_chinese(
    base: str, page_offline: Callable[..., OfflinePage], shape: dict[str, int]
) -> None:
    watched = page_offline(viewport=shape)
    watched.page.goto(f"{base}/heat?resolution=8")
    expect(watched.page.locator("#heat-total")).to_contain_text("500")
    expect(watched.page.locator("body")).to_contain_text("每个六边形的案件数")
    assert _coloured_pixels(watched) > 500
    watched.assert_clean()


def test_the_heat_file_opens_from_disk(demo: Demo, page_offline: Callable[..., OfflinePage]) -> None:
    watched = page_offline()
    watched.page.goto((Path(demo.settings.home) / "heat.html").as_uri())
    expect(watched.page.locator("#heat-total")).to_contain_text("500")
    assert _coloured_pixels(watched) > 500
    watched.assert_clean()


def test_the_api_page_lists_the_owner_call(base: str, page_offline: Callable[..., OfflinePage]) -> None:
    watched = page_offline()
    watched.page.goto(f"{base}/docs")
    expect(watched.page.locator("#operations-owner-owner_v1_owner_get")).to_be_visible()
    watched.assert_clean()


def _coloured_pixels(watched: OfflinePage) -> int:
    """How many pixels of Leaflet's canvas are warm: red well above blue."""
    watched.page.wait_for_timeout(300)
    count: int = watched.page.evaluate(
        """() => { let n = 0; for (const c of document.querySelectorAll('canvas')) {
             const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
             for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 0 && d[i] > d[i + 2] + 40) n++; } return n; }"""
    )
    return count
