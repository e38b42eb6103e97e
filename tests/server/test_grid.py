"""The grid over HTTP: layers, areas, parties, duties, versions, releases, reports, heat, pages, health."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from gis.rings import Rings
from gis.storage.engine import Store
from gis.storage.migrate import migrate
from grids.release import Release, open_release
from server.api.app import create_app
from server.settings import Settings

BASE = "http://127.0.0.1"


def _all_pages(client: TestClient, path: str, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    while True:
        data = client.get(path, params=params).json()
        items += data["items"]
        if "next" not in data:
            return items
        params["cursor"] = data["next"]


def test_the_layers_come_coarse_first_with_their_counts(client: TestClient) -> None:
    items = client.get("/v1/layers").json()["items"]
    ladder = ["city", "district", "street", "community", "grid", "cell"]
    assert [item["code"] for item in items] == [*ladder, "estate", "zone", "segment"]
    cells = next(item for item in items if item["code"] == "cell")
    assert (cells["areas"], cells["is_cell"], cells["parent"]) == (400, True, "grid")


def test_areas_are_paged_in_code_order_without_loss(client: TestClient) -> None:
    items = _all_pages(client, "/v1/areas", layer="cell", limit=37)
    codes = [item["code"] for item in items]
    assert (len(codes), codes) == (400, sorted(codes))


def test_areas_of_a_box_and_of_a_parent(client: TestClient) -> None:
    layers = client.get("/v1/layers").json()["items"]
    west, south, east, north = next(item["bbox"] for item in layers if item["code"] == "cell")
    box = f"{west},{south},{(west + east) / 2},{(south + north) / 2}"
    some = client.get("/v1/areas", params={"layer": "cell", "bbox": box, "format": "geojson"}).json()
    assert some["type"] == "FeatureCollection"
    assert 0 < len(some["features"]) < 400
    street = client.get("/v1/areas", params={"layer": "street"}).json()["items"][0]["code"]
    inside = client.get("/v1/areas", params={"layer": "community", "parent": street}).json()["items"]
    assert {item["parent"] for item in inside} == {street}


def test_one_area_tells_what_is_above_it_and_who_answers(client: TestClient) -> None:
    community = client.get("/v1/areas", params={"layer": "community"}).json()["items"][0]["code"]
    feature = client.get(f"/v1/areas/community/{community}").json()
    assert feature["geometry"]["type"] in ("Polygon", "MultiPolygon")
    assert [above["layer"] for above in feature["properties"]["above"]] == ["street", "district", "city"]
    assert feature["properties"]["duties"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/areas?layer=nowhere", 404),
        ("/v1/areas/cell/nothing", 404),
        ("/v1/areas?layer=cell&bbox=1,2,3", 422),
        ("/v1/areas?layer=cell&bbox=3,2,1,4", 422),
        ("/v1/areas?layer=cell&bbox=nan,2,1,4", 422),
        ("/v1/areas?layer=cell&cursor=rubbish", 422),
        ("/v1/areas?layer=cell&limit=0", 422),
        ("/v1/areas?layer=zone&parent=x", 422),
        ("/v1/parties/none", 404),
        ("/v1/releases/99", 404),
        ("/v1/reports/999999", 404),
        ("/v1/versions/1/diff/9", 404),
        ("/v1/heat?resolution=13", 422),
        ("/nowhere", 404),
    ],
)
def test_what_is_not_there_is_a_problem_with_a_type(client: TestClient, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= answer.json().keys()


def test_parties_matters_and_duties_are_listed(client: TestClient) -> None:
    parties = _all_pages(client, "/v1/parties", limit=10)
    assert len(parties) == len({party["code"] for party in parties}) > 10
    assert len(_all_pages(client, "/v1/matters", limit=9)) > 40
    duties = _all_pages(client, "/v1/duties", limit=50)
    mine = client.get("/v1/duties", params={"party": duties[0]["party"]}).json()["items"]
    assert mine
    assert all(duty["party"] == duties[0]["party"] for duty in mine)
    for_gas = _all_pages(client, "/v1/duties", matter="C0105")
    assert all("C0105".startswith(duty["matter"]) for duty in for_gas)
    one = client.get(f"/v1/parties/{duties[0]['party']}").json()
    assert one["duties"]
    assert all(set(person) == {"code", "name", "role"} for person in one["people"])


def test_versions_and_releases_name_what_is_in_force(client: TestClient) -> None:
    versions = client.get("/v1/versions").json()["items"]
    assert [(item["number"], item["in_force"]) for item in versions] == [(1, True)]
    assert client.get("/v1/releases/current").json()["areas"] > 400


def test_a_release_file_can_be_fetched_and_is_the_one_named(client: TestClient, tmp_path: Path) -> None:
    listed = client.get("/v1/releases").json()["items"][0]
    path = tmp_path / "fetched.wgr"
    path.write_bytes(client.get("/v1/releases/1").content)
    assert open_release(path, listed["sha256"]).number == 1


def test_the_heat_equals_the_reports_at_every_resolution(client: TestClient) -> None:
    stored = _all_pages(client, "/v1/reports", limit=200)
    assert len(stored) == 500
    for resolution in (0, 6, 9, 12):
        heat = client.get("/v1/heat", params={"resolution": resolution}).json()
        assert heat["total"] == sum(cell["count"] for cell in heat["cells"]) == 500
    some = client.get("/v1/heat", params={"matter": "C"}).json()["total"]
    assert some == sum(report["matter"].startswith("C") for report in stored)
    until = {"until": "2026-10-15T00:00:00+08:00"}
    later = {"since": "2026-10-15T00:00:00+08:00"}
    assert sum(client.get("/v1/heat", params=when).json()["total"] for when in (until, later)) == 500


def test_a_report_carries_the_trace_of_its_decision(client: TestClient) -> None:
    report = client.get("/v1/reports/1").json()
    assert report["trace"]["numbers"]["release"] == report["version"] == 1
    assert [step["step"] for step in report["trace"]["steps"]][:2] == ["datum", "release"]


def test_known_addresses_are_found_as_they_are_typed(client: TestClient) -> None:
    some = client.get("/v1/addresses", params={"q": "路1"}).json()["items"]
    assert some
    wide = some[0]["address"].replace("1", "１")
    assert some[0] in client.get("/v1/addresses", params={"q": wide}).json()["items"]
    assert client.get("/v1/addresses", params={"q": "%%"}).json()["items"] == []


def test_health_readiness_and_metrics(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["release"] == 1
    client.get("/v1/owner", params={"lon": 118, "lat": 31})
    shown = client.get("/metrics").text
    assert 'wangge_requests_total{method="GET",route="/v1/owner",status="200"}' in shown
    assert "wangge_release 1.0" in shown


def test_nothing_published_is_503_with_what_to_do(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    store = Store(settings.store_url)
    migrate(store)
    with TestClient(create_app(settings), base_url=BASE) as caller:
        for path in ("/v1/releases/current", "/readyz", "/v1/layers"):
            told = caller.get(path)
            assert told.status_code == 503
            assert "wangge publish" in told.json()["detail"]
        assert caller.get("/healthz").status_code == 200
        assert "暂无案件" in caller.get("/heat").text


def test_the_api_page_and_its_schema_need_no_cdn(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "http" not in page.replace("http://www.w3.org", "")
    schema = client.get("/openapi.json").json()
    assert "OwnerPoint" in schema["components"]["schemas"]
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert client.get(f"/vendor/swagger-ui-dist/{asset}").status_code == 200


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
@pytest.mark.parametrize("asked", ["/v1/heat?since=", "/v1/reports?until=", "/v1/owner?lon=118&lat=31&at="])
def test_an_instant_without_a_utc_is_refused(client: TestClient, asked: str, when: str) -> None:
    refused = client.get(asked + when.replace("+", "%2B"))
    assert refused.status_code == 422
    assert "beyond the years" in refused.json()["detail"]


def test_shapes_and_duties_of_a_release_are_made_once(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    code = client.get("/v1/areas", params={"layer": "cell"}).json()["items"][0]["code"]
    first = client.get(f"/v1/areas/cell/{code}").json()
    duties = _all_pages(client, "/v1/duties", limit=50)
    assert [duty["code"] for duty in duties] == sorted(duty["code"] for duty in duties)

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Rings, "shapes", never)
    monkeypatch.setattr(Release, "duty", never)
    assert client.get(f"/v1/areas/cell/{code}").json() == first
    page = client.get("/v1/areas", params={"layer": "cell", "format": "geojson", "limit": 3}).json()
    assert page["features"][0]["geometry"] == first["geometry"]
    assert _all_pages(client, "/v1/duties", limit=7) == duties
