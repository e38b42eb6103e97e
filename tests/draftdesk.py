"""A desk on which versions and drafts are made of dictionaries: rows in drafts, without gate or release."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gis.storage.engine import Store, insert_missing
from gis.storage.migrate import migrate
from grids.draft_steps import steps_of
from grids.drafts import Edit, draft_named, start_draft, undo
from grids.merging import Wish
from grids.models import CONTENT, AreaRow, LayerRow, PartyRow, RuleRow, ShapeRow, VersionRow, outline_row
from grids.reads import editions, held_rows
from grids.rebase import rebase
from smalltown import NOW, block

Rows = dict[tuple[str, ...], str]
"""(kind, [layer,] code) -> what the row says."""

OUTLINES = {value: outline_row(block(0, 0, 1, int(value) + 1)) for value in "0123"}
LAYERS, CODES = ("cell", "zone"), ("1", "2", "a:b=c")
KEYS = [("layer", layer) for layer in LAYERS]
KEYS += [("area", layer, code) for layer in LAYERS for code in CODES]
KEYS += [("party", code) for code in CODES] + [("rule", "precedence")]


def minute(number: int) -> datetime:
    return NOW + timedelta(minutes=number)


class Desk:
    """A store on which versions and drafts are made of dictionaries."""

    def __init__(self, url: str) -> None:
        self.store = Store(url, actor="王芳")
        migrate(self.store)
        with self.store.write() as session:
            insert_missing(session, ShapeRow.__table__, OUTLINES.values())

    @property
    def time(self) -> datetime:
        """Now: the minute of the newest version."""
        with self.store.read() as session:
            known = editions(session)
        return minute(known[-1].number if known else 0)

    def draft(self, name: str, rows: Rows, number: int | None = None) -> None:
        """A new draft that holds these rows."""
        now = self.time
        with self.store.write() as session:
            put(session, start_draft(session, name, now, number), rows)

    def publish(self, name: str, effective: datetime | None = None) -> int:
        """Number the draft, without gate or release; a minute after the last."""
        with self.store.write() as session:
            row, number = draft_named(session, name), len(editions(session)) + 1
            row.number, row.status, row.release_sha256 = number, "published", f"{number:064d}"
            row.effective_at, row.recorded_at = effective or minute(number), minute(number)
        return number

    def version(self, rows: Rows, effective: datetime | None = None) -> int:
        self.draft("new", rows)
        return self.publish("new", effective)

    def rows(self, name: str) -> Rows:
        with self.store.read() as session:
            return told(session, draft_named(session, name))

    def ids(self, name: str) -> dict[str, set[int]]:
        with self.store.read() as session:
            return held_ids(session, draft_named(session, name).id)

    def rebase(self, name: str, **wish: Any) -> Any:
        now = self.time
        with self.store.write() as session:
            return rebase(session, name, now, Wish(**wish))

    def undo(self, name: str) -> str:
        with self.store.write() as session:
            return str(undo(session, name))

    def log(self, name: str) -> list[str]:
        with self.store.read() as session:
            return [str(step) for step in steps_of(session, draft_named(session, name))]


def values(kind: str, key: tuple[str, ...], value: str) -> dict[str, Any]:
    if kind == "area":
        area = {"layer": key[0], "code": key[1], "name": value, "parent": None}
        return area | {"half_width_m": None, "shape_hash": OUTLINES[value]["hash"]}
    if kind == "layer":
        layer = {"code": key[0], "name": value, "kind": "zone", "partition": False, "parent": None}
        return layer | {"rank": 80, "is_cell": False, "scheme": None, "geometry": "polygon"}
    if kind == "party":
        return {"code": key[0], "name": value, "kind": "unit", "parent": None}
    return {"code": key[0], "value": value}


def put(session: Session, draft: VersionRow, rows: Rows) -> None:
    """Let the draft hold exactly these rows, through the edits that all imports use."""
    scopes = [(row, None) for row in (LayerRow, PartyRow, RuleRow)] + [(AreaRow, layer) for layer in LAYERS]
    for row, layer in scopes:
        kind = row.__tablename__
        edit = Edit(session, draft, row, AreaRow.layer == layer if layer else None)
        keys = [key for key in rows if key[0] == kind and layer in (None, key[1])]
        edit.add([values(kind, key[1:], rows[key]) for key in keys])
        edit.finish()


def told(session: Session, version: VersionRow) -> Rows:
    rows: Rows = {}
    for row in (LayerRow, AreaRow, PartyRow, RuleRow):
        for item in held_rows(session, version.id, row):
            place = (item["layer"], item["code"]) if row is AreaRow else (item["code"],)
            said = item["value"] if row is RuleRow else item["name"]
            if row is AreaRow:
                assert item["shape_hash"] == OUTLINES[said]["hash"]
            assert (row.__tablename__, *place) not in rows
            rows[row.__tablename__, *place] = said
    return rows


def held_ids(session: Session, version: int) -> dict[str, set[int]]:
    return {
        row.__tablename__: set(session.scalars(select(held.c.row_id).where(held.c.version_id == version)))
        for row, held in CONTENT.items()
    }


@contextmanager
def desk_on(url: str) -> Iterator[Desk]:
    made = Desk(url)
    yield made
    made.store.close()


def standing(rows: Rows) -> Rows:
    """Areas stand in a layer: nobody can put one elsewhere."""
    return {key: value for key, value in rows.items() if key[0] != "area" or ("layer", key[1]) in rows}


def changed(base: Rows, how: dict[tuple[str, ...], str | None]) -> Rows:
    return standing({key: value for key, value in (base | how).items() if value is not None})


BASE: Rows = {("layer", "cell"): "0", ("area", "cell", "1"): "0", ("area", "cell", "2"): "0", ("party", "1"): "0"}
