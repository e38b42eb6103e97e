"""One immutable file of named arrays: memory-mapped, checksummed, never pickled.

Layout: 8 bytes of magic, 8 of header length (little endian), 32 of the header's SHA-256, the header as JSON
(``meta``, and for each section its dtype, shape, offset, size and SHA-256), then the sections on 64-byte borders.
The header's SHA-256 therefore names the whole file; the bytes between sections are zeros. All of it is verified the
first time a host opens a file, and a stamp beside it remembers that; later opens check the header and the section
table only, unless the file's size, inode or times have changed. Where it falls down: a disk that changes bits under an
untouched file is noticed only where the stamp is removed.
"""

import hashlib
import itertools
import json
import mmap
import os
import struct
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gis.errors import BadRelease

_MAGIC = b"WANGGE\x00\x01"
_HEAD = struct.Struct("<8sQ32s")
_ALIGN = 64
Arrays = Mapping[str, npt.NDArray[Any]]


class TextColumn(Sequence[str]):
    """Many short texts as UTF-8 bytes and offsets, decoded one by one when asked for."""

    def __init__(self, data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> None:
        self._data, self._offsets = data, offsets

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        at = int(index) + (len(self) if index < 0 else 0)
        if not 0 <= at < len(self):
            raise IndexError(index)
        return self._data[self._offsets[at] : self._offsets[at + 1]].tobytes().decode()

    def __iter__(self) -> Iterator[str]:
        raw, ends = self._data.tobytes(), self._offsets.tolist()
        return (raw[a:b].decode() for a, b in itertools.pairwise(ends))


def text_arrays(name: str, texts: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """The two sections ``name.text`` and ``name.ends`` of a column of texts."""
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    return {f"{name}.text": np.frombuffer(b"".join(encoded), np.uint8), f"{name}.ends": ends}


@dataclass(frozen=True)
class ArraysFile:
    """An open file: ``meta``, read-only arrays on the file's own pages, and the digest that names it."""

    meta: dict[str, Any]
    arrays: Arrays
    digest: str

    def text(self, name: str) -> TextColumn:
        """The column of texts written under that name."""
        return TextColumn(self.arrays[f"{name}.text"], self.arrays[f"{name}.ends"])


def write_arrays(path: Path, meta: Mapping[str, Any], arrays: Arrays) -> str:
    """Write the file whole or not at all, stamp it, and give its digest. Equal input gives equal bytes.

    Raises TypeError for arrays of objects, of which only the addresses could be kept.
    """
    solid = {name: _bytes_of(name, array) for name, array in arrays.items()}
    sections: list[dict[str, Any]] = []
    at = 0
    for name, raw in solid.items():
        facts = {"name": name, "dtype": arrays[name].dtype.str, "shape": list(arrays[name].shape), "offset": at}
        sections.append({**facts, "bytes": raw.nbytes, "sha256": hashlib.sha256(raw.data).hexdigest()})
        at += _aligned(raw.nbytes)
    header = json.dumps({"meta": meta, "sections": sections}, ensure_ascii=False, sort_keys=True).encode()
    digest = hashlib.sha256(header)
    path.parent.mkdir(parents=True, exist_ok=True)
    waiting = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    start = _start(len(header))
    try:
        with waiting.open("xb") as file:
            file.write(_HEAD.pack(_MAGIC, len(header), digest.digest()) + header)
            for section, raw in zip(sections, solid.values(), strict=True):
                file.seek(start + section["offset"])
                file.write(raw.data)
            file.truncate(start + at)
            file.flush()
            os.fsync(file.fileno())
            waiting.replace(path)
            _keep_name(path.parent)
            _stamp(path, _facts(file.fileno(), digest.hexdigest()))
    finally:
        waiting.unlink(missing_ok=True)
    return digest.hexdigest()


def _bytes_of(name: str, array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    if array.dtype.hasobject:
        raise TypeError(f"section {name}: {array.dtype} holds objects; only plain numbers and texts are written")
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8) if array.size else np.empty(0, np.uint8)


def _keep_name(folder: Path) -> None:
    """Have the folder itself on disk: a rename is not, until then."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def open_arrays(path: Path, expect: str | None = None) -> ArraysFile:
    """The file, mapped. Raises BadRelease when it is cut, changed by a bit, or not the one with digest ``expect``."""
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            state = _facts(file.fileno(), "")
    except (OSError, ValueError) as error:
        raise BadRelease(f"{path.name}: cannot be opened: {error}") from error
    header, start, digest = _header(path, mapped)
    if expect is not None and digest != expect:
        raise BadRelease(f"{path.name}: is another file than the one recorded ({digest[:12]}, not {expect[:12]})")
    sections = header["sections"]
    size = start + sum(_aligned(section["bytes"]) for section in sections)
    if len(mapped) != size:
        raise BadRelease(f"{path.name}: has {len(mapped)} bytes, should have {size}: fetch or build it again")
    if not _stamped(path, digest + state):
        _verify(path, mapped, start, sections)
        _stamp(path, digest + state)
    arrays = {s["name"]: _array(mapped, start, s) for s in sections}
    return ArraysFile(header["meta"], arrays, digest)


def _start(header: int) -> int:
    return _aligned(_HEAD.size + header)


def _aligned(size: int) -> int:
    return -(-size // _ALIGN) * _ALIGN


def _header(path: Path, mapped: mmap.mmap) -> tuple[dict[str, Any], int, str]:
    if len(mapped) < _HEAD.size:
        raise BadRelease(f"{path.name}: only {len(mapped)} bytes: fetch or build it again")
    magic, length, digest = _HEAD.unpack(mapped[: _HEAD.size])
    header = mapped[_HEAD.size : _HEAD.size + length]
    if magic != _MAGIC:
        raise BadRelease(f"{path.name}: is no file of this kind, or of another format version")
    if len(header) != length or hashlib.sha256(header).digest() != digest:
        raise BadRelease(f"{path.name}: its header is damaged: fetch or build it again")
    return json.loads(header), _start(length), digest.hex()


def _array(mapped: mmap.mmap, start: int, section: Mapping[str, Any]) -> npt.NDArray[Any]:
    dtype, count = np.dtype(section["dtype"]), int(np.prod(section["shape"], dtype=np.int64))
    if count == 0:
        empty = np.empty(section["shape"], dtype)
        empty.flags.writeable = False
        return empty
    return np.frombuffer(mapped, dtype, count, start + section["offset"]).reshape(section["shape"])


def _verify(path: Path, mapped: mmap.mmap, start: int, sections: Sequence[Mapping[str, Any]]) -> None:
    header = _HEAD.size + _HEAD.unpack(mapped[: _HEAD.size])[1]
    if any(mapped[header:start]):
        raise BadRelease(f"{path.name}: its header is damaged: fetch or build it again")
    with memoryview(mapped) as view:
        for section in sections:
            first = start + section["offset"]
            last = first + section["bytes"]
            with view[first:last] as part:
                whole = hashlib.sha256(part).hexdigest() == section["sha256"]
            if not whole or any(mapped[last : first + _aligned(section["bytes"])]):
                raise BadRelease(f"{path.name}: section {section['name']} is damaged: fetch or build it again")


def _stamp_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.ok")


def _facts(handle: int, digest: str) -> str:
    """What changes when anybody writes to the open file: asked of the file itself, not of its name."""
    state = os.fstat(handle)
    return f"{digest} {state.st_size} {state.st_ino} {state.st_mtime_ns} {state.st_ctime_ns}\n"


def _stamp(path: Path, facts: str) -> None:
    """Where the folder cannot be written, the file is simply verified at each open."""
    with suppress(OSError):
        _stamp_path(path).write_text(facts)


def _stamped(path: Path, facts: str) -> bool:
    try:
        return _stamp_path(path).read_bytes() == facts.encode()
    except OSError:
        return False
