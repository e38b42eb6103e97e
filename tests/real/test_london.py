"""London: 25,053 output areas as they come, imported, checked, mended and published; with the time and the memory."""

import json
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from commands import Wangge

_PEAK = (
    "import resource,sys; from server.cli.main import code_of; code = code_of(sys.argv[1:]);"
    "print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr); sys.exit(code)"
)


def _measured(wangge: Wangge, *words: object) -> tuple[int, str]:
    """A command in a process of its own: exit code, standard output; time and peak memory are printed."""
    began = time.monotonic()
    command = [sys.executable, "-c", _PEAK, *map(str, words)]
    environment = {"PATH": "/usr/bin:/bin", **wangge.settings}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    peak = re.search(r"peak (\d+)", done.stderr)
    assert peak, done.stderr
    print(f"London: {words[0]} {time.monotonic() - began:.1f} s, {peak[1]} MiB")
    assert int(peak[1]) < 1500
    return done.returncode, done.stdout


def test_25_053_real_polygons_import_validate_and_publish(real_dir: Path, tmp_path: Path) -> None:
    wangge = Wangge(tmp_path)
    file = real_dir / "london/output_areas.geojson.gz"
    words = ("import", "areas", file, "--layer", "cell", "--code", "code", "--crs", "wgs84", "--commit")
    code, _ = _measured(wangge, *words)
    assert code == 0
    counts, errors = _gate(wangge)
    if errors:
        wangge.do("repair", "--kind", "invalid", "--commit")
        counts, errors = _gate(wangge)
    assert errors == 0
    code, _ = _measured(wangge, "publish", "--accept", "warnings")
    assert code == 0
    wangge.do("owner", -0.1276, 51.5072)
    (layer,) = wangge.do("layers", "--json").json["layers"]
    assert layer["areas"] == 25_053
    assert counts["unowned"] == 1, "one finding says it of all 25,053"


def _gate(wangge: Wangge) -> tuple[Counter[str], int]:
    code, out = _measured(wangge, "validate", "--json", "--most", 0)
    rows = json.loads(out)["counts"]
    counts = Counter({row["kind"]: row["count"] for row in rows})
    errors = sum(row["count"] for row in rows if row["severity"] == "error")
    print("London, the gate:", dict(counts))
    assert code == (1 if errors else 0)
    return counts, errors
