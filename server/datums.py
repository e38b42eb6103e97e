"""The datums that a running service knows: those everybody knows, and the city's own."""

import threading
import time
from collections.abc import Mapping

from gis.datums import Datum, datum, own_name
from gis.errors import NotReady
from gis.storage.engine import Store
from grids.datums import Definition, datum_in, definitions_in
from server.upstream import UpstreamSource

_HELD_S = 1.0


class Datums:
    """The city's own are read from the store whenever one is named; a replica asks its upstream, at most once a second,
    and goes on with what it was told when that is gone."""

    def __init__(self, store: Store, upstream: UpstreamSource | None = None) -> None:
        self._store, self._upstream = store, upstream
        self._asked, self._told = float("-inf"), dict[str, Definition]()
        self._lock = threading.Lock()

    def named(self, name: str) -> Datum:
        """The datum of that name. Raises UnknownDatum, and NotReady on a replica that was never told."""
        if self._upstream is None or own_name(name) is None:
            return datum_in(self._store, name)
        return datum(name, {own: told.datum(own) for own, told in self.definitions().items()})

    def definitions(self) -> Mapping[str, Definition]:
        """The city's own systems by their full names."""
        if self._upstream is None:
            return definitions_in(self._store)
        with self._lock:
            if time.monotonic() - self._asked > _HELD_S:
                try:
                    self._told = self._upstream.definitions()
                except NotReady:
                    if not self._told:
                        raise
                self._asked = time.monotonic()
            return self._told
