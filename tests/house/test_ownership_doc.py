"""docs/ownership.md says what is so: its tables are the code's, its examples and surprises are run."""

import csv
import re
import shlex
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from commands import Wangge
from data.conditions import COLUMNS
from gis.files.writers import write_table
from grids.answer import Answer
from grids.book_reads import numbers_known, roster_read
from grids.names import ASSET_RANK, ERRORS, LAYER_KINDS, WARNINGS
from grids.periods import holds
from grids.precedence import DEFAULT_ORDER, RULES
from grids.publish import validate
from grids.relations import ASSET
from grids.roster import ROLE_ORDER
from ownedtown import filled_town, owned_town
from smalltown import CELL, NOW, PEOPLE, Town, duty

PAGE = (Path(__file__).parents[2] / "docs" / "ownership.md").read_text("utf-8")
WHEN = "2026-12-01T08:00:00+08:00"
DAY = datetime.fromisoformat(WHEN)
PLAN_DAY = datetime(2027, 7, 2, tzinfo=UTC)
RULING_DAY = datetime(2027, 1, 15, tzinfo=UTC)


def section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[1]


def rows(title: str) -> list[list[str]]:
    """The rows of the section's table, without its head; backticks off where they hold the whole cell."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def plain(cell: str) -> str:
    return cell.strip("`")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The town of the examples; only to be asked."""
    made = owned_town(tmp_path_factory.mktemp("owned"))
    yield made
    made.store.close()


@pytest.fixture
def growing(tmp_path: Path) -> Iterator[Town]:
    """The same, with its draft still open, for what is written."""
    made = filled_town(tmp_path)
    yield made
    made.store.close()


def party(answer: Answer) -> str | None:
    return answer.owner.party.code if answer.owner else None


def person(answer: Answer) -> str | None:
    return answer.owner.person.code if answer.owner and answer.owner.person else None


# ---- tables ----------------------------------------------------------------------------------------------------------


def test_the_precedence_table_is_the_codes() -> None:
    told = [(plain(line), zh, en) for line, zh, en in rows("Which duty wins")]
    assert told == [(name, RULES[name].zh, RULES[name].en) for name in DEFAULT_ORDER]


def test_the_places_are_the_kinds_of_layers() -> None:
    told = [(plain(kind), zh, int(rank)) for kind, zh, rank in rows("What can own, and who can be named")]
    assert told == [(kind, zh, rank) for kind, (rank, zh) in LAYER_KINDS.items()] + [(ASSET, "部件", ASSET_RANK)]


def test_the_findings_have_their_levels() -> None:
    told = {plain(kind): level for kind, level, _, _ in rows("What the gate says, and what to do")}
    assert told == {kind: "error" if kind in ERRORS else "warning" for kind in told}
    assert set(told) <= {*ERRORS, *WARNINGS}
    assert set(told) == {"dangling_duty", "tied_leads", "hole", "unowned", "asset", "dangling_override"}


def test_the_roles_stand_in_the_order_in_which_they_are_sent() -> None:
    told = re.findall(r"`(\w+)` \(", section("Who the person is"))
    assert tuple(told) == ROLE_ORDER


def test_every_command_and_option_exists(tmp_path: Path) -> None:
    wangge = Wangge(tmp_path)
    told: list[str] = re.findall(r"`(wangge [^`]+)`", PAGE)
    assert len(told) > 25
    for text in told:
        words = text.split()[1:]
        path = [words[0]]
        if words[0] in ("import", "assets", "report") or words[1:2] in (["on"], ["off"], ["end"]):
            path.append(words[1])
        help_ = wangge.do(*path, "--help").out
        assert not [word for word in words if word.startswith("--") and word not in help_], text


