"""The ground of the sample city: seamless, nested, numbered, the same for the same seed."""

import math
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from data.city import SampleCity, sample_city
from data.layers import Layer
from data.plane import points
from gis.errors import BadInput


def pairs(city: SampleCity) -> list[tuple[Layer, Layer]]:
    ladder = [layer for layer in city.layers if not layer.overlapping]
    return list(pairwise(ladder))


def vertices(shapes: np.ndarray) -> set[tuple[float, float]]:
    return set(map(tuple, shapely.get_coordinates(shapes).tolist()))


def check_partitions(city: SampleCity) -> None:
    """Every partition is valid, seamless by shared vertices, and exactly the city."""
    whole = city.city.shapes[0]
    assert shapely.is_valid(whole)
    for layer in city.layers:
        assert shapely.is_valid(layer.shapes).all(), layer.name
        if not layer.overlapping:
            assert shapely.coverage_is_valid(layer.shapes), layer.name
            assert shapely.area(layer.shapes).sum() == pytest.approx(whole.area, rel=1e-12)
            assert shapely.equals(shapely.coverage_union_all(layer.shapes), whole)


def test_every_partition_is_seamless_and_covers_exactly_the_city(city: SampleCity) -> None:
    check_partitions(city)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**63), cells=st.integers(20, 150))
def test_any_seed_and_size_gives_a_sound_city(seed: int, cells: int) -> None:
    city = sample_city(cells=cells, reports=10, seed=seed)
    assert len(city.cells) == cells
    check_partitions(city)
    assert shapely.covers(city.city.shapes[0], city.zones.shapes).all()


def test_a_random_point_of_the_city_is_inside_exactly_one_cell(city: SampleCity) -> None:
    rng = np.random.default_rng(5)
    west, south, east, north = city.city.shapes[0].bounds
    tried = points(rng.uniform((west, south), (east, north), (3000, 2)))
    inside = tried[shapely.contains(city.city.shapes[0], tried)]
    which, _ = shapely.STRtree(city.cells.shapes).query(inside, predicate="within")
    assert len(inside) > 300
    assert np.bincount(which, minlength=len(inside)).tolist() == [1] * len(inside)


def test_each_area_is_exactly_the_union_of_its_children(city: SampleCity) -> None:
    for above, below in pairs(city):
        rows = {code: np.flatnonzero(below.parents == code) for code in above.codes.tolist()}
        assert sum(map(len, rows.values())) == len(below)
        for code, shape in zip(above.codes.tolist(), above.shapes, strict=True):
            children = below.shapes[rows[code]]
            assert shapely.equals(shape, shapely.coverage_union_all(children)), code
            assert vertices(np.array([shape])) <= vertices(children), code


def test_codes_are_unique_ascending_and_say_where_an_area_belongs(city: SampleCity) -> None:
    lengths = {"city": 6, "district": 6, "street": 9, "community": 12, "grid": 15, "cell": 15}
    for layer in city.layers:
        codes = layer.codes.tolist()
        assert codes == sorted(set(codes))
        assert layer.overlapping or {len(code) for code in codes} == {lengths[layer.name]}
    grid_parents = dict(zip(city.grids.codes.tolist(), city.grids.parents.tolist(), strict=True))
    for code, grid in zip(city.cells.codes.tolist(), city.cells.parents.tolist(), strict=True):
        assert code.isdigit()
        assert code[:12] == grid[:12] == grid_parents[grid]
        assert grid[12] == "Z"
    for above, below in ((city.districts, city.streets), (city.streets, city.communities)):
        width = len(str(above.codes[0]))
        assert [code[:width] for code in below.codes.tolist()] == below.parents.tolist()


def test_cells_are_numbered_west_to_east_then_north_to_south_in_a_community(city: SampleCity) -> None:
    centre = shapely.get_coordinates(shapely.centroid(city.cells.shapes))
    for community in city.communities.codes.tolist():
        rows = np.flatnonzero(np.strings.startswith(city.cells.codes, community))
        assert [int(code[12:]) for code in city.cells.codes[rows].tolist()] == list(range(1, len(rows) + 1))
        x, y = centre[rows, 0], centre[rows, 1]
        bands = round(math.sqrt(len(rows)))
        band = np.minimum((y.max() - y) / ((y.max() - y.min()) / bands) + 1e-9, bands - 1).astype(int)
        assert (np.diff(band) >= 0).all()
        assert all((np.diff(x[band == b]) > 0).all() for b in range(bands))


