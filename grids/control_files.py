"""Control points from a table, with the row each comes from."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gis.control_points import ControlPoints
from gis.errors import BadInput
from gis.files.tables import open_table


@dataclass(frozen=True, slots=True)
class ControlColumns:
    """Which columns hold what; a column of names is taken when there is one."""

    x: str = "x"
    y: str = "y"
    lon: str = "lon"
    lat: str = "lat"
    name: str = "name"


def read_control_points(path: Path, columns: ControlColumns) -> tuple[ControlPoints, list[str]]:
    """The points and their names. Raises BadInput that names the row and the column of what is no number."""
    wanted = [columns.x, columns.y, columns.lon, columns.lat]
    open_table(path, fields=wanted)
    rows: list[int] = []
    names: list[str] = []
    numbers: dict[str, list[float]] = {name: [] for name in wanted}
    for batch in open_table(path):
        count = len(batch.columns[columns.x])
        rows += range(batch.first_row, batch.first_row + count)
        names += [text or "" for text in batch.columns.get(columns.name, [None] * count)]
        for name in numbers:
            texts = enumerate(batch.columns[name], batch.first_row)
            numbers[name] += [_number(path, row, name, text) for row, text in texts]
    x, y, lon, lat = (np.array(numbers[name], np.float64) for name in wanted)
    return ControlPoints(x, y, lon, lat, tuple(rows)), names


def _number(path: Path, row: int, name: str, text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError as error:
        words = f"{path.name}: row {row}: {name}={text or ''}: must be a number"
        raise BadInput(words, row=row, field=name, value=text) from error
