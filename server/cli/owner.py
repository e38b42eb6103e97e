"""`wangge owner LON LAT`: whose is this point, and why."""

import math
from typing import Annotated

import typer

from gis.errors import BadInput
from grids.answer import Answer
from grids.books import BOOK_NAMES
from server.cli.out import CRS_FORMS, Json, instant, new_app, now, opened, print_json
from server.contacts import with_phone
from server.outgoing import with_out
from server.questions import Question, answer_one

app = new_app()


@app.command(context_settings={"ignore_unknown_options": True})
def owner(
    lon: Annotated[float | None, typer.Argument(help="Longitude or easting; not needed with --asset.")] = None,
    lat: Annotated[float | None, typer.Argument(help="Latitude or northing.")] = None,
    asset: Annotated[str | None, typer.Option(help="Number of the asset that is meant.")] = None,
    matter: Annotated[str | None, typer.Option(help="Matter code.")] = None,
    at: Annotated[str | None, typer.Option(help="As of this time (ISO 8601 with offset).")] = None,
    known_at: Annotated[str | None, typer.Option(help="As known at this time.")] = None,
    accuracy: Annotated[float, typer.Option(help="How exact the point is, metres.")] = 1.0,
    crs: Annotated[str, typer.Option(help=CRS_FORMS)] = "wgs84",
    out_crs: Annotated[str | None, typer.Option(help="Give the point in this datum too.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say every step.")] = False,
    contact: Annotated[bool, typer.Option("--contact", help="Also the person's phone number.")] = False,
    json: Json = False,
) -> int:
    """The cell, the owner, the duty and the person, with how sure that is."""
    if lon is None or lat is None:
        if not asset or lon is not None:
            raise BadInput("give LON and LAT, or the number of an asset with --asset", field="lon")
        lon = lat = math.nan
    with opened() as place:
        system, target = place.datum(crs), place.datum(out_crs) if out_crs else None
        times = instant(at), instant(known_at)
        answer = answer_one(place.shelf, Question(lon, lat, system, matter, accuracy, *times, explain, asset), now())
        (told,) = with_out([answer.as_dict()], target)
        if contact:
            with place.store.read() as session:
                told = with_phone(told, answer, session)
    if json:
        print_json(told)
    else:
        print(as_words(answer))
        if contact and answer.owner and answer.owner.person:
            print(f"phone  {told['owner']['person']['phone'] or '-'}")
        if target:
            print(f"out    {target} " + (f"x={told['out']['x']}, y={told['out']['y']}" if told["out"] else "-"))
    return 0


def as_words(answer: Answer) -> str:
    """The answer for a person to read."""
    lines = [f"cell   {answer.cell_verdict}: " + (f"{answer.cell.code} {answer.cell.name}" if answer.cell else "-")]
    if answer.owner:
        post = answer.owner.person
        person = f", {post.name} ({post.why})" if post else ""
        lines.append(f"owner  {answer.owner_verdict}: {answer.owner.party.code} {answer.owner.party.name}{person}")
        lines.append(f"duty   {answer.owner.duty.code} {answer.owner.duty.basis} {answer.owner.duty.document}".rstrip())
    else:
        lines.append(f"owner  {answer.owner_verdict}: -")
    distance = "more than 250 m" if answer.distance_m is None else f"{answer.distance_m:.2f} m"
    lines.append(f"border {distance}" + (" (on the border)" if answer.on_border else ""))
    if len(answer.candidates) > 1:
        shares = "; ".join(f"{c.code} {c.share:.0%}" for c in answer.candidates)
        lines.append(f"may be {shares}")
    if answer.nearest:
        lines.append(f"near   {answer.nearest.code} at {answer.nearest.distance_m:.1f} m")
    if answer.nearby:
        near = "; ".join(f"{a.code} {a.name} at {a.distance_m:.1f} m" for a in answer.nearby)
        lines.append(f"assets {near} (name one with --asset)")
    books = ", ".join(f"{name} {getattr(answer, name)}" for name in BOOK_NAMES)
    lines.append(f"grid   version {answer.version}, {books}, h3 {answer.h3}")
    if answer.explain:
        lines += ["", *(f"{n}. {words}" for n, words in enumerate([*answer.explain["zh"]], 1))]
        lines += ["", *(f"{n}. {words}" for n, words in enumerate([*answer.explain["en"]], 1))]
    return "\n".join(lines + [f"note   {words}" for words in answer.warnings])
