"""What is checked before a file is opened: that it is there, is what its name says, and cannot fill the memory."""

import gzip
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile, ZipInfo

import pyarrow as pa
from shapely.errors import GEOSException

from gis.errors import BadFile, FileTooLarge

MIB = 1 << 20
LOADED_WHOLE_LIMIT = 512 * MIB
UNPACKED_LIMIT = 2048 * MIB
ENTRY_LIMIT = 10_000
RATIO_LIMIT = 200
RATIO_CHECKED_FROM = 10 * MIB

STREAMED = frozenset({".csv", ".tsv", ".geojsonl", ".geojsons", ".ndjson", ".fgb", ".gpkg", ".parquet", ".geoparquet"})
_MAGIC = {
    ".gpkg": (b"SQLite format 3\0", "GeoPackage"),
    ".fgb": (b"fgb\x03", "FlatGeobuf"),
    ".parquet": (b"PAR1", "Parquet"),
    ".geoparquet": (b"PAR1", "Parquet"),
    ".shp": (b"\0\0\x27\x0a", "Shapefile"),
    ".zip": (b"PK", "ZIP"),
    ".xlsx": (b"PK", "XLSX (old .xls and password-protected workbooks must be saved as plain .xlsx)"),
    ".gz": (b"\x1f\x8b", "gzip"),
}
_FAULTS = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    LookupError,
    TypeError,
    ParseError,
    zlib.error,
    BadZipFile,
    pa.ArrowException,
    GEOSException,
)


def suffix_of(path: Path) -> str:
    """The part of the name that says the format, in lower case; ``.geojson.gz`` counts as one."""
    last = path.suffix.lower()
    return Path(path.stem).suffix.lower() + last if last == ".gz" else last


def check_file(path: Path, suffixes: Collection[str]) -> str:
    """The file's suffix, once it is safe to open.

    Raises BadFile when the file is missing, empty, of another kind than its name says, or a packed file that is
    damaged or built to do harm; FileTooLarge when it would not fit in memory.
    """
    suffix = suffix_of(path)
    if suffix not in suffixes:
        known = ", ".join(sorted(suffixes))
        raise BadFile(f"{path.name}: the suffix {suffix or '(none)'!r} is not read here; convert to one of {known}")
    if not path.is_file():
        raise BadFile(f"{path}: there is no such file; check the path")
    with reading(path):
        size = path.stat().st_size
        if size == 0:
            raise BadFile(f"{path.name}: the file is empty (0 bytes); export it again")
        if suffix not in STREAMED:
            check_loaded_size(path, path.name, size)
        _check_magic(path, Path(suffix).suffix or suffix)
        if suffix in (".zip", ".xlsx"):
            _check_zip(path)
        elif suffix.endswith(".gz"):
            _check_gzip(path)
    return suffix


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Whatever a reading library raises inside becomes a BadFile that names the file."""
    try:
        yield
    except UnicodeDecodeError as fault:
        raise BadFile(
            f"{path.name}: the text is not {fault.encoding}, as it must be or as the file declares; "
            "correct the declaration (.cpg) or save the file as UTF-8"
        ) from fault
    except _FAULTS as fault:
        why = (str(fault).splitlines() or [type(fault).__name__])[0][:200]
        raise BadFile(
            f"{path.name}: damaged, cut short or not what its suffix says ({why}); export it again"
        ) from fault


def check_loaded_size(path: Path, name: str, size: int) -> None:
    """Nothing, or FileTooLarge when ``name``, read whole, is above ``LOADED_WHOLE_LIMIT``."""
    if size > LOADED_WHOLE_LIMIT:
        raise FileTooLarge(
            f"{path.name}: {name} has {size / MIB:,.0f} MiB and its format is loaded whole, up to "
            f"{LOADED_WHOLE_LIMIT // MIB} MiB; convert to GeoPackage, FlatGeobuf, GeoJSONSeq, Parquet or CSV"
        )


def _check_magic(path: Path, suffix: str) -> None:
    magic, kind = _MAGIC.get(suffix, (b"", ""))
    with path.open("rb") as stream:
        if not stream.read(len(magic)).startswith(magic):
            raise BadFile(f"{path.name}: the content is not {kind}; export it again or correct the suffix")


def _check_zip(path: Path) -> None:
    with ZipFile(path) as packed:
        entries = packed.infolist()
        if len(entries) > ENTRY_LIMIT:
            raise BadFile(f"{path.name}: {len(entries)} entries, at most {ENTRY_LIMIT} are read; pack only the data")
        if sum(entry.file_size for entry in entries) > UNPACKED_LIMIT:
            raise FileTooLarge(f"{path.name}: unpacks to more than {UNPACKED_LIMIT // MIB} MiB; send a smaller file")
        for entry in entries:
            _check_entry(path, entry)


def _check_entry(path: Path, entry: ZipInfo) -> None:
    name = entry.filename.replace("\\", "/")
    if name.startswith("/") or ".." in PurePosixPath(name).parts or name[1:2] == ":":
        raise BadFile(f"{path.name}: the entry {entry.filename!r} points outside of the archive; pack it again")
    if entry.flag_bits & 0x1:
        raise BadFile(f"{path.name}: the entry {entry.filename!r} is encrypted; pack it without a password")
    if entry.file_size > RATIO_CHECKED_FROM and entry.file_size > RATIO_LIMIT * max(entry.compress_size, 1):
        raise BadFile(
            f"{path.name}: the entry {entry.filename!r} unpacks to over {RATIO_LIMIT} times its size; refused"
        )


def _check_gzip(path: Path) -> None:
    total = 0
    with gzip.open(path, "rb") as stream:
        for chunk in chunks(stream):
            total += len(chunk)
            if total > min(UNPACKED_LIMIT, LOADED_WHOLE_LIMIT):
                check_loaded_size(path, "the unpacked file", total)
                raise FileTooLarge(f"{path.name}: unpacks to more than {UNPACKED_LIMIT // MIB} MiB")
    if total == 0:
        raise BadFile(f"{path.name}: the packed file is empty (0 bytes); export it again")


def chunks(stream: IO[bytes] | gzip.GzipFile, size: int = MIB) -> Iterator[bytes]:
    """The stream's bytes, ``size`` at a time."""
    while chunk := stream.read(size):
        yield chunk
