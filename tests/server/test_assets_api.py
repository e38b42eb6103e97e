"""The assets over HTTP: in a box, by class, by number, as of then, with their past; from a replica too."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from server.api.app import create_app
from server.demonstration import serving
from server.settings import Settings
from smalltown import Town, at, found_town

BASE = "http://127.0.0.1"
BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
SOLD = "2026-03-01T00:00:00+08:00"


def thing(code: str, matter: str, place: tuple[float, float], **more: str) -> dict[str, Any]:
    lon, lat = at(*place)
    row = {"code": code, "name": f"部件{code}", "matter": matter, "lon": lon, "lat": lat}
    return row | {"from": "2019-05-01T00:00:00+08:00"} | more


THINGS = [
    thing("J1", "C0101", (0.5, 0.5), owner="GDG", until=SOLD),
    thing("J1", "C0101", (0.5, 0.5), owner="RQG", **{"from": SOLD}),
    thing("J2", "C0101", (1.5, 0.5)),
    thing("J/3", "C0102", (6.5, 3.5), owner="GDG"),
    thing("J4", "C0201", (6.6, 3.5), owner="QCW", until="2025-01-01T00:00:00+08:00"),
]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The small town with five records of four assets; read only."""
    folder = tmp_path_factory.mktemp("things")
    made = found_town(f"sqlite:///{folder}/wangge.db", folder).fill()
    made.publish(accept=["hole"], effective=BEGAN)
    made.table("assets", THINGS)
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def settings(town: Town) -> Settings:
    return Settings(home=town.folder)


@pytest.fixture
def caller(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), base_url=BASE, raise_server_exceptions=False) as client:
        yield client


def codes(caller: TestClient, **query: Any) -> list[str]:
    found = caller.get("/v1/assets", params=query).json()
    assert found["total"] == len(found["items"])
    return [item["code"] for item in found["items"]]


def test_those_of_today_come_in_the_order_of_their_numbers_with_owners_by_name(caller: TestClient) -> None:
    found = caller.get("/v1/assets").json()
    assert [item["code"] for item in found["items"]] == ["J/3", "J1", "J2"]
    assert (found["version"], found["assets"], found["total"]) == (1, 1, 3)
    assert "next" not in found
    assert found["items"][1] == {
        "code": "J1",
        "name": "部件J1",
        "matter": "C0101",
        "matter_name": "燃气井盖",
        "owner": {"code": "RQG", "name": "济南燃气公司", "kind": "company"},
        "lon": 117.0205,
        "lat": 36.6605,
        "valid_from": "2026-02-28T16:00:00+00:00",
        "valid_until": None,
    }
    assert found["items"][2]["owner"] is None


def test_a_box_a_class_and_a_number_narrow_them(caller: TestClient) -> None:
    west, south, east, north = *at(0.5, 0.5), *at(1.5, 0.5)
    assert codes(caller, bbox=f"{west},{south},{east},{north}") == ["J1", "J2"], "the edges are in"
    assert codes(caller, bbox=f"{west + 1e-6},{south},{east},{north}") == ["J2"]
    assert codes(caller, matter="C01") == ["J/3", "J1", "J2"]
    assert codes(caller, matter="C0101") == ["J1", "J2"]
    assert codes(caller, matter="C010101") == []
    assert codes(caller, code="J1") == ["J1"]
    assert codes(caller, code="J") == [], "a number is a whole number"


def test_as_of_then_the_books_say_what_was_there_and_whose_it_was(caller: TestClient) -> None:
    assert codes(caller, at="2024-06-01T00:00:00+08:00") == ["J/3", "J1", "J2", "J4"]
    before = caller.get("/v1/assets/J1", params={"at": "2026-02-28T23:59:59+08:00"}).json()
    since = caller.get("/v1/assets/J1", params={"at": SOLD}).json()
    assert (before["owner"]["code"], since["owner"]["code"]) == ("GDG", "RQG")
    assert codes(caller, known_at="2026-11-20T08:00:00Z") == ["J/3", "J1", "J2"]


