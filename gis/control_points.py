"""A city's plane from control points that are known in it and in WGS 84: fitted by least squares, never guessed.

What looks wrong is said and refused, not repaired: exchanged axes, points of a web map, a mistyped row.
Where it falls down: points that are all wrong in the same way (shifted by one amount) fit as well as right ones.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gis.coordinates import Flags, Floats, describe_bad, good_lonlat
from gis.datums import Datum, to_wgs84
from gis.errors import BadInput
from gis.measure import distance_m
from gis.plane_fit import LocalPlane, PlaneFit, six
from gis.shifts import bd09_to_gcj02, from_gcj02

_TERMS: dict[str, tuple[dict[int, float], ...]] = {
    "similarity": ({0: 1}, {6: 1}, {1: 1, 8: 1}, {2: -1, 7: 1}),
    "affine": ({0: 1}, {6: 1}, {1: 1}, {2: 1}, {7: 1}, {8: 1}),
    "conformal": ({0: 1}, {6: 1}, {1: 1, 8: 1}, {2: -1, 7: 1}, {3: 1, 5: -1, 10: 2}, {4: -2, 9: 1, 11: -1}),
    "quadratic": tuple({at: 1.0} for at in range(12)),
}
"""By model, what each parameter adds to the factors of 1, s, t, s2, st, t2 in the east (0-5) and the north (6-11)."""

MODELS = tuple(_TERMS)
"""Four, six, six and twelve parameters; ``conformal`` is the second-order map that keeps angles."""

_FIRST, _SECOND = "similarity", "conformal"

HOPELESS_M = 10.0
"""A fit that misses its own points by more than this is no datum."""

_GROSS_M, _GROSS_RATIO = 0.2, 10.0
_CLEARLY = 10.0  # so much better must another reading of the numbers fit to be named
_BETTER, _WORTH_M = 0.7, 0.01  # when another model is worth telling of
_THIN = 0.02  # the points' lesser spread over their greater one
_UNSETTLED = 1e-3
_MOST_PAIRS = 2000
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ControlPoints:
    """Points in the city's plane (x east, y north) and in WGS 84, with the rows they come from."""

    x: Floats
    y: Floats
    lon: Floats
    lat: Floats
    rows: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Fit:
    """The plane, and for each point how far it is off, metres: with it in the fit, and with the fit of the others."""

    plane: PlaneFit
    residual_m: Floats
    left_out_m: Floats
    notes: tuple[str, ...] = ()


def least_points(model: str) -> int:
    """How many points a model needs: those that settle it, and one that can contradict. Raises BadInput."""
    if model not in _TERMS:
        raise BadInput(f"model '{model}': choose one of {', '.join(MODELS)}", field="model", value=model)
    return len(_TERMS[model]) // 2 + 1


def fit_plane(points: ControlPoints, model: str | None = None, meridian: float | None = None) -> Fit:
    """The plane that fits the points best. ``model`` None: a similarity, or the second-order conformal map where that
    meets points left out clearly better; a note says so. ``meridian``: the city's central meridian, where it is known;
    else that of the points' middle. Raises BadInput for points that are too few, in one line, repeated, read in a
    wrong way or mistyped; the message names the row."""
    _check(points, model or _FIRST)
    origin = LocalPlane(float(points.lon.mean()) if meridian is None else meridian, float(points.lat.mean()))
    target = origin.plane(points.lon, points.lat)
    _check_reading(points, target)
    _check_outliers(points, target, model or _FIRST)
    first = _fitted(points, origin, target, model or _FIRST)
    better = {other.plane.model: other for other in _better(points, origin, target, first)}
    fit = better.get(_SECOND, first) if model is None else first
    if fit.plane.determinant <= 0.0:
        raise BadInput(f"as a mirror image they fit to {fit.plane.rms_m:.2f} m: is x the easting and y the northing?")
    if fit.plane.rms_m > HOPELESS_M:
        worst = int(np.argmax(fit.left_out_m))
        raise BadInput(
            f"the points fit only to {fit.plane.rms_m:.1f} m, row {points.rows[worst]} worst: too far off for a datum; "
            "are x and y metres of one plane, and lon and lat WGS 84?"
        )
    return replace(fit, notes=tuple(_notes(points, first, better, fit)))


def misses_m(system: Datum, points: ControlPoints) -> Floats:
    """How far the system puts points from where they are, metres. Raises BadCoordinate for what is far outside it."""
    return distance_m(*to_wgs84(points.x, points.y, system), points.lon, points.lat)


