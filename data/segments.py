"""Road segments (路段): the roads cut at crossings, each stretch with a width and a unit."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely

from data.layers import DIVISION_DIGITS
from data.parties import ROAD_BUREAU, WORKS_UNIT
from data.plane import Floats, Ints, Shapes, Texts, locate, metres
from data.roads import Crossings, Roads

HALF_WIDTH_M = {"main": 12.0, "local": 6.0}
SHORTEST_M = 250.0
START, END = "起点", "终点"


@dataclass(frozen=True, slots=True)
class Segments:
    """One stretch a row, in code order: the row of its road, metres on either side, and the unit that keeps it up."""

    codes: Texts
    names: Texts
    road: Ints
    half_widths: Floats
    parties: Texts
    shapes: Shapes

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def main(self) -> npt.NDArray[np.bool_]:
        """Which are stretches of main roads."""
        return np.asarray(self.half_widths == HALF_WIDTH_M["main"])


def segments(ways: Roads, crossed: Crossings, tree: shapely.STRtree, cell_codes: Texts) -> Segments:
    """Every road from crossing to crossing, past those that come sooner than 250 m; ``tree`` holds the cells in the
    order of their codes.

    The city's road bureau keeps the main roads, the works unit of the district the local streets.
    """
    meeting = _meetings(crossed)
    codes: list[str] = []
    names: list[str] = []
    road: list[int] = []
    lines: list[Floats] = []
    for row, shape in enumerate(ways.shapes):
        line = shapely.get_coordinates(shape)
        met = [meeting.get((row, x, y)) for x, y in line.tolist()]
        for number, (a, b) in enumerate(pairwise(_cuts(line, met)), start=1):
            begin, end = (_called(ways, met[k], usual) for k, usual in ((a, START), (b, END)))
            codes.append(f"{ways.codes[row]}-{number:03d}")
            names.append(f"{ways.names[row]}（{begin}至{end}）")
            road.append(row)
            lines.append(line[a : b + 1])
    which = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    shapes = np.asarray(shapely.linestrings(np.concatenate(lines), indices=which), dtype=object)
    rows = np.array(road, dtype=np.int64)
    main = ways.kinds[rows] == "main"
    districts = _districts(shapes, tree, cell_codes)
    parties = np.where(main, ROAD_BUREAU, np.strings.add(WORKS_UNIT, districts))
    widths = np.where(main, HALF_WIDTH_M["main"], HALF_WIDTH_M["local"])
    return Segments(np.array(codes), np.array(names), rows, widths, parties, shapes)


def _meetings(crossed: Crossings) -> dict[tuple[int, float, float], int]:
    """By road and vertex: the first of the other roads that pass there."""
    found: dict[tuple[int, float, float], int] = {}
    for one, other, (x, y) in zip(crossed.one.tolist(), crossed.other.tolist(), crossed.lonlat.tolist(), strict=True):
        found.setdefault((one, x, y), other)
        found.setdefault((other, x, y), one)
    return found


def _cuts(line: Floats, met: list[int | None]) -> list[int]:
    """The vertices at which a road is cut, its two ends among them; no stretch but the only one is too short."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(metres(line), axis=0), axis=1))])
    cuts = [0]
    for k in range(1, len(line) - 1):
        if met[k] is not None and min(along[k] - along[cuts[-1]], along[-1] - along[k]) >= SHORTEST_M:
            cuts.append(k)
    return [*cuts, len(line) - 1]


def _called(ways: Roads, met: int | None, usual: str) -> str:
    return usual if met is None else str(ways.names[met])


def _districts(shapes: Shapes, tree: shapely.STRtree, cell_codes: Texts) -> Texts:
    """The code of the district that the middle of each line lies in."""
    middle = shapely.get_coordinates(shapely.line_interpolate_point(shapes, 0.5, normalized=True))
    cell = locate(tree, middle)
    beside = cell < 0  # the middle of an outer road, rounded to the outside
    cell[beside] = tree.nearest(shapely.points(middle[beside]))
    return np.array([code[:DIVISION_DIGITS] for code in cell_codes[cell].tolist()])
