"""Special zones (专属网格) that overlap each other and cut across cells."""

import math

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from data.chance import chance
from data.layers import CITY_CODE, Ladder, Layer
from data.names import stems
from data.plane import Floats, degrees, metres

ENDS = ("公园", "风景区", "大学校区")
COMMUNITIES_PER_ZONE = 15


def zones(areas: Ladder, seed: int) -> Layer:
    """Parks, scenic areas and university estates: smooth, inside the city, each second one over the one before."""
    rng = chance(seed, "zones")
    count = max(3, len(areas.communities) // COMMUNITIES_PER_ZONE)
    homes = areas.communities.shapes[rng.integers(0, len(areas.communities), count)]
    city = areas.city.shapes[0]
    shapely.prepare(city)
    shapes = np.empty(count, dtype=object)
    for k, home in enumerate(homes):
        radius = float(rng.uniform(0.45, 0.8)) * math.sqrt(shapely.area(home)) * 100_000
        at = shapely.get_coordinates(shapely.point_on_surface(home))[0]
        if k % 2:
            at = shapely.get_coordinates(shapes[k - 1])[int(rng.integers(0, 20))]
        shapes[k] = _inside(city, at, radius, rng)
    words = stems(rng)
    names = np.array([words[k % len(words)] + ENDS[k % len(ENDS)] for k in range(count)])
    codes = np.array([f"ZQ{k + 1:04d}" for k in range(count)])
    return Layer("zone", codes, names, np.full(count, CITY_CODE), shapes, overlapping=True)


def _inside(city: BaseGeometry, at: Floats, radius: float, rng: np.random.Generator) -> BaseGeometry:
    """A smooth blob around ``at``, shrunk until the city covers it (``at`` lies inside the city)."""
    angle = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    one, two = rng.uniform(0, 2 * math.pi, 2)
    shape = 1 + 0.2 * np.sin(2 * angle + one) + 0.1 * np.sin(3 * angle + two)
    centre = metres(at)
    for _ in range(12):
        ring = centre + radius * shape[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        blob = shapely.Polygon(degrees(ring))
        if shapely.covers(city, blob):
            break
        radius *= 0.7
    return blob
