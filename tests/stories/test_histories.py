"""A thousand random histories of a village, on both stores: every stored answer replays to itself, whatever was
published, back-dated, rolled back, told or taken back since; and many questions at once get what each gets alone."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from sqlalchemy import update

from clusters import Cluster, name_in
from gis.storage.engine import Store
from gis.storage.migrate import migrate
from grids.dated_models import AssetRow, OverrideRow, PersonRow
from histories import (
    FOUNDED,
    PLAN,
    Border,
    End,
    Gives,
    History,
    Office,
    PlanOff,
    PlanOn,
    Precedence,
    Publish,
    Question,
    Road,
    Rollback,
    Said,
    Step,
    Tell,
    Zone,
    histories,
    moment,
)
from lives import Life
from village import PEOPLE, Village, asset, found, order

Land = Callable[[], AbstractContextManager[Village]]
"""Opens the village as it was founded, in a store and a folder of its own."""


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Land:
    founded = tmp_path_factory.mktemp("founded")
    _found(f"sqlite:///{founded}/wangge.db", founded)

    @contextmanager
    def opened() -> Iterator[Village]:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(shutil.copytree(founded, Path(folder) / "home"))
            yield from _lent(f"sqlite:///{home}/wangge.db", home)

    return opened


@pytest.fixture(scope="module")
def on_postgis(postgis_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Land:
    founded, founding = tmp_path_factory.mktemp("founded"), postgis_cluster.create()
    _found(founding, founded)

    @contextmanager
    def opened() -> Iterator[Village]:
        url = postgis_cluster.create(name_in(founding))
        try:
            with tempfile.TemporaryDirectory() as folder:
                yield from _lent(url, Path(shutil.copytree(founded, Path(folder) / "home")))
        finally:
            postgis_cluster.drop(url)

    return opened


@pytest.fixture(params=["sqlite", pytest.param("postgis", marks=pytest.mark.postgis)])
def land(request: pytest.FixtureRequest) -> Land:
    """Both, one after the other."""
    made: Land = request.getfixturevalue(f"on_{request.param}")
    return made


def _found(url: str, home: Path) -> None:
    store = Store(url)
    migrate(store)
    found(store, home, moment(FOUNDED))
    store.close()


def _lent(url: str, home: Path) -> Iterator[Village]:
    store = Store(url)
    try:
        yield Village(store, home)
    finally:
        store.close()


def _lived(land: Land, history: History) -> Life:
    """The history, lived and checked."""
    with land() as village, tempfile.TemporaryDirectory() as elsewhere:
        life = Life(village).live(history)
        life.check(Path(elsewhere))
    return life


# ---- the tricky corners, one by one ---------------------------------------------------------------------------------

_NODE, _ROAD, _ASSET = Question(1, 1), Question(2.5, 1.5, "E"), Question(0.5, 0.5, "C01", "K1")
_ORDER = order("Y1", "OA", ("street", "SB"), PLAN, "E")
_LATER = Publish((Border("SA", 1.2, 2),), effective=8)


def _person(code: str, since: int, hours: int) -> Said:
    return Said(next(p for p in PEOPLE if p["code"] == code), since, hours)


TRICKY: dict[str, tuple[Step, ...]] = {
    "equal effective times": (
        Step(Publish((Zone(0.4),), FOUNDED), (_NODE, Question(1, 1, at=FOUNDED))),
        Step(Publish((Gives("D5", "OA"),), FOUNDED), (_NODE, Question(1, 1, at=FOUNDED), Question(1, 1, at=3))),
    ),
    "rollback to a back-dated version": (
        Step(Publish((Road(1.0, 12.0),), 2), (_NODE, Question(1, 1, "E", at=2), Question(1, 1, "E", at=3))),
        Step(Publish((Office("SB", "GAS"),)), (_ROAD,)),
        Step(Rollback(0), (_ROAD, _NODE, Question(2.5, 1.5, "E", at=6))),
    ),
    "a future version came into force": (
        Step(_LATER, (Question(1.1, 0.5), Question(1.1, 0.5, at=8), Question(1.1, 0.5, at=7))),
        Step(Tell(PersonRow, (_person("P3", 0, 9),)), (Question(1.1, 0.5),)),
        Step(PlanOn(), (Question(1.1, 0.5, "E"),), later=True),
        Step(PlanOff(), (Question(1.1, 0.5), Question(1.1, 0.5, at=7))),
    ),
    "decided exactly at valid_from": (
        Step(Tell(OverrideRow, (Said(order("R2", "GAS", ("cell", "A1")), 9, 2),)), (Question(), Question(at=9))),
        Step(End("R2", 10), (Question(at=9), Question(at=10), Question(at=11))),
    ),
    "decided exactly at valid_until": (
        Step(PlanOn(3, 7), (Question(2.2, 1.8, "E", at=3), Question(2.2, 1.8, "E", at=7), Question(2.2, 1.8, "E"))),
        Step(Tell(OverrideRow, (Said(_ORDER, 6, 1),)), (Question(0.5, 1.5, "E"), Question(0.5, 1.5, "E", at=7))),
    ),
    "a person left and came back": (
        Step(Tell(PersonRow, (_person("P1", 4, 2),)), (Question(1.5, 0.3), Question(1.5, 0.3, at=6))),
        Step(Publish((Gives("D3", "OB"),)), (Question(1.5, 0.3),)),
        Step(Tell(PersonRow, (_person("P1", 7, 3),)), (Question(1.5, 0.3), Question(1.5, 0.3, at=6))),
        Step(Rollback(0), (Question(1.5, 0.3), Question(1.5, 0.3, at=10))),
    ),
    "an asset changed twice at one instant": (
        Step(Tell(AssetRow, (Said(asset("K1", 0.5, 0.5, "OA"), 3), Said(asset("K1", 0.5, 0.5, "OB"), 3))), (_ASSET,)),
        Step(Tell(AssetRow, (Said(asset("K1", 2.5, 0.5, None), 3),)), (_ASSET, Question(0.5, 0.5, "C01", "K1", 3))),
        Step(Tell(AssetRow, (Said(asset("K2", 1, 1, "OA")),), merge=False), (_ASSET, Question(1, 1, "C01"))),
        Step(Publish((Precedence(("asset", "override", "place", "matter", "prefix", "priority")),)), (_ASSET,)),
    ),
    "known at the instant of recording": (Step(Publish((Gives("D2", None),)), (Question(1.5, 1.7), _ROAD)),),
    "before any version": (Step(Publish((), 2), (Question(at=1), Question(at=2), Question(asset="K9", at=0))),),
}  # fmt: skip


@pytest.mark.parametrize("corner", TRICKY)
def test_what_is_tricky_happens_and_replays(land: Land, corner: str) -> None:
    assert corner in _lived(land, History(TRICKY[corner], "Asia/Shanghai")).corners


def test_a_snapshot_rewritten_behind_our_back_is_noticed(on_sqlite: Land) -> None:
    with on_sqlite() as village, tempfile.TemporaryDirectory() as elsewhere:
        life = Life(village).live(History(TRICKY["known at the instant of recording"]))
        with village.store.write() as session:
            session.execute(update(PersonRow).values(name="别人"))
        with pytest.raises(AssertionError, match="owner"):
            life.check(Path(elsewhere))


# ---- any history ----------------------------------------------------------------------------------------------------


@cache
def _settings(count: int) -> settings:
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
    return settings(max_examples=count, deadline=None, suppress_health_check=slow)


def _replays(land: Land, history: History) -> None:
    for corner in sorted(_lived(land, history).corners):
        event(corner)


@_settings(25)
@given(histories)
def test_random_histories_on_sqlite(on_sqlite: Land, history: History) -> None:
    _replays(on_sqlite, history)


@_settings(10)
@given(histories)
def test_random_histories_on_postgis(on_postgis: Land, history: History) -> None:
    _replays(on_postgis, history)


@pytest.mark.long
@_settings(1000)
@given(histories)
def test_a_thousand_histories_on_sqlite(on_sqlite: Land, history: History) -> None:
    _replays(on_sqlite, history)


@pytest.mark.long
@_settings(1000)
@given(histories)
def test_a_thousand_histories_on_postgis(on_postgis: Land, history: History) -> None:
    _replays(on_postgis, history)
