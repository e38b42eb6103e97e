"""A city's own class table, read into the class tree, with findings for what cannot be read as written."""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from data.classes import Matter, minor_rows
from gis.errors import BadFile
from gis.findings import Finding, Severity

COLUMNS = (
    "kind", "major_code", "major_name", "minor_code", "minor_name", "handler", "supervisor",
    "file_condition", "close_condition", "limit",
)  # fmt: skip
KINDS = MappingProxyType({"部件": "C", "事件": "E"})
UNITS = ("紧急工作时", "工作时", "工作日", "自然日", "小时")
DEFAULT_READINGS = MappingProxyType({"天": "工作日"})
MOST_CONDITIONS = 99

_LIMIT = re.compile(r"(\d+)\s*(\D+)")


@dataclass(frozen=True, slots=True)
class Handler:
    """Who handles and who supervises a matter, in the city's words, which may name several units (A、各产权单位), and
    the row of the file that says so."""

    matter: str
    handler: str
    supervisor: str
    row: int


@dataclass(frozen=True, slots=True)
class ClassTable:
    """A class tree in the file's order, its handlers, and what was found wrong with the file."""

    matters: tuple[Matter, ...]
    handlers: tuple[Handler, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """A time limit: a number of a unit (紧急工作时, 工作时, 工作日, 自然日 or 小时); ``rest`` is text left after it."""

    number: int
    unit: str
    rest: str = ""

    def __str__(self) -> str:
        return f"{self.number}{self.unit}"


def parse_limit(text: str, readings: Mapping[str, str] = DEFAULT_READINGS) -> Limit | None:
    """The limit that a text states, None when it states none that is known.

    ``readings`` says what this city means by a word: ``{"天": "工作日", "小时": "工作时"}``. A word that is neither a
    unit nor has a reading is not guessed (``2紧急工作日`` gives None).
    """
    match = _LIMIT.fullmatch(text.strip())
    if match is None:
        return None
    number, words = int(match[1]), match[2].strip()
    for word in sorted({*UNITS, *readings}, key=len, reverse=True):
        if words.startswith(word):
            unit = readings.get(word, word)
            return Limit(number, unit, words[len(word) :].strip()) if unit in UNITS else None
    return None


def read_conditions(path: Path, readings: Mapping[str, str] = DEFAULT_READINGS) -> ClassTable:
    """The class table in a CSV file with the columns ``COLUMNS``; raises BadFile when a column is missing."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise BadFile(f"{path.name}: the class table lacks the columns {', '.join(missing)}", columns=missing)
        return class_table(reader, readings)


def class_table(rows: Iterable[Mapping[str, str]], readings: Mapping[str, str] = DEFAULT_READINGS) -> ClassTable:
    """The class tree of table rows, one row a condition.

    Codes are the file's own: a letter for the kind, two digits major, two minor, and two counting the conditions of a
    minor that has several. A row that cannot be placed is left out with an error finding; a limit that cannot be read
    is left empty with a warning.
    """
    findings: list[Finding] = []
    majors: dict[str, str] = {}
    minors: dict[str, list[tuple[str, str, str]]] = {}
    names: dict[str, str] = {}
    who: dict[str, list[tuple[str, str, int]]] = {}
    for number, raw in enumerate(rows, start=2):
        row = {column: (raw.get(column) or "").strip() for column in COLUMNS}
        major, minor = _codes(row)
        problem = _misplaced(row, major, minor, majors, names, minors)
        if problem is not None:
            findings.append(_finding("bad_class", "error", problem, number, "minor_code", row["minor_code"]))
            continue
        majors[major], names[minor] = row["major_name"], row["minor_name"]
        limit, odd = _limit(row["limit"], number, readings)
        findings += odd
        minors.setdefault(minor, []).append((row["file_condition"], row["close_condition"], limit))
        who.setdefault(minor, []).append((row["handler"], row["supervisor"], number))
    return _tree(majors, minors, names, who, findings)


def _codes(row: Mapping[str, str]) -> tuple[str, str]:
    """The major's and the minor's code, empty when the row has none."""
    digits = row["major_code"], row["minor_code"]
    if row["kind"] not in KINDS or not all(re.fullmatch(r"[0-9]{1,2}", part) for part in digits):
        return "", ""
    major = KINDS[row["kind"]] + digits[0].zfill(2)
    return major, major + digits[1].zfill(2)


def _misplaced(
    row: Mapping[str, str],
    major: str,
    minor: str,
    majors: Mapping[str, str],
    names: Mapping[str, str],
    minors: Mapping[str, list[tuple[str, str, str]]],
) -> str | None:
    """Why the row has no place in the tree."""
    if not minor:
        return "kind must be 部件 or 事件 and the codes one or two digits"
    if majors.get(major, row["major_name"]) != row["major_name"]:
        return f"{major} is already named {majors[major]}, here {row['major_name']}"
    if names.get(minor, row["minor_name"]) != row["minor_name"]:
        return f"{minor} is already named {names[minor]}, here {row['minor_name']}"
    if len(minors.get(minor, ())) >= MOST_CONDITIONS:
        return f"{minor} has more than {MOST_CONDITIONS} conditions"
    return None


def _limit(text: str, row: int, readings: Mapping[str, str]) -> tuple[str, list[Finding]]:
    """The limit as the class tree writes it, and what is wrong with it."""
    limit = parse_limit(text, readings)
    if limit is None:
        message = "no time limit" if not text else "the time limit is not a number and a known unit: left empty"
        return "", [_finding("bad_limit", "warning", message, row, "limit", text)]
    if limit.rest:
        message = f"read as {limit}, the rest ({limit.rest}) is left out"
        return str(limit), [_finding("dirty_limit", "warning", message, row, "limit", text)]
    return str(limit), []


def _tree(
    majors: Mapping[str, str],
    minors: Mapping[str, list[tuple[str, str, str]]],
    names: Mapping[str, str],
    who: Mapping[str, list[tuple[str, str, int]]],
    findings: list[Finding],
) -> ClassTable:
    matters: list[Matter] = []
    handlers: list[Handler] = []
    for major, name in majors.items():
        matters.append(Matter(major, name, "component" if major.startswith("C") else "event", ""))
        for minor in (code for code in minors if code[:3] == major):
            rows = minor_rows(minor, names[minor], major, minors[minor])
            matters += rows
            leaves = rows if len(rows) == 1 else rows[1:]
            handlers += [Handler(leaf.code, *units) for leaf, units in zip(leaves, who[minor], strict=True)]
    return ClassTable(tuple(matters), tuple(handlers), tuple(findings))


def _finding(kind: str, severity: Severity, message: str, row: int, field: str, value: str) -> Finding:
    return Finding(kind, severity, message, row=row, field=field, value=value)
