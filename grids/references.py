"""What the rows of a table point at: places, parties, matters, people, assets; and which pointers lead nowhere."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from gis.findings import Finding, Severity
from grids.book_reads import lasting
from grids.dated_models import AssetRow, PersonRow
from grids.models import CONTENT, AreaRow, MatterRow, PartyRow
from grids.relations import ASSET, ASSET_OWNER, is_relative, relation_in
from grids.table_files import Row, Told

_CHUNK = 500
Fault = tuple[str, str, str]
"""Field, kind of finding, rule."""


@dataclass(frozen=True)
class Known:
    """What the rows may point at: the version's content, people who have not left, assets that stand."""

    told: Told

    @cached_property
    def places(self) -> set[tuple[str, str]]:
        """(layer, code) of the version's areas."""
        held = CONTENT[AreaRow]
        query = select(AreaRow.layer, AreaRow.code).join(held, held.c.row_id == AreaRow.id)
        rows = self.told.session.execute(query.where(held.c.version_id == self.told.version_id))
        return {(layer, code) for layer, code in rows}

    @cached_property
    def layers(self) -> set[str]:
        """Layers that have areas."""
        return {layer for layer, _ in self.places}

    @cached_property
    def parties(self) -> set[str]:
        """Codes of parties."""
        return self.told.codes(PartyRow)

    @cached_property
    def matters(self) -> set[str]:
        """Codes of the class table, and whatever one of them begins with."""
        return {code[:length] for code in self.told.codes(MatterRow) for length in range(1, len(code) + 1)}

    @cached_property
    def people(self) -> set[str]:
        """Codes of people who are here or are to come."""
        query = select(PersonRow.code).where(lasting(PersonRow, self.told.how.now))
        return set(self.told.session.scalars(query))

    @cached_property
    def assets(self) -> set[str]:
        """Those assets that the rows name and that stand, now or later."""
        wanted = [row["area_code"] or "" for _, row in self.told.rows if row["layer"] == ASSET]
        return standing_assets(self.told.session, wanted, self.told.how.now)

    def faults_of_duty(self, row: Row) -> Iterator[Fault]:
        """Each reference of a duty that leads nowhere."""
        scope, person = row["matter"], row["person_code"]
        yield from self.faults_of_party(row)
        yield from self.faults_of_place(row)
        if row["role"] not in (None, "lead", "support"):
            yield "role", "bad_value", "must be lead (主责) or support (协同)"
        if scope and self.matters and scope not in self.matters:
            yield "matter", "unknown_matter", "no matter of the class table begins so"
        if person and person not in self.people:
            yield "person_code", "unknown_person", "no such person in the roster; import people first"

    def faults_of_party(self, row: Row) -> Iterator[Fault]:
        """The party is named and there, or a relation to a layer that is there."""
        party = row["party_code"] or ""
        relation = relation_in(party)
        if relation and relation[1] not in self.layers:
            yield "party_code", "unknown_layer", f"{self._no_layer(relation[1])}, as the relation needs"
        elif not is_relative(party) and party not in self.parties:
            more = f"; a relation is written office_of:street, or {ASSET_OWNER}" if "_of" in party else ""
            yield "party_code", "unknown_party", f"no such party; import parties first{more}"

    def faults_of_place(self, row: Row) -> Iterator[Fault]:
        """The area is there, or the asset."""
        layer, area = row["layer"] or "", row["area_code"] or ""
        if layer == ASSET:
            if area not in self.assets:
                yield "area_code", "unknown_asset", "no such asset; import assets first"
        elif layer not in self.layers:
            yield "layer", "unknown_layer", self._no_layer(layer)
        elif (layer, area) not in self.places:
            yield "area_code", "unknown_area", f"no such area in layer {layer}"

    def _no_layer(self, layer: str) -> str:
        there = ", ".join(sorted(self.layers)) or "none"
        return f"no such layer '{layer}' with areas here; there are: {there}"


def found_in(number: int, row: Row, faults: Iterable[Fault]) -> Iterator[Finding]:
    """The faults of one row as findings; a matter that the class table lacks is only a warning."""
    for name, kind, rule in faults:
        severity: Severity = "warning" if kind == "unknown_matter" else "error"
        yield Finding(kind, severity, f"{name}={row[name]}: {rule}", number, name, row[name])


def standing_assets(session: Session, codes: Sequence[str], now: datetime) -> set[str]:
    """Those of the codes that are assets which stand now or later."""
    waiting, found = iter(sorted(set(codes))), set[str]()
    while part := list(islice(waiting, _CHUNK)):
        found.update(session.scalars(select(AssetRow.code).where(AssetRow.code.in_(part), lasting(AssetRow, now))))
    return found
