"""A whole invented city of any size from a seed: ground, parties, duties, addresses and reports."""

from dataclasses import dataclass

import shapely

from data.addresses import Addresses, addresses
from data.classes import Matter, sample_matters
from data.duties import Duty, duties
from data.layers import Layer, ground, ladder
from data.parties import Party, Person, staff
from data.plane import Shapes
from data.reports import Places, Reports, sample_reports
from data.roads import Crossings, Roads, crossings, river, roads
from data.skeleton import skeleton
from data.zones import zones
from gis.errors import BadInput

FEWEST_CELLS, MOST_CELLS = 20, 200_000


@dataclass(frozen=True, slots=True)
class SampleCity:
    """样城市 (invented, near 118 E 31 N, division 990000). All coordinates are WGS 84, longitude first, 7 decimals.

    The layers from ``city`` to ``cells`` are seamless partitions that nest exactly, in code order; ``zones`` overlap.
    The parent of a cell is its responsibility grid, of a grid its community.
    """

    seed: int
    city: Layer
    districts: Layer
    streets: Layer
    communities: Layer
    grids: Layer
    cells: Layer
    zones: Layer
    roads: Roads
    river: Shapes
    crossings: Crossings
    addresses: Addresses
    parties: tuple[Party, ...]
    people: tuple[Person, ...]
    matters: tuple[Matter, ...]
    duties: tuple[Duty, ...]
    reports: Reports

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers from the widest to the finest, then the zones."""
        return (self.city, self.districts, self.streets, self.communities, self.grids, self.cells, self.zones)


def sample_city(*, cells: int = 2000, reports: int = 3000, seed: int = 1) -> SampleCity:
    """A city of exactly ``cells`` cells (20 to 200,000) and ``reports`` reports; equal arguments, equal city.

    Raises BadInput for a size outside these bounds or a negative number of reports or seed.
    """
    if not FEWEST_CELLS <= cells <= MOST_CELLS:
        raise BadInput(f"cells must be {FEWEST_CELLS} to {MOST_CELLS}, not {cells}")
    if reports < 0 or seed < 0:
        raise BadInput("reports and seed must not be negative")
    bones = skeleton(cells, seed)
    soil = ground(bones, seed)
    areas = ladder(bones, soil, seed)
    tree = shapely.STRtree(areas.cells.shapes)
    special = zones(areas, seed)
    ways = roads(bones, soil.streets, seed)
    houses = addresses(ways, areas, tree, seed)
    crew = staff(areas, special, seed)
    matters = sample_matters()
    return SampleCity(
        seed=seed,
        city=areas.city,
        districts=areas.districts,
        streets=areas.streets,
        communities=areas.communities,
        grids=areas.grids,
        cells=areas.cells,
        zones=special,
        roads=ways,
        river=river(bones),
        crossings=crossings(ways),
        addresses=houses,
        parties=crew.parties,
        people=crew.people,
        matters=matters,
        duties=duties(areas, special, crew, seed),
        reports=sample_reports(reports, Places(areas, tree, houses), matters, seed),
    )
