"""The matrix page, as text and in a real browser with the network cut."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from time import perf_counter

import pytest

from blocks import PARTIES, boxes, city
from browsers import OfflinePage
from gis.errors import BadInput
from grids.content import Content, Duty, Layer, Matter
from grids.matrix import STATES, Matrix, matrix_of
from maps.matrix import MOST_ENTRIES, matrix_page
from maps.outside import outside_links

DUTIES = (
    Duty("D1", "A", "district", "district0000"),
    Duty("D2", "B", "street", "street0000", "C0101"),
    Duty("D3", "C", "cell", "cell0200", "E"),
    Duty("D4", "D", "street", "street0300", "E0101"),
    Duty("D5", "E", "street", "street0300", "E0101"),
    Duty("D6", "F", "cell", "cell0400", "C"),
    Duty("D7", "B", "zone", "Z1", "E"),
)
HOSTILE = "泉城路<script>window.hit=1</script>\"'&"


def small() -> Matrix:
    return matrix_of(city(duties=DUTIES), "street", "leaves")


def wide(majors: int, minors: int, side: int) -> Matrix:
    """So many matters over side x side streets, with some of every state."""
    streets = boxes(Layer("street", "街道", kind="street", rank=30), side, 0.01)
    streets = replace(streets, names=tuple(f"第{n + 1}街道办事处" for n in range(len(streets))))
    cells = boxes(Layer("cell", kind="cell", rank=60, parent="street", is_cell=True), side * 3, 0.01 / 3, "street", 3)
    above = [
        Matter(f"{n:02d}", name)
        for n, name in zip(range(majors), "公用交通市容园林其他扩展街面施工环卫" * 2, strict=False)
    ]
    leaves = [Matter(f"{m.code}{n:02d}", f"{m.name}类第{n + 1}项", parent=m.code) for m in above for n in range(minors)]
    by = Random(3)
    duties = [
        Duty(f"A{n}", by.choice("ABC"), "street", code) for n, code in enumerate(streets.codes) if by.random() < 0.8
    ]
    for n in range(len(streets) * 6):
        matter, street = by.choice([*above, *leaves]).code, by.choice(streets.codes)
        duties.append(Duty(f"B{n}", by.choice("ABCDEF"), "street", street, matter))
        duties.append(Duty(f"C{n}", by.choice("DEF"), "cell", by.choice(cells.codes), by.choice(above).code))
    matters = {matter.code: matter for matter in (*above, *leaves)}
    content = Content({"street": streets, "cell": cells}, PARTIES, matters, tuple(duties))
    return matrix_of(content, "street", "leaves")


def test_each_entry_is_coloured_and_tells_whose_it_is() -> None:
    page = matrix_page(small(), "矩阵", "版本 1")
    classes = re.findall(r'<td class="s (\w+)', page)
    assert len(classes) == 4 * 16
    assert {state: classes.count(state) for state in STATES} == {
        state: int(small().among(state).sum()) for state in STATES
    }
    assert "燃气井盖 · street0000\n指明事项者负责 a duty names the matter\n单位B B · 职责 duty D2" in page
    assert "无人 nobody 3 / 4" in page
    assert "有例外 with exceptions" in page


def test_totals_stand_on_both_sides_and_agree() -> None:
    matrix = small()
    page = matrix_page(matrix, "矩阵", "")
    body, foot = page.split("<tbody>")[1].split("</tbody>")
    in_rows = [
        int(n or 0) for n in re.findall(r'<td class="sum[^"]*">(\d*)</td><td class="sum[^"]*">\d*</td></tr>', body)
    ]
    in_columns = [int(n or 0) for n in re.findall(r'<td class="area[^"]*">(\d*)</td>', foot)[: len(matrix.codes)]]
    holes = int(matrix.among("nobody", "partly").sum())
    assert sum(in_rows) == sum(in_columns) == holes > 0
    assert f'<td class="sum bad">{holes}</td>' in foot


def test_the_legend_is_in_both_languages() -> None:
    page = matrix_page(small(), "矩阵", "")
    for words in ("无人负责 nobody", "部分无人负责 nobody in a part of it", "全部事项兜底", "主责并列 two leads tie"):
        assert words in page


def test_text_of_users_is_only_text_and_nothing_is_asked_from_outside() -> None:
    matrix = small()
    hostile = replace(matrix, names=(HOSTILE,) * len(matrix.names), parties=((HOSTILE, HOSTILE),) * len(matrix.parties))
    page = matrix_page(hostile, HOSTILE, HOSTILE)
    assert "<script" not in page
    assert outside_links(page) == []


def test_what_no_page_can_show_is_refused_with_a_way_out() -> None:
    matrix = wide(1, 1, 2)
    many = replace(matrix, matters=matrix.matters * MOST_ENTRIES)
    object.__setattr__(many, "__dict__", {**many.__dict__, "states": many.states.repeat(MOST_ENTRIES, axis=0)})
    with pytest.raises(BadInput, match=r"write it as \.csv"):
        matrix_page(many, "", "")


def shown(page_offline: Callable[..., OfflinePage], file: Path, matrix: Matrix) -> OfflinePage:
    file.write_text(matrix_page(matrix, "事项 × 区域 责任矩阵", "版本 Version 3"), encoding="utf-8")
    opened = page_offline(viewport={"width": 1500, "height": 900}, locale="zh-CN")
    opened.page.goto(file.as_uri())
    opened.assert_clean()
    return opened


@pytest.mark.chromium
@pytest.mark.parametrize(("majors", "minors", "side"), [(3, 4, 6), (12, 10, 14)])
def test_heads_stay_in_sight_and_holes_jump_out(
    page_offline: Callable[..., OfflinePage], tmp_path: Path, majors: int, minors: int, side: int
) -> None:
    start = perf_counter()
    opened = shown(page_offline, tmp_path / "matrix.html", wide(majors, minors, side))
    assert perf_counter() - start < 30
    page = opened.page
    assert page.locator("td.s").count() == (majors * minors + 1) * side * side
    page.locator(".frame").evaluate("f => f.scrollTo(f.scrollWidth / 3, f.scrollHeight / 3)")
    frame, head, corner = (page.locator(where).first.bounding_box() for where in (".frame", "thead th", "th.corner"))
    assert frame is not None
    assert head is not None
    assert corner is not None
    assert (head["y"], corner["x"]) == (frame["y"], frame["x"])
    total = page.locator("tfoot .sum.bad").last.bounding_box()
    assert total is not None
    assert total["y"] + total["height"] <= frame["y"] + frame["height"] + 1
    hole = page.locator("td.nobody").first
    assert hole.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(200, 30, 30)"
    assert hole.inner_text() == "✕"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
