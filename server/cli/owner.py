"""`wangge owner LON LAT`: whose is this point, and why."""

from typing import Annotated

import typer

from gis.datums import datum
from grids.answer import Answer
from server.cli.out import Json, instant, new_app, now, opened, print_json
from server.questions import Question, answer_one

app = new_app()


@app.command(context_settings={"ignore_unknown_options": True})
def owner(
    lon: Annotated[float, typer.Argument(help="Longitude or easting.")],
    lat: Annotated[float, typer.Argument(help="Latitude or northing.")],
    matter: Annotated[str | None, typer.Option(help="Matter code.")] = None,
    at: Annotated[str | None, typer.Option(help="As of this time (ISO 8601 with offset).")] = None,
    known_at: Annotated[str | None, typer.Option(help="As known at this time.")] = None,
    accuracy: Annotated[float, typer.Option(help="How exact the point is, metres.")] = 1.0,
    crs: Annotated[str, typer.Option(help="wgs84, gcj02, bd09, cgcs2000 or EPSG:n.")] = "wgs84",
    explain: Annotated[bool, typer.Option("--explain", help="Say every step.")] = False,
    json: Json = False,
) -> int:
    """The cell, the owner, the duty and the person, with how sure that is."""
    question = Question(lon, lat, datum(crs), matter, accuracy, instant(at), instant(known_at), explain)
    with opened() as place:
        answer = answer_one(place.shelf, question, now())
    if json:
        print_json(answer.as_dict())
    else:
        print(as_words(answer))
    return 0


def as_words(answer: Answer) -> str:
    """The answer for a person to read."""
    lines = [f"cell   {answer.cell_verdict}: " + (f"{answer.cell.code} {answer.cell.name}" if answer.cell else "-")]
    if answer.owner:
        person = f", {answer.owner.person.name}" if answer.owner.person else ""
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
    lines.append(f"grid   version {answer.version}, roster {answer.roster}, h3 {answer.h3}")
    if answer.explain:
        lines += ["", *(f"{n}. {words}" for n, words in enumerate([*answer.explain["zh"]], 1))]
        lines += ["", *(f"{n}. {words}" for n, words in enumerate([*answer.explain["en"]], 1))]
    return "\n".join(lines + [f"note   {words}" for words in answer.warnings])
