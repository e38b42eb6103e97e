"""`wangge drafts`: the open drafts."""

from typing import Annotated

import typer

from grids.drafts import discard, open_drafts
from server.cli.out import Json, console, new_app, opened, print_json, print_rows

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
