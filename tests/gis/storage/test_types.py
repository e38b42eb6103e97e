"""The column types mean the same on SQLite and on PostGIS."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Column, Index, Integer, MetaData, Table, inspect, select, text
from sqlalchemy.exc import StatementError

from gis.shapes import Shapes
from gis.storage.base import CodeText, Shape, UtcTime
from gis.storage.engine import Store

XIAN = timezone(timedelta(hours=8))
BELL_TOWER = Point(108.9402, 34.2610)
CODES = ["Z1", "a1", "A1", "中", "东", "é", "e", "10", "9", "01", "A-1", "A 1", "\U00020000", "\ufffd", "_"]

THINGS = Table(
    "thing",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("geom", Shape()),
    Column("spot", Shape("POINT")),
    Column("at", UtcTime),
    Column("code", CodeText),
    Index("ix_thing_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    THINGS.metadata.create_all(opened.engine)
    yield opened
    opened.close()


def kept(store: Store, **values: object) -> tuple[object, ...]:
    with store.write() as session:
        session.execute(THINGS.delete())
        session.execute(THINGS.insert().values(id=1, **values))
    with store.read() as session:
        return tuple(session.execute(select(*(THINGS.c[name] for name in values))).one())


@pytest.mark.parametrize(
    "shape",
    [
        box(108.93, 34.25, 108.95, 34.27),
        MultiPolygon([box(0, 0, 1, 1), box(2, 2, 3, 3)]),
        BELL_TOWER,
        None,
    ],
)
def test_a_shape_comes_back_to_the_bit(store: Store, shape: BaseGeometry | None) -> None:
    (found,) = kept(store, geom=shape)
    assert found is None if shape is None else shapely.equals_identical(found, shapely.set_srid(shape, 0))  # type: ignore[arg-type]


def test_a_crooked_town_comes_back_to_the_bit(store: Store, crooked_town: Shapes) -> None:
    with store.write() as session:
        session.execute(THINGS.insert(), [{"id": n, "geom": shape} for n, shape in enumerate(crooked_town)])
    with store.read() as session:
        found = np.array(session.scalars(select(THINGS.c.geom).order_by(THINGS.c.id)).all(), object)
    assert shapely.equals_exact(found, crooked_town, 0.0).all()
    assert [shapely.to_wkb(shape) for shape in found] == [shapely.to_wkb(shape) for shape in crooked_town]


def test_heights_are_dropped_on_both(store: Store) -> None:
    (found,) = kept(store, geom=Polygon([(1, 1, 9), (2, 1, 9), (2, 2, 9)]))
    assert not shapely.has_z(found)


def test_a_column_of_points_takes_points_only(store: Store) -> None:
    assert kept(store, spot=BELL_TOWER) == (BELL_TOWER,)
    with pytest.raises(StatementError, match="a Polygon does not go into a column of POINT"):
        kept(store, spot=box(0, 0, 1, 1))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.timezones()))
def test_an_instant_comes_back_in_utc_to_the_microsecond(store: Store, instant: datetime) -> None:
    (found,) = kept(store, at=instant)
    assert isinstance(found, datetime)
    assert found == instant.astimezone(UTC)
    assert found.tzinfo is UTC


def test_instants_are_ordered_whatever_zone_they_came_in(store: Store) -> None:
    morning, earlier = datetime(2026, 11, 22, 8, tzinfo=XIAN), datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
    with store.write() as session:
        session.execute(THINGS.insert(), [{"id": 1, "at": earlier}, {"id": 2, "at": morning}])
    with store.read() as session:
        assert session.scalars(select(THINGS.c.id).order_by(THINGS.c.at)).all() == [2, 1]
        assert session.scalars(select(THINGS.c.id).where(THINGS.c.at <= morning)).all() == [2]
    assert kept(store, at=None) == (None,)


def test_a_time_without_its_zone_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="an instant needs its time zone"):
        kept(store, at=datetime(2026, 11, 22, 8))
    with store.read() as session, pytest.raises(StatementError, match="time zone"):
        session.execute(select(THINGS).where(THINGS.c.at < datetime(2026, 11, 22, 8)))


def test_codes_are_ordered_and_compared_as_python_does(store: Store) -> None:
    with store.write() as session:
        session.execute(THINGS.insert(), [{"id": n, "code": code} for n, code in enumerate(CODES)])
    with store.read() as session:
        assert session.scalars(select(THINGS.c.code).order_by(THINGS.c.code)).all() == sorted(CODES)
        assert session.scalars(select(text("min(code)")).select_from(THINGS)).one() == min(CODES)
        below = session.scalars(select(THINGS.c.code).where(THINGS.c.code < "a")).all()
    assert sorted(below) == sorted(code for code in CODES if code < "a")


def test_only_postgis_has_the_spatial_index(store: Store) -> None:
    expected = [] if store.url.get_backend_name() == "sqlite" else ["ix_thing_geom"]
    assert [index["name"] for index in inspect(store.engine).get_indexes("thing")] == expected


@pytest.mark.postgis
def test_postgis_reads_the_shape_as_wgs84(postgis_database: str) -> None:
    store = Store(postgis_database)
    THINGS.metadata.create_all(store.engine)
    kept(store, spot=BELL_TOWER)
    with store.read() as session:
        row = session.execute(text("SELECT ST_SRID(spot), ST_X(spot), ST_Y(spot) FROM thing")).one()
    store.close()
    assert tuple(row) == (4326, BELL_TOWER.x, BELL_TOWER.y)
