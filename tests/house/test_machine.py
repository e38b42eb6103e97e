"""The tests' own ground: the private cluster, the browser that stays at home, the account of what did not run."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from browsers import OfflinePage
from clusters import Cluster


def test_a_fresh_database_has_postgis_and_nothing_else(postgis_database: str) -> None:
    engine = create_engine(postgis_database)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT PostGIS_Lib_Version()"))
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'spatial_ref_sys'"
        assert connection.scalar(text(tables)) == 0
    engine.dispose()


def test_a_dropped_database_is_gone_even_with_a_guest(postgis_cluster: Cluster) -> None:
    with postgis_cluster.database() as url:
        guest = psycopg.connect(url.replace("+psycopg", ""))
    with pytest.raises(psycopg.OperationalError):
        guest.execute("SELECT 1")
    guest.close()


def test_the_default_collation_is_not_code_point_order(postgis_url: str) -> None:
    """So that a query which forgets ``COLLATE "C"`` is noticed."""
    engine = create_engine(postgis_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 'a' < 'B'")) is True
        assert connection.scalar(text("SELECT 'a' COLLATE \"C\" < 'B'")) is False
    engine.dispose()


def test_both_stores_answer(store_url: str) -> None:
    engine = create_engine(store_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()


def test_a_page_reaches_nothing_outside(page_offline: Callable[..., OfflinePage], tmp_path: Path) -> None:
    inside = tmp_path / "page.html"
    inside.write_text('<title>网格</title><img src="https://example.com/x.png"><script>throw 1</script>', "utf-8")
    watched = page_offline()
    watched.page.goto(inside.as_uri())
    assert watched.page.title() == "网格"
    assert watched.outside == ["https://example.com/x.png"]
    assert len(watched.failed) == 1
    assert watched.errors


def test_the_real_cities_are_there(real_dir: Path) -> None:
    assert any(real_dir.iterdir())


SUITE = """
import pytest
def test_runs(): pass
@pytest.mark.postgis
def test_needs_a_database(): raise AssertionError("never reached")
@pytest.mark.long
def test_takes_long(): raise AssertionError("never reached")
"""
POOR_MACHINE = """
import dataclasses, needs
needs.NEEDS = tuple(dataclasses.replace(need, is_met=lambda: False) for need in needs.NEEDS)
"""


@pytest.mark.parametrize(("arguments", "status"), [([], 0), (["--require-all"], 1)])
def test_what_did_not_run_is_said_last_and_may_fail_the_run(tmp_path: Path, arguments: list[str], status: int) -> None:
    tests = Path(__file__).resolve().parents[1]
    (tmp_path / "conftest.py").write_text(POOR_MACHINE + (tests / "conftest.py").read_text("utf-8"), "utf-8")
    (tmp_path / "test_suite.py").write_text(SUITE, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n postgis\n chromium\n real\n long\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(tests)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    said = [line for line in lines if line.startswith("NOT RUN: PostGIS (1 tests), because no PostgreSQL")]
    assert said
    assert lines.index(said[0]) > next(number for number, line in enumerate(lines) if "1 passed" in line)
    assert done.returncode == status, done.stdout
