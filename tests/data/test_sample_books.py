"""The roster, the rulings and the plan of the sample city, and the plane its survey office keeps."""

from collections import Counter
from datetime import date, datetime, timedelta

import numpy as np
import shapely

from data.city import SampleCity
from data.roster import DAYS, MONDAY
from data.survey import NOISE_M, city_plane, in_city_plane
from gis.control_points import ControlPoints, fit_plane


def test_every_desk_is_on_shift_through_the_week_without_a_break(city: SampleCity) -> None:
    party = {person.code: person.party_code for person in city.people}
    with_desk = {person.party_code for person in city.people if person.role == "duty_desk"}
    shifts: dict[str, list[tuple[str, str]]] = {unit: [] for unit in with_desk}
    for entry in city.roster:
        if entry.kind == "shift":
            shifts[party[entry.person_code]].append((entry.begin, entry.until))
    for times in shifts.values():
        times.sort()
        assert times[0][0] == f"{MONDAY}T08:00"
        assert times[-1][1] == f"{MONDAY + timedelta(days=DAYS)}T08:00"
        assert [begin for begin, _ in times[1:]] == [until for _, until in times[:-1]]


def test_reports_fall_in_that_week(town: SampleCity) -> None:
    days = Counter(datetime.fromisoformat(time).date() for time in town.reports.times.tolist())
    assert all(days[MONDAY + timedelta(days=k)] for k in range(DAYS))


def test_a_few_are_on_leave_and_somebody_stands_in(city: SampleCity) -> None:
    leaves = [entry for entry in city.roster if entry.kind == "leave"]
    standing = {person.code: person.deputy_code for person in city.people}
    assert 2 <= len(leaves) <= 40
    assert len({entry.person_code for entry in leaves}) == len(leaves)
    assert any(entry.deputy_code for entry in leaves)
    for entry in leaves:
        assert MONDAY <= date.fromisoformat(entry.begin) < date.fromisoformat(entry.until)
        stand_in = entry.deputy_code or standing[entry.person_code]
        assert stand_in in standing.keys() - {entry.person_code}


def test_one_ruling_is_over_one_is_open_and_a_plan_waits(city: SampleCity) -> None:
    rulings = [order for order in city.overrides if not order.plan]
    assert [bool(order.until) for order in rulings] == [True, False]
    plan = [order for order in city.overrides if order.plan]
    assert 8 <= len(plan) <= 10
    assert {order.plan for order in plan} == {"防汛预案"}
    leads = [order.duty.matter for order in plan if order.duty.role == "lead"]
    assert len(set(leads)) == len(leads)
    codes = [order.duty.code for order in city.overrides]
    assert len(set(codes)) == len(codes)


def test_rulings_and_plan_point_at_what_exists(city: SampleCity) -> None:
    parties, matters = ({row.code for row in rows} for rows in (city.parties, city.matters))
    places = {layer.name: set(layer.codes.tolist()) for layer in city.layers}
    places["asset"] = set(city.assets.codes[city.assets.owners == ""].tolist())
    for order in city.overrides:
        assert order.duty.area_code in places[order.duty.layer]
        assert order.duty.party_code in parties | {"office_of:street"}
        assert order.duty.matter in matters | {""}


def test_control_points_fit_the_citys_plane_to_the_surveys_noise(city: SampleCity) -> None:
    known = city.control_points
    x, y, lon, lat = *known.xy.T, *known.lonlat.T
    fit = fit_plane(ControlPoints(x, y, lon, lat, tuple(range(8))))
    assert len(known.names) == 8
    assert 0.0 < fit.plane.rms_m < 3 * NOISE_M
    zones = shapely.get_coordinates(in_city_plane(city.zones.shapes))
    back = np.stack(fit.plane.to_lonlat(*zones.T), axis=-1)
    true = shapely.get_coordinates(city.zones.shapes)
    assert np.linalg.norm(city_plane(back) - city_plane(true), axis=1).max() < 0.15


def test_the_plane_is_turned_and_far_from_degrees() -> None:
    (west, east) = city_plane(np.array([[118.0, 31.0], [118.01, 31.0]]))
    turn = np.degrees(np.arctan2(*(east - west)[::-1]))
    assert 0.2 < turn < 0.5
    assert 900.0 < np.linalg.norm(east - west) < 1000.0
