"""`wangge matrix OUT`: who answers each matter in each area, as a page, a table or JSON."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import orjson
import typer

from gis.errors import BadInput
from gis.files.writers import write_table
from grids.content import Content
from grids.drafts import draft_named
from grids.matrix import DEPTHS, STATES, Matrix, matrix_data, matrix_of
from grids.reads import content_of, published
from grids.release_content import content_of_release
from maps.matrix import matrix_page
from server.cli.out import Json, Place, console, new_app, opened, print_json
from server.matrices import TITLE, depth_of, subtitle_of

app = new_app()


@app.command()
def matrix(
    out: Annotated[Path, typer.Argument(help="A page (.html), a row an entry (.csv, .xlsx, .parquet), or .json.")],
    layer: Annotated[str | None, typer.Option(help="The columns: areas of this layer; else the streets.")] = None,
    matters: Annotated[str, typer.Option(help=f"The rows: {', '.join(DEPTHS)} of the class table.")] = "minors",
    draft: Annotated[str | None, typer.Option(help="A draft instead of the version in force.")] = None,
    version: Annotated[int | None, typer.Option(help="A published version instead of the one in force.")] = None,
    json: Json = False,
) -> int:
    """Matters by areas: who answers, and where nobody does, with ties and fallbacks told apart."""
    write = _writer(out)
    if draft is not None and version is not None:
        raise BadInput("--draft and --version: name one of them", field="version", value=str(version))
    depth = depth_of(matters)
    with opened() as place:
        content, words = _content(place, draft, version)
    found = matrix_of(content, layer, depth)
    write(out, found, words)
    totals = {state: int(found.among(state).sum()) for state in STATES}
    if json:
        print_json({"out": str(out), "layer": found.layer.code, "totals": totals})
    else:
        told = ", ".join(f"{count:,} {state}" for state, count in totals.items() if count)
        size = f"{len(found.matters):,} matters x {len(found.codes):,} areas of {found.layer.code}"
        console.print(f"{size} written to {out}: {told}", markup=False)
    return 0


def _content(place: Place, draft: str | None, version: int | None) -> tuple[Content, str]:
    if draft is None and version is None:
        release = place.view().release
        return content_of_release(release), subtitle_of(release)
    with place.store.read() as session:
        if draft is not None:
            return content_of(session, draft_named(session, draft).id), f"草案 Draft {draft}"
        row = published(session, version or 0)
        return content_of(session, row.id), f"版本 Version {row.number}"


def _writer(out: Path) -> Callable[[Path, Matrix, str], None]:
    writers = {".html": _html, ".json": _json, ".csv": _table, ".xlsx": _table, ".parquet": _table}
    if out.suffix not in writers:
        raise BadInput(f"{out}: the name must end with one of {', '.join(writers)}", field="out", value=str(out))
    if not out.parent.is_dir():
        raise BadInput(f"{out.parent}: the folder does not exist", field="out", value=str(out))
    return writers[out.suffix]


def _html(out: Path, found: Matrix, words: str) -> None:
    out.write_text(matrix_page(found, TITLE, words), encoding="utf-8")


def _json(out: Path, found: Matrix, words: str) -> None:
    out.write_bytes(orjson.dumps({"of": words} | matrix_data(found)))


def _table(out: Path, found: Matrix, _words: str) -> None:
    rows = list(found.entries())
    write_table(out, {name: [row[name] for row in rows] for name in rows[0]})
