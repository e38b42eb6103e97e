"""`wangge demo`: a sample city through the front doors, then served."""

import shutil
import time
from typing import Annotated

import typer

from gis.storage.engine import Store
from gis.storage.migrate import migrate
from server.cli.out import console, new_app, now, print_json
from server.cli.serve import run_server
from server.demonstration import build_demo, refuse_in_use
from server.proving import prove
from server.settings import Settings, load_settings

app = new_app()


@app.command()
def demo(
    check: Annotated[bool, typer.Option("--check", help="Prove it, print a JSON summary, and end.")] = False,
    cells: Annotated[int, typer.Option(help="How many cells, 20-200,000.")] = 2000,
    reports: Annotated[int, typer.Option(help="How many reports.")] = 3000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same city.")] = 1,
) -> int:
    """A sample city with its parties, duties and reports: imported, checked, published, routed, drawn; then served.

    It lives in the folder `demo` of the home folder, anew each time, or in WANGGE_STORE if that is set and empty.
    """
    began = time.monotonic()
    settings = _settings(load_settings())
    standing = build_demo(settings, (cells, reports), seed, now, _say)
    if not check:
        standing.store.close()
        run_server(settings)
        return 0
    summary = prove(standing, now)
    for words, holds in summary["checks"].items():
        _say(f"{'yes' if holds else 'NO '} {words}")
    print_json(summary | {"cells": cells, "seed": seed, "seconds": round(time.monotonic() - began, 1)})
    return 0 if summary["ok"] else 1


def _settings(settings: Settings) -> Settings:
    """The demo's own home, emptied; but not before a store that is set has shown to be empty too."""
    home = settings.home / "demo"
    if settings.store:
        store = Store(settings.store)
        migrate(store)
        refuse_in_use(store)
        store.close()
    if home.exists():
        shutil.rmtree(home)
    return settings.model_copy(update={"home": home})


def _say(words: str) -> None:
    console.print(words, markup=False)
