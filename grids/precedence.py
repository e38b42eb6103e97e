"""The order in which duties win: one table, read from the top. The first line on which two duties differ decides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gis.errors import BadInput
from grids.content import Duty, Layer

Source = Literal["duty", "asset", "ruling", "plan"]
"""Where a claim comes from: the duty list, the asset's record, a dated ruling, an emergency plan that is on."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A duty that applies: at this layer of place, for this matter.

    ``party``: the unit it comes to at the place; None when its relation leads to nobody here. ``plan`` names the plan.
    """

    duty: Duty
    layer: Layer
    party: str | None
    source: Source = "duty"
    plan: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table: the claim with the larger ``weight`` wins."""

    name: str
    weight: Callable[[Claim], int]
    zh: str
    en: str


RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule(
            "override",
            lambda c: int(c.source in ("ruling", "plan")),
            "裁定和已启动的预案优先",
            "the winner is a ruling in force or a plan that is on",
        ),
        Rule("asset", lambda c: int(c.source == "asset"), "部件由其产权单位负责", "the winner owns the asset"),
        Rule("matter", lambda c: int(bool(c.duty.matter)), "指明事项者先于概括者", "the winner names the matter"),
        Rule("place", lambda c: c.layer.rank, "范围小者先于范围大者", "the winner's place is narrower"),
        Rule("prefix", lambda c: len(c.duty.matter), "事项更具体者优先", "the winner's matter code is longer"),
        Rule("priority", lambda c: c.duty.priority, "优先级高者优先", "the winner's priority is higher"),
    )
}

DEFAULT_ORDER = ("override", "asset", "matter", "place", "prefix", "priority")
"""The table as data: a city may put it in another order (``wangge precedence``), each line once."""


def order_of(names: Sequence[str]) -> tuple[str, ...]:
    """The order with these names; none for the usual one. Raises BadInput unless each line stands in it once.

    Leaving a line out would make ties of duties that it tells apart, so a city may only reorder.
    """
    if names and sorted(names) != sorted(DEFAULT_ORDER):
        told, wanted = ", ".join(names), ", ".join(DEFAULT_ORDER)
        raise BadInput(f"precedence '{told}': name each of {wanted} once, in your order", field="precedence")
    return tuple(names) or DEFAULT_ORDER


def weight(claim: Claim, order: tuple[str, ...] = DEFAULT_ORDER) -> tuple[int, ...]:
    """The claim's place in the order; larger wins, equal is a tie."""
    return tuple(RULES[name].weight(claim) for name in order)


def decisive(winner: Claim, loser: Claim, order: tuple[str, ...] = DEFAULT_ORDER) -> Rule | None:
    """The line of the table on which the winner won, or None for a tie."""
    for name in order:
        if RULES[name].weight(winner) != RULES[name].weight(loser):
            return RULES[name]
    return None


def ranked(claims: list[Claim], order: tuple[str, ...] = DEFAULT_ORDER) -> list[Claim]:
    """Winners first; ties by party and duty code, so that the same claims always give the same list."""
    return sorted(claims, key=lambda c: (tuple(-w for w in weight(c, order)), c.party or "", c.duty.code))
