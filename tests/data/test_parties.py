"""Parties, people, the class table and the duty list fit together."""

from collections import Counter

from data.city import SampleCity
from data.conditions import parse_limit


def test_codes_are_unique_and_parents_exist(city: SampleCity) -> None:
    for rows in (city.parties, city.people, city.matters, city.duties):
        codes = [row.code for row in rows]
        assert len(set(codes)) == len(codes)
    parties = {party.code for party in city.parties}
    matters = {matter.code for matter in city.matters}
    assert {party.parent_code for party in city.parties} <= parties | {""}
    assert {matter.parent_code for matter in city.matters} <= matters | {""}
    assert {person.party_code for person in city.people} == parties


def test_each_street_has_an_office_and_a_team_and_each_community_a_committee(city: SampleCity) -> None:
    kinds = Counter(party.kind for party in city.parties)
    assert kinds["office"] == kinds["team"] == len(city.streets)
    assert kinds["community"] == len(city.communities)


def test_phones_are_invented_and_each_grid_has_a_worker(city: SampleCity) -> None:
    assert all(len(person.phone) == 11 and person.phone.startswith("1000") for person in city.people)
    assert len({person.phone for person in city.people}) == len(city.people)
    assert Counter(person.role for person in city.people)["worker"] == len(city.grids)


def test_the_class_table_has_majors_minors_and_conditions_with_readable_limits(hamlet: SampleCity) -> None:
    sizes = Counter(len(matter.code) for matter in hamlet.matters)
    assert sizes[3] >= 8
    assert sizes[5] >= 40
    assert len([m for m in hamlet.matters if m.parent_code == "C0101"]) == 4
    above = {matter.parent_code for matter in hamlet.matters}
    for matter in hamlet.matters:
        assert matter.kind == {"C": "component", "E": "event"}[matter.code[0]]
        assert matter.code.startswith(matter.parent_code)
        limit = parse_limit(matter.time_limit)
        assert (limit is not None and str(limit) == matter.time_limit) == (matter.code not in above)


def test_duties_point_at_what_exists(city: SampleCity) -> None:
    areas = {layer.name: set(layer.codes.tolist()) for layer in city.layers}
    parties = {party.code for party in city.parties}
    people = {person.code: person.party_code for person in city.people}
    matters = {matter.code for matter in city.matters}
    for duty in city.duties:
        assert duty.area_code in areas[duty.layer]
        assert duty.party_code in parties
        assert people[duty.person_code] == duty.party_code
        assert duty.matter == "" or duty.matter in matters
        assert duty.basis.startswith("《样城市城市管理条例》第")
        assert duty.document


def test_no_two_leads_have_one_place_and_matter(city: SampleCity) -> None:
    leads = [(d.layer, d.area_code, d.matter) for d in city.duties if d.role == "lead"]
    assert len(set(leads)) == len(leads)
    zones = [d.priority for d in city.duties if d.layer == "zone"]
    assert len(set(zones)) == len(zones)


def test_every_territory_has_a_fallback_and_some_grids_have_none(town: SampleCity) -> None:
    for layer in (town.city, town.districts, town.streets, town.communities):
        answered = {d.area_code for d in town.duties if d.layer == layer.name and not d.matter and d.role == "lead"}
        assert answered == set(layer.codes.tolist())
    named = sum(duty.layer == "grid" for duty in town.duties)
    assert 0.7 * len(town.grids) < named < len(town.grids)
    assert {(d.layer, d.role) for d in town.duties} >= {("city", "support"), ("cell", "lead"), ("zone", "lead")}


def test_gas_manholes_belong_to_the_gas_company_everywhere(hamlet: SampleCity) -> None:
    [duty] = [d for d in hamlet.duties if d.matter == "C0105" and d.role == "lead"]
    [name] = [party.name for party in hamlet.parties if party.code == duty.party_code]
    assert (duty.layer, name) == ("city", "样城市燃气公司")
