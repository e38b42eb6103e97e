"""`wangge matrix`: the same matrix as page, table and JSON; of what is in force, of a version, of a draft."""

import csv
import json
from pathlib import Path

import pytest

from commands import Wangge
from smalltown import CELL, DUTIES, Town, found_town


@pytest.fixture
def home(tmp_path: Path) -> Town:
    town = found_town(f"sqlite:///{tmp_path}/wangge.db", tmp_path)
    town.fill().publish()
    return town


def test_page_table_and_json_say_the_same(home: Town) -> None:
    run, folder = Wangge(home.folder), home.folder
    totals = run.do("matrix", folder / "m.html", "--layer", "cell", "--matters", "leaves", "--json").json["totals"]
    run.do("matrix", folder / "m.csv", "--layer", "cell", "--matters", "leaves")
    run.do("matrix", folder / "m.json", "--layer", "cell", "--matters", "leaves", "--version", "1")
    with (folder / "m.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    data = json.loads((folder / "m.json").read_text("utf-8"))
    assert {state: sum(row["state"] == state for row in rows) for state in totals} == totals
    assert {state: data["totals"][state] for state in totals} == totals
    [gas] = [row for row in rows if (row["matter"], row["area"]) == ("C0101", CELL)]
    assert (gas["state"], gas["party"], gas["party_name"], gas["duty"]) == ("specific", "RQG", "济南燃气公司", "D07")
    assert [matter["code"] for matter in data["matters"]] == ["", "C0101", "E0101"]
    assert "济南燃气公司 RQG" in (folder / "m.html").read_text("utf-8")


def test_the_holes_of_a_draft_are_seen_before_it_is_published(home: Town) -> None:
    home.table("duties", [row for row in DUTIES if row["code"] != "D01"], merge=False)
    run = Wangge(home.folder)
    now = run.do("matrix", home.folder / "m.html", "--json").json["totals"]
    then = run.do("matrix", home.folder / "m.html", "--draft", "draft", "--json").json["totals"]
    assert (now["nobody"], then["nobody"]) == (0, 4)
    findings = run("validate", "--json").json["findings"]
    [hole] = [finding for finding in findings if finding["kind"] == "hole"]
    assert "matter E0101 暴露垃圾: nobody answers in 16 of 32 areas" in hole["message"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("m.pdf",), "must end with one of"),
        (("m.html", "--layer", "zone"), "stands beside the cells' ladder"),
        (("m.html", "--layer", "ward"), "there is no layer 'ward'"),
        (("m.html", "--matters", "some"), "majors, minors, leaves"),
        (("m.html", "--version", "7"), "there is no version 7"),
        (("m.html", "--version", "1", "--draft", "d"), "name one of them"),
    ],
)
def test_bad_wishes_are_refused_in_words(home: Town, words: tuple[str, ...], said: str) -> None:
    refused = Wangge(home.folder)("matrix", home.folder / words[0], *words[1:])
    assert refused.code == 2
    assert said in refused.err
    assert not (home.folder / words[0]).exists()
