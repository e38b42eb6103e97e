"""A private PostgreSQL cluster with PostGIS for one test run: a unix socket only, nothing kept, gone at the end."""

import atexit
import itertools
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg

LEAST_VERSION = 15
TEMPLATE = "wangge_template"
QUICK_SETTINGS = (
    "listen_addresses=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "shared_buffers=128MB",
    "max_connections=80",
)


class NoPostgis(Exception):
    """This machine has no PostgreSQL >= 15 with PostGIS."""


@cache
def find_postgres() -> Path:
    """The folder of ``initdb`` and ``postgres`` of the newest PostgreSQL >= 15 that has PostGIS, or `NoPostgis`."""
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    if on_path := shutil.which("pg_config"):
        folders.append(Path(_output(on_path, "--bindir")))
    usable = [(version, folder) for folder in folders if (version := _postgis_version(folder)) is not None]
    if not usable:
        raise NoPostgis(NoPostgis.__doc__)
    return max(usable)[1]


def _postgis_version(folder: Path) -> int | None:
    """The PostgreSQL major version, when it is new enough and has PostGIS."""
    if not (folder / "postgres").exists() or not (folder / "initdb").exists():
        return None
    found = re.search(r"\d+", _output(str(folder / "postgres"), "--version"))
    version = int(found[0]) if found else 0
    places = [Path(f"/usr/share/postgresql/{version}"), folder.parent / "share", folder.parent / "share/postgresql"]
    has_postgis = any((place / "extension/postgis.control").exists() for place in places)
    return version if version >= LEAST_VERSION and has_postgis else None


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@dataclass
class Cluster:
    """A running cluster. ``database()`` and ``create()`` give SQLAlchemy addresses of databases with PostGIS."""

    folder: Path
    process: "subprocess.Popen[bytes]"

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)

    def url(self, database: str) -> str:
        """The SQLAlchemy address of one database of this cluster."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create(self, of: str = TEMPLATE) -> str:
        """Make a fresh database with nothing but PostGIS in it and return its address; ``of``: the name of another, to
        which nobody is connected, that it is to be a copy of."""
        name = f"wangge_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {of} STRATEGY FILE_COPY")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Drop what `create` made, whoever is still connected."""
        name = name_in(url)
        self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @contextmanager
    def database(self) -> Iterator[str]:
        """A fresh database for as long as the block runs."""
        url = self.create()
        try:
            yield url
        finally:
            self.drop(url)

    def stop(self) -> None:
        """End the server at once and remove its folder; may be called twice."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def prepare(self) -> None:
        """Wait until it answers, then make the template database."""
        for _ in range(600):
            try:
                self._run(f"CREATE DATABASE {TEMPLATE}")
                break
            except psycopg.OperationalError as error:
                if self.process.poll() is not None:
                    log = (self.folder / "log").read_text("utf-8", "replace")
                    raise RuntimeError(f"PostgreSQL did not start:\n{log}") from error
                time.sleep(0.05)
        self._run("CREATE EXTENSION postgis", TEMPLATE)

    def _run(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(host=str(self.folder), user="postgres", dbname=database, autocommit=True) as connection:
            connection.execute(statement.encode())


def name_in(url: str) -> str:
    """The database that an address of a cluster names."""
    return url.split("@/")[1].split("?")[0]


def start_cluster() -> Cluster:
    """Start a cluster in a folder of its own; it ends with this process, however that ends.

    The default collation is ICU's, so that a query which forgets ``COLLATE "C"`` sorts differently and is noticed.
    """
    programs = find_postgres()
    folder = Path(tempfile.mkdtemp(prefix="wg-pg-", dir="/tmp"))  # short: a socket's path has at most 107 characters
    prefix = _as_unprivileged(folder)
    try:
        words = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        icu = ["--locale-provider=icu", "--icu-locale=und"]
        made = [*prefix, str(programs / "initdb"), "-D", str(folder / "data"), *words, *icu]
        subprocess.run(made, check=True, capture_output=True, cwd=folder)
        settings = [word for setting in QUICK_SETTINGS for word in ("-c", setting)]
        served = [str(programs / "postgres"), "-D", str(folder / "data"), "-k", str(folder), *settings]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([*prefix, *served], stdout=log, stderr=log, cwd=folder)
    except subprocess.CalledProcessError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise RuntimeError(f"initdb failed:\n{error.stderr.decode(errors='replace')}") from error
    cluster = Cluster(folder, process)
    atexit.register(cluster.stop)
    cluster.prepare()
    return cluster


def _as_unprivileged(folder: Path) -> list[str]:
    """The command prefix under which PostgreSQL agrees to run; it refuses root. The folder is handed over as well."""
    words = ["setpriv", "--pdeathsig=QUIT"] if shutil.which("setpriv") else []
    if os.geteuid() != 0:
        return words
    names = {user.pw_name for user in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return [*words, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]
