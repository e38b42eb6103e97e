"""New versions reach readers in other processes within two seconds, and no answer ever mixes two."""

import io
import json
import shutil
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import shapely
from fastapi.testclient import TestClient

from gis.errors import NotReady, WanggeError
from gis.files.writers import write_features, write_table
from gis.storage.engine import Store
from gis.storage.migrate import migrate
from grids.assets import Asset, write_assets
from grids.import_areas import AreaFile, import_areas
from grids.import_tables import import_table
from grids.kept import KEPT
from grids.publish import publish, release_path
from grids.shelf import Shelf, StoreSource, assets_path
from server.api.app import create_app
from server.demonstration import serving
from server.settings import Settings
from server.upstream import UpstreamSource

PICKED_UP_S = 2.0
VERSIONS = 6
READER = Path(__file__).with_name("reader.py")


def now() -> datetime:
    return datetime.now(UTC)


def publish_generation(settings: Settings, number: int) -> float:
    """Publish a grid whose every cell, party, person and duty carries its generation; gives when it was published."""
    store, folder = Store(settings.store_url), settings.home / "in"
    folder.mkdir(exist_ok=True)
    boxes = [shapely.box(118 + n * 0.01, 31, 118.01 + n * 0.01, 31.01) for n in range(40)]
    codes = [f"g{number}-{n:02d}" for n in range(40)]
    write_features(folder / "cells.geojson", {"code": codes}, boxes)
    write_table(folder / "parties.csv", {"code": [f"p{number}"], "name": [f"第{number}代"]})
    duties = {"code": [f"d{number}-{n}" for n in range(40)], "party_code": [f"p{number}"] * 40, "layer": ["cell"] * 40}
    write_table(folder / "duties.csv", duties | {"area_code": codes, "document": [f"doc{number}"] * 40})
    import_areas(store, AreaFile(folder / "cells.geojson", "cell", "code"), now(), commit=True)
    for kind in ("parties", "duties"):
        import_table(store, kind, folder / f"{kind}.csv", now(), commit=True)
    publish(store, settings.home, "draft", now())
    store.close()
    return time.time()


@pytest.fixture
def settings(store_url: str, tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path, store=store_url)
    migrate(Store(made.store_url))
    return made


def generations(answer: dict[str, Any]) -> set[str]:
    """All generations that one answer speaks of: more than one would be a mix."""
    owner = answer["owner"]
    told = [
        answer["cell"]["code"].split("-")[0][1:],
        owner["party"]["code"][1:],
        owner["duty"]["code"].split("-")[0][1:],
    ]
    return {*told, owner["duty"]["document"][3:], owner["party"]["name"][1:-1], str(answer["version"])}


def test_readers_in_other_processes_never_see_a_mix_and_follow_within_two_seconds(settings: Settings) -> None:
    publish_generation(settings, 1)
    command = [sys.executable, str(READER), settings.store_url, str(settings.home)]
    readers = [subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) for _ in range(2)]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
    published = {1: time.time()}
    for number in range(2, VERSIONS + 1):
        published[number] = publish_generation(settings, number)
        time.sleep(0.4)
    time.sleep(PICKED_UP_S)
    for reader in readers:
        told = json.loads(reader.communicate("stop\n", timeout=60)[0])
        assert told["mixed"] == []
        assert told["questions"] > 200
        seen = {int(number): when for number, when in told["first_seen"].items()}
        assert max(seen) == VERSIONS
        delays = {number: seen[number] - published[number] for number in seen if number > 1}
        assert max(delays.values()) < PICKED_UP_S, delays
        assert told["order"] == sorted(told["order"])


def test_requests_under_way_while_versions_are_published_never_mix(settings: Settings) -> None:
    publish_generation(settings, 1)
    points = [{"lon": 118.0004 + n * 0.0099, "lat": 31.005} for n in range(40)]
    wrong: list[Any] = []
    ended = threading.Event()

    def ask(client: TestClient) -> None:
        while not ended.is_set():
            data = client.post("/v1/owners", json={"points": points}).json()
            spoken = set().union(*(generations(answer) for answer in data["answers"]))
            if spoken != {str(data["version"])}:
                wrong.append(spoken)

    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        askers = [threading.Thread(target=ask, args=(client,)) for _ in range(3)]
        for asker in askers:
            asker.start()
        for number in range(2, VERSIONS):
            publish_generation(settings, number)
            deadline = time.monotonic() + PICKED_UP_S
            while client.get("/readyz").json()["release"] != number:
                assert time.monotonic() < deadline, f"version {number} was not picked up"
                time.sleep(0.05)
        ended.set()
        for asker in askers:
            asker.join()
    assert wrong == []


@pytest.fixture
def upstream(tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path / "up")
    migrate(Store(made.store_url))
    publish_generation(made, 1)
    return made


