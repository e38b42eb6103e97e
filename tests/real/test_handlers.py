"""A city's own class table of 519 conditions: each handler leads to a unit, or is listed by its row."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.conditions import ClassTable, Handler, read_conditions
from data.duty_list import DutyList, duty_list, write_duty_list
from data.handlers import meanings
from grids.answer import Answer
from grids.import_tables import import_table
from smalltown import DISTRICTS, DUTIES, NOW, PARTIES, STREETS, Town, at, found_town

X, Y = 2.5, 1.5
"""In 泉城路街道, 历下区."""
HERE = {
    "office_of:street": "QCL",
    "police_of:street": "PCS",
    "asset_owner": "CQDW",
    **{f"{task}_of:district": "LXC" for task in ("enforcement", "sanitation", "greening", "municipal", "gas")},
    "water_supply_of:district": "LXC",
}


@pytest.fixture(scope="module")
def classes(real_dir: Path) -> ClassTable:
    return read_conditions(real_dir / "standards" / "conditions_519.csv")


@pytest.fixture(scope="module")
def made(classes: ClassTable) -> DutyList:
    return duty_list(classes, ("city", "370100"), document="conditions_519.csv")


@pytest.fixture(scope="module")
def town(classes: ClassTable, made: DutyList, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The small town with that city's classes and duty list, the relations it asks for, and an asset of each class."""
    folder = tmp_path_factory.mktemp("handlers")
    town = found_town(f"sqlite:///{folder}/wangge.db", folder)
    for layer in town.rows:
        town.put(layer)
    town.table("parties", [*PARTIES, {"code": "PCS", "name": "派出所"}, {"code": "CQDW", "name": "产权公司"}])
    town.table("duties", [row for row in DUTIES if row["code"] == "D01"])
    paths = write_duty_list(classes, made, folder / "made")
    for kind in ("parties", "matters", "duties"):
        report = import_table(town.store, kind, paths[kind], NOW, True, merge=True)
        assert not report.findings.errors
    town.table("relations", [row for text in made.relations for row in _related(text)])
    lon, lat = at(X, Y)
    town.table(
        "assets",
        [{"code": f"BJ{code}", "matter": code, "owner": "CQDW", "lon": lon, "lat": lat} for code in _minors(classes)],
    )
    town.publish()  # the gate has nothing against it: no tie, no hole, nothing that dangles
    yield town
    town.store.close()


def _related(text: str) -> Iterator[dict[str, str]]:
    """A party in that relation for each area; the same one everywhere is enough here."""
    relation, layer = text.split("_of:")
    for code in {"street": STREETS, "district": DISTRICTS}[layer]:
        yield {"relation": relation, "layer": layer, "area_code": code, "party_code": HERE[text]}


def _minors(classes: ClassTable) -> list[str]:
    return sorted({handler.matter[:5] for handler in classes.handlers})


def _asked(town: Town, handlers: tuple[Handler, ...], *, with_asset: bool) -> list[tuple[Handler, Answer]]:
    """Every condition at the point, in one call."""
    lon, lat = at(X, Y)
    count = len(handlers)
    assets = [f"BJ{handler.matter[:5]}" for handler in handlers] if with_asset else []
    resolver = town.shelf().required(NOW).resolver
    answers = resolver.answers([lon] * count, [lat] * count, [handler.matter for handler in handlers], 1.0, assets)
    return list(zip(handlers, answers, strict=True))


def test_every_condition_has_the_owner_that_its_handler_names_first(town: Town, classes: ClassTable) -> None:
    counts: Counter[str] = Counter()
    for handler, answer in _asked(town, classes.handlers, with_asset=False):
        first = next(meaning for meaning in meanings(handler.handler) if meaning.party)
        assert answer.owner is not None
        if first.party == "asset_owner":
            assert answer.owner_verdict == "ambiguous"
            assert ("asset_owner", "no_asset_named") in {(lost.relation, lost.why) for lost in answer.unresolved}
            counts["asset_owner, no asset named"] += 1
            continue
        assert answer.owner.party.code == HERE.get(first.party or "", first.party), handler
        assert (answer.owner_verdict, answer.owner.duty.name) == ("certain", handler.handler)
        assert f"{handler.row}" in answer.owner.duty.document
        counts[first.kind] += 1
    print(dict(counts))
    assert counts == {"unit": 438, "department": 4, "relation": 70, "asset_owner, no asset named": 7}
    assert sum(counts.values()) == 519


def test_with_the_number_of_the_asset_its_owner_answers(town: Town, classes: ClassTable) -> None:
    for handler, answer in _asked(town, classes.handlers, with_asset=True):
        assert answer.owner is not None
        assert (answer.owner.party.code, answer.owner_verdict) == ("CQDW", "certain"), handler


def test_behind_the_owner_of_the_asset_the_second_stands_in(town: Town, classes: ClassTable) -> None:
    handler = next(found for found in classes.handlers if found.handler.startswith("各产权单位、"))
    ((_, answer),) = _asked(town, (handler,), with_asset=False)
    assert answer.owner is not None
    assert (answer.owner.party.code, answer.owner_verdict) == ("运城市城市管理局市容秩序科", "ambiguous")


def test_the_others_support(town: Town, classes: ClassTable) -> None:
    handler = next(found for found in classes.handlers if found.handler == "市容秩序科、所属街办、属地行政执法部门")
    ((_, answer),) = _asked(town, (handler,), with_asset=False)
    assert [(shown.party.code, shown.duty.relation) for shown in answer.supporting] == [
        ("QCL", "office_of:street"),
        ("LXC", "enforcement_of:district"),
    ]


def test_every_part_of_the_89_handlers_is_read_or_listed_by_its_row(classes: ClassTable, made: DutyList) -> None:
    assert len({handler.handler for handler in classes.handlers}) == 89
    listed = {(finding.row, finding.value) for finding in made.findings if finding.kind == "unread_handler"}
    parts = Counter[str]()
    for handler in classes.handlers:
        for meaning in meanings(handler.handler):
            parts[meaning.kind] += 1
            assert (meaning.party is None) == ((handler.row, meaning.text) in listed)
    print(dict(parts))
    assert sorted({text for _, text in listed}) == ["供气", "各供油", "各报业企业", "各邮政企业"]
    assert parts["unread"] == len(listed) == 12
    assert parts["relation"] > 600


def test_known_rows_mean_what_a_person_reads(classes: ClassTable) -> None:
    told = {handler.row: handler.handler for handler in classes.handlers}
    assert [(m.kind, m.party) for m in meanings(told[2])] == [
        ("unit", "运城市城市节约用水中心"),
        ("relation", "asset_owner"),
    ]
    longest = max(told.values(), key=len)
    assert [meaning.kind for meaning in meanings(longest)] == ["unit"] * 8
