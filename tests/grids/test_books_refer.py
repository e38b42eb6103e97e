"""What the rows of the books may name: what the version in force knows, and the open draft beside it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commands import Wangge
from gis.errors import Refused
from gis.files.tables import open_table
from grids.book_reads import numbers_known
from grids.drafts import discard, usual_version
from grids.export import exported_version
from grids.importing import ImportReport
from smalltown import CELL, DUTIES, NOW, PARTIES, Town, duty

HOUR = timedelta(hours=1)
LATER = NOW + 2 * HOUR
GAS = ("RQG", "GDG")


def ruling(town: Town, party: str = "RQG", area: str = CELL, **how: Any) -> ImportReport:
    """Import one ruling."""
    layer = how.pop("layer", "cell")
    return town.table("overrides", [duty("R1", party, layer, area)], now=LATER, **how)


def told(report: ImportReport) -> list[tuple[str, str, str | None]]:
    return [(found.kind, found.severity, found.value) for found in report.findings.shown]


def dated_back(town: Town) -> Town:
    """Version 1 in force; version 2, published last, holds only for the past and has no gas company."""
    town.fill().publish(["warnings"])
    town.table("parties", [row for row in PARTIES if row["code"] not in GAS])
    town.table("duties", [row for row in DUTIES if row["party_code"] not in GAS])
    town.publish(["warnings"], NOW + HOUR, NOW - timedelta(days=4000))
    return town


def test_a_row_may_name_what_is_in_force_though_the_version_published_last_lacks_it(town: Town) -> None:
    assert told(ruling(dated_back(town))) == []
    with town.store.read() as session:
        in_force = usual_version(session, LATER)
        assert in_force is not None
        assert (in_force.number, exported_version(session, LATER)) == (1, in_force.id)
        before = usual_version(session, NOW - HOUR)
        assert before is not None
        assert before.number == 2


def test_what_the_version_published_last_alone_knows_is_refused(town: Town) -> None:
    town.fill().publish(["warnings"])
    town.table("parties", [*PARTIES, {"code": "OLD", "name": "旧单位"}])
    town.publish(["warnings"], NOW + HOUR, NOW - timedelta(days=4000))
    with pytest.raises(Refused, match="party_code=OLD: no such party"):
        ruling(town, "OLD")


def test_the_open_draft_counts_beside_the_version_in_force(town: Town) -> None:
    town.fill().publish(["warnings"])
    town.put("cell", [replace(row, code=row.code + "X") if row.code == CELL else row for row in town.rows["cell"]])
    assert told(ruling(town)) == []
    report = ruling(town, area=CELL + "X")
    assert told(report) == [("only_in_draft", "warning", CELL + "X")]
    [found] = report.findings.shown
    words = f"area_code={CELL}X: only draft 'draft' knows it, version 1 does not; publish the draft before the row is"
    assert (words in found.message, found.row, found.field) == (True, 2, "area_code")
    with pytest.raises(Refused, match=f"area_code={CELL}Y: no such area in layer cell"):
        ruling(town, area=CELL + "Y")
    with town.store.write() as session:
        discard(session, "draft")
    with pytest.raises(Refused, match=f"area_code={CELL}X: no such area in layer cell"):
        ruling(town, area=CELL + "X")
    assert told(ruling(town)) == []


def test_a_place_that_neither_knows_is_refused_though_each_lacks_another_part_of_it(town: Town) -> None:
    town.fill().publish(["warnings"])
    town.put("estate", town.rows["zone"], kind="estate", parent=None)
    with pytest.raises(Refused, match="area_code=Z9: no such area in layer estate"):
        ruling(town, area="Z9", layer="estate")
    assert told(ruling(town, area="Z1", layer="estate")) == [("only_in_draft", "warning", "estate")]


def test_people_and_assets_refer_likewise_and_a_first_draft_alone_needs_no_warning(town: Town) -> None:
    asset = {"code": "A1", "lon": 117.0205, "lat": 36.6605, "matter": "C0101", "owner": "NEU"}
    person = {"code": "P9", "name": "新人", "party_code": "NEU"}
    assert told(town.fill().table("assets", [asset | {"owner": "RQG"}])) == []
    town.publish(["warnings"])
    town.table("parties", [{"code": "NEU", "name": "新单位"}], merge=True)
    for kind, row in (("assets", asset), ("people", person)):
        assert told(town.table(kind, [row], merge=True)) == [("only_in_draft", "warning", "NEU")]
    with town.store.read() as session:
        assert (numbers_known(session).assets, numbers_known(session).roster) == (2, 2)


def test_commands_show_and_write_the_version_in_force(hamlet: Town, tmp_path: Path) -> None:
    dated_back(hamlet)
    hamlet.put("estate", hamlet.rows["zone"], kind="estate", parent=None)
    run = Wangge(hamlet.folder, store=f"sqlite:///{hamlet.folder}/hamlet.db")
    run.do("precedence", "override,asset,place,matter,prefix,priority", "--draft", "draft")
    hamlet.publish(["warnings"], LATER, NOW - timedelta(days=3000))
    assert "estate" not in {row["code"] for row in run.do("layers", "--json").json["layers"]}
    assert run.do("precedence", "--json").json["order"][2] == "matter"
    out = tmp_path / "parties.csv"
    run.do("export", "parties", out)
    assert {code for batch in open_table(out) for code in batch.columns["code"]} >= set(GAS)
