"""Emergency plans (应急预案) switched on and off, and rulings (裁定) ended."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from gis.errors import NotFound
from grids.book_reads import numbers_known, overrides_read
from grids.dated import BookEdit
from grids.dated_models import ActivationRow, OverrideRow
from grids.overrides import Activation, Overrides
from grids.periods import BEGINNING, END, holds

OVERRIDES = "overrides"


@dataclass(frozen=True, slots=True)
class PlanState:
    """A plan with duties, and the stretch in which it is on, or else next will be; None while none is foreseen."""

    plan: str
    duties: int
    on: bool
    stretch: Activation | None


def plans_at(overrides: Overrides, at: datetime) -> list[PlanState]:
    """Every plan that has duties or is switched on, by name."""
    names = {order.plan for order in overrides.orders if order.plan} | {a.plan for a in overrides.activations}
    return [_state(overrides, name, at) for name in sorted(names)]


def _state(overrides: Overrides, name: str, at: datetime) -> PlanState:
    lasting = [a for a in overrides.activations if a.plan == name and (a.valid_until or END) > at]
    next_ = min(lasting, key=lambda a: a.valid_from or BEGINNING, default=None)
    duties = sum(order.plan == name and (order.valid_until or END) > at for order in overrides.orders)
    return PlanState(name, duties, next_ is not None and holds(next_, at), next_)


def plan_on(session: Session, plan: str, now: datetime, since: datetime | None, until: datetime | None) -> None:
    """Switch the plan on from ``since`` (None: now) until ``until`` (None: until it is switched off); what was told
    of the time after ``since`` counts no more. Raises NotFound for a plan without duties, BadInput for the times."""
    edit = BookEdit(session, OVERRIDES, now)
    _require_plan(session, plan, (state.plan for state in _states(session, now) if state.duties))
    entry = {"code": plan, "plan": plan, "valid_from": since, "valid_until": until}
    edit.put(ActivationRow, [entry])
    edit.finish()


def plan_off(session: Session, plan: str, now: datetime, at: datetime | None) -> None:
    """Switch the plan off at ``at`` (None: now), and for good. Raises NotFound when it is neither on nor to come."""
    edit = BookEdit(session, OVERRIDES, now)
    _require_plan(session, plan, (state.plan for state in _states(session, at or now) if state.stretch))
    edit.end(ActivationRow, plan, at or now)
    edit.finish()


def end_ruling(session: Session, code: str, now: datetime, at: datetime | None) -> None:
    """End the ruling, or the duty of a plan, at ``at`` (None: now). Raises NotFound when there is none to end."""
    edit = BookEdit(session, OVERRIDES, now)
    edit.end(OverrideRow, code, at or now)
    edit.finish()


def _states(session: Session, at: datetime) -> list[PlanState]:
    return plans_at(overrides_read(session, numbers_known(session).overrides), at)


def _require_plan(session: Session, plan: str, there: Iterable[str]) -> None:
    names = list(there)
    if plan not in names:
        raise NotFound(f"there is no such plan '{plan}' here; there are: {', '.join(names) or 'none'}")
