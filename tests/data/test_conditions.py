"""A city's class table is read as written; what cannot be read is a finding, not a guess."""

from pathlib import Path

import pytest

from data.conditions import COLUMNS, Limit, class_table, parse_limit, read_conditions
from gis.errors import BadFile


def row(**over: str) -> dict[str, str]:
    plain = ("部件", "1", "公用设施", "1", "上水井盖", "甲公司、各产权单位", "城管局", "缺失", "恢复", "2紧急工作时")
    return dict(zip(COLUMNS, plain, strict=True)) | over


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("2紧急工作时", Limit(2, "紧急工作时")),
        (" 4 工作时", Limit(4, "工作时")),
        ("15自然日", Limit(15, "自然日")),
        ("4小时", Limit(4, "小时")),
        ("3天", Limit(3, "工作日")),
        ("1紧急工作时制止", Limit(1, "紧急工作时", "制止")),
        ("2紧急工作日", None),
        ("修复", None),
        ("三天", None),
        ("", None),
    ],
)
def test_a_limit_is_a_number_of_a_known_unit(text: str, limit: Limit | None) -> None:
    assert parse_limit(text) == limit


def test_the_city_says_what_hours_and_days_mean() -> None:
    assert parse_limit("4小时", {"小时": "工作时"}) == Limit(4, "工作时")
    assert parse_limit("3天", {"天": "自然日"}) == Limit(3, "自然日")
    assert parse_limit("3天", {}) is None


def test_one_condition_stands_on_the_minor_and_several_below_it() -> None:
    table = class_table(
        [row(), row(file_condition="破损", limit="1天"), row(kind="事件", minor_code="02", minor_name="积存渣土")]
    )
    assert [(m.code, m.parent_code, m.time_limit) for m in table.matters] == [
        ("C01", "", ""),
        ("C0101", "C01", ""),
        ("C010101", "C0101", "2紧急工作时"),
        ("C010102", "C0101", "1工作日"),
        ("E01", "", ""),
        ("E0102", "E01", "2紧急工作时"),
    ]
    assert [handler.matter for handler in table.handlers] == ["C010101", "C010102", "E0102"]
    assert table.handlers[0].handler == "甲公司、各产权单位"
    assert table.findings == ()


def test_dirty_limits_are_warnings_by_row() -> None:
    table = class_table([row(limit="1紧急工作时制止"), row(limit="2紧急工作日"), row(limit="")])
    assert [(f.kind, f.severity, f.row, f.value) for f in table.findings] == [
        ("dirty_limit", "warning", 2, "1紧急工作时制止"),
        ("bad_limit", "warning", 3, "2紧急工作日"),
        ("bad_limit", "warning", 4, ""),
    ]
    assert [m.time_limit for m in table.matters[2:]] == ["1紧急工作时", "", ""]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "其他"},
        {"major_code": ""},
        {"minor_code": "123"},
        {"minor_code": "²"},
        {"minor_name": "别名"},
        {"major_name": "别名"},
    ],
)
def test_a_row_that_fits_nowhere_is_an_error_and_left_out(wrong: dict[str, str]) -> None:
    table = class_table([row(), row(**wrong)])
    assert [(f.kind, f.severity, f.row) for f in table.findings] == [("bad_class", "error", 3)]
    assert len(table.matters) == 2


def test_more_conditions_than_the_code_can_count_are_refused() -> None:
    table = class_table([row()] * 100)
    assert [f.row for f in table.findings] == [101]
    assert table.matters[-1].code == "C010199"


def test_a_file_without_a_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "classes.csv"
    path.write_text("kind,major_code\n部件,1\n", encoding="utf-8")
    with pytest.raises(BadFile, match="limit"):
        read_conditions(path)


def test_the_real_table_of_519_conditions_is_read_whole(real_dir: Path) -> None:
    table = read_conditions(real_dir / "standards" / "conditions_519.csv")
    assert len(table.handlers) == 519
    minors = [m.code for m in table.matters if len(m.code) == 5]
    assert sum(code.startswith("C") for code in minors) == 92
    assert sum(code.startswith("E") for code in minors) == 98
    assert len([m for m in table.matters if m.parent_code == "C0101"]) == 4
    assert [(f.kind, f.value) for f in table.findings if f.kind == "dirty_limit"] == [
        ("dirty_limit", "1紧急工作时制止")
    ]
    assert {f.value for f in table.findings if f.kind == "bad_limit"} == {"1紧急工作日", "2紧急工作日"}
