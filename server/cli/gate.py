"""`wangge validate` and `wangge repair`: the publish gate, and what it proposes."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gis.files.writers import write_features
from gis.findings import Finding, errors_in
from grids.drafts import DEFAULT_DRAFT
from grids.publish import validate as run_gate
from grids.repairs import apply_repairs, proposals
from server.cli.out import (
    Commit,
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
)

app = new_app()


@app.command()
def validate(
    draft: Draft = DEFAULT_DRAFT,
    kind: Annotated[str | None, typer.Option(help="Only findings of this kind.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the findings with their shapes (.geojson, .gpkg ...).")
    ] = None,
    effective: Annotated[
        str | None, typer.Option(help="As if published to hold from then (ISO 8601 with offset); now if not given.")
    ] = None,
    most: Annotated[int, typer.Option(help="How many of each kind to show.")] = 20,
    json: Json = False,
) -> int:
    """Run the publish gate; 1 when it found errors, of the kind shown or of another."""
    with opened() as place, console.status("checking ..."):
        _, _, found = run_gate(place.store, draft, now(), instant(effective))
    findings = [finding for finding in found if kind in (None, finding.kind)]
    counts = Counter((finding.severity, finding.kind) for finding in findings)
    if out:
        _write(out, findings)
    if json:
        listed = [{"severity": s, "kind": k, "count": n} for (s, k), n in sorted(counts.items())]
        print_json({"draft": draft, "counts": listed, "findings": [finding.as_dict() for finding in findings]})
    else:
        print_findings(findings, most)
        rows = [
            {"severity": s, "kind": k, "count": n, "m2": _area(findings, k)} for (s, k), n in sorted(counts.items())
        ]
        others = f"no finding of kind '{kind}'; {len(found):,} of other kinds"
        nothing = others if found else "nothing found: the draft can be published"
        print_rows(rows, ("severity", "kind", "count", "m2"), nothing)
    return 1 if errors_in(found) else 0


def _area(findings: list[Finding], kind: str) -> str:
    total = sum(finding.area_m2 or 0.0 for finding in findings if finding.kind == kind)
    return f"{total:,.2f}" if total else ""


def _write(out: Path, findings: list[Finding]) -> None:
    placed = [finding for finding in findings if finding.geometry is not None]
    columns: dict[str, Sequence[object]] = {
        "kind": [f.kind for f in placed],
        "severity": [f.severity for f in placed],
        "layer": [f.layer for f in placed],
        "codes": [";".join(f.codes) for f in placed],
        "area_m2": [f.area_m2 for f in placed],
        "message": [f.message for f in placed],
    }
    write_features(out, columns, [f.geometry for f in placed])
    console.print(f"{len(placed):,} findings with a shape written to {out}", markup=False)


@app.command()
def repair(
    draft: Draft = DEFAULT_DRAFT,
    kind: Annotated[str | None, typer.Option(help="Only repairs of this kind: invalid, gap, overlap, sliver.")] = None,
    layer: Annotated[str | None, typer.Option(help="Only this layer.")] = None,
    commit: Commit = False,
    json: Json = False,
) -> int:
    """Propose repairs, as a list of areas and what would change of each; --commit applies them to the draft."""
    with opened() as place:
        state, content, _ = run_gate(place.store, draft, now())
        found = list(proposals(content, kind, layer))
        if commit and found:
            apply_repairs(place.store, draft, state, found, now())
    rows = [proposal.as_dict() for proposal in found]
    if json:
        print_json({"draft": draft, "committed": commit, "repairs": rows})
    else:
        print_rows(rows, ("layer", "code", "why", "gains_m2", "loses_m2"), "nothing to repair")
        console.print(
            f"{len(rows):,} areas " + ("repaired in the draft" if commit else "would change; --commit does it")
        )
    return 0
