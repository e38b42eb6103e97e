"""The index and PostGIS give the same answer, to the last vertex."""

import numpy as np
import psycopg
import pytest
import shapely
from sqlalchemy import make_url

from gis.locate import PointIndex
from gis.rings import rings_of
from gis.shapes import Shapes

pytestmark = pytest.mark.postgis


def test_every_covering_area_is_the_one_st_covers_gives(
    postgis_url: str, crooked_town: Shapes, hard_town_points: np.ndarray
) -> None:
    rng = np.random.default_rng(5)
    west, south, east, north = shapely.total_bounds(crooked_town)
    ordinary = rng.uniform((west, south), (east, north), (20_000 - len(hard_town_points), 2))
    points = np.concatenate([hard_town_points, ordinary])
    located = PointIndex(rings_of(crooked_town)).locate(points[:, 0], points[:, 1])
    found = set(zip(located.point.tolist(), located.covering.tolist(), strict=True))
    address = make_url(postgis_url)
    with psycopg.connect(host=str(address.query["host"]), user="postgres", dbname=address.database) as connection:
        connection.execute("CREATE TEMP TABLE area (number int, geom geometry(Geometry, 4326))")
        connection.execute("CREATE TEMP TABLE point (number int, geom geometry(Point, 4326))")
        for table, shapes in (("area", crooked_town), ("point", shapely.points(points))):
            rows = shapely.to_wkb(shapely.set_srid(shapes, 4326), hex=True, include_srid=True)
            with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:  # type: ignore[arg-type]
                for row in enumerate(rows):
                    copy.write_row(row)
        truth = connection.execute(
            "SELECT point.number, area.number FROM area JOIN point ON ST_Covers(area.geom, point.geom)"
        ).fetchall()
    assert len(points) == 20_000
    assert found == set(truth)