def _check(points: ControlPoints, model: str) -> None:
    least = least_points(model)
    if len(points) < least:
        raise BadInput(f"{len(points)} control points: a {model} needs at least {least}", field="points")
    bad = ~good_lonlat(points.lon, points.lat)
    for at in np.flatnonzero(bad | ~np.isfinite(points.x) | ~np.isfinite(points.y)).tolist():
        why = (
            describe_bad(float(points.lon[at]), float(points.lat[at])) if bad[at] else "x and y must be finite numbers"
        )
        raise BadInput(f"row {points.rows[at]}: {why}", row=points.rows[at])
    for pairs in (zip(points.x, points.y, strict=True), zip(points.lon, points.lat, strict=True)):
        seen: dict[tuple[float, float], int] = {}
        for row, pair in zip(points.rows, pairs, strict=True):
            if pair in seen:
                raise BadInput(f"row {row}: is the same place as row {seen[pair]}; leave one of them out", row=row)
            seen[pair] = row
    spread = np.linalg.svd(np.column_stack(_centred(points)), compute_uv=False)
    if spread[1] < _THIN * spread[0]:
        raise BadInput("the control points lie on one line: add some beside it", field="points")


def _centred(points: ControlPoints) -> tuple[Floats, Floats]:
    return points.x - points.x.mean(), points.y - points.y.mean()


def _check_reading(points: ControlPoints, target: tuple[Floats, Floats]) -> None:
    """Would the same numbers fit far better if they were read in another way?"""
    plain = _consensus(points.x, points.y, *target)[1]
    for words, advice, found in _readings(points, target):
        if plain > 1.0 and found * _CLEARLY < plain:
            raise BadInput(f"as they stand the points fit to {plain:.2f} m, {words} to {found:.2f} m: {advice}")


def _readings(points: ControlPoints, target: tuple[Floats, Floats]) -> Iterator[tuple[str, str, float]]:
    exchange = "exchange the columns x and y (in Chinese surveys X is the northing)"
    yield "with x as the northing and y as the easting", exchange, _consensus(points.y, points.x, *target)[1]
    surveyed = "lon and lat must be surveyed in WGS 84 or CGCS2000"
    others = [
        ("with lon and lat read as gcj02", surveyed, from_gcj02(points.lon, points.lat)),
        ("with lon and lat read as bd09", surveyed, from_gcj02(*bd09_to_gcj02(points.lon, points.lat))),
    ]
    if (abs(points.lon) <= 90.0).all():
        others.append(("with lon and lat exchanged", "exchange the columns lon and lat", (points.lat, points.lon)))
    for words, advice, (lon, lat) in others:
        plane = LocalPlane(float(lon.mean()), float(lat.mean())).plane(lon, lat)
        yield words, advice, _consensus(points.x, points.y, *plane)[1]


