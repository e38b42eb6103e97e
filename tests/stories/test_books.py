"""The dated books from the command line: shifts and leave, assets, plans and rulings, the city's own precedence."""

from pathlib import Path

import pytest

from commands import Wangge
from grids.precedence import DEFAULT_ORDER

ROSTER = """person_code,kind,from,until,party_code,deputy_code
P1,shift,2026-01-01,2099-01-01,,
P2,leave,2026-01-01,2099-01-01,,P1
"""
ASSETS = """code,lon,lat,matter,name,owner,from
3101010101000001,121.475,31.235,0101,井盖一号,GAS,2026-01-01
3101010101000002,121.476,31.235,0101,井盖二号,,2026-01-01
"""
OVERRIDES = """code,party_code,layer,area_code,matter,plan,basis,from
R1,CITY,district,310101,02,,市裁定〔2026〕1号,2026-01-01
F1,GAS,district,310101,02,防汛,防汛预案,2026-01-01
"""
RELATIONS = "relation,layer,area_code,party_code\noffice,district,310101,HP\noffice,district,310104,XH\n"
TABLES = {"roster": ROSTER, "assets": ASSETS, "overrides": OVERRIDES, "relations": RELATIONS}


@pytest.fixture
def booked(town: Wangge, tmp_path: Path) -> Wangge:
    """The town with all books filled."""
    for kind, text in TABLES.items():
        (tmp_path / f"{kind}.csv").write_text(text, "utf-8")
        town.do("import", kind, tmp_path / f"{kind}.csv", "--commit")
    return town


def test_the_roster_tells_who_is_here_on_shift_and_on_leave(booked: Wangge) -> None:
    told = booked.do("roster", "--json").json
    assert told["roster"] == 2
    people = {row["code"]: row for row in told["people"]}
    assert (people["P1"]["on_shift"], people["P1"]["on_leave"]) == ("HP", False)
    assert (people["P2"]["on_shift"], people["P2"]["on_leave"], people["P2"]["deputy"]) == (None, True, "P1")
    assert people["P2"]["until"] == "2098-12-31T16:00:00+00:00", "midnight in Shanghai"
    assert [row["code"] for row in booked.do("roster", "--party", "XH", "--json").json["people"]] == ["P2"]
    assert booked.do("roster", "--at", "2001-01-01T00:00:00Z").out.startswith("nobody is here")
    assert "13800000001" not in booked.do("roster").all


def test_assets_are_listed_and_shown(booked: Wangge) -> None:
    told = booked.do("assets", "list", "--json").json
    assert (told["assets"], told["count"], [row["name"] for row in told["rows"]]) == (1, 2, ["井盖一号", "井盖二号"])
    assert booked.do("assets", "list", "--owner", "GAS", "--json").json["count"] == 1
    assert "1 more" in booked.do("assets", "list", "--most", "1").err
    shown = booked.do("assets", "show", "3101010101000001", "--json").json
    assert (shown["asset"]["owner"], len(shown["history"])) == ("GAS", 1)
    assert booked.do("assets", "show", "3101010101000001", "--at", "2001-01-01T00:00Z", "--json").json["asset"] is None
    assert booked("assets", "show", "7").code == 2


def test_a_plan_is_switched_on_and_off(booked: Wangge) -> None:
    assert _plans(booked) == [("防汛", False)]
    assert booked.do("plans", "on", "防汛", "--json").json == {"overrides": 2}
    assert _plans(booked) == [("防汛", True)]
    assert _plans(booked, "--at", "2001-01-01T00:00:00Z") == [("防汛", False)]
    booked.do("plans", "off", "防汛")
    assert _plans(booked) == [("防汛", False)]
    assert booked("plans", "off", "防汛").code == 2
    said = booked("plans", "on", "火星")
    assert (said.code, "there are: 防汛" in said.err) == (2, True)
    said = booked("plans", "on", "防汛", "--from", "2027-01-02T00:00:00Z", "--until", "2027-01-01T00:00:00Z")
    assert (said.code, "must come after" in said.err) == (2, True)


def _plans(wangge: Wangge, *more: str) -> list[tuple[str, bool]]:
    return [(row["plan"], row["on"]) for row in wangge.do("plans", "--json", *more).json["plans"]]


def test_a_ruling_is_ended_and_stays_in_the_books(booked: Wangge) -> None:
    assert [row["code"] for row in booked.do("rulings", "--json").json["rulings"]] == ["R1"]
    booked.do("rulings", "end", "R1")
    assert booked.do("rulings").out.startswith("no rulings")
    before = booked.do("rulings", "--at", "2026-06-01T00:00:00Z", "--json").json["rulings"]
    assert [(row["code"], row["in_force"]) for row in before] == [("R1", True)]
    assert booked("rulings", "end", "R1").code == 2


def test_the_city_reorders_the_table_in_a_draft(booked: Wangge) -> None:
    assert booked.do("precedence", "--json").json["order"] == list(DEFAULT_ORDER)
    order = [*DEFAULT_ORDER[1:], DEFAULT_ORDER[0]]
    assert booked.do("precedence", ",".join(order), "--json").json["order"] == order
    lines = booked.do("precedence", "--json").json["lines"]
    assert (lines[-1]["name"], lines[-1]["zh"]) == ("override", "裁定和已启动的预案优先")
    said = booked("precedence", "place,matter")
    assert (said.code, "once, in your order" in said.err) == (2, True)


@pytest.mark.parametrize("kind", ["people", "roster", "assets", "overrides", "relations"])
def test_what_is_exported_is_read_back(booked: Wangge, tmp_path: Path, kind: str) -> None:
    out = tmp_path / f"out-{kind}.csv"
    booked.do("export", kind, out, "--draft", "draft")
    assert booked.do("import", kind, out, "--json").json["unchanged"] == 2


def test_assets_are_exported_for_maps(booked: Wangge, tmp_path: Path) -> None:
    booked.do("export", "assets", tmp_path / "assets.geojson")
    assert (tmp_path / "assets.geojson").read_text("utf-8").count('"Point"') == 2
    assert booked("import", "assets", tmp_path / "assets.csv", "--crs", "mars").code == 2
