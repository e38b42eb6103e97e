"""Assets (部件): manhole covers, lamps, trees along the roads and in the estates, with who owns them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from data.chance import chance
from data.classes import Matter
from data.estates import Estates, points_inside
from data.layers import DIVISION_DIGITS
from data.parties import LAMP_OFFICE, PARKS
from data.plane import Floats, Ints, Texts, degrees, flat, locate
from data.roads import Roads

FEWEST_PER_CELL, MOST_PER_CELL = 0.5, 10.0
WITHOUT_OWNER = 0.04
IN_ESTATES = 0.3
YARD_M2_PER_ASSET = 400.0
# Class: its share along roads, its share in estates, its owner (a district's parks by their mark).
CLASSES = {
    "C0101": (16, 20, "CS12"),
    "C0102": (16, 20, "CS13"),
    "C0103": (8, 6, "CS14"),
    "C0104": (10, 8, "CS15"),
    "C0105": (8, 14, "CS11"),
    "C0106": (14, 16, LAMP_OFFICE),
    "C0107": (4, 6, "CS09"),
    "C0108": (3, 2, "CS14"),
    "C0201": (2, 0, "CS08"),
    "C0202": (5, 0, "CS08"),
    "C0205": (2, 0, "CS16"),
    "C0302": (6, 8, "CS17"),
    "C0401": (10, 0, PARKS),
}
OF_THE_ESTATE = ("C0106", "C0302")
"""Inside an estate its property company owns these: 各产权单位."""

INSTALLED = ("2019-05-01", "2021-03-15", "2023-09-01", "2025-11-01")


@dataclass(frozen=True, slots=True)
class Assets:
    """One thing a row, in code order: 6 division, 2 major, 2 minor, 6 serial digits; WGS 84 points ``(n, 2)``.

    ``owners`` is empty where nobody is on record; ``cell`` is the row of the true cell in the cell layer.
    """

    codes: Texts
    matters: Texts
    names: Texts
    owners: Texts
    lonlat: Floats
    installed: Texts
    cell: Ints

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True, slots=True)
class Spots:
    """Where assets can stand: beside roads, in estates; ``tree`` holds the cells in the order of their codes."""

    ways: Roads
    living: Estates
    tree: shapely.STRtree
    cell_codes: Texts


def assets(spots: Spots, matters: Sequence[Matter], per_cell: float, seed: int) -> Assets:
    """About ``per_cell`` assets a cell, about a third of them in estates as far as these have room."""
    rng = chance(seed, "assets")
    count = round(per_cell * len(spots.cell_codes))
    yards_m2 = float(shapely.area(flat(spots.living.layer.shapes)).sum())
    inside = min(round(IN_ESTATES * count), int(yards_m2 / YARD_M2_PER_ASSET))
    road, by_road = _beside_roads(spots.ways, count - inside, rng)
    estate, in_yard = points_inside(spots.living, inside, rng)
    lonlat = np.concatenate([by_road, in_yard])
    cell = locate(spots.tree, lonlat)
    where = np.concatenate([spots.ways.names[road], spots.living.layer.names[estate]])
    home = np.concatenate([np.full(len(road), -1), estate])
    classes = np.concatenate([_classes(0, len(road), rng), _classes(1, len(estate), rng)])
    kept = cell >= 0  # those beyond the outer roads are another city's
    names = {matter.code: matter.name for matter in matters}
    return _recorded(spots, (where[kept], home[kept], classes[kept], lonlat[kept], cell[kept]), names, rng)


def _recorded(
    spots: Spots,
    found: tuple[Texts, Ints, Texts, Floats, Ints],
    class_names: dict[str, str],
    rng: np.random.Generator,
) -> Assets:
    """The books' columns for what was found: where (by name), in which estate (-1: none), class, point, cell."""
    where, home, matters, lonlat, cell = found
    division = np.array([code[:DIVISION_DIGITS] for code in spots.cell_codes.tolist()])[cell]
    owners = _owners(matters, division, home, spots.living.companies)
    owners[rng.permutation(len(owners))[: max(1, round(WITHOUT_OWNER * len(owners)))]] = ""
    codes = _numbered(np.strings.add(division, np.strings.slice(matters, 1, 5)))
    names = np.strings.add(where, np.array([class_names[code] for code in CLASSES])[_rank(matters)])
    installed = np.array(INSTALLED)[rng.integers(0, len(INSTALLED), len(codes))]
    by = np.argsort(codes, kind="stable")
    return Assets(codes[by], matters[by], names[by], owners[by], lonlat[by], installed[by], cell[by])


def _beside_roads(ways: Roads, count: int, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Rows of roads, longer ones more often, and points 1 to 9 m beside their centre lines."""
    lines = flat(ways.shapes)
    lengths = shapely.length(lines)
    road = rng.choice(len(lines), count, p=lengths / lengths.sum())
    at = shapely.line_interpolate_point(lines[road], rng.random(count) * lengths[road])
    angle, far = rng.uniform(0, 2 * np.pi, count), rng.uniform(1.0, 9.0, count)
    aside = far[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return road, degrees(shapely.get_coordinates(at) + aside)


def _classes(column: int, count: int, rng: np.random.Generator) -> Texts:
    share = np.array([shares[column] for shares in CLASSES.values()], dtype=np.float64)
    return rng.choice(np.array(list(CLASSES)), count, p=share / share.sum())


def _rank(matters: Texts) -> Ints:
    """The place of each class in ``CLASSES``, whose codes rise."""
    return np.searchsorted(np.array(list(CLASSES)), matters)


def _owners(matters: Texts, division: Texts, home: Ints, companies: list[str]) -> Texts:
    usual = np.array([owner for _, _, owner in CLASSES.values()])[_rank(matters)]
    owners = np.where(usual == PARKS, np.strings.add(PARKS, division), usual)
    theirs = (home >= 0) & np.isin(matters, OF_THE_ESTATE)
    return np.where(theirs, np.array([*companies, ""])[home], owners)


def _numbered(prefixes: Texts) -> Texts:
    """The prefix and a serial number that counts within it."""
    _, group, size = np.unique(prefixes, return_inverse=True, return_counts=True)
    order = np.argsort(group, kind="stable")
    serial = np.empty(len(prefixes), dtype=np.int64)
    serial[order] = np.arange(len(prefixes)) - np.repeat(np.cumsum(size) - size, size) + 1
    return np.strings.add(prefixes, np.strings.zfill(serial.astype(np.str_), 6))
