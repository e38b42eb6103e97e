"""The offline installer: what goes in, what its script does and refuses, and (long) the whole way without a network."""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from gis.errors import BadInput, Refused
from server.bundle.inventory import licences
from server.bundle.making import make_bundle, pack, place_of
from server.bundle.wheels import Package, fetch, glibc_of, package_in, pins
from smallbundle import ROOT, THIS_PYTHON, TOOLS, command_of, install, write_bundle, write_wheel

LOCK = """\
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:aa
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:bb \\
    --hash=sha256:cc
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:dd
six==1.17
"""
OLD_DATA = "the city's data"


# ---- what goes in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("python", "wanted"),
    [("3.11", "numpy==2.4.6 --hash=sha256:bb --hash=sha256:cc"), ("3.13", "numpy==2.5.5 --hash=sha256:dd")],
)
def test_pins_are_those_of_the_python_asked_for_and_only_with_hashes(python: str, wanted: str) -> None:
    assert list(pins(LOCK, python)) == [wanted]


def test_the_project_s_own_locks_are_read_whole() -> None:
    for python in ("3.11", "3.12", "3.13"):
        names = [pin.partition("==")[0] for pin in pins((ROOT / "requirements.lock").read_text("utf-8"), python)]
        assert len(names) == len(set(names)) > 50
        assert "colorama" not in names
        tools = pins((ROOT / "requirements-build.lock").read_text("utf-8"), python)
        assert len([pin for pin in tools if pin.startswith("pip==")]) == 1


def test_the_oldest_glibc_is_that_of_the_most_demanding_wheel_by_its_easiest_tag() -> None:
    assert glibc_of(["rich-15.0.0-py3-none-any.whl"]) == (0, 0)
    old = "orjson-3.13.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
    easy = "pandas-3.1.1-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl"
    hard = "pyarrow-26.0.1-cp311-cp311-manylinux_2_28_x86_64.whl"
    assert glibc_of([old]) == (2, 17)
    assert glibc_of([old, easy]) == (2, 24)
    assert glibc_of([old, hard, easy]) == (2, 28)


def test_a_wheel_tells_its_licence_and_the_list_names_it(tmp_path: Path) -> None:
    package = package_in(write_wheel(tmp_path, "1.2.3"))
    assert package == Package("wangge", "1.2.3", "Apache-2.0", ())
    text = licences([package], [("leaflet", "1.9.4", "BSD-2-Clause")])
    assert "\nwangge 1.2.3: Apache-2.0\n" in text
    assert "\nleaflet 1.9.4: BSD-2-Clause\n" in text


def test_the_archive_s_bytes_depend_on_the_files_alone(tmp_path: Path) -> None:
    digests = []
    for place in ("one", "two"):
        staged = write_bundle(tmp_path / place / "wangge-1.0.0")
        os.utime(staged / "MANIFEST", (len(digests), len(digests)))
        pack(staged, tmp_path / f"{place}.tar.gz")
        digests.append(hashlib.sha256((tmp_path / f"{place}.tar.gz").read_bytes()).hexdigest())
    assert digests[0] == digests[1]
    with tarfile.open(tmp_path / "one.tar.gz") as opened:
        assert opened.getmember("wangge-1.0.0/install").mode == 0o755
        assert {entry.uid for entry in opened} == {0}


@pytest.mark.parametrize("name", ["b.zip", "b.tar", "there", "no/such/b.tar.gz"])
def test_a_place_is_refused_before_any_work(tmp_path: Path, name: str) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(BadInput, match=name.replace(".", r"\.")):
        place_of(tmp_path / name)
    assert place_of(tmp_path / "wangge-0.1.0") == tmp_path / "wangge-0.1.0"
    assert place_of(tmp_path / "b.tar.gz") == tmp_path / "b.tar.gz"


