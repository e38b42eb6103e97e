"""A city keeps a plane of its own. Its control points are fitted once; from then on its files are read in it, questions
asked and answers given in it, and what it means never changes."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from fastapi.testclient import TestClient

from cityplanes import CONTROL, MERIDIAN, city_grid, with_datums, write_control
from commands import Wangge
from gis.datums import datum, from_wgs84, to_wgs84
from gis.errors import Conflict, NotReady
from gis.files.features import open_features
from gis.files.writers import write_features
from gis.measure import distance_m
from gis.storage.engine import Store
from grids.datums import datum_in, mark_used, remove_datum
from server.api.app import create_app
from server.datums import Datums
from server.settings import Settings
from server.upstream import UpstreamSource
from smalltown import Row, Town, at, found_town

POINTS = [(0.5, 0.5), (1.004, 0.5), (3.999, 2.5), (6.5, 1.004), (7.9, 3.9), (8.5, 2.0), (5.504, 0.75)]


def in_grid(rows: list[Row]) -> list[Row]:
    """The rows as a file in the city's plane has them."""
    place = city_grid()
    return [
        Row(row.code, row.name, row.parent, shapely.transform(row.shape, lambda xy: np.column_stack(place(*xy.T))))
        for row in rows
    ]


@pytest.fixture
def home(store_url: str, tmp_path: Path) -> Wangge:
    """An installation with nothing in it but the tables, on either store."""
    wangge = Wangge(tmp_path / "home", store=store_url)
    wangge.do("migrate")
    with_datums(Store(store_url)).close()
    return wangge


@pytest.fixture
def control(tmp_path: Path) -> Path:
    return write_control(tmp_path / "control.csv")


@pytest.fixture
def town(home: Wangge, control: Path, store_url: str, tmp_path: Path) -> Iterator[Town]:
    """The town, all of its layers from files in the city's plane, published."""
    home.do("datums", "add", "jinan", "--points", control)
    made = found_town(store_url, tmp_path)
    made.folder = home.home
    made.folder.mkdir(exist_ok=True)
    for layer, rows in made.rows.items():
        suffix = ".shp" if layer == "community" else ".geojson"
        path = made.path(suffix)
        told = in_grid(rows)
        columns = {name: [getattr(row, name) for row in told] for name in ("code", "name", "parent")}
        write_features(path, columns, [row.shape for row in told])
        path.with_suffix(".prj").unlink(missing_ok=True)
        made.load(path, layer, crs=" City:Jinan")
    for kind in ("parties", "people", "matters", "duties"):
        made.table(kind)
    made.publish(["sliver"])  # a corner within a straight edge comes back a tenth of a micrometre beside it
    yield made
    made.store.close()


@pytest.fixture
def client(town: Town) -> Iterator[TestClient]:
    settings = Settings(home=town.folder, store=town.store.url.render_as_string(hide_password=False))
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as caller:
        yield caller


def test_a_layer_in_the_citys_plane_answers_as_the_same_layer_in_wgs84(town: Town, tmp_path: Path) -> None:
    plain = found_town(f"sqlite:///{tmp_path}/plain/wangge.db", tmp_path / "plain").fill()
    plain.publish()
    for x, y in POINTS:
        for matter in (None, "C0101"):
            ours, theirs = (_told(one.ask(x, y, matter).as_dict()) for one in (town, plain))
            for name, exact in (("distance_m", 0.001), ("share", 0.001)):
                assert ours.pop(name) == pytest.approx(theirs.pop(name), abs=exact)
            assert ours == theirs
    plain.store.close()


def _told(answer: dict[str, Any]) -> dict[str, Any]:
    names = ("cell", "cell_verdict", "owner_verdict", "places", "distance_m")
    owner = {name: answer["owner"][name] for name in ("party", "duty", "person")} if answer["owner"] else None
    may, share = [c["code"] for c in answer["candidates"]], [c["share"] for c in answer["candidates"]]
    return {name: answer[name] for name in names} | {"owner": owner, "may": may, "share": share}


