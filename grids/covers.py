"""The H3 covers of published areas: built where they are missing, and asked which areas a point lies in.

They serve those who have only the database (docs/sql.md); Wangge's own answers come from releases.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import cos, radians
from typing import Any, NamedTuple, cast

import numpy as np
import shapely
from h3 import H3BaseException
from shapely.errors import ShapelyError
from sqlalchemy import Table, delete, exists, func, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gis.errors import NotFound, WanggeError
from gis.h3cells import Cover, cells_at
from gis.h3cover import ancestors, covers, line_covers
from gis.lines import WIDEST_M, LineIndex, lines_of
from gis.storage.engine import Store, insert_missing, one_at_a_time, pairs_of
from grids.content import Layer
from grids.cover_models import AreaCellRow, ShapeCoverRow, VersionCoverRow
from grids.importing import Progress
from grids.models import CONTENT, AreaRow, ShapeRow, VersionRow
from grids.reads import editions, layers_of, published
from grids.timeline import in_force

_COVERING = 0x77676833
_BATCH = 500
_METRES_A_DEGREE = 110_500.0
_HELD = CONTENT[AreaRow]
_CELLS = cast(Table, AreaCellRow.__table__)
_WIDTH = func.coalesce(func.max(AreaRow.half_width_m), 0.0)

Missing = dict[str, float]
"""Outlines without a cover, and how wide each is taken: 0 for polygons."""


@dataclass(frozen=True, slots=True)
class Covering:
    """An area that covers the point. ``answers``: it is the one of its layer, or the layer's areas may overlap."""

    version: int
    layer: str
    code: str
    name: str
    answers: bool


class _Near(NamedTuple):
    """An area that may cover the point; ``whole``: it surely does."""

    area: AreaRow
    whole: bool


def build_covers(store: Store, number: int | None = None, tell: Progress | None = None) -> int:
    """Cover what is not yet covered of one version, or of all; gives how many outlines that were.

    Some hundred outlines a transaction, so what is done stays done. Raises NotFound.
    """
    with store.read() as session:
        versions = _uncovered(session, number)
        missing = _missing(session, versions)
    hashes = sorted(missing)
    for start in range(0, len(hashes), _BATCH):
        if tell:
            tell(start, len(hashes))
        _cover(store, {key: missing[key] for key in hashes[start : start + _BATCH]})
    with store.write() as session:
        widths = {version: session.scalar(_of_version(select(_WIDTH), [version])) for version in versions}
        rows = [{"version_id": version, "widest_m": width} for version, width in widths.items()]
        insert_missing(session, VersionCoverRow.__table__, rows)
    return len(hashes)


def trouble_covering(store: Store, number: int, tell: Progress | None = None) -> str:
    """Build the covers of a version that stands already: why that failed, or nothing."""
    try:
        build_covers(store, number, tell)
    except (WanggeError, SQLAlchemyError, ShapelyError, H3BaseException) as error:
        return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    return ""


def cover_rows(session: Session, version: int, layer: str) -> list[tuple[str, int, bool]]:
    """(code, cell, whole) of a layer's areas, by code and cell. ``version`` is a row id. Raises NotFound."""
    known = [found.code for found in layers_of(session, version)]
    if layer not in known:
        raise NotFound(f"there is no layer '{layer}'; there are: {', '.join(known) or 'none'}")
    query = _of_version(select(AreaRow.code, AreaCellRow.h3, AreaCellRow.whole), [version])
    query = query.join(AreaCellRow, AreaCellRow.shape_hash == AreaRow.shape_hash).where(AreaRow.layer == layer)
    return [(code, cell, whole) for code, cell, whole in session.execute(query.order_by(AreaRow.code, AreaCellRow.h3))]


def areas_at(
    session: Session, lon: float, lat: float, at: datetime, known_at: datetime | None = None
) -> list[Covering]:
    """The areas that cover the point (WGS 84), by layer from the widest and by code: what ``areas_at`` says in SQL.

    Road segments as in ``gis.lines.LineIndex.locate``: the nearest and those tied with it. Empty before the first
    version. Raises BadCoordinate.
    """
    cells = ancestors(cells_at(lon, lat))[0].tolist()
    edition = in_force(editions(session), at, known_at)
    if edition is None:
        return []
    version = published(session, edition.number).id
    covered = session.get(VersionCoverRow, version) is not None
    by_layer = _by_cell(session, version, cells) if covered else _by_box(session, version, lon, lat)
    found: list[Covering] = []
    for layer in layers_of(session, version):
        for place, area in enumerate(_covering(session, layer, by_layer[layer.code], (lon, lat))):
            answers = place == 0 or not layer.exclusive
            found.append(Covering(edition.number, layer.code, area.code, area.name, answers))
    return found


def _uncovered(session: Session, number: int | None) -> list[int]:
    covered = select(VersionCoverRow.version_id)
    if number is not None:
        wanted = published(session, number).id
        return [] if session.get(VersionCoverRow, wanted) else [wanted]
    query = select(VersionRow.id).where(VersionRow.status == "published", VersionRow.id.not_in(covered))
    return list(session.scalars(query.order_by(VersionRow.number)))


