"""Formats that stream are read without loading them: peak memory is measured in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import shapely

from gis.files.writers import write_features

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")

ROOT = Path(__file__).resolve().parents[3]
ROWS = {"a.csv": 300_000, "a.geojsonl": 60_000, "a.fgb": 60_000, "a.gpkg": 60_000}
TEXT = "上海市黄浦区外滩街道" * 25
# Buffers and caches cost some MiB; the rows as Python text alone are 35 MiB and more for each file.
GROWTH_LIMIT_MIB = 16
PROBE = """
import re, sys
from pathlib import Path
from gis.files.features import open_features
from gis.files.tables import open_table

def peak():
    # not ru_maxrss, which counts the process that started this one
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) >> 10

def read(path, keep=False):
    batches = (open_table if path.endswith(".csv") else open_features)(Path(path), batch_rows=1000)
    return sum(len(batch.columns["text"]) for batch in (list(batches) if keep else batches))

small, large = sys.argv[1::2], sys.argv[2::2]
for path in small:
    read(path)
for path, keep in [*((path, False) for path in large), (large[-1], True)]:
    before = peak()
    print(read(path, keep), peak() - before)
"""


def written(path: Path, count: int) -> Path:
    if path.suffix == ".csv":
        path.write_text("text,n\n" + "".join(f"{TEXT[:60]},{n}\n" for n in range(count)), encoding="utf-8")
    elif path.suffix == ".geojsonl":
        shape = {"type": "Point", "coordinates": [121.48, 31.22]}
        line = json.dumps({"type": "Feature", "properties": {"text": TEXT}, "geometry": shape}, ensure_ascii=False)
        path.write_text((line + "\n") * count, encoding="utf-8")
    else:
        write_features(path, {"text": [TEXT] * count}, shapely.points(np.linspace(121, 122, count), 31))
    return path


def test_reading_a_large_file_takes_no_more_memory_than_a_small_one(tmp_path):
    files = [
        str(path)
        for name, count in ROWS.items()
        for path in (written(tmp_path / f"small.{name}", 3_000), written(tmp_path / f"large.{name}", count))
    ]
    done = subprocess.run([sys.executable, "-c", PROBE, *files], cwd=ROOT, capture_output=True, text=True, check=True)
    counted = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    *streamed, (_, kept) = counted
    assert [rows for rows, _ in streamed] == list(ROWS.values())
    assert all(grown < GROWTH_LIMIT_MIB for _, grown in streamed), counted
    assert kept > GROWTH_LIMIT_MIB, "the measure must see a reader that keeps everything"
