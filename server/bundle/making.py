"""Making the bundle: staged in a folder beside its place, then put there whole."""

import gzip
import os
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gis.errors import BadInput, Refused
from server.bundle.inventory import files_of, seal, sha256_of, write_texts
from server.bundle.wheels import Say, fetch, package_in, pins

_ARCHIVES = (".tar.gz", ".tgz")
_OTHER_ARCHIVES = (".zip", ".tar", ".gz", ".xz", ".bz2", ".zst", ".7z", ".whl")
_EPOCH = 1580601600  # hatchling's own, so that the same checkout gives the same bytes


@dataclass(frozen=True)
class Made:
    """A bundle that stands: the count and size of its files; the digest of the archive, "" for a folder."""

    files: int
    bytes: int
    sha256: str


def place_of(out: Path) -> Path:
    """Where the bundle goes, checked before any work. Raises BadInput."""
    if is_archive(out):
        if out.is_dir():
            raise BadInput(f"{out} is a folder: remove it or choose another name", field="out")
    elif out.suffix in _OTHER_ARCHIVES:
        raise BadInput(f"{out}: a bundle is a .tar.gz, or a folder when the name has no such ending", field="out")
    elif out.exists():
        raise BadInput(f"{out} is there already: remove it or choose another name", field="out")
    if not out.absolute().parent.is_dir():
        raise BadInput(f"{out}: there is no folder {out.absolute().parent}", field="out")
    return out.absolute()


def is_archive(out: Path) -> bool:
    """Whether a name asks for an archive rather than for a folder."""
    return out.name.endswith(_ARCHIVES)


def make_bundle(checkout: Path, out: Path, pythons: list[str], say: Say) -> Made:
    """An installer for these Pythons at `out`, whole or not at all. Raises Refused when a wheel cannot be had."""
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as scratch:
        wheel = build_wheel(checkout, Path(scratch))
        project = package_in(wheel)
        staged = Path(scratch) / f"wangge-{project.version}"
        (staged / "wheels").mkdir(parents=True)
        wheel = wheel.rename(staged / "wheels" / wheel.name)
        tools = (checkout / "requirements-build.lock").read_text("utf-8")
        lock = (checkout / "requirements.lock").read_text("utf-8")
        for python in pythons:
            say(f"wheels for Python {python}")
            pip = [pin for pin in pins(tools, python) if pin.startswith("pip==")]
            fetch([*pins(lock, python), *pip], python, staged / "wheels", say)
        write_texts(checkout, staged, wheel, pythons)
        seal(staged)
        return _put(staged, out, say)


def _put(staged: Path, out: Path, say: Say) -> Made:
    files = files_of(staged)
    if not is_archive(out):
        staged.rename(out)
        return Made(len(files), sum(path.stat().st_size for path in files_of(out)), "")
    say("packing")
    packed = staged.parent / out.name
    pack(staged, packed)
    made = Made(len(files), packed.stat().st_size, sha256_of(packed))
    os.replace(packed, out)
    return made


def build_wheel(checkout: Path, folder: Path) -> Path:
    """The project's own wheel, by the locked hatchling, with web assets and migrations inside. Raises Refused."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=checkout, capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise Refused(f"the wheel could not be built:\n{done.stderr.strip()}")
    (wheel,) = folder.glob("*.whl")
    return wheel


def pack(staged: Path, archive: Path) -> None:
    """A .tar.gz whose bytes depend on the files alone: order, times and owners are fixed."""
    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", 1, raw, mtime=0) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in files_of(staged):
            entry = tarfile.TarInfo(path.relative_to(staged.parent).as_posix())
            entry.size, entry.mtime = path.stat().st_size, _EPOCH
            entry.mode = path.stat().st_mode & 0o777
            with path.open("rb") as content:
                tar.addfile(entry, content)
