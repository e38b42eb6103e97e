"""Why: every step of an answer, as data and as sentences in Chinese and English."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from gis.datums import Datum
from grids.answer import Answer, Candidate, DutyRef, PersonRef
from grids.books import BOOK_NAMES
from grids.claims import Resolution
from grids.owner import Resolver
from grids.precedence import Claim, decisive

Step = dict[str, Any]

_SENTENCES: dict[str, tuple[str, str]] = {
    "datum": (
        "输入坐标系为 {crs}，换算为 WGS 84：{lon:.7f}, {lat:.7f}。",
        "The point is given in {crs}; in WGS 84 it is {lon:.7f}, {lat:.7f}.",
    ),
    "control_points": (
        "{crs} 由 {points} 个控制点拟合（{model}），点位中误差 {rms_m:.3f} 米。",
        "{crs} was fitted to {points} control points ({model}), RMS {rms_m:.3f} m.",
    ),
    "release": (
        "依据第 {version} 版网格作答（名册快照 {roster}，部件快照 {assets}，裁定与预案快照 {overrides}），时点 {at}。",
        "Answered from version {version} of the grid (snapshots: roster {roster}, assets {assets}, "
        "overrides {overrides}), as of {at}.",
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
    "asset": (
        "所指部件：{code} {name}，产权单位：{owner}。",
        "The asset that is meant: {code} {name}, owned by {owner}.",
    ),
    "nearby": (
        "附近同类部件（仅供参考，未采用）：{listed}。",
        "Assets of this class close by (suggestions, not used): {listed}.",
    ),
    "winner": (
        "由 {party} 负责：{source_zh}{duty}（{place}，{scope}），依据：{basis}，文件：{document}。",
        "{party} answers by {source_en} {duty} ({place}, {scope}); basis: {basis}; document: {document}.",
    ),
    "relation": (
        "该职责写明“{relation}”，在此处即 {party}。",
        "The duty says '{relation}', which here is {party}.",
    ),
    "unresolved": (
        "职责 {duty}（{place}，{scope}）写明“{relation}”，此处无法确定：{why_zh}。",
        "Duty {duty} ({place}, {scope}) says '{relation}', which leads to nobody here: {why_en}.",
    ),
    "overshadowed": (
        "上述职责本应优先，现由下列单位暂代，需人工确认。",
        "It would go first; whoever answers below only stands in, and a person must decide.",
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
    "supporting": ("协同单位：{listed}。", "Supporting: {listed}."),
    "person": ("责任人：{name}（{role_zh}，{why_zh}）。", "Person: {name} ({role}, {why_en})."),
    "unowned": (
        "没有任何单位对此负责，应交网格管理员。",
        "No party answers here: this goes to the grid administrator.",
    ),
    "verdict": ("结论：单元{cell_zh}，责任{owner_zh}。", "Verdict: cell {cell_verdict}, owner {owner_verdict}."),
}

_SOURCES = {
    "duty": ("职责", "duty"),
    "asset": ("部件台账", "the record of the asset,"),
    "ruling": ("裁定", "ruling"),
    "plan": ("应急预案职责", "emergency plan duty"),
}
_WHY_UNRESOLVED = {
    "no_asset_named": ("未指明部件", "no asset was named"),
    "no_owner_recorded": ("该部件未登记产权单位", "the asset has no owner on record"),
    "no_such_relation_here": ("该处没有登记这一关系", "no such relation is recorded at this place"),
}
_ROLES = {"lead": "负责人", "deputy": "副职", "duty_desk": "值班室", "worker": "工作人员"}
_WHY_PERSON = {
    "named": ("职责指定", "named by the duty"),
    "shift": ("当班", "on shift"),
    "role": ("按岗位", "by role"),
    "deputy": ("代 {instead_of} 值守", "deputy of {instead_of}, who is on leave"),
}
_VERDICTS = {"certain": "确定", "ambiguous": "存疑", "outside": "界外", "no_version": "无版本", "unowned": "无主"}


def explained(answer: Answer, resolver: Resolver, system: Datum | None = None) -> Answer:
    """The same answer with its explanation; of a city's own ``system`` it says how well that fits."""
    told = [*_datum(answer, system), *_ground(answer), *_people(answer, resolver, _places_again(answer, resolver))]
    zh = [_SENTENCES[step["step"]][0].format(**step) for step in told]
    en = [_SENTENCES[step["step"]][1].format(**step) for step in told]
    return replace(answer, explain={"steps": told, "zh": zh, "en": en})


def _places_again(answer: Answer, resolver: Resolver) -> tuple[tuple[str, int], ...]:
    return tuple((p.layer, resolver.release.tables[p.layer].area(p.code)) for p in answer.places)


def _datum(answer: Answer, system: Datum | None) -> Iterator[Step]:
    yield {"step": "datum", "crs": answer.crs, "lon": answer.point.lon, "lat": answer.point.lat}
    if system is not None and system.facts:
        yield {"step": "control_points", "crs": answer.crs, **system.facts}


