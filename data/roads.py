"""Named roads along the borders of blocks, the river, and the crossings they make."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from data.chance import chance
from data.names import road_names
from data.plane import Floats, Ints, Shapes, Texts, degrees
from data.skeleton import Skeleton


@dataclass(frozen=True, slots=True)
class Roads:
    """Named roads: unique names, kind ``main`` or ``local``, lines running north or east (WGS 84)."""

    codes: Texts
    names: Texts
    kinds: Texts
    shapes: Shapes

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True, slots=True)
class Crossings:
    """Where two roads share a vertex: rows of ``Roads`` with ``one < other``, and ``(n, 2)`` longitude, latitude."""

    one: Ints
    other: Ints
    lonlat: Floats

    def __len__(self) -> int:
        return len(self.one)


def roads(bones: Skeleton, local: list[Floats], seed: int) -> Roads:
    """The main roads between communities and the local streets inside them; the river is none."""
    wide = len(bones.member)
    outside = np.zeros((1, wide), dtype=np.bool_)
    below = np.concatenate([bones.member.T, outside]) | np.concatenate([outside, bones.member.T])
    beside = np.concatenate([bones.member, outside]) | np.concatenate([outside, bones.member])
    main = [run for j in range(wide + 1) for run in _runs(bones.across[:, j], below[j])]
    main += [run for i in range(wide + 1) if i != bones.river for run in _runs(bones.up[i], beside[i])]
    main.sort(key=lambda line: -len(line))
    rng = chance(seed, "roads")
    names = road_names(len(main), len(local), rng)
    lines = [degrees(line) for line in main] + local
    return Roads(
        codes=np.array([f"R{k + 1:05d}" for k in range(len(lines))]),
        names=np.array(names),
        kinds=np.repeat(["main", "local"], [len(main), len(local)]),
        shapes=_lines(lines),
    )


def river(bones: Skeleton) -> Shapes:
    """The river as one or more lines, south to north, along cell borders."""
    real = np.zeros(len(bones.member), dtype=np.bool_)
    real |= bones.member[bones.river] | bones.member[bones.river - 1]
    return _lines([degrees(run) for run in _runs(bones.up[bones.river], real)])


def crossings(ways: Roads) -> Crossings:
    """Every pair of roads that share a vertex, once for each shared place; found by equal coordinates."""
    lonlat, row = shapely.get_coordinates(ways.shapes, return_index=True)
    order = np.lexsort((row, lonlat[:, 1], lonlat[:, 0]))
    lonlat, row = lonlat[order], row[order]
    pairs: list[npt.NDArray[np.int64]] = []
    for gap in (1, 2, 3):
        same = np.flatnonzero((lonlat[:-gap] == lonlat[gap:]).all(axis=1) & (row[:-gap] != row[gap:]))
        pairs.append(np.stack([row[same], row[same + gap], same], axis=1))
    every = np.concatenate(pairs)
    every = every[np.lexsort((every[:, 1], every[:, 0]))]
    return Crossings(every[:, 0], every[:, 1], lonlat[every[:, 2]])


def _runs(pieces: Floats, real: npt.NDArray[np.bool_]) -> list[Floats]:
    """Each unbroken run of real pieces as one line."""
    padded = np.concatenate([[False], real, [False]]).astype(np.int8)
    starts, stops = np.flatnonzero(np.diff(padded) == 1), np.flatnonzero(np.diff(padded) == -1)
    return [
        np.concatenate([pieces[a:b, :-1].reshape(-1, 2), pieces[b - 1, -1:]])
        for a, b in zip(starts, stops, strict=True)
    ]


def _lines(lines: list[Floats]) -> Shapes:
    which = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    return np.asarray(shapely.linestrings(np.concatenate(lines), indices=which), dtype=object)
