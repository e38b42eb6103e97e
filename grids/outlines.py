"""The one form in which an outline is kept: the same ground from any file format is the same row."""

import numpy as np
import shapely

from gis.shapes import Shapes


def normal_outlines(shapes: Shapes) -> Shapes:
    """The shapes with outer rings counter-clockwise, holes clockwise, and a multipolygon of one part as a polygon.

    Formats differ in both (Shapefile turns rings the other way, GeoPackage wraps all alike); every vertex stays as it
    is. Missing shapes and other kinds pass through.
    """
    with np.errstate(invalid="ignore"):
        turned = np.asarray(shapely.orient_polygons(shapes, exterior_cw=False), object)
    single = (shapely.get_type_id(turned) == shapely.GeometryType.MULTIPOLYGON) & (
        shapely.get_num_geometries(turned) == 1
    )
    turned[single] = shapely.get_geometry(turned[single], 0)
    return turned
