"""`wangge drafts`: the open drafts, and edits of one area at a time."""

from pathlib import Path
from typing import Annotated

import typer

from gis.errors import BadFile
from gis.findings import Finding
from gis.shapes import from_geojson
from grids.drafts import DEFAULT_DRAFT, discard, draft_named, open_draft, open_drafts
from grids.edits import AreaEdit, areas_at, put_area, remove_area
from server.cli.out import Draft, Json, console, new_app, now, opened, print_findings, print_json, print_rows

app = new_app()
group = typer.Typer(add_completion=False, invoke_without_command=True, rich_markup_mode=None, help="The open drafts.")
app.add_typer(group, name="drafts")


@group.callback()
def drafts(context: typer.Context, json: Json = False) -> None:
    """List the open drafts."""
    if context.invoked_subcommand:
        return
    with opened() as place, place.store.read() as session:
        rows = open_drafts(session)
    if json:
        print_json({"drafts": rows})
    else:
        print_rows(rows, ("name", "created_at", "base_version", "edits"), "no open drafts")


@group.command("discard")
def discard_draft(name: Annotated[str, typer.Argument(help="The draft.")]) -> int:
    """Throw a draft away; published versions keep what they hold."""
    with opened() as place, place.store.write() as session:
        discard(session, name)
    console.print(f"draft '{name}' is gone", markup=False)
    return 0


@group.command(context_settings={"ignore_unknown_options": True})
def at(
    lon: Annotated[float, typer.Argument(help="Longitude, WGS 84.")],
    lat: Annotated[float, typer.Argument(help="Latitude, WGS 84.")],
    draft: Draft = DEFAULT_DRAFT,
    json: Json = False,
) -> int:
    """Which areas of the draft cover this point, before anything is published."""
    with opened() as place, place.store.read() as session:
        found = areas_at(session, draft_named(session, draft), lon, lat)
    rows = [{"layer": layer, "code": code} for layer, code in found]
    if json:
        print_json({"draft": draft, "areas": rows})
    else:
        print_rows(rows, ("layer", "code"), "no area of the draft covers this point")
    return 0


@group.command()
def put(
    layer: Annotated[str, typer.Argument(help="The layer.")],
    code: Annotated[str, typer.Argument(help="The area's code.")],
    file: Annotated[Path, typer.Argument(help="A GeoJSON geometry or feature, WGS 84.")],
    name: Annotated[str | None, typer.Option(help="The area's name.")] = None,
    parent: Annotated[str | None, typer.Option(help="The parent's code.")] = None,
    draft: Draft = DEFAULT_DRAFT,
    json: Json = False,
) -> int:
    """Put one area into the draft and hear what its neighbours say; the gate checks the whole before publishing."""
    try:
        shape = from_geojson(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{file}: cannot be read: {error}") from error
    with opened() as place, place.store.write() as session:
        found = put_area(session, open_draft(session, draft, now()), AreaEdit(layer, code, shape, name, parent))
    return _tell(found, f"area {code} of layer {layer} put into draft '{draft}'", json)


@group.command()
def remove(
    layer: Annotated[str, typer.Argument(help="The layer.")],
    code: Annotated[str, typer.Argument(help="The area's code.")],
    draft: Draft = DEFAULT_DRAFT,
    json: Json = False,
) -> int:
    """Take one area out of the draft."""
    with opened() as place, place.store.write() as session:
        found = remove_area(session, open_draft(session, draft, now()), layer, code)
    return _tell(found, f"area {code} of layer {layer} taken out of draft '{draft}'", json)


def _tell(found: list[Finding], words: str, json: bool) -> int:
    if json:
        print_json({"done": words, "findings": [finding.as_dict() for finding in found]})
    print_findings(found)
    console.print(words, markup=False)
    return 0
