"""The file of an archive: a plain zip of one Arrow IPC stream a table, and a manifest; every byte under one checksum.

``manifest.json`` names the format, the schema and, for each table in the order in which they can be filled, its
columns, rows and the SHA-256 of its stream. The last 64 bytes, which a zip calls its comment, are the SHA-256 of all
bytes before them. Checksums find damage, not forgery: keep an archive where only its owners can write.
"""

import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

import pyarrow as pa

from gis.errors import BadFile
from gis.storage.archive.columns import KINDS, arrow_schema

FORMAT = 1
_MANIFEST = "manifest.json"
_SEAL = 64
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Member:
    """One table of an archive; ``columns`` gives each column's kind."""

    name: str
    rows: int
    sha256: str
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Archive:
    """What an archive holds; ``facts`` is what its writer told about it."""

    path: Path
    schema: str
    tables: tuple[Member, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)

    def as_dict(self) -> dict[str, Any]:
        """The manifest."""
        about = {"format": FORMAT, "schema": self.schema, **self.facts}
        return about | {"tables": [asdict(table) for table in self.tables]}


class _Hashed:
    """A file to write to, which keeps the SHA-256 of what went through."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def write(self, data: Any) -> int:
        self.digest.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        """Nothing waits here."""


def write_member(zipped: ZipFile, name: str, columns: Mapping[str, str], batches: Iterator[pa.RecordBatch]) -> Member:
    """One table, written as its batches come."""
    rows = 0
    how = pa.ipc.IpcWriteOptions(compression="zstd")
    with zipped.open(_place(name), "w", force_zip64=True) as file:
        sink = _Hashed(file)
        with pa.ipc.new_stream(sink, arrow_schema(columns), options=how) as stream:
            for batch in batches:
                stream.write_batch(batch)
                rows += batch.num_rows
    return Member(name, rows, sink.digest.hexdigest(), columns)


def _place(table: str) -> str:
    return f"tables/{table}.arrows"


def write_manifest(zipped: ZipFile, archive: Archive) -> None:
    """The manifest; nothing is added after it."""
    with zipped.open(_MANIFEST, "w") as file:
        file.write(json.dumps(archive.as_dict(), ensure_ascii=False, indent=1).encode())


@contextmanager
def new_zip(path: Path) -> Iterator[ZipFile]:
    """A zip to be filled. At the end it is sealed, synced and takes the place of ``path``; after a failure nothing is
    left of it. Nobody but its owner may read it. Raises BadFile where it cannot be."""
    if path.is_dir() or not path.parent.is_dir():
        wrong = "is a folder: name a file" if path.is_dir() else "the folder does not exist: create it"
        raise BadFile(f"{path}: {wrong}")
    waiting = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with open(waiting, "x+b", opener=_private) as file:
            with ZipFile(file, "w") as zipped:
                yield zipped
                zipped.comment = b"0" * _SEAL
            sealed = file.seek(-_SEAL, os.SEEK_END)
            file.seek(0)
            seal = _sha256(file, sealed)
            file.seek(sealed)
            file.write(seal.encode())
            file.flush()
            os.fsync(file.fileno())
        waiting.replace(path)
        _keep_name(path.parent)
    finally:
        waiting.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _keep_name(folder: Path) -> None:
    """Have the folder itself on disk: a rename is not, until then."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(file: IO[bytes], size: int | None = None) -> str:
    digest = hashlib.sha256()
    while block := file.read(_BLOCK if size is None else min(_BLOCK, size)):
        digest.update(block)
        size = None if size is None else size - len(block)
    return digest.hexdigest()


def open_archive(path: Path) -> Archive:
    """What the archive holds, after every byte of it has been verified.

    Raises BadFile when it is damaged, cut, no archive, or of another format.
    """
    try:
        with path.open("rb") as file:
            _verify_seal(path, file)
            with ZipFile(file) as zipped:
                archive = _manifest(path, zipped)
                _verify_tables(archive, zipped)
    except OSError as error:
        raise BadFile(f"{path}: cannot be read: {error.strerror}") from error
    except (BadZipFile, KeyError, TypeError, ValueError) as error:
        raise BadFile(f"{path.name}: is no backup of Wangge: {error}") from error
    return archive


def _verify_seal(path: Path, file: IO[bytes]) -> None:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size <= _SEAL or file.read(2) != b"PK":
        raise BadFile(f"{path.name}: is no backup of Wangge")
    file.seek(0)
    if _sha256(file, size - _SEAL).encode() != file.read(_SEAL):
        raise BadFile(f"{path.name}: is damaged or cut, its checksum is another: take another copy of it")


def _manifest(path: Path, zipped: ZipFile) -> Archive:
    told = json.loads(zipped.read(_MANIFEST))
    if told.pop("format") != FORMAT:
        raise BadFile(f"{path.name}: is of another format than {FORMAT}: use the program that wrote it, or a newer one")
    tables = tuple(Member(**table) for table in told.pop("tables"))
    strange = {kind for table in tables for kind in table.columns.values()} - KINDS.keys()
    if strange:
        raise BadFile(f"{path.name}: holds columns of a kind unknown here ({min(strange)}): use the newer program")
    return Archive(path, told.pop("schema"), tables, told)


def _verify_tables(archive: Archive, zipped: ZipFile) -> None:
    for table in archive.tables:
        with zipped.open(_place(table.name)) as file:
            if _sha256(file) != table.sha256:
                raise BadFile(f"{archive.path.name}: table {table.name} is damaged: take another copy of it")


@contextmanager
def opened_tables(archive: Archive) -> Iterator[ZipFile]:
    """The archive's zip, to read its tables from. Raises BadFile when it changed since it was verified."""
    try:
        with ZipFile(archive.path) as zipped:
            yield zipped
    except (BadZipFile, pa.ArrowException, OSError) as error:
        raise BadFile(f"{archive.path.name}: changed while it was read: {error}") from error


def batches_of(zipped: ZipFile, table: Member) -> Iterator[pa.RecordBatch]:
    """The table's rows, some megabytes at a time."""
    with zipped.open(_place(table.name)) as file, pa.ipc.open_stream(file) as stream:
        yield from stream
