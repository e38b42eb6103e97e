"""What the documents promise: every README command runs, both languages say the same, every setting is told."""

import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.cli.main import COMMANDS
from server.settings import Settings

ROOT = Path(__file__).parents[2]
PORT = 8321
SERVING = ("./run demo", "./run serve")


def _commands(readme: str) -> list[str]:
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / readme).read_text("utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """A folder that has only `run`, as the README sees it."""
    (tmp_path / "run").symlink_to(ROOT / "run")
    return tmp_path


def test_every_readme_command_runs_in_its_order(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANGGE_HOME", "WANGGE_STORE"):
        monkeypatch.delenv(name, raising=False)
    served: list[subprocess.Popen[bytes]] = []
    try:
        for command in _commands("README.md"):
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


def test_both_readmes_have_the_same_commands_and_pictures() -> None:
    assert _commands("README.md") == _commands("README.zh.md")
    english, chinese = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh.md"))
    assert re.findall(r"\]\((.*?\.png)\)", english) == re.findall(r"\]\((.*?\.png)\)", chinese)


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")], key=str))
def test_links_in_the_documents_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_inline_command_of_the_readme_exists() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    named = set(re.findall(r"\./run ([a-z]+)", text))
    assert named <= set(COMMANDS) | {"test", "check", "bench"}


def test_every_setting_is_in_the_docs_with_its_default() -> None:
    told = (ROOT / "docs" / "settings.md").read_text("utf-8")
    for name, setting in Settings.model_fields.items():
        default = f"`{setting.default}`" if str(setting.default) else ""
        row = f"| `WANGGE_{name.upper()}` | {default} | {setting.description} |".replace("|  |", "| |")
        assert row in told


def test_the_architecture_names_every_folder_and_file_it_speaks_of() -> None:
    told = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    for path in re.findall(r"`((?:gis|grids|routing|maps|data|server|alembic|tests)/[\w./]*)`", told):
        assert (ROOT / path).exists(), path
