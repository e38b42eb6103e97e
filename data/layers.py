"""The sample city's layers: one set of cells, and every larger area as their exact union."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from data.blocks import Oddities, patch
from data.chance import chance
from data.names import CITY, district_names, numeral, place_names
from data.plane import Floats, Ints, Shapes, Texts
from data.regions import reading_order
from data.skeleton import Skeleton

CITY_CODE = "990000"
DIVISION_DIGITS, STREET_DIGITS, COMMUNITY_DIGITS = 6, 9, 12
"""So much of a cell's code is the code of its district, its street, its community."""

CELLS_PER_ENCLAVE = 500


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: equally long columns in code order; ``shapes`` are WGS 84 (longitude, latitude)."""

    name: str
    codes: Texts
    names: Texts
    parents: Texts
    shapes: Shapes
    overlapping: bool = False

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True, slots=True)
class Ladder:
    """The city's layers from the widest to the finest; each is the exact union of the next."""

    city: Layer
    districts: Layer
    streets: Layer
    communities: Layer
    grids: Layer
    cells: Layer


@dataclass(frozen=True, slots=True)
class Ground:
    """Raw cells, not yet coded: the community (big block) and grid of each, and the local streets between them."""

    shapes: Shapes
    block: Ints
    grid: Ints
    streets: list[Floats]


def ground(bones: Skeleton, seed: int) -> Ground:
    """The cells of every big block, with some enclaves and one or two cells in two parts."""
    rng = chance(seed, "blocks")
    count = len(bones.blocks)
    picked = rng.permutation(count)
    enclaves = set(picked[: min(count, max(2, int(bones.sizes.sum()) // CELLS_PER_ENCLAVE))].tolist())
    two_parts = set(picked[::-1][: 2 if count > 20 else 1].tolist())
    patches = [patch(bones, k, Oddities(k in enclaves, k in two_parts), rng) for k in range(count)]
    shapes = np.empty(int(bones.sizes.sum()), dtype=object)
    shapes[:] = [shape for one in patches for shape in one.shapes]
    block = np.repeat(np.arange(count), [len(one.shapes) for one in patches])
    strip = np.concatenate([one.strip for one in patches])
    _, grid = np.unique(block * 100 + strip, return_inverse=True)
    return Ground(shapes, block, np.asarray(grid, dtype=np.int64), [line for one in patches for line in one.streets])


def ladder(bones: Skeleton, soil: Ground, seed: int) -> Ladder:
    """Codes, names and shapes of all partition layers.

    Codes read 6 division + 3 street + 3 community + 3 cell; a responsibility grid is its community's code, Z and two
    digits. Inside its parent each area is numbered in reading order (``regions.reading_order``).
    """
    rng = chance(seed, "layer names")
    grid_shapes = _united(soil.shapes, soil.grid)
    block_of_grid = _first(soil.block, soil.grid)
    block_shapes = _united(grid_shapes, block_of_grid)
    street_shapes = _united(block_shapes, bones.street)
    district_of_street = _first(bones.district, bones.street)
    district_shapes = _united(street_shapes, district_of_street)

    order = _ranks(district_shapes, np.zeros(len(district_shapes), dtype=np.int64))
    district = np.array([f"9901{k + 1:02d}" for k in order])
    street = _coded(district, district_of_street, street_shapes, "", 3)
    block = _coded(street, bones.street, block_shapes, "", 3)
    grid = _coded(block, block_of_grid, grid_shapes, "Z", 2)
    cell = _coded(block, soil.block, soil.shapes, "", 3)

    east = shapely.get_x(shapely.centroid(district_shapes)).tolist()
    block_names = np.array(place_names(len(block), ("社区", "新村社区"), rng))
    grid_names = [f"{block_names[b]}第{numeral(int(c[-2:]))}网格" for b, c in zip(block_of_grid, grid, strict=True)]
    cell_names = [f"单元网格{code[-3:]}" for code in cell]
    whole = _united(district_shapes, np.zeros(len(district_shapes), dtype=np.int64))
    return Ladder(
        city=_layer("city", [CITY_CODE], [CITY], [""], whole),
        districts=_layer("district", district, district_names(east), [CITY_CODE] * len(district), district_shapes),
        streets=_layer(
            "street", street, place_names(len(street), ("街道",), rng), district[district_of_street], street_shapes
        ),
        communities=_layer("community", block, block_names, street[bones.street], block_shapes),
        grids=_layer("grid", grid, grid_names, block[block_of_grid], grid_shapes),
        cells=_layer("cell", cell, cell_names, grid[soil.grid], soil.shapes),
    )


def _united(shapes: Shapes, group: Ints) -> Shapes:
    """The exact union of each group: borders keep the very vertices of the parts."""
    order = np.argsort(group, kind="stable")
    parts = np.split(shapes[order], np.cumsum(np.bincount(group))[:-1])
    united = np.empty(len(parts), dtype=object)
    united[:] = [shapely.coverage_union_all(part) for part in parts]
    return united


def _first(values: Ints, group: Ints) -> Ints:
    """The value of the first member of each group."""
    _, first = np.unique(group, return_index=True)
    return values[first]


def _ranks(shapes: Shapes, group: Ints) -> Ints:
    return reading_order(group, shapely.get_coordinates(shapely.centroid(shapes)))


def _coded(parents: Texts, parent: Ints, shapes: Shapes, mark: str, digits: int) -> Texts:
    """The parent's code, the mark and the number inside the parent."""
    ranks = _ranks(shapes, parent)
    return np.array([f"{parents[p]}{mark}{rank + 1:0{digits}d}" for p, rank in zip(parent, ranks, strict=True)])


def _layer(name: str, codes: npt.ArrayLike, names: npt.ArrayLike, parents: npt.ArrayLike, shapes: Shapes) -> Layer:
    code, called, above = (np.asarray(column, dtype=np.str_) for column in (codes, names, parents))
    order = np.argsort(code, kind="stable")
    return Layer(name, code[order], called[order], above[order], shapes[order])
