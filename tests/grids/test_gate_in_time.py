"""The gate asks as of the time from which the version is to hold: who has left by then, what stands then."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from commands import Wangge
from gis.errors import BadInput, Refused
from grids.publish import validate
from smalltown import CELL, DUTIES, NOW, PARTIES, PEOPLE, Town, at, duty

DAY = timedelta(days=1)
LATER = NOW + 30 * DAY
LON, LAT = at(0.5, 0.5)
PIPE = {"code": "A1", "lon": LON, "lat": LAT, "matter": "C0101", "owner": "RQG"}
LAMP = PIPE | {"code": "A2"}


def filled(town: Town) -> Town:
    """P1 and the asset A1 have duties; both are gone thirty days later, when another edit waits in the draft."""
    town.table("parties")
    town.table("matters")
    town.table("assets", [PIPE, LAMP])
    town.fill(duties=[*DUTIES, duty("D11", "RQG", "asset", "A1")]).publish(["warnings"])
    town.table("people", PEOPLE[1:], now=LATER)
    town.table("assets", [LAMP], now=LATER)
    town.table("parties", [{"code": "NEU", "name": "新单位"}], merge=True, now=LATER)
    return town


def dangling(town: Town, now: datetime, effective: datetime | None = None) -> Sequence[str]:
    found = validate(town.store, "draft", now, effective)[2]
    return [each.value or "" for each in found if each.kind == "dangling_duty"]


def test_a_version_dated_back_may_name_who_was_there_then(town: Town) -> None:
    filled(town)
    assert sorted(dangling(town, LATER)) == ["A1", "P1"]
    assert sorted(dangling(town, LATER, LATER - timedelta(microseconds=1))) == []
    with pytest.raises(Refused, match="2 dangling_duty; `wangge validate` shows them"):
        town.publish(["warnings"], now=LATER)
    assert town.publish(["warnings"], LATER, NOW + 5 * DAY).edition.effective_at == NOW + 5 * DAY


def test_a_version_to_come_may_not_name_who_will_have_left(town: Town) -> None:
    town.fill().publish(["warnings"])
    town.table("people", [PEOPLE[0] | {"until": LATER.isoformat()}], merge=True)
    town.table("parties", [{"code": "NEU", "name": "新单位"}], merge=True)
    assert dangling(town, NOW) == dangling(town, NOW, LATER - DAY) == []
    assert dangling(town, NOW, LATER) == ["P1"]
    told = r"`wangge validate --effective 2026-12-20T08:00:00\+00:00` shows them"
    with pytest.raises(Refused, match=told):
        town.publish(["warnings"], effective=LATER)
    assert town.publish(["warnings"], effective=LATER - DAY).edition.number == 2


def overridden(town: Town, now: datetime, effective: datetime | None = None) -> Sequence[str]:
    found = validate(town.store, "draft", now, effective)[2]
    return [each.codes[0] for each in found if each.kind == "dangling_override"]


def renumber(town: Town) -> None:
    """The first cell gets another code, in the draft."""
    town.put("cell", [replace(row, code=row.code + "X") if row.code == CELL else row for row in town.rows["cell"]])
    town.table("duties", [row for row in DUTIES if row["area_code"] != CELL])


def test_a_ruling_whose_area_is_renumbered_does_not_die_without_a_word(town: Town) -> None:
    town.fill().publish(["warnings"])
    ruling, plan = duty("R1", "RQG", "cell", CELL), duty("Y1", "DMH", "cell", CELL, plan="防汛")
    done = duty("R0", "RQG", "cell", CELL, **{"from": "2026-01-01", "until": "2026-02-01"})
    town.table("overrides", [ruling, plan, done])
    renumber(town)
    assert overridden(town, NOW + DAY) == ["R1", "Y1"]
    with pytest.raises(Refused, match=r"2 dangling_override; look with .* --accept dangling_override"):
        town.publish(now=NOW + DAY)
    moved = [row | {"area_code": CELL + "X", "from": LATER.isoformat()} for row in (ruling, plan)]
    town.table("overrides", moved, merge=True, now=NOW + DAY)
    assert overridden(town, NOW + DAY) == ["R1", "Y1"], "until the moved ones begin, the old ones hold"
    assert overridden(town, NOW + DAY, LATER) == []
    town.publish(effective=LATER, now=NOW + DAY, accept=["hole", "unowned"])


def test_a_ruling_whose_party_leaves_is_told_unless_it_ends_before(town: Town) -> None:
    town.fill().publish(["warnings"])
    town.table("overrides", [duty("R1", "DMH", "cell", CELL, until=LATER.isoformat())])
    town.table("parties", [row for row in PARTIES if row["code"] != "DMH"])
    assert overridden(town, NOW, LATER - timedelta(microseconds=1)) == ["R1"]
    assert overridden(town, NOW, LATER) == []


def test_rulings_that_begin_after_the_next_version_takes_over_do_not_concern_one_dated_back(town: Town) -> None:
    town.fill().publish(["warnings"])
    town.table("overrides", [duty("R1", "RQG", "cell", CELL)])
    renumber(town)
    assert overridden(town, NOW + DAY, NOW - DAY) == []
    town.table("overrides", [duty("R2", "RQG", "cell", CELL, **{"from": (NOW - DAY / 2).isoformat()})], merge=True)
    assert overridden(town, NOW + DAY, NOW - DAY) == ["R2"]


def test_the_command_takes_the_time_and_needs_its_zone(hamlet: Town) -> None:
    hamlet.fill()
    hamlet.table("people", [PEOPLE[0] | {"until": "2099-01-01"}], merge=True)
    run = Wangge(hamlet.folder, store=f"sqlite:///{hamlet.folder}/hamlet.db")
    assert run("validate", "--kind", "dangling_duty", "--json").json["findings"] == []
    said = run("validate", "--effective", "2099-01-01T00:00:00+08:00", "--kind", "dangling_duty", "--json")
    assert (said.code, [each["value"] for each in said.json["findings"]]) == (1, ["P1"])
    assert run("validate", "--effective", "2099-01-01T00:00:00").code == 2
    with pytest.raises(BadInput, match="needs its time zone"):
        validate(hamlet.store, "draft", NOW, datetime(2099, 1, 1))
