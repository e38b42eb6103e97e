"""One file of arrays: whole or refused, equal bytes for equal input, never a half of it."""

import itertools
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.arrays import ArraysFile, TextColumn, open_arrays, text_arrays, write_arrays
from gis.errors import BadRelease

META = {"number": 7, "名": "梅园新村", "layers": ["street", "cell"]}
SECTIONS = {
    "coords": np.arange(34, dtype=np.float64).reshape(17, 2),
    "flags": np.array([True, False, True]),
    "ranks": np.arange(-3, 9, dtype=np.int32),
    "big": np.arange(3, dtype=">u2"),
    "one": np.array(3.5),
    "none": np.empty((0, 3)),
    "when": np.array(["2026-11-22"], "M8[s]"),
    "turned": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "strided": np.arange(20)[::3],
    **text_arrays("code", ["320102001", "", "网格", "a\nb", "🏙"]),
}


@pytest.fixture
def release(tmp_path: Path) -> Path:
    path = tmp_path / "7.wgr"
    write_arrays(path, META, SECTIONS)
    return path


def unstamped(path: Path) -> Path:
    path.with_name(f"{path.name}.ok").unlink(missing_ok=True)
    return path


def test_everything_comes_back_and_cannot_be_written_to(release: Path) -> None:
    for opened in (open_arrays(release), open_arrays(unstamped(release))):
        assert opened.meta == META
        assert opened.arrays.keys() == SECTIONS.keys()
        for name, array in SECTIONS.items():
            found = opened.arrays[name]
            assert (found.dtype, found.shape) == (array.dtype, array.shape)
            assert np.array_equal(found, array)
            assert not found.flags.writeable


def test_a_file_of_nothing_is_a_file(tmp_path: Path) -> None:
    digest = write_arrays(tmp_path / "0.wgr", {}, {})
    assert open_arrays(unstamped(tmp_path / "0.wgr"), digest) == ArraysFile({}, {}, digest)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=8))
def test_a_column_of_texts_reads_like_a_list(texts: list[str]) -> None:
    column = TextColumn(*text_arrays("name", texts).values())
    assert list(column) == texts
    assert [column[i] for i in range(-len(texts), len(texts))] == [*texts, *texts]
    assert (column[1:3], column[::-1]) == (texts[1:3], texts[::-1])
    for beyond in (len(texts), -len(texts) - 1):
        with pytest.raises(IndexError):
            column[beyond]


def test_equal_input_gives_equal_bytes_and_the_digest_names_them(tmp_path: Path) -> None:
    digests = {write_arrays(tmp_path / name, dict(reversed(META.items())), SECTIONS) for name in ("a", "b")}
    assert digests == {write_arrays(tmp_path / "c", META, SECTIONS)}
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes()
    changed = {**SECTIONS, "one": np.array(3.25)}
    assert write_arrays(tmp_path / "d", META, changed) not in digests


def test_another_file_than_the_recorded_one_is_refused(release: Path, tmp_path: Path) -> None:
    other = write_arrays(tmp_path / "other", {}, {})
    with pytest.raises(BadRelease, match="another file"):
        open_arrays(release, other)


def regions_of(whole: bytes) -> list[int]:
    """A byte of each region: magic, header length, digest, header, and the start and end of every 64 bytes after."""
    header = 48 + int.from_bytes(whole[8:16], "little")
    return sorted({0, 7, 8, 15, 16, 47, 48, header - 1, header, *range(64, len(whole), 64), *range(63, len(whole), 64)})


def test_a_file_cut_anywhere_is_refused(release: Path) -> None:
    whole = release.read_bytes()
    for size in (0, *regions_of(whole)):
        unstamped(release).write_bytes(whole[:size])
        with pytest.raises(BadRelease):
            open_arrays(release)
    for longer in (whole + b"\0", whole + b"\0" * 64):
        unstamped(release).write_bytes(longer)
        with pytest.raises(BadRelease, match="should have"):
            open_arrays(release)


def test_one_flipped_bit_anywhere_is_refused_padding_included(release: Path) -> None:
    whole = release.read_bytes()
    everywhere = [*regions_of(whole), *np.random.default_rng(0).integers(0, len(whole), 400).tolist()]
    for at, bit in itertools.product(everywhere, (0, 7)):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << bit
        unstamped(release).write_bytes(damaged)
        with pytest.raises(BadRelease, match=r"7\.wgr"):
            open_arrays(release)
    unstamped(release).write_bytes(whole)
    assert open_arrays(release).meta == META


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" * 40, b"WANGGE\x00\x02" + b"\0" * 400])
def test_what_is_no_such_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    for path in (tmp_path / "x", tmp_path / "absent", tmp_path):
        with pytest.raises(BadRelease):
            open_arrays(path)


def test_a_stamp_is_no_pass_for_a_file_that_changed(release: Path) -> None:
    open_arrays(release)
    before, whole = release.stat(), release.read_bytes()
    damaged = bytearray(whole)
    damaged[-100] ^= 1
    with release.open("r+b") as file:
        file.write(damaged)
    os.utime(release, ns=(before.st_atime_ns, before.st_mtime_ns))  # a copy that keeps its dates
    with pytest.raises(BadRelease, match="damaged"):
        open_arrays(release)
    release.write_bytes(whole)
    assert open_arrays(release).meta == META


def test_a_replaced_file_is_verified_again(release: Path, tmp_path: Path) -> None:
    damaged = bytearray(release.read_bytes())
    damaged[-100] ^= 1
    (tmp_path / "new").write_bytes(damaged)
    before = release.stat()
    os.utime(tmp_path / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
    (tmp_path / "new").replace(release)
    with pytest.raises(BadRelease, match="damaged"):
        open_arrays(release)


@pytest.mark.parametrize("stamp", [b"", b"\xff\xfe", b"0" * 64])
def test_a_stamp_that_says_nothing_is_written_anew(release: Path, stamp: bytes) -> None:
    beside = release.with_name("7.wgr.ok")
    beside.write_bytes(stamp)
    open_arrays(release)
    assert beside.read_bytes() not in (stamp, b"")


def test_where_no_stamp_can_be_kept_the_file_is_verified_each_time(release: Path) -> None:
    unstamped(release)
    release.with_name("7.wgr.ok").mkdir()  # what even root cannot write over
    assert open_arrays(release).meta == META
    damaged = bytearray(release.read_bytes())
    damaged[-100] ^= 1
    release.write_bytes(damaged)
    with pytest.raises(BadRelease, match="damaged"):
        open_arrays(release)


def test_many_may_open_and_write_the_same_name_at_once(tmp_path: Path) -> None:
    path, failures = tmp_path / "7.wgr", []
    write_arrays(path, META, SECTIONS)

    def work(number: int) -> None:
        try:
            for _ in range(15):
                if number % 2:
                    write_arrays(path, META, SECTIONS)
                else:
                    assert np.array_equal(open_arrays(unstamped(path)).arrays["ranks"], SECTIONS["ranks"])
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(item.name for item in tmp_path.iterdir()) == ["7.wgr", "7.wgr.ok"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = release.read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_arrays(release, {}, {"more": np.arange(9)})
    assert release.read_bytes() == whole
    assert {item.name for item in release.parent.iterdir()} == {"7.wgr", "7.wgr.ok"}


def test_objects_are_never_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="objects"):
        write_arrays(tmp_path / "x", {}, {"shapes": np.array([None, {}], object)})
    assert not (tmp_path / "x").exists()
