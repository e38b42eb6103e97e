"""What one version says, as plain data: the input of the gate, of the release, of exports and of diffs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import shapely

from gis.coordinates import Bounds
from gis.measure import bounds_of
from gis.shapes import Shapes
from grids.names import LAYER_KINDS
from grids.relations import Relation


@dataclass(frozen=True, slots=True)
class Layer:
    """One set of areas. ``rank``: a larger one is a narrower place. ``scheme``: digits as in ``6+3+3+3``.

    ``geometry``: ``polygon``, or ``line`` for road segments: centre lines with half-widths, of which a point has the
    nearest one that reaches it.
    """

    code: str
    name: str = ""
    kind: str = "other"
    partition: bool = True
    parent: str | None = None
    rank: int = LAYER_KINDS["other"][0]
    is_cell: bool = False
    scheme: str | None = None
    geometry: str = "polygon"

    @property
    def is_lines(self) -> bool:
        """Whether its areas are lines with a width."""
        return self.geometry == "line"

    @property
    def exclusive(self) -> bool:
        """Whether a point has one of its areas: a partition, or the nearest road segment."""
        return self.partition or self.is_lines

    @property
    def title(self) -> str:
        """The name people read."""
        return self.name or LAYER_KINDS.get(self.kind, (0, ""))[1] or self.code


@dataclass(frozen=True, slots=True)
class Areas:
    """The areas of one layer, in the order of their codes (Unicode code points). ``parents`` may hold None.

    ``half_widths``: metres on either side of a centre line; empty for polygons.
    """

    layer: Layer
    codes: tuple[str, ...]
    names: tuple[str, ...]
    parents: tuple[str | None, ...]
    shapes: Shapes
    half_widths: tuple[float | None, ...] = ()

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True, slots=True)
class Party:
    """A unit that answers for something."""

    code: str
    name: str
    kind: str = "unit"
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Matter:
    """A node of the class tree, or one of its conditions."""

    code: str
    name: str
    kind: str = ""
    parent: str | None = None
    time_limit: str = ""
    file_condition: str = ""
    close_condition: str = ""


@dataclass(frozen=True, slots=True)
class Duty:
    """A party answers for a place and a matter scope: a code prefix, or empty for all."""

    code: str
    party: str
    layer: str
    area: str
    matter: str = ""
    role: str = "lead"
    name: str = ""
    basis: str = ""
    document: str = ""
    person: str | None = None
    priority: int = 0


@dataclass(frozen=True)
class Content:
    """All a version holds. ``areas`` by layer code, coarse layers first; ``order`` is the city's precedence, empty for
    the usual one."""

    areas: Mapping[str, Areas] = field(default_factory=dict)
    parties: Mapping[str, Party] = field(default_factory=dict)
    matters: Mapping[str, Matter] = field(default_factory=dict)
    duties: tuple[Duty, ...] = ()
    relations: tuple[Relation, ...] = ()
    order: tuple[str, ...] = ()

    @property
    def layers(self) -> list[Layer]:
        """The layers, coarse ones first."""
        return [table.layer for table in self.areas.values()]

    @property
    def cell_layer(self) -> Layer | None:
        """The layer whose areas are the cells: the one marked so, else the finest partition.

        Estates, zones and segments are narrower than cells and stand beside them: they count only when nothing else is
        there. Of equal ranks the one with more areas, then the lower code.
        """
        marked = [layer for layer in self.layers if layer.is_cell]
        if marked:
            return marked[0]
        finest = LAYER_KINDS["cell"][0]
        tables = [table for table in self.areas.values() if table.layer.partition and len(table)]
        best = max(tables, key=lambda t: (t.layer.rank <= finest, t.layer.rank, len(t)), default=None)
        return best.layer if best else None

    def ladder(self, layer: str) -> list[str]:
        """The layer and those above it, as the layers' own parents say; a circle ends it."""
        steps: list[str] = []
        at: str | None = layer
        while at is not None and at in self.areas and at not in steps:
            steps.append(at)
            at = self.areas[at].layer.parent
        return steps

    def chain(self, layer: str, code: str) -> Iterator[tuple[str, str]]:
        """(layer, code) of the area and of the areas above it, as far as their parents are known."""
        at: str | None = code
        for step in self.ladder(layer):
            if at is None:
                return
            yield step, at
            at = self._parents[step].get(at)

    @cached_property
    def _parents(self) -> dict[str, dict[str, str | None]]:
        return {code: dict(zip(t.codes, t.parents, strict=True)) for code, t in self.areas.items()}

    @property
    def bounds(self) -> Bounds | None:
        """The box around all areas."""
        return bounds_of(box for table in self.areas.values() for box in shapely.bounds(table.shapes).tolist())


def by_rank(layers: Iterable[Layer]) -> list[Layer]:
    """Coarse layers first; equal ranks by code."""
    return sorted(layers, key=lambda layer: (layer.rank, layer.code))


def cycle_in(parents: Mapping[str, str | None]) -> tuple[str, ...] | None:
    """One circle of codes that are each other's parents, or None."""
    settled: set[str] = set()
    for start in parents:
        path: dict[str, None] = {}
        at: str | None = start
        while at is not None and at not in settled:
            if at in path:
                steps = list(path)
                return (*steps[steps.index(at) :], at)
            path[at] = None
            at = parents.get(at)
        settled.update(path)
    return None
