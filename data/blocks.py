"""One big block cut into street-block cells whose borders share every vertex."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from data.plane import Floats, Ints, degrees, wiggly
from data.skeleton import SEGMENTS, Skeleton

CELLS_PER_GRID = 17
LARGEST_MERGE = 3


@dataclass(frozen=True, slots=True)
class Sides:
    """The four borders of a big block, each west to east or south to north, and where local streets meet them."""

    lines: tuple[Floats, Floats, Floats, Floats]
    marks: tuple[Ints, Ints, Ints, Ints]


@dataclass(frozen=True, slots=True)
class Patch:
    """The cells of one big block (WGS 84), the responsibility grid of each, and the local streets between them."""

    shapes: list[BaseGeometry]
    strip: list[int]
    streets: list[Floats]


@dataclass(frozen=True, slots=True)
class Oddities:
    """What a big block has besides plain cells: a cell inside another, a cell in two parts."""

    enclave: bool
    in_two_parts: bool


def patch(bones: Skeleton, which: int, odd: Oddities, rng: np.random.Generator) -> Patch:
    """Big block number ``which``, cut into exactly ``bones.sizes[which]`` cells."""
    size = int(bones.sizes[which])
    i, j = bones.blocks[which].tolist()
    lines = (bones.across[i, j], bones.across[i, j + 1], bones.up[i, j], bones.up[i + 1, j])
    tall, broad = np.linalg.norm(lines[2][-1] - lines[2][0]), np.linalg.norm(lines[0][-1] - lines[0][0])
    faces = math.ceil(size * 1.13) + 1
    columns = int(np.clip(round(math.sqrt(faces * float(broad / tall))), 2, 10))
    rows = max(3, math.ceil(faces / columns))
    marks = tuple(_marks(n, rng) for n in (columns, columns, rows, rows))
    sides = Sides(lines, (marks[0], marks[1], marks[2], marks[3]))
    levels = 3 if rng.random() < 0.3 else 2
    face, inner = _tame(sides, levels, rng)
    strips = max(1, min(round(size / CELLS_PER_GRID), columns))
    strip = np.repeat((np.arange(columns) * strips) // columns, rows).reshape(columns, rows)
    merges = columns * rows + odd.enclave - size
    group = _merged(strip, merges, odd.in_two_parts, rng)
    shapes, of = _cells(face, group, strip, odd.enclave, rng)
    return Patch(shapes, of, _streets(inner, group, rng))


def _marks(parts: int, rng: np.random.Generator) -> Ints:
    """Where ``parts - 1`` local streets meet a border: rising vertex numbers with 0 and the last at the ends."""
    inner = (np.arange(1, parts) + rng.uniform(-0.22, 0.22, parts - 1)) * SEGMENTS / parts
    return np.concatenate([[0], np.round(inner).astype(np.int64), [SEGMENTS]])


@dataclass(frozen=True, slots=True)
class _Inner:
    """The inner borders, rounded: ``across[i, j - 1]`` lies between faces (i, j - 1) and (i, j)."""

    across: Floats
    up: Floats


def _tame(sides: Sides, levels: int, rng: np.random.Generator) -> tuple[npt.NDArray[np.object_], _Inner]:
    """The faces and inner borders, with less jitter each time until no face crosses itself or turns over."""
    for calm in (1.0, 0.5, 0.2, 0.05, 0.0):
        inner = _inner(sides, levels, calm, rng)
        face = _faces(sides, inner)
        if shapely.is_valid(face).all() and shapely.is_ccw(shapely.get_exterior_ring(face)).all():
            break
    return face, inner


def _inner(sides: Sides, levels: int, calm: float, rng: np.random.Generator) -> _Inner:
    """The local streets: a Coons patch between the four borders, shaken and bent."""
    (south, north, west, east), (ms, mn, mw, me) = sides.lines, sides.marks
    columns, rows = len(ms) - 1, len(mw) - 1
    v = np.linspace(0, 1, rows + 1)[None, :]
    u = (ms[:, None] * (1 - v) + mn[:, None] * v) / SEGMENTS
    t = np.linspace(0, 1, columns + 1)[:, None]
    v = (mw[None, :] * (1 - t) + me[None, :] * t) / SEGMENTS
    u, v = u[..., None], v[..., None]
    nodes = (1 - v) * south[ms][:, None] + v * north[mn][:, None] + (1 - u) * west[mw] + u * east[me]
    nodes = nodes - ((1 - u) * (1 - v) * south[0] + u * (1 - v) * south[-1])
    nodes = nodes - ((1 - u) * v * north[0] + u * v * north[-1])
    step = np.array([np.linalg.norm(south[-1] - south[0]) / columns, np.linalg.norm(west[-1] - west[0]) / rows])
    shake = calm * min(float(step[0]), float(step[1])) * rng.uniform(0.05, 0.16)
    nodes[1:-1, 1:-1] += np.clip(rng.normal(0, shake, nodes[1:-1, 1:-1].shape), -2 * shake, 2 * shake)
    nodes[:, 0], nodes[:, -1], nodes[0], nodes[-1] = south[ms], north[mn], west[mw], east[me]
    ratio = calm * rng.uniform(0.015, 0.05)
    points = 2**levels + 1
    flat_across = np.stack([nodes[:-1, 1:-1], nodes[1:, 1:-1]], axis=2).reshape(-1, 2, 2)
    flat_up = np.stack([nodes[1:-1, :-1], nodes[1:-1, 1:]], axis=2).reshape(-1, 2, 2)
    return _Inner(
        degrees(wiggly(flat_across, levels, ratio, rng)).reshape(columns, rows - 1, points, 2),
        degrees(wiggly(flat_up, levels, ratio, rng)).reshape(columns - 1, rows, points, 2),
    )


def _faces(sides: Sides, inner: _Inner) -> npt.NDArray[np.object_]:
    """The smallest pieces, ``(columns, rows)`` polygons, each ring made of the borders it shares."""
    south, north, west, east = (degrees(line) for line in sides.lines)
    ms, mn, mw, me = sides.marks
    columns, rows = len(ms) - 1, len(mw) - 1
    rings, lengths = [], []
    for i in range(columns):
        for j in range(rows):
            below = inner.across[i, j - 1] if j else south[ms[i] : ms[i + 1] + 1]
            above = inner.across[i, j] if j < rows - 1 else north[mn[i] : mn[i + 1] + 1]
            left = inner.up[i - 1, j] if i else west[mw[j] : mw[j + 1] + 1]
            right = inner.up[i, j] if i < columns - 1 else east[me[j] : me[j + 1] + 1]
            rings += [below[:-1], right[:-1], above[:0:-1], left[::-1]]
            lengths.append(len(below) + len(right) + len(above) + len(left) - 3)
    which = np.repeat(np.arange(columns * rows), lengths)
    return np.asarray(
        shapely.polygons(shapely.linearrings(np.concatenate(rings), indices=which)), dtype=object
    ).reshape(columns, rows)


def _merged(strip: Ints, merges: int, in_two_parts: bool, rng: np.random.Generator) -> Ints:
    """A cell number for each face, after exactly ``merges`` unions of neighbours inside one strip."""
    columns, rows = strip.shape
    group = np.arange(columns * rows).reshape(columns, rows)
    locked: set[int] = set()
    if in_two_parts:
        group[0, rows - 1] = group[0, 0]
        locked, merges = {int(group[0, 0])}, merges - 1
    pairs = [((i, j), (i, j + 1)) for i in range(columns) for j in range(rows - 1)]
    pairs += [((i, j), (i + 1, j)) for i in range(columns - 1) for j in range(rows) if strip[i, j] == strip[i + 1, j]]
    order = [pairs[k] for k in rng.permutation(len(pairs))]
    for largest in (LARGEST_MERGE, columns * rows):
        for one, two in order:
            if merges <= 0:
                return group
            a, b = int(group[one]), int(group[two])
            if a == b or a in locked or b in locked or np.isin(group, (a, b)).sum() > largest:
                continue
            group[group == b] = a
            merges -= 1
    return group


def _cells(
    face: npt.NDArray[np.object_], group: Ints, strip: Ints, enclave: bool, rng: np.random.Generator
) -> tuple[list[BaseGeometry], list[int]]:
    """The cells' shapes and strips; an enclave is cut out of a plain face and comes last."""
    face = face.copy()
    extra: list[BaseGeometry] = []
    of: list[int] = []
    numbers, first, members = np.unique(group, return_index=True, return_counts=True)
    if enclave:
        plain = first[members == 1] if (members == 1).any() else first
        host = np.unravel_index(int(rng.choice(plain)), group.shape)
        face[host], inside = _hollowed(face[host], rng)
        extra, of = [inside], [int(strip[host])]
    shapes = [
        face.flat[at] if n == 1 else shapely.coverage_union_all(face[group == number])
        for number, at, n in zip(numbers, first, members, strict=True)
    ]
    return shapes + extra, strip.flat[first].tolist() + of


