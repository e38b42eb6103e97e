"""A whole invented city of any size from a seed: ground, parties, duties, addresses and reports."""

import math
from dataclasses import dataclass, fields

import shapely

from data.addresses import Addresses, addresses
from data.assets import FEWEST_PER_CELL, MOST_PER_CELL, Assets, Spots, assets
from data.classes import Matter, sample_matters
from data.duties import Duty, Ground, duties
from data.estates import Estates, estates
from data.layers import Ladder, Layer, ground, ladder
from data.overrides import Override, overrides
from data.parties import ROADS_PER_WARDEN, Party, Person, staff
from data.plane import Shapes
from data.relations import Relation, relations
from data.reports import Places, Reports, sample_reports
from data.roads import Crossings, Roads, crossings, river, roads
from data.roster import Entry, roster
from data.segments import Segments, segments
from data.skeleton import skeleton
from data.survey import ControlPoints, control_points
from data.truth import Holders, Truth, truth
from data.zones import zones
from gis.errors import BadInput

FEWEST_CELLS, MOST_CELLS = 20, 200_000


@dataclass(frozen=True, slots=True)
class SampleCity:
    """样城市 (invented, near 118 E 31 N, division 990000). All coordinates are WGS 84, longitude first, 7 decimals.

    The layers from ``city`` to ``cells`` are seamless partitions that nest exactly, in code order; ``zones`` overlap,
    ``estates`` lie apart. The parent of a cell is its responsibility grid, of a grid its community.
    """

    seed: int
    city: Layer
    districts: Layer
    streets: Layer
    communities: Layer
    grids: Layer
    cells: Layer
    zones: Layer
    estates: Layer
    segments: Segments
    roads: Roads
    river: Shapes
    crossings: Crossings
    addresses: Addresses
    parties: tuple[Party, ...]
    people: tuple[Person, ...]
    matters: tuple[Matter, ...]
    duties: tuple[Duty, ...]
    relations: tuple[Relation, ...]
    roster: tuple[Entry, ...]
    assets: Assets
    overrides: tuple[Override, ...]
    control_points: ControlPoints
    reports: Reports
    truth: Truth

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of polygons from the widest to the finest, then zones and estates."""
        ladder = (self.city, self.districts, self.streets, self.communities, self.grids, self.cells)
        return (*ladder, self.zones, self.estates)


def sample_city(*, cells: int = 2000, reports: int = 3000, seed: int = 1, assets_per_cell: float = 2.5) -> SampleCity:
    """A city of exactly ``cells`` cells (20 to 200,000) and ``reports`` reports; equal arguments, equal city.

    Raises BadInput for a size outside these bounds, a negative number of reports or seed, more than 10 assets a cell.
    """
    _check(cells, reports, seed, assets_per_cell)
    land, matters = _land(cells, seed), sample_matters()
    areas, tree, living = land.areas, land.tree, land.living
    crew = staff(areas, land.zones, math.ceil((land.ways.kinds == "main").sum() / ROADS_PER_WARDEN), seed)
    things = assets(Spots(land.ways, living, tree, areas.cells.codes), matters, assets_per_cell, seed)
    told = sample_reports(reports, Places(areas, tree, land.houses, living, things), matters, seed)
    listed, above = duties(Ground(areas, land.zones, living, land.stretches), crew, seed), overrides(areas, things)
    return SampleCity(
        seed=seed,
        **{layer.name: getattr(areas, layer.name) for layer in fields(areas)},
        zones=land.zones,
        estates=living.layer,
        segments=land.stretches,
        roads=land.ways,
        river=land.river,
        crossings=land.crossed,
        addresses=land.houses,
        parties=crew.parties,
        people=crew.people,
        matters=matters,
        duties=listed,
        relations=relations(areas, living),
        roster=roster(crew, seed),
        assets=things,
        overrides=above,
        control_points=control_points(areas.city.shapes[0], seed),
        reports=told,
        truth=truth(told, land.houses, Holders(things, land.stretches, living, listed, above)),
    )


@dataclass(frozen=True, slots=True)
class _Land:
    """The ground and what is built on it; ``tree`` holds the cells in the order of their codes."""

    areas: Ladder
    tree: shapely.STRtree
    zones: Layer
    living: Estates
    ways: Roads
    river: Shapes
    crossed: Crossings
    stretches: Segments
    houses: Addresses


def _land(cells: int, seed: int) -> _Land:
    bones = skeleton(cells, seed)
    soil = ground(bones, seed)
    areas = ladder(bones, soil, seed)
    tree = shapely.STRtree(areas.cells.shapes)
    ways = roads(bones, soil.streets, seed)
    crossed = crossings(ways)
    return _Land(
        areas=areas,
        tree=tree,
        zones=zones(areas, seed),
        living=estates(areas, seed),
        ways=ways,
        river=river(bones),
        crossed=crossed,
        stretches=segments(ways, crossed, tree, areas.cells.codes),
        houses=addresses(ways, areas, tree, seed),
    )


def _check(cells: int, reports: int, seed: int, assets_per_cell: float) -> None:
    if not FEWEST_CELLS <= cells <= MOST_CELLS:
        raise BadInput(f"cells must be {FEWEST_CELLS} to {MOST_CELLS}, not {cells}")
    if reports < 0 or seed < 0:
        raise BadInput("reports and seed must not be negative")
    if not FEWEST_PER_CELL <= assets_per_cell <= MOST_PER_CELL:
        raise BadInput(f"assets_per_cell must be {FEWEST_PER_CELL:g} to {MOST_PER_CELL:g}, not {assets_per_cell:g}")
