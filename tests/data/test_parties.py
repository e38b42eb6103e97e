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
    workers = [person.party_code for person in city.people if person.role == "worker"]
    assert sum(party.startswith("WGD") for party in workers) == len(city.grids)
    assert {party for party in workers if not party.startswith("WGD")} == {"CS18"}


def test_deputies_are_others_of_the_same_unit(city: SampleCity) -> None:
    party = {person.code: person.party_code for person in city.people}
    with_deputy = [person for person in city.people if person.deputy_code]
    assert len(with_deputy) > len(city.people) / 4
    for person in with_deputy:
        assert person.deputy_code != person.code
        assert party[person.deputy_code] == person.party_code


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
    areas["segment"] = set(city.segments.codes.tolist())
    parties = {party.code for party in city.parties}
    relations = {f"{row.relation}_of:{row.layer}" for row in city.relations} | {"asset_owner"}
    people = {person.code: person.party_code for person in city.people}
    matters = {matter.code for matter in city.matters}
    for duty in city.duties:
        assert duty.area_code in areas[duty.layer]
        assert duty.party_code in parties | relations
        assert not duty.person_code or people[duty.person_code] == duty.party_code
        assert duty.matter == "" or duty.matter in matters
        assert duty.basis.startswith("《样城市城市管理条例》第")
        assert duty.document


def test_no_two_leads_have_one_place_and_matter(city: SampleCity) -> None:
    leads = [(d.layer, d.area_code, d.matter) for d in city.duties if d.role == "lead"]
    assert len(set(leads)) == len(leads)
    zones = [d.priority for d in city.duties if d.layer == "zone"]
    assert len(set(zones)) == len(zones)
    assert not set(zones) & {d.priority for d in city.duties if d.layer == "estate"}


def test_the_duty_list_speaks_of_relations_and_every_area_has_its_own(city: SampleCity) -> None:
    spoken = {duty.party_code for duty in city.duties if "_of:" in duty.party_code}
    assert spoken == {"office_of:street", "committee_of:community", "enforcement_of:district", "property_of:estate"}
    assert {duty.matter for duty in city.duties if duty.party_code == "asset_owner"} == {"C0106", "C0302"}
    related = {(row.layer, row.area_code): row.party_code for row in city.relations}
    assert len(related) == len(city.relations)
    for layer in (city.districts, city.streets, city.communities, city.estates):
        assert {area for name, area in related if name == layer.name} == set(layer.codes.tolist())
    assert set(related.values()) <= {party.code for party in city.parties}


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
