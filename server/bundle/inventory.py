"""What a bundle says of itself: manifest, licences, checksums, and the files that are shipped as they are."""

import hashlib
import json
import platform
import shutil
import subprocess
import zipfile
from collections.abc import Iterable
from pathlib import Path

from server.bundle.wheels import Package, glibc_of, package_in

SHIPPED = Path(__file__).parent / "shipped"
_PROGRAMS = ("install", "wangge")
_VENDOR = "server/web/vendor/manifest.json"


def write_texts(checkout: Path, staged: Path, wheel: Path, pythons: list[str]) -> None:
    """All that is no wheel, except the checksums."""
    for source in SHIPPED.iterdir():
        shutil.copyfile(source, staged / source.name)
    for name in ("LICENSE", "requirements.lock"):
        shutil.copyfile(checkout / name, staged / name)
    wheels = sorted((staged / "wheels").iterdir())
    packages = [package_in(path) for path in wheels]
    version = package_in(wheel).version
    (staged / "wangge.lock").write_text(f"wangge=={version} --hash=sha256:{sha256_of(wheel)}\n", "utf-8")
    (staged / "LICENSES.txt").write_text(licences(packages, _web_packages(checkout, wheel)), "utf-8")
    (pip,) = (staged / "wheels").glob("pip-*.whl")
    facts = {
        "wangge": version,
        "source": _commit(checkout),
        "system": platform.system(),
        "machine": platform.machine(),
        "glibc": ".".join(map(str, glibc_of(path.name for path in wheels))),
        "python": " ".join(pythons),
        "pip": f"wheels/{pip.name}",
        "wheels": len(wheels),
    }
    (staged / "MANIFEST").write_text("".join(f"{name} {value}\n" for name, value in facts.items()), "utf-8")


def licences(packages: Iterable[Package], web: Iterable[tuple[str, str, str]]) -> str:
    """The list of all that is inside and its licences, as a page of text."""
    lines = [
        "What this bundle holds, and under which licence. 本安装包所含软件及其许可。",
        "",
        "The texts stand inside each wheel (a zip file) at the paths given; a wheel of compiled code may carry",
        "further libraries (GDAL, GEOS, PROJ, Arrow, ...), whose licences stand there too.",
        "",
    ]
    for package in packages:
        lines.append(f"{package.name} {package.version}: {package.licence}")
        lines += [f"    {text}" for text in package.texts]
    lines += ["", "Scripts and styles of the web pages, inside the wheel of wangge, licence texts beside them:", ""]
    lines += [f"{name} {version}: {licence}" for name, version, licence in web]
    return "\n".join(lines) + "\n"


def _web_packages(checkout: Path, wheel: Path) -> list[tuple[str, str, str]]:
    known = json.loads((checkout / "package-lock.json").read_text("utf-8"))["packages"]
    with zipfile.ZipFile(wheel) as opened:
        files = json.loads(opened.read(_VENDOR))["files"].values()
    found = {(entry["package"], entry["version"]) for entry in files}
    return [
        (name, version, known[f"node_modules/{name}"].get("license", "see its text")) for name, version in sorted(found)
    ]


def _commit(checkout: Path) -> str:
    """The checkout's commit, "-dirty" after it when files differ; "unknown" outside git."""
    try:
        command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
        done = subprocess.run(command, cwd=checkout, capture_output=True, encoding="utf-8", check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def seal(staged: Path) -> None:
    """SHA256SUMS over every other file, as sha256sum reads it; and modes that no umask has bent."""
    lines = [f"{sha256_of(path)}  {path.relative_to(staged).as_posix()}\n" for path in files_of(staged)]
    (staged / "SHA256SUMS").write_text("".join(lines), "utf-8")
    for path in files_of(staged):
        path.chmod(0o755 if path.name in _PROGRAMS else 0o644)


def files_of(folder: Path) -> list[Path]:
    """Every file below the folder, in the order of their names."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def sha256_of(path: Path) -> str:
    """The file's digest in hexadecimal."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
