"""What is refused before a file is opened."""

import gzip
import struct
import zipfile
from pathlib import Path

import pytest

from gis.errors import BadFile, FileTooLarge
from gis.files import guard
from gis.files.features import FEATURE_SUFFIXES
from gis.files.guard import check_file, suffix_of

SUFFIXES = FEATURE_SUFFIXES | {".csv", ".xlsx"}


def packed(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def test_the_suffix_is_read_in_any_case_and_with_its_packing():
    assert [suffix_of(Path(name)) for name in ("a.GeoJSON", "a.geojson.GZ", "b.2024.csv", "c")] == [
        ".geojson",
        ".geojson.gz",
        ".csv",
        "",
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.dwg", b"x", "convert to one of"),
        ("a", b"x", r"\(none\)"),
        ("a.csv", b"", "0 bytes"),
        ("a.geojson", b"", "0 bytes"),
        ("a.gpkg", b"{}", "not GeoPackage"),
        ("a.fgb", b"{}", "not FlatGeobuf"),
        ("a.parquet", b"PA", "not Parquet"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0", "password-protected"),
        ("a.zip", b"PK\x03\x04 cut", "damaged"),
        ("a.geojson.gz", gzip.compress(b"{}" * 9000)[:-9], "cut short"),
        ("a.geojson.gz", gzip.compress(b""), "0 bytes"),
        ("a.geojson.gz", b"{}", "not gzip"),
    ],
)
def test_what_is_not_what_its_name_says_is_refused(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadFile, match=said):
        check_file(path, SUFFIXES)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    for name in ("missing.csv", "folder.csv"):
        with pytest.raises(BadFile, match="no such file"):
            check_file(tmp_path / name, SUFFIXES)


@pytest.mark.parametrize("name", ["../../etc/a.shp", "/etc/a.shp", "a/../../b.shp", "C:\\a.shp"])
def test_a_zip_entry_that_points_outside_is_refused(tmp_path, name):
    with pytest.raises(BadFile, match="outside"):
        check_file(packed(tmp_path / "a.zip", {name: b"x"}), SUFFIXES)


@pytest.mark.parametrize("suffix", [".zip", ".xlsx"])
def test_a_zip_bomb_is_refused_by_its_ratio(tmp_path, suffix):
    bomb = packed(tmp_path / f"bomb{suffix}", {"a.shp": b"\0" * (11 << 20)})
    with pytest.raises(BadFile, match="200 times"):
        check_file(bomb, SUFFIXES)


def test_a_zip_bomb_is_refused_by_the_size_it_declares(tmp_path):
    bomb = packed(tmp_path / "bomb.zip", {"a.shp": b"x"})
    content = bytearray(bomb.read_bytes())
    central = content.index(b"PK\x01\x02")
    content[central + 24 : central + 28] = struct.pack("<I", 3 << 30)
    bomb.write_bytes(content)
    with pytest.raises(FileTooLarge, match="2048 MiB"):
        check_file(bomb, SUFFIXES)


def test_a_zip_of_too_many_entries_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "ENTRY_LIMIT", 3)
    with pytest.raises(BadFile, match="4 entries"):
        check_file(packed(tmp_path / "a.zip", {f"{n}.shp": b"x" for n in range(4)}), SUFFIXES)


def test_a_gzip_bomb_is_refused_and_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "LOADED_WHOLE_LIMIT", 4 << 20)
    bomb = tmp_path / "bomb.geojson.gz"
    bomb.write_bytes(gzip.compress(b" " * (9 << 20)))
    with pytest.raises(FileTooLarge, match="4 MiB"):
        check_file(bomb, SUFFIXES)
    assert list(tmp_path.iterdir()) == [bomb]


@pytest.mark.parametrize(("name", "refused"), [("a.geojson", True), ("a.shp", True), ("a.csv", False)])
def test_only_formats_that_stream_are_read_at_any_size(tmp_path, name, refused):
    path = tmp_path / name
    with path.open("wb") as stream:
        stream.write(b"\0\0\x27\x0a")
        stream.truncate(guard.LOADED_WHOLE_LIMIT + 1)  # sparse: takes no room
    if refused:
        with pytest.raises(FileTooLarge, match="512 MiB"):
            check_file(path, SUFFIXES)
    else:
        assert check_file(path, SUFFIXES) == ".csv"
