"""Cell and owner for every row of a file: Arrow batches in, the same batches with more columns out."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from gis.coordinates import look_swapped, within
from gis.datums import Datum
from gis.errors import BadInput
from gis.files.batches import batch_sink, batches_of
from grids.importing import Progress
from grids.owner import NEGLIGIBLE
from grids.release import LayerTable
from grids.shelf import View
from routing.addresses import points_of


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which columns hold the point, what it is in, how exact it is, and what to add."""

    lon: str
    lat: str
    crs: Datum
    accuracy_m: float = 1.0
    layers: tuple[str, ...] = ()
    owner: bool = False
    matter: str | None = None


def assign_file(view: View, source: Path, target: Path, job: Assignment, progress: Progress) -> dict[str, Any]:
    """Write ``target`` whole or not at all; gives rows, verdict counts by layer, and warnings. Raises BadInput."""
    tables = _tables(view, job)
    verdicts: dict[str, Counter[str]] = {}
    rows = outside = placed = 0
    swapped = False
    with batch_sink(target) as write:
        for batch in batches_of(source):
            lon, lat, columns = _assigned(view, tables, job, batch)
            write(_widened(batch, columns))
            for name, values in columns.items():
                if name.endswith("_verdict"):
                    verdicts.setdefault(name.removesuffix("_verdict"), Counter()).update(values)
            rows += batch.num_rows
            good = ~np.isnan(lon)
            if view.release.bounds and good.any():
                outside += int((~within(view.release.bounds, lon[good], lat[good])).sum())
                placed += int(good.sum())
                swapped |= look_swapped(view.release.bounds, lon[good], lat[good])
            progress(rows, None)
    warnings = _warnings(job, outside, placed, swapped)
    return {
        "rows": rows,
        "version": view.release.number,
        "verdicts": {n: dict(c) for n, c in verdicts.items()},
        "warnings": warnings,
    }


def _widened(batch: pa.RecordBatch, columns: dict[str, list[Any]]) -> pa.RecordBatch:
    """The batch with the columns added; one of the same name gives way."""
    kept = [name for name in batch.schema.names if name not in columns]
    floats = {name for name in columns if name.endswith("_distance_m")}
    added = [pa.array(values, pa.float64() if name in floats else pa.string()) for name, values in columns.items()]
    return pa.record_batch([*(batch.column(name) for name in kept), *added], names=[*kept, *columns])


def _tables(view: View, job: Assignment) -> list[LayerTable]:
    if job.layers:
        return [view.release.table(layer) for layer in job.layers]
    if view.release.cells is None:
        raise BadInput("the version has no cell layer: name one with --layer", field="layer")
    return [view.release.cells]


def _warnings(job: Assignment, outside: int, placed: int, swapped: bool) -> list[str]:
    if not placed or outside / placed <= 0.02:
        return []
    hint = "longitude and latitude look swapped" if swapped else f"is {job.crs} the right datum?"
    return [f"{outside / placed:.1%} of the points lie outside the city's box: {hint}"]


def _assigned(
    view: View, tables: list[LayerTable], job: Assignment, batch: pa.RecordBatch
) -> tuple[np.ndarray, np.ndarray, dict[str, list[Any]]]:
    lon, lat, wrong = points_of(_texts(batch, job.lon), _texts(batch, job.lat), job.crs)
    good = np.array([problem is None for problem in wrong], bool)
    columns: dict[str, list[Any]] = {}
    for table in tables:
        columns |= _layer_columns(table, lon, lat, good, job.accuracy_m)
    if job.owner:
        columns |= _owner_columns(view, lon, lat, good, job, batch)
    return lon, lat, columns


def _texts(batch: pa.RecordBatch, name: str) -> list[str | None]:
    if name not in batch.schema.names:
        raise BadInput(f"there is no column '{name}'; there are: {', '.join(batch.schema.names)}", field=name)
    return [None if value is None or value == "" else str(value) for value in batch.column(name).to_pylist()]


def _layer_columns(
    table: LayerTable, lon: np.ndarray, lat: np.ndarray, good: np.ndarray, accuracy: float
) -> dict[str, list[Any]]:
    name, count = table.layer.code, len(lon)
    codes: list[str | None] = [None] * count
    distances: list[float | None] = [None] * count
    verdicts = ["no_point"] * count
    candidates: list[str | None] = [None] * count
    rows = np.flatnonzero(good)
    located = table.index.locate(lon[rows], lat[rows])
    distance = table.index.border_distance_m(lon[rows], lat[rows])
    with np.errstate(invalid="ignore"):
        near = np.flatnonzero((distance < accuracy) | located.on_border)
    found = table.index.candidates(lon[rows[near]], lat[rows[near]], accuracy)
    shares: dict[int, list[tuple[int, float]]] = {}
    for point, area, share in zip(found.point.tolist(), found.area.tolist(), found.share.tolist(), strict=True):
        shares.setdefault(int(near[point]), []).append((area, share))
    for at, row in enumerate(rows.tolist()):
        area = int(located.area[at])
        around = [(a, s) for a, s in shares.get(at, []) if s >= NEGLIGIBLE or a == area]
        codes[row] = table.codes[area] if area >= 0 else None
        distances[row] = None if np.isnan(distance[at]) else round(float(distance[at]), 3)
        whole = len(around) <= 1 and (not around or sum(s for _, s in around) > 1 - NEGLIGIBLE)
        verdicts[row] = "outside" if area < 0 else "certain" if whole else "ambiguous"
        listed = [table.codes[a] for a, _ in around] or ([table.codes[area]] if area >= 0 else [])
        candidates[row] = ";".join(listed) or None
    return {
        f"{name}_code": codes,
        f"{name}_distance_m": distances,
        f"{name}_verdict": verdicts,
        f"{name}_candidates": candidates,
    }


def _owner_columns(
    view: View, lon: np.ndarray, lat: np.ndarray, good: np.ndarray, job: Assignment, batch: pa.RecordBatch
) -> dict[str, list[Any]]:
    count = len(lon)
    columns: dict[str, list[Any]] = {f"owner_{name}": [None] * count for name in ("party", "person", "verdict", "duty")}
    columns["owner_verdict"] = ["no_point"] * count
    rows = np.flatnonzero(good)
    matters = _texts(batch, job.matter) if job.matter else [None] * count
    answers = view.resolver.answers(lon[rows], lat[rows], [matters[row] for row in rows], job.accuracy_m)
    for row, answer in zip(rows.tolist(), answers, strict=True):
        columns["owner_verdict"][row] = answer.owner_verdict
        if answer.owner:
            columns["owner_party"][row] = answer.owner.party.code
            columns["owner_person"][row] = answer.owner.person.code if answer.owner.person else None
            columns["owner_duty"][row] = answer.owner.duty.code
    return columns
