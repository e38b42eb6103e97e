"""Where the main roads and the river run: the big blocks, one for each community."""

import heapq
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data.chance import chance
from data.plane import Floats, Ints, wiggly
from data.regions import grown

LEVELS = 5
SEGMENTS = 2**LEVELS
CELLS_PER_BLOCK = 45
BLOCKS_PER_STREET = 6


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The big blocks of the city and the borders between them, in plane metres.

    ``blocks`` are (column, row) pairs; ``across[i, j]`` is the border below block (i, j), west to east, and
    ``up[i, j]`` the one to its left, south to north, each of 33 points. ``sizes`` says how many cells a block gets;
    ``river`` is the column line that is water.
    """

    blocks: Ints
    member: npt.NDArray[np.bool_]
    across: Floats
    up: Floats
    sizes: Ints
    street: Ints
    district: Ints
    river: int


def skeleton(cells: int, seed: int) -> Skeleton:
    """The main roads of a city of ``cells`` cells: warped, denser in the centre, with a ragged outline."""
    rng = chance(seed, "skeleton")
    count = max(4, round(cells / CELLS_PER_BLOCK))
    wide = math.ceil(math.sqrt(count) * 1.35) + 1
    nodes = _nodes(wide, 1300.0 * math.sqrt(min(1.0, cells / count / CELLS_PER_BLOCK)), rng)
    river = wide // 2
    across = wiggly(np.stack([nodes[:-1], nodes[1:]], axis=2).reshape(-1, 2, 2), LEVELS, 0.035, rng)
    ups = np.stack([nodes[:, :-1], nodes[:, 1:]], axis=2)
    up = wiggly(ups.reshape(-1, 2, 2), LEVELS, 0.035, rng).reshape(wide + 1, wide, SEGMENTS + 1, 2)
    up[river] = wiggly(ups[river], LEVELS, 0.08, rng)
    blocks = _outline(nodes, count, river, rng)
    member = np.zeros((wide, wide), dtype=np.bool_)
    member[blocks[:, 0], blocks[:, 1]] = True
    street, district = _governed(blocks, nodes, river, rng)
    return Skeleton(
        blocks=blocks,
        member=member,
        across=across.reshape(wide, wide + 1, SEGMENTS + 1, 2),
        up=up,
        sizes=_shares(cells, count, rng),
        street=street,
        district=district,
        river=river,
    )


def _nodes(wide: int, size: float, rng: np.random.Generator) -> Floats:
    """Crossings of the main roads, ``(wide + 1, wide + 1, 2)`` metres."""
    lines = []
    for _ in range(2):
        far = np.abs(np.linspace(-1.0, 1.0, wide))
        steps = size * (0.65 + 0.8 * far**1.3) * rng.uniform(0.75, 1.3, wide)
        line = np.concatenate([[0.0], np.cumsum(steps)])
        lines.append(line - line[len(line) // 2])
    x, y = np.meshgrid(*lines, indexing="ij")
    x = x + rng.normal(0.0, 0.07 * size, x.shape)
    y = y + rng.normal(0.0, 0.07 * size, y.shape)
    span = float(np.ptp(lines[0]))
    for share in (0.45, 0.9):
        wave, (one, two) = share * span / (2 * math.pi), rng.uniform(0, 2 * math.pi, 2)
        x, y = x + 0.16 * wave * np.sin(y / wave + one), y + 0.16 * wave * np.sin(x / wave + two)
    turn = rng.uniform(-0.2, 0.2) + 0.35 * np.exp(-((x**2 + y**2) / (0.3 * span) ** 2))
    return np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=-1)


def _outline(nodes: Floats, count: int, river: int, rng: np.random.Generator) -> Ints:
    """The ``count`` blocks of the city: grown from both banks of the river at the centre, with uneven reach."""
    wide = nodes.shape[0] - 1
    middle = (nodes[:-1, :-1] + nodes[1:, 1:]) / 2
    home = middle[river, wide // 2]
    away = middle - home
    angle = np.arctan2(away[..., 1], away[..., 0])
    one, two = rng.uniform(0, 2 * math.pi, 2)
    reach = 1 + 0.15 * np.sin(2 * angle + one) + 0.12 * np.sin(3 * angle + two)
    score = np.hypot(away[..., 0], away[..., 1]) / reach
    frontier = [(-2.0, river, wide // 2), (-1.0, river - 1, wide // 2)]
    chosen: list[tuple[int, int]] = []
    seen = {(river, wide // 2), (river - 1, wide // 2)}
    while len(chosen) < count:
        _, i, j = heapq.heappop(frontier)
        chosen.append((i, j))
        for near in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
            if min(near) >= 0 and max(near) < wide and near not in seen:
                seen.add(near)
                heapq.heappush(frontier, (float(score[near]), *near))
    return np.array(sorted(chosen), dtype=np.int64)


def _shares(cells: int, count: int, rng: np.random.Generator) -> Ints:
    """How many cells each block gets: uneven, at least 4, summing to ``cells``."""
    weight = np.cumsum(rng.uniform(0.7, 1.3, count))
    extra = cells - 4 * count
    marks = np.round(weight / weight[-1] * extra).astype(np.int64)
    return np.asarray(4 + np.diff(marks, prepend=0), dtype=np.int64)


def _governed(blocks: Ints, nodes: Floats, river: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """The street and the district number of each block; neither crosses the river."""
    middle = (nodes[:-1, :-1] + nodes[1:, 1:])[blocks[:, 0], blocks[:, 1]] / 2
    row = {(int(i), int(j)): k for k, (i, j) in enumerate(blocks)}
    bank = blocks[:, 0] >= river
    near = [
        [row[n] for n in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)) if n in row and bank[row[n]] == bank[k]]
        for k, (i, j) in enumerate(blocks.tolist())
    ]
    street = grown(middle, near, max(2, round(len(blocks) / BLOCKS_PER_STREET)), rng)
    street = _split_by(street, bank)
    streets = int(street.max()) + 1
    touching: list[set[int]] = [set() for _ in range(streets)]
    for k, others in enumerate(near):
        touching[street[k]].update(int(street[o]) for o in others if street[o] != street[k])
    centre = np.array([middle[street == s].mean(axis=0) for s in range(streets)])
    districts = min(12, max(2, round(math.sqrt(streets / 3))))
    district = grown(centre, [sorted(t) for t in touching], districts, rng)
    return street, _split_by(district[street], bank)


def _split_by(label: Ints, side: npt.NDArray[np.bool_]) -> Ints:
    """The labels renumbered from 0 so that no label is on both sides."""
    _, renumbered = np.unique(np.stack([label, side.astype(np.int64)]), axis=1, return_inverse=True)
    return np.asarray(renumbered, dtype=np.int64).reshape(-1)
