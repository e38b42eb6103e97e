"""Roads, crossings, addresses and reports: each knows its true cell."""

import numpy as np
import shapely

from data.city import SampleCity, sample_city
from data.plane import flat, points


def true_cells(city: SampleCity, lonlat: np.ndarray) -> list[str]:
    """The lowest code among the covering cells, the slow way."""
    found = []
    for point in points(lonlat):
        found.append(min(city.cells.codes[shapely.covers(city.cells.shapes, point)].tolist(), default=""))
    return found


def test_roads_run_along_cell_borders(city: SampleCity) -> None:
    corners = set(map(tuple, shapely.get_coordinates(city.cells.shapes).tolist()))
    for lines in (city.roads.shapes, city.river):
        assert len(lines)
        assert set(map(tuple, shapely.get_coordinates(lines).tolist())) <= corners
    assert shapely.is_simple(city.roads.shapes).all()
    assert city.roads.names[0] == "中山路"


def test_crossings_are_vertices_of_both_roads_and_each_stands_once(city: SampleCity) -> None:
    found = city.crossings
    assert (found.one < found.other).all()
    for k in range(0, len(found), 7):
        at = tuple(found.lonlat[k].tolist())
        for row in (found.one[k], found.other[k]):
            assert at in set(map(tuple, shapely.get_coordinates(city.roads.shapes[row]).tolist()))
    rows = set(zip(found.one.tolist(), found.other.tolist(), map(tuple, found.lonlat.tolist()), strict=True))
    assert len(rows) == len(found)


def test_addresses_lie_strictly_inside_their_true_cell_and_are_unique(city: SampleCity) -> None:
    houses = city.addresses
    at = points(houses.lonlat)
    cells = city.cells.shapes[houses.cell]
    assert shapely.covers(cells, at).all()
    assert shapely.contains(cells, at).mean() > 0.999
    assert len(set(houses.texts.tolist())) == len(houses)
    names = dict(zip(city.districts.codes.tolist(), city.districts.names.tolist(), strict=True))
    for k in range(0, len(houses), 50):
        district = names[city.cells.codes[houses.cell[k]][:6]]
        assert houses.texts[k] == f"样城市{district}{houses.roads[k]}{houses.numbers[k]}号"


def test_odd_numbers_stand_left_of_the_road_and_even_ones_right(hamlet: SampleCity) -> None:
    houses, ways = hamlet.addresses, hamlet.roads
    row = {name: k for k, name in enumerate(ways.names.tolist())}
    lines = flat(ways.shapes[[row[name] for name in houses.roads.tolist()]])
    doors = flat(points(houses.lonlat))
    along = shapely.line_locate_point(lines, doors)
    a, b = (shapely.get_coordinates(shapely.line_interpolate_point(lines, along + d)) for d in (-1, 1))
    to, at = b - a, shapely.get_coordinates(doors) - a
    left = to[:, 0] * at[:, 1] - to[:, 1] * at[:, 0] > 0
    assert (left == (houses.numbers % 2 == 1)).mean() > 0.98
    assert np.median(shapely.distance(lines, doors)) < 20


def test_most_cells_have_an_address(town: SampleCity) -> None:
    assert len(np.unique(town.addresses.cell)) > 0.7 * len(town.cells)


def test_a_report_has_either_a_point_or_an_address(town: SampleCity) -> None:
    told = town.reports
    no_point = np.isnan(told.lonlat).any(axis=1)
    assert (no_point == (told.addresses != "")).all()
    assert 0.45 < no_point.mean() < 0.55
    known = dict(zip(town.addresses.texts.tolist(), town.addresses.cell.tolist(), strict=True))
    assert [known[text] for text in told.addresses[no_point].tolist()] == told.cell[no_point].tolist()


def test_the_truth_of_a_point_is_the_lowest_code_covering_it(town: SampleCity) -> None:
    rows = np.flatnonzero(~np.isnan(town.reports.lonlat).any(axis=1))[:500]
    assert true_cells(town, town.reports.lonlat[rows]) == town.cells.codes[town.reports.cell[rows]].tolist()


def test_some_fifteen_percent_of_the_points_lie_on_or_within_a_metre_of_a_border(town: SampleCity) -> None:
    lonlat = town.reports.lonlat[~np.isnan(town.reports.lonlat).any(axis=1)]
    told = points(lonlat)
    borders = shapely.boundary(flat(town.cells.shapes))
    shapely.prepare(borders)
    near, _ = shapely.STRtree(borders).query(flat(told), predicate="dwithin", distance=1.0)
    corners = set(map(tuple, shapely.get_coordinates(town.cells.shapes).tolist()))
    exact = np.mean([tuple(row) in corners for row in lonlat.tolist()])
    assert 0.12 < len(np.unique(near)) / len(told) < 0.25
    assert 0.05 < exact < 0.1


def test_reports_are_clustered(town: SampleCity) -> None:
    counts = np.sort(np.bincount(town.reports.cell, minlength=len(town.cells)))[::-1]
    assert counts[: len(counts) // 20].sum() > 0.3 * len(town.reports)


def test_reports_come_by_time_within_thirty_days(town: SampleCity) -> None:
    times = town.reports.times.tolist()
    assert times == sorted(times)
    assert times[0] >= "2026-10-02T00:00:00+08:00"
    assert "2026-10-31" < times[-1] < "2026-11-01"
    assert all(time.endswith("+08:00") for time in times)
    assert len(set(town.reports.ids.tolist())) == len(times)


def test_reports_name_matters_that_have_no_finer_ones(town: SampleCity) -> None:
    above = {matter.parent_code for matter in town.matters}
    leaves = {matter.code for matter in town.matters} - above
    assert set(town.reports.matters.tolist()) <= leaves
    assert len(set(town.reports.matters.tolist())) > 25


def test_one_report_can_be_asked_for() -> None:
    assert len(sample_city(cells=20, reports=1, seed=4).reports) == 1
