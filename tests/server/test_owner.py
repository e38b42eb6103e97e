"""Whose is this point, over HTTP: one by one and in batches, with versions, ETags and honest errors."""

import asyncio
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from gis.datums import datum, from_wgs84
from server.api import owners
from server.demonstration import Demo


@pytest.fixture
def middle(client: TestClient) -> dict[str, Any]:
    """The middle of the city."""
    west, south, east, north = client.get("/v1/releases/current").json()["bbox"]
    return {"lon": (west + east) / 2, "lat": (south + north) / 2}


def test_a_point_gets_its_cell_its_owner_the_duty_and_its_basis(client: TestClient, middle: dict[str, Any]) -> None:
    answer = client.get("/v1/owner", params=middle).json()
    assert answer["cell_verdict"] == "certain"
    assert answer["owner_verdict"] == "certain"
    assert answer["cell"]["layer"] == "cell"
    assert len(answer["cell"]["code"]) == 15
    assert answer["owner"]["party"]["name"]
    assert answer["owner"]["duty"]["basis"].startswith("《样城市")
    assert [place["layer"] for place in answer["places"]] == ["cell", "grid", "community", "street", "district", "city"]
    assert answer["version"] == answer["release"] == 1
    assert "explain" not in answer


def test_explain_tells_every_step_in_two_languages(client: TestClient, middle: dict[str, Any]) -> None:
    told = client.get("/v1/owner", params=middle | {"explain": True, "matter": "C0101"}).json()["explain"]
    assert len(told["steps"]) == len(told["zh"]) == len(told["en"]) > 5
    assert told["steps"][0]["step"] == "datum"
    assert told["steps"][-1]["step"] == "verdict"


def test_no_phone_number_is_ever_in_an_answer(client: TestClient, demo: Demo, middle: dict[str, Any]) -> None:
    phones = [line.split(",")[-1] for line in demo.files["people"].read_text("utf-8-sig").splitlines()[1:]]
    assert all(phones)
    said = client.get("/v1/owner", params=middle | {"explain": True}).text + client.get("/v1/rosters/current").text
    release = (demo.settings.home / "releases" / "000001.wgr").read_bytes()
    assert not any(phone in said or phone.encode() in release for phone in phones)


@pytest.mark.parametrize("crs", ["gcj02", "bd09", "EPSG:4549", "cgcs2000"])
def test_the_same_place_in_another_datum_has_the_same_owner(
    client: TestClient, middle: dict[str, Any], crs: str
) -> None:
    x, y = (float(value) for value in from_wgs84(middle["lon"], middle["lat"], datum(crs)))
    here = client.get("/v1/owner", params=middle).json()
    there = client.get("/v1/owner", params={"lon": x, "lat": y, "crs": crs}).json()
    assert there["cell"] == here["cell"]
    assert there["point"]["lon"] == pytest.approx(middle["lon"], abs=1e-7)
    assert there["crs"] == crs


def test_the_etag_spares_a_caller_who_holds_the_answer(client: TestClient, middle: dict[str, Any]) -> None:
    first = client.get("/v1/owner", params=middle)
    again = client.get("/v1/owner", params=middle, headers={"If-None-Match": first.headers["ETag"]})
    other = client.get("/v1/owner", params=middle | {"lon": middle["lon"] + 0.01})
    assert again.status_code == 304
    assert not again.content
    assert other.headers["ETag"] != first.headers["ETag"]


def test_before_the_first_version_the_verdict_says_so(client: TestClient, middle: dict[str, Any]) -> None:
    answer = client.get("/v1/owner", params=middle | {"at": "2001-01-01T00:00:00+08:00", "explain": True}).json()
    assert (answer["cell_verdict"], answer["owner_verdict"]) == ("no_version", "unowned")
    assert answer["explain"]["zh"]


