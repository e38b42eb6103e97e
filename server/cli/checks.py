"""What the doctor looks at: each check says what was found and, when it is not well, what to do."""

import os
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import shapely
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from gis.errors import BadRelease, WanggeError
from gis.storage.engine import Store
from gis.storage.migrate import current_revision, known_revisions, newest_revision
from grids.drafts import open_drafts
from grids.models import ApiKeyRow
from grids.publish import release_path
from grids.reads import editions
from grids.release import open_release
from grids.shelf import Source, StoreSource
from grids.timeline import Edition, in_force
from server.api.service import LOOPBACK
from server.keys import live_keys
from server.reporting import ASSETS
from server.settings import Settings
from server.upstream import UpstreamSource

_LEAST_FREE = 1e9
_LEAST_POSTGRESQL, _LEAST_POSTGIS = 15, (3, 3)
_LEAST_GEOS = (3, 9)
"""Since then GEOS cuts and joins any valid shapes without failing."""
_CLOCK_DOUBT = timedelta(minutes=1)
_LEFT_AFTER = timedelta(hours=1)
_LARGE_WAL = 1 << 30
_UPSTREAM_S = 5

Level = Literal["ok", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    what: str
    level: Level
    detail: str

    def as_dict(self) -> dict[str, Any]:
        """``ok`` is false only when something must be done."""
        return {"what": self.what, "ok": self.level != "bad", "level": self.level, "detail": self.detail}


def machine(settings: Settings, now: datetime) -> Iterator[Check]:
    """The program, the disk, the home folder, what was left behind, the web assets."""
    geos = shapely.geos_version_string
    yield Check("wangge", "ok", f"{version('wangge')} on Python {sys.version.split()[0]}, GEOS {geos}")
    home = settings.home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(home).free
    words = f"{free / 1e9:.1f} GB free under {home}"
    full = free < _LEAST_FREE
    yield Check("disk", "bad" if full else "ok", f"{words}: make room, or nothing can be published" if full else words)
    yield _home(home, embedded=not settings.store)
    yield _leftovers(home, now)
    made = (ASSETS / "manifest.json").is_file()
    yield Check("web assets", "ok" if made else "bad", str(ASSETS) if made else "missing: build the package again")


def _home(home: Path, embedded: bool) -> Check:
    places = [home, home / "releases", *home.glob("wangge.db*"), *home.glob("releases/*.wgr")]
    locked = [place for place in places if place.exists() and not os.access(place, os.W_OK)]
    if locked:
        user = os.geteuid()
        return Check("home", "bad", f"{locked[0]} cannot be written by user {user}: chown -R {user} {home}")
    if embedded and home.stat().st_mode & 0o007:
        words = f"everybody on this machine may look into {home}, which holds phone numbers: chmod 700 {home}"
        return Check("home", "warning", words)
    return Check("home", "ok", f"{home} is this user's")


def _leftovers(home: Path, now: datetime) -> Check:
    """What a killed program was writing; one that still runs has touched it lately."""
    hidden = [*home.glob(".*.*"), *home.glob("*/.*.*")]
    left = [path for path in hidden if path.is_dir() or path.suffix in (".tmp", ".part")]
    old = sorted(str(path) for path in left if _age(path, now) > _LEFT_AFTER)
    if not old:
        return Check("leftovers", "ok", "no unfinished files")
    return Check(
        "leftovers", "warning", f"{len(old)} unfinished files of a program that was killed: delete {_some(old)}"
    )


def _age(path: Path, now: datetime) -> timedelta:
    return timedelta(seconds=now.timestamp() - path.stat().st_mtime)


def _some(names: Sequence[object]) -> str:
    return ", ".join(map(str, names[:5])) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def database(store: Store, now: datetime) -> Iterator[Check]:
    """The database: reached, whole, new enough, at the newest schema; how large it is."""
    try:
        with store.engine.connect() as connection:
            yield from _postgis(connection, now) if connection.dialect.name == "postgresql" else _sqlite(connection)
        found, wanted = current_revision(store), newest_revision()
    except SQLAlchemyError as error:
        yield Check("store", "bad", f"{store.url.render_as_string(hide_password=True)}: {str(error).splitlines()[0]}")
        return
    yield _schema(found, wanted)


def _schema(found: str | None, wanted: str) -> Check:
    if found == wanted:
        return Check("schema", "ok", wanted)
    if found is None:
        return Check("schema", "bad", f"none: run `wangge migrate` to {wanted}")
    if found not in known_revisions():
        return Check("schema", "bad", f"{found}, which this program does not know: use the newer program")
    words = f"{found}: back up with the program you had, then run `wangge migrate` to {wanted}"
    return Check("schema", "bad", words)


def _sqlite(connection: Connection) -> Iterator[Check]:
    whole = connection.scalar(text("PRAGMA quick_check")) == "ok"
    bad = "damaged, PRAGMA quick_check does not say ok: restore the newest backup into a new WANGGE_HOME"
    yield Check("store", "ok" if whole else "bad", "SQLite, embedded" if whole else bad)
    file = Path(connection.engine.url.database or "")
    sizes = [path.stat().st_size if path.is_file() else 0 for path in (file, file.with_name(f"{file.name}-wal"))]
    words = f"{sizes[0] / 1e6:,.1f} MB, {sizes[1] / 1e6:,.1f} MB of them waiting in its log"
    if sizes[1] > max(_LARGE_WAL, sizes[0]):
        yield Check("size", "warning", f"{words}: a reader has been open for long; end it, or restart the service")
    else:
        yield Check("size", "ok", words)


def _postgis(connection: Connection, now: datetime) -> Iterator[Check]:
    server = int(connection.scalar(text("SHOW server_version_num")) or 0) // 10_000
    encoding = str(connection.scalar(text("SHOW server_encoding")))
    there = connection.scalar(text("SELECT extversion FROM pg_extension WHERE extname = 'postgis'"))
    if there is None:
        yield Check("store", "bad", "no PostGIS in this database: `wangge migrate` creates it, as a role that may")
        return
    geos = str(connection.scalar(text("SELECT postgis_geos_version()")))
    faults = []
    if server < _LEAST_POSTGRESQL:
        faults.append(f"PostgreSQL {_LEAST_POSTGRESQL} or newer is needed: upgrade it")
    if _older(there, _LEAST_POSTGIS):
        faults.append(f"PostGIS {_dotted(_LEAST_POSTGIS)} or newer is needed: upgrade it")
    if encoding != "UTF8":
        faults.append(f"its encoding is {encoding}: make a database with UTF8")
    words = f"PostgreSQL {server}, PostGIS {there}, GEOS {geos}"
    old = f": GEOS {_dotted(_LEAST_GEOS)} or newer is advised" if _older(geos, _LEAST_GEOS) else ""
    level: Level = "bad" if faults else "warning" if old else "ok"
    yield Check("store", level, "; ".join([words + old, *faults]))
    size = connection.scalar(text("SELECT pg_database_size(current_database())")) or 0
    yield Check("size", "ok", f"{size / 1e6:,.1f} MB")
    its = connection.scalar(select(func.clock_timestamp())) or now
    apart = abs(its - now) > _CLOCK_DOUBT
    words = f"it is {its.isoformat(timespec='seconds')} there and {now.isoformat(timespec='seconds')} here"
    yield Check("clocks", "warning" if apart else "ok", f"{words}: set the wrong one" if apart else words)


def _older(found: str, least: tuple[int, int]) -> bool:
    major, minor = found.split(".")[:2]
    return (int(major), int("".join(filter(str.isdigit, minor)) or 0)) < least


def _dotted(numbers: tuple[int, int]) -> str:
    return ".".join(map(str, numbers))


def contents(settings: Settings, store: Store, now: datetime) -> Iterator[Check]:
    """Drafts, keys, times and release files; of a store that is at the newest schema."""
    with store.read() as session:
        known, drafts = editions(session), open_drafts(session)
        live, ever = live_keys(session), session.scalar(select(func.count()).select_from(ApiKeyRow)) or 0
    yield _drafts(drafts, known)
    yield _keys(settings, list(live.values()), ever)
    source: Source = StoreSource(store, settings.home)
    if settings.upstream:
        yield _upstream(settings)
        source = UpstreamSource(settings.upstream, settings.upstream_key, settings.home)
        try:
            known = source.state()[0]
        except WanggeError as error:
            yield Check("releases", "bad", error.detail)
            return
    yield _times(known, now)
    yield _strays(settings.home, known, now)
    yield from _releases(settings.home, source, known, in_force(known, now))


def _drafts(drafts: Iterable[dict[str, Any]], known: Sequence[Edition]) -> Check:
    newest = known[-1].number if known else None
    names = [draft["name"] for draft in drafts]
    late = [draft["name"] for draft in drafts if draft["overtaken"]]
    if late:
        words = f"version {newest} was published after {_some(late)} began: `wangge drafts rebase` or `discard`"
        return Check("drafts", "warning", words)
    return Check("drafts", "ok", _some(names) if names else "none open")


def _keys(settings: Settings, live: Sequence[frozenset[str]], ever: int) -> Check:
    if not live and settings.host not in LOOPBACK:
        words = f"none holds, so `wangge serve` refuses to listen on {settings.host}: `wangge key create NAME`"
        return Check("keys", "warning", words)
    admin = sum("admin" in scopes for scopes in live)
    words = f"{len(live)} hold, {admin} of them admin; {ever - len(live)} revoked"
    return Check("keys", "ok", words if live else "none holds: only this machine is answered")


def _upstream(settings: Settings) -> Check:
    try:
        with urllib.request.urlopen(f"{settings.upstream.rstrip('/')}/healthz", timeout=_UPSTREAM_S):
            return Check("upstream", "ok", f"{settings.upstream} answers")
    except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
        words = f"{settings.upstream} does not answer ({error}): what was fetched before goes on answering"
        return Check("upstream", "warning", words)


def _times(known: Sequence[Edition], now: datetime) -> Check:
    """A version recorded in the future is unknown to everyone who asks what was known until then."""
    ahead = [edition for edition in known if edition.recorded_at > now + _CLOCK_DOUBT]
    if ahead:
        when = ahead[-1].recorded_at.isoformat(timespec="seconds")
        words = f"version {ahead[-1].number} was recorded at {when}, which is yet to come: set this machine's clock"
        return Check("times", "bad", f"{words}; if it is right now, publish nothing before then")
    return Check("times", "ok", "no version was recorded in the future")


def _strays(home: Path, known: Sequence[Edition], now: datetime) -> Check:
    """The file of a publisher that died: the next one takes its number and its place."""
    ours = {release_path(home, edition.number) for edition in known}
    files = sorted(path for path in home.glob("releases/*.wgr") if path not in ours and _age(path, now) > _LEFT_AFTER)
    if files:
        names = _some([path.name for path in files])
        return Check("stray releases", "warning", f"{names}: of no version of this store; may be deleted")
    return Check("stray releases", "ok", "none")


def _releases(home: Path, source: Source, known: Sequence[Edition], current: Edition | None) -> Iterator[Check]:
    """The three newest and the one in force are made whole at once; the others when they are first asked for."""
    if not known:
        yield Check("releases", "ok", "nothing published yet")
    needed = [edition for edition in known if edition in (current, *known[-3:])]
    others = [edition for edition in known if edition not in needed]
    lost = [edition.number for edition in others if _fault(home, edition)]
    if lost:
        words = f"{_some(lost)} missing or damaged: each is had again when it is first asked for"
        yield Check("older releases", "warning", words)
    elif others:
        yield Check("older releases", "ok", f"{len(others)}, all whole")
    for edition in needed:
        yield _release(home, source, edition)


def _fault(home: Path, edition: Edition) -> str:
    try:
        open_release(release_path(home, edition.number), edition.digest)
    except BadRelease as error:
        return error.detail
    return ""


def _release(home: Path, source: Source, edition: Edition) -> Check:
    what, fault = f"release {edition.number}", _fault(home, edition)
    try:
        release = source.release(edition)
    except WanggeError as error:
        return Check(what, "bad", f"{error.detail}; it cannot be had again: restore a backup")
    areas = sum(map(len, release.tables.values()))
    words = f"{areas:,} areas, {release.duty_count:,} duties, {edition.digest[:12]}"
    return Check(what, "warning" if fault else "ok", f"{words}; made whole just now, for {fault}" if fault else words)
