"""Phone numbers: told to a key with the scope `contacts` and to nobody else, and never kept by what lies between."""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from commands import Wangge
from gis.storage.engine import Store
from server.api.app import create_app
from server.api.service import utc_now
from server.keys import create_key
from server.settings import Settings
from smalltown import PEOPLE, Town, at, found_town

PHONE = PEOPLE[0]["phone"]
PLACE = dict(zip(("lon", "lat"), at(0.5, 0.5), strict=True))
"""In the cell whose duty names 王芳."""
LOOPBACK = "http://127.0.0.1:8321"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small town, published, people with phones in its roster."""
    folder = tmp_path_factory.mktemp("contacts")
    town: Town = found_town(f"sqlite:///{folder}/wangge.db", folder).fill()
    town.publish(accept=["hole"])
    town.store.close()
    return folder


@pytest.fixture(scope="module")
def keyed(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, where keys exist."""
    return Path(shutil.copytree(home, tmp_path_factory.mktemp("keyed") / "home"))


@pytest.fixture(scope="module")
def keys(keyed: Path) -> dict[str, str]:
    """Keys by their scopes."""
    store = Store(f"sqlite:///{keyed}/wangge.db")
    with store.write() as session:
        made = {
            scopes: create_key(session, scopes, scopes.split(), utc_now())
            for scopes in ("read", "read reports", "contacts", "read contacts", "admin")
        }
    store.close()
    return made


@pytest.fixture
def caller(keyed: Path) -> Iterator[TestClient]:
    """A caller on this machine."""
    with TestClient(create_app(Settings(home=keyed)), base_url=LOOPBACK) as client:
        yield client


def asked(caller: TestClient, key: str | None = None, contact: bool = True, **headers: str) -> Any:
    bearer = {"Authorization": f"Bearer {key}"} if key else {}
    params = PLACE | ({"contact": "true"} if contact else {})
    return caller.get("/v1/owner", params=params, headers=bearer | headers)


def test_on_this_machine_the_owner_is_told_without_a_key_and_the_phone_is_not(home: Path) -> None:
    with TestClient(create_app(Settings(home=home)), base_url=LOOPBACK) as caller:
        answer, refused = asked(caller, contact=False), asked(caller)
    assert answer.status_code == 200
    assert answer.json()["owner"]["person"]["code"] == "P1"
    assert "phone" not in answer.text
    assert refused.status_code == 401
    assert PHONE not in refused.text


def test_a_key_must_have_both_scopes(caller: TestClient, keys: dict[str, str]) -> None:
    told = {scopes: asked(caller, key) for scopes, key in keys.items()}
    assert {scopes: answer.status_code for scopes, answer in told.items()} == {
        "read": 403,
        "read reports": 403,
        "contacts": 403,
        "read contacts": 200,
        "admin": 200,
    }
    assert "'contacts'" in told["read"].json()["detail"]
    assert "'read'" in told["contacts"].json()["detail"]
    for answer in told.values():
        assert (PHONE in answer.text) == (answer.status_code == 200)
    assert asked(caller, "wg_wrong").status_code == 401


def test_with_the_key_the_phone_of_the_person_is_told_and_nothing_may_keep_it(
    caller: TestClient, keys: dict[str, str]
) -> None:
    answer = asked(caller, keys["read contacts"])
    assert answer.json()["owner"]["person"]["phone"] == PHONE
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    others = [person["phone"] for person in PEOPLE[1:]]
    assert not any(phone in answer.text for phone in others)


def test_an_answer_with_a_phone_is_never_taken_from_what_the_caller_holds(
    caller: TestClient, keys: dict[str, str]
) -> None:
    key = keys["read contacts"]
    plain = asked(caller, key, contact=False)
    assert asked(caller, key, contact=False, **{"If-None-Match": plain.headers["ETag"]}).status_code == 304
    again = asked(caller, key, **{"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.json()["owner"]["person"]["phone"]) == (200, PHONE)


def test_the_key_alone_brings_no_phone_into_ordinary_answers(caller: TestClient, keys: dict[str, str]) -> None:
    bearer = {"Authorization": f"Bearer {keys['admin']}"}
    batch = {"points": [PLACE], "explain": True}
    texts = [
        asked(caller, keys["admin"], contact=False).text,
        caller.post("/v1/owners", json=batch, headers=bearer).text,
        caller.post("/v1/owners", params={"contact": "true"}, json=batch, headers=bearer).text,
        caller.get("/v1/rosters/current", headers=bearer).text,
        caller.get("/v1/parties", headers=bearer).text,
        caller.get("/v1/duties", headers=bearer).text,
    ]
    assert [text for text in texts if '"P1"' in text]
    assert not [text for text in texts if any(person["phone"] in text for person in PEOPLE)]


def test_neither_logs_nor_metrics_nor_files_hold_a_phone(
    caller: TestClient, keys: dict[str, str], keyed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert PHONE in asked(caller, keys["read contacts"]).text
    metrics = caller.get("/metrics", headers={"Authorization": f"Bearer {keys['admin']}"}).text
    assert 'route="/v1/owner"' in metrics
    kept = [path for folder in ("releases", "assets") for path in keyed.glob(f"{folder}/*")]
    assert kept
    assert PHONE not in metrics + caplog.text
    assert not [path for path in kept if PHONE.encode() in path.read_bytes()]


def test_where_nobody_is_named_there_is_no_phone_and_no_fault(caller: TestClient, keys: dict[str, str]) -> None:
    key = {"Authorization": f"Bearer {keys['read contacts']}"}
    for params in ({"lon": 116.0, "lat": 36.0}, PLACE | {"at": "2001-01-01T00:00:00Z"}):
        answer = caller.get("/v1/owner", params=params | {"contact": "true"}, headers=key)
        assert (answer.status_code, answer.json()["owner"]) == (200, None)
        assert "phone" not in answer.text
    nobody = caller.get("/v1/owner", params=dict(zip(("lon", "lat"), at(5.0, 3.5), strict=True)) | {"contact": "true"},
                        headers=key)  # fmt: skip
    assert (nobody.json()["owner"]["party"]["code"], nobody.json()["owner"]["person"]) == ("SZX", None)


def test_the_command_tells_it_only_when_asked(home: Path) -> None:
    wangge = Wangge(home)
    where = ("owner", PLACE["lon"], PLACE["lat"])
    assert PHONE not in wangge.do(*where, "--explain").all + wangge.do(*where, "--json").all
    assert f"phone  {PHONE}" in wangge.do(*where, "--contact").out
    assert wangge.do(*where, "--contact", "--json").json["owner"]["person"]["phone"] == PHONE
