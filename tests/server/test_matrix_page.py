"""The matrix of the version in force, over HTTP and in a real browser with the network cut."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import shapely
from fastapi.testclient import TestClient

from browsers import OfflinePage
from grids.matrix import STATES
from grids.shelf import Shelf, StoreSource
from server.demonstration import Demo, serving


def test_the_matrix_is_a_list_of_states_for_each_matter(client: TestClient) -> None:
    told = client.get("/v1/matrix", params={"matters": "leaves"})
    data = told.json()
    assert (data["version"], data["layer"]) == (1, "street")
    assert sum(data["totals"][state] for state in STATES) == len(data["matters"]) * len(data["areas"])
    for matter in data["matters"]:
        assert {len(matter[name]) for name in ("states", "parties", "duties", "nobody", "tied", "exceptions")} == {
            len(data["areas"])
        }
    kept = client.get("/v1/matrix", params={"matters": "leaves"}, headers={"If-None-Match": told.headers["etag"]})
    assert kept.status_code == 304


@pytest.mark.parametrize(
    ("asked", "status"), [({"layer": "ward"}, 404), ({"layer": "zone"}, 422), ({"matters": "some"}, 422)]
)
def test_bad_questions_are_problems(client: TestClient, asked: dict[str, str], status: int) -> None:
    for address in ("/v1/matrix", "/matrix"):
        told = client.get(address, params=asked)
        assert told.status_code == status
        assert told.headers["content-type"] == "application/problem+json"


def test_an_entry_is_whom_the_resolver_names_in_that_cell(demo: Demo, client: TestClient) -> None:
    data = client.get("/v1/matrix", params={"layer": "cell", "matters": "leaves"}).json()
    resolver = Shelf(StoreSource(demo.store, demo.settings.home)).required(datetime.now(UTC)).resolver
    middles = shapely.get_coordinates(shapely.point_on_surface(resolver.release.tables["cell"].shapes))
    compared = 0
    for matter in data["matters"]:
        answers = resolver.answers(*middles.T, [matter["code"] or None] * len(middles), 0.0)
        for answer, party, excepted in zip(answers, matter["parties"], matter["exceptions"], strict=True):
            if not excepted:
                compared += 1
                assert party == (answer.owner.party.code if answer.owner else None)
    assert compared > 1000


@pytest.mark.chromium
def test_the_page_shows_every_entry(demo: Demo, page_offline: Callable[..., OfflinePage]) -> None:
    with serving(demo.settings) as address:
        watched = page_offline(viewport={"width": 1400, "height": 800}, locale="zh-CN")
        watched.page.goto(f"{address}/matrix")
        data = watched.page.request.get(f"{address}/v1/matrix").json()
        assert watched.page.locator("td.s").count() == len(data["matters"]) * len(data["areas"])
        assert watched.page.locator("td.s.fallback").count() == data["totals"]["fallback"]
        assert data["areas"][0]["name"] in watched.page.locator("thead").inner_text()
        watched.assert_clean()
