"""Reports as they come in, clustered and near streets, with the true cell of each."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from data.addresses import Addresses
from data.assets import Assets
from data.chance import chance
from data.classes import Matter
from data.estates import Estates, points_inside
from data.layers import Ladder
from data.plane import DECIMALS, METRES_PER_DEGREE, Floats, Ints, Texts, degrees, locate, metres, points

Flags = npt.NDArray[np.bool_]

DAYS = 30
FIRST_DAY = np.datetime64("2026-10-02T00:00:00")
ON_BORDER = 0.15
IN_ESTATES = 0.12
NAMES_ITS_ASSET = 0.6
HOURLY = np.array([1, 1, 1, 1, 1, 2, 4, 8, 12, 13, 12, 10, 7, 8, 11, 12, 12, 10, 8, 6, 5, 4, 2, 1], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Reports:
    """One report a row, by time. ``lonlat`` is NaN where only an address is given, ``addresses`` empty elsewhere.

    ``times`` are ISO with +08:00; ``cell`` is the row of the true cell in the cell layer (on a border the lowest code).
    ``assets``: the number of the asset that is meant, on whose point the report then is; mostly empty.
    """

    ids: Texts
    times: Texts
    matters: Texts
    lonlat: Floats
    addresses: Texts
    descriptions: Texts
    cell: Ints
    assets: Texts

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Places:
    """What reports are placed by: the layers, the cells' search tree in code order, the houses, estates, assets."""

    areas: Ladder
    tree: shapely.STRtree
    houses: Addresses
    living: Estates
    things: Assets


def sample_reports(count: int, places: Places, matters: tuple[Matter, ...], seed: int) -> Reports:
    """``count`` reports over 30 days ending on 2026-10-31: half by address only, half by point only.

    Of the points about 15 % lie on a border vertex or within 1 m of a border.
    """
    rng = chance(seed, "reports")
    house = _houses(count, places.houses, rng)
    by_address = rng.random(count) < 0.5
    lonlat, cell, on_border = _points(house, places, rng)
    _move_into_estates(lonlat, cell, ~by_address & ~on_border, places, seed)
    lonlat[by_address] = np.nan
    cell[by_address] = places.houses.cell[house[by_address]]
    leaves = _leaves(matters)
    weight = 1.0 / (1.0 + rng.permutation(len(leaves)))
    which = rng.choice(len(leaves), count, p=weight / weight.sum())
    about = np.array([matter.code for matter in leaves])[which]
    said = np.array([_words(matter) for matter in leaves])[which]
    thing = _meant(about, np.where((by_address | on_border)[:, None], np.nan, lonlat), places.things, seed)
    meant = thing >= 0
    lonlat[meant], cell[meant] = places.things.lonlat[thing[meant]], places.things.cell[thing[meant]]
    return Reports(
        ids=np.array([f"SB{k + 1:07d}" for k in range(count)], dtype=np.str_),
        times=_times(count, rng),
        matters=about,
        lonlat=lonlat,
        addresses=np.where(by_address, places.houses.texts[house], ""),
        descriptions=said,
        cell=cell,
        assets=np.where(meant, np.array([*places.things.codes.tolist(), ""])[thing], ""),
    )


def _move_into_estates(lonlat: Floats, cell: Ints, free: Flags, places: Places, seed: int) -> None:
    """Some of the reports that are free to move come from inside the estates."""
    rng = chance(seed, "reports in estates")
    wanted = np.flatnonzero(free & (rng.random(len(free)) < IN_ESTATES))
    _, inside = points_inside(places.living, len(wanted), rng)
    rows = wanted[: len(inside)]
    lonlat[rows], cell[rows] = inside, locate(places.tree, inside)


def _meant(about: Texts, lonlat: Floats, things: Assets, seed: int) -> Ints:
    """The row of the asset that each report names: the nearest of its class to its point; -1 for none."""
    rng = chance(seed, "reports of assets")
    thing = np.full(len(about), -1, dtype=np.int64)
    named = (rng.random(len(about)) < NAMES_ITS_ASSET) & ~np.isnan(lonlat[:, 0])
    for matter in np.unique(things.matters).tolist():
        rows = np.flatnonzero(named & np.strings.startswith(about, matter))
        of_class = np.flatnonzero(things.matters == matter)
        tree = shapely.STRtree(points(things.lonlat[of_class]))
        thing[rows] = of_class[tree.nearest(points(lonlat[rows]))]
    return thing


def _leaves(matters: tuple[Matter, ...]) -> list[Matter]:
    """The matters that can be reported: those with no other below them."""
    above = {matter.parent_code for matter in matters}
    return [matter for matter in matters if matter.code not in above]


def _words(matter: Matter) -> str:
    minor = matter.name.split("：")[0]
    return f"路边{minor}{matter.file_condition}，请尽快处理"


def _times(count: int, rng: np.random.Generator) -> Texts:
    """Rising instants, more by day than by night."""
    hour = rng.choice(24, count, p=HOURLY / HOURLY.sum())
    second = np.sort(rng.integers(0, DAYS, count) * 86_400 + hour * 3_600 + rng.integers(0, 3_600, count))
    return np.strings.add(np.datetime_as_string(FIRST_DAY + second.astype("timedelta64[s]")), "+08:00")


def _houses(count: int, houses: Addresses, rng: np.random.Generator) -> Ints:
    """The house each report is near: two in three around hot spots, the others anywhere."""
    anywhere = rng.integers(0, len(houses), count)
    spots = rng.integers(0, len(houses), max(4, round(len(houses) ** 0.5 / 6)))
    strength = rng.pareto(1.2, len(spots)) + 0.2
    spot = spots[rng.choice(len(spots), count, p=strength / strength.sum())]
    aim = degrees(metres(houses.lonlat[spot]) + rng.normal(0, 160.0, (count, 2)))
    near = np.asarray(shapely.STRtree(points(houses.lonlat)).nearest(points(aim)), dtype=np.int64)
    return np.where(rng.random(count) < 0.67, near, anywhere)


def _points(house: Ints, places: Places, rng: np.random.Generator) -> tuple[Floats, Ints, Flags]:
    """A point near each house, the row of the cell it lies in, and which were put on or within 1 m of a border."""
    at = places.houses.lonlat[house]
    lonlat = degrees(metres(at) + rng.normal(0, 9.0, at.shape))
    on_border = rng.random(len(house)) < ON_BORDER
    for row in np.flatnonzero(on_border).tolist():
        lonlat[row] = _on_border(places.areas.cells.shapes[places.houses.cell[house[row]]], at[row], rng)
    cell = locate(places.tree, lonlat)
    lonlat[cell < 0], cell[cell < 0] = at[cell < 0], places.houses.cell[house[cell < 0]]
    return lonlat, cell, on_border


def _on_border(cell: shapely.Geometry, near: Floats, rng: np.random.Generator) -> Floats:
    """The vertex of the cell nearest to a point, or a point within 1 m of the border just after that vertex."""
    ring = shapely.get_coordinates(cell)
    vertex = int(np.argmin(((ring - near) ** 2).sum(axis=1)))
    if rng.random() < 0.5:
        return np.asarray(ring[vertex])
    along = ring[vertex] + rng.random() * (ring[(vertex + 1) % len(ring)] - ring[vertex])
    return np.asarray(np.round(along + rng.uniform(-0.6, 0.6, 2) / METRES_PER_DEGREE, DECIMALS))
