"""CSV as cities send it: commas, semicolons or tabs, UTF-8 or GB18030, read as a stream."""

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from gis.errors import BadInput
from gis.files.encoding import text_encoding

DELIMITERS = ",;\t"


def csv_rows(path: Path) -> Callable[[], Iterator[tuple[int, Sequence[str]]]]:
    """A function that reads the rows from the start, each with its number: records count, not lines.

    Raises BadInput naming the row whose quotes are wrong or whose cell is over 128 KiB.
    """
    encoding = "utf-8-sig" if text_encoding(path) == "utf-8" else "gb18030"
    with path.open(encoding=encoding, newline="") as text:
        delimiter = _delimiter(text.readline(1 << 16))

    def rows() -> Iterator[tuple[int, Sequence[str]]]:
        row = 0
        with path.open(encoding=encoding, newline="") as text:
            try:
                for row, cells in enumerate(csv.reader(text, delimiter=delimiter, strict=True), start=1):
                    yield row, cells
            except csv.Error as fault:
                raise BadInput(
                    f"{path.name}: row {row + 1} is no valid CSV ({fault}); close quotes, double those inside a cell",
                    row=row + 1,
                ) from fault

    return rows


def csv_delimiter(path: Path, encoding: str) -> tuple[list[str], str]:
    """The names in the header, and the delimiter between them."""
    with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as text:
        delimiter = _delimiter(text.readline(1 << 16))
        text.seek(0)
        return next(csv.reader(text, delimiter=delimiter), []), delimiter


def _delimiter(line: str) -> str:
    """The delimiter that stands most often in the header, outside of quotes; a comma when none does."""
    unquoted = "".join(line.split('"')[::2])
    return max(DELIMITERS, key=unquoted.count)
