"""Which encoding a city's text is in: UTF-8 when every byte says so, else GB18030 (which contains GBK and GB2312)."""

import codecs
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from gis.errors import BadFile
from gis.files.guard import chunks

Encoding = Literal["utf-8", "gb18030"]
_ENCODINGS: tuple[Encoding, ...] = ("utf-8", "gb18030")


def text_encoding(path: Path) -> Encoding:
    """The encoding of a text file, by strict decoding of all of it, 1 MiB at a time.

    Raises BadFile for NUL bytes (binary files, UTF-16) and for text in neither encoding.
    """
    with path.open("rb") as stream:
        for number, chunk in enumerate(chunks(stream)):
            if b"\0" in chunk:
                at = (number << 20) + chunk.index(b"\0")
                raise BadFile(f"{path.name}: NUL at byte {at}: binary or UTF-16, not text; save it as UTF-8 text")
    for encoding in _ENCODINGS:
        with path.open("rb") as stream:
            if decodes(chunks(stream), encoding):
                return encoding
    raise BadFile(f"{path.name}: the text is neither UTF-8 nor GB18030 throughout; save it as UTF-8")


def decodes(pieces: Iterable[bytes], encoding: str) -> bool:
    """Whether the pieces, joined, are valid text in ``encoding``."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in pieces:
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
