"""Features and tables written to open formats, complete or not at all."""

import csv
import json
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio.raw
import shapely
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
from pyproj import CRS
from shapely import MultiLineString, MultiPoint, MultiPolygon
from shapely.geometry.base import BaseGeometry

from gis.errors import BadFile, BadInput
from gis.files.cells import as_text
from gis.files.shapes import Geometries

WGS84 = "EPSG:4326"
_DRIVERS: dict[str, tuple[str, dict[str, Any]]] = {
    ".geojson": ("GeoJSON", {"SIGNIFICANT_FIGURES": 17}),
    ".gpkg": ("GPKG", {}),
    ".fgb": ("FlatGeobuf", {}),
    ".shp": ("ESRI Shapefile", {"encoding": "GB18030"}),
}
_SIDECARS = (".shx", ".dbf", ".prj", ".cpg", ".qix", ".sbn", ".sbx")
_WRITE_FAULTS = (
    DataLayerError,
    DataSourceError,
    FeatureError,
    FieldError,
    GeometryError,
    pa.ArrowException,
    ValueError,
)
_MULTI: dict[str, Callable[[list[Any]], BaseGeometry]] = {
    "Point": MultiPoint,
    "LineString": MultiLineString,
    "Polygon": MultiPolygon,
}
_DBF_NAME_BYTES = 10
_DBF_TEXT_BYTES = 254
_XLSX_ROWS = 1_048_576
_XLSX_CELL = 32_767
_FORMULA_STARTS = ("=", "+", "-", "@")


def write_features(
    path: Path,
    columns: Mapping[str, Sequence[Any]],
    geometry: Sequence[BaseGeometry | None] | Geometries,
    crs: str | None = WGS84,
) -> None:
    """The features in a new file: .geojson, .gpkg, .parquet (GeoParquet), .fgb or .shp, replacing an old one.

    ``geometry`` is in ``crs``, x (longitude, easting) first; None declares no system, as for a city's own plane, and
    .geojson is always WGS 84. A Shapefile is GB18030 with a .cpg. FlatGeobuf reorders the features
    along its index, unless one has no geometry; GeoJSON keeps coordinates to 1e-12 degrees, the others to the bit.
    Raises BadInput for what the format cannot hold rather than cut it.
    """
    suffix = path.suffix.lower()
    if suffix not in {*_DRIVERS, ".parquet"}:
        known = ", ".join(sorted({*_DRIVERS, ".parquet"}))
        raise BadInput(f"{path.name}: features are not written as {suffix or '(none)'!r}; choose one of {known}")
    shapes = np.array([*geometry, None], dtype=object)[:-1]
    if suffix == ".geojson" and crs != WGS84:
        raise BadInput(f"{path.name}: GeoJSON is WGS 84 by its standard; write {crs or 'this plane'} as .gpkg or .shp")
    if suffix == ".geojson":
        shapes = shapely.orient_polygons(shapes)  # RFC 7946: outer rings counter-clockwise
    if "geometry" in columns:
        raise BadInput(f"{path.name}: the field name 'geometry' is taken by the geometry; rename it", field="geometry")
    table = _arrow_table(path, {**columns, "geometry": list(shapely.to_wkb(shapes))})
    if suffix == ".shp":
        _check_dbf(path, columns)
    with staged(path) as waiting:
        if suffix == ".parquet":
            table = table.replace_schema_metadata({"geo": json.dumps(_geo_metadata(shapes, crs))})
            pq.write_table(table, waiting, write_page_checksum=True)
        else:
            _write_by_gdal(waiting, table, shapes, crs)