def _pip_looks_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The locked pip, with one folder as its only index, said in uv's words as on a machine that has uv alone."""
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    settings = {"UV_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "UV_FIND_LINKS": str(folder)}
    for name, value in {"PYTHONPATH": str(TOOLS), **settings}.items():
        monkeypatch.setenv(name, value)


def test_a_wheel_that_cannot_be_had_leaves_nothing_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pip_looks_in(tmp_path, monkeypatch)
    with pytest.raises(Refused, match=r"Python 3\.12 .*\n(.*\n)*.*wangge==9"):
        fetch([f"wangge==9 --hash=sha256:{'0' * 64}"], "3.12", tmp_path / "wheels", lambda words: None)
    with pytest.raises(Refused, match="alembic"):
        make_bundle(ROOT, tmp_path / "b.tar.gz", [THIS_PYTHON], lambda words: None)
    assert [path.name for path in tmp_path.iterdir()] == ["wheels"]


def test_a_wheel_is_fetched_only_as_its_hash_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = write_wheel(tmp_path, "1.0.0")
    _pip_looks_in(tmp_path, monkeypatch)
    said: list[str] = []
    right = hashlib.sha256(wheel.read_bytes()).hexdigest()
    fetch([f"wangge==1.0.0 --hash=sha256:{right}"], THIS_PYTHON, tmp_path / "wheels", said.append)
    assert [path.name for path in (tmp_path / "wheels").iterdir()] == [wheel.name]
    assert len(said) == 1
    assert said[0].startswith("[1/1] wangge")
    with pytest.raises(Refused, match="DO NOT MATCH"):
        fetch([f"wangge==1.0.0 --hash=sha256:{'0' * 64}"], THIS_PYTHON, tmp_path / "others", said.append)


# ---- the installer --------------------------------------------------------------------------------------------------


def test_it_installs_once_upgrades_in_place_and_keeps_data_and_settings(tmp_path: Path) -> None:
    prefix = tmp_path / "城市" / "grid"
    first, second = (write_bundle(tmp_path / f"b{number}", f"{number}.0.0") for number in (1, 2))
    done = install(first, prefix)
    assert done.returncode == 0, done.stderr
    assert command_of(prefix, "--version").stdout == "1.0.0\n"
    assert command_of(prefix, "WANGGE_HOME").stdout == f"{prefix}/var\n"
    (prefix / "var" / "wangge.db").write_text(OLD_DATA)
    (prefix / "etc" / "wangge.env").write_text("WANGGE_PORT=9000\n")

    again = install(first, prefix)
    assert (again.returncode, "nothing was changed" in again.stdout) == (0, True), again.stderr
    done = install(second, prefix)
    assert (done.returncode, "migrate" in done.stdout) == (0, True), done.stderr
    assert command_of(prefix, "--version").stdout == "2.0.0\n"
    assert (prefix / "var" / "wangge.db").read_text() == OLD_DATA
    assert command_of(prefix, "WANGGE_PORT").stdout == "9000\n"
    assert len(list((prefix / "versions").glob("*.0.0-*"))) == 2


def test_a_new_program_that_does_not_run_leaves_the_old_one_in_place(tmp_path: Path) -> None:
    prefix = tmp_path / "grid"
    assert install(write_bundle(tmp_path / "b1"), prefix).returncode == 0
    done = install(write_bundle(tmp_path / "b2", "2.0.0", works=False), prefix)
    assert done.returncode == 1
    assert "nothing was changed" in done.stderr
    assert command_of(prefix, "--version").stdout == "1.0.0\n"
    assert len(list((prefix / "versions").glob("*.0.0-*"))) == 1


@pytest.mark.parametrize("damage", ["changed", "missing", "foreign"])
def test_a_wheel_that_is_not_the_one_packed_is_never_installed(tmp_path: Path, damage: str) -> None:
    """Changed or missing, the checksums tell; exchanged together with them, the hash in the lock does."""
    bundle = write_bundle(tmp_path / "b")
    (wheel,) = (bundle / "wheels").glob("wangge-*.whl")
    if damage == "missing":
        wheel.unlink()
    else:
        old = hashlib.sha256(wheel.read_bytes()).hexdigest()
        wheel.write_bytes(wheel.read_bytes() + b"x")
        if damage == "foreign":
            sums = bundle / "SHA256SUMS"
            sums.write_text(sums.read_text().replace(old, hashlib.sha256(wheel.read_bytes()).hexdigest()))
    done = install(bundle, tmp_path / "grid")
    assert done.returncode == 1
    assert ("DO NOT MATCH" in done.stderr) if damage == "foreign" else (wheel.name in done.stderr)
    assert not list(tmp_path.glob("grid/versions/*"))
    assert not (tmp_path / "grid" / "venv").exists()


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"machine": "loongarch64"}, "for Linux loongarch64, and this is Linux"),
        ({"system": "Darwin"}, "this bundle is for Darwin"),
        ({"python": "3.8 3.9"}, "needs Python 3.8 or 3.9;"),
        ({"glibc": "9.9"}, "needs glibc 9.9 or newer"),
    ],
)
def test_another_machine_is_refused_and_told_why(tmp_path: Path, facts: dict[str, str], told: str) -> None:
    done = install(write_bundle(tmp_path / "b", **facts), tmp_path / "grid")
    assert done.returncode == 1
    assert told in done.stderr
    assert not (tmp_path / "grid").exists()


