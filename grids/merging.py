"""Who wins where a draft and a published version both changed the rows of their common base. Pure.

A row that one side left alone is as the other side has it; a row that both changed alike is no matter; the rest are
conflicts.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gis.errors import BadInput
from gis.storage.base import Base
from grids.models import AreaRow, LayerRow
from grids.row_sets import Held, Key, same, value_names

SIDES = ("draft", "published")


@dataclass(frozen=True, slots=True)
class Wish:
    """What to rebase onto (None: the version in force), and who wins: one side in all conflicts, or row by row
    (``rows``: ``area:cell:3701`` -> ``draft`` or ``published``), which goes for rows in no conflict too. A dry run
    changes nothing."""

    onto: int | None = None
    take: str | None = None
    rows: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False


@dataclass(slots=True)
class Merge:
    """One row that at least one side changed; None stands for a row that is not there. ``taken``: the side that has it
    its way, None while that is open, ``layer`` for an area that goes with its layer. ``doubt``: why a row that one side
    left alone is in conflict."""

    row: type[Base]
    key: Key
    base: Held | None
    draft: Held | None
    published: Held | None
    taken: str | None = None
    clashes: bool = False
    doubt: str = ""

    @property
    def name(self) -> str:
        """How a person names the row."""
        return ":".join((self.row.__tablename__, *self.key))

    @property
    def result(self) -> Held | None:
        """The row as it shall be; while that is open, as it may be."""
        ways = {"published": self.published, "draft": self.draft, "layer": None}
        return ways.get(self.taken or "", self.draft or self.published)

    def as_dict(self) -> dict[str, Any]:
        """The conflict as data: what each side did, and where the two differ."""
        layer, code = (None, *self.key)[-2:]
        return {
            "row": self.name,
            "kind": self.row.__tablename__,
            "layer": layer,
            "code": code,
            "draft": self._told(self.draft),
            "published": self._told(self.published),
            "differ": [name for name, _ in self._differ(self.draft, self.published)],
            "taken": self.taken,
        }

    def _told(self, side: Held | None) -> str:
        if side is None:
            return "removed"
        if self.doubt and same(self.base, side):
            return self.doubt
        if self.base is None:
            return "added"
        told = (name if name == "outline" else f"{name} to {value!r}" for name, value in self._differ(self.base, side))
        return "changed " + ", ".join(told)

    def _differ(self, one: Held | None, other: Held | None) -> list[tuple[str, Any]]:
        """The fields in which two rows differ, as the other has them; an outline is told apart by its hash."""
        if one is None or other is None:
            return []
        fields = zip(value_names(self.row), one.values, other.values, strict=True)
        return [("outline" if name == "shape_hash" else name, new) for name, old, new in fields if old != new]


def decide(merges: list[Merge], lasting: set[str], wish: Wish) -> None:
    """Say of each row who has it its way, as far as that is clear or wished.

    ``lasting``: the layers neither side changed. Raises BadInput for a wish about a row that neither side changed.
    """
    _check(merges, wish)
    _decide(merges, wish)
    _settle_layers(merges, lasting, wish)


def _check(merges: list[Merge], wish: Wish) -> None:
    for name, side in {**wish.rows, "--take": wish.take or "draft"}.items():
        if side not in SIDES:
            raise BadInput(f"{name}={side}: say {' or '.join(SIDES)}", field="take", value=side)
    strange = sorted(wish.rows.keys() - {merge.name for merge in merges})
    if strange:
        raise BadInput(f"row {strange[0]}: neither the draft nor the version changed it", field="take_row")


def _decide(merges: list[Merge], wish: Wish) -> None:
    for merge in merges:
        if same(merge.draft, merge.published) or same(merge.draft, merge.base):
            merge.taken = "published"
        elif same(merge.published, merge.base):
            merge.taken = "draft"
        else:
            merge.clashes, merge.taken = True, wish.take
        merge.taken = wish.rows.get(merge.name, merge.taken)


def _settle_layers(merges: list[Merge], lasting: set[str], wish: Wish) -> None:
    """An area in a layer that the other side took away would be lost without a word: that is a conflict too.

    Where the layer goes after all, its areas go with it.
    """
    layers = {merge.key[0]: merge for merge in merges if merge.row is LayerRow}
    inside: defaultdict[str, list[Merge]] = defaultdict(list)
    for merge in merges:
        if merge.row is AreaRow and merge.result is not None and merge.key[0] not in lasting:
            inside[merge.key[0]].append(merge)
    for code, areas in inside.items():
        layer = layers.get(code)
        if layer is None:
            continue
        if layer.result is None and not layer.clashes:
            layer.clashes, layer.doubt = True, f"holds areas changed or added: {len(areas)}"
            layer.taken = wish.rows.get(layer.name, wish.take)
        if layer.taken is not None and layer.result is None:
            for area in areas:
                area.taken = "layer"