def test_a_replica_fetches_releases_checks_them_and_survives_its_upstream(upstream: Settings, tmp_path: Path) -> None:
    home = tmp_path / "replica"
    with serving(upstream) as base:
        shelf = Shelf(UpstreamSource(base, "", home))
        view = shelf.required(now())
        assert view.release.number == 1
        publish_generation(upstream, 2)
        deadline = time.monotonic() + PICKED_UP_S
        while shelf.required(now()).release.number != 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        path = release_path(home, 2)
        damaged = bytearray(path.read_bytes())
        damaged[-200] ^= 1
        path.write_bytes(bytes(damaged))
        assert Shelf(UpstreamSource(base, "", home)).required(now()).release.number == 2
        assert path.read_bytes() == release_path(upstream.home, 2).read_bytes()
    lonely = Shelf(UpstreamSource(base, "", home)).required(now())
    assert lonely.release.number == 2
    answer = next(lonely.resolver.answers([118.005], [31.005], [None]))
    assert generations(answer.as_dict()) == {"2"}


def test_a_replica_serves_http_from_its_upstream(upstream: Settings, tmp_path: Path) -> None:
    with serving(upstream) as base:
        settings = Settings(home=tmp_path / "r", upstream=base)
        migrate(Store(settings.store_url))
        with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
            assert client.get("/v1/owner", params={"lon": 118.005, "lat": 31.005}).json()["version"] == 1


def test_a_lost_release_file_is_built_again_to_the_same_digest(settings: Settings) -> None:
    publish_generation(settings, 1)
    store = Store(settings.store_url)
    path = release_path(settings.home, 1)
    before = path.read_bytes()
    path.unlink()
    assert Shelf(StoreSource(store, settings.home)).required(now()).release.number == 1
    assert path.read_bytes() == before


def test_what_a_proxy_says_instead_never_replaces_the_last_good_list(upstream: Settings, tmp_path: Path) -> None:
    home = tmp_path / "replica"
    with serving(upstream) as base:
        source = UpstreamSource(base, "", home)
        assert Shelf(source).required(now()).release.number == 1
        kept = (home / "upstream.json").read_bytes()
        source._base = f"{base}/docs#"
        with pytest.raises(NotReady, match="cannot be had"):
            source.state()
        assert (home / "upstream.json").read_bytes() == kept
    assert Shelf(UpstreamSource("http://127.0.0.1:9", "", home)).required(now()).release.number == 1


def write_book(settings: Settings, kind: str, row: dict[str, Any], when: datetime) -> None:
    """One more snapshot of a book, recorded then."""
    store, path = Store(settings.store_url), settings.home / "in" / f"{kind}.csv"
    write_table(path, {name: [value] for name, value in row.items()})
    import_table(store, kind, path, when, commit=True)
    store.close()


def write_person(settings: Settings, name: str, when: datetime) -> None:
    write_book(settings, "people", {"code": "P1", "name": name, "party_code": "p1", "role": "worker"}, when)


def names(shelf: Shelf, known_at: datetime | None = None) -> list[str]:
    return [person.name for person in shelf.required(now(), known_at).roster.people]


def test_what_readers_ask_about_the_past_leaves_the_start_without_the_upstream_whole(
    upstream: Settings, tmp_path: Path
) -> None:
    begun = now()
    for number in range(1, KEPT + 4):
        write_person(upstream, f"第{number}人", begun + timedelta(seconds=number))
    home = tmp_path / "replica"
    with serving(upstream) as base:
        shelf = Shelf(UpstreamSource(base, "", home))
        assert names(shelf)[-1] == f"第{KEPT + 3}人"
        for number in range(1, KEPT + 3):
            assert names(shelf, begun + timedelta(seconds=number)) == [f"第{n}人" for n in range(1, number + 1)]
    assert len(list(home.glob("upstream-roster*"))) <= KEPT + 1
    assert names(Shelf(UpstreamSource(base, "", home)))[-1] == f"第{KEPT + 3}人"


def test_a_release_is_served_on_without_asking_for_any_book(upstream: Settings, tmp_path: Path) -> None:
    write_person(upstream, "甲", now())
    with serving(upstream) as base:
        settings = Settings(home=tmp_path / "r", upstream=base)
        migrate(Store(settings.store_url))
        with serving(settings) as middle:
            child = Shelf(UpstreamSource(middle, "", tmp_path / "child"))
            assert names(child) == ["甲"]
    assert names(Shelf(UpstreamSource(base, "", settings.home))) == ["甲"]
    assert names(Shelf(UpstreamSource(middle, "", tmp_path / "child"))) == ["甲"]


def test_a_list_is_kept_only_once_all_that_it_names_is(upstream: Settings, tmp_path: Path) -> None:
    home, clock = tmp_path / "replica", [0.0]
    with serving(upstream) as base:
        source = UpstreamSource(base, "", home)
        source.state()
        assert not (home / "upstream.json").exists()
        shelf = Shelf(source, clock=lambda: clock[0])
        assert shelf.required(now()).books.numbers.roster == 0
        kept = (home / "upstream.json").read_bytes()
        write_person(upstream, "甲", now())
        time.sleep(1)
        source.state()
        assert (home / "upstream.json").read_bytes() == kept
        clock[0] = 1.0
        assert names(shelf) == ["甲"]
        assert (home / "upstream.json").read_bytes() != kept


