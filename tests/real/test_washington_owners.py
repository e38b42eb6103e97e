"""Washington: who owns the road, and whose district a permit was in when it was given."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely

from commands import Wangge
from gis.measure import metres_per_degree

HALF_WIDTH_M = 6.0
POINTS = 2_000
THEN = "2010-06-01T12:00:00-04:00"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


# ---- road segments with the owner of the road as party -------------------------------------------------------------


@pytest.fixture(scope="module")
def streets(real_dir: Path, new_home: Callable[..., Wangge]) -> Wangge:
    """Block groups as cells, the major roads as segments whose OWNERSHIP answers for them."""
    wangge = new_home(timezone="America/New_York")
    groups = real_dir / "dc/census-block-groups-2010.geojson"
    wangge.do("import", "areas", groups, "--layer", "cell", "--code", "GEOID", "--commit")
    roads = real_dir / "dc/major-roads.geojson"
    words = ("--code", "OBJECTID", "--name", "REGISTEREDNAME", "--party", "OWNERSHIP", "--half-width", HALF_WIDTH_M)
    wangge.do("import", "segments", roads, "--layer", "segment", *words, "--commit")
    wangge.do("publish", "--accept", "warnings")
    return wangge


class Roads:
    """The same roads by plain geometry: lines in metres of a plane around each point."""

    def __init__(self, path: Path) -> None:
        features = json.loads(path.read_text("utf-8"))["features"]
        self.owner = [feature["properties"]["OWNERSHIP"] for feature in features]
        self.lines = [shapely.from_geojson(json.dumps(feature["geometry"])) for feature in features]
        self._tree = shapely.STRtree(self.lines)

    def near(self, lon: float, lat: float) -> list[tuple[float, str]]:
        """(metres, owner) of the lines within 30 m of the point, nearest first."""
        east, north = (float(scale) for scale in metres_per_degree(lat))
        rows = self._tree.query(shapely.box(lon - 30 / east, lat - 30 / north, lon + 30 / east, lat + 30 / north))
        flat = [shapely.transform(self.lines[row], lambda xy: (xy - (lon, lat)) * (east, north)) for row in rows]
        away = shapely.distance(flat, shapely.Point(0, 0)) if len(rows) else []
        return sorted((float(metres), self.owner[row]) for metres, row in zip(away, rows, strict=True) if metres < 30)


@pytest.fixture(scope="module")
def roads(real_dir: Path) -> Roads:
    return Roads(real_dir / "dc/major-roads.geojson")


def beside(roads: Roads, metres: float, rng: np.random.Generator) -> list[tuple[float, float, str]]:
    """Points so far to the left of places inside random segments, with the owner of that segment."""
    made = []
    while len(made) < POINTS:
        row = int(rng.integers(len(roads.lines)))
        line = roads.lines[row]
        along = float(rng.uniform(0.1, 0.9))
        at, ahead = (shapely.line_interpolate_point(line, t, normalized=True) for t in (along, along + 1e-4))
        east, north = (float(scale) for scale in metres_per_degree(at.y))
        dx, dy = (ahead.x - at.x) * east, (ahead.y - at.y) * north
        length = float(np.hypot(dx, dy))
        if length:
            lon, lat = at.x - dy / length * metres / east, at.y + dx / length * metres / north
            made.append((lon, lat, roads.owner[row]))
    return made


@pytest.mark.parametrize("metres", [1.0, 5.0, HALF_WIDTH_M - 0.5, HALF_WIDTH_M + 0.5])
def test_the_owner_of_the_nearest_road_within_its_half_width_answers(
    streets: Wangge, roads: Roads, work: Path, metres: float
) -> None:
    made = beside(roads, metres, np.random.default_rng(round(metres * 10)))
    source = write(work / "points.csv", [{"lon": repr(x), "lat": repr(y), "of": owner} for x, y, owner in made])
    streets.do("assign", source, work / "owners.csv", "--owner", "--accuracy", 0.05)
    own = exact = reached = 0
    for row in rows_of(work / "owners.csv"):
        near = [item for item in roads.near(float(row["lon"]), float(row["lat"])) if item[0] <= HALF_WIDTH_M + 0.06]
        clear = not near or abs(near[0][0] - HALF_WIDTH_M) > 0.06
        right = near[0][1] if near and near[0][0] <= HALF_WIDTH_M else ""
        rivals = {owner for distance, owner in near if near and distance < near[0][0] + 0.12}
        if clear and len(rivals) <= 1:
            exact += 1
            assert (row["owner_party"], row["owner_verdict"]) == (right, "certain" if right else "unowned"), row
        own += row["owner_party"] == row["of"]
        reached += bool(row["owner_party"])
    print(f"Washington: {metres} m beside a road: {own}/{POINTS} get its owner, {exact} checked against plain geometry")
    assert exact > 0.97 * POINTS
    if metres < HALF_WIDTH_M:
        assert own > 0.995 * POINTS
    else:
        assert reached < 0.1 * POINTS, "beyond the half-width only another road may reach"


def test_crossings_of_roads_of_two_owners_are_ambiguous_and_others_certain(
    streets: Wangge, roads: Roads, work: Path
) -> None:
    owners: dict[tuple[float, float], set[str]] = {}
    for line, owner in zip(roads.lines, roads.owner, strict=True):
        for part in shapely.get_parts(line):
            for x, y in (part.coords[0][:2], part.coords[-1][:2]):
                owners.setdefault((x, y), set()).add(owner)
    nodes = [{"lon": repr(x), "lat": repr(y), "owners": len(found)} for (x, y), found in owners.items()]
    streets.do("assign", write(work / "nodes.csv", nodes), work / "at-nodes.csv", "--owner", "--accuracy", 0.5)
    counts = Counter((row["owners"] != "1", row["owner_verdict"]) for row in rows_of(work / "at-nodes.csv"))
    print(f"Washington: nodes (two owners?, verdict): {dict(counts)}")
    assert counts[True, "ambiguous"] == sum(n for (two, _), n in counts.items() if two) > 10
    certain_or_at_a_kerb = counts[False, "certain"] + counts[False, "ambiguous"]
    assert certain_or_at_a_kerb == sum(n for (two, _), n in counts.items() if not two)
    assert counts[False, "certain"] > 0.97 * certain_or_at_a_kerb


# ---- permits by the districts of their time ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def districts(real_dir: Path, new_home: Callable[..., Wangge]) -> Wangge:
    """The districts of 2013 in force; those of 2002 published after them, back-dated."""
    wangge = new_home(timezone="America/New_York")
    for year, draft, effective in ((2013, "draft", "2013-01-01"), (2002, "of 2002", "2002-01-01")):
        path = real_dir / f"dc/single-member-district-{year}.geojson"
        words = ("--layer", "smd", "--code", "SMD_ID", "--name", "NAME", "--draft", draft, "--commit")
        wangge.do("import", "areas", path, *words)
        wangge.do("repair", "--draft", draft, "--kind", "invalid", "--commit")
        wangge.do("publish", "--draft", draft, "--effective", f"{effective}T00:00:00-05:00", "--accept", "warnings")
    return wangge


@pytest.fixture(scope="module")
def permits(real_dir: Path, work: Path) -> Path:
    labelled = [row for row in rows_of(real_dir / "dc/events.csv") if row["smd"] and "permits" in row["src"]]
    kept = [{name: row[name] for name in ("src", "lon", "lat", "smd")} for row in labelled]
    return write(work / "permits.csv", kept)  # type: ignore[arg-type]


def agreement(rows: list[dict[str, str]]) -> tuple[float, float]:
    """How many of the labels are the answer, and how many are among the candidates."""
    strictly = sum(row["smd_code"] == row["smd"] for row in rows)
    within = sum(row["smd"] in row["smd_candidates"].split(";") for row in rows)
    return strictly / len(rows), within / len(rows)


def test_permits_lie_in_the_districts_of_their_time(districts: Wangge, permits: Path, work: Path) -> None:
    known = districts.do("versions", "--json").json["versions"]
    assert [(v["version"], v["effective_at"][:4], v["in_force"]) for v in known] == [
        (1, "2013", True),
        (2, "2002", False),
    ]
    words = ("--layer", "smd", "--accuracy", 10)
    districts.do("assign", permits, work / "then.csv", *words, "--at", THEN)
    districts.do("assign", permits, work / "now.csv", *words)
    then, now = (agreement(rows_of(work / name)) for name in ("then.csv", "now.csv"))
    print(f"Washington: permits as of 2010 {then[0]:.3%} strictly, {then[1]:.3%} within 10 m; as of now {now[0]:.3%}")
    assert then[0] >= 0.975
    assert then[1] >= 0.99
    assert now[0] < 0.9, "by the districts of 2013 they do not"


def test_one_point_is_answered_as_of_then_and_as_of_now(districts: Wangge, permits: Path) -> None:
    moved = 0
    for row in rows_of(permits)[:40]:
        asked = ("owner", row["lon"], row["lat"], "--json")
        then, now = districts.do(*asked, "--at", THEN).json, districts.do(*asked).json
        assert (then["version"], now["version"]) == (2, 1)
        moved += then["cell"]["code"] != now["cell"]["code"]
    assert moved > 0
    assert districts.do(*asked, "--at", "1999-01-01T00:00:00-05:00").json["cell_verdict"] == "no_version"
