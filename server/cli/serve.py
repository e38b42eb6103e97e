"""`wangge serve`: answer over HTTP."""

from typing import Annotated

import typer
import uvicorn

from gis.errors import BadInput
from gis.storage.engine import Store
from server.api.app import create_app
from server.api.service import LOOPBACK
from server.cli.out import console, new_app, opened
from server.keys import live_keys
from server.settings import Settings

app = new_app()


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; else the setting.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; else the setting.")] = None,
) -> int:
    """The API under /v1, the map at /, the heat map at /heat, the API's page at /docs. Until a key has been created
    it listens on 127.0.0.1 only; elsewhere every caller needs one."""
    with opened() as place:
        given = {"host": host or place.settings.host, "port": port or place.settings.port}
        settings = place.settings.model_copy(update=given)
    run_server(settings)
    return 0


def check_loopback(settings: Settings, store: Store) -> None:
    """Raises BadInput when it would listen beyond this machine while no key exists."""
    if settings.host in LOOPBACK:
        return
    with store.read() as session:
        if not live_keys(session):
            raise BadInput(
                f"host {settings.host}: no key exists yet, so it listens on 127.0.0.1 only: "
                "`wangge key create NAME` first",
                field="host",
                value=settings.host,
            )


def run_server(settings: Settings) -> None:
    """Listen until stopped. No access log: questions hold places and addresses. Raises BadInput."""
    store = Store(settings.store_url)
    check_loopback(settings, store)
    store.close()
    console.print(f"Wangge listens on http://{settings.host}:{settings.port}/ (stop with Ctrl-C)", markup=False)
    server = uvicorn.Config(
        create_app(settings), host=settings.host, port=settings.port, log_level="warning", access_log=False
    )
    uvicorn.Server(server).run()
