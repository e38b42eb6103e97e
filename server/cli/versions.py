"""`wangge publish`, `versions`, `rollback`, `diff`."""

from typing import Annotated

import typer

from gis.errors import Refused
from gis.findings import Finding
from grids.covers import trouble_covering
from grids.diff import diff_versions
from grids.drafts import DEFAULT_DRAFT
from grids.periods import as_text
from grids.publish import Published
from grids.publish import publish as publish_draft
from grids.publish import rollback as roll_back
from grids.reads import editions
from grids.timeline import in_force, meaning, stretches
from server.cli.out import (
    Draft,
    Json,
    console,
    instant,
    new_app,
    now,
    opened,
    print_findings,
    print_json,
    print_rows,
    progress,
)
from server.comparing import reports_changed

app = new_app()


@app.command()
def publish(
    draft: Draft = DEFAULT_DRAFT,
    effective: Annotated[
        str | None, typer.Option(help="From when it holds (ISO 8601 with offset); now if not given.")
    ] = None,
    accept: Annotated[list[str] | None, typer.Option(help="Kind of warning to accept; 'warnings' for all.")] = None,
    covers: Annotated[bool, typer.Option(help="On PostGIS, then build the covers that `areas_at` reads.")] = True,
    json: Json = False,
) -> int:
    """Run the gate and make the draft the version in force."""
    with opened() as place, console.status("checking and publishing ..."):
        try:
            done = publish_draft(place.store, place.settings.home, draft, now(), instant(effective), accept or ())
        except Refused as refused:
            _show(list(refused.facts.get("findings", [])), json, refused)
            raise
        with place.store.read() as session:
            means = meaning(editions(session), done.edition.number, now())
    _tell(done, means, json)
    if covers:
        _cover(done.edition.number)
    return 0


def _cover(number: int) -> None:
    """The version stands and answers already; SQL reads its covers only on PostGIS."""
    with opened() as place:
        if place.store.url.get_backend_name() == "sqlite":
            return
        with progress("covers for SQL") as told:
            trouble = trouble_covering(place.store, number, told)
    if trouble:
        console.print(f"its covers for SQL are not built: {trouble}; run `wangge covers`", markup=False)


def _show(findings: list[Finding], json: bool, refused: Refused) -> None:
    if json:
        print_json({"published": False, "why": refused.detail, "findings": [f.as_dict() for f in findings]})
    else:
        print_findings(findings, 5)


def _tell(done: Published, means: str, json: bool) -> None:
    edition = done.edition
    if json:
        times = {"effective_at": edition.effective_at.isoformat(), "recorded_at": edition.recorded_at.isoformat()}
        facts = {"published": True, "version": edition.number, "release_sha256": edition.digest, **times}
        print_json(facts | {"areas": done.areas, "duties": done.duties, "accepted": len(done.findings), "means": means})
    else:
        print(
            f"version {edition.number} published: {done.areas:,} areas, {done.duties:,} duties, "
            f"{len(done.findings):,} warnings accepted; {means}"
        )


@app.command()
def versions(json: Json = False) -> int:
    """The published versions, from when until when each is in force as known now, and which is in force."""
    with opened() as place, place.store.read() as session:
        known = editions(session)
    current, held = in_force(known, now()), {each.edition.number: each for each in stretches(known)}
    rows = [
        {
            "version": e.number,
            "effective_at": e.effective_at.isoformat(timespec="seconds"),
            "recorded_at": e.recorded_at.isoformat(timespec="seconds"),
            "name": e.name,
            "by": e.by,
            "in_force_from": as_text(held[e.number].start),
            "in_force_until": as_text(held[e.number].until),
            "in_force": e == current,
            "release_sha256": e.digest,
        }
        for e in known
    ]
    if json:
        print_json({"versions": rows})
    else:
        shown = [row | {"in_force_from": row["in_force_from"] or "never"} for row in rows]
        columns = ("version", "in_force_from", "in_force_until", "recorded_at", "name", "by", "in_force")
        print_rows(shown, columns, "nothing published yet")
    return 0


@app.command()
def rollback(version: Annotated[int, typer.Argument(help="The version to go back to.")], json: Json = False) -> int:
    """Publish a copy of another version, effective now."""
    with opened() as place:
        done = roll_back(place.store, place.settings.home, version, now())
        with place.store.read() as session:
            means = meaning(editions(session), done.edition.number, now())
    _tell(done, means, json)
    _cover(done.edition.number)
    return 0


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="Version number, or the name of a draft.")],
    after: Annotated[str, typer.Argument(help="Version number, or the name of a draft.")],
    reports: Annotated[
        bool, typer.Option("--reports", help="Also count the stored reports whose cell or owner changes.")
    ] = False,
    json: Json = False,
) -> int:
    """What was added, removed and changed between two versions."""
    impact = None
    with opened() as place, progress("reports") as told:
        with place.store.read() as session:
            changes = diff_versions(session, before, after)
        if reports:
            impact = reports_changed(place.store, place.shelf, (before, after), now(), told).as_dict()
    rows = [change.as_dict() for change in changes]
    if json:
        print_json({"before": before, "after": after, "changes": rows} | ({"reports": impact} if impact else {}))
        return 0
    print_rows(rows, ("kind", "layer", "code", "change", "fields", "m2"), "no difference")
    if impact:
        print(
            f"{impact['reports']:,} stored reports: {impact['cell']:,} change cell, {impact['owner']:,} change owner, "
            f"{impact['owner_verdict']:,} change verdict"
        )
        print_rows(impact["moves"], ("before", "after", "reports"), "no owner changes")
    return 0
