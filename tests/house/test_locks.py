"""The locks: complete, hashed, in step with pyproject.toml, and nowhere the address of a registry."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
GROUPS = PROJECT["dependency-groups"]
RUN = PROJECT["project"]["dependencies"]
LOCKS: dict[str, list[str]] = {
    "requirements.lock": RUN,
    "requirements-test.lock": RUN + GROUPS["test"],
    "requirements-bench.lock": RUN + GROUPS["test"] + GROUPS["bench"],
    "requirements-build.lock": GROUPS["build"],
    "requirements-uv.lock": GROUPS["uv"],
}
NESTED = ["requirements.lock", "requirements-test.lock", "requirements-bench.lock"]
# Written in two halves so that this file does not find itself.
REGISTRIES = [f"{host}.{end}" for host, end in [("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org")]]
FOREIGN_ADDRESS = re.compile(r"(?:https?|file)://|--(?:extra-)?index-url|--find-links")


def _entries(name: str) -> dict[str, tuple[str, list[str]]]:
    """Package -> (version, hashes)."""
    found = {}
    for block in (ROOT / name).read_text("utf-8").replace("\\\n", "").splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*])?==([^\s;]+)(.*)", block):
            found[canonicalize_name(match[1])] = (match[2], re.findall(r"--hash=sha256:[0-9a-f]{64}", match[3]))
    return found


def _files_of_git() -> list[Path]:
    """Every file that is or would be committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("name", LOCKS)
def test_every_entry_is_pinned_by_hash(name: str) -> None:
    entries = _entries(name)
    assert entries
    assert not [package for package, (_, hashes) in entries.items() if not hashes]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_address(name: str) -> None:
    assert not FOREIGN_ADDRESS.findall((ROOT / name).read_text("utf-8"))


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_what_pyproject_asks_for(name: str) -> None:
    entries = _entries(name)
    for requirement in map(Requirement, LOCKS[name]):
        version, _ = entries[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement


@pytest.mark.parametrize(("smaller", "larger"), [NESTED[:2], NESTED[1:]])
def test_each_lock_holds_the_one_before_it(smaller: str, larger: str) -> None:
    assert _entries(smaller).items() <= _entries(larger).items()


def test_the_build_group_covers_the_build_system() -> None:
    wanted = {canonicalize_name(Requirement(word).name) for word in PROJECT["build-system"]["requires"]}
    assert wanted <= {canonicalize_name(Requirement(word).name) for word in GROUPS["build"]}


def test_the_npm_lock_is_exact_and_says_no_registry() -> None:
    wanted = json.loads((ROOT / "package.json").read_text("utf-8"))["dependencies"]
    packages = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    assert packages[""]["dependencies"] == wanted
    for name, version in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == version
    assert not [name for name, entry in packages.items() if "resolved" in entry]
    assert not [name for name, entry in packages.items() if name and "integrity" not in entry]


def test_no_committed_file_names_a_registry() -> None:
    guilty = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in _files_of_git()
        for host in REGISTRIES
        if host.encode() in path.read_bytes()
    ]
    assert not guilty
