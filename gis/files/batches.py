"""Tables that pass through: Arrow batches of CSV, Parquet or Arrow files in and out, rows kept as they are."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.ipc
import pyarrow.parquet as pq

from gis.errors import BadInput
from gis.files.delimited import csv_delimiter
from gis.files.encoding import text_encoding
from gis.files.guard import check_file, reading
from gis.files.writers import staged

BATCH_SUFFIXES = frozenset({".csv", ".tsv", ".parquet", ".arrow"})
Write = Callable[[pa.RecordBatch], None]
_ROWS = 32_768


def batches_of(path: Path) -> Iterator[pa.RecordBatch]:
    """The file's rows, in batches of bounded size; one without rows for a file that has none. Every CSV column is
    text, so that codes keep their zeros.

    Raises BadFile and BadInput.
    """
    suffix = check_file(path, BATCH_SUFFIXES)
    with reading(path):
        if suffix == ".parquet":
            with pq.ParquetFile(path, page_checksum_verification=True) as parquet:
                yield from _at_least_one(parquet.schema_arrow, parquet.iter_batches(_ROWS))
        elif suffix == ".arrow":
            with pa.OSFile(str(path)) as file:
                yield from _arrow(file)
        else:
            yield from _csv(path)


def _at_least_one(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    seen = False
    for batch in batches:
        seen = True
        yield batch
    if not seen:
        yield pa.RecordBatch.from_pylist([], schema)


def _arrow(file: pa.OSFile) -> Iterator[pa.RecordBatch]:
    """Both Arrow layouts: the file format and the stream format. Batches larger than ours are cut up."""
    try:
        reader = pa.ipc.open_file(file)
    except pa.ArrowInvalid:
        file.seek(0)
        stream = pa.ipc.open_stream(file)
        yield from _at_least_one(stream.schema, _cut(stream))
        return
    whole = (reader.get_batch(index) for index in range(reader.num_record_batches))
    yield from _at_least_one(reader.schema, _cut(whole))


def _cut(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for start in range(0, batch.num_rows, _ROWS):
            yield batch.slice(start, _ROWS)


def _csv(path: Path) -> Iterator[pa.RecordBatch]:
    encoding = text_encoding(path)
    names, delimiter = csv_delimiter(path, encoding)
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput(f"{path.name}: the column '{twice}' appears twice; rename one", field=twice)
    types = pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    parse = pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    reader = pacsv.open_csv(
        path, pacsv.ReadOptions(encoding=encoding, block_size=4 << 20, use_threads=False), parse, types
    )
    yield from _at_least_one(reader.schema, reader)


@contextmanager
def batch_sink(path: Path) -> Iterator[Write]:
    """A function that takes batches and writes them to .csv (UTF-8), .parquet or .arrow; the file appears, whole,
    when the block ends, and not at all when it raises. The first batch sets the columns."""
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet", ".arrow"):
        raise BadInput(f"{path.name}: rows are written as .csv, .parquet or .arrow, not {suffix or '(none)'!r}")
    with staged(path) as waiting:
        writer: list[pacsv.CSVWriter | pq.ParquetWriter | pa.ipc.RecordBatchFileWriter] = []

        def write(batch: pa.RecordBatch) -> None:
            if not writer:
                writer.append(_writer(waiting, suffix, batch.schema))
            writer[0].write_batch(batch)

        try:
            yield write
        finally:
            for open_writer in writer:
                open_writer.close()
        if not writer:
            raise BadInput(f"{path.name}: there are no rows to write")


def _writer(
    path: Path, suffix: str, schema: pa.Schema
) -> pacsv.CSVWriter | pq.ParquetWriter | pa.ipc.RecordBatchFileWriter:
    if suffix == ".csv":
        return pacsv.CSVWriter(path, schema, write_options=pacsv.WriteOptions(quoting_style="needed"))
    return pq.ParquetWriter(path, schema) if suffix == ".parquet" else pa.ipc.new_file(str(path), schema)
