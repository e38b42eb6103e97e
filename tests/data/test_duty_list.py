"""Handlers as cities write them become units and relations; what does not is told by its row, never dropped."""

from pathlib import Path

import pytest

from data.conditions import COLUMNS, ClassTable, class_table
from data.duty_list import duty_list, read_words, write_duty_list
from data.handlers import meanings
from gis.errors import BadFile

CITY = ("city", "370100")


def table(*handlers: str, **over: str) -> ClassTable:
    """Conditions of one minor, one for each handler."""
    plain = ("部件", "1", "公用设施", "1", "上水井盖", "", "城管局", "缺失", "恢复", "2紧急工作时")
    return class_table([dict(zip(COLUMNS, plain, strict=True)) | {"handler": h} | over for h in handlers])


@pytest.mark.parametrize(
    ("handler", "parties"),
    [
        ("住房和城乡建设局", ["住房和城乡建设局"]),
        ("工业和信息化局、文化和旅游局", ["工业和信息化局", "文化和旅游局"]),
        ("人力资源和社会保障局和水务局", ["人力资源和社会保障局", "水务局"]),
        ("市城管局；属地街道办事处", ["市城管局", "office_of:street"]),
        ("区城管局/镇街", ["city_management_of:district", "office_of:street"]),
        ("各乡镇（街道）", ["office_of:street"]),
        ("乡镇人民政府、街道办事处", ["office_of:street"]),
        ("权属单位", ["asset_owner"]),
        ("市容环卫中心及各产权单位", ["市容环卫中心", "asset_owner"]),
        ("中心甲局、及各产权单位", ["中心甲局", "asset_owner"]),
        ("属地行政执法和环卫部门", ["enforcement_of:district", "sanitation_of:district"]),
        ("属地行政执法部门和和环卫部门", ["enforcement_of:district", "sanitation_of:district"]),
        ("属地街道办和市城管局", ["office_of:street", "市城管局"]),
        ("和平区政府、区政府、市政府", ["和平区政府", "government_of:district", "市政府"]),
        ("县（市、区）政府", ["government_of:district"]),
        ("村（居）委会，物业公司", ["committee_of:community", "property_of:estate"]),
        ("城管局（含环卫处、市政处），电力公司等", ["城管局（含环卫处、市政处）", "电力公司"]),
        ("河道管理部门", ["河道管理部门"]),
        ("区域发展公司", ["区域发展公司"]),
        ("甲局、甲局", ["甲局"]),
        ("", []),
    ],
)
def test_a_handler_lists_units_and_relations(handler: str, parties: list[str]) -> None:
    assert [meaning.party for meaning in meanings(handler)] == parties


@pytest.mark.parametrize("text", ["使用单位", "施工单位", "各报业企业", "供气", "业主", "区民政局", "属地养蜂部门"])
def test_what_names_no_unit_is_left_unread(text: str) -> None:
    assert [(meaning.kind, meaning.party) for meaning in meanings(text)] == [("unread", None)]


def test_the_city_says_itself_what_a_part_means() -> None:
    words = {"各报业企业": "BYJT", "养蜂员": "beekeeper_of:community"}
    told = meanings("各报业企业、养蜂员", words)
    assert [(meaning.kind, meaning.party) for meaning in told] == [
        ("unit", "BYJT"),
        ("relation", "beekeeper_of:community"),
    ]


def test_the_first_leads_and_the_others_support() -> None:
    found = duty_list(table("甲局、所属街办、各产权单位"), CITY, document="表.csv")
    assert [(d.code, d.party_code, d.role, d.priority) for d in found.duties] == [
        ("C0101-1", "甲局", "lead", 0),
        ("C0101-2", "office_of:street", "support", -1),
        ("C0101-3", "asset_owner", "support", -2),
    ]
    assert (found.duties[0].name, found.duties[0].document) == ("甲局、所属街办、各产权单位", "表.csv 第2行")
    assert found.relations == ("office_of:street",)


def test_behind_an_owner_that_most_places_lack_the_second_leads_too() -> None:
    for handler in ("各产权单位、甲局、乙局", "物业公司、甲局、乙局"):
        led = [(d.role, d.priority) for d in duty_list(table(handler), CITY).duties]
        assert led == [("lead", 0), ("lead", -1), ("support", -2)]


def test_conditions_that_agree_share_the_duties_of_their_minor() -> None:
    together = duty_list(table("甲局", "甲局"), CITY)
    assert [(d.matter, d.document) for d in together.duties] == [("C0101", "第2、3行")]
    apart = duty_list(table("甲局", "乙局"), CITY)
    assert [(d.matter, d.party_code) for d in apart.duties] == [("C010101", "甲局"), ("C010102", "乙局")]


def test_what_cannot_be_read_is_listed_row_by_row() -> None:
    found = duty_list(table("甲局", "供气、甲局", "", "线缆部门"), CITY)
    assert [(f.kind, f.row, f.value, f.codes) for f in found.findings] == [
        ("unread_handler", 3, "供气", ("C010102",)),
        ("no_handler", 4, "", ("C010103",)),
        ("vague_handler", 5, "线缆部门", ("C010104",)),
    ]
    assert [d.party_code for d in found.duties] == ["甲局", "甲局", "线缆部门"]


def test_the_list_of_words_is_written_corrected_and_read_again(tmp_path: Path) -> None:
    classes = table("市甲局、供气", "甲局")
    paths = write_duty_list(classes, duty_list(classes, CITY), tmp_path / "out")
    assert read_words(paths["words"]) == {"市甲局": "市甲局", "甲局": "甲局"}
    paths["words"].write_text("handler,means\n市甲局,\n甲局,市甲局\n供气,RQ\n", "utf-8")
    again = duty_list(classes, CITY, read_words(paths["words"]))
    assert [d.party_code for d in again.duties] == ["市甲局", "RQ", "市甲局"]
    assert [unit.party for unit in again.units] == ["市甲局"], "RQ is the city's own party, which it has already"
    assert again.findings == ()


def test_an_empty_class_table_makes_files_with_a_header(tmp_path: Path) -> None:
    paths = write_duty_list(table(), duty_list(table(), CITY), tmp_path)
    assert paths["duties"].read_text("utf-8-sig").startswith("code,name,party_code,layer")


def test_a_list_of_words_without_its_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text("handler\n甲局\n", "utf-8")
    with pytest.raises(BadFile, match="means"):
        read_words(path)
