"""What some tests need from the machine, and the loud account of those that did not run for want of it."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from browsers import find_chromium
from clusters import NoPostgis, find_postgres

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Need:
    """One marker: how it is called aloud, which fixtures imply it, whether it is met, and what to do when it is not."""

    marker: str
    name: str
    fixtures: frozenset[str]
    is_met: Callable[[], bool]
    because: str
    remedy: str


def find_real() -> Path | None:
    """The folder of the real cities: ``$WANGGE_REAL``, else ``../shared/real`` beside the checkout."""
    folder = Path(os.environ.get("WANGGE_REAL") or ROOT.parent / "shared" / "real")
    return folder if folder.is_dir() else None


def _has_postgis() -> bool:
    try:
        find_postgres()
    except NoPostgis:
        return False
    return True


NEEDS = (
    Need(
        "postgis",
        "PostGIS",
        frozenset({"postgis_cluster", "postgis_url", "postgis_database"}),
        cache(_has_postgis),
        "no PostgreSQL >= 15 with PostGIS was found",
        "as root: apt-get install -y postgresql-15-postgis-3, or ./run test as root",
    ),
    Need(
        "chromium",
        "Chromium",
        frozenset({"browser", "page_offline"}),
        cache(lambda: find_chromium() is not None),
        "no chromium is on the PATH",
        "as root: apt-get install -y chromium fonts-noto-cjk, or ./run test as root",
    ),
    Need(
        "real",
        "real cities",
        frozenset({"real_dir"}),
        cache(lambda: find_real() is not None),
        "neither $WANGGE_REAL nor ../shared/real is a folder",
        "set WANGGE_REAL to the folder of the real cities",
    ),
)


class NotRun:
    """Skips what cannot run here and says so at the very end; ``--require-all`` turns that into a failure.

    ``long`` tests are left out by choice, so they are named but never fail the run.
    """

    def __init__(self, require_all: bool, with_long: bool) -> None:
        self.require_all = require_all
        self.with_long = with_long
        self.counts: Counter[Need] = Counter()
        self.long_left_out = 0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            fixtures = set(getattr(item, "fixturenames", ()))
            for need in NEEDS:
                if need.fixtures & fixtures:
                    item.add_marker(need.marker)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if item.get_closest_marker("long") and not self.with_long:
            self.long_left_out += 1
            pytest.skip("long: give --long to run it")
        for need in NEEDS:
            if item.get_closest_marker(need.marker) and not need.is_met():
                self.counts[need] += 1
                pytest.skip(f"{need.name}: {need.because}")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        yield
        if self.counts and self.require_all and session.exitstatus in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            self._report(terminal)

    def _report(self, terminal: pytest.TerminalReporter) -> None:
        """The last lines of the run, after pytest's own summary."""
        if self.long_left_out:
            terminal.write_line(f"left out: {self.long_left_out} long tests; do: ./run test --long")
        for need, count in self.counts.items():
            line = f"NOT RUN: {need.name} ({count} tests), because {need.because}; do: {need.remedy}"
            terminal.write_line(line, red=True, bold=True)
        if self.counts and self.require_all:
            terminal.write_line("--require-all was given, so this run has FAILED", red=True, bold=True)
