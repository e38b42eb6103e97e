"""The layers of a draft: what there is, and changing what a layer is."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from gis.errors import BadInput, NotFound
from grids.content import Layer, cycle_in
from grids.draft_steps import drop, held_ids
from grids.drafts import Edit, open_draft, touched
from grids.gate import scheme_pattern
from grids.models import AreaRow, LayerRow, VersionRow
from grids.names import LAYER_KINDS
from grids.reads import layers_of


def draft_layers(session: Session, draft: VersionRow) -> list[Layer]:
    """The layers of the draft, coarse ones first."""
    return layers_of(session, draft.id)


def put_layer(session: Session, draft: VersionRow, layer: Layer) -> None:
    """Let the draft hold the layer as given.

    Raises BadInput when layers would become each other's parents, the scheme cannot be read, the cells would overlap,
    or lines would be a partition.
    """
    others = {known.code: known for known in draft_layers(session, draft)} | {layer.code: layer}
    circle = cycle_in({code: known.parent for code, known in others.items()})
    if circle:
        raise BadInput(f"layer hierarchy would run in a circle: {' -> '.join(circle)}", field="parent")
    scheme_pattern(layer.scheme)
    if layer.is_lines and (layer.is_cell or layer.partition):
        raise BadInput(
            f"layer '{layer.code}' holds road segments: lines are no partition and no cells, a point has the nearest",
            field="partition",
        )
    if layer.is_cell and not layer.partition:
        raise BadInput(
            f"layer '{layer.code}' overlaps: the cells must be a partition, so that each point has one; "
            "mark another layer with --cell, or make this one a partition",
            field="partition",
        )
    edit = Edit(session, draft, LayerRow)
    edit.add([asdict(layer)])
    edit.finish(merge=True)


def change_layer(session: Session, draft_name: str, code: str, now: datetime, **changes: Any) -> Layer:
    """Change a layer of the draft: ``name``, ``kind`` (which sets its rank), ``rank``, ``parent``, ``partition``,
    ``is_cell``, ``scheme``. Raises NotFound, BadInput."""
    draft = open_draft(session, draft_name, now, f"layers set {code}")
    known = {layer.code: layer for layer in draft_layers(session, draft)}
    if code not in known:
        raise NotFound(f"there is no layer '{code}' in draft '{draft_name}'; there are: {', '.join(known) or 'none'}")
    kind = changes.get("kind")
    if kind is not None:
        if kind not in LAYER_KINDS:
            raise BadInput(f"layer kind '{kind}': choose one of {', '.join(LAYER_KINDS)}", field="kind", value=kind)
        changes.setdefault("rank", LAYER_KINDS[str(kind)][0])
    parent = changes.get("parent")
    if parent and parent not in known:
        there = ", ".join(known)
        raise BadInput(f"parent layer '{parent}' is not in the draft; there are: {there}", field="parent", value=parent)
    layer = replace(known[code], **changes)
    if changes.get("is_cell"):
        for other in known.values():
            if other.is_cell and other.code != code:
                put_layer(session, draft, replace(other, is_cell=False))
    put_layer(session, draft, layer)
    return layer


def remove_layer(session: Session, draft_name: str, code: str, now: datetime) -> None:
    """Take the layer and its areas out of the draft. Raises NotFound."""
    draft = open_draft(session, draft_name, now, f"layers remove {code}")
    known = [layer.code for layer in draft_layers(session, draft)]
    if code not in known:
        raise NotFound(f"there is no layer '{code}' in draft '{draft_name}'; there are: {', '.join(known) or 'none'}")
    for row, column in ((AreaRow, AreaRow.layer), (LayerRow, LayerRow.code)):
        drop(session, draft, row, held_ids(session, draft, row, column == code))
    touched(session, draft)
