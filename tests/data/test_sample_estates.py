"""Estates of the sample city: walled ground away from roads, each with its manager."""

import numpy as np
import pytest
import shapely

from data.city import SampleCity, sample_city
from data.estates import Estates, points_inside
from data.plane import flat


def test_estates_lie_apart_inside_their_community(city: SampleCity) -> None:
    living = city.estates
    assert len(living)
    assert shapely.is_valid(living.shapes).all()
    assert set(living.parents.tolist()) == {""}
    homes = dict(zip(city.communities.codes.tolist(), city.communities.shapes, strict=True))
    for code, shape in zip(living.codes.tolist(), living.shapes, strict=True):
        assert shapely.covers(homes[code[2:-2]], shape)
    one, two = shapely.STRtree(living.shapes).query(living.shapes, predicate="intersects")
    assert (one == two).all()


def test_about_one_community_of_three_has_some_and_some_lie_across_cells(town: SampleCity) -> None:
    homes = {code[2:-2] for code in town.estates.codes.tolist()}
    assert 0.2 < len(homes) / len(town.communities) < 0.45
    cells = shapely.STRtree(town.cells.shapes)
    held, _ = cells.query(town.estates.shapes, predicate="intersects")
    counts = np.bincount(held, minlength=len(town.estates))
    assert {1, 2} <= set(counts.tolist())


def test_no_main_road_comes_within_its_width_of_an_estate(city: SampleCity) -> None:
    main = city.segments.main
    roads = shapely.union_all(flat(city.segments.shapes[main]))
    assert (shapely.distance(flat(city.estates.shapes), roads) > 12.0).all()


def test_the_manager_of_an_estate_is_a_property_company_of_its_community(city: SampleCity) -> None:
    kinds = {party.code: party.kind for party in city.parties}
    related = {row.area_code: row.party_code for row in city.relations if row.layer == "estate"}
    for code in city.estates.codes.tolist():
        assert related[code] == f"WYG{code[2:-2]}"
        assert kinds[related[code]] == "property"
    with_duty = {duty.area_code for duty in city.duties if duty.layer == "estate"}
    assert len(city.estates) / 2 < len(with_duty) <= len(city.estates)


@pytest.mark.parametrize("seed", range(40))
def test_even_the_smallest_city_has_an_estate(seed: int) -> None:
    assert len(sample_city(cells=20, reports=0, seed=seed).estates)


def test_points_inside_are_inside(town: SampleCity) -> None:
    living = Estates(town.estates, [""] * len(town.estates))
    row, lonlat = points_inside(living, 500, np.random.default_rng(1))
    assert shapely.contains_xy(town.estates.shapes[row], lonlat).all()
    assert len(np.unique(lonlat, axis=0)) == 500
