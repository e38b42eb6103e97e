"""`wangge covers`: the H3 cells of the published areas, for services that only have the database."""

from pathlib import Path
from typing import Annotated

import typer

from gis.errors import BadInput
from grids.covers import build_covers
from grids.export import export_covers, exported_version
from server.cli.out import Json, new_app, now, opened, print_json, progress

app = new_app()


@app.command()
def covers(
    version: Annotated[int | None, typer.Option(help="Only this version; else all that are published.")] = None,
    export: Annotated[Path | None, typer.Option(help="Then write the cells of --layer: .csv, .parquet, .xlsx.")] = None,
    layer: Annotated[str | None, typer.Option(help="The layer whose cells --export writes.")] = None,
    json: Json = False,
) -> int:
    """Build the covers that are missing, as publishing does on PostGIS; what is done stays done when it is stopped."""
    if (export is None) is not (layer is None):
        raise BadInput("--export FILE and --layer LAYER go together: give both", field="layer")
    cells = None
    with opened() as place:
        with progress("covers") as told:
            done = build_covers(place.store, version, told)
        if export is not None and layer is not None:
            with place.store.read() as session:
                cells = export_covers(session, layer, export, exported_version(session, now(), version))
    if json:
        print_json({"covered": done, "exported": cells})
        return 0
    print(f"{done:,} outlines covered")
    if cells is not None:
        print(f"{cells:,} cells of {layer} written to {export}")
    return 0