# ---- examples --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", rows("Worked examples"), ids=lambda row: row[0])
def test_a_worked_example_is_true(town: Town, row: list[str]) -> None:
    _, question, owner, who, verdict, wins = row
    words = shlex.split(plain(question))
    words += [] if "--at" in words else ["--at", WHEN]
    told = Wangge(town.folder).do("owner", *words, "--explain", "--json").json
    assert told["owner"]["party"]["name"] == owner
    assert (told["owner"]["person"] or {"name": "—"})["name"] == who
    assert told["owner_verdict"] == verdict
    lost = {step["duty"]: step["rule"] for step in told["explain"]["steps"] if step["step"] == "loser"}
    if wins == "—":
        assert not lost
    else:
        line, loser = wins.split(" over ")
        assert lost[loser] == plain(line)


def test_the_page_makes_a_duty_list_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain_row = ("部件", "1", "公用设施", "1", "上水井盖", "市政公用服务中心、各产权单位", "", "", "", "2工作日")
    write_table(tmp_path / "conditions.csv", dict(zip(COLUMNS, ([cell] for cell in plain_row), strict=True)))
    monkeypatch.chdir(tmp_path)
    (command,) = re.findall(r"```bash\nwangge (conditions .*)\n```", PAGE)
    Wangge(tmp_path / "home").do(*shlex.split(command))
    with (tmp_path / "out/duties.csv").open(encoding="utf-8", newline="") as file:
        duties = list(csv.DictReader(file))
    assert [duty_["party_code"] for duty_ in duties] == ["市政公用服务中心", "asset_owner"]
    assert {duty_["area_code"] for duty_ in duties} == {"370100"}
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"unread.csv", "words.csv", "duties.csv"}


# ---- surprises -------------------------------------------------------------------------------------------------------


class Stage:
    """Where a surprise is shown: the town that is only asked, or one of its own that grows."""

    def __init__(self, town: Town, request: pytest.FixtureRequest) -> None:
        self.town, self.ask, self._request = town, town.ask, request

    @property
    def growing(self) -> Town:
        grown: Town = self._request.getfixturevalue("growing")
        return grown


Check = Callable[[Stage], None]
CHECKS: dict[str, Check] = {}


def told(sentence: str) -> Callable[[Check], Check]:
    """The check of the surprise that begins so."""

    def keep(check: Check) -> Check:
        CHECKS[sentence] = check
        return check

    return keep


@told("An asset's owner answers for any matter")
def _(on: Stage) -> None:
    answer = on.ask(0.52, 0.52, "E0101", asset="JG0001", at=DAY)
    assert (party(answer), answer.owner_verdict) == ("GDG", "certain")


@told("Without its number an asset is only suggested")
def _(on: Stage) -> None:
    answer = on.ask(0.52, 0.52, "C0101", at=DAY)
    assert (party(answer), [asset.code for asset in answer.nearby]) == ("RQG", ["JG0001"])


@told("An asset that is far away still decides")
def _(on: Stage) -> None:
    answer = on.ask(4.5, 0.5, "C0101", asset="JG0001", at=DAY)
    assert party(answer) == "GDG"
    assert any("from the point" in words for words in answer.warnings)


@told("A relation with no row")
def _(on: Stage) -> None:
    answer = on.ask(5.5, 3.5, "E0101", at=DAY)
    assert (party(answer), answer.owner_verdict) == ("SZX", "ambiguous")
    assert [lost.why for lost in answer.unresolved] == ["no_such_relation_here"]


@told("A relation of a layer beside the ladder")
def _(on: Stage) -> None:
    inside, outside = on.ask(0.5, 0.5, "E03", at=DAY), on.ask(2.5, 1.5, "E03", at=DAY)
    assert (party(inside), inside.owner.duty.relation) == ("QCW", "property_of:estate")
    assert (party(outside), outside.owner_verdict, outside.unresolved) == ("QCL", "certain", ())


@told("A wider road further away")
def _(on: Stage) -> None:
    answer = on.ask(4.26, 0.5, at=DAY)  # 5 m from the lane that is 2 m wide to either side, 12 m from the avenue's 20
    assert (answer.owner.duty.place.code, answer.owner_verdict) == ("LD06", "certain")


