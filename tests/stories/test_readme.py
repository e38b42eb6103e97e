"""The README, typed by a new user: every command in its order, in a folder of its own."""

import re
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PORT = 8321
SERVING = ("./run demo", "./run serve")


def _commands() -> list[str]:
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that has only `run`, as the README sees it."""
    (tmp_path / "run").symlink_to(ROOT / "run")
    return tmp_path


def test_every_readme_command_runs_in_its_order(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANGGE_HOME", "WANGGE_STORE"):
        monkeypatch.delenv(name, raising=False)
    served: list[subprocess.Popen[bytes]] = []
    try:
        for command in _commands():
            if command in SERVING:
                for earlier in served:
                    _stop(earlier)
                served.append(subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=checkout))
                _wait_until_ready()
                continue
            done = subprocess.run(["bash", "-c", command], cwd=checkout, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
            if command.startswith("curl"):
                assert '"version":1' in done.stdout or '"total":3000' in done.stdout, done.stdout
        assert (checkout / "heat.html").stat().st_size > 100_000
        assert (checkout / "cells.geojson").is_file()
    finally:
        for server in served:
            _stop(server)


def _wait_until_ready() -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=5):
                return
        except OSError:
            assert time.monotonic() < deadline, "the service did not get ready"
            time.sleep(0.2)


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    server.wait(timeout=20)
