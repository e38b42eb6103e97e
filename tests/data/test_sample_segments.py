"""Road segments of the sample city: its roads, whole, cut at crossings."""

import numpy as np
import shapely

from data.city import SampleCity
from data.plane import flat
from data.segments import SHORTEST_M


def test_the_segments_of_a_road_are_that_road(city: SampleCity) -> None:
    stretches = city.segments
    assert np.unique(stretches.road).tolist() == list(range(len(city.roads)))
    for row in range(len(city.roads)):
        own = stretches.road == row
        lines = [shapely.get_coordinates(line) for line in stretches.shapes[own]]
        joined = np.concatenate([lines[0], *(line[1:] for line in lines[1:])])
        assert joined.tolist() == shapely.get_coordinates(city.roads.shapes[row]).tolist()
        assert set(stretches.half_widths[own]) == {12.0 if city.roads.kinds[row] == "main" else 6.0}


def test_roads_are_cut_at_crossings_only_and_into_no_short_pieces(city: SampleCity) -> None:
    crossings = set(map(tuple, city.crossings.lonlat.tolist()))
    lengths = shapely.length(flat(city.segments.shapes))
    many = np.bincount(city.segments.road)[city.segments.road] > 1
    assert many.any()
    assert (lengths[many] >= SHORTEST_M).all()
    for row in np.flatnonzero(np.diff(city.segments.road) == 0).tolist():
        assert tuple(shapely.get_coordinates(city.segments.shapes[row])[-1].tolist()) in crossings


def test_segments_are_in_code_order_and_named_after_what_they_join(city: SampleCity) -> None:
    codes = city.segments.codes.tolist()
    assert codes == sorted(set(codes))
    known = {"起点", "终点", *city.roads.names.tolist()}
    for name, road in zip(city.segments.names.tolist(), city.segments.road.tolist(), strict=True):
        own, ends = name.removesuffix("）").split("（")
        assert own == city.roads.names[road]
        assert set(ends.split("至")) <= known - {own}


def test_the_bureau_keeps_main_roads_and_the_district_its_local_streets(city: SampleCity) -> None:
    main = city.segments.main
    assert set(city.segments.parties[main].tolist()) == {"CS18"}
    shapes = dict(zip(city.districts.codes.tolist(), city.districts.shapes, strict=True))
    for party, line in zip(city.segments.parties[~main].tolist(), city.segments.shapes[~main], strict=True):
        assert party.startswith("QSZ")
        assert shapely.distance(shapes[party[3:]], line) == 0.0


def test_each_third_main_road_has_a_warden(town: SampleCity) -> None:
    road = dict(zip(town.segments.codes.tolist(), town.segments.road.tolist(), strict=True))
    named = {
        road[duty.area_code]: duty.person_code for duty in town.duties if duty.layer == "segment" and duty.person_code
    }
    mains = (town.roads.kinds == "main").sum()
    assert sorted(named) == list(range(0, mains, 3))
    assert len(set(named.values())) == len(named)
    in_all = {road[duty.area_code] for duty in town.duties if duty.layer == "segment" and not duty.matter}
    assert sorted(in_all) == list(range(1, mains, 2))
