"""`wangge roster`, `assets`, `plans`, `rulings`, `precedence`: who is here, what stands above the duty list, and since
when."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from grids.assets import Asset
from grids.book_reads import asset_history, assets_at, numbers_known, overrides_read, roster_read
from grids.drafts import DEFAULT_DRAFT, find_draft, usual_version
from grids.overrides import Override
from grids.periods import END, as_text, holds
from grids.plans import end_ruling, plan_off, plan_on, plans_at
from grids.precedence import RULES, order_of
from grids.reads import order_in
from grids.roster import Person, Roster
from grids.rules import put_order
from server.cli.out import Draft, Json, console, instant, new_app, now, opened, print_json, print_rows

app = new_app()
At = Annotated[str | None, typer.Option(help="The instant (ISO 8601 with offset); now if not given.")]


def _group(name: str, words: str) -> typer.Typer:
    made = typer.Typer(add_completion=False, invoke_without_command=True, rich_markup_mode=None, help=words)
    app.add_typer(made, name=name)
    return made


assets = new_app("Assets (部件): things with an owner, known by their number.")
app.add_typer(assets, name="assets")
plans = _group("plans", "Emergency plans (应急预案): list them, switch them on and off.")
rulings = _group("rulings", "Dated rulings (裁定): list what is in force or to come, end one.")


@app.command()
def roster(
    at: At = None,
    party: Annotated[str | None, typer.Option(help="Only people of this party.")] = None,
    json: Json = False,
) -> int:
    """Who is here, on shift and on leave."""
    when = instant(at) or now()
    with opened() as place, place.store.read() as session:
        book = roster_read(session, numbers_known(session).roster)
    here = [person for person in book.people if holds(person, when) and party in (None, person.party)]
    rows = [_person(book, person, when) for person in here]
    _print(
        {"roster": book.number, "at": as_text(when), "people": rows}, rows, json, "nobody is here: wangge import people"
    )
    return 0


def _person(book: Roster, person: Person, at: datetime) -> dict[str, Any]:
    on = [shift for shift in book.shifts if shift.person == person.code and holds(shift, at)]
    away = [leave for leave in book.absences if leave.person == person.code and holds(leave, at)]
    ends = [end for end in (*(s.valid_until for s in on), *(a.valid_until for a in away)) if end]
    return {
        "code": person.code,
        "name": person.name,
        "party": person.party,
        "role": person.role,
        "on_shift": ", ".join(sorted({shift.party for shift in on})) or None,
        "on_leave": bool(away),
        "deputy": next((leave.deputy for leave in away if leave.deputy), person.deputy),
        "until": as_text(min(ends, default=person.valid_until)),
    }


@assets.command("list")
def list_assets(
    at: At = None,
    owner: Annotated[str | None, typer.Option(help="Only those of this party.")] = None,
    matter: Annotated[str | None, typer.Option(help="Only those whose class begins so.")] = None,
    most: Annotated[int, typer.Option(help="How many to show.")] = 50,
    json: Json = False,
) -> int:
    """The assets that stand, by code."""
    with opened() as place, place.store.read() as session:
        number = numbers_known(session).assets
        count, found = assets_at(session, instant(at) or now(), most, owner=owner, matter=matter)
    rows = [_asset(asset) for asset in found]
    _print({"assets": number, "count": count, "rows": rows}, rows, json, "no such assets: wangge import assets")
    if not json and count > len(rows):
        console.print(f"{count - len(rows):,} more; --most shows more of them", markup=False)
    return 0


@assets.command("show")
def show_asset(code: Annotated[str, typer.Argument(help="The asset.")], at: At = None, json: Json = False) -> int:
    """One asset as it is, was or will be at an instant, and all that is known of its past and future."""
    when = instant(at) or now()
    with opened() as place, place.store.read() as session:
        number, history = numbers_known(session).assets, asset_history(session, code)
    rows = [_asset(asset) | {"holds": holds(asset, when)} for asset in history]
    current = next((row for row in rows if row["holds"]), None)
    _print({"assets": number, "at": as_text(when), "asset": current, "history": rows}, rows, json, "")
    return 0


def _asset(asset: Asset) -> dict[str, Any]:
    return asdict(asset) | {"valid_from": as_text(asset.valid_from), "valid_until": as_text(asset.valid_until)}


@plans.callback()
def list_plans(context: typer.Context, at: At = None, json: Json = False) -> None:
    """Every plan, whether it is on, and its present or next stretch."""
    if context.invoked_subcommand:
        return
    with opened() as place, place.store.read() as session:
        book = overrides_read(session, numbers_known(session).overrides)
    rows = []
    for state in plans_at(book, instant(at) or now()):
        since, until = (state.stretch.valid_from, state.stretch.valid_until) if state.stretch else (None, None)
        row = {"plan": state.plan, "on": state.on, "duties": state.duties}
        rows.append(row | {"valid_from": as_text(since), "valid_until": as_text(until)})
    _print(
        {"overrides": book.number, "plans": rows}, rows, json, "no plans: wangge import overrides with a column plan"
    )


Plan = Annotated[str, typer.Argument(help="The plan's name.")]


@plans.command("on")
def switch_on(
    plan: Plan,
    since: Annotated[str | None, typer.Option("--from", help="From when (ISO 8601 with offset); now.")] = None,
    until: Annotated[str | None, typer.Option(help="Until when; else until it is switched off.")] = None,
    json: Json = False,
) -> int:
    """Switch a plan on: its duties then stand above the duty list."""
    begin, end = instant(since), instant(until)
    _write(lambda session, at: plan_on(session, plan, at, begin, end), f"plan '{plan}' is switched on", json)
    return 0


@plans.command("off")
def switch_off(plan: Plan, at: At = None, json: Json = False) -> int:
    """Switch a plan off."""
    when = instant(at)
    _write(lambda session, clock: plan_off(session, plan, clock, when), f"plan '{plan}' is switched off", json)
    return 0


@rulings.callback()
def list_rulings(context: typer.Context, at: At = None, json: Json = False) -> None:
    """The rulings in force, and those to come."""
    if context.invoked_subcommand:
        return
    when = instant(at) or now()
    with opened() as place, place.store.read() as session:
        book = overrides_read(session, numbers_known(session).overrides)
    lasting = (order for order in book.orders if order.plan is None and (order.valid_until or END) > when)
    rows = [_ruling(order, when) for order in lasting]
    _print({"overrides": book.number, "rulings": rows}, rows, json, "no rulings: wangge import overrides")


def _ruling(order: Override, at: datetime) -> dict[str, Any]:
    times = {"valid_from": as_text(order.valid_from), "valid_until": as_text(order.valid_until)}
    return asdict(order.duty) | {"in_force": holds(order, at), **times}


@rulings.command("end")
def end(code: Annotated[str, typer.Argument(help="The ruling.")], at: At = None, json: Json = False) -> int:
    """End a ruling; it stays in the books."""
    when = instant(at)
    _write(lambda session, clock: end_ruling(session, code, clock, when), f"'{code}' is ended", json)
    return 0


@app.command()
def precedence(
    order: Annotated[str | None, typer.Argument(metavar="[A,B,...]", help="The new order, all of its lines.")] = None,
    draft: Draft = DEFAULT_DRAFT,
    json: Json = False,
) -> int:
    """The order in which duties win, as the draft or else the version in force has it; or set it in the draft."""
    with opened() as place:
        if order is not None:
            names = [name.strip() for name in order.split(",")]
            with place.store.write() as session:
                put_order(session, draft, names, now())
        with place.store.read() as session:
            version = find_draft(session, draft) or usual_version(session, now())
            held = order_of(order_in(session, version.id) if version else ())
    rows = [{"line": i + 1, "name": name, "zh": RULES[name].zh, "en": RULES[name].en} for i, name in enumerate(held)]
    _print({"draft": draft, "order": list(held), "lines": rows}, rows, json, "")
    return 0


def _write(work: Callable[[Session, datetime], None], done: str, json: bool) -> None:
    with opened() as place, place.store.write() as session:
        work(session, now())
        number = numbers_known(session).overrides
    if json:
        print_json({"overrides": number})
    else:
        print(f"{done}; overrides {number}")


def _print(data: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], json: bool, empty: str) -> None:
    if json:
        print_json(data)
    else:
        print_rows(rows, list(rows[0]) if rows else (), empty)
