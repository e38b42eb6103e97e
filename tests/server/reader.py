"""A reader in its own process: asks without pause until told to stop, then says what it saw, as JSON."""

import json
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from gis.storage.engine import Store
from grids.shelf import Shelf, StoreSource


def main(url: str, home: str) -> None:
    shelf = Shelf(StoreSource(Store(url), Path(home)))
    shelf.required(datetime.now(UTC))
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), ended.set()), daemon=True).start()
    print("ready", flush=True)
    mixed: list[list[str]] = []
    first_seen: dict[int, float] = {}
    order: list[int] = []
    questions = 0
    while not ended.is_set():
        view = shelf.required(datetime.now(UTC))
        for answer in view.resolver.answers([118.005, 118.195], [31.005, 31.005], [None, None]):
            questions += 1
            assert answer.cell is not None
            assert answer.owner is not None
            owner = answer.owner
            told = {
                answer.cell.code.split("-")[0][1:],
                owner.party.code[1:],
                owner.duty.document[3:],
                str(answer.version),
            }
            if len(told) > 1:
                mixed.append(sorted(told))
        if view.release.number not in first_seen:
            first_seen[view.release.number] = time.time()
            order.append(view.release.number)
    print(json.dumps({"mixed": mixed, "questions": questions, "first_seen": first_seen, "order": order}))


main(*sys.argv[1:])
