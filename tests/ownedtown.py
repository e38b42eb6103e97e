"""The small town with everything that can own: an estate, roads, assets, relations, rulings, a plan, shifts and leave.

What docs/ownership.md tells of it is asked of it by tests/house/test_ownership_doc.py.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.files.writers import write_features
from grids.plans import plan_on
from grids.rules import put_order
from smalltown import CELL, DUTIES, NOW, PARTIES, PEOPLE, Row, Town, at, block, duty, found_town

ESTATE = "XQ01"
ROADS: dict[str, tuple[str, float, list[tuple[float, float]]]] = {
    "LD01": ("泉城路段", 8.0, [(1.1, 3.0), (7.9, 3.0)]),
    "LD02": ("南北路段", 8.0, [(3.0, 2.1), (3.0, 3.9)]),
    "LD03": ("转角路南段", 8.0, [(0.2, 2.3), (0.6, 2.3)]),
    "LD04": ("转角路东段", 8.0, [(0.6, 2.3), (0.6, 2.7)]),
    "LD05": ("小巷", 2.0, [(4.2, 0.2), (4.2, 0.8)]),
    "LD06": ("大道", 20.0, [(4.4, 0.2), (4.4, 0.8)]),
}
"""Name, half-width in metres, and corners in the town's own units."""

_PARTIES = [
    *PARTIES,
    {"code": "BTQ", "name": "趵突泉街道办", "kind": "office"},
    {"code": "SZJ", "name": "市政工程处", "kind": "department"},
    {"code": "GLJ", "name": "公路局", "kind": "department"},
    {"code": "YJJ", "name": "应急管理局", "kind": "department"},
]
_MATTERS = [("C02", "道路设施"), ("C0201", "路灯"), ("E02", "广告"), ("E03", "小区管理")]
_KEEPERS = ("SZJ", "GLJ", "GLJ", "SZJ", "QCW", "SZJ")
_DUTIES = [
    *DUTIES,
    duty("D20", "QCW", "estate", ESTATE),
    *(duty(f"D3{k}", party, "segment", f"LD0{k}") for k, party in enumerate(_KEEPERS, 1)),
    duty("D23", "office_of:street", "city", "370100", matter="E01"),
    duty("D24", "asset_owner", "city", "370100", matter="C02"),
    duty("D25", "enforcement_of:district", "city", "370100", matter="E02"),
    duty("D26", "property_of:estate", "city", "370100", matter="E03"),
]  # fmt: skip
_RELATIONS = [
    ("office", "street", "370102001", "QCL"),
    ("office", "street", "370102002", "BTQ"),
    ("enforcement", "district", "370102", "LXC"),
    ("property", "estate", ESTATE, "QCW"),
]
_ASSETS = [("JG0001", "燃气井盖1号", "C0101", "GDG", 0.52, 0.52), ("JG0002", "路灯2号", "C0201", "SZJ", 6.2, 3.2),
           ("JG0003", "路灯3号", "C0201", None, 6.3, 3.3)]  # fmt: skip
_RULING = {"from": "2027-01-01", "until": "2027-02-01", "document": "裁定〔2026〕7号"}
_OVERRIDES = [
    duty("R1", "DMH", "cell", CELL, matter="C0101") | _RULING,
    duty("R2", "YJJ", "cell", "370103001001001") | _RULING,
    duty("Y1", "YJJ", "district", "370102", document="防汛预案") | {"plan": "防汛"},
]
_ROSTER = [
    {"person_code": "P1", "kind": "leave", "from": "2027-02-01", "until": "2027-02-08"},
    {"person_code": "P5", "kind": "shift", "from": "2027-03-01T20:00", "until": "2027-03-02T08:00"},
]


def filled_town(folder: Path) -> Town:
    """The town, everything in its draft and its books; the plan is on for two days and a half."""
    town = found_town(f"sqlite:///{folder}/wangge.db", folder)
    for layer in town.rows:
        town.put(layer)
    town.put("estate", [Row(ESTATE, "芙蓉小区", None, block(0.2, 0.2, 0.8, 0.8))], parent=None)
    _put_roads(town)
    town.table("parties", _PARTIES)
    town.table("people", [PEOPLE[0] | {"deputy_code": "P2"}, *PEOPLE[1:]])
    town.table("matters")
    town.table("matters", [{"code": code, "name": name} for code, name in _MATTERS], merge=True)
    names = ("relation", "layer", "area_code", "party_code")
    town.table("relations", [dict(zip(names, row, strict=True)) for row in _RELATIONS])
    town.table("assets", [_asset(*row) for row in _ASSETS])
    town.table("duties", _DUTIES)
    town.table("overrides", _OVERRIDES)
    town.table("roster", _ROSTER)
    with town.store.write() as session:
        plan_on(session, "防汛", NOW, datetime(2027, 7, 1, tzinfo=UTC), datetime(2027, 7, 3, 12, tzinfo=UTC))
    return town


def owned_town(folder: Path) -> Town:
    """The same, published; from 2028 on a second version puts the narrower place before the matter."""
    town = filled_town(folder)
    town.publish(accept=["hole"])
    with town.store.write() as session:
        put_order(session, "draft", ["override", "asset", "place", "matter", "prefix", "priority"], NOW)
    town.publish(accept=["hole"], effective=datetime(2028, 1, 1, tzinfo=UTC))
    return town


def _put_roads(town: Town) -> None:
    path = town.path(".geojson")
    shapes: list[BaseGeometry] = [shapely.LineString([at(*spot) for spot in road[2]]) for road in ROADS.values()]
    columns = {
        "code": list(ROADS),
        "name": [road[0] for road in ROADS.values()],
        "width": [road[1] for road in ROADS.values()],
    }
    write_features(path, columns, np.array(shapes, object))
    town.load(path, "segment", parent=None, half_width="width")


def _asset(code: str, name: str, matter: str, owner: str | None, x: float, y: float) -> dict[str, Any]:
    lon, lat = at(x, y)
    return {"code": code, "name": name, "matter": matter, "owner": owner, "lon": lon, "lat": lat}
