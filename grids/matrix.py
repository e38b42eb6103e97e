"""The matter x area matrix: who answers each matter in each area, and where nobody does. Pure.

It says what a report by place gets, counted cell by cell: assets, rulings and plans stand above it. Areas beside the
cells' ladder (zones, estates, segments) count in the cells that they cover whole; an entry in which they hold a part of
a cell and rank as high as the winner, or in which another stands in for a relation that leads to nobody, is ``with
exceptions``.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from gis.errors import BadInput, NotFound
from grids.content import Content, Layer, Matter
from grids.names import LAYER_KINDS
from grids.seats import Flags, Ints
from grids.standing import Answered, Standing

State = Literal["specific", "mixed", "fallback", "partly", "nobody", "tied"]
Depth = Literal["majors", "minors", "leaves"]
STATES: tuple[State, ...] = get_args(State)
DEPTHS: tuple[Depth, ...] = get_args(Depth)
ANY = Matter("", "全部事项 Any matter")
"""The row for a question without a matter: only duties for all matters answer it."""

Counts = npt.NDArray[np.int32]

_MOST = np.iinfo(np.int32).max


@dataclass(frozen=True)
class Matrix:
    """Rows are matters, columns the areas of one layer. All counts are of (leaf matter, cell) pairs.

    ``cells`` int32[areas], ``leaves`` int32[matters]; the others int32[matters, areas]: ``nobody``, ``tied`` and
    ``named`` (by a duty that names the matter) of the pairs, ``party`` and ``duty`` the one that answers for all of
    them, as an index into ``parties`` and ``duties``, else -1. ``exceptions`` as said above.
    """

    layer: Layer
    matters: tuple[Matter, ...]
    codes: tuple[str, ...]
    names: tuple[str, ...]
    parties: tuple[tuple[str, str], ...]
    duties: tuple[str, ...]
    cells: Counts
    leaves: Counts
    nobody: Counts
    tied: Counts
    named: Counts
    party: Counts
    duty: Counts
    exceptions: Flags

    @cached_property
    def pairs(self) -> Counts:
        """How many pairs of leaf and cell each entry has; an area without cells has none."""
        return self.leaves[:, None] * self.cells[None, :]

    @cached_property
    def states(self) -> npt.NDArray[np.int8]:
        """The state of each entry, as an index into STATES; -1 for an area that holds no cell.

        ``tied``: two leads tie somewhere. ``nobody``: anywhere; ``partly``: somewhere. Else all of it is answered for:
        ``specific``ally, by a ``fallback`` for all matters only, or ``mixed``.
        """
        tests: dict[State, Flags] = {
            "tied": self.tied > 0,
            "nobody": self.nobody == self.pairs,
            "partly": self.nobody > 0,
            "specific": self.named == self.pairs,
            "fallback": self.named == 0,
        }
        told = np.full(self.pairs.shape, STATES.index("mixed"), np.int8)
        for state in reversed(tests):  # the first that holds is written last and stays
            told[tests[state]] = STATES.index(state)
        told[self.pairs == 0] = -1
        return told

    def among(self, *states: State) -> npt.NDArray[np.bool_]:
        """Which entries are in one of the states."""
        return np.isin(self.states, [STATES.index(state) for state in states])

    def entry(self, row: int, column: int) -> dict[str, Any]:
        """One entry as plain data: counts of pairs, party and duty where one answers for all."""
        state, party, duty = (int(grid[row, column]) for grid in (self.states, self.party, self.duty))
        code, name = self.parties[party] if party >= 0 else (None, None)
        return {
            "state": STATES[state] if state >= 0 else None,
            "party": code,
            "party_name": name,
            "duty": self.duties[duty] if duty >= 0 else None,
            "exceptions": bool(self.exceptions[row, column]),
            "pairs": int(self.pairs[row, column]),
            "nobody": int(self.nobody[row, column]),
            "tied": int(self.tied[row, column]),
            "named": int(self.named[row, column]),
        }

    def entries(self) -> Iterator[dict[str, Any]]:
        """Every entry with its matter and area: the long form."""
        for row, matter in enumerate(self.matters):
            for column, (code, name) in enumerate(zip(self.codes, self.names, strict=True)):
                yield {
                    "matter": matter.code,
                    "matter_name": matter.name,
                    "area": code,
                    "area_name": name,
                    **self.entry(row, column),
                }


def matrix_data(matrix: Matrix) -> dict[str, Any]:
    """The matrix as plain data: a list a matter, in the order of the areas, of states, parties, duties and counts."""
    told = matrix.states.tolist()
    totals = {state: int(matrix.among(state).sum()) for state in STATES}
    return {
        "layer": matrix.layer.code,
        "totals": totals | {"with_exceptions": int(matrix.exceptions.sum())},
        "areas": [
            {"code": code, "name": name, "cells": cells}
            for code, name, cells in zip(matrix.codes, matrix.names, matrix.cells.tolist(), strict=True)
        ],
        "parties": {matrix.parties[at][0]: matrix.parties[at][1] for at in np.unique(matrix.party).tolist() if at >= 0},
        "matters": [
            {
                "code": matter.code,
                "name": matter.name,
                "leaves": int(matrix.leaves[row]),
                "states": [STATES[state] if state >= 0 else None for state in told[row]],
                "parties": [matrix.parties[at][0] if at >= 0 else None for at in matrix.party[row].tolist()],
                "duties": [matrix.duties[at] if at >= 0 else None for at in matrix.duty[row].tolist()],
                "nobody": matrix.nobody[row].tolist(),
                "tied": matrix.tied[row].tolist(),
                "exceptions": matrix.exceptions[row].tolist(),
            }
            for row, matter in enumerate(matrix.matters)
        ],
    }


def matrix_of(content: Content, layer: str | None = None, depth: Depth = "minors") -> Matrix:
    """The matrix of a version: over its streets, or the areas of that layer, which must be of the cells' ladder.

    ``depth``: the top of the class table, the level below it, or its leaves; a branch that ends above that stands for
    itself. Raises NotFound for a layer that is not there, BadInput for one beside the ladder and without cells.
    """
    standing = Standing(content)
    table = content.areas[_chosen(content, standing, layer)]
    under, rows = standing.seats.under[table.layer.code], _rows(content, depth)
    tally = _Tally(len(rows), under, len(table))
    for scopes, counts in _by_scopes(standing, rows).items():
        told = standing.answered(scopes)
        tally.add(told, standing.exceptions(scopes, told), counts)
    names = {code: party.name for code, party in content.parties.items()}
    return Matrix(
        layer=table.layer,
        matters=tuple(rows),
        codes=table.codes,
        names=table.names,
        parties=tuple((code, names.get(code, "")) for code in standing.parties),
        duties=tuple(duty.code for duty in standing.duties),
        cells=_summed(under >= 0, under, len(table)),
        leaves=np.array([len(leaves) for leaves in rows.values()], np.int32),
        exceptions=tally.exceptions,
        **tally.sums,
        **{name: np.where(low == high, low, -1) for name, (low, high) in tally.spans.items()},
    )


class _Tally:
    """Counts of pairs by row and area, and the lowest and highest party and duty among them."""

    def __init__(self, rows: int, under: Ints, areas: int) -> None:
        shape = (rows, areas)
        self._under, self._areas = under, areas
        self.exceptions = np.zeros(shape, bool)
        self.sums = {name: np.zeros(shape, np.int32) for name in ("nobody", "tied", "named")}
        self.spans = {
            name: (np.full(shape, _MOST, np.int32), np.full(shape, -2, np.int32)) for name in ("party", "duty")
        }

    def add(self, told: Answered, excepted: Flags, counts: Mapping[int, int]) -> None:
        """One answer for all cells; ``counts``: for how many leaves of each row it holds."""
        flags = {"nobody": told.party < 0, "tied": told.tied, "named": told.named}
        sums = {name: _summed(flag, self._under, self._areas) for name, flag in flags.items()}
        spans = {
            "party": _span(told.party, self._under, self._areas),
            "duty": _span(told.duty, self._under, self._areas),
        }
        beside = _summed(excepted | told.stands_in, self._under, self._areas) > 0
        for row, leaves in counts.items():
            self.exceptions[row] |= beside
            for name, summed in sums.items():
                self.sums[name][row] += leaves * summed
            for name, (low, high) in spans.items():
                np.minimum(self.spans[name][0][row], low, out=self.spans[name][0][row])
                np.maximum(self.spans[name][1][row], high, out=self.spans[name][1][row])


def _chosen(content: Content, standing: Standing, layer: str | None) -> str:
    ladder = list(standing.seats.under)
    if not ladder:
        raise BadInput("there are no cells, so no matrix of them: import areas first", field="layer")
    if layer is None:
        street = LAYER_KINDS["street"][0]
        return min(ladder, key=lambda code: abs(content.areas[code].layer.rank - street))
    if layer not in content.areas:
        raise NotFound(f"there is no layer '{layer}'; there are: {', '.join(content.areas)}")
    if layer not in standing.seats.under:
        words = f"layer '{layer}' stands beside the cells' ladder: choose one of {', '.join(ladder)}"
        raise BadInput(words, field="layer", value=layer)
    return layer


def _rows(content: Content, depth: Depth) -> dict[Matter, list[str]]:
    """The matters of the rows, each with the leaves it stands for; the row for any matter first."""
    if depth not in DEPTHS:
        raise BadInput(f"matters '{depth}': choose one of {', '.join(DEPTHS)}", field="matters", value=depth)
    level = {"majors": 1, "minors": 2, "leaves": len(content.matters) + 1}[depth]
    parents = {matter.parent for matter in content.matters.values()}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for leaf in sorted(set(content.matters) - parents):
        path = _path(content, leaf)
        found[path[-level] if len(path) >= level else leaf].append(leaf)
    return {ANY: [""]} | {content.matters[code]: found[code] for code in sorted(found)}


def _path(content: Content, leaf: str) -> list[str]:
    """The matter and those above it; a circle ends it."""
    path = [leaf]
    while (parent := content.matters[path[-1]].parent) in content.matters and parent not in path and parent is not None:
        path.append(parent)
    return path


def _by_scopes(standing: Standing, rows: Mapping[Matter, Sequence[str]]) -> dict[tuple[str, ...], dict[int, int]]:
    """Leaves with the same duties are looked at once: for their scopes, how many each row has of them."""
    found: defaultdict[tuple[str, ...], defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    for row, leaves in enumerate(rows.values()):
        for leaf in leaves:
            found[standing.scopes(leaf)][row] += 1
    return {scopes: dict(counts) for scopes, counts in found.items()}


def _summed(flags: Flags, under: Ints, areas: int) -> Counts:
    """In how many cells of each area the flag is set."""
    return np.bincount(under[flags & (under >= 0)], minlength=areas).astype(np.int32)


def _span(values: Ints, under: Ints, areas: int) -> tuple[Counts, Counts]:
    low, high = np.full(areas, _MOST, np.int32), np.full(areas, -2, np.int32)
    held = under >= 0
    np.minimum.at(low, under[held], values[held].astype(np.int32))
    np.maximum.at(high, under[held], values[held].astype(np.int32))
    return low, high