def _missing(session: Session, versions: Sequence[int]) -> Missing:
    query = _of_version(select(AreaRow.shape_hash, _WIDTH, func.max(ShapeCoverRow.half_width_m)), versions)
    query = query.outerjoin(ShapeCoverRow, ShapeCoverRow.shape_hash == AreaRow.shape_hash)
    rows = session.execute(query.group_by(AreaRow.shape_hash))
    return {key: width for key, width, covered in rows if covered is None or covered < width}


def _of_version(query: Any, versions: Sequence[int]) -> Any:
    joined = query.select_from(AreaRow).join(_HELD, _HELD.c.row_id == AreaRow.id)
    return joined.where(_HELD.c.version_id.in_(versions))


def _cover(store: Store, missing: Missing) -> None:
    with store.read() as session:
        query = select(ShapeRow.hash, ShapeRow.geom).where(ShapeRow.hash.in_(missing))
        outlines = pairs_of(session, query)
    made = dict(_made(outlines, missing))
    with store.write() as session:
        one_at_a_time(session, _COVERING)
        session.execute(delete(ShapeCoverRow).where(ShapeCoverRow.shape_hash.in_(made)))
        session.execute(insert(ShapeCoverRow), [_row(key, cover, missing[key]) for key, cover in made.items()])
        session.execute(insert(_CELLS), [row for key, cover in made.items() for row in _cell_rows(key, cover)])


def _made(outlines: dict[str, Any], widths: Missing) -> Iterator[tuple[str, Cover]]:
    polygons, lines = ([key for key in outlines if (widths[key] > 0.0) is wide] for wide in (False, True))
    yield from zip(polygons, covers(_array(outlines[key] for key in polygons)), strict=True)
    shapes = _array(outlines[key] for key in lines)
    yield from zip(lines, line_covers(shapes, [widths[key] for key in lines]), strict=True)


def _array(shapes: Iterable[shapely.Geometry]) -> Any:
    return np.array([*shapes, None], object)[:-1]


def _row(key: str, cover: Cover, width: float) -> dict[str, Any]:
    return {"shape_hash": key, "resolution": cover.resolution, "half_width_m": width}


def _cell_rows(key: str, cover: Cover) -> Iterator[dict[str, Any]]:
    for cells, whole in ((cover.whole, True), (cover.border, False)):
        yield from ({"shape_hash": key, "h3": cell, "whole": whole} for cell in cells.tolist())


def _by_cell(session: Session, version: int, cells: list[int]) -> dict[str, list[_Near]]:
    query = select(AreaCellRow.shape_hash, AreaCellRow.whole).where(AreaCellRow.h3.in_(cells))
    return _held_areas(session, version, pairs_of(session, query))


def _by_box(session: Session, version: int, lon: float, lat: float) -> dict[str, list[_Near]]:
    """For a version whose covers are not built yet: whatever has a box near enough for the widest segment."""
    up = WIDEST_M / _METRES_A_DEGREE
    across = up / max(cos(radians(min(abs(lat) + up, 90.0))), 1e-3)
    query = select(ShapeRow.hash).where(
        ShapeRow.west <= lon + across,
        ShapeRow.east >= lon - across,
        ShapeRow.south <= lat + up,
        ShapeRow.north >= lat - up,
    )
    return _held_areas(session, version, dict.fromkeys(session.scalars(query), False))


def _held_areas(session: Session, version: int, near: dict[str, bool]) -> dict[str, list[_Near]]:
    """The version's areas with these outlines, by layer. Asked outline by outline: both stores then use the index."""
    held = exists().where(_HELD.c.version_id == version, _HELD.c.row_id == AreaRow.id)
    found: defaultdict[str, list[_Near]] = defaultdict(list)
    for area in session.scalars(select(AreaRow).where(AreaRow.shape_hash.in_(near), held).order_by(AreaRow.code)):
        found[area.layer].append(_Near(area, near[area.shape_hash]))
    return found


def _covering(session: Session, layer: Layer, rows: list[_Near], place: tuple[float, float]) -> list[AreaRow]:
    """Those of the layer's areas that do cover it: by their cell, else by their outline."""
    asked = {row.area.shape_hash for row in rows if not row.whole}
    query = select(ShapeRow.hash, ShapeRow.geom).where(ShapeRow.hash.in_(asked))
    outlines = pairs_of(session, query) if asked else {}
    if layer.is_lines:
        lines = lines_of(
            _array(outlines[row.area.shape_hash] for row in rows), [row.area.half_width_m or 0.0 for row in rows]
        )
        return [rows[rank].area for rank in LineIndex(lines).locate(*place).covering.tolist()]
    return [row.area for row in rows if row.whole or shapely.intersects_xy(outlines[row.area.shape_hash], *place)]
