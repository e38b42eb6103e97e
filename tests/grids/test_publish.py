"""Publishing: the gate, one release, one number; and that nothing published ever changes."""

import multiprocessing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import grids.publish
from gis.errors import BadInput, Conflict, NotFound, Refused
from gis.storage.engine import Store
from grids.diff import diff_content, diff_versions
from grids.drafts import DEFAULT_DRAFT, discard, find_draft, open_drafts
from grids.models import VersionRow
from grids.publish import publish, rebuild_release, release_path, rollback
from grids.reads import areas_of, content_of, editions, published
from smalltown import CELL, DUTIES, NOW, ROWS, Row, Town, block, found_town

LATER = NOW + timedelta(hours=1)


def numbers(town: Town) -> list[int]:
    with town.store.read() as session:
        return [edition.number for edition in editions(session)]


def rename(town: Town, name: str) -> None:
    """One small edit in the draft."""
    town.put("city", [Row("370100", name, None, ROWS["city"][0].shape)])


def test_what_is_published_is_numbered_dated_and_counted(town: Town) -> None:
    result = town.fill().publish()
    assert (result.edition.number, result.areas, result.duties) == (1, 32 + 16 + 8 + 4 + 2 + 1 + 1, len(DUTIES))
    assert (result.edition.effective_at, result.edition.recorded_at) == (NOW, NOW)
    assert release_path(town.folder, 1).is_file()
    with town.store.read() as session:
        assert find_draft(session) is None
        assert editions(session) == [result.edition]


def test_numbers_follow_each_other_and_each_draft_starts_from_the_last(town: Town) -> None:
    town.put("city")
    for number in (1, 2, 3):
        rename(town, f"第{number}版")
        assert town.publish(accept=["warnings"]).edition.number == number
    with town.store.read() as session:
        names = [areas_of(session, published(session, n).id, "city").names[0] for n in (1, 2, 3)]
    assert names == ["第1版", "第2版", "第3版"]


def test_errors_stop_publishing_and_cannot_be_accepted(hamlet: Town) -> None:
    hamlet.fill()
    hamlet.table("parties", [{"code": "SZX", "name": "市网格中心"}])
    with pytest.raises(
        Refused, match="the gate found errors: 9 dangling_duty; `wangge validate` shows them"
    ) as refused:
        hamlet.publish(accept=["warnings"])
    assert len(refused.value.facts["findings"]) == 9
    with pytest.raises(Refused, match="--accept dangling_duty: only warnings can be accepted"):
        hamlet.publish(accept=["dangling_duty"])
    assert numbers(hamlet) == []
    assert not (hamlet.folder / "releases").exists()


def test_warnings_need_their_kind_accepted_and_what_was_accepted_is_kept(town: Town) -> None:
    town.fill(duties=[row for row in DUTIES if row["code"] != "D01"])
    words = "1 hole, 16 unowned; look with `wangge validate`, then publish with --accept hole --accept unowned"
    with pytest.raises(Refused, match=words):
        town.publish()
    with pytest.raises(Refused, match="16 unowned"):
        town.publish(accept=["gap"])
    town.publish(accept=["unowned", "hole"])
    with town.store.read() as session:
        assert published(session, 1).accepted == {"unowned": 16, "hole": 1}


def test_an_empty_draft_a_missing_draft_and_a_time_without_zone_are_refused(hamlet: Town) -> None:
    with pytest.raises(NotFound, match="no open draft 'draft'"):
        hamlet.publish()
    hamlet.table("parties")
    with pytest.raises(Refused, match="the draft holds no areas"):
        hamlet.publish()
    with pytest.raises(BadInput, match="needs its time zone"):
        hamlet.publish(effective=datetime(2026, 1, 1))


