"""Tables, read in batches: CSV, XLSX, Parquet."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gis.errors import BadInput
from gis.files.cells import Column, as_text, column_text, wanted_fields
from gis.files.delimited import csv_rows
from gis.files.guard import check_file, reading
from gis.files.workbook import xlsx_rows

CSV_SUFFIXES = frozenset({".csv", ".tsv"})
TABLE_SUFFIXES = CSV_SUFFIXES | {".xlsx", ".parquet"}
FIRST_RECORD = 2

Row = tuple[int, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class TableBatch:
    """Consecutive records, numbered as a spreadsheet does: the header is row 1, the first record row 2."""

    first_row: int
    columns: dict[str, Column]


class TableReader:
    """A table, iterated in batches; each iteration starts again. ``total`` is None when the format does not state it.

    Values are stripped text, None where a cell is empty. Empty rows are left out and still counted: a batch ends
    before a gap, so that ``first_row`` plus the position is always the row.
    """

    def __init__(
        self, path: Path, fields: list[str], total: int | None, batches: Callable[[], Iterator[TableBatch]]
    ) -> None:
        self.path = path
        self.fields = fields
        self.total = total
        self._batches = batches

    def __iter__(self) -> Iterator[TableBatch]:
        with reading(self.path):
            yield from self._batches()


def open_table(
    path: Path, *, fields: Sequence[str] | None = None, sheet: str | None = None, batch_rows: int = 10_000
) -> TableReader:
    """A reader of the table's records, ``batch_rows`` in memory at a time.

    CSV may be UTF-8 (with or without BOM) or GB18030, separated by comma, semicolon or tab. In a workbook the first
    sheet is read unless ``sheet`` names another; of merged cells only the first has the value, and a formula counts
    with the value it had when it was saved. Raises BadFile, or BadInput naming the row or field; a fault
    further down the file is raised while it is iterated.
    """
    suffix = check_file(path, TABLE_SUFFIXES)
    if sheet is not None and suffix != ".xlsx":
        raise BadInput(f"{path.name}: only .xlsx has sheets; leave the sheet {sheet!r} out", field="sheet", value=sheet)
    with reading(path):
        if suffix == ".parquet":
            return _parquet_table(path, fields, batch_rows)
        rows = csv_rows(path) if suffix in CSV_SUFFIXES else xlsx_rows(path, sheet)
        header, width = _header(path, next(iter(rows()), (1, ()))[1])
    wanted = wanted_fields(path, header, fields)
    places = [header.index(name) for name in wanted]

    def batches() -> Iterator[TableBatch]:
        records = ((row, cells) for row, cells in rows() if row >= FIRST_RECORD)
        checked = (_checked(path, record, header, width) for record in records)
        for first_row, cells in _runs(checked, batch_rows):
            yield TableBatch(first_row, {n: [c[at] for c in cells] for n, at in zip(wanted, places, strict=True)})

    return TableReader(path, header, None, batches)


def _parquet_table(path: Path, fields: Sequence[str] | None, batch_rows: int) -> TableReader:
    """Binary columns, which hold geometry, are no table's business and are left out."""
    with pq.ParquetFile(path) as file:
        schema, total = file.schema_arrow, file.metadata.num_rows
    names = [field.name for field in schema if not pa.types.is_binary(field.type)]
    wanted = wanted_fields(path, names, fields)

    def batches() -> Iterator[TableBatch]:
        row = FIRST_RECORD
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for batch in file.iter_batches(batch_size=batch_rows, columns=wanted):
                columns = {name: [_cell(value) for value in column_text(batch.column(name))] for name in wanted}
                yield TableBatch(row, columns)
                row += batch.num_rows

    return TableReader(path, names, total, batches)


def _cell(value: Any) -> str | None:
    return (as_text(value) or "").strip() or None


def _header(path: Path, cells: Sequence[Any]) -> tuple[list[str], int]:
    """The names in row 1 and how many cells row 1 has; unnamed cells at its end are spreadsheet leftovers."""
    names = [_cell(cell) or "" for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise BadInput(f"{path.name}: row 1 is empty and must hold the field names", row=1)
    if "" in names:
        at = names.index("") + 1
        raise BadInput(f"{path.name}: row 1: column {at} has no name; name it or delete the column", row=1)
    return names, len(cells)


def _checked(path: Path, record: Row, header: list[str], width: int) -> tuple[int, Column]:
    """The record's cells as text; an empty list when all are empty."""
    row, values = record
    cells = [_cell(value) for value in values]
    if not any(cells):
        return row, []
    if len(cells) != width:
        raise BadInput(
            f"{path.name}: row {row}: {len(cells)} cells, but row 1 has {width}; quote cells that contain the "
            "delimiter and give each row as many cells as the header",
            row=row,
        )
    if any(cells[len(header) :]):
        at = next(at for at in range(len(header), width) if cells[at])
        raise BadInput(f"{path.name}: row {row}: {cells[at]!r} stands in column {at + 1}, which has no name", row=row)
    return row, cells


def _runs(records: Iterable[tuple[int, Column]], most: int) -> Iterator[tuple[int, list[Column]]]:
    """Records in runs of consecutive rows, at most ``most`` each, with the row of the first."""
    run: list[Column] = []
    first_row = FIRST_RECORD
    for row, cells in chain(records, [(0, [])]):
        if run and (not cells or len(run) == most):
            yield first_row, run
            run = []
        if cells:
            first_row = first_row if run else row
            run.append(cells)
