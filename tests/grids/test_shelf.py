"""What a process answers from: damaged files, times, new versions, threads."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from gis.errors import BadRelease, NotFound, NotReady
from grids.books import Numbers, Snapshots
from grids.kept import KEPT
from grids.publish import release_path, rollback
from grids.reads import editions
from grids.release import open_release
from grids.roster import Roster
from grids.shelf import POLL_S, Shelf, StoreSource, assets_path
from grids.timeline import Edition
from smalltown import CELL, NOW, PEOPLE, ROWS, Row, Town, at


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def version(town: Town, name: str, hours: int, effective: int | None = None) -> None:
    """Publish one more version whose city has that name."""
    now = NOW + timedelta(hours=hours)
    town.put("city", [Row("370100", name, None, ROWS["city"][0].shape)], now=now)
    town.publish(["warnings"], now, None if effective is None else NOW + timedelta(hours=effective))


def name_in(view: object) -> str:
    return view.release.tables["city"].names[0]


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "gone", "foreign"])
def test_a_damaged_release_file_is_refused_and_built_again(town: Town, damage: str) -> None:
    town.fill().publish()
    path = release_path(town.folder, 1)
    whole = path.read_bytes()
    middle = len(whole) // 2
    broken = {
        "cut": whole[:-100],
        "flipped": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "emptied": b"",
        "foreign": b"PK" + whole[2:],
    }
    path.unlink()
    if damage != "gone":
        path.write_bytes(broken[damage])
    with town.store.read() as session:
        [edition] = editions(session)
    with pytest.raises(BadRelease):
        open_release(path, edition.digest)
    assert name_in(town.shelf().required(NOW)) == "济南市"
    assert path.read_bytes() == whole


def test_a_release_that_is_not_the_recorded_one_is_not_taken_for_it(hamlet: Town) -> None:
    hamlet.fill().publish()
    with hamlet.store.read() as session:
        [edition] = editions(session)
    with pytest.raises(BadRelease):
        StoreSource(hamlet.store, hamlet.folder).release(replace(edition, digest="0" * 64))


def test_views_of_the_past_the_future_and_of_what_was_known(town: Town) -> None:
    assert town.shelf().view(NOW) is None
    with pytest.raises(NotReady, match="no version is in force"):
        town.shelf().required(NOW)
    version(town, "第一版", 0)
    version(town, "将来版", 1, effective=100)
    version(town, "补记版", 2, effective=-50)
    shelf = town.shelf()

    def name(at: int, known: int | None = None) -> str | None:
        view = shelf.view(NOW + timedelta(hours=at), None if known is None else NOW + timedelta(hours=known))
        return name_in(view) if view else None

    assert name(-60) is None
    assert name(-10) == "补记版"
    assert name(-10, known=1) is None
    assert name(5) == "第一版"
    assert name(101) == "将来版"
    assert name(101, known=0) == "第一版"


def test_a_new_version_and_a_new_roster_are_picked_up_within_the_poll(town: Town) -> None:
    town.table("parties")
    version(town, "一", 0)
    clock = Clock()
    shelf = town.shelf(clock=clock)
    later = NOW + timedelta(days=1)
    assert name_in(shelf.required(later)) == "一"
    version(town, "二", 1)
    town.table("people", PEOPLE[:1])
    assert name_in(shelf.required(later)) == "一"
    clock.now += POLL_S
    view = shelf.required(later)
    assert (name_in(view), view.roster.number) == ("二", 1)
    rollback(town.store, town.folder, 1, NOW + timedelta(hours=2))
    clock.now += POLL_S
    assert name_in(shelf.required(later)) == "一"


class Made:
    """A source that counts what is asked of it and can be changed between two calls."""

    def __init__(self, town: Town) -> None:
        self._real = StoreSource(town.store, town.folder)
        self.opened: list[int] = []
        self.people = 0

    def state(self) -> tuple[list[Edition], Snapshots]:
        return self._real.state()[0], Snapshots(Numbers(roster=self.people))

    def release(self, edition: Edition) -> object:
        self.opened.append(edition.number)
        return self._real.release(edition)

    def roster(self, number: int) -> Roster:
        return Roster(number)


def test_the_views_used_last_are_kept_and_no_more(hamlet: Town) -> None:
    for number in range(10):
        version(hamlet, str(number), number)
    source = Made(hamlet)
    shelf = Shelf(source, Clock())

    def ask(hour: int) -> None:
        assert name_in(shelf.required(NOW + timedelta(hours=hour))) == str(hour)

    ask(9)
    for hour in range(9):
        ask(hour)
        ask(9)
    assert source.opened == [10, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    ask(0)
    assert source.opened[10:] == [1], "the one asked longest ago was let go"


def test_a_new_roster_opens_no_release_again(hamlet: Town) -> None:
    version(hamlet, "一", 0)
    source, clock = Made(hamlet), Clock()
    shelf = Shelf(source, clock)
    first = shelf.required(NOW)
    source.people, clock.now = 7, clock.now + POLL_S
    second = shelf.required(NOW)
    assert source.opened == [1]
    assert (first.roster.number, second.roster.number) == (0, 7)
    assert first.release is second.release


def test_many_threads_get_one_release_opened_once_and_never_a_mix(hamlet: Town) -> None:
    version(hamlet, "1", 0)
    source, clock = Made(hamlet), Clock()
    shelf, start = Shelf(source, clock), threading.Barrier(8)
    later, mixes = NOW + timedelta(days=1), list[object]()

    def work(_: int) -> None:
        start.wait(10)
        for _ in range(200):
            view = shelf.required(later)
            if name_in(view) != str(view.release.number):
                mixes.append(view)
            clock.now += 0.01

    def publish_more() -> None:
        for number in (2, 3):
            version(hamlet, str(number), number)

    with ThreadPoolExecutor(9) as pool:
        jobs = [pool.submit(work, n) for n in range(8)] + [pool.submit(publish_more)]
        for job in jobs:
            job.result(60)
    assert mixes == []
    assert len(source.opened) == len(set(source.opened))
    clock.now += 1
    assert shelf.required(later).release.number == 3


def test_a_release_tells_its_areas_duties_and_ladders(jinan: Town) -> None:
    release = jinan.shelf().required(NOW).release
    cells = release.table("cell")
    assert cells.codes[cells.area(CELL)] == CELL
    assert [release.tables[layer].codes[area] for layer, area in release.chain("cell", 0)][-1] == "370100"
    assert [duty.code for duty in release.duties_at("city", 0)] == ["D01", "D07", "D08", "D09"]
    assert release.duty_count == 10
    for code in ("", "0", "zzz", CELL + "0"):
        with pytest.raises(NotFound, match="layer cell has no area"):
            cells.area(code)
    with pytest.raises(NotFound, match="there is no layer 'moon'; there are: city, district"):
        release.table("moon")


class Failing(Made):
    """A source that can be told to fail."""

    lost = False
    broken: int | None = None

    def state(self) -> tuple[list[Edition], Snapshots]:
        if self.lost:
            raise NotReady("the store cannot be asked")
        return super().state()

    def release(self, edition: Edition) -> object:
        if edition.number == self.broken:
            self.opened.append(edition.number)
            raise NotReady("cannot be fetched")
        return super().release(edition)


def test_when_the_source_is_lost_what_was_known_goes_on_answering(hamlet: Town) -> None:
    version(hamlet, "一", 0)
    source, clock = Failing(hamlet), Clock()
    shelf = Shelf(source, clock)
    source.lost = True
    with pytest.raises(NotReady):
        shelf.required(NOW)
    source.lost = False
    held = shelf.required(NOW)
    source.lost, clock.now = True, clock.now + 60
    assert shelf.required(NOW).resolver is held.resolver
    assert shelf.fault == "the store cannot be asked"
    source.lost, clock.now = False, clock.now + 60
    assert shelf.required(NOW).resolver is held.resolver
    assert shelf.fault == ""


def test_a_newest_release_that_cannot_be_opened_leaves_the_one_before_in_place(hamlet: Town) -> None:
    version(hamlet, "1", 0)
    source, clock, later = Failing(hamlet), Clock(), NOW + timedelta(days=1)
    shelf = Shelf(source, clock)
    assert shelf.required(later).release.number == 1
    version(hamlet, "2", 1)
    source.broken, clock.now = 2, clock.now + POLL_S
    for _ in range(5):
        assert shelf.required(later).release.number == 1
    assert (source.opened.count(2), shelf.fault) == (1, "cannot be fetched")
    source.broken, clock.now = None, clock.now + 60
    assert shelf.required(later).release.number == 2
    assert shelf.fault == ""


def test_while_one_asks_a_slow_source_the_others_are_answered(hamlet: Town) -> None:
    version(hamlet, "1", 0)
    source, clock = Failing(hamlet), Clock()
    shelf = Shelf(source, clock)
    held = shelf.required(NOW)
    asked, go_on = threading.Event(), threading.Event()
    quick = source.state

    def slow() -> tuple[list[Edition], Snapshots]:
        asked.set()
        go_on.wait(10)
        return quick()

    source.state, clock.now = slow, clock.now + 60  # type: ignore[method-assign]
    slowest = threading.Thread(target=shelf.required, args=(NOW,))
    slowest.start()
    assert asked.wait(10)
    assert shelf.required(NOW).resolver is held.resolver
    go_on.set()
    slowest.join(10)


def put_asset(town: Town, name: str, hours: int) -> None:
    """One more snapshot of the assets, recorded so many hours on."""
    lon, lat = at(0.5, 0.5)
    row = {"code": "A1", "name": name, "matter": "C0101", "lon": lon, "lat": lat}
    town.table("assets", [row], now=NOW + timedelta(hours=hours))


def asset_names(shelf: Shelf) -> list[str]:
    return [asset.name for asset in shelf.required(NOW + timedelta(days=1)).books.assets]


def test_a_disk_that_takes_no_file_of_assets_stops_no_answer(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    town.fill().publish(["warnings"])
    clock = Clock()
    shelf = town.shelf(clock=clock)
    assert asset_names(shelf) == []
    (town.folder / "assets").write_text("in the way")
    put_asset(town, "灯", 1)
    clock.now += POLL_S
    assert (asset_names(shelf), shelf.fault) == (["灯"], "")
    assert "cannot be written, so it is answered from memory" in caplog.text
    before = shelf.required(NOW + timedelta(days=1)).tag
    (town.folder / "assets").unlink()
    assert asset_names(town.shelf()) == ["灯"]
    assert town.shelf().required(NOW + timedelta(days=1)).tag == before
    assert assets_path(town.folder, 1).is_file()


def test_a_release_that_cannot_be_written_leaves_the_one_before_in_place(hamlet: Town) -> None:
    version(hamlet, "1", 0)
    clock, later = Clock(), NOW + timedelta(days=1)
    shelf = hamlet.shelf(clock=clock)
    assert shelf.required(later).release.number == 1
    version(hamlet, "2", 1)
    (hamlet.folder / "releases").rename(hamlet.folder / "away")
    (hamlet.folder / "releases").write_text("in the way")
    clock.now += POLL_S
    assert shelf.required(later).release.number == 1
    assert "release 2 cannot be written" in shelf.fault


def test_of_the_files_of_assets_the_newest_and_those_written_last_are_kept(town: Town) -> None:
    town.fill().publish(["warnings"])
    source = StoreSource(town.store, town.folder)
    for number in range(1, KEPT + 5):
        put_asset(town, f"灯{number}", number)
    newest = source.assets(KEPT + 4)
    for number in range(1, KEPT + 4):
        assert [asset.name for asset in source.assets(number)] == [f"灯{n}" for n in range(1, number + 1)]
    files = sorted(path.name for path in (town.folder / "assets").iterdir())
    kept = [*range(4, KEPT + 4), KEPT + 4]
    assert files == sorted(name for n in kept for name in (f"{n:06d}.wgr", f"{n:06d}.wgr.ok"))
    assert [asset.name for asset in source.assets(1)] == ["灯1"], "built again"
    assert [asset.name for asset in newest][-1] == f"灯{KEPT + 4}"


def test_a_number_used_again_after_a_restore_is_read_again(town: Town) -> None:
    town.fill().publish(["warnings"])
    clock = Clock()
    shelf, later = town.shelf(clock=clock), NOW + timedelta(days=1)
    before = shelf.required(later)
    with town.store.write() as session:
        session.execute(text("UPDATE snapshot SET recorded_at = :t"), {"t": "2026-11-20 09:00:00.000000"})
        session.execute(text("UPDATE person SET name = '另一人'"))
    clock.now += POLL_S
    after = shelf.required(later)
    assert (after.books.numbers, {p.name for p in after.roster.people}) == (before.books.numbers, {"另一人"})
    assert after.tag != before.tag
    assert after.resolver is not before.resolver
    assert after.release is before.release
