"""The one form in which an outline is kept, the same from any file format; and what is wrong with an outline."""

from collections.abc import Iterator, Sequence

import numpy as np
import shapely

from gis.lines import line_problems
from gis.shapes import ShapeProblem, Shapes, problems
from grids.content import Areas, Layer

_WRAPPED = (shapely.GeometryType.MULTIPOLYGON, shapely.GeometryType.MULTILINESTRING)


def normal_outlines(shapes: Shapes) -> Shapes:
    """The shapes with outer rings counter-clockwise, holes clockwise, and a multipolygon or -line of one part as that.

    Formats differ in both (Shapefile turns rings the other way, GeoPackage wraps all alike); every vertex stays as it
    is. Missing shapes and other kinds pass through.
    """
    with np.errstate(invalid="ignore"):
        turned = np.asarray(shapely.orient_polygons(shapes, exterior_cw=False), object)
    single = np.isin(shapely.get_type_id(turned), _WRAPPED) & (shapely.get_num_geometries(turned) == 1)
    turned[single] = shapely.get_geometry(turned[single], 0)
    return turned


def outline_problems(layer: Layer, shapes: Shapes, half_widths: Sequence[float | None] = ()) -> Iterator[ShapeProblem]:
    """What is wrong with each shape as an area of this layer; the half-widths count for a layer of lines only."""
    if not layer.is_lines:
        return problems(shapes)
    return line_problems(shapes, np.array([np.nan if width is None else width for width in half_widths], np.float64))


def area_problems(table: Areas) -> Iterator[ShapeProblem]:
    """What is wrong with each area of a layer."""
    return outline_problems(table.layer, table.shapes, table.half_widths)
