"""Who may call: this machine freely while it listens to itself only; everyone else with a key."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from gis.errors import BadInput
from gis.storage.engine import Store
from gis.storage.migrate import migrate
from server.api.app import create_app
from server.api.service import utc_now
from server.cli.serve import check_loopback
from server.keys import create_key, hashed, revoke_key
from server.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path, host="0.0.0.0")
    migrate(Store(made.store_url))
    return made


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = Store(settings.store_url)
    yield opened
    opened.close()


@pytest.fixture
def outside(settings: Settings) -> Iterator[TestClient]:
    """A caller from elsewhere."""
    with TestClient(create_app(settings), base_url="http://grid.example") as caller:
        yield caller


def _key(store: Store, *scopes: str) -> str:
    with store.write() as session:
        return create_key(session, "test", list(scopes), utc_now())


def test_without_a_key_it_only_listens_to_this_machine(settings: Settings, store: Store) -> None:
    with pytest.raises(BadInput, match="wangge key create"):
        check_loopback(settings, store)
    _key(store, "read")
    check_loopback(settings, store)


def test_a_caller_from_elsewhere_needs_a_key(outside: TestClient) -> None:
    refused = outside.get("/v1/layers")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Basic")
    assert refused.json()["type"] == "urn:wangge:unauthorized"
    assert outside.get("/v1/layers", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert outside.get("/v1/layers", headers={"Authorization": "Basic rubbish"}).status_code == 401
    for path in ("/", "/heat", "/docs", "/metrics"):
        assert outside.get(path).status_code == 401
    assert outside.get("/healthz").status_code == 200


def test_every_route_but_health_and_files_asks_for_the_key(outside: TestClient) -> None:
    paths = outside.get("/openapi.json").json()["paths"]
    for path, methods in paths.items():
        filled = (
            path.replace("{", "").replace("}", "").replace("number", "1").replace("before", "1").replace("after", "1")
        )
        for method in methods:
            assert outside.request(method, filled).status_code == 401, path


def test_a_key_opens_what_its_scope_allows(outside: TestClient, store: Store) -> None:
    key = _key(store, "read")
    for header in (f"Bearer {key}", "Basic " + base64.b64encode(f"anyone:{key}".encode()).decode()):
        assert outside.get("/v1/layers", headers={"Authorization": header}).status_code == 503
    refused = outside.get("/v1/reports", headers={"Authorization": f"Bearer {key}"})
    assert refused.status_code == 403
    assert "reports" in refused.json()["detail"]
    admin = _key(store, "admin")
    outside.app.state.service._keys = (float("-inf"), {})  # type: ignore[attr-defined]  # rather than wait a second
    assert outside.get("/v1/reports", headers={"Authorization": f"Bearer {admin}"}).status_code == 200


def test_a_revoked_key_is_shut_out(outside: TestClient, store: Store) -> None:
    key = _key(store, "read")
    assert outside.get("/v1/layers", headers={"Authorization": f"Bearer {key}"}).status_code == 503
    with store.write() as session:
        revoke_key(session, 1, utc_now())
    outside.app.state.service._keys = (float("-inf"), {})  # type: ignore[attr-defined]
    assert outside.get("/v1/layers", headers={"Authorization": f"Bearer {key}"}).status_code == 401


def test_only_the_hash_of_a_key_is_kept(store: Store, tmp_path: Path) -> None:
    key = _key(store, "read")
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert hashed(key).encode() in kept
    assert key.encode() not in kept


def test_an_unknown_scope_is_refused(store: Store) -> None:
    with pytest.raises(BadInput, match="choose of read"):
        _key(store, "everything")


def test_on_loopback_a_foreign_host_name_is_refused(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    migrate(Store(settings.store_url))
    with TestClient(create_app(settings), base_url="http://rebound.example") as caller:
        assert caller.get("/v1/layers").status_code == 403
    with TestClient(create_app(settings), base_url="http://localhost:8321") as caller:
        assert caller.get("/v1/layers").status_code == 503


def test_a_misspelt_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGGE_STOER", "sqlite://")
    with pytest.raises(BadInput, match="WANGGE_STOER is no setting"):
        load_settings()


def test_behind_a_proxy_or_once_a_key_exists_loopback_is_no_excuse(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    store = Store(settings.store_url)
    migrate(store)
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8321") as caller:
        assert caller.get("/v1/layers").status_code == 503
        assert caller.get("/v1/layers", headers={"X-Forwarded-For": "10.1.2.3"}).status_code == 401
        key = _key(store, "read")
        caller.app.state.service._keys = (float("-inf"), {})  # type: ignore[attr-defined]
        assert caller.get("/v1/layers").status_code == 401
        assert caller.get("/v1/layers", headers={"Authorization": f"Bearer {key}"}).status_code == 503


def test_a_password_that_is_no_ascii_is_no_key(outside: TestClient) -> None:
    assert outside.get("/v1/layers", headers={"Authorization": "Basic é".encode("latin-1")}).status_code == 401
    assert outside.get("/v1/layers", headers={"Authorization": b"Basic /w=="}).status_code == 401


def test_whole_books_are_for_replicas(outside: TestClient, store: Store, settings: Settings) -> None:
    keys = {scope: {"Authorization": f"Bearer {_key(store, scope)}"} for scope in ("read", "replica", "admin")}
    for book in ("roster", "overrides"):
        refused = outside.get(f"/v1/books/{book}/1", headers=keys["read"])
        assert refused.status_code == 403
        assert "wangge key create NAME --scope replica" in refused.json()["detail"]
        for scope in ("replica", "admin"):
            assert outside.get(f"/v1/books/{book}/1", headers=keys[scope]).status_code == 404
    for path in ("/v1/releases", "/v1/books", "/v1/datums"):
        assert outside.get(path, headers=keys["replica"]).status_code == 200
    assert outside.get("/v1/reports", headers=keys["replica"]).status_code == 403
    mine = Settings(home=settings.home)
    with store.write() as session:
        for number in (1, 2, 3):
            revoke_key(session, number, utc_now())
    with TestClient(create_app(mine), base_url="http://127.0.0.1") as local:
        assert local.get("/v1/books/roster/1").status_code == 404