def test_a_draft_edited_while_it_is_checked_is_not_published(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.put("city")
    after_checking(monkeypatch, lambda: rename(town, "改了"))
    with pytest.raises(Conflict, match="was edited while it was checked: publish again"):
        town.publish(accept=["warnings"])
    assert numbers(town) == []


def test_another_draft_of_the_same_name_is_not_published_instead(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.put("city")

    def swap() -> None:
        with town.store.write() as session:
            discard(session, DEFAULT_DRAFT)
            session.add(VersionRow(name="draft", status="draft", created_at=LATER, note="", edits=2, accepted={}))

    after_checking(monkeypatch, swap)
    with pytest.raises(Conflict):
        town.publish(accept=["warnings"])


def after_checking(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    honest = grids.publish.validate

    def examined(store: Store, draft: str, now: datetime, effective: datetime | None = None) -> Any:
        found = honest(store, draft, now, effective)
        act()
        return found

    monkeypatch.setattr(grids.publish, "validate", examined)


def test_a_draft_overtaken_by_another_version_is_a_conflict(town: Town) -> None:
    town.put("city")
    town.put("city", draft="other")
    town.publish(accept=["warnings"])
    words = r"version 1 \(effective .*\) was published meanwhile; `wangge drafts rebase other`"
    with pytest.raises(Conflict, match=words):
        publish(town.store, town.folder, "other", LATER, None, ["warnings"])
    with town.store.read() as session:
        assert [draft["name"] for draft in open_drafts(session)] == ["other"]


def test_a_published_version_never_changes(town: Town) -> None:
    town.fill().publish()
    with town.store.read() as session:
        before = content_of(session, published(session, 1).id)
    bytes_before = release_path(town.folder, 1).read_bytes()
    rename(town, "新济南")
    town.table("duties", DUTIES[:-1])
    town.publish(now=LATER)
    with town.store.read() as session:
        assert diff_content(before, content_of(session, published(session, 1).id)) == []
        changes = [(c.kind, c.code, c.change, c.fields) for c in diff_versions(session, "1", "2")]
    assert changes == [("area", "370100", "changed", "name"), ("duty", "D10", "removed", "")]
    assert release_path(town.folder, 1).read_bytes() == bytes_before


def test_rollback_publishes_a_copy_effective_now_and_keeps_history(town: Town) -> None:
    town.fill().publish()
    rename(town, "新济南")
    town.publish(now=LATER)
    back = rollback(town.store, town.folder, 1, LATER + timedelta(hours=1))
    assert (back.edition.number, back.edition.effective_at) == (3, LATER + timedelta(hours=1))
    with town.store.read() as session:
        assert diff_versions(session, "1", "3") == []
        assert [e.name for e in editions(session)][-1] == "rollback to version 1"
    with pytest.raises(Conflict, match="version 3 is in force now: there is nothing to go back from"):
        rollback(town.store, town.folder, 3, LATER + timedelta(hours=2))
    with pytest.raises(NotFound, match="there is no version 9"):
        rollback(town.store, town.folder, 9, LATER)


def test_the_same_import_gives_the_same_bytes_on_both_stores_and_again_from_the_database(
    tmp_path: Path, postgis_database: str
) -> None:
    digests = []
    for name, url in (("sqlite", f"sqlite:///{tmp_path}/a.db"), ("postgis", postgis_database)):
        folder = tmp_path / name
        folder.mkdir()
        town = found_town(url, folder).fill()
        china = timezone(timedelta(hours=8))
        edition = town.publish(now=NOW.astimezone(china), effective=LATER.astimezone(china)).edition
        written = release_path(folder, 1).read_bytes()
        release_path(folder, 1).unlink()
        with town.store.read() as session:
            [kept] = editions(session)
        assert rebuild_release(town.store, folder, kept).read_bytes() == written
        digests.append(edition.digest)
        town.store.close()
    assert digests[0] == digests[1]


class Crash(Exception):
    """The machine stops."""


def test_a_crash_after_the_file_leaves_no_version_and_the_next_publish_works(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.put("city")
    honest = grids.publish.write_release

    def write_and_crash(*args: Any) -> str:
        honest(*args)
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(grids.publish, "write_release", write_and_crash)
        with pytest.raises(Crash):
            town.publish(accept=["warnings"])
    assert release_path(town.folder, 1).is_file()
    assert numbers(town) == []
    assert town.shelf().view(NOW) is None
    rename(town, "后来")
    town.publish(accept=["warnings"])
    assert town.shelf().required(NOW).release.tables["city"].names[0] == "后来"


def _publish_elsewhere(url: str, folder: Path, draft: str, gate: Any, said: Any) -> None:
    store = Store(url)
    gate.wait(30)
    try:
        said.put(f"version {publish(store, folder, draft, NOW, None, ['warnings']).edition.number}")
    except Exception as error:
        said.put(f"{type(error).__name__}: {error}")


def test_of_two_processes_that_publish_at_once_one_wins_and_the_other_is_told(town: Town) -> None:
    for draft in ("one", "two"):
        town.put("city", draft=draft)
    process = multiprocessing.get_context("spawn")
    gate, said = process.Barrier(2), process.Queue()
    url = town.store.url.render_as_string(hide_password=False)
    workers = [
        process.Process(target=_publish_elsewhere, args=(url, town.folder, draft, gate, said))
        for draft in ("one", "two")
    ]
    for worker in workers:
        worker.start()
    told = sorted(said.get(timeout=60) for _ in workers)
    for worker in workers:
        worker.join(30)
    assert told[1] == "version 1"
    assert told[0].startswith("Conflict: draft '")
    assert "was published meanwhile" in told[0]
    assert numbers(town) == [1]


def test_a_diff_says_what_moved_and_by_how_much(hamlet: Town) -> None:
    hamlet.fill().publish()
    hamlet.put("zone", [Row("Z1", "大明湖", None, block(5.5, 0.5, 7.5, 1.6))])
    with hamlet.store.read() as session:
        [change] = diff_versions(session, "1", "draft")
    assert (change.kind, change.layer, change.code, change.fields) == ("area", "zone", "Z1", "name, outline")
    assert change.m2 == pytest.approx(1984, rel=0.01)
    assert CELL not in str(change.as_dict())
