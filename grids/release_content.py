"""A release read back as plain content: for what looks at a whole version where only its release is at hand. Pure."""

import numpy as np

from grids.content import Areas, Content
from grids.relations import Relation
from grids.release import LayerTable, Release


def content_of_release(release: Release) -> Content:
    """All the release holds. Areas that named no parent have the one they lie in; broken duties were never in it."""
    return Content(
        {code: _areas(table, release.tables.get(table.layer.parent or "")) for code, table in release.tables.items()},
        release.parties,
        release.matters,
        tuple(duty for _, duty in release.duties_by_code),
        tuple(Relation(*key, party) for key, party in sorted(release.relations.items())),
        release.order,
    )


def _areas(table: LayerTable, above: LayerTable | None) -> Areas:
    known = list(above.codes) if above else []
    parents = tuple(known[at] if at >= 0 else None for at in table.parent.tolist())
    widths = () if table.half_widths is None else tuple(None if np.isnan(w) else float(w) for w in table.half_widths)
    return Areas(table.layer, tuple(table.codes), tuple(table.names), parents, table.shapes, widths)
