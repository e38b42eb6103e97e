"""The order in which duties win: one table, read from the top. The first line on which two duties differ decides."""

from collections.abc import Callable
from dataclasses import dataclass

from grids.content import Duty, Layer


@dataclass(frozen=True, slots=True)
class Claim:
    """A duty that applies: at this layer of place, for this matter."""

    duty: Duty
    layer: Layer


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
        Rule("matter", lambda c: int(bool(c.duty.matter)), "指明事项者先于概括者", "the winner names the matter"),
        Rule("place", lambda c: c.layer.rank, "范围小者先于范围大者", "the winner's place is narrower"),
        Rule("prefix", lambda c: len(c.duty.matter), "事项更具体者优先", "the winner's matter code is longer"),
        Rule("priority", lambda c: c.duty.priority, "优先级高者优先", "the winner's priority is higher"),
    )
}

DEFAULT_ORDER = ("matter", "place", "prefix", "priority")
"""The table as data, so that a city may reorder it."""


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
    return sorted(claims, key=lambda c: (tuple(-w for w in weight(c, order)), c.duty.party, c.duty.code))