def test_one_tells_its_past_when_asked(caller: TestClient) -> None:
    plain, full = caller.get("/v1/assets/J1").json(), caller.get("/v1/assets/J1", params={"history": True}).json()
    assert "history" not in plain
    assert [one["owner"]["code"] for one in full["history"]] == ["GDG", "RQG"]
    assert caller.get("/v1/assets/J/3").json()["code"] == "J/3"


def test_geojson_has_points(caller: TestClient) -> None:
    found = caller.get("/v1/assets", params={"format": "geojson", "code": "J2"}).json()
    assert found["type"] == "FeatureCollection"
    (feature,) = found["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": list(at(1.5, 0.5))}
    assert feature["properties"]["code"] == "J2"


def test_pages_lose_nothing_and_count_all(caller: TestClient) -> None:
    seen, query = [], {"limit": "1"}
    for left in (2, 1, 0):
        page = caller.get("/v1/assets", params=query).json()
        assert page["total"] == 3
        seen += [item["code"] for item in page["items"]]
        assert ("next" in page) == (left > 0)
        query = {"limit": "1", "cursor": page.get("next", "")}
    assert seen == ["J/3", "J1", "J2"]


def test_the_same_question_is_not_answered_twice(caller: TestClient) -> None:
    for path in ("/v1/assets?matter=C01", "/v1/assets/J1"):
        first = caller.get(path)
        again = caller.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        then = caller.get(path + ("&" if "?" in path else "?") + "at=2026-02-01T00:00:00Z")
        assert then.headers["ETag"] != first.headers["ETag"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/v1/assets/NONE", 404, "there is no asset 'NONE'"),
        ("/v1/assets/J4", 404, "it is from 2019-04-30T16:00:00+00:00 to 2024-12-31T16:00:00+00:00"),
        ("/v1/assets/J1?at=2019-12-31T00:00:00Z", 404, "no version of the grid was in force"),
        ("/v1/assets?bbox=1,2,3", 422, "west,south,east,north"),
        ("/v1/assets?at=2026-01-01T00:00:00", 422, "time zone"),
        ("/v1/assets?format=xml", 422, "format"),
        ("/v1/assets?limit=0", 422, "limit"),
        ("/v1/assets?cursor=rubbish", 422, "cursor"),
        ("/v1/assets?cursor=WzEsLTVd", 422, "cursor"),
    ],
)
def test_what_cannot_be_answered_says_why(caller: TestClient, path: str, status: int, words: str) -> None:
    answer = caller.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]


def test_a_cursor_does_not_outlive_its_snapshot(tmp_path: Path) -> None:
    made = found_town(f"sqlite:///{tmp_path}/wangge.db", tmp_path).fill()
    made.publish(accept=["hole"], effective=BEGAN)
    made.table("assets", THINGS)
    with TestClient(create_app(Settings(home=tmp_path)), base_url=BASE) as caller:
        following = caller.get("/v1/assets", params={"limit": 1}).json()["next"]
        assert caller.get("/v1/assets", params={"cursor": following}).status_code == 200
        made.table("assets", [thing("J5", "C0101", (1.5, 1.5))], merge=True)
        made.store.close()
        deadline = time.monotonic() + 5
        while caller.get("/v1/assets").json()["assets"] == 1 and time.monotonic() < deadline:
            time.sleep(0.05)
        answer = caller.get("/v1/assets", params={"cursor": following})
    assert answer.status_code == 422
    assert "begin again" in answer.json()["detail"]


def test_a_replica_says_the_same(
    settings: Settings, caller: TestClient, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("replica")
    with serving(settings) as upstream:
        replica = Settings(home=home, upstream=upstream)
        found_town(replica.store_url, home).store.close()
        with TestClient(create_app(replica), base_url=BASE) as other:
            for path in ("/v1/assets", "/v1/assets/J1?history=true"):
                assert other.get(path).json() == caller.get(path).json()
