"""What a format gives to the feature reader: Arrow batches and what the file declares about itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis.errors import BadFile, BadInput


@dataclass(frozen=True, slots=True)
class ArrowBatch:
    """Some rows as Arrow columns, the geometry still encoded."""

    rows: int
    columns: dict[str, pa.Array]
    geometry: pa.Array | None


def _unknown() -> int | None:
    return None


@dataclass(frozen=True, slots=True)
class Source:
    """An opened file: ``batches(fields, rows)`` reads it from the start; ``fault_row`` looks for the damage."""

    fields: list[str]
    crs: str | None
    total: int | None
    batches: Callable[[list[str], int], Iterator[ArrowBatch]]
    encoding: str = "WKB"
    fault_row: Callable[[], int | None] = _unknown


def crs_name(path: Path, declared: object) -> str | None:
    """``EPSG:n`` when PROJ can name what the file declares, else its WKT; CRS84 is ``EPSG:4326``, axes aside."""
    if declared is None:
        return None
    try:
        crs = CRS.from_user_input(declared)
    except CRSError as fault:
        raise BadFile(f"{path.name}: PROJ does not know its CRS ({fault}); declare EPSG:n") from fault
    if crs.name.startswith("Undefined"):
        return None
    if crs.to_authority() == ("OGC", "CRS84"):
        return "EPSG:4326"
    number = crs.to_epsg()
    return f"EPSG:{number}" if number else crs.to_wkt()


def only_layer(path: Path, layers: list[str], asked: str | None) -> str:
    """The layer to read; BadInput lists the layers when the choice is open or wrong."""
    if asked is None and len(layers) == 1:
        return layers[0]
    if asked in layers and asked is not None:
        return asked
    listed = ", ".join(layers) or "none"
    if asked is None:
        raise BadInput(f"{path.name}: {len(layers)} spatial layers ({listed}); name one as the layer", field="layer")
    raise BadInput(f"{path.name}: there is no spatial layer {asked!r}; there are: {listed}", field="layer", value=asked)