def write_table(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """The table in a new file: .csv (UTF-8 with BOM, so that Excel shows Chinese), .xlsx or .parquet.

    In .csv and .xlsx a text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    writers = {".csv": _write_csv, ".xlsx": _write_xlsx, ".parquet": _write_parquet}
    write = writers.get(path.suffix.lower())
    if write is None:
        known = ", ".join(writers)
        raise BadInput(f"{path.name}: tables are not written as {path.suffix or '(none)'!r}; choose one of {known}")
    _row_count(path, columns)
    with staged(path) as waiting:
        write(waiting, columns)


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """A path in a fresh folder beside ``path``; what stands there at the end takes the place of ``path``."""
    if not path.parent.is_dir():
        raise BadFile(f"{path}: the folder does not exist; create it")
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        yield Path(folder, path.name)
        written = {part.name: part for part in Path(folder).iterdir()}
        if path.suffix.lower() == ".shp":
            for stale in (path.with_suffix(suffix) for suffix in _SIDECARS):
                if stale.name not in written:
                    stale.unlink(missing_ok=True)
        for name in sorted(written, key=lambda name: name == path.name):
            os.replace(written[name], path.with_name(name))


def _row_count(path: Path, columns: Mapping[str, Sequence[Any]]) -> int:
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise BadInput(f"{path.name}: the columns differ in length: {lengths}; give each a value a row")
    return next(iter(lengths.values()), 0)


def _arrow_table(path: Path, columns: Mapping[str, Sequence[Any]]) -> pa.Table:
    _row_count(path, columns)
    return pa.table({name: _arrow_column(path, name, values) for name, values in columns.items()})


def _arrow_column(path: Path, name: str, values: Sequence[Any]) -> pa.Array:
    try:
        array = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as fault:
        raise BadInput(
            f"{path.name}: field {name!r} mixes kinds of values ({fault}); give one kind", field=name
        ) from fault
    return array.cast(pa.string() if name != "geometry" else pa.binary()) if pa.types.is_null(array.type) else array


def _geo_metadata(shapes: Geometries, crs: str | None) -> dict[str, Any]:
    """GeoParquet 1.1 file metadata; no "crs" there means CRS84, and null that none is known."""
    about: dict[str, Any] = {"encoding": "WKB", "geometry_types": sorted(_kinds(shapes))}
    if crs != WGS84:
        about["crs"] = CRS.from_user_input(crs).to_json_dict() if crs else None
    if about["geometry_types"]:
        about["bbox"] = shapely.total_bounds(shapes).tolist()
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": about}}


def _kinds(shapes: Geometries) -> set[str]:
    return {str(shape.geom_type) for shape in shapes if shape is not None}


def _write_by_gdal(path: Path, table: pa.Table, shapes: Geometries, crs: str | None) -> None:
    driver, options = _DRIVERS[path.suffix.lower()]
    if driver == "FlatGeobuf" and any(shape is None or shape.is_empty for shape in shapes):
        options = {**options, "SPATIAL_INDEX": "NO"}
    kind = _layer_kind(path, shapes)
    if kind.startswith("Multi"):
        same = [s if s is None or s.geom_type == kind else _as_multi(s) for s in shapes]
        table = table.set_column(table.num_columns - 1, "geometry", pa.array(shapely.to_wkb(same), pa.binary()))
    try:
        with warnings.catch_warnings():
            if crs is None:  # it warns that none was given: that is what is meant
                warnings.simplefilter("ignore", UserWarning)
            pyogrio.raw.write_arrow(
                table, path, driver=driver, geometry_name="geometry", geometry_type=kind, crs=crs, **options
            )
    except _WRITE_FAULTS as fault:
        raise BadInput(f"{path.name}: {driver} does not take this data ({fault}); try .gpkg or .parquet") from fault


def _as_multi(shape: BaseGeometry) -> BaseGeometry:
    return _MULTI[shape.geom_type]([shape])


def _layer_kind(path: Path, shapes: Geometries) -> str:
    """The one kind of the layer; Polygon beside MultiPolygon counts as MultiPolygon."""
    kinds = _kinds(shapes)
    single = {kind.removeprefix("Multi") for kind in kinds}
    if len(kinds) == 1:
        return kinds.pop()
    if len(single) == 1 and single <= {"Point", "LineString", "Polygon"}:
        return f"Multi{single.pop()}"
    if kinds and path.suffix.lower() == ".shp":
        raise BadInput(f"{path.name}: a Shapefile holds one kind of geometry, not {sorted(kinds)}; write .gpkg")
    return "Unknown"


def _check_dbf(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """A Shapefile would cut long names and texts without a word."""
    for name, values in columns.items():
        if len(name.encode("gb18030")) > _DBF_NAME_BYTES:
            raise BadInput(
                f"{path.name}: the field name {name!r} is over {_DBF_NAME_BYTES} bytes; shorten it or write .gpkg",
                field=name,
            )
        for row, value in enumerate(values, start=1):
            if isinstance(value, str) and len(value.encode("gb18030")) > _DBF_TEXT_BYTES:
                raise BadInput(
                    f"{path.name}: row {row}: the {name!r} is over {_DBF_TEXT_BYTES} bytes; write .gpkg",
                    row=row,
                    field=name,
                )


def _harmless(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula, with an apostrophe in front; numbers stay as they are."""
    if not isinstance(value, str) or not value.startswith(_FORMULA_STARTS):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def _write_csv(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as text:
        rows = csv.writer(text)
        rows.writerow([_harmless(name) for name in columns])
        rows.writerows([as_text(_harmless(v)) for v in record] for record in zip(*columns.values(), strict=True))


def _write_xlsx(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    if _row_count(path, columns) >= _XLSX_ROWS:
        raise BadInput(f"{path.name}: a sheet holds {_XLSX_ROWS - 1} records at most; write .csv or .parquet")
    records = chain([tuple(columns)], zip(*columns.values(), strict=True))
    checked = [[_xlsx_cell(path, row, value) for value in record] for row, record in enumerate(records, start=1)]
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet()
    for cells in checked:
        page.append(cells)
    book.save(path)


def _xlsx_cell(path: Path, row: int, value: Any) -> Any:
    if isinstance(value, int | float | np.number):
        return value if np.isfinite(value) else as_text(value)
    text = _harmless(as_text(value))
    if text is not None and len(text) > _XLSX_CELL:
        raise BadInput(f"{path.name}: row {row}: a cell holds {_XLSX_CELL} characters at most; write .csv", row=row)
    if text is not None and ILLEGAL_CHARACTERS_RE.search(text):
        raise BadInput(f"{path.name}: row {row}: control characters in {text[:80]!r}; remove them", row=row, value=text)
    return text


def _write_parquet(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    pq.write_table(_arrow_table(path, columns), path, write_page_checksum=True)
