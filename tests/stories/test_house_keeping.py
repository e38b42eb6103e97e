"""Keys, the doctor, migrations, help; and that help loads nothing heavy."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from cityfiles import stored
from commands import Wangge
from server.cli.main import COMMANDS

HEAVY = {
    "sqlalchemy",
    "geopandas",
    "pandas",
    "folium",
    "fastapi",
    "pyarrow",
    "shapely",
    "numpy",
    "uvicorn",
}


def test_keys_are_shown_once_kept_as_a_hash_and_revoked(wangge: Wangge) -> None:
    assert wangge.do("key", "list").out.strip() == "no keys"
    key = wangge.do("key", "create", "hotline", "--scope", "read", "--scope", "reports").out.strip()
    assert re.fullmatch(r"wg_[\w-]{40,}", key)
    (row,) = wangge.do("key", "list", "--json").json["keys"]
    assert (row["name"], row["scopes"], row["revoked_at"]) == ("hotline", "read reports", None)
    assert key not in wangge.do("key", "list").all
    assert key.encode() not in b"".join(path.read_bytes() for path in wangge.home.glob("wangge.db*"))
    wangge.do("key", "revoke", row["id"])
    (row,) = wangge.do("key", "list", "--json").json["keys"]
    assert row["revoked_at"]


def test_the_doctor_finds_a_sound_house_sound(town: Wangge) -> None:
    checks = {check["what"]: check for check in town.do("doctor", "--json").json["checks"]}
    assert {"wangge", "disk", "store", "schema", "release 1"} <= checks.keys()
    assert all(check["ok"] for check in checks.values())
    assert town.do("doctor").out.startswith("ok ")


def test_the_doctor_says_what_is_wrong(wangge: Wangge, tmp_path: Path) -> None:
    fresh = Wangge(tmp_path / "fresh")
    said = fresh("doctor")
    assert said.code == 1
    assert "run `wangge migrate`" in said.out
    (tmp_path / "fresh/wangge.db").write_bytes(b"SQLite format 3\0" + b"rubbish" * 1000)
    said = fresh("doctor")
    assert said.code == 1
    assert "BAD  store" in said.out
    away = Wangge(wangge.home, store="postgresql+psycopg://nobody:secret@127.0.0.1:1/none")
    said = away("doctor")
    assert said.code == 1
    assert "secret" not in said.all


def test_migrate_makes_a_store_and_may_be_run_again(tmp_path: Path) -> None:
    wangge = Wangge(tmp_path / "new")
    assert re.search(r"schema none -> \w+", wangge.do("migrate").err)
    before = stored(wangge)
    wangge.do("migrate")
    assert stored(wangge) == before


def test_a_store_that_cannot_be_reached_is_one_line(wangge: Wangge) -> None:
    away = Wangge(wangge.home, store="postgresql+psycopg://nobody:secret@127.0.0.1:1/none")
    said = away("versions")
    assert said.code == 1
    assert "secret" not in said.all
    assert len(said.err.splitlines()) == 1, said.err


def test_a_file_that_is_no_store_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "wangge.db").write_bytes(b"not a database, but long enough to be looked at" * 100)
    said = Wangge(tmp_path)("versions")
    assert said.code == 1
    assert len(said.err.splitlines()) == 1, said.err


def test_help_is_for_every_command(wangge: Wangge) -> None:
    overview = wangge.do("--help").out
    for name in COMMANDS:
        assert f"  {name}" in overview
        assert "Usage: wangge" in wangge.do(name, "--help").out
    assert wangge().code == 2
    assert re.fullmatch(r"\d+\.\d+.*", wangge.do("--version").out.strip())


def test_help_answers_at_once_and_loads_nothing_heavy() -> None:
    program = Path(sys.executable).with_name("wangge")
    assert program.exists() or shutil.which("wangge")
    done = subprocess.run([program, "--help"], capture_output=True, text=True, check=True)
    assert "Usage: wangge" in done.stdout
    code = "import sys; from server.cli.main import code_of; code_of(['--help']); print(*sys.modules, file=sys.stderr)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr.split()
    assert not HEAVY & set(loaded), HEAVY & set(loaded)


def test_the_exit_code_reaches_the_shell(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("wangge")
    environment = {"PATH": "/usr/bin:/bin", "WANGGE_HOME": str(tmp_path)}
    for words, code in ((["versions"], 0), (["report", "count"], 0), (["publish"], 2), (["nonsense"], 2)):
        done = subprocess.run([program, *words], capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
