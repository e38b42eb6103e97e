"""Whom a class table means by its handlers (处置部门): named units, or relations such as 所属街办 and 各产权单位.

Rules of wording, not of one city. What they do not settle the city settles itself, in its own list of words.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["unit", "department", "relation", "unread"]
"""``department``: a unit told by its task only (水务部门). ``unread``: no unit and no relation that is known."""

ASSET_OWNER = "asset_owner"
OFFICE, COMMITTEE, GOVERNMENT = "office_of:street", "committee_of:community", "government_of:district"

_HERE = "(?:所属|属地|所在地|所在|辖区|当地)"
_EACH = f"(?:{_HERE}|各|各级|各相关|相关|有关)*的?"
_DISTRICT = "(?:区县|县区|区|县|旗|县市区|[区县][（(][市、县区旗]+[）)])"
_RELATIONS: tuple[tuple[str, str], ...] = (
    (f"{_EACH}(?:产权|权属)(?:所有)?(?:单位|部门|企业|主体|人|者)", ASSET_OWNER),
    (f"{_EACH}(?:乡|镇|街)[乡镇街道办事处人民政府（()）/]*", OFFICE),
    (f"{_EACH}(?:社区|村社|村居|村)?(?:居民委员会|村民委员会|居委会|村委会|居（村）委会|村（居）委会)", COMMITTEE),
    (f"{_EACH}社区", COMMITTEE),
    (f"{_EACH}{_DISTRICT}(?:人民)?政府", GOVERNMENT),
    (f"{_HERE}(?:人民)?政府", GOVERNMENT),
    (f"{_EACH}(?:公安)?派出所", "police_of:street"),
    (f"{_EACH}(?:小区)?物业(?:服务|管理)*(?:公司|企业|单位)?", "property_of:estate"),
    (f"{_EACH}(?:小区)?(?:业主委员会|业委会)", "owners_committee_of:estate"),
)
_TASKS: Mapping[str, str] = MappingProxyType(
    {
        "生态环境": "environment", "环保": "environment", "执法": "enforcement", "城管": "city_management",
        "城市管理": "city_management", "环卫": "sanitation", "市政": "municipal", "绿化": "greening",
        "园林": "greening", "供水": "water_supply", "供气": "gas", "燃气": "gas", "供热": "heating", "供电": "power",
        "电力": "power", "排水": "drainage", "水务": "water", "河道": "rivers", "住建": "housing",
        "交警": "traffic_police", "公安": "police", "消防": "fire", "交通": "transport", "卫生": "health",
        "市场监管": "market", "住房": "housing", "水利": "water",
    }
)  # fmt: skip
"""The task of a unit that each district has one of, in the words of a relation."""

_GENERIC = "(?:部门|单位|企业|机构|公司)"
_BUREAU = "(?:局|中心|大队|中队|队|委|办|科)"
_OF_DISTRICT = f"(?:{_HERE}|各)?{_DISTRICT}(?!域).+{_BUREAU}"
_NAMED = re.compile(
    ".+(?:委员会|办公室|局|委|办|中心|支队|大队|中队|总队|队|处|科|室|所|站|院|厂|社|公司|集团|政府|部|厅|馆|学校|大学|医院|协会|会)"
    "(?:[（(][^（）()]*[）)])?"
)
_SEPARATOR = re.compile(r"[、，,；;/／\n]+(?![^（(]*[）)])")
_AND = "(?:以及|及其|及|和|与)+"
_JOINED = re.compile(f"(?:(?<=[门位构司局心队处委办科])|(?<=[企物]业)|(?<=出所)){_AND}(?!平)(?=.)")
_TWO_TASKS = re.compile(f"({_HERE}|各)(.+?){_AND}(.+?)({_GENERIC})")


@dataclass(frozen=True, slots=True)
class Meaning:
    """One part of a handler. ``party``: a unit's code, which is its text, or a relation; None when unread."""

    text: str
    kind: Kind
    party: str | None


def parts_of(handler: str) -> Iterator[str]:
    """The units or relations that a handler lists, in its order, each as written.

    和 and 及 part two units only after a whole one (城管局和水务局), so that 住房和城乡建设局 stays one; 属地 said once
    counts for both (属地执法和环卫部门).
    """
    for piece in _SEPARATOR.split(re.sub(r"[ \t\u3000]+", "", handler)):
        here = ""
        for found in _JOINED.split(re.sub(f"^{_AND}(?!平)", "", piece.strip("。."))):
            part = re.sub("等$", "", found)
            said = re.match(_HERE, part)
            here = said[0] if said else here
            carried = here if not said and re.search("(?:部门|企业|机构)$", part) else ""
            yield from _each_task(carried + part)


def _each_task(part: str) -> Iterator[str]:
    two = _TWO_TASKS.fullmatch(part)
    if two and all(_task_of(two[1] + task + two[4]) for task in (two[2], two[3])):
        yield from (two[1] + task + two[4] for task in (two[2], two[3]))
    elif part:
        yield part


def meaning_of(text: str) -> Meaning:
    """What one part means."""
    relation = next((name for pattern, name in _RELATIONS if re.fullmatch(pattern, text)), None) or _task_of(text)
    if relation:
        return Meaning(text, "relation", relation)
    if re.match(f"{_HERE}|各", text) or re.search("(?:单位|企业|机构)$", text) or re.fullmatch(_OF_DISTRICT, text):
        return Meaning(text, "unread", None)
    if re.fullmatch(".+部门", text):
        return Meaning(text, "department", text)
    return Meaning(text, "unit", text) if _NAMED.fullmatch(text) else Meaning(text, "unread", None)


def _task_of(text: str) -> str | None:
    """``enforcement_of:district`` for 属地行政执法部门 or 区执法局: whichever unit has that task here."""
    if not re.fullmatch(f"(?:{_HERE}|各).+(?:{_GENERIC}|{_BUREAU})|{_OF_DISTRICT}", text):
        return None
    task = next((task for word, task in _TASKS.items() if word in text), None)
    return f"{task}_of:district" if task else None


def meanings(handler: str, words: Mapping[str, str] = MappingProxyType({})) -> tuple[Meaning, ...]:
    """What a handler means, part by part, each party once. ``words``: what the city says of a part, as written."""
    found: dict[str, Meaning] = {}
    for text in parts_of(handler):
        meaning = _told(text, words[text]) if text in words else meaning_of(text)
        found.setdefault(meaning.party or text, meaning)
    return tuple(found.values())


def _told(text: str, party: str) -> Meaning:
    relative = party == ASSET_OWNER or re.fullmatch(r"[a-z][a-z0-9_]*_of:\S+", party)
    return Meaning(text, "relation" if relative else "unit", party)
