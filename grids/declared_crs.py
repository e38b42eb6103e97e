"""The coordinate system of a file of areas: by declaration, the file's own or the sender's, never guessed."""

import re
from collections.abc import Iterator

from gis.datums import Datum, datum
from gis.errors import BadInput, UnknownDatum
from gis.files.features import FeatureReader
from gis.findings import Finding
from gis.storage.engine import Store
from grids.datums import datum_in


def declared(store: Store, reader: FeatureReader, crs: str | None) -> Datum:
    """The datum by declaration. A file's own one may only be overruled by one that hides behind WGS 84 in China, and
    by a city's own, which no file can name."""
    inside = reader.crs
    if crs is None and inside is None:
        raise UnknownDatum(f"{reader.path.name}: declares no coordinate system: say which with --crs", field="crs")
    if crs is None:
        if not re.fullmatch(r"EPSG:\d+", inside or ""):
            raise UnknownDatum(f"{reader.path.name}: its coordinate system has no EPSG number: say which with --crs")
        return datum(str(inside))
    said = datum_in(store, crs)
    hidden = said.name in ("gcj02", "bd09") or (said.is_own and _says_little(reader))
    if inside is not None and not hidden and not _same(said, inside):
        raise BadInput(
            f"{reader.path.name}: --crs {said} contradicts the file, which declares {inside}",
            field="crs",
            value=str(said),
        )
    return said


def _says_little(reader: FeatureReader) -> bool:
    """Whether what the file declares is no numbered system, or only what GeoJSON says of every file."""
    inside = reader.crs or ""
    return not inside.startswith("EPSG:") or (inside == "EPSG:4326" and "json" in reader.path.name.lower())


def overruled(reader: FeatureReader, system: Datum) -> Iterator[Finding]:
    """A city's own system in place of one that the file describes: said, for it may be the better one."""
    if system.is_own and reader.crs is not None and not reader.crs.startswith("EPSG:"):
        inside = re.match(r'\w+\["([^"]*)"', reader.crs)
        called = inside[1] if inside else "unnamed"
        words = f"{reader.path.name}: describes a system of its own ({called}); read as {system}"
        yield Finding("declared_crs", "warning", words, field="crs", value=str(system))


def _same(said: Datum, inside: str) -> bool:
    if inside.startswith("EPSG:"):
        other = datum(inside)
        return other == said or (other.is_wgs84 and said.is_wgs84)
    return False