@pytest.mark.parametrize("text", ["", "[]", '{"items": [], "roster": 1}', '{"items": [{}], "books": {}}'])
def test_a_kept_list_that_cannot_be_read_is_told_and_fetched_again(
    upstream: Settings, tmp_path: Path, text: str
) -> None:
    home = tmp_path / "replica"
    home.mkdir()
    (home / "upstream.json").write_text(text)
    with pytest.raises(NotReady, match=r"upstream\.json cannot be read"):
        Shelf(UpstreamSource("http://127.0.0.1:9", "", home)).required(now())
    with serving(upstream) as base:
        assert Shelf(UpstreamSource(base, "", home)).required(now()).release.number == 1
    assert Shelf(UpstreamSource("http://127.0.0.1:9", "", home)).required(now()).release.number == 1


def test_a_number_used_again_by_a_restored_upstream_is_another_snapshot(upstream: Settings, tmp_path: Path) -> None:
    restored = Settings(home=tmp_path / "restored")
    shutil.copytree(upstream.home, restored.home)
    begun, clock, home = now(), [0.0], tmp_path / "replica"
    asset = {"code": "A1", "name": "灯", "matter": "C", "lon": 118.005, "lat": 31.005}
    for settings, name, seconds in ((upstream, "甲", 0), (restored, "乙", 5)):
        write_person(settings, name, begun + timedelta(seconds=seconds))
        write_book(settings, "matters", {"code": "C", "name": "城管"}, begun)
        write_book(settings, "assets", asset | {"name": name}, begun + timedelta(seconds=seconds))
    with serving(upstream) as base, serving(restored) as other:
        source = UpstreamSource(base, "", home)
        shelf = Shelf(source, clock=lambda: clock[0])
        before = shelf.required(now())
        numbers = before.books.numbers
        assert (names(shelf), numbers.roster, numbers.assets) == (["甲"], 1, 1)
        source._base, clock[0] = other, 1.0
        after = shelf.required(now())
        assert (names(shelf), after.books.numbers) == (["乙"], numbers)
        assert [held.name for held in after.books.assets] == ["乙"]
        assert after.tag != before.tag
        assert shelf.pinned(1, numbers, now()).roster.people[0].name == "乙"
        assert after.resolver is not before.resolver
    lonely = Shelf(UpstreamSource(base, "", home))
    assert (names(lonely), lonely.required(now()).tag) == (["乙"], after.tag)


class Slow(UpstreamSource):
    """Sends one file, in small pieces."""

    data = b""

    def _open(self, path: str) -> Any:
        sent = io.BytesIO(self.data)
        whole = sent.read

        def read(_size: int = -1) -> bytes:
            time.sleep(0.01)
            return whole(len(self.data) // 10)

        sent.read = read  # type: ignore[method-assign]
        return sent


def test_two_threads_that_fetch_the_same_file_both_get_it_whole(tmp_path: Path) -> None:
    file, recorded = tmp_path / "sent.wgr", now()
    write_assets(file, (7, recorded), [Asset(f"{n:05d}", "灯", "C", None, 117.0, 36.0) for n in range(2000)])
    source = Slow("http://127.0.0.1:9", "", tmp_path / "replica")
    source.data, source._times = file.read_bytes(), {("assets", 7): recorded.isoformat()}
    got: list[int | str] = []

    def fetch(wait: float) -> None:
        time.sleep(wait)
        try:
            got.append(len(source.assets(7)))
        except WanggeError as error:
            got.append(error.detail)

    fetchers = [threading.Thread(target=fetch, args=(wait,)) for wait in (0, 0.03, 0.06, 0.09)]
    for fetcher in fetchers:
        fetcher.start()
    for fetcher in fetchers:
        fetcher.join()
    assert got == [2000] * 4
    assert sorted(path.name for path in (tmp_path / "replica" / "assets").iterdir()) == ["000007.wgr", "000007.wgr.ok"]
    assert assets_path(tmp_path / "replica", 7).read_bytes() == source.data


def test_a_replica_whose_disk_takes_nothing_more_goes_on_and_says_why(
    upstream: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home, clock = tmp_path / "replica", [0.0]
    with serving(upstream) as base:
        shelf = Shelf(UpstreamSource(base, "", home), clock=lambda: clock[0])
        assert names(shelf) == []
        kept = (home / "upstream.json").read_bytes()
        (home / "upstream-roster-000001.json").mkdir()
        (home / "assets").write_text("in the way")
        write_person(upstream, "甲", now())
        time.sleep(1)
        clock[0] = 1.0
        assert names(shelf) == ["甲"]
        assert "upstream-roster-000001.json cannot be kept" in caplog.text
        assert (home / "upstream.json").read_bytes() == kept
        write_book(upstream, "matters", {"code": "C", "name": "城管"}, now())
        asset = {"code": "A1", "name": "灯", "matter": "C", "lon": 118.005, "lat": 31.005}
        write_book(upstream, "assets", asset, now())
        time.sleep(1)
        clock[0] = 2.0
        assert names(shelf) == ["甲"]
        assert "cannot be fetched" in shelf.fault