def _ground(answer: Answer) -> Iterator[Step]:
    numbers = {name: getattr(answer, name) for name in ("version", *BOOK_NAMES)}
    yield {"step": "release", **numbers, "at": answer.at}
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
        listed = [f"{c.code} {c.name} {c.share:.0%} ({_owner(c)})" for c in answer.candidates]
        listed += [f"界外/outside {answer.outside_share:.0%}"] if answer.outside_share else []
        yield {"step": "candidates", "accuracy_m": answer.accuracy_m, "listed": "; ".join(listed)}
    if answer.places:
        yield {"step": "places", "listed": " → ".join(f"{p.layer_name} {p.name or p.code}" for p in answer.places)}


def _people(answer: Answer, resolver: Resolver, places: tuple[tuple[str, int], ...]) -> Iterator[Step]:
    matter = answer.matter["code"] if answer.matter else None
    yield {"step": "matter", **answer.matter} if answer.matter else {"step": "no_matter"}
    yield from _assets(answer)
    resolution = resolver.resolve(places, matter, resolver.asset(answer.asset.code) if answer.asset else None)
    yield from _unresolved(answer, resolution)
    yield from _claims(resolution, resolver)
    if answer.supporting:
        listed = "; ".join(f"{s.party.name} ({s.duty.code})" for s in answer.supporting)
        yield {"step": "supporting", "listed": listed}
    yield from _ending(answer)


def _assets(answer: Answer) -> Iterator[Step]:
    if answer.asset:
        asset, owner = answer.asset, answer.asset.owner
        yield {"step": "asset", "code": asset.code, "name": asset.name, "owner": owner.name if owner else "—"}
    if answer.nearby:
        listed = [f"{a.code} {a.name} {a.distance_m:.1f} m ({a.owner.name if a.owner else '-'})" for a in answer.nearby]
        yield {"step": "nearby", "listed": "; ".join(listed)}


def _unresolved(answer: Answer, resolution: Resolution) -> Iterator[Step]:
    for lost in answer.unresolved:
        zh, en = _WHY_UNRESOLVED[lost.why]
        told = {"duty": lost.duty.code, "place": _place(lost.duty), "scope": _scope(lost.duty.matter)}
        yield {"step": "unresolved", "relation": lost.relation, **told, "why": lost.why, "why_zh": zh, "why_en": en}
    if resolution.overshadowed:
        yield {"step": "overshadowed"}


def _claims(resolution: Resolution, resolver: Resolver) -> Iterator[Step]:
    """Who won, and every other lead with the line of the table that decided against it."""
    winner = resolution.winner
    if winner is None:
        yield {"step": "unowned"}
        return
    shown, (zh, en) = resolver.assigned(winner), _SOURCES[winner.source]
    cited = {"basis": winner.duty.basis or "—", "document": winner.duty.document or "—"}
    yield {"step": "winner", **_claim(winner, resolver), **cited, "source": winner.source,
           "source_zh": zh, "source_en": en}  # fmt: skip
    if shown.duty.relation:
        yield {"step": "relation", "relation": shown.duty.relation, "party": shown.party.name}
    tied = set(resolution.tied)
    for claim in resolution.claims[1:]:
        rule = decisive(winner, claim, resolver.release.order)
        if claim in tied:
            yield {"step": "tied", **_claim(claim, resolver)}
        elif rule:
            yield {"step": "loser", "rule": rule.name, **_claim(claim, resolver), "why_zh": rule.zh, "why_en": rule.en}


def _ending(answer: Answer) -> Iterator[Step]:
    for other in answer.other_owners:
        place, owner = f"{other.place.layer_name} {other.place.name or other.place.code}", other.owner
        name = owner.name if owner else "无人/nobody"
        yield {"step": "other_owner", "place": place, "share": other.share, "owner": name}
    if answer.owner and answer.owner.person:
        yield _person(answer.owner.person)
    verdicts = {"cell_verdict": answer.cell_verdict, "owner_verdict": answer.owner_verdict}
    yield {
        "step": "verdict",
        **verdicts,
        "cell_zh": _VERDICTS[answer.cell_verdict],
        "owner_zh": _VERDICTS[answer.owner_verdict],
    }


def _person(person: PersonRef) -> Step:
    zh, en = (words.format(instead_of=person.instead_of_name) for words in _WHY_PERSON[person.why])
    role_zh = _ROLES.get(person.role, person.role)
    return {"step": "person", "code": person.code, "name": person.name, "role": person.role, "role_zh": role_zh,
            "why": person.why, "why_zh": zh, "why_en": en, "until": person.until}  # fmt: skip


def _claim(claim: Claim, resolver: Resolver) -> Step:
    shown = resolver.assigned(claim)
    told = {"party": shown.party.name, "duty": claim.duty.code, "place": _place(shown.duty)}
    return told | {"scope": _scope(claim.duty.matter)}


def _owner(candidate: Candidate) -> str:
    return (candidate.owner.name if candidate.owner else "-") + ("?" if candidate.unsure else "")


def _place(duty: DutyRef) -> str:
    return f"{duty.place.layer_name} {duty.place.name or duty.place.code}"


def _scope(matter: str) -> str:
    return matter or "全部事项/all matters"
