"""`wangge drafts`: the open drafts from start to rebase and undo, and edits of one area at a time."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gis.errors import BadFile, BadInput, Conflict
from gis.findings import Finding
from gis.shapes import geometry_from_geojson
from grids.draft_steps import steps_of
from grids.drafts import (
    DEFAULT_DRAFT,
    discard,
    draft_named,
    open_draft,
    open_drafts,
    start_draft,
    start_of,
    undo,
)
from grids.drafts import rename as rename_draft
from grids.edits import AreaEdit, areas_at, put_area, remove_area
from grids.merging import Wish
from grids.reads import editions
from grids.rebase import Rebased
from grids.rebase import rebase as rebase_draft
from grids.row_sets import counts_between
from grids.timeline import Edition, in_force
from server.cli.out import Draft, Json, console, new_app, now, opened, print_findings, print_json, print_rows

app = new_app()
COUNTED = ("added", "changed", "removed")
Name = Annotated[str, typer.Argument(help="The draft.")]

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
        columns = ("name", "created_at", "base_version", "seen", "overtaken", "edits", "edited_at", "edited_by")
        print_rows(rows, columns, "no open drafts")


@group.command()
def start(
    name: Annotated[str, typer.Argument(help="The new draft.")],
    version: Annotated[
        int | None, typer.Option("--from", help="Start from this version; default the one in force.")
    ] = None,
    json: Json = False,
) -> int:
    """Start a draft from the version in force, or from any other, as for a correction of the past."""
    with opened() as place, place.store.write() as session:
        draft, known, clock = start_draft(session, name, now(), version), editions(session), now()
        base = start_of(session, draft).base
    if json:
        print_json({"draft": name, "base_version": base})
    else:
        current = in_force(known, clock)
        print(f"draft '{name}' starts from {_base(base, current)}" + _to_come(base, known, clock))
    return 0


def _base(base: int | None, current: Edition | None) -> str:
    if base is None:
        return "nothing: no version is published yet"
    return f"version {base}" + (", in force now" if current and current.number == base else ", not in force now")


def _to_come(base: int | None, known: list[Edition], clock: datetime) -> str:
    """The versions known to take over later: what they changed is not in this draft."""
    later = [e for e in known if e.effective_at > clock and e.number != base]
    told = (f"version {e.number} takes over at {e.effective_at.isoformat(timespec='seconds')}" for e in later)
    return f"; {', '.join(told)}: what it changes is not in this draft" if later else ""


@group.command()
def show(name: Name, json: Json = False) -> int:
    """What a draft changed against the version it starts from, by kind; `wangge diff` lists it row by row."""
    with opened() as place, place.store.read() as session:
        draft = draft_named(session, name)
        (facts,) = (row for row in open_drafts(session) if row["name"] == name)
        counts = counts_between(session, draft.base_id, draft.id)
    rows = [dict(zip(("kind", *COUNTED), (kind, *numbers), strict=True)) for kind, numbers in counts.items()]
    if json:
        print_json(facts | {"changes": rows})
        return 0
    base = f"version {facts['base_version']}" if facts["base_version"] else "nothing"
    late = f"; overtaken: wangge drafts rebase {name}" if facts["overtaken"] else ""
    print(f"draft '{name}' starts from {base}{late}")
    print_rows(rows, ("kind", *COUNTED), "nothing is changed")
    return 0


@group.command()
def log(name: Name, json: Json = False) -> int:
    """The steps of a draft, first to last: what each was, and what it added, changed (~) and removed."""
    with opened() as place, place.store.read() as session:
        steps = steps_of(session, draft_named(session, name))
    rows = [step.as_dict() for step in steps]
    if json:
        print_json({"draft": name, "steps": rows})
    else:
        shown = [row | {"what": str(step)} for row, step in zip(rows, steps, strict=True)]
        print_rows(shown, ("step", "made_at", "made_by", "what"), "no steps yet")
    return 0


@group.command("undo")
def undo_step(name: Name, json: Json = False) -> int:
    """Take back the last edit, import or rebase of a draft."""
    with opened() as place, place.store.write() as session:
        step = undo(session, name)
    if json:
        print_json({"draft": name, "undone": step.as_dict()})
    else:
        print(f"draft '{name}': undone: {step}")
    return 0


@group.command()
def rename(name: Name, new: Annotated[str, typer.Argument(help="Its new name.")]) -> int:
    """Give a draft another name."""
    with opened() as place, place.store.write() as session:
        rename_draft(session, name, new)
    console.print(f"draft '{name}' is now '{new}'", markup=False)
    return 0


@group.command()
def rebase(
    name: Name,
    onto: Annotated[int | None, typer.Option(help="Start from this version; default the one in force.")] = None,
    take: Annotated[str | None, typer.Option(help="Who wins in all conflicts: draft or published.")] = None,
    take_row: Annotated[
        list[str] | None, typer.Option(help="Who wins in one: KIND:[LAYER:]CODE=draft or =published; repeatable.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")] = False,
    json: Json = False,
) -> int:
    """Bring a draft up to date, row by row, and keep what it changed; 1 when rows are in conflict, nothing is changed
    then. Validate again afterwards."""
    wish = Wish(onto, take, dict(map(_row_wish, take_row or ())), dry_run)
    with opened() as place:
        try:
            with place.store.write() as session:
                report = rebase_draft(session, name, now(), wish)
        except Conflict as refused:
            if "report" in refused.facts:
                _tell_rebase(refused.facts["report"], json)
            raise
    _tell_rebase(report, json)
    return 1 if report.open else 0


def _row_wish(text: str) -> tuple[str, str]:
    name, equals, side = text.rpartition("=")
    if not equals:
        raise BadInput(f"--take-row {text}: write KIND:[LAYER:]CODE=draft or =published", field="take_row", value=text)
    return name, side


def _tell_rebase(report: Rebased, json: bool) -> None:
    facts = report.as_dict()
    if json:
        print_json(facts)
        return
    if report.conflicts:
        rows = [row | {"differ": ", ".join(row["differ"])} for row in facts["conflicts"]]
        print_rows(rows, ("row", "draft", "published", "differ", "taken"), "")
    taken, kept = (
        ", ".join(f"{n:,} {kind}" for kind, n in side.items()) or "nothing" for side in (report.taken, report.kept)
    )
    base = f"version {report.base}" if report.base else "nothing"
    done = "now starts" if report.done else "would start"
    print(
        f"draft '{report.draft}' {done} from version {report.onto} instead of {base}: taken from published: {taken}; "
        f"kept from the draft: {kept}; in conflict: {len(report.conflicts):,}, undecided {len(report.open):,}"
    )
    if report.done:
        print(f"validate it again: wangge validate --draft {report.draft}")


@group.command("discard")
def discard_draft(name: Name) -> int:
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
    half_width: Annotated[float | None, typer.Option(help="Of a road segment: metres to its kerb.")] = None,
    draft: Draft = DEFAULT_DRAFT,
    json: Json = False,
) -> int:
    """Put one area into the draft and hear what its neighbours say; the gate checks the whole before publishing."""
    try:
        shape = geometry_from_geojson(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{file}: cannot be read: {error}") from error
    area = AreaEdit(layer, code, shape, name, parent, half_width)
    with opened() as place, place.store.write() as session:
        found = put_area(session, open_draft(session, draft, now(), f"put {layer} {code}"), area)
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
        found = remove_area(session, open_draft(session, draft, now(), f"remove {layer} {code}"), layer, code)
    return _tell(found, f"area {code} of layer {layer} taken out of draft '{draft}'", json)


def _tell(found: list[Finding], words: str, json: bool) -> int:
    if json:
        print_json({"done": words, "findings": [finding.as_dict() for finding in found]})
    print_findings(found)
    console.print(words, markup=False)
    return 0
