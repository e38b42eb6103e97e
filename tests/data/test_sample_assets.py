"""Assets of the sample city: numbered as the standard says, owned, and each in its true cell."""

from collections import Counter

import numpy as np
import pytest
import shapely

from data.city import SampleCity, sample_city
from data.plane import flat, points
from gis.errors import BadInput


def test_numbers_are_division_class_and_serial(city: SampleCity) -> None:
    codes = city.assets.codes.tolist()
    assert codes == sorted(set(codes))
    cells = city.cells.codes[city.assets.cell].tolist()
    for code, matter, cell in zip(codes, city.assets.matters.tolist(), cells, strict=True):
        assert len(code) == 16
        assert code[:6] == cell[:6]
        assert code[6:10] == matter[1:]
    groups = Counter(code[:10] for code in codes)
    assert all(int(code[10:]) <= groups[code[:10]] for code in codes)


def test_about_as_many_as_asked_for_in_their_true_cells(town: SampleCity) -> None:
    assert 0.9 * 2.5 * 2000 < len(town.assets) <= 2.5 * 2000
    cells = town.cells.shapes[town.assets.cell]
    assert shapely.covers(cells, points(town.assets.lonlat)).all()
    assert set(town.assets.matters.tolist()) <= {matter.code for matter in town.matters}


def test_owners_are_parties_and_a_few_are_not_on_record(town: SampleCity) -> None:
    owners = town.assets.owners
    assert set(owners.tolist()) - {""} <= {party.code for party in town.parties}
    assert 0.02 < np.mean(owners == "") < 0.06
    assert set(owners[town.assets.matters == "C0105"].tolist()) == {"CS11", ""}


def test_lamps_in_an_estate_are_its_managers_and_gas_manholes_are_not(town: SampleCity) -> None:
    spots = points(town.assets.lonlat)
    inside = shapely.STRtree(town.estates.shapes).query(spots, predicate="within")[0]
    beside_roads = shapely.STRtree(flat(town.roads.shapes)).query(flat(spots), predicate="dwithin", distance=10.0)[0]
    inside = np.setdiff1d(inside, beside_roads)  # a street may run through an estate, with the city's lamps
    owners, matters = town.assets.owners[inside], town.assets.matters[inside]
    lamps = set(owners[matters == "C0106"].tolist()) - {""}
    assert lamps
    assert all(owner.startswith("WYG") for owner in lamps)
    assert set(owners[matters == "C0105"].tolist()) - {""} == {"CS11"}


def test_assets_along_roads_stand_beside_them(town: SampleCity) -> None:
    spots = flat(points(town.assets.lonlat))
    near, _ = shapely.STRtree(flat(town.roads.shapes)).query(spots, predicate="dwithin", distance=9.1)
    assert 0.6 < len(np.unique(near)) / len(spots) < 0.9


@pytest.mark.parametrize("per_cell", [0.4, 10.5])
def test_too_few_or_too_many_are_refused(per_cell: float) -> None:
    with pytest.raises(BadInput, match="assets_per_cell"):
        sample_city(cells=20, reports=0, assets_per_cell=per_cell)


def test_as_many_as_ten_a_cell_can_be_had() -> None:
    city = sample_city(cells=200, reports=0, assets_per_cell=10)
    assert 1_700 < len(city.assets) <= 2_000
