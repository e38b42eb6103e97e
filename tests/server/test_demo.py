"""The whole way, on both stores: files in, gate, version, owners, reports, heat, HTTP, against known truth."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gis.errors import Conflict
from gis.storage.engine import Store
from gis.storage.migrate import migrate
from routing.addresses import import_addresses, search_addresses
from server.demonstration import build_demo, prove
from server.settings import Settings


def now() -> datetime:
    return datetime.now(UTC)


def test_the_sample_city_walks_the_whole_way(store_url: str, tmp_path: Path) -> None:
    told: list[str] = []
    standing = build_demo(Settings(home=tmp_path / "demo", store=store_url), (150, 200), 3, now, told.append)
    summary = prove(standing, now)
    standing.store.close()
    assert summary["ok"], summary["checks"]
    assert summary["right_cells"] == summary["reports"] == summary["heat_total"] == 200
    assert any("published version 1" in words for words in told)


def test_the_demo_does_not_touch_a_store_in_use(store_url: str, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "demo", store=store_url)
    build_demo(settings, (20, 10), 1, now, lambda _words: None).store.close()
    with pytest.raises(Conflict, match="only goes into an empty one"):
        build_demo(settings, (20, 10), 1, now, lambda _words: None)


def test_the_demo_spares_a_roster_and_an_address_table_too(store_url: str, tmp_path: Path) -> None:
    store = Store(store_url)
    migrate(store)
    path = tmp_path / "addresses.csv"
    path.write_text("address,lon,lat\n样城市中山路1号,118.0,31.0\n", encoding="utf-8")
    import_addresses(store, path, commit=True)
    with pytest.raises(Conflict, match="rows of 'address'"):
        build_demo(Settings(home=tmp_path / "demo", store=store_url), (20, 10), 1, now, lambda _words: None)
    with store.read() as session:
        assert len(search_addresses(session, "中山路")) == 1
