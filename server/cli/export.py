"""`wangge export LAYER FILE`: a layer as a file that other programs open."""

from pathlib import Path
from typing import Annotated

import typer

from grids.export import export_layer, export_table
from grids.import_tables import KINDS
from server.cli.out import console, new_app, opened

app = new_app()


@app.command()
def export(
    what: Annotated[str, typer.Argument(metavar="LAYER", help="A layer; or parties, people, matters, duties.")],
    file: Annotated[Path, typer.Argument(help=".geojson, .gpkg, .parquet, .fgb, .shp; tables .csv, .xlsx, .parquet.")],
    version: Annotated[int | None, typer.Option(help="A published version; else the latest.")] = None,
    draft: Annotated[str | None, typer.Option(help="A draft instead of a published version.")] = None,
) -> int:
    """A layer of a version (WGS 84), or one of its tables, in the form that `wangge import` reads back."""
    with opened() as place, place.store.read() as session:
        save = export_table if what in KINDS else export_layer
        rows = save(session, what, file, version, draft)
    console.print(f"{rows:,} rows of {what} written to {file}", markup=False)
    return 0