def test_far_away_names_the_nearest_cell_and_nobody(client: TestClient) -> None:
    answer = client.get("/v1/owner", params={"lon": 121.47, "lat": 31.23}).json()
    assert (answer["cell_verdict"], answer["owner_verdict"]) == ("outside", "unowned")
    assert answer["nearest"]["distance_m"] > 100_000
    assert answer["owner"] is None


@pytest.mark.parametrize(
    ("asked", "field", "words"),
    [
        ({"lon": 118}, "lat", "is missing: give lon and lat, or the number of an asset"),
        ({"lon": "x", "lat": 31}, "lon", "number"),
        ({"lon": "nan", "lat": 31}, None, "finite"),
        ({"lon": "inf", "lat": 31}, None, "finite"),
        ({"lon": 31, "lat": 118}, None, "swapped"),
        ({"lon": 118, "lat": 31, "crs": "mars"}, None, "mars"),
        ({"lon": 118, "lat": 31, "accuracy": -1}, "accuracy", "greater"),
        ({"lon": 118, "lat": 31, "accuracy": 9999}, "accuracy", "less"),
        ({"lon": 118, "lat": 31, "at": "2026-01-01T00:00:00"}, "at", "time zone"),
    ],
)
def test_a_bad_question_is_refused_by_name(
    client: TestClient, asked: dict[str, Any], field: str | None, words: str
) -> None:
    refused = client.get("/v1/owner", params=asked)
    told = refused.json()
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert told["type"].startswith("urn:wangge:")
    assert words in told["detail"]
    assert field is None or told["field"] == field


def test_a_batch_answers_each_point_as_the_single_call_does(client: TestClient, middle: dict[str, Any]) -> None:
    points = [
        {"id": n, "lon": middle["lon"] + n * 3e-4, "lat": middle["lat"] - n * 2e-4, "matter": m, "accuracy": 5}
        for n, m in enumerate(["C0101", None, "E0201", "zz"] * 5)
    ]
    data = client.post("/v1/owners", json={"points": points}).json()
    assert (data["version"], len(data["answers"])) == (1, len(points))
    for point, answer in zip(points, data["answers"], strict=True):
        asked = {key: value for key, value in point.items() if key != "id" and value is not None}
        single = client.get("/v1/owner", params=asked).json()
        assert {k: v for k, v in answer.items() if k not in ("id", "at")} == {
            k: v for k, v in single.items() if k != "at"
        }
        assert answer["id"] == point["id"]


def test_ndjson_streams_a_line_for_a_line_in_order(client: TestClient, middle: dict[str, Any]) -> None:
    lines = "\n".join(json.dumps({"id": n, **middle}) for n in range(4500))
    answer = client.post("/v1/owners", content=lines, headers={"content-type": "application/x-ndjson"})
    told = [json.loads(line) for line in answer.text.splitlines()]
    assert [item["id"] for item in told] == list(range(4500))
    assert {item["cell"]["code"] for item in told} == {told[0]["cell"]["code"]}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "no JSON"),
        (b"[]", "must be a JSON object"),
        (b"{}", "points: must be a list"),
        (b'{"points": [1]}', "points[0]: must be an object"),
        (b'{"points": [{"lon": 1}]}', "points[0].lat"),
        (b'{"points": [{"lon": "1", "lat": 2}]}', "points[0].lon='1'"),
        (b'{"points": [{"lon": 118, "lat": 31, "matter": 5}]}', "points[0].matter=5"),
        (b'{"points": [{"lon": 118, "lat": 31, "accuracy": true}]}', "points[0].accuracy"),
        (b'{"points": [{"lon": 118, "lat": 95}]}', "lat=95"),
        (b'{"points": [], "crs": 7}', "crs must be text"),
    ],
)
def test_a_bad_batch_is_refused_whole(client: TestClient, body: bytes, words: str) -> None:
    refused = client.post("/v1/owners", content=body, headers={"content-type": "application/json"})
    assert refused.status_code == 422
    assert words in refused.json()["detail"]