def test_questions_and_answers_in_the_citys_plane(home: Wangge, town: Town, client: TestClient) -> None:
    lon, lat = at(0.5, 0.5)
    x, y = (float(part) for part in city_grid()(np.array(lon), np.array(lat)))
    plain = client.get("/v1/owner", params={"lon": lon, "lat": lat, "out_crs": "city:jinan"}).json()
    assert plain["out"] == {"crs": "city:jinan", "x": pytest.approx(x, abs=0.001), "y": pytest.approx(y, abs=0.001)}
    assert plain["point"] == {"lon": lon, "lat": lat}
    asked = {"lon": x, "lat": y, "crs": "city:jinan", "out_crs": "gcj02", "explain": True}
    told = client.get("/v1/owner", params=asked).json()
    assert (told["cell"], told["crs"]) == (plain["cell"], "city:jinan")
    assert [told["point"]["lon"], told["point"]["lat"]] == pytest.approx([lon, lat], abs=1e-8)
    assert [told["out"]["x"], told["out"]["y"]] == pytest.approx(
        [float(part) for part in from_wgs84(lon, lat, datum("gcj02"))], abs=1e-8
    )
    assert "city:jinan was fitted to 6 control points (similarity), RMS 0.000 m." in told["explain"]["en"]
    assert told["explain"]["steps"][1]["points"] == 6
    said = home.do("owner", x, y, "--crs", "city:jinan", "--out-crs", "city:jinan", "--json").json
    assert said["cell"]["code"] == plain["cell"]["code"]
    assert said["out"] == {"crs": "city:jinan", "x": round(x, 4), "y": round(y, 4)}
    assert f"out    city:jinan x={round(x, 4)}" in home.do("owner", lon, lat, "--out-crs", "city:jinan").out
    assert "out" not in client.get("/v1/owner", params={"lon": lon, "lat": lat}).json()
    assert client.get("/v1/owner", params={"lon": lon, "lat": lat, "out_crs": "city:x"}).status_code == 422


def test_batches_carry_out_and_a_far_point_costs_only_its_own(client: TestClient) -> None:
    points = [{"id": n, "lon": at(*xy)[0], "lat": at(*xy)[1]} for n, xy in enumerate(POINTS)]
    points.insert(3, {"id": "paris", "lon": 2.35, "lat": 48.85})
    body = {"points": points, "out_crs": "city:jinan"}
    whole = client.post("/v1/owners", json=body).json()["answers"]
    lines = "\n".join(json.dumps(point) for point in points)
    ndjson = {"content-type": "application/x-ndjson"}
    streamed = client.post("/v1/owners?out_crs=CITY:jinan", content=lines, headers=ndjson).text.splitlines()
    assert [json.loads(line) | {"at": 0} for line in streamed] == [answer | {"at": 0} for answer in whole]
    assert whole[3]["out"] is None
    assert "city:jinan is not used" in whole[3]["warnings"][-1]
    del whole[3], points[3]
    back = to_wgs84(*np.array([[a["out"]["x"], a["out"]["y"]] for a in whole]).T, datum_of(client))
    there = np.array([[p["lon"], p["lat"]] for p in points]).T
    assert distance_m(*back, *there).max() < 0.001
    for bad in ({"out_crs": 7}, {"out_crs": "nowhere"}):
        assert client.post("/v1/owners", json=body | bad).status_code == 422


def datum_of(client: TestClient) -> Any:
    return client.app.state.service.datums.named("city:jinan")  # type: ignore[attr-defined]