@told("On the outer side of a bend")
def _(on: Stage) -> None:
    answer = on.ask(0.63, 2.28, at=DAY)
    assert (answer.owner.duty.place.code, answer.owner_verdict) == ("LD03", "ambiguous")
    assert [other.place.code for other in answer.other_owners] == ["LD04"]


@told("Without a matter, a duty that names one")
def _(on: Stage) -> None:
    answer = on.ask(2.5, 1.5, at=DAY)
    assert party(answer) == "QCL"
    assert "D07" in [shown.duty.code for shown in answer.matter_duties]


@told("A duty that names the matter beats a narrower one")
def _(on: Stage) -> None:
    assert party(on.ask(0.1, 0.1, at=DAY)) == "QCW"
    assert party(on.ask(0.1, 0.1, "C0101", at=DAY)) == "RQG"


@told("A longer matter code")
def _(on: Stage) -> None:
    on.growing.table("duties", [duty("A", "RQG", "city", "370100", matter="C0101"),
                                duty("B", "GDG", "street", "370102001", matter="C01")])  # fmt: skip
    on.growing.publish(accept=["warnings"])
    assert party(on.growing.ask(2.5, 1.5, "C0101")) == "GDG"


@told("A high priority")
def _(on: Stage) -> None:
    wide = duty("A", "RQG", "city", "370100", priority=999)
    on.growing.table("duties", [wide, duty("B", "GDG", "street", "370102001")])
    on.growing.publish(accept=["warnings"])
    assert party(on.growing.ask(2.5, 1.5)) == "GDG"


@told("A ruling for all matters")
def _(on: Stage) -> None:
    assert party(on.ask(4.5, 0.5, "C0101", at=DAY)) == "RQG"
    assert party(on.ask(4.5, 0.5, "C0101", at=RULING_DAY)) == "YJJ"


@told("Two rulings for one place tie")
def _(on: Stage) -> None:
    on.growing.publish(accept=["hole"])
    on.growing.table("overrides", [duty(code, code, "cell", CELL) for code in ("RQG", "GDG")])
    answer = on.growing.ask(0.1, 0.1)
    assert (answer.owner_verdict, party(answer), len(answer.tied)) == ("ambiguous", "GDG", 1)


@told("A plan that is on answers only where")
def _(on: Stage) -> None:
    assert [party(on.ask(x, 3.5, at=PLAN_DAY)) for x in (2.5, 5.5)] == ["YJJ", "SZX"]


@told("Precedence lines can be put in another order")
def _(on: Stage) -> None:
    said = Wangge(on.growing.folder)("precedence", ",".join(DEFAULT_ORDER[1:]))
    assert said.code == 2
    assert "name each of" in said.err


@told("A version dated back")
def _(on: Stage) -> None:
    on.growing.publish(accept=["hole"])
    past, later = NOW - timedelta(days=20), NOW + timedelta(days=1)
    on.growing.table("duties", [duty("A", "RQG", "city", "370100")], now=later)
    on.growing.publish(accept=["warnings"], now=later, effective=past)
    assert party(on.growing.ask(0.9, 0.9, at=later)) == "QCW"
    assert party(on.growing.ask(0.9, 0.9, at=NOW - timedelta(days=1))) == "RQG"


@told("A row of people or roster without `from`")
def _(on: Stage) -> None:
    on.growing.publish(accept=["hole"])
    new = {"code": "P9", "name": "新人", "party_code": "QCL", "role": "lead"}
    on.growing.table("people", [new], now=NOW + timedelta(days=2), merge=True)
    found = [person(on.growing.ask(2.5, 1.5, at=NOW + timedelta(days=days))) for days in (1, 3)]
    assert found == [None, "P9"]


