"""The field's words: kinds of layers, verdicts, roles, findings."""

from typing import Literal

CellVerdict = Literal["certain", "ambiguous", "outside", "no_version"]
OwnerVerdict = Literal["certain", "ambiguous", "unowned"]
DutyRole = Literal["lead", "support"]

LAYER_KINDS: dict[str, tuple[int, str]] = {
    "city": (10, "市"),
    "district": (20, "区县"),
    "street": (30, "街镇"),
    "community": (40, "村社"),
    "other": (45, "图层"),
    "grid": (50, "责任网格"),
    "cell": (60, "单元网格"),
    "estate": (70, "小区楼宇"),
    "zone": (70, "专属网格"),
    "segment": (80, "路段"),
}
"""Kind -> (rank, Chinese name). A larger rank is a narrower place, and the narrower place answers first."""

LOOSE_KINDS = ("estate", "zone", "segment")
"""Kinds that need not tile the city: a new layer of theirs is no partition."""

USUAL_HALF_WIDTH_M = 10.0
"""Metres on either side of a road's centre line where nobody says otherwise."""

ASSET_RANK = 90
"""A duty for one asset is narrower than any area."""

ERRORS = ("invalid", "code", "outside_parent", "hierarchy", "dangling_duty", "tied_leads")
"""Findings of the gate that stop publishing."""

WARNINGS = ("gap", "overlap", "sliver", "uncovered", "unowned", "hole", "asset", "dangling_override")
"""Findings that stop it until somebody accepts their kind."""

SLIVER_M2 = 10.0
"""Gaps and overlaps below this are slivers."""

CODE_LENGTH = 200
"""The longest code that is kept."""
