"""Cutting a graph of neighbouring blocks into connected regions of similar size."""

import heapq
from collections.abc import Sequence

import numpy as np

from data.plane import Floats, Ints

Neighbours = Sequence[Sequence[int]]


def grown(points: Floats, neighbours: Neighbours, count: int, rng: np.random.Generator) -> Ints:
    """A region number for each point: about ``count`` connected regions, each grown from its own seed.

    The smallest region grows first. Points that no seed reaches (an island) found regions of their own, so there may
    be more than ``count``.
    """
    label = np.full(len(points), -1, dtype=np.int64)
    sizes: list[int] = []
    frontier: list[tuple[float, int, int]] = []
    for seed in _seeds(points, np.arange(len(points)), min(count, len(points))):
        heapq.heappush(frontier, (0.0, len(sizes), seed))
        sizes.append(0)
    island = 0
    while True:
        while frontier:
            _, region, at = heapq.heappop(frontier)
            if label[at] >= 0:
                continue
            label[at] = region
            sizes[region] += 1
            for near in neighbours[at]:
                if label[near] < 0:
                    heapq.heappush(frontier, (sizes[region] + 1.5 * rng.random(), region, near))
        while island < len(points) and label[island] >= 0:
            island += 1
        if island == len(points):
            return label
        frontier = [(0.0, len(sizes), island)]
        sizes.append(0)


def _seeds(points: Floats, rows: Ints, count: int) -> list[int]:
    """Spread-out rows: the points are halved along their longer side until each part holds one seed."""
    at = points[rows]
    if count <= 1:
        nearest = np.argmin(((at - at.mean(axis=0)) ** 2).sum(axis=1))
        return [int(rows[nearest])]
    order = rows[np.argsort(at[:, int(np.argmax(np.ptp(at, axis=0)))], kind="stable")]
    left = count // 2
    cut = len(order) * left // count
    return _seeds(points, order[:cut], left) + _seeds(points, order[cut:], count - left)


def reading_order(group: Ints, lonlat: Floats) -> Ints:
    """Rank (from 0) of each point inside its group: in bands from north to south, in a band from west to east.

    A group of n points is cut into round(sqrt(n)) bands of equal height.
    """
    size = np.bincount(group)
    top = np.full(len(size), -np.inf)
    bottom = np.full(len(size), np.inf)
    np.maximum.at(top, group, lonlat[:, 1])
    np.minimum.at(bottom, group, lonlat[:, 1])
    bands = np.maximum(1, np.round(np.sqrt(size)))[group]
    height = np.maximum(top - bottom, 1e-12)[group] / bands
    band = np.minimum(np.floor((top[group] - lonlat[:, 1]) / height), bands - 1)
    order = np.lexsort((lonlat[:, 1], lonlat[:, 0], band, group))
    starts = np.concatenate([[0], np.cumsum(size)[:-1]])
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - starts[group[order]]
    return rank
