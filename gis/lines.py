"""Road segments: centre lines with half-widths, and which of them a point belongs to.

A point belongs to the segment with the nearest centre line among those whose own half-width reaches it (metres, on the
ellipsoid). Segments come in the order of their codes: a tie goes to the lowest. Edges are straight in degrees, as those
of areas. The antimeridian is a wall.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from gis.coordinates import Flags, Floats, Ranks, good_lonlat, lonlat_arrays
from gis.errors import BadInput, BadShape
from gis.locate import BORDER_REACH_M, Candidates, Located
from gis.measure import distance_m, metres_per_degree
from gis.shapes import ShapeProblem, Shapes, first_bad_vertex

TIE_M = 1e-3
"""Distances that differ by no more than this are equal."""

WIDEST_M = 500.0
"""No half-width is larger."""

_LINEAR = (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING)
_MARGIN = 1.001  # boxes are this much larger than the plane at their own latitude says
_POINTS = 2048  # points whose pairs with pieces are held at once
_DISC_POINTS = 256
_WIDTH_RULE = f"give metres, more than 0 and at most {WIDEST_M:g}"


@dataclass(frozen=True)
class Lines:
    """``coords`` float64[n, 2]; vertices of line l: coords[lines[l]:lines[l+1]]; lines of segment s:
    areas[s]:areas[s+1]; ``half_width_m`` float64, one a segment."""

    coords: npt.NDArray[np.float64]
    lines: npt.NDArray[np.int64]
    areas: npt.NDArray[np.int64]
    half_width_m: npt.NDArray[np.float64]

    def shapes(self) -> Shapes:
        """The centre lines as shapely MultiLineStrings, in order."""
        kind, offsets = shapely.GeometryType.MULTILINESTRING, (self.lines, self.areas)
        made: Shapes = shapely.from_ragged_array(kind, self.coords, offsets)
        return made


def lines_of(shapes: Shapes, half_widths: npt.ArrayLike) -> Lines:
    """The centre lines, vertex for vertex, heights dropped; an empty or missing one has no parts.

    Raises BadShape for what is no line, BadInput for a half-width that ``line_problems`` would name.
    """
    widths = _widths(shapes, half_widths)
    for index in np.flatnonzero(~_good_width(widths)).tolist():
        raise BadInput(f"segment {index}: {_about_width(float(widths[index]))}", field="half_width_m", index=index)
    for index in np.flatnonzero(~(_no_ground(shapes) | _linear(shapes))).tolist():
        raise BadShape(f"segment {index}: {_about_kind(shapes[index])}", index=index)
    parts, segment = shapely.get_parts(shapes, return_index=True)
    ground = ~shapely.is_empty(parts)
    parts, segment = shapely.force_2d(parts[ground]), segment[ground]
    sizes = shapely.get_num_coordinates(parts)
    counts = np.bincount(segment, minlength=len(shapes))
    coords = np.ascontiguousarray(shapely.get_coordinates(parts), np.float64)
    return Lines(coords, _offsets(sizes), _offsets(counts), widths)


def line_problems(shapes: Shapes, half_widths: npt.ArrayLike) -> Iterator[ShapeProblem]:
    """What is wrong with each segment, in rising order: at most one thing with its line, and one with its half-width.

    Kinds: ``empty_geometry``, ``not_line``, ``bad_coordinate``, ``no_length``, ``bad_half_width``.
    """
    widths = _widths(shapes, half_widths)
    missing, linear = _no_ground(shapes), _linear(shapes)
    bad_vertex = first_bad_vertex(shapes, linear & ~missing)
    pointlike = linear & ~missing & (bad_vertex == "") & (shapely.length(shapes) == 0.0)
    bad_width = ~_good_width(widths)
    for index in np.flatnonzero(missing | ~linear | (bad_vertex != "") | pointlike | bad_width).tolist():
        if missing[index]:
            yield ShapeProblem(index, "empty_geometry", "the geometry is empty: a road segment needs a line")
        elif not linear[index]:
            yield ShapeProblem(index, "not_line", _about_kind(shapes[index]))
        elif bad_vertex[index]:
            yield ShapeProblem(index, "bad_coordinate", str(bad_vertex[index]))
        elif pointlike[index]:
            yield ShapeProblem(index, "no_length", "all vertices of the line are one place: draw at least two")
        if bad_width[index]:
            yield ShapeProblem(index, "bad_half_width", _about_width(float(widths[index])))


class LineIndex:
    """The index of one layer of road segments; it answers as ``gis.locate.PointIndex`` does.

    Distances are good to 1 mm within 500 m, below 70 degrees of latitude (``_metres``).
    """

    def __init__(self, lines: Lines) -> None:
        self._width = lines.half_width_m
        self._shapes: Shapes = lines.shapes()
        self._coords = lines.coords
        last = np.zeros(len(lines.coords), bool)
        last[lines.lines[1:] - 1] = True
        self._start: Ranks = np.flatnonzero(~last)
        ends = lines.lines[lines.areas[1:]]
        self._segment: Ranks = np.searchsorted(ends, self._start, side="right").astype(np.int64)

    def __len__(self) -> int:
        return len(self._shapes)

    @property
    def shapes(self) -> Shapes:
        """The centre lines it answers from, in order; not to be changed."""
        return self._shapes

    @cached_property
    def _tree(self) -> STRtree:
        """One box a piece (two consecutive vertices), grown by the half-width."""
        a, b = self._coords[self._start], self._coords[self._start + 1]
        low, high = np.minimum(a, b), np.maximum(a, b)
        reach = (self._width[self._segment] + TIE_M) * _MARGIN
        dy = reach / metres_per_degree(low[:, 1])[1]
        poleward = np.minimum(np.maximum(np.abs(low[:, 1]), np.abs(high[:, 1])) + dy, 90.0)
        dx = reach / _scale(poleward)[0]
        return STRtree(shapely.box(low[:, 0] - dx, low[:, 1] - dy, high[:, 0] + dx, high[:, 1] + dy))

    def locate(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Located:
        """The segment of each point; ``covering`` are the answer and those tied with it.

        ``on_border``: tied, or at the answer's kerb, to ``TIE_M``; the kerb itself still belongs to the segment.
        Raises BadCoordinate.
        """
        x, y = lonlat_arrays(lon, lat)
        area, on_border = np.full(len(x), -1, np.int64), np.zeros(len(x), bool)
        points, segments = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for rows in _slices(len(x), _POINTS):
            point, segment, metres = self._winners(x[rows], y[rows])
            first, tied = _first_of(point), np.bincount(point, minlength=len(x[rows])) > 1
            area[rows][point[first]] = segment[first]
            on_border[rows] = tied
            on_border[rows][point[metres >= self._width[segment] - TIE_M]] = True
            points.append(point + rows.start)
            segments.append(segment)
        return Located(area, on_border, np.concatenate(points), np.concatenate(segments))

    def border_distance_m(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Floats:
        """Metres within which the answer surely stays the same, NaN beyond ``BORDER_REACH_M``.

        Outside all segments it is exact: the way to the nearest kerb. Inside it is the way to the own kerb or, where
        another segment is near, a lower bound: half the difference of the two distances, which is exact between
        opposite neighbours and less than the truth beside a crossing (0.7 of it on a centre line that is crossed
        squarely, half of it where two segments meet end to end, less off the line).
        """
        x, y = lonlat_arrays(lon, lat)
        found = np.empty(len(x))
        for rows in _slices(len(x), _POINTS):
            found[rows] = self._unchanged_m(x[rows], y[rows])
        return found

    def candidates(self, lon: npt.ArrayLike, lat: npt.ArrayLike, radius_m: npt.ArrayLike) -> Candidates:
        """The segments that answer within ``radius_m`` of each point, with their shares of that disc.

        The rule is asked at the middle and at 256 places spread evenly, a ninth of the radius apart: shares are good
        to about 0.03, and what answers for less than 1/257 of the disc may be missed. Ties share equally. Raises
        BadInput for a radius that is negative or not finite.
        """
        x, y = lonlat_arrays(lon, lat)
        radius = np.broadcast_to(np.asarray(radius_m, np.float64), x.shape)
        if not (np.isfinite(radius) & (radius >= 0.0)).all():
            raise BadInput("the accuracy must be a finite number of metres, 0 or more", field="accuracy_m")
        points, segments, shares = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
        for rows in _slices(len(x), _POINTS // _DISC_POINTS):
            point, segment, share = self._shares(x[rows], y[rows], radius[rows])
            points.append(point + rows.start)
            segments.append(segment)
            shares.append(share)
        return Candidates(np.concatenate(points), np.concatenate(segments), np.concatenate(shares))

    def nearest(self, lon: float, lat: float) -> tuple[int, float] | None:
        """The segment that answers, at 0 metres; else the one with the nearest kerb, and the metres to it; None for a
        layer without lines.

        Exact within ``BORDER_REACH_M``; farther off it reads every piece, and from other countries it names a near
        segment, hardly the nearest.
        """
        x, y = lonlat_arrays(lon, lat)
        covering = self._winners(x, y)[1]
        if len(covering):
            return int(covering[0]), 0.0
        if not len(self._start):
            return None
        piece = np.sort(self._tree.query(_boxes(x, y, np.array([BORDER_REACH_M])))[1])
        gap, foot = self._gaps(x, y, piece)
        if gap.min(initial=np.inf) > BORDER_REACH_M:
            piece = np.arange(len(self._start))
            gap, foot = self._gaps(x, y, piece)
        best = int(np.flatnonzero(gap <= gap.min() + TIE_M)[0])
        segment = int(self._segment[piece[best]])
        away = float(distance_m(lon, lat, lon + foot[best, 0], lat + foot[best, 1]))
        return segment, max(0.0, away - float(self._width[segment]))

    def near(self, shape: BaseGeometry) -> Ranks:
        """The segments whose ground, the line grown by its half-width, meets the shape; in rising order.

        Measured in a plane scaled at the middle of each line: good to 1 % of the half-width for lines below 10 km.
        """
        found = np.unique(self._segment[self._tree.query(shape, predicate="intersects")])
        meets: Flags = shapely.intersects(self._shapes[found], shape)
        for row in np.flatnonzero(~meets).tolist():
            line = self._shapes[found[row]]
            _, south, _, north = shapely.bounds(line)
            scale = np.array(_scale((south + north) / 2.0))
            flat_line, flat_shape = (shapely.transform(each, lambda xy, s=scale: xy * s) for each in (line, shape))
            meets[row] = shapely.distance(flat_line, flat_shape) <= self._width[found[row]] + TIE_M
        return found[meets]

    def _winners(self, x: Floats, y: Floats) -> tuple[Ranks, Ranks, Floats]:
        """(point, segment, metres) of each answer and those tied with it, sorted by point, then segment."""
        point, segment, metres = self._pairs(x, y, np.zeros(len(x)))
        least = np.full(len(x), np.inf)
        np.minimum.at(least, point, metres)
        tied = metres <= least[point] + TIE_M
        return point[tied], segment[tied], metres[tied]

    def _pairs(self, x: Floats, y: Floats, reach_m: Floats) -> tuple[Ranks, Ranks, Floats]:
        """(point, segment, metres to its line) for each segment whose kerb is within reach, sorted likewise."""
        point, piece = self._tree.query(_boxes(x, y, reach_m))
        segment = self._segment[piece]
        metres = _metres(y[point], self._feet(x[point], y[point], piece))
        kept = np.flatnonzero(metres - self._width[segment] <= reach_m[point] + TIE_M)
        key = point[kept].astype(np.int64) * len(self) + segment[kept]
        order = np.argsort(key, kind="stable")
        first = _first_of(key[order])
        point, segment = np.divmod(key[order][first], max(len(self), 1))
        return point, segment, np.minimum.reduceat(metres[kept][order], first)

    def _feet(self, x: Floats, y: Floats, piece: Ranks) -> Floats:
        """The step in degrees from each point to the nearest place of its piece."""
        east, north = _scale(y)
        a = self._coords[self._start[piece]]
        b = self._coords[self._start[piece] + 1]
        ax, ay, bx, by = a[:, 0] - x, a[:, 1] - y, b[:, 0] - a[:, 0], b[:, 1] - a[:, 1]
        across, up = east * east, north * north
        length = bx * bx * across + by * by * up
        along = -(ax * bx * across + ay * by * up) / np.where(length > 0.0, length, 1.0)
        along = np.clip(along, 0.0, 1.0)
        return np.column_stack([ax + along * bx, ay + along * by])

    def _gaps(self, x: Floats, y: Floats, piece: Ranks) -> tuple[Floats, Floats]:
        """Metres from the one point to the kerb of each piece, and the steps to their lines."""
        feet = self._feet(np.broadcast_to(x, piece.shape), np.broadcast_to(y, piece.shape), piece)
        return _metres(np.broadcast_to(y, piece.shape), feet) - self._width[self._segment[piece]], feet

    def _unchanged_m(self, x: Floats, y: Floats) -> Floats:
        """A step of r changes every distance by at most r, so another segment answers only after both half the lead
        and the way into its half-width."""
        point, segment, metres = self._winners(x, y)
        first = _first_of(point)
        own, distance = np.full(len(x), -1, np.int64), np.full(len(x), np.inf)
        own[point[first]], distance[point[first]] = segment[first], metres[first]
        found = np.full(len(x), np.inf)
        found[point[first]] = np.maximum(self._width[segment[first]] - metres[first], 0.0)
        todo = np.arange(len(x))
        for reach in (BORDER_REACH_M / 10.0, BORDER_REACH_M):
            row, other, away = self._pairs(x[todo], y[todo], np.minimum(found[todo], reach))
            row = todo[row]
            bound = np.maximum((away - distance[row]) / 2.0, away - self._width[other])
            rival = other != own[row]
            np.minimum.at(found, row[rival], np.maximum(bound[rival], 0.0))
            todo = np.flatnonzero(found > reach)
        return np.where(found <= BORDER_REACH_M, found, np.nan)

    def _shares(self, x: Floats, y: Floats, radius: Floats) -> tuple[Ranks, Ranks, Floats]:
        east, north = _scale(y)
        lon = x[:, None] + _DISC[None, :, 0] * (radius / east)[:, None]
        lat = y[:, None] + _DISC[None, :, 1] * (radius / north)[:, None]
        here = np.flatnonzero(good_lonlat(lon, lat))
        place, segment, _ = self._winners(lon.ravel()[here], lat.ravel()[here])
        weight = 1.0 / np.bincount(place)[place]
        pair, back = np.unique(here[place] // len(_DISC) * len(self) + segment, return_inverse=True)
        share = np.round(np.bincount(back, weight, minlength=len(pair)), 9) / len(_DISC)
        point, segment = np.divmod(pair, max(len(self), 1))
        order = np.lexsort((segment, -share, point))
        return point[order], segment[order], share[order]


def _sunflower(places: int) -> Floats:
    """The middle of the unit disc and so many places spread evenly over it."""
    step = np.arange(places)
    radius, turn = np.sqrt((step + 0.5) / places), step * np.pi * (3.0 - np.sqrt(5.0))
    return np.vstack([(0.0, 0.0), np.column_stack([radius * np.cos(turn), radius * np.sin(turn)])])


_DISC = _sunflower(_DISC_POINTS)


def _scale(lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Metres per degree, never nothing at the poles."""
    east, north = metres_per_degree(lat)
    return np.maximum(east, 1e-3), north


