"""Installations to tell stories of: one with nothing in it, one that answers for the town of `cityfiles`."""

import shutil
from pathlib import Path

import pytest

from cityfiles import fill, write_town
from commands import Wangge


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The town's files, all good."""
    return write_town(tmp_path / "files")


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose store is made and empty."""
    home = tmp_path_factory.mktemp("blank") / "home"
    Wangge(home).do("versions")
    return home


@pytest.fixture
def wangge(blank: Path, tmp_path: Path) -> Wangge:
    """An installation with nothing in it."""
    shutil.copytree(blank, tmp_path / "home")
    return Wangge(tmp_path / "home")


@pytest.fixture(scope="session")
def standing(blank: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that has published the town as version 1."""
    folder = tmp_path_factory.mktemp("standing")
    shutil.copytree(blank, folder / "home")
    town = Wangge(folder / "home")
    fill(town, write_town(folder / "files"))
    town.do("publish")
    return folder / "home"


@pytest.fixture
def town(standing: Path, tmp_path: Path) -> Wangge:
    """An installation that answers for the town."""
    shutil.copytree(standing, tmp_path / "town")
    return Wangge(tmp_path / "town")
