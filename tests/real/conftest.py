"""Real cities, each walked from its files to answers by the command line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from commands import Wangge


@pytest.fixture(scope="module")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Wangge]:
    """A maker of installations with nothing in them."""

    def make(**settings: str) -> Wangge:
        return Wangge(tmp_path_factory.mktemp("home"), **settings)

    return make


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what the commands write."""
    return tmp_path_factory.mktemp("work")
