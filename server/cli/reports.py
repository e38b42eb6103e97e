"""`wangge report`: reports in, with their cell, owner and trace; and a look at what is stored."""

from pathlib import Path
from typing import Annotated

import typer

from grids.answer import as_data
from routing.intake import ReportFile, import_reports, known_zone
from routing.reads import count_reports, report_by_id, verdict_counts
from server.cli.imports import tell
from server.cli.out import Commit, Json, new_app, now, opened, print_json, print_rows, progress
from server.reporting import report_data

app = new_app()
group = new_app("Reports: import, show, count.")
app.add_typer(group, name="report")


@group.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or Parquet.")],
    time: Annotated[str, typer.Option(help="Column with the time; '' for none: then reception counts.")] = "time",
    matter: Annotated[str | None, typer.Option(help="Column with the matter code (class).")] = None,
    id: Annotated[str | None, typer.Option(help="Column with the source's own id; else what the row says.")] = None,
    lon: Annotated[str | None, typer.Option(help="Column with the longitude; '' for none.")] = "lon",
    lat: Annotated[str | None, typer.Option(help="Column with the latitude; '' for none.")] = "lat",
    address: Annotated[str | None, typer.Option(help="Column with an address of the city's address table.")] = None,
    crs: Annotated[str, typer.Option(help="wgs84, gcj02, bd09, cgcs2000 or EPSG:n.")] = "wgs84",
    zone: Annotated[str | None, typer.Option(help="Time zone of times without an offset.")] = None,
    accuracy: Annotated[float, typer.Option(help="How exact the points are, metres.")] = 1.0,
    source: Annotated[str | None, typer.Option(help="Name of the source; else the file's name.")] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave bad rows out instead of refusing the file.")
    ] = False,
    untimed: Annotated[
        bool, typer.Option("--untimed", help="Take the time of reception for rows whose time is empty.")
    ] = False,
    commit: Commit = False,
    json: Json = False,
) -> int:
    """Give each report of a file its cell, owner, H3 cell and trace, and store them. A dry run unless --commit."""
    with opened() as place, progress(f"reports {file.name}") as told:
        wanted = ReportFile(
            file,
            time or None,
            matter,
            id,
            lon or None,
            lat or None,
            address,
            crs,
            known_zone(zone or place.settings.timezone),
            accuracy,
            source,
            skip_bad,
            untimed,
        )
        return tell(lambda: import_reports(place.store, place.view(), wanted, now(), commit, told), json)


@group.command()
def show(number: Annotated[int, typer.Argument(help="The report's number.")]) -> int:
    """One report with the trace of its decision, as JSON."""
    with opened() as place, place.store.read() as session:
        print_json(as_data(report_data(report_by_id(session, number), trace=True)))
    return 0


@group.command()
def count(json: Json = False) -> int:
    """How many reports are stored, by owner verdict."""
    with opened() as place, place.store.read() as session:
        total, verdicts = count_reports(session), verdict_counts(session)
    if json:
        print_json({"reports": total, "owner_verdicts": verdicts})
    else:
        rows = [{"verdict": verdict, "reports": n} for verdict, n in sorted(verdicts.items())]
        print_rows([*rows, {"verdict": "all", "reports": total}], ("verdict", "reports"), "no reports")
    return 0
