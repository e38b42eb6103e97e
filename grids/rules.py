"""The city's own order of precedence: a setting of the version, changed in a draft."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from grids.drafts import Edit, open_draft
from grids.models import RuleRow
from grids.precedence import order_of
from grids.reads import PRECEDENCE


def put_order(session: Session, draft_name: str, names: Sequence[str], now: datetime) -> tuple[str, ...]:
    """Let the draft hold this order; gives it. Raises BadInput unless each line of the table stands in it once."""
    order = order_of(names)
    edit = Edit(session, open_draft(session, draft_name, now, "precedence"), RuleRow)
    edit.add([{"code": PRECEDENCE, "value": ",".join(order)}])
    edit.finish(merge=True)
    return order
