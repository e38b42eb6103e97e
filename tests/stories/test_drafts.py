"""Drafts in time, as an administrator lives them: starts, corrections of the past, plans, rebases, undo, rollback."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cityfiles import CELLS, square, write_areas
from commands import Said, Wangge

CORNER = (121.475, 31.235)
"""A point of cell 310101001 of the first district."""


def put(town: Wangge, tmp_path: Path, draft: str, code: str, name: str) -> Said:
    """Give a cell another name in the draft; its outline stays."""
    ring = next(ring for known, _, ring in CELLS if known == code)
    path = tmp_path / f"{code}.geojson"
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}), "utf-8")
    return town.do("drafts", "put", "cell", code, path, "--name", name, "--draft", draft)


def drafts(town: Wangge) -> dict[str, Any]:
    return {row["name"]: row for row in town.do("drafts", "--json").json["drafts"]}


def versions(town: Wangge) -> dict[int, Any]:
    return {row["version"]: row for row in town.do("versions", "--json").json["versions"]}


def cell_name(town: Wangge, *when: str) -> str:
    return town.do("owner", *CORNER, *when, "--json").json["cell"]["name"]


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds")


def test_of_two_drafts_the_second_is_told_rebased_and_published(town: Wangge, tmp_path: Path) -> None:
    town.do("drafts", "start", "roads")
    put(town, tmp_path, "draft", "310101001", "芙蓉里")
    put(town, tmp_path, "roads", "310101002", "县东里")
    town.do("publish")
    assert (drafts(town)["roads"]["base_version"], drafts(town)["roads"]["overtaken"]) == (1, True)

    refused = town("publish", "--draft", "roads")
    assert refused.code == 1
    assert "version 2 (effective " in refused.err
    assert "`wangge drafts rebase roads`" in refused.err

    tried = town.do("drafts", "rebase", "roads", "--dry-run", "--json").json
    assert (tried["done"], tried["taken"], tried["kept"]) == (False, {"area": 1}, {"area": 1})
    assert drafts(town)["roads"]["overtaken"]
    said = town.do("drafts", "rebase", "roads").out
    assert "now starts from version 2 instead of version 1: taken from published: 1 area" in said
    assert "validate it again: wangge validate --draft roads" in said
    assert not drafts(town)["roads"]["overtaken"]
    assert "means" in town.do("publish", "--draft", "roads", "--json").json
    changes = town.do("diff", "1", "3", "--json").json["changes"]
    assert {(c["code"], c["fields"]) for c in changes} == {("310101001", "name"), ("310101002", "name")}


def test_conflicts_are_listed_and_nothing_is_changed_until_they_are_decided(town: Wangge, tmp_path: Path) -> None:
    town.do("drafts", "start", "roads")
    put(town, tmp_path, "draft", "310101001", "甲")
    put(town, tmp_path, "roads", "310101001", "乙")
    put(town, tmp_path, "roads", "310101002", "丙")
    town.do("publish")
    for words in (("--dry-run",), ()):
        refused = town("drafts", "rebase", "roads", *words)
        assert refused.code == 1
        assert "area:cell:310101001" in refused.out
        assert "changed name to '乙'" in refused.out
        assert "changed name to '甲'" in refused.out
        assert drafts(town)["roads"]["base_version"] == 1
    report = town("drafts", "rebase", "roads", "--json")
    assert (report.code, report.json["open"], report.json["done"]) == (1, 1, False)
    assert "--take-row area:cell:310101001=draft" in report.err
    wrong = town("drafts", "rebase", "roads", "--take-row", "area:cell:310101001")
    assert (wrong.code, "KIND:[LAYER:]CODE" in wrong.err) == (2, True)
    done = town.do("drafts", "rebase", "roads", "--take-row", "area:cell:310101001=draft", "--json").json
    assert (done["done"], done["conflicts"][0]["taken"], done["kept"]) == (True, "draft", {"area": 2})
    assert town.do("drafts", "undo", "roads").out.startswith("draft 'roads': undone: rebase onto version 2")
    town.do("drafts", "rebase", "roads", "--take", "published")
    town.do("publish", "--draft", "roads")
    assert cell_name(town) == "甲"


def test_a_correction_of_the_past_starts_from_what_held_then_and_changes_nothing_now(
    town: Wangge, tmp_path: Path
) -> None:
    put(town, tmp_path, "draft", "310101001", "今")
    town.do("publish")
    said = town.do("drafts", "start", "y2002", "--from", "1").out
    assert "starts from version 1, not in force now" in said
    put(town, tmp_path, "y2002", "310101001", "旧")
    said = town.do("publish", "--draft", "y2002", "--effective", "2002-01-01T00:00:00+00:00").out
    first = versions(town)[1]["effective_at"]
    assert f"effective 2002-01-01T00:00:00+00:00, in force until version 1 takes over at {first}" in said
    assert "version 2 stays in force now" in said
    assert cell_name(town) == "今"
    assert cell_name(town, "--at", "2010-01-01T00:00:00+00:00") == "旧"
    rows = versions(town)
    assert rows[3]["in_force_from"] == "2002-01-01T00:00:00+00:00"
    assert rows[3]["in_force_until"] == rows[1]["in_force_from"]
    assert (rows[2]["in_force"], rows[2]["in_force_until"], rows[3]["in_force"]) == (True, None, False)

    town.do("drafts", "start", "next")
    assert drafts(town)["next"]["base_version"] == 2, "the newest number is not what is in force"
    back = town.do("rollback", "3").out
    assert "version 4 published" in back
    assert "in force now" in back
    assert cell_name(town) == "旧"
    assert town("rollback", "4").code == 1


def test_a_plan_takes_over_at_its_time_and_is_not_undone_by_a_draft_that_does_not_know_it(
    town: Wangge, tmp_path: Path
) -> None:
    put(town, tmp_path, "draft", "310101001", "明年")
    said = town.do("publish", "--effective", in_days(30)).out
    assert "in force from then; until then version 1 is in force" in said
    said = town.do("drafts", "start", "fix").out
    assert "starts from version 1, in force now; version 2 takes over at" in said
    put(town, tmp_path, "fix", "310101002", "现在")
    late = town("publish", "--draft", "fix", "--effective", in_days(60))
    assert late.code == 1
    assert "version 2 (effective " in late.err
    assert "`wangge drafts rebase fix --onto 2`" in late.err
    said = town.do("publish", "--draft", "fix").out
    assert "in force now until version 2 takes over at" in said
    town.do("drafts", "start", "after", "--from", "2")
    put(town, tmp_path, "after", "310101003", "以后")
    town.do("publish", "--draft", "after", "--effective", in_days(60))
    names = [cell_name(town, "--at", in_days(days)) for days in (1, 31, 61)]
    assert names == ["310101001", "明年", "明年"]
    assert town.do("versions").out.count("\n") == 5


def test_a_draft_tells_what_it_is_and_takes_back_step_by_step(town: Wangge, files: Path, tmp_path: Path) -> None:
    grown = [({"code": c, "up": up, "name": c}, ring) for c, up, ring in CELLS if c != "310104004"]
    grown += [({"code": "310104009", "up": "310104", "name": "new"}, CELLS[-1][2])]
    write_areas(files / "cells.geojson", grown)
    words = ("--layer", "cell", "--code", "code", "--parent", "up", "--name", "name", "--commit")
    town.do("import", "areas", files / "cells.geojson", *words)
    put(town, tmp_path, "draft", "310101001", "甲")
    (files / "parties.csv").write_text("code,name,kind\nNEW,新单位,company\n", "utf-8")
    town.do("import", "parties", files / "parties.csv", "--merge", "--commit")
    steps = town.do("drafts", "log", "draft", "--json").json["steps"]
    assert [step["what"] for step in steps] == [
        "import areas cells.geojson",
        "put cell 310101001",
        "import parties parties.csv",
    ]
    assert steps[0]["changes"]["area"] == {"added": 1, "changed": 0, "removed": 1}
    assert all(step["made_at"] and step["made_by"] for step in steps)
    assert "import areas cells.geojson: area +1 ~0 -1" in town.do("drafts", "log", "draft").out
    shown = town.do("drafts", "show", "draft", "--json").json
    assert {row["kind"]: (row["added"], row["changed"], row["removed"]) for row in shown["changes"]} == {
        "area": (1, 1, 1),
        "party": (1, 0, 0),
    }
    assert "draft 'draft' starts from version 1" in town.do("drafts", "show", "draft").out
    for left in (2, 1, 0):
        town.do("drafts", "undo", "draft")
        assert len(town.do("drafts", "log", "draft", "--json").json["steps"]) == left
    assert town.do("diff", "1", "draft", "--json").json["changes"] == []
    spent = town("drafts", "undo", "draft")
    assert (spent.code, "no step to undo" in spent.err) == (1, True)
    assert "no steps yet" in town.do("drafts", "log", "draft").out


def test_drafts_are_started_renamed_and_refused_by_name(wangge: Wangge, tmp_path: Path) -> None:
    assert "starts from nothing: no version is published yet" in wangge.do("drafts", "start", "one").out
    assert wangge("drafts", "start", "one").code == 1
    assert wangge("drafts", "start", "two", "--from", "7").code == 2
    assert wangge("drafts", "start", "12").code == 2
    wangge.do("drafts", "rename", "one", "规划")
    assert list(drafts(wangge)) == ["规划"]
    assert wangge("drafts", "rename", "nobody", "x").code == 2
    assert wangge("drafts", "rebase", "规划").code == 1
    write_areas(tmp_path / "a.geojson", [({"code": "1"}, square(0, 0))])
    wangge.do(
        "import", "areas", tmp_path / "a.geojson", "--layer", "city", "--code", "code", "--draft", "规划", "--commit"
    )
    wangge.do("publish", "--draft", "规划", "--accept", "warnings")
    assert drafts(wangge) == {}
