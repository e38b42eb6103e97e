"""New versions reach readers in other processes within two seconds, and no answer ever mixes two."""

import json
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import shapely
from fastapi.testclient import TestClient

from gis.errors import NotReady
from gis.files.writers import write_features, write_table
from gis.storage.engine import Store
from gis.storage.migrate import migrate
from grids.import_areas import AreaFile, import_areas
from grids.import_tables import import_table
from grids.publish import publish, release_path
from grids.shelf import Shelf, StoreSource
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
