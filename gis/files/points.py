"""Points as tables hold them: two columns of text, read a batch at a time."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gis.coordinates import Floats, Ranks, describe_bad, good_lonlat
from gis.datums import Datum, to_wgs84
from gis.errors import WanggeError
from gis.files.cells import as_text

Texts: TypeAlias = Sequence[Any] | pa.Array
Points = tuple[Floats, Floats, list[str | None]]


def points_of(lon: Texts, lat: Texts, system: Datum) -> Points:
    """WGS 84 arrays from texts (or an Arrow column of texts or numbers), NaN where there is no point, and for each row:
    None when good, else what is wrong (empty text when both cells are empty)."""
    x, y = _numbers(lon), _numbers(lat)
    wrong: list[str | None] = [None] * len(x)
    for index in np.flatnonzero(~(np.isfinite(x) & np.isfinite(y))).tolist():
        wrong[index] = _why_not(_shown(lon[index]), _shown(lat[index]), x[index], y[index])
    good = np.flatnonzero(np.array([problem is None for problem in wrong], bool))
    if system.in_degrees:
        bad = good[~good_lonlat(x[good], y[good])]
        for index in bad.tolist():
            wrong[index] = describe_bad(float(x[index]), float(y[index]))
        good = np.setdiff1d(good, bad, assume_unique=True)
    _move(x, y, good, system, wrong)
    nowhere = np.array([problem is not None for problem in wrong], bool)
    x[nowhere] = y[nowhere] = np.nan
    return x, y, wrong


def _numbers(texts: Texts) -> Floats:
    """The numbers, NaN for a cell that is empty or holds none."""
    column = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.if_else(pc.equal(column, ""), None, column)
    try:
        numbers = column.cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return np.array([_number(_shown(text)) for text in column], np.float64)
    return np.array(numbers.to_numpy(zero_copy_only=False), np.float64)


def _shown(cell: Any) -> str | None:
    """The cell as the text a person sees."""
    return as_text(cell.as_py() if isinstance(cell, pa.Scalar) else cell)


def _number(text: str | None) -> float:
    try:
        return float(text) if text and "_" not in text else np.nan
    except ValueError:
        return np.nan


def _why_not(lon: str | None, lat: str | None, x: float, y: float) -> str:
    """Why a row whose two values are not both finite has no point."""
    if not (lon or "").strip() and not (lat or "").strip():
        return ""
    for text, value in ((lon, x), (lat, y)):
        if np.isnan(value) and (text or "").strip().lower().lstrip("+-") != "nan":
            return f"lon={lon or ''}, lat={lat or ''}: must be numbers"
    return describe_bad(float(x), float(y))


def _move(x: Floats, y: Floats, rows: Ranks, system: Datum, wrong: list[str | None]) -> None:
    """Take these rows to WGS 84 in place; what cannot go there is found by halving: one bad row costs little."""
    if not len(rows):
        return
    try:
        x[rows], y[rows] = to_wgs84(x[rows], y[rows], system)
    except WanggeError as error:
        if len(rows) == 1:
            wrong[int(rows[0])] = error.detail
            return
        half = len(rows) // 2
        _move(x, y, rows[:half], system, wrong)
        _move(x, y, rows[half:], system, wrong)