def _hollowed(face: BaseGeometry, rng: np.random.Generator) -> tuple[BaseGeometry, BaseGeometry]:
    """The face with a hole, and the cell that fills it."""
    centre = shapely.centroid(face)
    if not shapely.covers(face, centre):
        centre = shapely.point_on_surface(face)
    reach = 0.75 * float(shapely.distance(centre, shapely.boundary(face)))
    angle = np.linspace(0, 2 * math.pi, 14, endpoint=False)
    far = reach * rng.uniform(0.65, 1.0, angle.shape)
    ring = np.round(np.stack([centre.x + far * np.cos(angle), centre.y + far * np.sin(angle)], axis=-1), 7)
    outer = shapely.get_coordinates(shapely.get_exterior_ring(face))
    return shapely.Polygon(outer, [ring[::-1]]), shapely.Polygon(ring)


def _streets(inner: _Inner, group: Ints, rng: np.random.Generator) -> list[Floats]:
    """Local streets: for most inner lines the longest stretch where both sides are different cells."""
    columns, rows = group.shape
    found = []
    for i in range(1, columns):
        found.append((inner.up[i - 1], group[i - 1] != group[i]))
    for j in range(1, rows):
        found.append((inner.across[:, j - 1], group[:, j - 1] != group[:, j]))
    streets = []
    for pieces, real in found:
        start, stop = _longest(real)
        if stop - start >= min(2, len(pieces)) and rng.random() < 0.8:
            run = pieces[start:stop]
            streets.append(np.concatenate([run[:, :-1].reshape(-1, 2), run[-1, -1:]]))
    return streets


def _longest(real: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """The longest run of True as [start, stop)."""
    padded = np.concatenate([[False], real, [False]]).astype(np.int8)
    starts, stops = np.flatnonzero(np.diff(padded) == 1), np.flatnonzero(np.diff(padded) == -1)
    if not len(starts):
        return 0, 0
    best = int(np.argmax(stops - starts))
    return int(starts[best]), int(stops[best])
