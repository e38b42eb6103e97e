"""The rows of an .xlsx sheet, read as a stream."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import openpyxl

from gis.errors import BadInput


def xlsx_rows(path: Path, sheet: str | None) -> Callable[[], Iterator[tuple[int, Sequence[Any]]]]:
    """A function that reads the sheet's rows from the start, each with its number and as wide as the header.

    Raises BadInput listing the sheets when there is none named ``sheet``.
    """
    with closing(openpyxl.load_workbook(path, read_only=True)) as book:
        names = [each.title for each in book.worksheets]
    if not names or (sheet is not None and sheet not in names):
        raise BadInput(f"{path.name}: there is no sheet {sheet!r}; there are: {', '.join(names)}", field="sheet")
    name = names[0] if sheet is None else sheet

    def rows() -> Iterator[tuple[int, Sequence[Any]]]:
        with closing(openpyxl.load_workbook(path, read_only=True, data_only=True)) as book:
            page = book[name]
            page.reset_dimensions()
            width = 0
            for row, cells in enumerate(page.iter_rows(values_only=True), start=1):
                width = width or len(cells)
                yield row, _as_wide(cells, width)

    return rows


def _as_wide(cells: Sequence[Any], width: int) -> Sequence[Any]:
    """Empty cells at the end are neither stored reliably nor meant: fill up or cut them to the header's width."""
    filled = len(cells)
    while filled > width and cells[filled - 1] in (None, ""):
        filled -= 1
    return list(chain(cells[:filled], repeat(None, width - filled)))