def test_a_place_that_will_not_do_is_refused(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "b")
    assert "no blanks, quotes" in install(bundle, tmp_path / "a city").stderr
    assert "cannot be written to" in install(bundle, "/proc/grid").stderr
    (tmp_path / "own" / "venv").mkdir(parents=True)
    assert "was not made by this installer" in install(bundle, tmp_path / "own").stderr
    assert "one folder at most" in install(bundle, "a", "b").stderr


def test_the_command_reads_its_settings_and_never_runs_them(tmp_path: Path) -> None:
    prefix = tmp_path / "grid"
    assert install(write_bundle(tmp_path / "b"), prefix).returncode == 0
    settings = prefix / "etc" / "wangge.env"
    url = "postgresql+psycopg://w:$(id)@h/db?sslmode=disable&application_name=x y"
    settings.write_text(f"# 设置\r\n\nWANGGE_STORE={url}\r\nWANGGE_PORT=9000")
    assert command_of(prefix, "WANGGE_STORE").stdout == f"{url}\n"
    assert command_of(prefix, "WANGGE_PORT").stdout == "9000\n"
    assert command_of(prefix, "WANGGE_PORT", WANGGE_PORT="1").stdout == "1\n"
    (tmp_path / "link").symlink_to(prefix / "bin" / "wangge")
    linked = subprocess.run([tmp_path / "link", "WANGGE_HOME"], capture_output=True, text=True, check=True)
    assert linked.stdout == f"{prefix}/var\n"
    settings.write_text("PORT=9000\n")
    done = command_of(prefix, "WANGGE_PORT")
    assert (done.returncode, "PORT=9000" in done.stderr) == (2, True)


# ---- the whole way --------------------------------------------------------------------------------------------------

LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
with socket.socket() as raised:
    fcntl.ioctl(raised, 0x8914, struct.pack("16sh22x", b"lo", 0x41))
with socket.socket() as outward:
    outward.settimeout(2)
    assert outward.connect_ex(("192.0.2.1", 80)), "there is a network"
os.execv(sys.argv[1], sys.argv[1:])
"""


def _offline(home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a command where the kernel has no network but loopback, in an empty folder, with an empty environment."""
    cut = ["unshare", "-n"] if os.getuid() == 0 else ["unshare", "-rn"]
    python = str(Path("/proc/self/exe").resolve())
    command = [*cut, python, "-I", "-c", LOOPBACK_UP, *map(str, words)]
    kept = {"HOME": str(home), "PATH": os.defpath, "WANGGE_PYTHON": python}
    return subprocess.run(command, cwd=home, env=kept, capture_output=True, encoding="utf-8", check=False, timeout=300)


@pytest.mark.long
def test_a_bundle_made_here_installs_and_proves_itself_without_a_network(tmp_path: Path) -> None:
    archive, home, prefix = tmp_path / "bundle.tar.gz", tmp_path / "home", tmp_path / "grid"
    home.mkdir()
    made = subprocess.run([ROOT / "run", "bundle", archive, "--python", THIS_PYTHON], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert made.stdout.split() == [hashlib.sha256(archive.read_bytes()).hexdigest(), "bundle.tar.gz"]
    (tmp_path / "medium").mkdir()
    subprocess.run(["tar", "-xzf", archive, "-C", tmp_path / "medium"], check=True)
    archive.unlink()
    (bundle,) = (tmp_path / "medium").iterdir()
    _check_it_names_no_address(bundle)

    done = _offline(home, bundle / "install", prefix)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(bundle)
    done = _offline(home, prefix / "bin" / "wangge", "demo", "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["checks"]["map page is served"] is True
    assert _offline(home, prefix / "bin" / "wangge", "migrate").returncode == 0
    done = _offline(home, prefix / "bin" / "wangge", "doctor", "--json")
    assert done.returncode == 0, done.stdout
    (vendor,) = prefix.glob("venv/lib/python*/site-packages/server/web/vendor")
    for name, entry in json.loads((vendor / "manifest.json").read_text("utf-8"))["files"].items():
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == entry["sha256"], name
    assert list(home.iterdir()) == []


def _check_it_names_no_address(bundle: Path) -> None:
    """What we wrote holds no index; the licence texts and the wheels are others' words."""
    for path in bundle.iterdir():
        if path.is_file() and path.name not in ("LICENSE", "LICENSES.txt"):
            text = path.read_text("utf-8").replace("postgresql+psycopg://", "")
            assert "://" not in text, path.name
            assert "index-url" not in text, path.name
