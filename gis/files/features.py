"""Spatial files, read in batches: GeoJSON, GeoJSONSeq, FlatGeobuf, GeoPackage, GeoParquet, Shapefile."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gis.errors import BadFile
from gis.files.cells import Column, column_text, wanted_fields
from gis.files.geoparquet import geoparquet_source
from gis.files.guard import check_file, reading
from gis.files.shapes import Geometries, shapes_from
from gis.files.sources import Source
from gis.files.vector import VECTOR_SUFFIXES, vector_source

PARQUET_SUFFIXES = frozenset({".parquet", ".geoparquet"})
FEATURE_SUFFIXES = VECTOR_SUFFIXES | PARQUET_SUFFIXES


@dataclass(frozen=True, slots=True)
class FeatureBatch:
    """Consecutive features. The first of the file is row 1.

    ``geometry`` holds shapely geometry in the file's CRS, None for a feature without; it is None as a whole when
    the file has no geometry column.
    """

    first_row: int
    columns: dict[str, Column]
    geometry: Geometries | None


class FeatureReader:
    """A spatial file, iterated in batches; each iteration starts again.

    ``fields`` are all the file's fields. ``total`` is None when the format does not state it. ``crs`` is as
    declared: ``EPSG:n`` when PROJ can name it, else WKT, None when nothing is declared.
    """

    def __init__(self, path: Path, source: Source, wanted: list[str], batch_rows: int) -> None:
        self.path = path
        self.total = source.total
        self.fields = source.fields
        self.crs = source.crs
        self._source = source
        self._wanted = wanted
        self._batch_rows = batch_rows

    def __iter__(self) -> Iterator[FeatureBatch]:
        row = 1
        with reading(self.path):
            for batch in self._source.batches(self._wanted, self._batch_rows):
                columns = {name: column_text(array) for name, array in batch.columns.items()}
                shapes = None
                if batch.geometry is not None:
                    shapes = shapes_from(batch.geometry, self._source.encoding, row, self.path.name)
                yield FeatureBatch(row, columns, shapes)
                row += batch.rows
        if self.total is not None and row - 1 != self.total:
            raise BadFile(
                f"{self.path.name}: states {self.total} features but {row - 1} can be read; cut short or damaged near "
                f"row {self._source.fault_row() or row}: export it again"
            )


def open_features(
    path: Path, *, fields: Sequence[str] | None = None, layer: str | None = None, batch_rows: int = 5000
) -> FeatureReader:
    """A reader of the file's features, values as text, ``batch_rows`` in memory at a time.

    ``fields`` limits the columns read; ``layer`` is needed when a GeoPackage or ZIP holds more than one. A damaged
    file raises BadFile here or while it is iterated: rows count only once the iteration has ended. FlatGeobuf with
    an index gives its features in the order of the index. GeoPackage, FlatGeobuf, GeoJSONSeq and Parquet (a row
    group at a time) are read at any size; the others up to ``guard.LOADED_WHOLE_LIMIT``.
    """
    suffix = check_file(path, FEATURE_SUFFIXES)
    with reading(path):
        source = geoparquet_source(path, layer) if suffix in PARQUET_SUFFIXES else vector_source(path, suffix, layer)
    return FeatureReader(path, source, wanted_fields(path, source.fields, fields), batch_rows)