def test_the_town_has_enclaves_a_cell_in_two_parts_and_wiggly_borders(town: SampleCity) -> None:
    kinds = shapely.get_type_id(town.cells.shapes)
    holes = shapely.get_num_interior_rings(town.cells.shapes)
    corners = shapely.get_num_coordinates(town.cells.shapes)
    assert (kinds == 6).sum() in (1, 2)
    assert (holes > 0).sum() >= 2
    assert np.quantile(corners, 0.02) >= 10
    assert np.quantile(corners, 0.95) <= 42
    host = town.cells.shapes[np.flatnonzero(holes > 0)[0]]
    filled = shapely.Polygon(host.interiors[0])
    assert any(shapely.equals(filled, cell) for cell in town.cells.shapes)


def test_a_responsibility_grid_has_about_twenty_cells(town: SampleCity) -> None:
    _, sizes = np.unique(town.cells.parents, return_counts=True)
    assert len(sizes) == len(town.grids)
    assert np.mean((sizes >= 10) & (sizes <= 25)) > 0.9


def test_blocks_are_denser_in_the_centre(town: SampleCity) -> None:
    centre = shapely.get_coordinates(shapely.centroid(town.cells.shapes))
    far = np.hypot(*(centre - np.median(centre, axis=0)).T)
    size = shapely.area(town.cells.shapes)
    order = np.argsort(far)
    assert np.median(size[order[:400]]) < 0.8 * np.median(size[order[-400:]])


def test_names_in_a_layer_are_unique(town: SampleCity) -> None:
    for layer in (town.districts, town.streets, town.communities, town.grids):
        assert len(set(layer.names.tolist())) == len(layer)
    assert len(set(town.roads.names.tolist())) == len(town.roads)
    assert {"东城区", "西城区"} <= set(town.districts.names.tolist())


def test_zones_overlap_each_other_and_cut_across_cells(town: SampleCity) -> None:
    assert town.zones.overlapping
    assert shapely.covers(town.city.shapes[0], town.zones.shapes).all()
    assert shapely.intersection(town.zones.shapes[0], town.zones.shapes[1]).area > 0
    _, cut = shapely.STRtree(town.cells.shapes).query(town.zones.shapes, predicate="overlaps")
    assert len(cut) > 10


def test_vertices_have_seven_decimals_and_lie_near_118_31(town: SampleCity) -> None:
    for layer in town.layers:
        at = shapely.get_coordinates(layer.shapes)
        assert (at == np.round(at, 7)).all()
        assert np.abs(at - (118.0, 31.0)).max() < 0.2


def test_equal_seeds_give_equal_cities_and_others_differ(town: SampleCity) -> None:
    again = sample_city(cells=2000, reports=3000, seed=1)
    for one, two in zip(town.layers, again.layers, strict=True):
        assert one.codes.tolist() == two.codes.tolist()
        assert one.names.tolist() == two.names.tolist()
        assert shapely.to_wkb(one.shapes).tolist() == shapely.to_wkb(two.shapes).tolist()
    assert (town.parties, town.people, town.duties) == (again.parties, again.people, again.duties)
    assert town.addresses.texts.tolist() == again.addresses.texts.tolist()
    assert town.reports.lonlat.tobytes() == again.reports.lonlat.tobytes()
    assert town.reports.times.tolist() == again.reports.times.tolist()
    other = sample_city(cells=2000, reports=0, seed=2)
    assert shapely.to_wkb(other.city.shapes[0]) != shapely.to_wkb(town.city.shapes[0])


def test_the_number_of_reports_does_not_change_the_ground(hamlet: SampleCity) -> None:
    other = sample_city(cells=60, reports=0, seed=7)
    assert shapely.to_wkb(other.cells.shapes).tolist() == shapely.to_wkb(hamlet.cells.shapes).tolist()
    assert other.addresses.texts.tolist() == hamlet.addresses.texts.tolist()
    assert len(other.reports) == 0


def test_a_large_city_is_exact_in_size_and_seamless() -> None:
    city = sample_city(cells=20_000, reports=100, seed=3)
    assert len(city.cells) == 20_000
    assert shapely.coverage_is_valid(city.cells.shapes)
    assert len(set(city.streets.names.tolist())) == len(city.streets)
    assert len(set(city.communities.names.tolist())) == len(city.communities)
    assert len(set(city.roads.names.tolist())) == len(city.roads)


@pytest.mark.parametrize(
    "wrong", [{"cells": 19}, {"cells": 200_001}, {"cells": 50, "reports": -1}, {"cells": 50, "seed": -1}]
)
def test_a_size_out_of_bounds_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(BadInput):
        sample_city(**wrong)
