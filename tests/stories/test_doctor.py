"""What the doctor says of an installation that is not quite well, and which of it ends with 1."""

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from commands import Wangge
from gis.storage.engine import Store
from server.cli.checks import _older


def checks(wangge: Wangge, code: int = 0) -> dict[str, dict[str, Any]]:
    said = wangge("doctor", "--json")
    assert said.code == code, said.all
    return {check["what"]: check for check in said.json["checks"]}


def change(wangge: Wangge, statement: str) -> None:
    store = Store(f"sqlite:///{wangge.home}/wangge.db")
    with store.write() as session:
        session.connection().exec_driver_sql(statement)
    store.close()


def age(path: Path) -> None:
    old = time.time() - 7200
    os.utime(path, (old, old))


def test_a_sound_house_is_all_ok(town: Wangge) -> None:
    town.home.chmod(0o700)
    assert {check["level"] for check in checks(town).values()} == {"ok"}


def test_a_home_that_everybody_may_look_into(town: Wangge) -> None:
    town.home.chmod(0o755)
    found = checks(town)["home"]
    assert (found["level"], found["ok"]) == ("warning", True)
    assert f"chmod 700 {town.home}" in found["detail"]
    assert "warn home: " in town.do("doctor").out


def test_what_a_killed_program_left_behind(town: Wangge) -> None:
    left = [town.home / "releases" / ".000002.wgr.abc.tmp", town.home / ".upstream.json.77.part"]
    for path in left:
        path.write_text("half")
    assert checks(town)["leftovers"]["level"] == "ok", "it may still be at it"
    for path in left:
        age(path)
    found = checks(town)["leftovers"]
    assert found["level"] == "warning"
    assert all(str(path) in found["detail"] for path in left)


def test_a_release_of_no_version(town: Wangge) -> None:
    stray = town.home / "releases" / "000009.wgr"
    shutil.copy(town.home / "releases" / "000001.wgr", stray)
    age(stray)
    found = checks(town)["stray releases"]
    assert (found["level"], "000009.wgr" in found["detail"]) == ("warning", True)


def test_release_files_missing_and_damaged(town: Wangge) -> None:
    for _ in range(5):
        town.do("import", "parties", parties(town), "--merge", "--commit")
        town.do("publish", "--accept", "warnings")
    releases = town.home / "releases"
    (releases / "000001.wgr").unlink()
    (releases / "000002.wgr").write_bytes(b"rubbish")
    (releases / "000006.wgr").write_bytes(b"rubbish")
    found = checks(town)
    assert found["older releases"]["level"] == found["release 6"]["level"] == "warning"
    assert "1, 2 missing or damaged" in found["older releases"]["detail"]
    assert "made whole just now" in found["release 6"]["detail"]
    assert checks(town)["release 6"]["level"] == "ok"


def parties(town: Wangge) -> Path:
    path = town.home.parent / "more.csv"
    path.write_text("code,name,kind\nCITY,城管局,department\n", "utf-8")
    return path


def test_a_release_that_cannot_be_had_again_is_bad(town: Wangge) -> None:
    change(town, "UPDATE version SET release_sha256 = 'abc'")
    found = checks(town, 1)["release 1"]
    assert (found["ok"], "restore a backup" in found["detail"]) == (False, True)


def test_a_draft_that_was_overtaken(town: Wangge) -> None:
    for draft in ("first", "second"):
        town.do("import", "parties", parties(town), "--merge", "--draft", draft, "--commit")
    assert checks(town)["drafts"]["detail"] == "first, second"
    town.do("publish", "--draft", "second", "--accept", "warnings")
    found = checks(town)["drafts"]
    assert (found["level"], "version 2 was published after first began" in found["detail"]) == ("warning", True)


def test_a_version_of_the_future_means_a_wrong_clock(town: Wangge) -> None:
    change(town, "UPDATE version SET recorded_at = '2199-01-01 00:00:00.000000'")
    assert "version 1 was recorded at 2199-01-01" in checks(town, 1)["times"]["detail"]


def test_an_open_address_without_a_key(town: Wangge) -> None:
    outside = Wangge(town.home, host="0.0.0.0")
    assert "key create" in checks(outside)["keys"]["detail"]
    outside.do("key", "create", "hotline", "--scope", "admin")
    assert checks(outside)["keys"]["detail"].startswith("1 hold, 1 of them admin")


def test_an_upstream_that_is_gone(town: Wangge) -> None:
    replica = Wangge(town.home, upstream="http://127.0.0.1:9")
    found = checks(replica, 1)
    assert found["upstream"]["level"] == "warning"
    assert found["releases"]["level"] == "bad", "nothing was fetched before"


@pytest.mark.postgis
def test_postgis_tells_its_versions_and_its_clock(tmp_path: Path, postgis_database: str) -> None:
    city = Wangge(tmp_path / "home", store=postgis_database)
    store = Store(postgis_database)
    with store.write() as session:
        session.execute(text("DROP EXTENSION postgis CASCADE"))
    store.close()
    assert "`wangge migrate` creates it" in checks(city, 1)["store"]["detail"]
    city.do("migrate")
    found = checks(city)
    assert {"store", "size", "clocks", "schema"} <= found.keys()
    assert {check["level"] for check in found.values()} == {"ok"}
    assert found["store"]["detail"].startswith("PostgreSQL ")
    assert "PostGIS 3." in found["store"]["detail"]


@pytest.mark.parametrize(
    ("found", "old"), [("3.3.2", False), ("3.10.0", False), ("3.2.9", True), ("2.5.5", True), ("4.0dev", False)]
)
def test_versions_are_compared_as_numbers(found: str, old: bool) -> None:
    assert _older(found, (3, 3)) is old
