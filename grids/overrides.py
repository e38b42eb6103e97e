"""What stands above the duty list for a time: rulings (裁定), and duties of emergency plans (应急预案) that are on."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from grids.content import Duty
from grids.periods import as_text, as_time, changes_of, epoch_of, holds
from grids.relations import relation_in

Spot = tuple[str, str]
"""A layer's code and the code of an area of it; (``asset``, its code) for an asset."""


@dataclass(frozen=True, slots=True)
class Override:
    """One dated duty. ``plan`` None: a ruling, which holds by its own times; else it also needs its plan to be on."""

    duty: Duty
    plan: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Activation:
    """A plan that is on from ``valid_from`` until before ``valid_until``."""

    code: str
    plan: str
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True)
class Overrides:
    """One snapshot. Number 0 is the empty one."""

    number: int = 0
    orders: tuple[Override, ...] = ()
    activations: tuple[Activation, ...] = ()
    recorded: str = ""

    @cached_property
    def changes(self) -> tuple[datetime, ...]:
        """Every instant at which a ruling or a plan begins or ends."""
        return changes_of([*self.orders, *self.activations])

    def epoch(self, at: datetime) -> int:
        """The stretch of time without changes in which the instant lies."""
        return epoch_of(self.changes, at)

    def at(self, at: datetime) -> Mapping[Spot, tuple[Override, ...]]:
        """What is in force at that instant, by place."""
        on = {switch.plan for switch in self.activations if holds(switch, at)}
        found: defaultdict[Spot, list[Override]] = defaultdict(list)
        for order in self.orders:
            if holds(order, at) and (order.plan is None or order.plan in on):
                found[order.duty.layer, order.duty.area].append(order)
        return {spot: tuple(orders) for spot, orders in found.items()}

    @cached_property
    def layers(self) -> frozenset[str]:
        """The layers that its duties, and the relations in them, are about."""
        told = [order.duty for order in self.orders]
        relations = (relation_in(duty.party) for duty in told)
        return frozenset({duty.layer for duty in told} | {relation[1] for relation in relations if relation})

    def as_data(self) -> dict[str, Any]:
        """The snapshot as JSON-ready data."""
        return {
            "number": self.number,
            "recorded_at": self.recorded,
            "orders": [_order(order) for order in self.orders],
            "activations": [
                {"code": a.code, "plan": a.plan} | _times(a.valid_from, a.valid_until) for a in self.activations
            ],
        }


def overrides_of(data: Mapping[str, Any]) -> Overrides:
    """The snapshot from its JSON form."""
    orders = tuple(
        Override(Duty(**item["duty"]), item["plan"], as_time(item["valid_from"]), as_time(item["valid_until"]))
        for item in data["orders"]
    )
    switches = tuple(
        Activation(item["code"], item["plan"], as_time(item["valid_from"]), as_time(item["valid_until"]))
        for item in data["activations"]
    )
    return Overrides(int(data["number"]), orders, switches, str(data.get("recorded_at") or ""))


def _order(order: Override) -> dict[str, Any]:
    duty = {name: getattr(order.duty, name) for name in order.duty.__slots__}
    return {"duty": duty, "plan": order.plan} | _times(order.valid_from, order.valid_until)


def _times(valid_from: datetime | None, valid_until: datetime | None) -> dict[str, str | None]:
    return {"valid_from": as_text(valid_from), "valid_until": as_text(valid_until)}
