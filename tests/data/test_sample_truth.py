"""Whose each report is, where the sample city says so."""

from collections import Counter

import numpy as np
import shapely

from data.city import SampleCity
from data.plane import flat, points
from data.truth import CLEAR_M


def test_asset_segment_and_estate_each_decide_some_and_most_stay_untold(town: SampleCity) -> None:
    counts = Counter(town.truth.decided_by.tolist())
    assert set(counts) == {"asset", "segment", "estate", ""}
    assert min(counts.values()) >= 10
    assert counts[""] > len(town.reports) / 2
    assert ((town.truth.owners == "") == (town.truth.decided_by == "")).all()
    assert set(town.truth.owners.tolist()) - {""} <= {party.code for party in town.parties}


def test_a_report_that_names_an_asset_lies_on_it_and_is_its_owners(town: SampleCity) -> None:
    row = {code: k for k, code in enumerate(town.assets.codes.tolist())}
    named = np.flatnonzero(town.reports.assets != "")
    assert len(named) > 50
    things = np.array([row[code] for code in town.reports.assets[named].tolist()])
    assert town.reports.lonlat[named].tolist() == town.assets.lonlat[things].tolist()
    assert town.reports.cell[named].tolist() == town.assets.cell[things].tolist()
    assert town.truth.owners[named].tolist() == town.assets.owners[things].tolist()
    for matter, asset in zip(town.reports.matters[named], town.assets.matters[things], strict=True):
        assert str(matter).startswith(str(asset))


def test_what_a_segment_decides_lies_on_it_and_is_named_in_its_duties(town: SampleCity) -> None:
    named: dict[str, list[str]] = {}
    for duty in town.duties:
        if duty.layer == "segment" and duty.matter:
            named.setdefault(duty.area_code, []).append(duty.matter)
    lines = flat(town.segments.shapes)
    seen = 0
    for k in np.flatnonzero((town.truth.decided_by == "segment") & (town.reports.addresses == "")).tolist():
        away = shapely.distance(lines, flat(points(town.reports.lonlat[k : k + 1]))[0])
        near = int(np.argmin(away))
        assert away[near] < town.segments.half_widths[near]
        assert town.truth.owners[k] == town.segments.parties[near]
        assert str(town.reports.matters[k]).startswith(tuple(named[str(town.segments.codes[near])]))
        seen += 1
    assert seen


def test_what_an_estate_decides_lies_well_inside_it(town: SampleCity) -> None:
    walls = flat(town.estates.shapes)
    company = {row.area_code: row.party_code for row in town.relations if row.layer == "estate"}
    for k in np.flatnonzero(town.truth.decided_by == "estate").tolist():
        spot = flat(points(town.reports.lonlat[k : k + 1]))[0]
        [estate] = np.flatnonzero(shapely.contains(walls, spot)).tolist()
        assert shapely.distance(shapely.boundary(walls[estate]), spot) > CLEAR_M * 0.99
        assert town.truth.owners[k] == company[str(town.estates.codes[estate])]
