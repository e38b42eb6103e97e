"""`wangge layers`: what layers a draft has, and what each is."""

from dataclasses import asdict
from typing import Annotated

import typer

from gis.errors import BadInput
from grids.drafts import DEFAULT_DRAFT, find_draft, usual_version
from grids.layers import change_layer, remove_layer
from grids.reads import area_counts, layers_of
from server.cli.out import Draft, Json, console, new_app, now, opened, print_json, print_rows

app = new_app()
group = typer.Typer(
    add_completion=False, invoke_without_command=True, rich_markup_mode=None, help="The layers of a draft."
)
app.add_typer(group, name="layers")


@group.callback()
def layers(context: typer.Context, draft: Draft = DEFAULT_DRAFT, json: Json = False) -> None:
    """List the layers of the draft, or of the version in force when there is no draft; coarse ones first."""
    if context.invoked_subcommand:
        return
    with opened() as place, place.store.read() as session:
        row = find_draft(session, draft) or usual_version(session, now())
        counts = area_counts(session, row.id) if row else {}
        rows = [
            asdict(layer) | {"areas": counts.get(layer.code, 0)}
            for layer in (layers_of(session, row.id) if row else [])
        ]
    if json:
        print_json({"draft": draft, "layers": rows})
    else:
        columns = ("code", "name", "kind", "geometry", "rank", "partition", "parent", "is_cell", "scheme", "areas")
        print_rows(rows, columns, "no layers yet: wangge import areas FILE --layer cell --code CODE --commit")


@group.command("set")
def set_layer(
    code: Annotated[str, typer.Argument(help="The layer.")],
    name: Annotated[str | None, typer.Option(help="The name people read.")] = None,
    kind: Annotated[str | None, typer.Option(help="district, street, community, grid, cell, zone ...")] = None,
    rank: Annotated[int | None, typer.Option(help="Larger is narrower, and answers first.")] = None,
    parent: Annotated[str | None, typer.Option(help="The layer above; '' for none.")] = None,
    partition: Annotated[bool | None, typer.Option(help="Seamless, or areas may overlap.")] = None,
    cell: Annotated[bool, typer.Option("--cell", help="Its areas are the cells.")] = False,
    scheme: Annotated[str | None, typer.Option(help="Digits as 6+3+3+3, or a regular expression; '' for any.")] = None,
    draft: Draft = DEFAULT_DRAFT,
) -> int:
    """Change what a layer is, in the draft."""
    given = {"name": name, "kind": kind, "rank": rank, "partition": partition, "is_cell": cell or None}
    changes: dict[str, object] = {key: value for key, value in given.items() if value is not None}
    changes |= {} if parent is None else {"parent": parent or None}
    changes |= {} if scheme is None else {"scheme": scheme or None}
    if not changes:
        raise BadInput("say what to change: see wangge layers set --help")
    with opened() as place, place.store.write() as session:
        layer = change_layer(session, draft, code, now(), **changes)
    console.print(f"layer {code} in draft '{draft}': {asdict(layer)}", markup=False)
    return 0


@group.command("remove")
def remove(code: Annotated[str, typer.Argument(help="The layer.")], draft: Draft = DEFAULT_DRAFT) -> int:
    """Take a layer and its areas out of the draft."""
    with opened() as place, place.store.write() as session:
        remove_layer(session, draft, code, now())
    console.print(f"layer {code} removed from draft '{draft}'", markup=False)
    return 0