def _consensus(x: Floats, y: Floats, east: Floats, north: Floats) -> tuple[Floats, float]:
    """How far each point is off, metres, from the similarity through the two points that suits the half of all best
    (least median of squares), and that median: rows that are wrong do not pull at it."""
    city, ground = x - x.mean() + 1j * (y - y.mean()), east + 1j * north
    one, two = np.triu_indices(len(city), 1)
    step = -(-len(one) // _MOST_PAIRS)
    best, least = np.full(len(city), np.inf), np.inf
    for i, j in zip(one[::step].tolist(), two[::step].tolist(), strict=True):
        factor = (ground[j] - ground[i]) / (city[j] - city[i])
        off = np.abs(ground - ground[i] - factor * (city - city[i]))
        middle = float(np.median(off))
        if middle < least:
            best, least = off, middle
    return best, least


def _check_outliers(points: ControlPoints, target: tuple[Floats, Floats], model: str) -> None:
    """Rows that are far off while the others fit; said only when enough others are left to be believed."""
    off, middle = _consensus(points.x, points.y, *target)
    good = off <= max(5.0 * middle, _GROSS_M)
    if good.all() or good.sum() < max(least_points(model), 0.6 * len(points)):
        return
    design, wanted, kept = _design(points, model), _stacked(target), np.repeat(good, 2)
    if _weakest(design[kept]) < _UNSETTLED or (_off(design, wanted, np.ones_like(kept)) <= _GROSS_M).all():
        return
    off = _off(design, wanted, kept)
    freedom = int(kept.sum()) - len(_TERMS[model])
    sigma = np.sqrt((off[good] ** 2).sum() / freedom) * _reach(design, kept)
    gross = np.flatnonzero(~good & (off > np.maximum(_GROSS_M, _GROSS_RATIO * (1.0 + 4.0 / freedom) * sigma)))
    if len(gross):
        _refuse_outliers(points, gross[np.argsort(-off[gross])].tolist(), off, _rms(off[good]))


def _off(design: npt.NDArray[np.float64], wanted: Floats, kept: Flags) -> Floats:
    """How far all points are off the fit of those that are kept."""
    found, *_ = np.linalg.lstsq(design[kept], wanted[kept], rcond=None)
    return _lengths(wanted - design @ found)


def _reach(design: npt.NDArray[np.float64], kept: Flags) -> Floats:
    """By how much the noise of the kept points grows on its way to each point."""
    spread = np.einsum("ij,jk,ik->i", design, np.linalg.inv(design[kept].T @ design[kept]), design)
    return np.asarray(np.sqrt(1.0 + np.maximum(spread[0::2], spread[1::2])), np.float64)


def _refuse_outliers(points: ControlPoints, gross: Sequence[int], off: Floats, rms: float) -> None:
    named = [f"row {points.rows[at]}: {off[at]:.1f} m off" for at in gross[:_SHOWN]]
    more = f" and {len(gross) - _SHOWN} more" if len(gross) > _SHOWN else ""
    words = f"{', '.join(named)}{more} while the others fit to {rms:.2f} m: is it mistyped or swapped?"
    raise BadInput(words, row=points.rows[gross[0]], rows=[points.rows[at] for at in gross])


def _design(points: ControlPoints, model: str) -> npt.NDArray[np.float64]:
    """Two rows a point, east and north; a column a parameter."""
    s, t = (part / _unit(points) for part in _centred(points))
    powers = np.column_stack([np.ones_like(s), s, t, s * s, s * t, t * t])
    both = np.zeros((2 * len(points), 12))
    both[0::2, :6], both[1::2, 6:] = powers, powers
    return np.asarray(both @ _factors(model), np.float64)


def _factors(model: str) -> npt.NDArray[np.float64]:
    table = np.zeros((12, len(_TERMS[model])))
    for column, terms in enumerate(_TERMS[model]):
        for at, factor in terms.items():
            table[at, column] = factor
    return table


def _unit(points: ControlPoints) -> float:
    return float(np.hypot(*_centred(points)).max())


def _stacked(target: tuple[Floats, Floats]) -> Floats:
    return np.column_stack(target).reshape(-1)


def _lengths(stacked: Floats) -> Floats:
    return np.asarray(np.hypot(stacked[0::2], stacked[1::2]), np.float64)


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _weakest(design: npt.NDArray[np.float64]) -> float:
    values = np.linalg.svd(design, compute_uv=False)
    return float(values[-1] / values[0])


def _fitted(points: ControlPoints, origin: LocalPlane, target: tuple[Floats, Floats], model: str) -> Fit:
    design, wanted = _design(points, model), _stacked(target)
    if _weakest(design) < _UNSETTLED:
        raise BadInput(f"the control points do not settle a {model}: add points away from their common curve")
    basis, upper = np.linalg.qr(design)
    found = np.linalg.solve(upper, basis.T @ wanted)
    off = wanted - design @ found
    blocks = basis.reshape(len(points), 2, -1)
    free = np.eye(2) - blocks @ blocks.transpose(0, 2, 1)
    alone = np.flatnonzero(np.linalg.det(free) < 1e-9)
    if len(alone):
        row = points.rows[int(alone[0])]
        raise BadInput(f"without row {row} the others do not settle a {model}: add points near it", row=row)
    left_out = _lengths(np.linalg.solve(free, off.reshape(-1, 2, 1)).reshape(-1))
    factors = (_factors(model) @ found).tolist()
    west, south, east, north = (
        float(v) for v in (points.lon.min(), points.lat.min(), points.lon.max(), points.lat.max())
    )
    centre = float(points.x.mean()), float(points.y.mean())
    residual = _lengths(off)
    told = len(points), _rms(residual), float(residual.max()), _rms(left_out)
    box = west, south, east, north
    plane = PlaneFit(model, origin, centre, _unit(points), six(factors[:6]), six(factors[6:]), box, *told)
    return Fit(plane, residual, left_out)


def _better(points: ControlPoints, origin: LocalPlane, target: tuple[Floats, Floats], fit: Fit) -> Iterator[Fit]:
    """The other models that meet a point left out clearly better than this one."""
    mine = fit.plane.left_out_rms_m
    for model in MODELS:
        if model == fit.plane.model or len(points) < least_points(model) + 1:
            continue
        with suppress(BadInput):  # these points do not settle that model
            other = _fitted(points, origin, target, model)
            its = other.plane.left_out_rms_m
            if its < _BETTER * mine and mine - its > _WORTH_M:
                yield other


def _notes(points: ControlPoints, first: Fit, better: Mapping[str, Fit], fit: Fit) -> Iterator[str]:
    """What the caller may want to know of the fit that was taken, and of those that were not."""
    mine = first.plane.left_out_rms_m
    for model, other in better.items():
        its = other.plane.left_out_rms_m
        if other is fit:
            yield f"a {first.plane.model} meets a point left out to {mine:.2f} m, {model} to {its:.2f} m: it is taken"
        elif first is fit:
            yield f"a point left out is met to {mine:.2f} m; with --model {model} it would be {its:.2f} m"
    if not 0.99 < fit.plane.scale < 1.01:
        yield f"one unit of this plane is {fit.plane.scale:.6g} m on the ground: is it in metres?"
    if _standing_out(fit.residual_m).any():
        worst = int(np.argmax(fit.residual_m))
        yield f"row {points.rows[worst]} is {fit.residual_m[worst]:.2f} m off, far more than most"


def _standing_out(residual: Floats) -> Flags:
    return np.asarray(residual > np.maximum(_GROSS_M, 5.0 * np.median(residual)), np.bool_)
