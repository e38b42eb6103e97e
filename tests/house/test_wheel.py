"""What is inside the wheel, because everything a user gets comes out of it."""

import hashlib
import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("gis", "grids", "routing", "maps", "data", "server")
VENDOR = "server/web/vendor/"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = str(tmp_path_factory.mktemp("wheel"))
    (built,) = WheelBuilder(str(ROOT)).build(directory=folder, versions=["standard"])
    with zipfile.ZipFile(built) as opened:
        yield opened


def _tree_of(part: str) -> set[str]:
    files = (path for path in (ROOT / part).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(ROOT).as_posix() for path in files}


@pytest.mark.parametrize("part", PARTS)
def test_the_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile, part: str) -> None:
    """A careless line in .gitignore would silently empty ``data``."""
    assert _tree_of(part) <= set(wheel.namelist())
    assert f"{part}/__init__.py" in wheel.namelist()


def test_the_wheel_holds_the_migrations(wheel: zipfile.ZipFile) -> None:
    wanted = {name.replace("alembic/", "gis/storage/migrations/", 1) for name in _tree_of("alembic")}
    assert "gis/storage/migrations/env.py" in wanted
    assert wanted <= set(wheel.namelist())


def test_the_wheel_holds_nothing_else_at_its_top(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PARTS)
    assert not [name for name in wheel.namelist() if "__pycache__" in name]


def test_the_web_assets_are_whole_and_licensed(wheel: zipfile.ZipFile) -> None:
    manifest = json.loads(wheel.read(f"{VENDOR}manifest.json"))
    licensed = {entry["package"] for name, entry in manifest["files"].items() if "LICENSE" in name}
    assert {entry["package"] for entry in manifest["files"].values()} == licensed
    for name, entry in manifest["files"].items():
        assert hashlib.sha256(wheel.read(VENDOR + name)).hexdigest() == entry["sha256"], name


def test_the_wheel_carries_the_licence_and_the_command(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]
    (points,) = [name for name in names if name.endswith("entry_points.txt")]
    assert "wangge = server.cli.main:run" in wheel.read(points).decode()


def test_the_sdist_holds_what_its_wheel_needs(tmp_path: Path) -> None:
    (built,) = SdistBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with tarfile.open(built) as opened:
        names = {name.split("/", 1)[1] for name in opened.getnames()}
    assert {"pyproject.toml", "hatch_build.py", "package.json", "package-lock.json", ".npmrc", "LICENSE"} <= names
    assert {"alembic/env.py", "data/__init__.py", "server/cli/__init__.py"} <= names
    assert not [name for name in names if name.startswith((".venv", ".cache", "node_modules", VENDOR, "var/"))]
