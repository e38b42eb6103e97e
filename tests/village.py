"""A village of six cells in two streets, written straight through the verbs, small enough to live a thousand lives.

One unit is 0.001 degrees: 89 m east, 111 m north. Street SA lies from (0, 0) to (3, 1), street SB above it; the cells
A1 to A3 and B1 to B3 stand in them from west to east. Zone Z1 lies over both streets, the road L1 along x = 2.5.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gis.storage.base import Base
from gis.storage.engine import Store
from grids.content import Duty, Layer, Matter, Party
from grids.dated import record
from grids.dated_models import AssetRow, Dated, OverrideRow, PersonRow
from grids.draft_steps import drop
from grids.drafts import Edit, open_draft
from grids.edits import AreaEdit, put_area
from grids.gate_reads import outside_of
from grids.models import DutyRow, LayerRow, MatterRow, PartyRow, RelationRow, VersionRow
from grids.publish import Published, publish
from grids.reads import content_of, held_rows
from grids.relations import ASSET, ASSET_OWNER, relation_code
from grids.shelf import Shelf, StoreSource

DRAFT = "draft"
PARTIES = ("OA", "OB", "GAS")
RELATIVE = ("office_of:street", ASSET_OWNER)
MATTERS = ("C", "C01", "E")
LAYERS = (
    Layer("street", "街镇", "street", rank=30),
    Layer("cell", "单元网格", "cell", parent="street", rank=60, is_cell=True),
    Layer("zone", "景区", "zone", partition=False, rank=70),
    Layer("segment", "路段", "segment", partition=False, rank=80, geometry="line"),
)
DUTIES = (
    Duty("D1", "OA", "street", "SA"),
    Duty("D2", "OB", "street", "SB"),
    Duty("D3", "OB", "cell", "A2", person="P1"),
    Duty("D4", "GAS", "street", "SA", "C01"),
    Duty("D5", "GAS", "zone", "Z1"),
    Duty("D6", "office_of:street", "segment", "L1", "E"),
    Duty("D7", ASSET_OWNER, "street", "SB", "C"),
    Duty("D8", "OA", ASSET, "K1", "C01"),
    Duty("D9", "OB", "street", "SA", "E", "support"),
)
PEOPLE = (
    {"code": "P1", "name": "王芳", "party": "OB", "role": "worker", "deputy": "P2"},
    {"code": "P2", "name": "李强", "party": "OB", "role": "lead", "deputy": None},
    {"code": "P3", "name": "张伟", "party": "OA", "role": "lead", "deputy": "P4"},
    {"code": "P4", "name": "值班室", "party": "GAS", "role": "duty_desk", "deputy": None},
)


def at(x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude of a place in the village's own units."""
    return round(117.02 + x / 1000, 9), round(36.66 + y / 1000, 9)


def block(x0: float, y0: float, x1: float, y1: float) -> BaseGeometry:
    """A rectangle in the village's own units."""
    return shapely.Polygon([at(x0, y0), at(x1, y0), at(x1, y1), at(x0, y1)])


def road(x: float) -> BaseGeometry:
    """The road from south to north."""
    return shapely.LineString([at(x, 0.2), at(x, 1.8)])


def cells(street: str, first: float, second: float) -> dict[str, BaseGeometry]:
    """The three cells of a street, with their two borders where they are told to be."""
    row = ("SA", "SB").index(street)
    borders = (0, first, second, 3)
    return {f"{street[1]}{i + 1}": block(borders[i], row, borders[i + 1], row + 1) for i in range(3)}


def asset(code: str, x: float, y: float, owner: str | None, matter: str = "C01") -> dict[str, Any]:
    """What an asset is."""
    return {"code": code, "name": f"部件{code}", "matter": matter, "owner": owner, "geom": shapely.Point(at(x, y))}


