"""`wangge key`: keys for callers from other machines."""

from typing import Annotated

import typer
from sqlalchemy import select

from grids.models import ApiKeyRow
from server.cli.out import Json, console, new_app, now, opened, print_json, print_rows
from server.keys import create_key, revoke_key

app = new_app()
group = new_app("Keys for callers: shown once, kept as a hash.")
app.add_typer(group, name="key")


@group.command()
def create(
    name: Annotated[str, typer.Argument(help="Whom it is for.")],
    scope: Annotated[list[str] | None, typer.Option(help="read, reports, contacts, replica or admin; repeat.")] = None,
    json: Json = False,
) -> int:
    """Make a key and print it, this once."""
    with opened() as place, place.store.write() as session:
        key = create_key(session, name, scope or ["read"], now())
    if json:
        print_json({"name": name, "scopes": scope or ["read"], "key": key})
    else:
        console.print("Keep it: it is not shown again.", markup=False)
        print(key)
    return 0


@group.command("list")
def list_keys(json: Json = False) -> int:
    """The keys there are."""
    with opened() as place, place.store.read() as session:
        rows = [
            {
                "id": row.id,
                "name": row.name,
                "scopes": row.scopes,
                "created_at": row.created_at.isoformat(timespec="seconds"),
                "revoked_at": row.revoked_at.isoformat(timespec="seconds") if row.revoked_at else None,
            }
            for row in session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.id))
        ]
    if json:
        print_json({"keys": rows})
    else:
        print_rows(rows, ("id", "name", "scopes", "created_at", "revoked_at"), "no keys")
    return 0


@group.command()
def revoke(number: Annotated[int, typer.Argument(help="The key's id.")]) -> int:
    """End a key; running services notice within a second."""
    with opened() as place, place.store.write() as session:
        revoke_key(session, number, now())
    console.print(f"key {number} is revoked", markup=False)
    return 0