@told("A dated row without `until` that starts before")
def _(on: Stage) -> None:
    on.growing.publish(accept=["hole"])
    lead, months = (
        PEOPLE[1] | {"role": "worker", "from": "2026-10-01"},
        [datetime(2026, m, 20, tzinfo=UTC) for m in (10, 12)],
    )
    roles = []
    for row in (lead, lead | {"until": None}):
        on.growing.table("people", [row], now=DAY, merge=True)
        with on.growing.store.read() as session:
            people = roster_read(session, numbers_known(session).roster).people
        roles.append([p.role for when in months for p in people if p.code == "P2" and holds(p, when)])
    assert roles == [["worker", "lead"], ["worker", "worker"]]


@told("A worker answers only when there is no")
def _(on: Stage) -> None:
    assert person(on.ask(0.1, 0.1, "C0101", at=DAY)) == "P4", "the duty desk, though there is a worker"
    on.growing.publish(accept=["hole"])
    on.growing.table("people", [row for row in PEOPLE if row["code"] != "P4"], now=NOW + timedelta(days=1))
    assert person(on.growing.ask(0.1, 0.1, "C0101", at=NOW + timedelta(days=2))) == "P5"


@told("Who has left is passed over")
def _(on: Stage) -> None:
    on.growing.publish(accept=["hole"])
    later = NOW + timedelta(days=1)
    on.growing.table("people", PEOPLE[1:], now=later)
    answer = on.growing.ask(0.9, 0.9, at=later)
    assert (person(answer), answer.owner_verdict, answer.warnings) == ("P2", "certain", ())
    on.growing.table("parties", [{"code": "NEU", "name": "新单位"}], now=later, merge=True)
    kinds = {(found.kind, found.field) for found in validate(on.growing.store, "draft", later)[2]}
    assert ("dangling_duty", "person") in kinds


@told("A matter that the class table lacks")
def _(on: Stage) -> None:
    answer = on.ask(2.5, 1.5, "C0199", at=DAY)
    assert party(answer) == "GDG"
    assert any("is not in the class table" in words for words in answer.warnings)


@told("Near two cells of one owner")
def _(on: Stage) -> None:
    answer = on.ask(6.0, 3.5, at=DAY)
    assert (answer.cell_verdict, answer.owner_verdict, answer.on_border) == ("ambiguous", "certain", True)


@told("At the city's own border")
def _(on: Stage) -> None:
    answer = on.ask(7.9999, 3.5, at=DAY)
    assert (party(answer), answer.owner_verdict) == ("SZX", "ambiguous")
    assert answer.outside_share > 0.4


@told("The ETag changes when a shift begins")
def _(on: Stage) -> None:
    begins = datetime(2027, 3, 1, 12, tzinfo=UTC)
    before, still, after = (on.town.shelf().required(begins + timedelta(seconds=s)).tag for s in (-1, -60, 0))
    assert before == still != after


@told("A table that is imported again")
def _(on: Stage) -> None:
    on.growing.publish(accept=["hole"])
    later = NOW + timedelta(days=1)
    on.growing.table("assets", [{"code": "N1", "lon": 117.0262, "lat": 36.6632, "matter": "C0201"}], now=later)
    assert on.growing.ask(0.52, 0.52, "C0101", asset="JG0001", at=later).asset is None


def _surprises() -> list[str]:
    return re.findall(r"^\* \*\*(.+?)\*\*", section("Surprising behaviour"), re.MULTILINE)


def test_every_surprise_has_its_check() -> None:
    surprises = _surprises()
    assert len(surprises) == len(CHECKS) >= 12
    assert [[begin for begin in CHECKS if words.startswith(begin)] for words in surprises] == [[b] for b in CHECKS]


@pytest.mark.parametrize("begin", CHECKS)
def test_a_surprise_is_true(begin: str, town: Town, request: pytest.FixtureRequest) -> None:
    CHECKS[begin](Stage(town, request))
