"""GeoParquet 1.x: the primary geometry column by row groups, WKB or one of the native (GeoArrow) encodings."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from gis.errors import BadFile
from gis.files.shapes import ENCODINGS
from gis.files.sources import ArrowBatch, Source, crs_name, only_layer


def geoparquet_source(path: Path, layer: str | None) -> Source:
    """The file's features. A CRS that is not stated is CRS84, as the standard says; a stated null is None."""
    if layer is not None:
        only_layer(path, [path.stem], layer)
    with pq.ParquetFile(path) as file:
        schema, total = file.schema_arrow, file.metadata.num_rows
    geo = _geo(path, schema.metadata or {})
    primary: str = geo["primary_column"]
    about: dict[str, Any] = geo["columns"][primary]
    if about["encoding"].lower() not in ENCODINGS:
        raise BadFile(f"{path.name}: the geometry encoding {about['encoding']!r} is not read; write it as WKB")
    hidden = {*geo["columns"], *_covering(about)}

    def batches(fields: list[str], rows: int) -> Iterator[ArrowBatch]:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for batch in file.iter_batches(batch_size=rows, columns=[*fields, primary]):
                columns = {name: batch.column(name) for name in fields}
                yield ArrowBatch(batch.num_rows, columns, batch.column(primary))

    return Source(
        fields=[name for name in schema.names if name not in hidden],
        crs=crs_name(path, about.get("crs", "OGC:CRS84")),
        total=total,
        batches=batches,
        encoding=about["encoding"],
    )


def _geo(path: Path, metadata: dict[bytes, bytes]) -> dict[str, Any]:
    if b"geo" not in metadata:
        raise BadFile(
            f"{path.name}: Parquet without geometry (no 'geo' metadata); read it as a table or write GeoParquet"
        )
    geo: dict[str, Any] = json.loads(metadata[b"geo"])
    return geo


def _covering(about: dict[str, Any]) -> set[str]:
    """The names of the bounding-box columns that stand beside the geometry."""
    return {place[0] for box in about.get("covering", {}).values() for place in box.values()}
