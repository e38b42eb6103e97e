"""A city of square blocks as plain data, with a zone and a road beside the ladder: for what needs no store."""

from typing import Any

import numpy as np
import shapely

from grids.content import Areas, Content, Layer, Matter, Party

MATTERS = {
    matter.code: matter
    for matter in (
        Matter("C", "部件"),
        Matter("C01", "公用设施", parent="C"),
        Matter("C0101", "燃气井盖", parent="C01"),
        Matter("C0102", "上水井盖", parent="C01"),
        Matter("E", "事件"),
        Matter("E01", "市容环境", parent="E"),
        Matter("E0101", "暴露垃圾", parent="E01"),
    )
}
PARTIES = {code: Party(code, f"单位{code}") for code in "ABCDEF"}


def boxes(layer: Layer, side: int, span: float, parent: str | None = None, per_parent: int = 1) -> Areas:
    """Squares in rows from the west; each lies in the parent's square that holds it."""
    places = [(x, y) for x in range(side) for y in range(side)]
    above = [f"{parent}{x // per_parent:02x}{y // per_parent:02x}" if parent else None for x, y in places]
    shapes = [shapely.box(117 + x * span, 36 + y * span, 117 + (x + 1) * span, 36 + (y + 1) * span) for x, y in places]
    codes = tuple(f"{layer.code}{x:02x}{y:02x}" for x, y in places)
    return Areas(layer, codes, codes, tuple(above), np.array([*shapes, None], object)[:-1])


def city(**more: Any) -> Content:
    """4 districts, 16 streets, 64 cells of 0.001 degrees; a zone over 4 whole cells that meets 5 others."""
    tables = [
        boxes(Layer("district", kind="district", rank=20), 2, 0.004),
        boxes(Layer("street", kind="street", rank=30, parent="district"), 4, 0.002, "district", 2),
        boxes(Layer("cell", kind="cell", rank=60, parent="street", is_cell=True), 8, 0.001, "street", 2),
    ]
    zone = np.array([shapely.box(117, 36, 117.0025, 36.0025), shapely.box(117.001, 36, 117.002, 36.001)], object)
    loose = Layer("zone", kind="zone", partition=False, rank=70)
    tables.append(Areas(loose, ("Z1", "Z2"), ("景区", "广场"), (None, None), zone))
    line = np.array([shapely.LineString([(117.0065, 36), (117.0065, 36.008)])], object)
    roads = Layer("segment", kind="segment", partition=False, rank=80, geometry="line")
    tables.append(Areas(roads, ("R1",), ("大路",), (None,), line, (10.0,)))
    return Content({table.layer.code: table for table in tables}, PARTIES, MATTERS, **more)
