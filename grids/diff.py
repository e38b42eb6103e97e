"""What changed between two versions, row by row."""

from dataclasses import asdict, dataclass
from typing import Any

import shapely
from sqlalchemy.orm import Session

from gis.measure import area_m2
from grids.content import Content
from grids.drafts import draft_named
from grids.models import VersionRow
from grids.reads import content_of, published


@dataclass(frozen=True, slots=True)
class Change:
    """One row that differs. ``m2``: for an area whose outline changed, the ground that changed hands."""

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


def _version(session: Session, name: str) -> VersionRow:
    return published(session, int(name)) if name.isdigit() else draft_named(session, name)


def diff_content(one: Content, other: Content) -> list[Change]:
    """The differences between two contents: layers, areas, parties, matters, duties."""
    pairs: list[tuple[str, dict[Any, dict[str, Any]], dict[Any, dict[str, Any]]]] = [
        ("layer", *({(None, t.layer.code): asdict(t.layer) for t in c.areas.values()} for c in (one, other))),
        ("area", _areas(one), _areas(other)),
        ("party", *({(None, p.code): asdict(p) for p in c.parties.values()} for c in (one, other))),
        ("matter", *({(None, m.code): asdict(m) for m in c.matters.values()} for c in (one, other))),
        ("duty", *({(None, d.code): asdict(d) for d in c.duties} for c in (one, other))),
    ]
    changes: list[Change] = []
    for kind, old, new in pairs:
        for key in sorted(old.keys() | new.keys(), key=str):
            changes += _change(kind, key, old.get(key), new.get(key))
    return changes


def _areas(content: Content) -> dict[Any, dict[str, Any]]:
    rows = {}
    for table in content.areas.values():
        for code, name, parent, shape in zip(table.codes, table.names, table.parents, table.shapes, strict=True):
            rows[table.layer.code, code] = {"name": name, "parent": parent, "outline": shape}
    return rows


def _change(kind: str, key: Any, old: dict[str, Any] | None, new: dict[str, Any] | None) -> list[Change]:
    layer, code = key
    if old is None or new is None:
        return [Change(kind, layer, code, "added" if old is None else "removed")]
    differing = [name for name in old if not _equal(old[name], new[name])]
    if not differing:
        return []
    moved = None
    if "outline" in differing:
        one, other = (shapely.make_valid(row["outline"]) for row in (old, new))
        moved = round(area_m2(shapely.symmetric_difference(one, other)), 3)
    return [Change(kind, layer, code, "changed", ", ".join(differing), moved)]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, shapely.Geometry):
        return bool(shapely.equals_identical(one, other))
    return bool(one == other)
