"""A sample city with road segments, put straight into the tables and covered, and what the index says about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from data.city import SampleCity, sample_city
from gis.lines import LineIndex, lines_of
from gis.locate import PointIndex
from gis.rings import rings_of
from gis.shapes import Shapes
from gis.storage.engine import Store, insert_missing
from gis.storage.migrate import migrate
from grids.models import CONTENT, AreaRow, LayerRow, ShapeRow, VersionRow, outline_row

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
SEGMENTS = "segments"
Told = set[tuple[int, str, str, bool]]
"""(point, layer, code, answers) of each area that covers a point."""


@dataclass(frozen=True)
class Ground:
    """One layer; ``widths`` of road segments only."""

    layer: str
    rank: int
    partition: bool
    codes: Sequence[str]
    shapes: Shapes
    widths: Sequence[float] = ()


@dataclass(frozen=True)
class CoverCity:
    """The store and what was put into it."""

    store: Store
    grounds: tuple[Ground, ...]

    def told_by_index(self, points: np.ndarray) -> Told:
        """What the exact indexes say of each point."""
        found: Told = set()
        for ground in self.grounds:
            lines = bool(len(ground.widths))
            index = LineIndex(lines_of(ground.shapes, ground.widths)) if lines else PointIndex(rings_of(ground.shapes))
            located = index.locate(points[:, 0], points[:, 1])
            for point, area in zip(located.point.tolist(), located.covering.tolist(), strict=True):
                answers = int(located.area[point]) == area or not (ground.partition or lines)
                found.add((point, ground.layer, ground.codes[area], answers))
        return found


def found_cover_city(url: str, cells: int) -> CoverCity:
    """The city in an empty store, published as version 1 at ``NOW``, without covers."""
    store, grounds = Store(url), tuple(_grounds(sample_city(cells=cells, reports=0)))
    migrate(store)
    with store.write() as session:
        version = published_row(session, 1, NOW, NOW)
        for ground in grounds:
            hold(session, version, ground)
    return CoverCity(store, grounds)


def published_row(session: Session, number: int, effective: datetime, recorded: datetime) -> int:
    """A published version that holds nothing yet; its row's id."""
    times = {"created_at": recorded, "effective_at": effective, "recorded_at": recorded}
    row = VersionRow(number=number, name=f"v{number}", status="published", note="", accepted={}, **times)
    session.add(row)
    session.flush()
    return row.id


def hold(session: Session, version: int, ground: Ground) -> None:
    """Put the layer and its areas into the version."""
    lines = bool(len(ground.widths))
    layer = LayerRow(
        code=ground.layer, name=ground.layer, kind="segment" if lines else "other", partition=ground.partition,
        rank=ground.rank, is_cell=ground.layer == "cell", geometry="line" if lines else "polygon",
    )  # fmt: skip
    session.add(layer)
    session.flush()
    session.execute(insert(CONTENT[LayerRow]).values(version_id=version, row_id=layer.id))
    outlines = [outline_row(shape) for shape in ground.shapes]
    insert_missing(session, ShapeRow.__table__, outlines)
    last = session.scalar(select(AreaRow.id).order_by(AreaRow.id.desc()).limit(1)) or 0
    widths: Sequence[float | None] = ground.widths or [None] * len(outlines)
    rows: list[dict[str, Any]] = [
        {"layer": ground.layer, "code": code, "name": f"名{code}", "shape_hash": outline["hash"], "half_width_m": width}
        for code, outline, width in zip(ground.codes, outlines, widths, strict=True)
    ]
    session.execute(insert(AreaRow), rows)
    made = session.scalars(select(AreaRow.id).where(AreaRow.id > last)).all()
    session.execute(insert(CONTENT[AreaRow]), [{"version_id": version, "row_id": row} for row in made])


def _grounds(city: SampleCity) -> Iterator[Ground]:
    for number, layer in enumerate(city.layers):
        codes = [str(code) for code in layer.codes]
        yield Ground(
            layer.name, 10 * number, not layer.overlapping, codes, np.array([*layer.shapes, None], object)[:-1]
        )
    roads = np.array([*city.roads.shapes, None], object)[:-1]
    codes = [f"R{number:05d}" for number in range(len(roads))]
    yield Ground(SEGMENTS, 80, False, codes, roads, [8.0 + 3.0 * (number % 5) for number in range(len(roads))])


def hard_points(grounds: Sequence[Ground], count: int, seed: int = 1) -> np.ndarray:
    """Vertices, middles of edges, points 1e-9 degrees beside them, points near lines, anywhere, and outside."""
    rng = np.random.default_rng(seed)
    each = count // 5
    cells = next(ground.shapes for ground in grounds if ground.layer == "cell")
    corners = shapely.get_coordinates(cells)
    middles = (corners[:-1] + corners[1:]) / 2
    roads = next(shapely.get_coordinates(ground.shapes) for ground in grounds if ground.layer == SEGMENTS)
    west, south, east, north = shapely.total_bounds(cells)
    drawn = [array[rng.integers(0, len(array), each)] for array in (corners, middles, corners, roads)]
    drawn[2] = drawn[2] + rng.normal(0, 1e-9, drawn[2].shape)
    drawn[3] = drawn[3] + rng.normal(0, 1e-4, drawn[3].shape)
    spread = rng.uniform((west - 0.01, south - 0.01), (east + 0.01, north + 0.01), (count - 4 * each, 2))
    return np.concatenate([*drawn, spread])
