"""A duty list made of a city's class table: for each matter who handles it, as files that `wangge import` takes."""

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from data.classes import Matter
from data.conditions import ClassTable, Handler
from data.duties import Duty
from data.handlers import ASSET_OWNER, Meaning, meanings
from gis.errors import BadFile
from gis.files.writers import write_table
from gis.findings import Finding

_WORDS = ("handler", "means")
_WHY = MappingProxyType(
    {
        "no_handler": "names no handler: whoever holds all matters there answers",
        "unread_handler": "is neither a unit nor a relation that is known, and is left out: say in the list of words "
        "which party or relation it means",
        "vague_handler": "says a task and no unit: a party of that name is made; say in the list of words which unit",
    }
)


@dataclass(frozen=True, slots=True)
class DutyList:
    """Units and duties of a class table. ``used``: what each part of the handlers was read as, and in which rows;
    ``findings``: what could not be read, one by one with its row."""

    duties: tuple[Duty, ...]
    units: tuple[Meaning, ...]
    used: Mapping[Meaning, tuple[int, ...]]
    findings: tuple[Finding, ...]

    @property
    def relations(self) -> tuple[str, ...]:
        """The relations that `wangge import relations` must fill in, like ``office_of:street``."""
        told = {meaning.party or "" for meaning in self.used if meaning.kind == "relation"}
        return tuple(sorted(told - {ASSET_OWNER}))


def duty_list(
    table: ClassTable,
    place: tuple[str, str],
    words: Mapping[str, str] = MappingProxyType({}),
    document: str = "",
) -> DutyList:
    """The duties in ``place``, the layer and area of the whole city. ``words``: see ``read_words``.

    The unit that is named first leads, the others support. Where the first is a relation that most places do not have,
    an asset's owner or something of an estate, the second leads behind it, by a lower priority. A minor whose
    conditions all name the same has its duties once. Where it falls down: asked for a minor whose conditions differ,
    and not for a condition, none of them answers.
    """
    read = {handler: meanings(handler.handler, words) for handler in table.handlers}
    used: defaultdict[Meaning, list[int]] = defaultdict(list)
    for handler, said in read.items():
        for meaning in said:
            used[meaning].append(handler.row)
    duties = tuple(
        duty for matter, rows in _scopes(table, read) for duty in _duties(matter, read[rows[0]], rows, place, document)
    )
    texts = {meaning.text for meaning in used}
    codes = {m.party: m for m in used if m.kind in ("unit", "department") and m.party in texts}
    findings = tuple(found for handler, said in read.items() for found in _findings(handler, said))
    return DutyList(duties, tuple(codes.values()), {m: tuple(rows) for m, rows in used.items()}, findings)


def _scopes(table: ClassTable, read: Mapping[Handler, Sequence[Meaning]]) -> Iterator[tuple[str, list[Handler]]]:
    """Matters with the rows that speak of them: a minor when its conditions agree, else each condition."""
    parents = {matter.code: matter.parent_code for matter in table.matters}
    minors: defaultdict[str, list[Handler]] = defaultdict(list)
    for handler in table.handlers:
        above = parents[handler.matter]
        minors[above if parents.get(above) else handler.matter].append(handler)  # a major has no parent
    for minor, handlers in minors.items():
        if len({_parties(read[handler]) for handler in handlers}) == 1:
            yield minor, handlers
        else:
            yield from ((handler.matter, [handler]) for handler in handlers)


def _parties(said: Sequence[Meaning]) -> tuple[str, ...]:
    return tuple(meaning.party for meaning in said if meaning.party)


def _duties(
    matter: str, said: Sequence[Meaning], rows: Sequence[Handler], place: tuple[str, str], document: str
) -> Iterator[Duty]:
    """One duty a party, in the city's order. ``name`` keeps its words, ``document`` says in which rows they stand."""
    parties = _parties(said)
    second = bool(parties) and (parties[0] == ASSET_OWNER or parties[0].endswith("_of:estate"))
    cited = f"{document} 第{'、'.join(str(handler.row) for handler in rows)}行".strip()
    for at, party in enumerate(parties):
        yield Duty(
            code=f"{matter}-{at + 1}",
            name=rows[0].handler,
            party_code=party,
            layer=place[0],
            area_code=place[1],
            matter=matter,
            role="lead" if at == 0 or (at == 1 and second) else "support",
            document=cited,
            priority=-at,
        )


def _findings(handler: Handler, said: Sequence[Meaning]) -> Iterator[Finding]:
    if not said:
        yield _finding("no_handler", handler, "")
    for meaning in said:
        if meaning.kind == "unread":
            yield _finding("unread_handler", handler, meaning.text)
        elif meaning.kind == "department":
            yield _finding("vague_handler", handler, meaning.text)


def _finding(kind: str, handler: Handler, part: str) -> Finding:
    words = f"handler={part}: {_WHY[kind]}" if part else f"handler is empty: {_WHY[kind]}"
    return Finding(kind, "warning", words, row=handler.row, field="handler", value=part, codes=(handler.matter,))


def read_words(path: Path) -> dict[str, str]:
    """What the city says of parts of handlers: a CSV file with the columns handler and means, a party's code or a
    relation; an empty ``means`` says nothing. ``write_duty_list`` writes such a file to fill in. Raises BadFile."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [column for column in _WORDS if column not in (reader.fieldnames or ())]
        if missing:
            raise BadFile(f"{path.name}: a list of words lacks the columns {', '.join(missing)}", columns=missing)
        return {row["handler"]: means for row in reader if (means := (row["means"] or "").strip())}


def write_duty_list(table: ClassTable, found: DutyList, folder: Path) -> dict[str, Path]:
    """Write matters, parties and duties to import; words, the list to correct; unread, what to look at. Gives their
    paths by name."""
    folder.mkdir(parents=True, exist_ok=True)
    columns: dict[str, dict[str, list[Any]]] = {
        "matters": _columns(Matter, table.matters),
        "parties": {
            "code": [unit.party for unit in found.units],
            "name": [unit.party for unit in found.units],
            "kind": [unit.kind for unit in found.units],
        },
        "duties": _columns(Duty, found.duties),
        "words": {
            "handler": [meaning.text for meaning in found.used],
            "means": [meaning.party for meaning in found.used],
            "kind": [meaning.kind for meaning in found.used],
            "rows": [len(rows) for rows in found.used.values()],
        },
        "unread": {
            "row": [finding.row for finding in found.findings],
            "matter": [finding.codes[0] for finding in found.findings],
            "kind": [finding.kind for finding in found.findings],
            "handler": [finding.value for finding in found.findings],
            "why": [finding.message for finding in found.findings],
        },
    }
    paths = {name: folder / f"{name}.csv" for name in columns}
    for name, path in paths.items():
        write_table(path, columns[name])
    return paths


def _columns(kind: type[Matter | Duty], rows: Sequence[Any]) -> dict[str, list[Any]]:
    """Rows of one dataclass as columns named by its fields."""
    return {field.name: [getattr(row, field.name) for row in rows] for field in fields(kind)}
