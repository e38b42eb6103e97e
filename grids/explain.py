"""Why: every step of an answer, as data and as sentences in Chinese and English."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from grids.answer import Answer
from grids.owner import Resolver
from grids.precedence import Claim, decisive

Step = dict[str, Any]

_SENTENCES: dict[str, tuple[str, str]] = {
    "datum": (
        "输入坐标系为 {crs}，换算为 WGS 84：{lon:.7f}, {lat:.7f}。",
        "The point is given in {crs}; in WGS 84 it is {lon:.7f}, {lat:.7f}.",
    ),
    "release": (
        "依据第 {version} 版网格（名册快照 {roster}）作答。",
        "Answered from version {version} of the grid (roster snapshot {roster}).",
    ),
    "cell": ("该点落在{layer_name} {code} {name}。", "The point lies in {layer} {code} {name}."),
    "outside": ("该点不在任何单元内。", "The point lies in no cell."),
    "nearest": (
        "最近的是 {code} {name}，相距 {distance_m:.1f} 米。",
        "The nearest is {code} {name}, {distance_m:.1f} m away.",
    ),
    "on_border": ("该点恰在边界线上，按编码最小者归属。", "It lies exactly on a border; the lowest code answers."),
    "distance": ("距最近边界 {distance_m:.2f} 米。", "The nearest border is {distance_m:.2f} m away."),
    "far": ("距最近边界超过 250 米。", "The nearest border is more than 250 m away."),
    "candidates": (
        "在 {accuracy_m:g} 米误差内可能属于：{listed}。",
        "Within {accuracy_m:g} m it may belong to: {listed}.",
    ),
    "places": ("所在范围由小到大：{listed}。", "Its places, narrow to wide: {listed}."),
    "matter": ("事项：{code} {name}。", "Matter: {code} {name}."),
    "no_matter": (
        "未指明事项：由承担全部事项者负责，专项职责另列。",
        "No matter given: whoever holds all matters answers; specific duties are listed.",
    ),
    "winner": (
        "由 {party} 负责：职责 {duty}（{place}，{scope}），依据：{basis}。",
        "{party} answers by duty {duty} ({place}, {scope}); basis: {basis}.",
    ),
    "loser": (
        "{party}（职责 {duty}，{place}）不适用：{why_zh}。",
        "{party} (duty {duty}, {place}) gives way: {why_en}.",
    ),
    "tied": (
        "{party}（职责 {duty}）与之同等，需人工确认。",
        "{party} (duty {duty}) ranks the same: a person must decide.",
    ),
    "other_owner": (
        "若按误差范围另算{place}（{share:.0%}），则由{owner}负责。",
        "Within the accuracy, {place} may hold or not ({share:.0%}): then {owner} answers.",
    ),
    "person": ("责任人：{name}（{role}）。", "Person: {name} ({role})."),
    "unowned": (
        "没有任何单位对此负责，应交网格管理员。",
        "No party answers here: this goes to the grid administrator.",
    ),
    "verdict": ("结论：单元{cell_zh}，责任{owner_zh}。", "Verdict: cell {cell_verdict}, owner {owner_verdict}."),
}

_VERDICTS = {"certain": "确定", "ambiguous": "存疑", "outside": "界外", "no_version": "无版本", "unowned": "无主"}


def explained(answer: Answer, resolver: Resolver) -> Answer:
    """The same answer with its explanation."""
    told = [*_ground(answer), *_people(answer, resolver, _places_again(answer, resolver))]
    zh = [_SENTENCES[step["step"]][0].format(**step) for step in told]
    en = [_SENTENCES[step["step"]][1].format(**step) for step in told]
    return replace(answer, explain={"steps": told, "zh": zh, "en": en})


def _places_again(answer: Answer, resolver: Resolver) -> tuple[tuple[str, int], ...]:
    return tuple((p.layer, resolver.release.tables[p.layer].area(p.code)) for p in answer.places)


def _ground(answer: Answer) -> Iterator[Step]:
    yield {"step": "datum", "crs": answer.crs, "lon": answer.point.lon, "lat": answer.point.lat}
    yield {"step": "release", "version": answer.version, "roster": answer.roster}
    if answer.cell:
        cell = answer.cell
        yield {"step": "cell", "layer": cell.layer, "layer_name": cell.layer_name, "code": cell.code, "name": cell.name}
    else:
        yield {"step": "outside"}
    if answer.nearest:
        near = answer.nearest
        yield {"step": "nearest", "code": near.code, "name": near.name, "distance_m": near.distance_m}
    if answer.on_border:
        yield {"step": "on_border"}
    elif answer.distance_m is not None:
        yield {"step": "distance", "distance_m": answer.distance_m}
    elif answer.cell:
        yield {"step": "far"}
    if len(answer.candidates) > 1 or answer.outside_share:
        listed = [f"{c.code} {c.name} {c.share:.0%} ({c.owner.name if c.owner else '-'})" for c in answer.candidates]
        listed += [f"界外/outside {answer.outside_share:.0%}"] if answer.outside_share else []
        yield {"step": "candidates", "accuracy_m": answer.accuracy_m, "listed": "; ".join(listed)}
    if answer.places:
        yield {"step": "places", "listed": " → ".join(f"{p.layer_name} {p.name or p.code}" for p in answer.places)}


def _people(answer: Answer, resolver: Resolver, places: tuple[tuple[str, int], ...]) -> Iterator[Step]:
    matter = answer.matter["code"] if answer.matter else None
    yield {"step": "matter", **answer.matter} if answer.matter else {"step": "no_matter"}
    resolution = resolver.resolve(places, matter)
    winner = resolution.winner
    if winner is None:
        yield {"step": "unowned"}
    else:
        yield {"step": "winner", **_claim(winner, resolver), "basis": winner.duty.basis or "—"}
        tied = set(resolution.tied)
        for claim in resolution.claims[1:]:
            rule = decisive(winner, claim)
            why = {"why_zh": rule.zh, "why_en": rule.en} if rule else {}
            if claim in tied:
                yield {"step": "tied", **_claim(claim, resolver)}
            elif rule:
                yield {"step": "loser", "rule": rule.name, **_claim(claim, resolver), **why}
    for other in answer.other_owners:
        place, owner = f"{other.place.layer_name} {other.place.name or other.place.code}", other.owner
        name = owner.name if owner else "无人/nobody"
        yield {"step": "other_owner", "place": place, "share": other.share, "owner": name}
    if answer.owner and answer.owner.person:
        yield {"step": "person", "name": answer.owner.person.name, "role": answer.owner.person.role}
    verdicts = {"cell_verdict": answer.cell_verdict, "owner_verdict": answer.owner_verdict}
    yield {
        "step": "verdict",
        **verdicts,
        "cell_zh": _VERDICTS[answer.cell_verdict],
        "owner_zh": _VERDICTS[answer.owner_verdict],
    }


def _claim(claim: Claim, resolver: Resolver) -> Step:
    shown = resolver.assigned(claim)
    place = f"{shown.duty.place.layer_name} {shown.duty.place.name or shown.duty.place.code}"
    scope = claim.duty.matter or "全部事项/all matters"
    return {"party": shown.party.name, "duty": claim.duty.code, "place": place, "scope": scope}
