"""The whole way, on both stores: files in, gate, version, owners, reports, heat, HTTP, against known truth."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from gis.errors import Conflict
from gis.storage.engine import Store
from gis.storage.migrate import migrate
from routing.addresses import import_addresses, search_addresses
from routing.models import ReportRow
from server.demonstration import Demo, build_demo
from server.proving import prove
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
    assert not [words for words in told if "warning" in words]
    assert summary["findings"] == 0
    assert summary["known_owners"] == summary["right_owners"] > 20
    assert summary["replayed"] == 200
    assert summary["plan"]["off"] != summary["plan"]["on"]
    assert 0 < summary["datum_rms_m"] < 0.1


@pytest.mark.parametrize("seed", [2, 5, 11])
def test_small_cities_of_other_seeds_pass_the_gate_and_are_proved(seed: int, tmp_path: Path) -> None:
    standing = build_demo(Settings(home=tmp_path / "demo"), (20, 60), seed, now, lambda _words: None)
    summary = prove(standing, now)
    standing.store.close()
    assert summary["ok"], summary["checks"]
    assert summary["findings"] == 0


def test_reports_are_decided_by_the_roster_of_their_own_day(demo: Demo) -> None:
    with demo.store.read() as session:
        rows = session.execute(select(ReportRow.occurred_at, ReportRow.decided_at, ReportRow.trace)).all()
    assert all(occurred == decided for occurred, decided, _ in rows)
    people = [(decided, trace["owner"]["person"]) for _, decided, trace in rows if trace["owner"]["person"]]
    on_shift = {decided.date() for decided, person in people if person["why"] == "shift"}
    assert on_shift
    assert min(on_shift) >= date(2026, 10, 12)
    assert max(on_shift) <= date(2026, 10, 19)
    assert {person["why"] for _, person in people} >= {"named", "shift", "role"}


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