def _metres(lat: Floats, step: Floats) -> Floats:
    """The length of steps given in degrees, scaled at their middle latitude: good to 1 mm over 500 m below 70."""
    east, north = metres_per_degree(lat + step[:, 1] / 2.0)
    return np.hypot(step[:, 0] * east, step[:, 1] * north)


def _boxes(x: Floats, y: Floats, reach_m: Floats) -> Shapes:
    east, north = _scale(y)
    dx, dy = reach_m / east * _MARGIN, reach_m / north * _MARGIN
    boxes: Shapes = shapely.box(x - dx, y - dy, x + dx, y + dy)
    return boxes


def _slices(count: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, count, size))


def _first_of(keys: Ranks) -> Ranks:
    """Where each new value of sorted, not negative keys begins."""
    return np.flatnonzero(np.diff(keys, prepend=-1))


def _offsets(counts: npt.NDArray[np.integer]) -> Ranks:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _no_ground(shapes: Shapes) -> Flags:
    missing: Flags = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    return missing


def _linear(shapes: Shapes) -> Flags:
    return np.isin(shapely.get_type_id(shapes), _LINEAR)


def _widths(shapes: Shapes, half_widths: npt.ArrayLike) -> Floats:
    widths = np.ascontiguousarray(np.asarray(half_widths, np.float64))
    if widths.shape != (len(shapes),):
        raise BadInput(f"{len(shapes)} lines need as many half-widths, not an array of shape {widths.shape}")
    return widths


def _good_width(widths: Floats) -> Flags:
    with np.errstate(invalid="ignore"):
        return np.isfinite(widths) & (widths > 0.0) & (widths <= WIDEST_M)


def _about_width(width: float) -> str:
    return f"half_width_m is missing: {_WIDTH_RULE}" if np.isnan(width) else f"half_width_m={width:g}: {_WIDTH_RULE}"


def _about_kind(shape: BaseGeometry) -> str:
    return f"the geometry is a {shape.geom_type}: a road segment needs a LineString or a MultiLineString"
