"""A city's own plane for the town of `smalltown`, and its control points as a survey office would send them."""

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from pyproj import Transformer

from gis.coordinates import Floats
from gis.storage.base import Base
from gis.storage.engine import Store
from grids.datum_models import CityDatumRow

Place = Callable[[Floats, Floats], tuple[Floats, Floats]]

CONTROL = {
    "泉标": (117.005, 36.650),
    "北园": (117.041, 36.672),
    "英雄山": (117.006, 36.671),
    "解放阁": (117.040, 36.651),
    "大明湖": (117.024, 36.663),
    "千佛山": (117.015, 36.656),
}
MERIDIAN, TURN_DEG, SCALE = 117.02, 0.7, 1.00002


def city_grid(meridian: float = MERIDIAN) -> Place:
    """A plane as cities keep them: CGCS2000, a meridian of their own, a false origin, turned and scaled."""
    mercator = Transformer.from_pipeline(f"+proj=tmerc +lat_0=0 +lon_0={meridian} +k=1 +ellps=GRS80")
    turn = np.radians(TURN_DEG)

    def place(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        east, north = (np.asarray(part) for part in mercator.transform(lon, lat))
        east, north = SCALE * east, SCALE * (north - 4_060_000.0)
        x = 50_000.0 + np.cos(turn) * east - np.sin(turn) * north
        return x, 60_000.0 + np.sin(turn) * east + np.cos(turn) * north

    return place


def write_control(path: Path, names: Iterable[str] = tuple(CONTROL), place: Place | None = None) -> Path:
    """The control points as a table: name, x, y, lon, lat."""
    lon, lat = (np.array(part) for part in zip(*(CONTROL[name] for name in names), strict=True))
    x, y = (place or city_grid())(lon, lat)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("name", "x", "y", "lon", "lat"))
        rows.writerows(zip(names, x.tolist(), y.tolist(), lon.tolist(), lat.tolist(), strict=True))
    return path


def with_datums(store: Store) -> Store:
    """The store with the table of datums, also where the migrations do not make it yet."""
    Base.metadata.create_all(store.engine, tables=[Base.metadata.tables[CityDatumRow.__tablename__]])
    return store
