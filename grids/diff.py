"""What changed between two versions, row by row."""

from dataclasses import asdict, dataclass
from typing import Any

import shapely
from sqlalchemy.orm import Session

from gis.measure import area_m2
from grids.content import Content
from grids.drafts import draft_named
from grids.models import VersionRow
from grids.reads import PRECEDENCE, content_of, published

KINDS = ("layer", "area", "party", "matter", "duty", "relation", "rule")
Key = tuple[str, str | None, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One row that differs. ``m2``: for a polygon whose outline changed, the ground that changed hands."""

    kind: str
    layer: str | None
    code: str
    change: str
    fields: str = ""
    m2: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """The change as data."""
        return asdict(self)


def diff_versions(session: Session, before: str, after: str) -> list[Change]:
    """The differences; each side is a version number or the name of an open draft. Raises NotFound."""
    one, other = (content_of(session, _version(session, name).id) for name in (before, after))
    return diff_content(one, other)


def is_version_number(name: str) -> bool:
    """Whether the text is the number of a version; else it is the name of a draft."""
    return name.isascii() and name.isdigit()


def _version(session: Session, name: str) -> VersionRow:
    return published(session, int(name)) if is_version_number(name) else draft_named(session, name)


def diff_content(one: Content, other: Content) -> list[Change]:
    """The differences between two contents: layers, areas, parties, matters, duties, relations, the order of duties."""
    changes: list[Change] = []
    old, new = _rows(one), _rows(other)
    for key in sorted(old.keys() | new.keys(), key=_place):
        changes += _change(key, old.get(key), new.get(key))
    return changes


def _place(key: Key) -> tuple[int, str, str]:
    kind, layer, code = key
    return KINDS.index(kind), layer or "", code


def _rows(content: Content) -> dict[Key, dict[str, Any]]:
    """Every row of the content by kind, layer and code."""
    rows: dict[Key, dict[str, Any]] = {("layer", None, layer.code): asdict(layer) for layer in content.layers}
    rows |= {("party", None, party.code): asdict(party) for party in content.parties.values()}
    rows |= {("matter", None, matter.code): asdict(matter) for matter in content.matters.values()}
    rows |= {("duty", None, duty.code): asdict(duty) for duty in content.duties}
    rows |= {("relation", None, relation.code): asdict(relation) for relation in content.relations}
    rows |= {("rule", None, PRECEDENCE): {"value": content.order}} if content.order else {}
    for table in content.areas.values():
        columns = {"name": table.names, "parent": table.parents, "outline": table.shapes}
        columns |= {"half_width_m": table.half_widths} if table.layer.is_lines else {}
        for code, *row in zip(table.codes, *columns.values(), strict=True):
            rows["area", table.layer.code, code] = dict(zip(columns, row, strict=True))
    return rows


def _change(key: Key, old: dict[str, Any] | None, new: dict[str, Any] | None) -> list[Change]:
    kind, layer, code = key
    if old is None or new is None:
        return [Change(kind, layer, code, "added" if old is None else "removed")]
    differing = [name for name in old | new if not _equal(old.get(name), new.get(name))]
    if not differing:
        return []
    moved = None
    if "outline" in differing and shapely.get_dimensions([old["outline"], new["outline"]]).min() == 2:
        one, other = (shapely.make_valid(row["outline"]) for row in (old, new))
        moved = round(area_m2(shapely.symmetric_difference(one, other)), 3)
    return [Change(kind, layer, code, "changed", ", ".join(differing), moved)]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, shapely.Geometry):
        return bool(shapely.equals_identical(one, other))
    return bool(one == other)
