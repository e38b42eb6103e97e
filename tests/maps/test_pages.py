"""The heat page, as text and in a real browser with the network cut."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import h3.api.numpy_int as h3
import numpy as np
import pytest
from shapely.geometry import LineString, Polygon, box

from browsers import OfflinePage
from gis.errors import BadInput
from maps.heat import Heat, heat_counts
from maps.pages import Outline, heat_page

VENDOR = Path(__file__).parents[2] / "server/web/vendor"
HOSTILE = "历下区<script>window.hit=1</script> src=//x.y `${window.hit=1}` {{7*7}} '\"&"
LIXIA = Outline("历下区", box(116.99, 36.63, 117.06, 36.69))

pytestmark = pytest.mark.skipif(not VENDOR.is_dir(), reason="the web assets have not been fetched")


def city_heat(reports: int = 3000, resolution: int = 9) -> Heat:
    random = np.random.default_rng(11)
    points = random.normal([36.66, 117.02], [0.01, 0.015], (reports, 2))
    cells = np.array([h3.latlng_to_cell(lat, lng, 12) for lat, lng in points], dtype=np.uint64)
    return heat_counts(cells, resolution)


def page_of(heat: Heat, *, title: str = "案件热力图", outlines: tuple[Outline, ...] = (LIXIA,)) -> str:
    return heat_page(heat, title=title, subtitle="2026年11月", assets=VENDOR, outlines=outlines)


def test_the_total_on_the_page_is_the_number_of_reports() -> None:
    page = page_of(city_heat(1234))
    assert '<span id="heat-total">1234</span>' in page
    found = re.search(r'<script type="application/json" id="heat-data">(.*?)</script>', page, re.DOTALL)
    assert found
    data = json.loads(found.group(1))
    assert data["total"] == sum(data["counts"]) == 1234
    assert len(data["cells"]) == len(data["counts"])
    assert h3.get_resolution(h3.str_to_int(data["cells"][0])) == data["resolution"] == 9


def test_labels_come_in_both_languages() -> None:
    heat = city_heat(50)
    for language, lang, labels in (
        ("zh", "zh-CN", ("合计", "每个六边形的案件数", "平均边长 201 米")),
        ("en", "en", ("Total", "Reports per hexagon", "average edge 201 m")),
    ):
        page = heat_page(heat, title="t", subtitle="s", assets=VENDOR, language=language)  # type: ignore[arg-type]
        assert f'<html lang="{lang}">' in page
        assert all(label in page for label in labels)
    with pytest.raises(BadInput, match="language"):
        heat_page(heat, title="t", subtitle="s", assets=VENDOR, language="fr")  # type: ignore[arg-type]


def test_text_of_users_is_only_text() -> None:
    page = page_of(city_heat(50), title=HOSTILE, outlines=(Outline(HOSTILE, LIXIA.shape),))
    assert "<script>window" not in page
    assert "49" not in re.sub(r"heat-data.*", "", page.split("</head>")[1].split("<ul>")[0])


def test_ten_thousand_hexagons_make_a_page_that_can_be_mailed() -> None:
    cells = np.array(sorted(h3.grid_disk(h3.latlng_to_cell(36.66, 117.02, 10), 58)), dtype=np.int64)
    assert cells.size > 10_000
    page = page_of(Heat(cells, np.arange(1, cells.size + 1, dtype=np.int64), 10))
    assert len(page) < 5_000_000


def opened(page_offline: Callable[..., OfflinePage], folder: Path, page: str) -> OfflinePage:
    file = folder / "heat.html"
    file.write_text(page, encoding="utf-8")
    opened = page_offline(viewport={"width": 1280, "height": 800}, locale="zh-CN")
    opened.page.goto(file.as_uri())
    return opened


INKED = """() => [...document.querySelectorAll('canvas')].reduce((all, canvas) => all + canvas.getContext('2d')
    .getImageData(0, 0, canvas.width, canvas.height).data.filter((value, i) => i % 4 === 3 && value > 0).length, 0)"""


@pytest.mark.chromium
def test_in_the_browser_without_a_network(page_offline: Callable[..., OfflinePage], tmp_path: Path) -> None:
    seen = opened(page_offline, tmp_path, page_of(city_heat()))
    assert seen.page.evaluate(INKED) > 20_000, "hexagons are drawn"
    assert seen.page.locator("#heat-total").inner_text() == "3000"
    legend = seen.page.locator(".heat-legend")
    assert legend.is_visible()
    assert legend.locator("li").count() >= 4
    assert "每个六边形的案件数" in legend.inner_text()
    assert "km" in seen.page.locator(".leaflet-control-scale").inner_text()
    seen.page.mouse.click(640, 400)
    assert "案件数" in seen.page.locator(".leaflet-popup").inner_text()
    assert seen.page.locator(".leaflet-control-attribution").count() == 0
    seen.assert_clean()


@pytest.mark.chromium
def test_no_reports_say_so(page_offline: Callable[..., OfflinePage], tmp_path: Path) -> None:
    road = Outline("泉城路", LineString([(116.99, 36.66), (117.06, 36.67)]))
    for outlines in ((), (LIXIA,), (Outline("空", Polygon()),), (LIXIA, road)):
        seen = opened(page_offline, tmp_path, page_of(city_heat(0), outlines=outlines))
        assert "暂无案件" in seen.page.locator(".heat-empty").inner_text()
        assert seen.page.locator("#heat-total").inner_text() == "0"
        assert seen.page.locator(".heat-legend").count() == 0
        seen.assert_clean()


@pytest.mark.chromium
def test_hostile_names_are_shown_and_do_nothing(page_offline: Callable[..., OfflinePage], tmp_path: Path) -> None:
    outlines = (Outline(HOSTILE, LIXIA.shape), Outline(HOSTILE, box(117.06, 36.63, 117.1, 36.69)))
    seen = opened(page_offline, tmp_path, page_of(city_heat(200), title=HOSTILE, outlines=outlines))
    assert seen.page.locator("h1").inner_text() == HOSTILE
    assert seen.page.title() == HOSTILE
    names = seen.page.locator(".leaflet-control-layers-overlays label").all_inner_texts()
    assert [name.strip() for name in names] == [HOSTILE, f"{HOSTILE} (2)"]
    assert seen.page.evaluate("window.hit") is None
    seen.assert_clean()
