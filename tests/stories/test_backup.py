"""A backup taken while others publish and import, restored elsewhere, answers as the city did at that instant."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import inspect

from cityfiles import stored
from commands import Said, Wangge
from gis.storage.engine import Store
from gis.storage.migrate import migrate
from grids.explain import explained
from grids.publish import release_path
from grids.reads import editions
from grids.shelf import View
from smalltown import NOW, PARTIES, Town, found_town

AT = NOW + timedelta(days=365)
CORNERS = np.random.default_rng(7).uniform((-1, -1), (9, 5), (500, 2)).tolist()


@pytest.fixture
def busy(store_url: str, tmp_path: Path) -> Iterator[Town]:
    """The town, published once, in a home of its own."""
    (tmp_path / "home").mkdir()
    made = found_town(store_url, tmp_path / "home").fill()
    made.publish()
    yield made
    made.store.close()


@pytest.fixture(params=["sqlite", pytest.param("postgis", marks=pytest.mark.postgis)])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Wangge]:
    """Another installation with no store yet, of either kind."""
    home = tmp_path / "elsewhere"
    if request.param == "sqlite":
        yield Wangge(home)
        return
    with request.getfixturevalue("postgis_cluster").database() as url:
        yield Wangge(home, store=url)


@dataclass
class Others:
    """Somebody who goes on importing and publishing: the names of all parties are those of the newest version."""

    town: Town
    done: int = 0
    ended: threading.Event = field(default_factory=threading.Event)
    going: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        town = Town(Store(url_of(self.town.store)), self.town.folder / "theirs")
        town.folder.mkdir()
        publisher = Town(town.store, self.town.folder)
        try:
            while not self.ended.is_set():
                self.done += 1
                names = [party | {"name": f"第{self.done}版{party['name']}"} for party in PARTIES]
                moment = NOW + timedelta(minutes=self.done)
                town.table("parties", names, now=moment)
                publisher.publish(["warnings"], moment)
                if self.done > 1:
                    self.going.set()
        finally:
            self.going.set()
            town.store.close()


def url_of(store: Store) -> str:
    return store.url.render_as_string(hide_password=False)


def answers(view: View) -> list[Any]:
    """What is answered at 500 places in and around the town."""
    lons, lats = 117.02 + np.array(CORNERS)[:, 0] / 1000, 36.66 + np.array(CORNERS)[:, 1] / 1000
    found = []
    for lon, lat in zip(lons.tolist(), lats.tolist(), strict=True):
        for matter in (None, "C0101"):
            found.append(explained(next(view.resolver.answers(lon, lat, [matter], 20.0)), view.resolver))
    return found


def test_a_backup_under_load_answers_elsewhere_as_the_city_did(busy: Town, elsewhere: Wangge, tmp_path: Path) -> None:
    others, here = Others(busy), Wangge(busy.folder, store=url_of(busy.store))
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(others.work)
        try:
            assert others.going.wait(60)
            before = others.done
            taken = [here.do("backup", tmp_path / f"{n}.wgb", "--json").json for n in range(3)]
        finally:
            others.ended.set()
        work.result(60)
    assert others.done > before, "somebody did write meanwhile"
    restored = elsewhere.do("restore", tmp_path / "2.wgb", "--json").json
    number = taken[2]["newest_version"]
    assert [release["version"] for release in restored["releases"] if release["ok"]][-1] == number

    there = Town(Store(elsewhere.settings.get("WANGGE_STORE", f"sqlite:///{elsewhere.home}/wangge.db")), elsewhere.home)
    with busy.store.read() as source, there.store.read() as copy:
        held = editions(copy)
        assert held == editions(source)[:number]
        counts = {name: rows_in(copy, name) for name in inspect(copy.connection()).get_table_names()}
    assert {table["name"]: table["rows"] for table in taken[2]["tables"]}.items() <= counts.items()
    for edition in (held[-1], held[0]):
        known = edition.recorded_at
        mine, theirs = busy.shelf().required(AT, known), there.shelf().required(AT, known)
        assert theirs.release.digest == mine.release.digest == edition.digest
        name = "历下区城管局" if edition.number == 1 else f"第{edition.number - 1}版历下区城管局"
        assert theirs.release.parties["LXC"].name == name
        assert answers(theirs) == answers(mine)
    there.store.close()
    assert elsewhere("doctor").code == 0


def rows_in(session: Any, table: str) -> int:
    return int(session.connection().exec_driver_sql(f'SELECT count(*) FROM "{table}"').scalar_one())


def test_a_backup_says_what_it_holds_and_is_verified_without_a_store(town: Wangge, tmp_path: Path) -> None:
    said = town.do("backup", tmp_path / "a.wgb")
    assert "newest version 1" in said.out
    assert (tmp_path / "a.wgb").stat().st_mode & 0o777 == 0o600
    other = Wangge(tmp_path / "other")
    told = other.do("restore", tmp_path / "a.wgb", "--check", "--json").json
    assert (told["restored"], told["newest_version"], told["store"]) == (False, 1, "sqlite")
    assert {table["name"]: table["rows"] for table in told["tables"]}.items() <= stored(town).items()
    assert "whole: " in other.do("restore", tmp_path / "a.wgb", "--check").out
    assert not other.home.exists()


def test_what_is_restored_answers_and_may_be_worked_on(town: Wangge, tmp_path: Path) -> None:
    town.do("key", "create", "hotline")
    town.do("backup", tmp_path / "a.wgb")
    other = Wangge(tmp_path / "other")
    assert "release 1: built, as recorded" in other.do("restore", tmp_path / "a.wgb").out
    assert stored(other) == stored(town)
    where = ("owner", 121.475, 31.235, "--at", "2026-12-01T00:00:00+08:00", "--json")
    assert other.do(*where).json == town.do(*where).json
    assert release_path(other.home, 1).read_bytes() == release_path(town.home, 1).read_bytes()
    (tmp_path / "more.csv").write_text("code,name,kind\nNEW,新单位,department\n", "utf-8")
    other.do("import", "parties", tmp_path / "more.csv", "--merge", "--commit")
    assert other.do("publish", "--accept", "warnings", "--json").json["version"] == 2
    other.do("key", "create", "phones")
    assert [key["name"] for key in other.do("key", "list", "--json").json["keys"]] == ["hotline", "phones"]


def refused(said: Said, code: int, *words: str) -> None:
    assert said.code == code, said.all
    assert len(said.err.splitlines()) == 1, said.err
    assert all(word in said.err for word in words), said.err


def test_a_store_in_use_is_left_as_it_is(town: Wangge, tmp_path: Path) -> None:
    town.do("backup", tmp_path / "a.wgb")
    before = stored(town)
    refused(town("restore", tmp_path / "a.wgb"), 1, "holds rows of", "WANGGE_HOME")
    assert stored(town) == before


def test_a_damaged_backup_writes_nothing(town: Wangge, tmp_path: Path) -> None:
    path = tmp_path / "a.wgb"
    town.do("backup", path)
    whole = path.read_bytes()
    other = Wangge(tmp_path / "other")
    for at in (5, len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        refused(other("restore", path), 2, "a.wgb", "damaged")
        assert not other.home.exists()
    path.write_bytes(whole)
    other.do("versions")
    before = stored(other)
    path.write_bytes(whole[:-1])
    refused(other("restore", path), 2, "a.wgb")
    assert stored(other) == before


def test_a_misspelt_home_is_not_backed_up(tmp_path: Path) -> None:
    refused(Wangge(tmp_path / "hmoe")("backup", tmp_path / "a.wgb"), 2, "no store at", "WANGGE_HOME")
    assert not (tmp_path / "a.wgb").exists()


def test_a_release_that_comes_out_otherwise_is_told(town: Wangge, tmp_path: Path) -> None:
    store = Store(f"sqlite:///{town.home}/wangge.db")
    with store.write() as session:
        session.connection().exec_driver_sql("UPDATE version SET release_sha256 = 'abc'")
    store.close()
    town.do("backup", tmp_path / "a.wgb")
    said = Wangge(tmp_path / "other")("restore", tmp_path / "a.wgb")
    assert (said.code, "release 1: WRONG" in said.out) == (1, True)


def test_the_commands_know_every_table_there_is(tmp_path: Path) -> None:
    """A model whose file nobody imports would be missing from every backup, without a word."""
    code = (
        "import json; from server.cli.backup import know_every_table; from gis.storage.base import Base; "
        "know_every_table(); print(json.dumps([*Base.metadata.tables]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    store = Store(f"sqlite:///{tmp_path}/new.db")
    migrate(store)
    made = set(inspect(store.engine).get_table_names()) - {"alembic_version"}
    store.close()
    assert set(json.loads(done.stdout)) == made
