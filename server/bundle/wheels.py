"""Wheels: the ones a lock names for a Python, fetched by the locked pip, and what they say of themselves."""

import email.parser
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename

from gis.errors import Refused

Say = Callable[[str], None]

_OLD_GLIBC = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
_PIP_NAMES = {
    "UV_DEFAULT_INDEX": "PIP_INDEX_URL",
    "UV_INDEX": "PIP_EXTRA_INDEX_URL",
    "UV_FIND_LINKS": "PIP_FIND_LINKS",
    "UV_INSECURE_HOST": "PIP_TRUSTED_HOST",
    "UV_NO_INDEX": "PIP_NO_INDEX",
    "UV_HTTP_TIMEOUT": "PIP_TIMEOUT",
    "SSL_CERT_FILE": "PIP_CERT",
}
"""An index that only uv is configured for serves pip too."""


@dataclass(frozen=True)
class Package:
    """What one wheel says of itself."""

    name: str
    version: str
    licence: str
    texts: tuple[str, ...]
    """Its licence files, as they are called inside the wheel."""


def pins(lock: str, python: str) -> Iterator[str]:
    """The entries of a lock that hold for a Python ("3.12") on this platform, a line each, without their markers:
    pip would compare those with the Python it runs on."""
    environment = cast(dict[str, str], default_environment())
    environment |= {"python_version": python, "python_full_version": f"{python}.0"}
    for line in lock.replace("\\\n", " ").splitlines():
        words, *hashes = line.split("--hash=")
        if not hashes:
            continue
        pin = Requirement(words.strip())
        if pin.marker is None or pin.marker.evaluate(environment):
            yield " ".join([f"{pin.name}{pin.specifier}", *(f"--hash={one.strip()}" for one in hashes)])


def fetch(wanted: Iterable[str], python: str, folder: Path, say: Say) -> None:
    """Every pinned wheel into the folder, checked against its hashes. Raises Refused with pip's reason."""
    lines = list(wanted)
    with tempfile.NamedTemporaryFile("w", suffix=".lock", encoding="utf-8") as lock:
        lock.write("\n".join(lines))
        lock.flush()
        words = ["download", "--no-deps", "--require-hashes", "--only-binary=:all:", "--python-version", python]
        command = [sys.executable, "-m", "pip", *words, "--progress-bar=off", "-d", str(folder), "-r", lock.name]
        pip = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", env=_pip_environment()
        )
        try:
            errors = _watch(pip, len(lines), say)
        finally:
            pip.kill()  # when we were stopped; otherwise it has ended
            pip.wait()
    if pip.returncode != 0:
        raise Refused(f"the wheels for Python {python} could not be fetched whole:\n" + "\n".join(errors))


def _pip_environment() -> dict[str, str]:
    environment = dict(os.environ)
    for theirs, pips in _PIP_NAMES.items():
        if theirs in environment:
            environment.setdefault(pips, environment[theirs].replace(",", " "))
    return environment


def _watch(pip: subprocess.Popen[str], count: int, say: Say) -> list[str]:
    """Say each package as pip comes to it; give the lines that tell what went wrong."""
    assert pip.stdout is not None
    begun, last = 0, ""
    errors: list[str] = []
    for line in pip.stdout:
        if match := re.match(r"(?:Collecting|Processing) (?:[^ ]*/)?([^ ]+)", line):
            begun += 1
            say(f"[{begun}/{count}] {match[1]}")
        elif errors or line.startswith("ERROR"):
            errors.append(line.rstrip())
        elif line.strip():
            last = line.rstrip()
    pip.wait()
    return errors or [last]


def glibc_of(names: Iterable[str]) -> tuple[int, int]:
    """The oldest glibc that every one of these wheels (file names) runs on; (0, 0) when none needs any."""
    return max((_glibc_of(name) for name in names), default=(0, 0))


def _glibc_of(name: str) -> tuple[int, int]:
    """A wheel may carry several tags; any that fits is enough."""
    found = []
    for tag in parse_wheel_filename(name)[3]:
        if match := re.match(r"manylinux_(\d+)_(\d+)_", tag.platform):
            found.append((int(match[1]), int(match[2])))
        else:
            found.append(_OLD_GLIBC.get(tag.platform.partition("_")[0], (0, 0)))
    return min(found)


def package_in(wheel: Path) -> Package:
    """Name, version and licence, from the wheel's own metadata."""
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
        (metadata,) = [name for name in names if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
        told = email.parser.Parser().parsestr(opened.read(metadata).decode("utf-8"), headersonly=True)
    inside = metadata.removesuffix("METADATA")
    texts = tuple(sorted(name for name in names if name.startswith(inside) and _is_licence(name)))
    classes = [line.rpartition(" :: ")[2] for line in told.get_all("Classifier", []) if line.startswith("License ::")]
    free = str(told.get("License", "")).strip().partition("\n")[0]
    licence = told.get("License-Expression") or ", ".join(classes) or free or "see its licence files"
    return Package(str(told["Name"]), str(told["Version"]), str(licence), texts)


def _is_licence(name: str) -> bool:
    if name.endswith("/"):
        return False
    return "/licenses/" in name or bool(re.search(r"/(LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*$", name, re.IGNORECASE))