def test_a_bad_line_refuses_the_stream_before_it_begins(client: TestClient) -> None:
    lines = '{"lon": 118, "lat": 31}\n{"lon": 118}\n'
    refused = client.post("/v1/owners", content=lines, headers={"content-type": "application/x-ndjson"})
    assert refused.status_code == 422
    assert "line 2.lat" in refused.json()["detail"]


def test_a_batch_too_large_is_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owners, "MOST_POINTS", 2)
    monkeypatch.setattr(owners, "MOST_BYTES", 200)
    assert client.post("/v1/owners", json={"points": [{"lon": 1, "lat": 1}] * 3}).status_code == 413
    assert client.post("/v1/owners", content=b" " * 300).status_code == 413


def test_an_empty_batch_has_an_empty_answer(client: TestClient) -> None:
    assert client.post("/v1/owners", json={"points": []}).json()["answers"] == []
    empty = client.post("/v1/owners", content=b"", headers={"content-type": "application/x-ndjson"})
    assert (empty.status_code, empty.content) == (200, b"")


NDJSON = {"content-type": "application/x-ndjson"}
BAD_POINTS = [
    ({"lon": 118, "lat": 31, "accuracy": -1}, ".accuracy=-1: must lie in 0 to 5000"),
    ({"lon": 118, "lat": 31, "accuracy": 5001}, ".accuracy=5001: must lie in 0 to 5000"),
    ({"lon": 118, "lat": 95}, ": lat=95.0: must lie in [-90, 90]"),
    ({"lon": 31, "lat": 118}, "swapped"),
    ({"lon": 118, "lat": 31, "matter": 5}, ".matter=5: must be text"),
    ({"lon": 118, "lat": 31, "matter": "C" * 201}, ".matter: at most 200 characters"),
]


@pytest.mark.parametrize(("bad", "words"), BAD_POINTS)
@pytest.mark.parametrize("crs", ["wgs84", "gcj02", "bd09"])
def test_a_bad_point_far_down_refuses_the_stream_and_is_named(
    client: TestClient, bad: dict[str, Any], words: str, crs: str
) -> None:
    lines = [json.dumps({"lon": 118, "lat": 31})] * 5000
    lines[4500] = json.dumps(bad)
    body = "\n".join(lines)
    refused = client.post("/v1/owners", params={"crs": crs}, content=body, headers=NDJSON)
    assert refused.status_code == 422
    assert "line 4501" in refused.json()["detail"]
    assert words in refused.json()["detail"]
    assert refused.json()["field"].startswith("line 4501")


@pytest.mark.parametrize(("bad", "words"), BAD_POINTS)
def test_a_bad_point_of_a_json_batch_is_named(client: TestClient, bad: dict[str, Any], words: str) -> None:
    refused = client.post("/v1/owners", json={"points": [{"lon": 118, "lat": 31}, bad]})
    assert refused.status_code == 422
    assert "points[1]" in refused.json()["detail"]
    assert words in refused.json()["detail"]


def test_blank_lines_are_passed_over_and_counted(client: TestClient, middle: dict[str, Any]) -> None:
    good = json.dumps(middle)
    answer = client.post("/v1/owners", content=f"\n{good}\n\n{good}\n", headers=NDJSON)
    assert len(answer.text.splitlines()) == 2
    refused = client.post("/v1/owners", content=f"\n{good}\n\n{{}}\n", headers=NDJSON)
    assert "line 4.lon" in refused.json()["detail"]


def test_a_batch_is_read_answered_and_written_off_the_event_loop(
    client: TestClient, middle: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_loop: list[bool] = []

    def watched(text: bytes) -> Any:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            on_loop.append(False)
        else:
            on_loop.append(True)
        return json.loads(text)

    monkeypatch.setattr(owners.orjson, "loads", watched)
    client.post("/v1/owners", json={"points": [middle]})
    client.post("/v1/owners", content=json.dumps(middle), headers=NDJSON)
    assert on_loop == [False, False]
