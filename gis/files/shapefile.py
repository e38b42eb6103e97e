"""A Shapefile's parts, loose or zipped: whether they are all there and whole, and the encoding of their text."""

import struct
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO
from zipfile import ZipFile

from gis.errors import BadFile
from gis.files.encoding import decodes
from gis.files.guard import check_loaded_size
from gis.files.sources import only_layer

_DELETED = b"*"


@dataclass(frozen=True, slots=True)
class Shapefile:
    """``target`` is what GDAL opens; ``encoding`` is None when a .cpg declares it; ``total`` leaves out the deleted."""

    target: str
    encoding: str | None
    total: int


def loose_shapefile(path: Path) -> Shapefile:
    """The Shapefile whose .shp is ``path``, once its parts are checked."""
    parts = {part.suffix.lower(): part for part in path.parent.glob("*") if part.stem == path.stem}
    sizes = {suffix: part.stat().st_size for suffix, part in parts.items() if part.is_file()}
    _check_parts(path, path.name, sizes)
    with parts[".shp"].open("rb") as shp, parts[".dbf"].open("rb") as dbf:
        return _examined(path, str(path), (shp, dbf), sizes)


def zipped_shapefile(path: Path, layer: str | None) -> Shapefile:
    """The Shapefile in a ZIP; ``layer`` is the name of its .shp without suffix, needed when there are several."""
    with ZipFile(path) as packed:
        shapes = {PurePosixPath(name).stem: name for name in packed.namelist() if name.lower().endswith(".shp")}
        if not shapes:
            raise BadFile(f"{path.name}: there is no .shp in the ZIP; pack .shp, .shx, .dbf, .prj together")
        name = shapes[only_layer(path, sorted(shapes), layer)]
        parts = {suffix: entry for entry in packed.infolist() for suffix in [_part_of(entry.filename, name)] if suffix}
        sizes = {suffix: entry.file_size for suffix, entry in parts.items()}
        _check_parts(path, name, sizes)
        for part in parts.values():
            with packed.open(part) as stream:
                while stream.read(1 << 20):  # to the end: this is what makes zipfile compare the checksum
                    pass
        with packed.open(parts[".shp"]) as shp, packed.open(parts[".dbf"]) as dbf:
            return _examined(path, f"/vsizip/{{{path}}}/{name}", (shp, dbf), sizes)


def _part_of(entry: str, shape: str) -> str | None:
    """The suffix of the entry when it belongs to this .shp, else None."""
    part = PurePosixPath(entry)
    return part.suffix.lower() if part.with_suffix("") == PurePosixPath(shape).with_suffix("") else None


def _check_parts(path: Path, name: str, sizes: dict[str, int]) -> None:
    for suffix in (".shp", ".shx", ".dbf"):
        if not sizes.get(suffix):
            raise BadFile(
                f"{path.name}: the {suffix} of {name} is missing or empty; send .shp, .shx, .dbf, .prj together"
            )
        check_loaded_size(path, suffix, sizes[suffix])


def _examined(path: Path, target: str, streams: tuple[IO[bytes], IO[bytes]], sizes: dict[str, int]) -> Shapefile:
    shp, dbf = streams
    (words,) = struct.unpack(">i", shp.read(28)[24:])
    count, header_size, record_size = struct.unpack("<IHH", (header := dbf.read(32))[4:12])
    header += dbf.read(header_size - 32)
    for suffix, stated in ((".shp", words * 2), (".dbf", header_size + count * record_size)):
        if sizes[suffix] < stated:
            raise BadFile(
                f"{path.name}: the {suffix} states {stated} bytes and has {sizes[suffix]}; cut short, send it again"
            )
    names = [header[at : at + 11].rstrip(b"\0") for at in range(32, header_size - 32, 32)]
    records = [dbf.read(record_size) for _ in range(count)]
    total = sum(not record.startswith(_DELETED) for record in records)
    encoding = (
        None if ".cpg" in sizes else next((e for e in ("UTF-8", "GB18030") if decodes([*names, *records], e)), None)
    )
    return Shapefile(target, encoding, total)
