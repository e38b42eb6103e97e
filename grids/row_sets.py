"""Where the rows of two versions differ, by their keys: from the lists of ids, without reading any outline."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from gis.storage.base import Base
from grids.draft_steps import key_names
from grids.models import CONTENT

Key = tuple[str, ...]
"""The code of a row; of an area its layer and its code."""


class Held(NamedTuple):
    """A row that a version holds; ``values`` are those of ``value_names``, an outline by its hash."""

    row_id: int
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Differences:
    """From one version to another: the rows of one that are not in the other, and the other way round."""

    gone: Mapping[Key, Held]
    came: Mapping[Key, Held]

    @property
    def keys(self) -> set[Key]:
        """Every key whose row is another one."""
        return self.gone.keys() | self.came.keys()

    def after(self, key: Key, before: Held | None) -> Held | None:
        """The row of that key in the other version, given the one in the first."""
        return self.came.get(key) if key in self.gone or key in self.came else before


def value_names(row: type[Base]) -> list[str]:
    """The columns of the kind but for the id."""
    return [column.name for column in row.__table__.columns if column.name != "id"]


def differences(session: Session, row: type[Base], one: int | None, other: int | None) -> Differences:
    """Between two versions by their row ids; None is one that holds nothing."""
    return Differences(_only_in(session, row, one, other), _only_in(session, row, other, one))


def _only_in(session: Session, row: type[Base], one: int | None, other: int | None) -> dict[Key, Held]:
    table, held, names = row.__table__, CONTENT[row], value_names(row)
    mine, theirs = (select(held.c.row_id).where(held.c.version_id == (each or 0)) for each in (one, other))
    query = select(table.c.id, *(table.c[name] for name in names)).where(table.c.id.in_(mine.except_(theirs)))
    places = [names.index(name) for name in key_names(row)]
    found: dict[Key, Held] = {}
    for row_id, *rest in session.execute(query):
        values = tuple(rest)
        found[tuple([values[place] for place in places])] = Held(row_id, values)
    return found


def same(one: Held | None, other: Held | None) -> bool:
    """Whether both say the same, or both are absent."""
    if one is None or other is None:
        return one is other
    return one.row_id == other.row_id or one.values == other.values


def counts_between(session: Session, one: int | None, other: int | None) -> dict[str, tuple[int, int, int]]:
    """Kind -> how many rows were added, changed and removed from one version to the other; kinds that differ."""
    counts: dict[str, tuple[int, int, int]] = {}
    for row in CONTENT:
        found = differences(session, row, one, other)
        added, removed = len(found.came.keys() - found.gone.keys()), len(found.gone.keys() - found.came.keys())
        both = found.gone.keys() & found.came.keys()
        changed = sum(not same(found.gone[key], found.came[key]) for key in both)
        if added or changed or removed:
            counts[row.__tablename__] = (added, changed, removed)
    return counts
