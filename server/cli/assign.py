"""`wangge assign IN OUT`: cell and owner for every row of a file, streaming."""

from pathlib import Path
from typing import Annotated

import typer

from gis.errors import BadInput
from routing.intake import known_zone
from server.assigning import Assignment, assign_file
from server.cli.out import CRS_FORMS, Json, console, instant, new_app, now, opened, print_json, progress

app = new_app()


@app.command()
def assign(
    source: Annotated[Path, typer.Argument(metavar="IN", help=".csv, .parquet or .arrow")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help=".csv, .parquet or .arrow")],
    lon: Annotated[str, typer.Option(help="Column with the longitude.")] = "lon",
    lat: Annotated[str, typer.Option(help="Column with the latitude.")] = "lat",
    crs: Annotated[str, typer.Option(help=CRS_FORMS)] = "wgs84",
    accuracy: Annotated[float, typer.Option(help="How exact the points are, metres.")] = 1.0,
    layer: Annotated[list[str] | None, typer.Option(help="Layer to assign; repeatable; else the cell layer.")] = None,
    owner: Annotated[bool, typer.Option("--owner", help="Also the owner.")] = False,
    matter_col: Annotated[str | None, typer.Option(help="Column with the matter code.")] = None,
    at_col: Annotated[str | None, typer.Option(help="Column with the time each row is asked for; else now.")] = None,
    at: Annotated[str | None, typer.Option(help="As of this time, for all rows (ISO 8601 with offset).")] = None,
    asset_col: Annotated[str | None, typer.Option(help="Column with the number of the asset meant.")] = None,
    json: Json = False,
) -> int:
    """Keep the rows and add, for each layer L: L_code, L_distance_m, L_verdict, L_candidates; with --owner also
    owner_party, owner_person, owner_verdict, owner_duty. Rows without a point get the verdict no_point."""
    if target.exists() and target.samefile(source):
        raise BadInput(f"{target}: is the file that is read; write to another", field="out", value=str(target))
    with opened() as place, progress(f"assign {source.name}") as told:
        zone = known_zone(place.settings.timezone)
        job = Assignment(
            lon, lat, place.datum(crs), accuracy, tuple(layer or ()), owner, matter_col, at_col, zone, asset_col
        )
        shelf = place.shelf
        done = assign_file(shelf.required(instant(at) or now()), source, target, job, told, shelf.view)
    if json:
        print_json(done)
    else:
        counts = "; ".join(
            f"{name}: " + ", ".join(f"{v} {n:,}" for v, n in c.items()) for name, c in done["verdicts"].items()
        )
        console.print(f"{done['rows']:,} rows written to {target}; {counts}", markup=False)
        for words in done["warnings"]:
            console.print(f"warning: {words}", markup=False)
    return 0
