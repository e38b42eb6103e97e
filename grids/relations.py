"""Relative parties: a duty list says 所属街办 and 各产权单位, and means whoever that is at the place."""

import re
from dataclasses import dataclass

ASSET_OWNER = "asset_owner"
"""各产权单位: the owner in the record of the asset that is meant."""

ASSET = "asset"
"""The place of a duty, or of a ruling, that is tied to one asset."""

_RELATIVE = re.compile(r"([a-z][a-z0-9_]*)_of:(\S+)")


@dataclass(frozen=True, slots=True)
class Relation:
    """Who is what to an area: ``office`` of a street, ``property`` company of an estate."""

    relation: str
    layer: str
    area: str
    party: str

    @property
    def code(self) -> str:
        """What tells it from others: an area has one party for each relation."""
        return relation_code(self.relation, self.layer, self.area)


def relation_code(relation: str, layer: str, area: str) -> str:
    """The code of a relation row."""
    return f"{relation}_of:{layer}:{area}"


def relation_in(party: str) -> tuple[str, str] | None:
    """(``office``, ``street``) of ``office_of:street``; None for a party that is named."""
    found = _RELATIVE.fullmatch(party)
    return (found[1], found[2]) if found else None


def is_relative(party: str) -> bool:
    """Whether the text names no unit but a relation."""
    return party == ASSET_OWNER or relation_in(party) is not None
