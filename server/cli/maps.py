"""`wangge map heat OUT.html`: where reports cluster, as a page that opens without the internet."""

from pathlib import Path
from typing import Annotated

import typer

from gis.errors import BadInput
from maps.words import Language
from routing.reads import ReportFilter
from server.cli.out import Json, console, instant, new_app, now, opened, print_json
from server.reporting import heat_data, heat_html, heat_of

app = new_app()
group = new_app("Maps that open without the internet.")
app.add_typer(group, name="map")


@group.command()
def heat(
    out: Annotated[Path, typer.Argument(help="The page to write (.html).")],
    resolution: Annotated[int, typer.Option(help="H3 resolution, 0-12; 9 is about 174 m to an edge.")] = 9,
    since: Annotated[str | None, typer.Option(help="From this time (ISO 8601 with offset).")] = None,
    until: Annotated[str | None, typer.Option(help="Before this time.")] = None,
    matter: Annotated[str | None, typer.Option(help="Matter code or its beginning.")] = None,
    source: Annotated[str | None, typer.Option(help="Only reports of this source.")] = None,
    language: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    json: Json = False,
) -> int:
    """Reports by H3 cell, drawn on one page."""
    if language not in ("zh", "en"):
        raise BadInput(f"language '{language}': zh or en", field="language", value=language)
    chosen: Language = "en" if language == "en" else "zh"
    if not out.parent.is_dir():
        raise BadInput(f"{out.parent}: the folder does not exist", field="out", value=str(out))
    wanted = ReportFilter(instant(since), instant(until), matter, source)
    with opened() as place, place.store.read() as session:
        counted = heat_of(session, wanted, resolution)
        words = " ".join(
            part for part in (matter or "", since or "", (until and f"– {until}") or "", source or "") if part
        )
        out.write_text(heat_html(counted, place.shelf.view(now()), chosen, words), encoding="utf-8")
    if json:
        print_json({"out": str(out), **heat_data(counted)})
    else:
        console.print(f"{counted.total:,} reports in {len(counted.cells):,} cells written to {out}", markup=False)
    return 0
