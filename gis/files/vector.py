"""The formats GDAL reads, each opened by its own driver only, as Arrow batches."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyogrio
import pyogrio.raw

from gis.errors import BadFile, FileTooLarge
from gis.files.encoding import text_encoding
from gis.files.guard import LOADED_WHOLE_LIMIT
from gis.files.shapefile import Shapefile, loose_shapefile, zipped_shapefile
from gis.files.sources import ArrowBatch, Source, crs_name, only_layer

SEQUENCES = frozenset({".geojsonl", ".geojsons", ".ndjson"})
VECTOR_SUFFIXES = SEQUENCES | {".geojson", ".json", ".geojson.gz", ".fgb", ".gpkg", ".shp", ".zip"}
_DRIVERS = frozenset({"GeoJSON", "GeoJSONSeq", "FlatGeobuf", "GPKG", "ESRI Shapefile"})
_DATES_AS_WRITTEN = {"DATE_AS_STRING": "YES"}
# GDAL 3.12's own Arrow path for FlatGeobuf returns garbage for a feature without geometry; its generic path is right.
_SOUND_ARROW = {"OGR_FLATGEOBUF_STREAM_BASE_IMPL": "YES"}
_RECORD_SEPARATOR = b"\x1e"


@dataclass(frozen=True, slots=True)
class Target:
    """What GDAL opens, with which options; ``total`` is what the file states where GDAL would not say."""

    opened: str | bytes
    options: dict[str, Any]
    total: int | None = None


def vector_source(path: Path, suffix: str, layer: str | None) -> Source:
    """The layer's features, read by GDAL."""
    target = _target(path, suffix, layer)
    info = pyogrio.read_info(target.opened, **target.options)
    if info["driver"] not in _DRIVERS:
        raise BadFile(
            f"{path.name}: the content is {info['driver']}, not {suffix}; correct the suffix or export it again"
        )

    def batches(fields: list[str], rows: int) -> Iterator[ArrowBatch]:
        options = {**target.options, "columns": fields, "batch_size": rows, "datetime_as_string": True}
        with pyogrio.raw.open_arrow(target.opened, use_pyarrow=True, **options) as (_, reader):
            shape = _geometry_index(reader.schema)
            for batch in reader:
                columns = {name: batch.column(name) for name in fields}
                yield ArrowBatch(batch.num_rows, columns, None if shape is None else batch.column(shape))

    counted = info["features"] if info["features"] >= 0 else None
    return Source(
        fields=[str(name) for name in info["fields"]],
        crs=crs_name(path, info["crs"]),
        total=counted if target.total is None else target.total,
        batches=batches,
        fault_row=lambda: _broken_record(path) if suffix in SEQUENCES else None,
    )


def _geometry_index(schema: Any) -> int | None:
    for index, field in enumerate(schema):
        if (field.metadata or {}).get(b"ARROW:extension:name") in (b"geoarrow.wkb", b"ogc.wkb"):
            return index
    return None


def _target(path: Path, suffix: str, layer: str | None) -> Target:
    if suffix == ".gpkg":
        layers = [name for name, kind in pyogrio.list_layers(path) if kind is not None]
        return Target(str(path), {"layer": only_layer(path, layers, layer)})
    if suffix == ".zip":
        return _shapefile_target(zipped_shapefile(path, layer))
    if layer is not None:
        only_layer(path, [path.stem], layer)
    if suffix == ".shp":
        return _shapefile_target(loose_shapefile(path))
    if suffix == ".fgb":
        pyogrio.set_gdal_config_options(_SOUND_ARROW)
        return Target(str(path), {})
    if suffix in SEQUENCES:
        return _sequence_target(path)
    return _geojson_target(path, suffix)


def _shapefile_target(shapefile: Shapefile) -> Target:
    return Target(shapefile.target, {"encoding": shapefile.encoding} if shapefile.encoding else {}, shapefile.total)


def _sequence_target(path: Path) -> Target:
    if text_encoding(path) != "utf-8":
        raise BadFile(f"{path.name}: the text is GB18030, and GeoJSONSeq must be UTF-8 (RFC 8142); save it as UTF-8")
    total = sum(1 for _ in _records(path))
    return Target(f"GeoJSONSeq:{path}", _DATES_AS_WRITTEN, total)


def _records(path: Path) -> Iterator[bytes]:
    """The start of each record: a line, or what follows a record separator in files that have them (RFC 8142)."""
    with path.open("rb") as stream:
        separated = stream.read(1) == _RECORD_SEPARATOR
        stream.seek(0)
        for line in stream:
            if line.startswith(_RECORD_SEPARATOR) if separated else line.strip():
                yield line.lstrip(_RECORD_SEPARATOR)


def _broken_record(path: Path) -> int | None:
    for row, record in enumerate(_records(path), start=1):
        try:
            orjson.loads(record)
        except orjson.JSONDecodeError:
            return row
    return None


def _geojson_target(path: Path, suffix: str) -> Target:
    """UTF-8 is opened where it stands; packed or GB18030 text goes through memory."""
    if suffix == ".geojson.gz":
        with gzip.open(path, "rb") as stream:
            text = stream.read(LOADED_WHOLE_LIMIT + 1)
        if len(text) > LOADED_WHOLE_LIMIT:
            raise FileTooLarge(f"{path.name}: grew while it was read; send it again")
        text.decode("utf-8")
    elif text_encoding(path) == "utf-8":
        return Target(f"GeoJSON:{path}", _DATES_AS_WRITTEN)
    else:
        text = path.read_text(encoding="gb18030").encode("utf-8")
    if not text.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") or b"gdal_streamed_alg" in text:
        raise BadFile(f"{path.name}: the content is not GeoJSON; export it again")
    return Target(text, _DATES_AS_WRITTEN)
