"""`wangge report`: reports in, with their cell, owner and trace; and a look at what is stored."""

from pathlib import Path
from typing import Annotated

import typer

from grids.answer import as_data
from routing.intake import ReportFile, import_reports, known_zone
from routing.reads import count_reports, each_report, report_by_id, verdict_counts
from routing.replay import Replay, replays
from server.cli.imports import tell
from server.cli.out import CRS_FORMS, Commit, Json, new_app, now, opened, print_json, print_rows, progress
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
    crs: Annotated[str, typer.Option(help=CRS_FORMS)] = "wgs84",
    zone: Annotated[str | None, typer.Option(help="Time zone of times without an offset.")] = None,
    accuracy: Annotated[float, typer.Option(help="How exact the points are, metres.")] = 1.0,
    source: Annotated[str | None, typer.Option(help="Name of the source; else the file's name.")] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave bad rows out instead of refusing the file.")
    ] = False,
    untimed: Annotated[
        bool, typer.Option("--untimed", help="Take the time of reception for rows whose time is empty.")
    ] = False,
    asset: Annotated[str | None, typer.Option(help="Column with the number of the asset meant.")] = None,
    at_col: Annotated[
        str | None, typer.Option(help="Column with the time each row is decided as of; else now.")
    ] = None,
    commit: Commit = False,
    json: Json = False,
) -> int:
    """Give each report of a file its cell, owner, H3 cell and trace, and store them. A dry run unless --commit."""
    with opened() as place, progress(f"reports {file.name}") as told:
        where = (id, lon or None, lat or None, address, crs, known_zone(zone or place.settings.timezone))
        how = (accuracy, source, skip_bad, untimed, asset, at_col)
        wanted = ReportFile(file, time or None, matter, *where, *how)
        return tell(lambda: import_reports(place.store, place.shelf, wanted, now(), commit, told), json)


@group.command()
def show(number: Annotated[int, typer.Argument(help="The report's number.")]) -> int:
    """One report with the trace of its decision, as JSON."""
    with opened() as place, place.store.read() as session:
        print_json(as_data(report_data(report_by_id(session, number), trace=True)))
    return 0


@group.command()
def replay(
    number: Annotated[int | None, typer.Argument(help="The report's number; all of them without.")] = None,
    json: Json = False,
) -> int:
    """Ask stored decisions again, of the versions and snapshots they cite: 1 when one comes out otherwise."""
    done, differing = 0, list[Replay]()
    with opened() as place, place.store.read() as session, progress("replay") as told:
        shelf, total = place.shelf, 1 if number else count_reports(session)
        rows = [report_by_id(session, number)] if number else each_report(session)
        for found in replays(shelf, rows):
            differing += [] if found.same else [found]
            done += 1
            told(done, total)
    if json:
        print_json({"reports": done, "differing": [as_data(found) for found in differing]})
    else:
        shown = [{"report": f.report, "version": f.version, "differing": ", ".join(f.differing)} for f in differing]
        print_rows(shown, ("report", "version", "differing"), f"{done:,} decisions come out the same")
    return 1 if differing else 0


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
