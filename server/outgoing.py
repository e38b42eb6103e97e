"""Answers in the coordinates that the caller works in: ``out`` beside ``point``, which stays WGS 84."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gis.coordinates import Floats
from gis.datums import Datum, from_wgs84
from gis.errors import BadCoordinate

_DEGREE_DIGITS, _METRE_DIGITS = 9, 4  # a tenth of a millimetre


def with_out(answers: Sequence[dict[str, Any]], target: Datum | None) -> list[dict[str, Any]]:
    """The answers, each with its point in ``target`` as ``out``: crs, x and y. None with a warning where the target
    does not reach."""
    if target is None or not answers:
        return list(answers)
    lon, lat = (np.array([answer["point"][name] for answer in answers], np.float64) for name in ("lon", "lat"))
    x, y = _moved(lon, lat, target)
    digits = _DEGREE_DIGITS if target.in_degrees else _METRE_DIGITS
    return [
        _told(answer, target, round(float(a), digits), round(float(b), digits))
        for answer, a, b in zip(answers, x, y, strict=True)
    ]


def _told(answer: dict[str, Any], target: Datum, x: float, y: float) -> dict[str, Any]:
    if np.isnan(x):
        words = f"the point lies where {target} is not used: it cannot be said in it"
        return answer | {"out": None, "warnings": [*answer["warnings"], words]}
    return answer | {"out": {"crs": target.name, "x": x, "y": y}}


def _moved(lon: Floats, lat: Floats, target: Datum) -> tuple[Floats, Floats]:
    """NaN for what the target cannot say, found by halving: one far point costs little."""
    try:
        return from_wgs84(lon, lat, target)
    except BadCoordinate:
        if len(lon) == 1:
            return np.array([np.nan]), np.array([np.nan])
        half = len(lon) // 2
        parts = _moved(lon[:half], lat[:half], target), _moved(lon[half:], lat[half:], target)
        return np.concatenate([parts[0][0], parts[1][0]]), np.concatenate([parts[0][1], parts[1][1]])
