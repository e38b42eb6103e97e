"""The demonstration proved: against what is known of its city, by its own record, and over HTTP."""

import csv
import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
import shapely
from sqlalchemy import select

from grids.answer import Answer
from grids.plans import plan_off, plan_on
from grids.reads import areas_of, published
from grids.shelf import Shelf, StoreSource
from routing.models import ReportRow
from routing.reads import ReportFilter, count_reports, each_report, verdict_counts
from routing.replay import replays
from server.demonstration import Demo, Now, serving
from server.reporting import heat_of

_FLOOD_PLAN, _WATER_ON_ROAD, _GAS_MANHOLE, _GAS_COMPANY = "防汛预案", "E0504", "C0105", "CS11"
_WORST_RMS_M = 0.1

Checks = dict[str, bool]
Point = tuple[float, float]


@dataclass
class _Proof:
    checks: Checks = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


def prove(demo: Demo, now: Now) -> dict[str, Any]:
    """Check the demonstration against its known truth and over HTTP; ``ok`` only when every check holds.

    It switches a plan on and off, which the books keep. That comes before the replay, which must not mind.
    """
    proof = _Proof()
    somewhere = _stored(demo, proof)
    source = StoreSource(demo.store, demo.settings.home)
    _in_estates(demo, Shelf(source), now, proof)
    _plan(demo, Shelf(source, clock=count().__next__), now, somewhere, proof)
    _replayed(demo, Shelf(source), proof)
    _over_http(demo, somewhere, proof)
    return {"ok": all(proof.checks.values())} | demo.facts | proof.facts | {"checks": proof.checks}


def _stored(demo: Demo, proof: _Proof) -> Point:
    """What is stored against the truth and the heat; gives the point of some report."""
    with demo.store.read() as session:
        rows = session.execute(select(ReportRow.source_id, ReportRow.cell, ReportRow.party))
        decided = {key: (cell, party) for key, cell, party in rows}
        traced = sum(bool(trace.get("steps")) for trace in session.scalars(select(ReportRow.trace)))
        total, verdicts = count_reports(session), verdict_counts(session)
        heat_total = heat_of(session, ReportFilter(), 9).total
        somewhere = session.scalars(select(ReportRow.geom).where(ReportRow.cell.is_not(None)).limit(1)).one()
    truth = _truth(demo)
    owners = {key: row["true_owner"] for key, row in truth.items() if row["true_owner"]}
    cells_right = sum(decided.get(key, ("", ""))[0] == row["true_cell"] for key, row in truth.items())
    owners_right = sum(decided.get(key, ("", ""))[1] == owner for key, owner in owners.items())
    proof.checks |= {
        "the city's own plane meets its control points": demo.facts["datum_rms_m"] < _WORST_RMS_M,
        "every report stored": total == len(truth),
        "every cell is the true one": cells_right == len(truth),
        "every owner that is known is the true one": owners_right == len(owners),
        "every report has a trace": traced == total,
        "no report without an owner": verdicts.get("unowned", 0) == 0,
        "heat total equals reports": heat_total == total,
        "heat page draws them all": f'"total":{total},' in (demo.settings.home / "heat.html").read_text("utf-8"),
    }
    proof.facts |= {"reports": total, "right_cells": cells_right, "known_owners": len(owners)}
    proof.facts |= {"right_owners": owners_right, "owner_verdicts": verdicts, "heat_total": heat_total}
    return somewhere.x, somewhere.y


def _truth(demo: Demo) -> Mapping[str, Mapping[str, str]]:
    with demo.files["reports_truth"].open(encoding="utf-8-sig", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def _in_estates(demo: Demo, shelf: Shelf, now: Now, proof: _Proof) -> None:
    """The manager of an estate has everything in it but what somebody else is named for."""
    view = shelf.required(now())
    with demo.store.read() as session:
        estates = areas_of(session, published(session, view.release.number).id, "estate")
    inside = shapely.get_coordinates(shapely.point_on_surface(estates.shapes))
    lon, lat = np.array(inside[:, 0]), np.array(inside[:, 1])
    gas = view.resolver.answers(lon, lat, [_GAS_MANHOLE] * len(lon))
    other = view.resolver.answers(lon, lat, [None] * len(lon))
    managed = sum(bool(answer.owner and answer.owner.party.kind == "property") for answer in other)
    proof.checks["gas manholes in estates are the gas company's, the rest their managers'"] = (
        all(_party(answer) == _GAS_COMPANY for answer in gas) and managed > len(lon) / 2
    )


def _plan(demo: Demo, shelf: Shelf, now: Now, point: Point, proof: _Proof) -> None:
    """Water on the road comes to another unit while the flood plan is on, and back when it is off.

    ``shelf`` must ask its source at every question, whatever the time.
    """

    def owner() -> str | None:
        answers = shelf.required(now()).resolver.answers([point[0]], [point[1]], [_WATER_ON_ROAD])
        return _party(next(answers))

    usual = owner()
    with demo.store.write() as session:
        plan_on(session, _FLOOD_PLAN, now(), None, None)
    during = owner()
    with demo.store.write() as session:
        plan_off(session, _FLOOD_PLAN, now(), None)
    proof.checks["an emergency plan changes the owner while it is on"] = during != usual == owner()
    proof.facts["plan"] = {"plan": _FLOOD_PLAN, "matter": _WATER_ON_ROAD, "off": usual, "on": during}


def _party(answer: Answer) -> str | None:
    return answer.owner.party.code if answer.owner else None


def _replayed(demo: Demo, shelf: Shelf, proof: _Proof) -> None:
    """Every stored decision asked again, of the version and the books it cites."""
    with demo.store.read() as session:
        told = [found.same for found in replays(shelf, each_report(session))]
    proof.checks["every decision comes out the same again"] = all(told) and len(told) == proof.facts["reports"]
    proof.facts["replayed"] = sum(told)


def _over_http(demo: Demo, point: Point, proof: _Proof) -> None:
    lon, lat = point
    with serving(demo.settings) as base:
        answer = _get(f"{base}/v1/owner?lon={lon}&lat={lat}&explain=true")
        with urllib.request.urlopen(f"{base}/", timeout=10) as page:
            is_page = b"<html" in page.read().lower()
        proof.checks |= {
            "HTTP answers with an owner": answer["owner"] is not None and bool(answer["explain"]["zh"]),
            "HTTP heat equals reports": _get(f"{base}/v1/heat?resolution=8")["total"] == proof.facts["reports"],
            "HTTP is ready": _get(f"{base}/readyz")["status"] == "ready",
            "map page is served": is_page,
        }


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)