ASSETS = (
    asset("K1", 0.5, 0.5, "GAS"),
    asset("K2", 1.0, 1.0, "OA"),
    asset("K3", 2.5, 1.5, None),
    asset("K4", 0.5, 0.50005, "OB", "C"),
)


def order(code: str, party: str, spot: tuple[str, str], plan: str | None = None, matter: str = "") -> dict[str, Any]:
    """A ruling, or a duty of a plan."""
    return asdict(Duty(code, party, *spot, matter, name="裁定")) | {"plan": plan}


ORDERS = (order("R1", "OA", ("cell", "B1")), order("Y1", "GAS", ("street", "SB"), "防汛", "E"))


@dataclass(frozen=True)
class Village:
    """One store and its folder."""

    store: Store
    home: Path

    def shelf(self, clock: Callable[[], float], home: Path | None = None) -> Shelf:
        """A shelf on the store; ``home``: another folder for its files."""
        return Shelf(StoreSource(self.store, home or self.home), clock)

    def tell(self, table: type[Dated], entries: Iterable[Mapping[str, Any]], now: datetime, merge: bool = True) -> None:
        """One change of a book."""
        with self.store.write() as session:
            record(session, table, entries, now, merge)

    def publish(self, now: datetime, effective: datetime) -> Published:
        """Publish the draft, whatever the gate warns of. What it refuses is mended first: duties that name a person
        who has left, or an asset that is gone."""
        with self.store.write() as session:
            draft = open_draft(session, DRAFT, now)
            duties = list(held_rows(session, draft.id, DutyRow))
            outside = outside_of(session, content_of(session, draft.id), effective)
            gone = [row for row in duties if row["layer"] == ASSET and row["area"] not in outside.assets]
            drop(session, draft, DutyRow, [row["id"] for row in gone])
            left = [row for row in duties if row["person"] in outside.departed and row not in gone]
            put(session, draft, DutyRow, [{**row, "person": None} for row in left])
        return publish(self.store, self.home, DRAFT, now, effective, ["warnings"])


def put(session: Session, draft: VersionRow, table: type[Base], rows: Iterable[Mapping[str, Any]]) -> None:
    """Let the draft hold these rows, in place of those with their codes."""
    edit = Edit(session, draft, table)
    edit.add([{name: value for name, value in row.items() if name != "id"} for row in rows])
    edit.finish(merge=True)


def found(store: Store, home: Path, now: datetime) -> Village:
    """The village in an empty store: version 1, effective at once, and the first snapshot of each book."""
    village = Village(store, home)
    for table, entries in ((PersonRow, PEOPLE), (AssetRow, ASSETS), (OverrideRow, ORDERS)):
        village.tell(table, entries, now)
    with store.write() as session:
        draft = open_draft(session, DRAFT, now)
        put(session, draft, LayerRow, map(asdict, LAYERS))
        put(session, draft, PartyRow, (asdict(Party(code, code)) for code in PARTIES))
        put(session, draft, MatterRow, (asdict(Matter(code, code)) for code in MATTERS))
        put(session, draft, RelationRow, (office("SA", "OA"), office("SB", "OB")))
        for area in _areas():
            put_area(session, draft, area)
        put(session, draft, DutyRow, map(asdict, DUTIES))
    village.publish(now, now)
    return village


def office(street: str, party: str) -> dict[str, Any]:
    """Who is the office of the street."""
    code = relation_code("office", "street", street)
    return {"code": code, "relation": "office", "layer": "street", "area": street, "party": party}


def _areas() -> Iterator[AreaEdit]:
    for row, street in enumerate(("SA", "SB")):
        yield AreaEdit("street", street, block(0, row, 3, row + 1))
        for code, shape in cells(street, 1, 2).items():
            yield AreaEdit("cell", code, shape, parent=street)
    yield AreaEdit("zone", "Z1", block(0.7, 0.6, 1.6, 1.4))
    yield AreaEdit("segment", "L1", road(2.5), half_width_m=12.0)
