"""Tables as offices send them."""

import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gis.errors import BadFile, BadInput
from gis.files.tables import open_table
from gis.files.writers import write_table

STREETS = {"街道": ["外滩街道", "豫园街道"], "code": ["010", "020"]}


def rows(path: Path, **options: Any) -> list[tuple[int, dict[str, str | None]]]:
    """Each record with its row number."""
    return [
        (batch.first_row + place, dict(zip(batch.columns, cells, strict=True)))
        for batch in open_table(path, **options)
        for place, cells in enumerate(zip(*batch.columns.values(), strict=True))
    ]


def csv(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    return path


def workbook(path: Path, *records: list[Any], sheet: str = "案件") -> Path:
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    for record in records:
        page.append(record)
    book.create_sheet("第二").append(["only"])
    book.save(path)
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.parquet"])
def test_chinese_comes_back_from_every_format(tmp_path, name):
    write_table(tmp_path / name, STREETS)
    assert open_table(tmp_path / name).fields == ["街道", "code"]
    assert rows(tmp_path / name) == [(2, {"街道": "外滩街道", "code": "010"}), (3, {"街道": "豫园街道", "code": "020"})]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_in_its_encodings_and_delimiters(tmp_path, encoding, delimiter):
    path = csv(tmp_path, f'街道{delimiter}"a,b;c"\r\n 外滩街道 {delimiter}\r\n', encoding)
    assert rows(path) == [(2, {"街道": "外滩街道", "a,b;c": None})]


def test_gb18030_that_begins_megabytes_into_the_file_is_seen(tmp_path):
    path = csv(tmp_path, "a,b\n" + f"1,{'x' * 100}\n" * 20_000 + "外滩,豫园\n", "gb18030")
    *_, last = open_table(path)
    assert (last.columns["a"][-1], last.columns["b"][-1]) == ("外滩", "豫园")


def test_rows_are_numbered_as_in_a_spreadsheet(tmp_path):
    path = csv(tmp_path, 'a,b\n1,"two\nlines"\n\n,\n5,x\n6,y\n')
    assert [(row, record["a"]) for row, record in rows(path)] == [(2, "1"), (5, "5"), (6, "6")]
    assert rows(path)[0][1]["b"] == "two\nlines"
    assert [batch.first_row for batch in open_table(path, batch_rows=1)] == [2, 5, 6]
    book = workbook(tmp_path / "a.xlsx", ["a"], [1], [], [None], [5])
    assert [(row, record["a"]) for row, record in rows(book)] == [(2, "1"), (5, "5")]


def test_workbook_cells_read_as_a_person_sees_them(tmp_path):
    day = datetime.datetime(2026, 11, 22)
    cells = [310101.0, 121.48, "007", day, day.replace(hour=8), True, "  ", None]
    path = workbook(tmp_path / "a.xlsx", list("abcdefgh"), cells)
    texts = ["310101", "121.48", "007", "2026-11-22", "2026-11-22T08:00:00", "true", None, None]
    assert list(rows(path)[0][1].values()) == texts


def test_parquet_values_are_stripped_and_binary_is_left_out(tmp_path):
    table = pa.table({"n": [310101.0, None], "t": [" a ", " "], "wkb": [b"x", b"y"]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert rows(tmp_path / "a.parquet") == [(2, {"n": "310101", "t": "a"}), (3, {"n": None, "t": None})]
    assert open_table(tmp_path / "a.parquet").total == 2


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.parquet"])
def test_only_the_fields_asked_for_are_read_and_missing_ones_named(tmp_path, name):
    write_table(tmp_path / name, STREETS)
    assert rows(tmp_path / name, fields=["code"])[1] == (3, {"code": "020"})
    with pytest.raises(BadInput, match=r"did you mean 'code'.*街道, code"):
        open_table(tmp_path / name, fields=["Code "])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n1,2,3\n", "row 3: 3 cells, but row 1 has 2"),
        ("a,b\n1\n", "row 2: 1 cells"),
        ('a,b\n1,2\n"1,2\n3,4\n', "row 3 is no valid CSV"),
        ('a,b\n"1"号,2\n', "row 2 is no valid CSV"),
        (f"a,b\n1,{'x' * 140_000}\n", "row 2 is no valid CSV"),
        ("a,b,a\n1,2,3\n", "'a' occurs twice"),
        ("a,,c\n1,2,3\n", "column 2 has no name"),
        ("a,b,\n1,2,\n1,2,3\n", "row 3: '3' stands in column 3, which has no name"),
        ("\na,b\n", "row 1 is empty"),
    ],
)
def test_csv_that_breaks_a_rule_is_refused_with_its_row(tmp_path, text, said):
    with pytest.raises(BadInput, match=said):
        rows(csv(tmp_path, text))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"a,b\n1,\x002\n", "NUL at byte 6"),
        ("a.csv", "a,b\n".encode("utf-16"), "UTF-16"),
        ("a.csv", b"a\n\xff\xff\n", "neither UTF-8 nor GB18030"),
        ("a.xlsx", b"PK\x03\x04 and no more", "damaged"),
        ("a.parquet", b"PAR1 and no more PAR1", "damaged"),
    ],
)
def test_binary_and_damaged_files_are_bad_files(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadFile, match=said):
        rows(tmp_path / name)


@pytest.mark.parametrize("name", ["a.xlsx", "a.parquet"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.99])
def test_a_table_cut_short_is_never_fewer_rows(tmp_path, name, kept):
    path = tmp_path / name
    write_table(path, {"n": [str(n) for n in range(3000)]})
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(BadFile):
        rows(path)


def test_a_workbook_damaged_inside_is_a_bad_file(tmp_path):
    path = tmp_path / "a.xlsx"
    write_table(path, {"n": [str(n * n) for n in range(3000)]})
    content = bytearray(path.read_bytes())
    at = content.index(b"xl/worksheets/sheet1.xml") + 3000
    content[at : at + 40] = bytes(40)
    path.write_bytes(content)
    with pytest.raises(BadFile):
        rows(path)


def test_the_first_sheet_is_read_unless_another_is_named(tmp_path):
    path = workbook(tmp_path / "a.xlsx", ["a"], [1])
    assert open_table(path).fields == ["a"]
    assert open_table(path, sheet="第二").fields == ["only"]
    with pytest.raises(BadInput, match="案件, 第二"):
        open_table(path, sheet="第三")
    with pytest.raises(BadInput, match=r"only \.xlsx has sheets"):
        open_table(csv(tmp_path, "a\n"), sheet="第二")


def test_unnamed_columns_at_the_end_of_a_sheet_are_left_out_when_empty(tmp_path):
    path = workbook(tmp_path / "a.xlsx", ["a", "b", None], [1, None, None], [2, 3, "", None])
    assert rows(path) == [(2, {"a": "1", "b": None}), (3, {"a": "2", "b": "3"})]
    path = workbook(tmp_path / "b.xlsx", ["a"], [1, "stray"])
    with pytest.raises(BadInput, match="row 2: 2 cells"):
        rows(path)


def test_a_table_of_a_header_alone_has_no_records(tmp_path):
    assert rows(csv(tmp_path, "a,b")) == []