def test_outlines_in_the_citys_plane_say_so(client: TestClient, town: Town) -> None:
    asked = {"layer": "cell", "format": "geojson"}
    told = client.get("/v1/areas", params=asked | {"out_crs": "city:jinan"}).json()
    assert told["crs"] == {"type": "name", "properties": {"name": "city:jinan"}}
    mine = {feature["properties"]["code"]: shapely.geometry.shape(feature["geometry"]) for feature in told["features"]}
    for row in in_grid(town.rows["cell"]):
        assert row.shape is not None
        assert shapely.hausdorff_distance(mine[row.code], row.shape) < 0.001
    assert "crs" not in client.get("/v1/areas", params=asked).json()
    zone = client.get("/v1/areas", params=asked | {"out_crs": "EPSG:4548"}).json()
    assert zone["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::4548"
    refused = client.get("/v1/areas", params={"layer": "cell", "out_crs": "gcj02"})
    assert refused.status_code == 422
    assert "format=geojson" in refused.json()["detail"]


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".parquet", ".fgb"])
def test_a_layer_leaves_in_the_citys_plane_and_comes_back(
    home: Wangge, town: Town, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"cells{suffix}"
    home.do("export", "cell", path, "--out-crs", "city:jinan")
    assert open_features(path).crs is None, "no file can name it"
    columns = ("--layer", "cell", "--code", "code", "--parent", "parent", "--name", "name")
    back = home.do("import", "areas", path, *columns, "--crs", "city:jinan", "--json").json
    assert (back["rows"], back["added"], back["removed"], back["findings"]) == (32, back["removed"], back["added"], [])
    assert home("import", "areas", path, *columns).code == 2, "without --crs it is refused"
    home.do("export", "cell", path, "--out-crs", "EPSG:4548")
    assert open_features(path).crs == "EPSG:4548"
    zone = np.concatenate([shapely.get_coordinates(b.geometry) for b in open_features(path) if b.geometry is not None])
    assert 500_000 < zone[:, 0].min() < zone[:, 0].max() < 505_000
    said = home("export", "cell", tmp_path / "cells.geojson", "--out-crs", "city:jinan")
    assert (said.code, "GeoJSON is WGS 84 by its standard" in said.err) == (2, True)


def test_tables_are_read_in_the_citys_plane_and_their_trace_names_it(
    home: Wangge, town: Town, client: TestClient, tmp_path: Path
) -> None:
    lon, lat = np.array([at(*xy) for xy in POINTS[:2]]).T
    x, y = city_grid()(lon, lat)
    rows = "\n".join(f"R{n},2026-11-20T08:00:00Z,{a!r},{b!r}" for n, (a, b) in enumerate(zip(x, y, strict=True)))
    table = tmp_path / "reports.csv"
    table.write_text("id,time,easting,northing\n" + rows.replace("np.float64(", "").replace(")", ""), "utf-8")
    columns = ("--lon", "easting", "--lat", "northing", "--crs", "city:jinan")
    assert home.do("report", "import", table, "--id", "id", *columns, "--commit", "--json").json["added"] == 2
    trace = client.get("/v1/reports/1").json()
    assert (trace["cell"], trace["trace"]["crs"]) == (town.ask(*POINTS[0]).cell.code, "city:jinan")  # type: ignore[union-attr]
    assert [step["step"] for step in trace["trace"]["steps"]][:2] == ["datum", "control_points"]
    home.do("assign", table, tmp_path / "out.csv", *columns)
    assert town.ask(*POINTS[0]).cell.code in (tmp_path / "out.csv").read_text("utf-8")  # type: ignore[union-attr]
    (tmp_path / "addresses.csv").write_text(f"address,lon,lat\n泉城路1号,{float(x[0])},{float(y[0])}\n", "utf-8")
    home.do("import", "addresses", tmp_path / "addresses.csv", "--crs", "city:jinan", "--commit")
    found = client.get("/v1/addresses", params={"q": "泉城路"}).json()["items"][0]
    assert [found["lon"], found["lat"]] == pytest.approx(at(*POINTS[0]), abs=1e-8)
    swapped = home("report", "import", table, "--id", "id", "--lon", "northing", "--lat", "easting", *columns[4:])
    assert "100.0% of the points lie outside the city's areas (read as city:jinan)" in swapped.all


def test_the_fit_is_shown_checked_and_listed(home: Wangge, tmp_path: Path) -> None:
    names = list(CONTROL)
    fitted = write_control(tmp_path / "five.csv", names[:5])
    home.do("datums", "add", "city:济南", "--points", fitted, "--model", "similarity", "--meridian", MERIDIAN)
    shown = home.do("datums", "show", "济南", "--json").json
    assert [point["name"] for point in shown["definition"]["points"]] == names[:5]
    assert (shown["name"], shown["points"], shown["used"]) == ("city:济南", 5, False)
    assert shown["rms_m"] < 0.001
    words = home.do("datums", "show", "济南").out
    assert all(name in words for name in (*names[:5], "fitted to 5 control points, RMS 0.000 m", "0.70000 degrees"))
    other = write_control(tmp_path / "other.csv", names[5:])
    checked = home.do("datums", "check", "济南", other, "--json").json
    assert (checked["points"], checked["rows"][0]["name"], checked["max_m"] < 0.001) == (1, names[5], True)
    moved = write_control(tmp_path / "moved.csv", names, lambda lon, lat: city_grid()(lon + 1e-5, lat))
    assert home.do("datums", "check", "济南", moved, "--json").json["rms_m"] == pytest.approx(0.89, abs=0.02)
    assert [row["name"] for row in home.do("datums", "list", "--json").json["datums"]] == ["city:济南"]


def test_what_is_wrong_with_control_points_is_said_and_nothing_is_kept(home: Wangge, control: Path) -> None:
    rows = control.read_text("utf-8").splitlines()
    mistyped = [row if "大明湖" not in row else row.replace(",36.663", ",36.636") for row in rows]
    control.with_name("mistyped.csv").write_text("\n".join(mistyped), "utf-8")
    control.with_name("letters.csv").write_text("\n".join(rows).replace("36.672", "N36"), "utf-8")
    control.with_name("short.csv").write_text("\n".join(rows[:3]), "utf-8")
    for name, columns, says in (
        (
            "control.csv",
            ("--x", "y", "--y", "x"),
            "exchange the columns x and y (in Chinese surveys X is the northing)",
        ),
        ("mistyped.csv", (), "row 6: 2996.2 m off while the others fit to 0.00 m: is it mistyped or swapped?"),
        ("letters.csv", (), "letters.csv: row 3: lat=N36: must be a number"),
        ("short.csv", (), "2 control points: a similarity needs at least 3"),
        ("control.csv", ("--x", "east"), "east"),
    ):
        said = home("datums", "add", "jinan", "--points", control.with_name(name), *columns)
        assert said.code == 2, said.all
        assert says in said.err
    for words in ((), ("--proj", "+proj=longlat", "--points", control), ("--proj", "+proj=tmerc +ellps=krass")):
        assert home("datums", "add", "jinan", *words).code == 2
    assert home.do("datums", "list", "--json").json == {"datums": []}


def test_a_projection_in_any_of_its_forms(home: Wangge, tmp_path: Path) -> None:
    proj = "+proj=tmerc +lat_0=0 +lon_0=117.02 +k=1 +x_0=50000 +y_0=-4000000 +ellps=GRS80 +units=m"
    home.do("datums", "add", "a", "--proj", proj, "--area", "116.5,36,117.5,37")
    esri = (
        'PROJCS["Own",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",'
        '6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],'
        'PARAMETER["False_Easting",50000.0],PARAMETER["False_Northing",-4000000.0],PARAMETER["Central_Meridian",117.02],'
        'PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
    )
    (tmp_path / "own.prj").write_text(esri, "utf-8-sig")
    home.do("datums", "add", "b", "--wkt", tmp_path / "own.prj")
    first, second = (home.do("owner", 50100, 59000, "--crs", f"city:{name}", "--json").json["point"] for name in "ab")
    assert first == pytest.approx(second, abs=1e-9)
    assert first["lon"] == pytest.approx(117.0211, abs=1e-3)
    far = home("owner", 4_059_000, 50_100, "--crs", "city:a")
    assert far.code == 2
    assert "lies far outside where city:a is used (116.5 to 117.5 east, 36 to 37 north)" in far.err


def test_a_name_keeps_its_meaning_once_an_import_relied_on_it(
    home: Wangge, control: Path, store_url: str, tmp_path: Path
) -> None:
    home.do("datums", "add", "jinan", "--points", control)
    taken = home("datums", "add", "JINAN", "--proj", "+proj=tmerc +lon_0=117 +ellps=GRS80")
    assert taken.code == 1
    assert "a new definition needs a new name" in taken.err
    home.do("datums", "remove", "jinan")
    home.do("datums", "add", "jinan", "--points", control)
    cells = tmp_path / "cells.geojson"
    write_features(cells, {"code": ["1"]}, [shapely.box(50_000, 59_000, 50_100, 59_100)])
    words = ("import", "areas", cells, "--layer", "cell", "--code", "code", "--crs", "city:jinan")
    home.do(*words)
    assert home.do("datums", "show", "jinan", "--json").json["used"] is False, "a dry run relies on nothing"
    home.do(*words, "--commit")
    assert home.do("datums", "show", "jinan", "--json").json["used"] is True
    refused = home("datums", "remove", "city:jinan")
    assert refused.code == 1
    assert "imports rely on it" in refused.err
    assert home("datums", "remove", "nowhere").code == 2


def test_an_import_notices_that_its_datum_went_away_meanwhile(home: Wangge, control: Path, store_url: str) -> None:
    home.do("datums", "add", "jinan", "--points", control)
    store = Store(store_url)
    before = datum_in(store, "city:jinan")
    with store.write() as session:
        remove_datum(session, "jinan")
    with store.write() as session, pytest.raises(Conflict, match="changed while the file was read"):
        mark_used(session, before)
    home.do("datums", "add", "jinan", "--proj", "+proj=tmerc +lon_0=117 +ellps=GRS80")
    with pytest.raises(Conflict, match="import it again"), store.write() as session:
        mark_used(session, before)
    assert home.do("datums", "show", "jinan", "--json").json["used"] is False
    store.close()


def test_a_file_that_names_another_system_is_not_overruled(home: Wangge, control: Path, tmp_path: Path) -> None:
    home.do("datums", "add", "jinan", "--points", control)
    path = tmp_path / "cells.gpkg"
    write_features(path, {"code": ["1"]}, [shapely.box(50_000, 59_000, 50_100, 59_100)])
    said = home("import", "areas", path, "--layer", "cell", "--code", "code", "--crs", "city:jinan")
    assert said.code == 2
    assert "--crs city:jinan contradicts the file, which declares EPSG:4326" in said.err


def test_a_replica_knows_what_its_upstream_knows_and_goes_on_without_it(
    client: TestClient, town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = client.get("/v1/datums").json()["items"]
    assert [(item["name"], item["kind"], "points" in item["definition"]) for item in told] == [
        ("city:jinan", "points", False)
    ]
    replica = Replica(client)
    store = found_town(f"sqlite:///{tmp_path}/replica/wangge.db", tmp_path / "replica").store
    upstream = UpstreamSource("http://upstream", "", tmp_path / "replica")
    monkeypatch.setattr(UpstreamSource, "_open", replica.open)
    known = Datums(store, upstream)
    assert known.named("city:jinan") == datum_of(client)
    replica.gone = True
    monkeypatch.setattr("server.datums._HELD_S", 0.0)
    assert known.named("City:Jinan") == datum_of(client)
    assert Datums(store, UpstreamSource("http://upstream", "", tmp_path / "replica")).named("city:jinan") == datum_of(
        client
    )
    with pytest.raises(NotReady):
        Datums(store, UpstreamSource("http://upstream", "", tmp_path / "elsewhere")).named("city:jinan")
    assert known.named("gcj02") == datum("gcj02")
    store.close()


class Replica:
    """The way from a replica to its upstream, which can be cut."""

    def __init__(self, client: TestClient) -> None:
        self.client, self.gone = client, False

    def open(self, path: str) -> io.BytesIO:
        if self.gone:
            raise OSError("the upstream is gone")
        return io.BytesIO(self.client.get(path).content)
