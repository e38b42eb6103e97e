"""A bundle as `./run bundle` lays it out, whose only wheel is a stand-in: its installer runs in two seconds."""

import base64
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from server.bundle.inventory import SHIPPED, seal

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".cache" / "build"
"""The locked pip and hatchling, as `./run` put them there."""
THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


_COMMAND = """
import os, sys

def run():
    print("{version}" if sys.argv[1] == "--version" else os.environ.get(sys.argv[1], "unset"))
"""
"""`wangge --version`, and `wangge NAME` says what a variable is."""


def write_bundle(folder: Path, version: str = "1.0.0", works: bool = True, **facts: str) -> Path:
    """A sealed bundle in a new folder; `facts` replace those of its manifest."""
    (folder / "wheels").mkdir(parents=True)
    for source in SHIPPED.iterdir():
        shutil.copyfile(source, folder / source.name)
    pip = next(TOOLS.glob("pip-*.dist-info")).name.removesuffix(".dist-info")
    with zipfile.ZipFile(folder / "wheels" / f"{pip}-py3-none-any.whl", "w") as packed:
        for path in sorted((TOOLS / "pip").rglob("*.py")) + sorted((TOOLS / "pip").rglob("*.pem")):
            packed.write(path, path.relative_to(TOOLS))
    wheel = write_wheel(folder / "wheels", version, works)
    (folder / "wangge.lock").write_text(f"wangge=={version} --hash=sha256:{_sha256(wheel.read_bytes())}\n")
    for name in ("requirements.lock", "LICENSE", "LICENSES.txt"):
        (folder / name).write_text("")
    told = {"wangge": version, "system": platform.system(), "machine": platform.machine(), "glibc": "2.17"}
    told |= {"python": THIS_PYTHON, "pip": f"wheels/{pip}-py3-none-any.whl", "wheels": "1"} | facts
    (folder / "MANIFEST").write_text("".join(f"{name} {value}\n" for name, value in told.items()))
    seal(folder)
    return folder


def write_wheel(folder: Path, version: str, works: bool = True) -> Path:
    """A wheel of wangge whose command says its version, with empty modules for what the installer tries to import."""
    needed = re.search(r'^NEEDED="(.*)"$', (SHIPPED / "install").read_text("utf-8"), re.MULTILINE)
    assert needed
    files = {f"{name}.py": "" for name in needed[1].split(", ") if name != "sqlite3"}
    files["standin.py"] = _COMMAND.format(version=version if works else "0.0.0")
    info = f"wangge-{version}.dist-info"
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: wangge\nVersion: {version}\nLicense: Apache-2.0\n"
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/entry_points.txt"] = "[console_scripts]\nwangge = standin:run\n"
    record = [f"{name},sha256={_record_hash(text)},{len(text)}" for name, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""])
    wheel = folder / f"wangge-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return wheel


def install(bundle: Path, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a bundle's installer, with this Python and an otherwise empty environment."""
    kept = {"PATH": os.defpath, "LANG": "C.UTF-8", "WANGGE_PYTHON": sys.executable} | environment
    command = ["sh", str(bundle / "install"), *map(str, words)]
    return subprocess.run(command, env=kept, capture_output=True, encoding="utf-8", check=False, timeout=120)


def command_of(prefix: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command of an installation."""
    command = [str(prefix / "bin" / "wangge"), *words]
    kept = {"PATH": os.defpath} | environment
    return subprocess.run(command, env=kept, capture_output=True, encoding="utf-8", check=False, timeout=60)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _record_hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
