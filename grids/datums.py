"""A city's own coordinate systems, kept under names; one that an import relied on is never defined anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from gis.control_points import ControlPoints, Fit
from gis.coordinates import Bounds
from gis.datums import OWN, Datum, datum, own_name
from gis.errors import BadInput, Conflict, NotFound
from gis.plane_fit import plane_as_dict, plane_from_dict
from gis.projections import own_projection
from gis.storage.engine import Store
from grids.datum_models import CityDatumRow

Kind = Literal["proj", "wkt", "points"]
KINDS: tuple[Kind, ...] = ("proj", "wkt", "points")


@dataclass(frozen=True, slots=True)
class Definition:
    """What a system is, as JSON-ready ``data``: the text with its area, or the plane with its control points."""

    kind: Kind
    data: Mapping[str, Any]
    area: Bounds | None = None
    rms_m: float | None = None

    def datum(self, name: str) -> Datum:
        """The datum of that name with this definition. Raises BadInput."""
        if self.kind == "points":
            return Datum(name, plane_from_dict(self.data["plane"]))
        return Datum(name, own_projection(self.data["text"], self.area))


def defined_by_text(kind: Kind, text: str, area: Bounds | None = None) -> Definition:
    """A PROJ string or pipeline, WKT 1 or 2, or an ESRI .prj. ``area``: where it is used, degrees. Raises BadInput."""
    own_projection(text, area)
    return Definition(kind, {"text": text.strip()}, area)


def defined_by_points(fit: Fit, points: ControlPoints, names: Sequence[str]) -> Definition:
    """A plane with the points it was fitted to, each with how far it is off."""
    columns = (points.rows, names, points.x, points.y, points.lon, points.lat, fit.residual_m, fit.left_out_m)
    keys = ("row", "name", "x", "y", "lon", "lat", "residual_m", "left_out_m")
    told = [
        dict(zip(keys, (row, name, *map(float, numbers)), strict=True))
        for row, name, *numbers in zip(*columns, strict=True)
    ]
    data = {"plane": plane_as_dict(fit.plane), "points": told}
    return Definition("points", data, fit.plane.box, fit.plane.rms_m)


def definitions_in(store: Store) -> dict[str, Definition]:
    """All of the city's own systems by their full names, ``city:jinan``."""
    with store.read() as session:
        rows = session.scalars(select(CityDatumRow).order_by(CityDatumRow.name))
        return {OWN + row.name: definition_of(row) for row in rows}


def definition_of(row: CityDatumRow) -> Definition:
    """What the row says."""
    kind = next(kind for kind in KINDS if kind == row.kind)
    return Definition(kind, row.definition, as_area(row.area), row.rms_m)


def as_area(stored: Sequence[float] | None) -> Bounds | None:
    """The box as JSON keeps it."""
    if stored is None:
        return None
    west, south, east, north = stored
    return west, south, east, north


def datum_in(store: Store, name: str | Datum) -> Datum:
    """The datum of that name, a city's own system as this store has it. Raises UnknownDatum."""
    own = None if isinstance(name, Datum) else own_name(name)
    if own is None:
        return datum(name)
    with store.read() as session:
        row = session.get(CityDatumRow, own.removeprefix(OWN))
        known = {own: definition_of(row).datum(own)} if row else _names(session)
    return datum(own, known)


def _names(session: Session) -> dict[str, Datum]:
    """Names alone, for the message that lists them."""
    return {OWN + name: Datum(OWN + name) for name in session.scalars(select(CityDatumRow.name))}


def datum_row(session: Session, name: str) -> CityDatumRow:
    """The row of that name, written with or without ``city:``. Raises NotFound, UnknownDatum."""
    row = session.get(CityDatumRow, bare_name(name))
    if row is None:
        raise NotFound(f"there is no datum {OWN}{bare_name(name)}: `wangge datums list` shows them")
    return row


def bare_name(name: str) -> str:
    """The normal form without ``city:``. Raises UnknownDatum."""
    return str(own_name(name) or own_name(OWN + name)).removeprefix(OWN)


def add_datum(session: Session, name: str, definition: Definition, now: datetime) -> Datum:
    """Keep a system under a new name. Raises Conflict for a name that is taken: a new definition needs a new name."""
    plain = bare_name(name)
    held = session.get(CityDatumRow, plain)
    if held is not None:
        so = "imports rely on it" if held.used else "remove it first, if it is wrong"
        raise Conflict(f"datum {OWN}{plain} is there already ({so}); a new definition needs a new name", name=plain)
    made = definition.datum(OWN + plain)
    area = list(definition.area) if definition.area else None
    row = CityDatumRow(name=plain, kind=definition.kind, definition=dict(definition.data), area=area, recorded_at=now)
    row.rms_m = definition.rms_m
    session.add(row)
    return made


def remove_datum(session: Session, name: str) -> None:
    """Forget a system that no import has used. Raises NotFound, Conflict."""
    row = datum_row(session, name)
    gone = delete(CityDatumRow).where(CityDatumRow.name == row.name, ~CityDatumRow.used)
    if not session.execute(gone.returning(CityDatumRow.name)).all():
        raise Conflict(f"datum {OWN}{row.name}: imports rely on it; it stays, so that they can be told again")


def mark_used(session: Session, system: Datum) -> None:
    """Note in an import's own transaction that it relied on the system. Raises Conflict when it was removed or
    replaced meanwhile."""
    if not system.is_own:
        return
    plain = system.name.removeprefix(OWN)
    session.execute(update(CityDatumRow).where(CityDatumRow.name == plain).values(used=True))
    row = session.get(CityDatumRow, plain, populate_existing=True)
    if row is None or definition_of(row).datum(system.name) != system:
        raise Conflict(f"datum {system} was changed while the file was read: import it again")


def parsed_area(text: str) -> Bounds:
    """West, south, east, north in degrees. Raises BadInput."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise BadInput(f"area={text}: write west,south,east,north in degrees", field="area", value=text) from error
    if not (-180.0 <= west < east <= 180.0 and -90.0 <= south < north <= 90.0):
        raise BadInput(f"area={text}: west < east and south < north, in degrees", field="area", value=text)
    return west, south, east, north
