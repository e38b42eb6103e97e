"""`wangge export LAYER FILE`: a layer as a file that other programs open."""

from pathlib import Path
from typing import Annotated

import typer

from gis.errors import BadInput
from grids.export import export_layer, export_table, exported_version
from grids.import_tables import KINDS
from server.cli.out import CRS_FORMS, console, new_app, now, opened

app = new_app()


@app.command()
def export(
    what: Annotated[str, typer.Argument(metavar="LAYER", help=f"A layer; or {', '.join(KINDS)}.")],
    file: Annotated[
        Path, typer.Argument(help=".geojson, .gpkg, .parquet, .fgb, .shp; tables .csv, .xlsx, .parquet; assets either.")
    ],
    version: Annotated[int | None, typer.Option(help="A published version; else the one in force.")] = None,
    draft: Annotated[str | None, typer.Option(help="A draft instead of a published version.")] = None,
    out_crs: Annotated[str, typer.Option(help=f"Of a layer's outlines: {CRS_FORMS}")] = "wgs84",
) -> int:
    """A layer of a version (WGS 84 unless --out-crs), or a table, in the form that `wangge import` reads back.

    A file in a city's own plane, gcj02 or bd09 declares no coordinate system: read it back with --crs.

    People, roster, assets and overrides are no part of a version: what has not ended is written, without phones.
    """
    with opened() as place, place.store.read() as session:
        if what in KINDS and out_crs != "wgs84":
            raise BadInput(f"--out-crs {out_crs}: tables are written in WGS 84; leave it out", field="out_crs")
        if what in KINDS:
            rows = export_table(session, what, file, now(), version, draft)
        else:
            held = exported_version(session, now(), version, draft)
            rows = export_layer(session, what, file, held, place.datum(out_crs))
    console.print(f"{rows:,} rows of {what} written to {file}", markup=False)
    return 0
