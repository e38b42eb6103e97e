"""What every route answers from."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fastapi import Request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from gis.storage.engine import Store
from grids.shelf import Shelf, View
from server.datums import Datums
from server.errors import Forbidden, Unauthorized
from server.keys import ALWAYS_KEYED, allows, hashed, live_keys, presented
from server.settings import Settings

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})
_KEYS_S = 1.0
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")


def utc_now() -> datetime:
    """The instant; the one place where HTTP reads the clock."""
    return datetime.now(UTC)


class Metrics:
    """What /metrics shows. A registry of its own, so that several apps can live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        names = ["route", "method", "status"]
        self.requests = Counter("wangge_requests", "Requests", names, registry=self.registry)
        self.seconds = Histogram("wangge_request_seconds", "Seconds to answer", ["route"], registry=self.registry)
        self.points = Counter(
            "wangge_owner_points", "Points answered, by owner verdict", ["verdict"], registry=self.registry
        )
        self.release = Gauge("wangge_release", "Number of the release in force", registry=self.registry)


@dataclass
class Service:
    """One running service. ``open_to_loopback``: it listens on this machine only, and asks this machine for no key.

    ``fault``: why the newest release could not be opened, while an older one still answers.
    """

    settings: Settings
    store: Store
    shelf: Shelf
    datums: Datums
    open_to_loopback: bool
    clock: Callable[[], datetime] = utc_now
    metrics: Metrics = field(default_factory=Metrics)
    fault: str = ""
    _keys: tuple[float, Mapping[str, frozenset[str]]] = (float("-inf"), {})
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def view(self) -> View:
        """What is in force now. Raises NotReady."""
        view = self.shelf.required(self.clock())
        self.metrics.release.set(view.release.number)
        return view

    def keys(self) -> Mapping[str, frozenset[str]]:
        """The keys that hold, at most a second old."""
        with self._lock:
            asked, known = self._keys
            if time.monotonic() - asked > _KEYS_S:
                with self.store.read() as session:
                    known = live_keys(session)
                self._keys = (time.monotonic(), known)
            return known

    def allow(self, request: Request, scope: str) -> None:
        """Raises Unauthorized or Forbidden unless the caller may do this.

        On loopback no key is asked for, but the Host must be a loopback name: a web page elsewhere whose name
        resolves to this machine must not read the city's data through a dispatcher's browser. Once a key exists, or
        when a proxy says that it speaks for others, everyone needs one; phone numbers are never told without one.
        """
        forwarded = any(name in request.headers for name in _FORWARDED)
        if self.open_to_loopback and not forwarded and scope not in ALWAYS_KEYED and not self.keys():
            if (request.url.hostname or "") not in LOOPBACK:
                raise Forbidden(f"host '{request.url.hostname}': this service answers to localhost only")
            return
        key = presented(request.headers)
        scopes = self.keys().get(hashed(key)) if key else None
        if scopes is None:
            raise Unauthorized
        if not allows(scopes, scope):
            words = f"this key has not the scope '{scope}': `wangge key create NAME --scope {scope}` makes one that has"
            raise Forbidden(words)


def service_of(request: Request) -> Service:
    """The service behind a request."""
    service: Service = request.app.state.service
    return service
