"""The grid in SQL: covers of H3 cells, views of what is in force, and on PostGIS areas_at(point)

docs/sql.md tells what others may rely on. The functions are in PL/pgSQL because its plans are kept: inlined SQL was
planned for 12 ms at each single call. A point meets a handful of rows, so they always go by index and in the order that
is written: left to itself, and most of all before its statistics are there, the planner read all areas for each point.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_RESOLUTIONS = (0, 4, 5, 6, 7, 8, 9, 10, 11, 12)
_NOW = {"postgresql": "now()", "sqlite": "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'"}

_AREA_IN_FORCE = """
CREATE VIEW area_in_force AS
SELECT v.number AS version, a.layer, a.code, a.name, a.parent, l.kind, l.rank, l.partition, l.geometry, a.half_width_m,
    a.shape_hash, s.geom
FROM (
    SELECT id, number FROM version WHERE status = 'published' AND effective_at <= {now}
    ORDER BY effective_at DESC, recorded_at DESC, number DESC LIMIT 1
) v
JOIN version_area va ON va.version_id = v.id
JOIN area a ON a.id = va.row_id
JOIN shape s ON s.hash = a.shape_hash
JOIN version_layer vl ON vl.version_id = v.id
JOIN layer l ON l.id = vl.row_id AND l.code = a.layer
"""

_COVER_IN_FORCE = """
CREATE VIEW cover_in_force AS
SELECT h.h3, h.whole, a.version, a.layer, a.code
FROM area_in_force a JOIN area_h3 h ON h.shape_hash = a.shape_hash
"""

_H3_PARENT = """
CREATE FUNCTION h3_parent(cell bigint, resolution integer) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN resolution BETWEEN 0 AND (cell >> 52) & 15 THEN
    (cell & ~(15::bigint << 52)) | (resolution::bigint << 52) | ((1::bigint << (3 * (15 - resolution))) - 1)
END
"""

_METRES_TO_LINE = """
CREATE FUNCTION metres_to_line(line geometry, lon double precision, lat double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = {path} AS $$
-- Edges are straight in degrees: the nearest place is found in a plane, then measured on the ellipsoid.
DECLARE
    slim CONSTANT double precision := 1.0 - 0.0066943799901413165 * power(sin(radians(lat)), 2);
    east CONSTANT double precision := greatest(radians(6378137.0) * cos(radians(lat)) / sqrt(slim), 0.001);
    north CONSTANT double precision := radians(6378137.0) * (1.0 - 0.0066943799901413165) / power(slim, 1.5);
    foot geometry;
BEGIN
    foot := ST_ClosestPoint(ST_Affine(line, east, 0, 0, north, -lon * east, -lat * north), ST_Point(0, 0, 4326));
    RETURN ST_Distance(
        ST_Point(lon, lat, 4326)::geography,
        ST_Point(lon + ST_X(foot) / east, lat + ST_Y(foot) / north, 4326)::geography
    );
END $$
"""

_START = """RETURNS TABLE (
    version integer, layer text, code text, name text, answers boolean, distance_m double precision
)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 8
SET search_path = {path} SET join_collapse_limit = 1
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    edition record;
    place geometry := CASE WHEN ST_SRID(point) = 4326 THEN point ELSE ST_Transform(point, 4326) END;
    lon CONSTANT double precision := ST_X(place);
    lat CONSTANT double precision := ST_Y(place);
    hashes text[];
    wholes boolean[];
BEGIN
    place := ST_Point(lon, lat, 4326);
    SELECT v.id, v.number, c.version_id IS NOT NULL AS covered, coalesce(c.widest_m, 500.0) + 0.001 AS reach_m
    INTO edition
    FROM version v LEFT JOIN version_cover c ON c.version_id = v.id
    WHERE v.status = 'published' AND v.effective_at <= at AND (known_at IS NULL OR v.recorded_at <= known_at)
    ORDER BY v.effective_at DESC, v.recorded_at DESC, v.number DESC LIMIT 1;
    IF NOT FOUND THEN RETURN; END IF;
"""

_HELD = """
    JOIN version_area va ON va.version_id = edition.id AND va.row_id = a.id
    JOIN layer l ON l.code = a.layer
    JOIN version_layer vl ON vl.version_id = edition.id AND vl.row_id = l.id"""

_POLYGONS = f"""
    RETURN QUERY
    SELECT edition.number, a.layer::text, a.code::text, a.name::text,
        NOT l.partition OR row_number() OVER (PARTITION BY a.layer ORDER BY a.code COLLATE "C") = 1,
        NULL::double precision
    FROM {{near}}
    JOIN area a ON a.shape_hash = s.hash{_HELD}
    WHERE l.geometry <> 'line' AND {{covers}};
"""

_LINES = f"""
    RETURN QUERY
    SELECT edition.number, tied.layer::text, tied.code::text, tied.name::text,
        row_number() OVER (PARTITION BY tied.layer ORDER BY tied.code COLLATE "C") = 1, tied.metres
    FROM (
        SELECT a.layer, a.code, a.name, away.metres, min(away.metres) OVER (PARTITION BY a.layer) AS least
        FROM {{near}}
        JOIN area a ON a.shape_hash = s.hash{_HELD}
        CROSS JOIN LATERAL (SELECT metres_to_line(s.geom, lon, lat) AS metres OFFSET 0) away
        WHERE l.geometry = 'line' AND {{covers}} AND away.metres <= a.half_width_m + 0.001
    ) tied
    WHERE tied.metres <= tied.least + 0.001;
"""

_BOX = """s.geom && ST_Expand(
            place,
            edition.reach_m / 111300.0 / greatest(cos(radians(least(abs(lat) + 0.01, 90.0))), 1e-6),
            edition.reach_m / 110500.0)"""

_CELLS = "unnest(hashes, wholes) near (shape_hash, whole) JOIN shape s ON s.hash = near.shape_hash"

_TIMES = "at timestamptz DEFAULT now(), known_at timestamptz DEFAULT NULL"

_BY_OUTLINE = f"""
CREATE FUNCTION areas_at(point geometry, {_TIMES}) {_START}
    {_POLYGONS.format(near="shape s", covers="ST_Covers(s.geom, place)")}
    IF edition.reach_m > 0.001 THEN {_LINES.format(near="shape s", covers=_BOX)} END IF;
END $$
"""

_BY_CELL = f"""
CREATE FUNCTION areas_at(point geometry, cell bigint, {_TIMES}) {_START}
    IF NOT edition.covered OR cell IS NULL OR (cell >> 52) & 15 < 12 THEN
        RETURN QUERY SELECT * FROM areas_at(place, at, known_at);
        RETURN;
    END IF;
    SELECT array_agg(h.shape_hash), array_agg(h.whole) INTO hashes, wholes
    FROM area_h3 h WHERE h.h3 IN ({", ".join(f"h3_parent(cell, {resolution})" for resolution in _RESOLUTIONS)});
    {_POLYGONS.format(near=_CELLS, covers="(near.whole OR ST_Covers(s.geom, place))")}
    IF edition.reach_m > 0.001 THEN {_LINES.format(near=_CELLS, covers="true")} END IF;
END $$
"""

_SIGNATURES = (
    "areas_at(geometry, bigint, timestamptz, timestamptz)",
    "areas_at(geometry, timestamptz, timestamptz)",
    "metres_to_line(geometry, double precision, double precision)",
    "h3_parent(bigint, integer)",
)


def upgrade() -> None:
    """Forward."""
    _create_tables()
    bind = op.get_bind()
    for view in (_AREA_IN_FORCE.format(now=_NOW[bind.dialect.name]), _COVER_IN_FORCE):
        bind.exec_driver_sql(view)
    if bind.dialect.name == "postgresql":
        path = _search_path(bind)
        for function in (_H3_PARENT, _METRES_TO_LINE, _BY_OUTLINE, _BY_CELL):
            bind.exec_driver_sql(function.format(path=path))


def downgrade() -> None:
    """Back."""
    if op.get_bind().dialect.name == "postgresql":
        for signature in _SIGNATURES:
            op.execute(f"DROP FUNCTION {signature}")
    op.execute("DROP VIEW cover_in_force")
    op.execute("DROP VIEW area_in_force")
    for table in ("version_cover", "area_h3", "shape_cover"):
        op.drop_table(table)


def _search_path(bind: sa.Connection) -> str:
    """Where the tables are made and where PostGIS is: the functions mean the same whatever the caller's own path."""
    postgis = "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace"
    schemas = (
        bind.exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one(),
        bind.exec_driver_sql(f"{postgis} WHERE extname = 'postgis'").scalar_one(),
    )
    return ", ".join(dict.fromkeys([*schemas, "pg_temp"]))


def _create_tables() -> None:
    op.create_table(
        "shape_cover",
        sa.Column("shape_hash", sa.String(32), nullable=False),
        sa.Column("resolution", sa.Integer(), nullable=False),
        sa.Column("half_width_m", sa.Float(), nullable=False),
        _points_at("shape_cover", "shape_hash", "shape.hash"),
        sa.PrimaryKeyConstraint("shape_hash", name=op.f("pk_shape_cover")),
    )
    op.create_table(
        "area_h3",
        sa.Column("shape_hash", sa.String(32), nullable=False),
        sa.Column("h3", sa.BigInteger(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        _points_at("area_h3", "shape_hash", "shape_cover.shape_hash"),
        sa.PrimaryKeyConstraint("shape_hash", "h3", name=op.f("pk_area_h3")),
    )
    op.create_index("ix_area_h3_h3", "area_h3", ["h3"])
    op.create_table(
        "version_cover",
        sa.Column("version_id", _BIG_ID, autoincrement=False, nullable=False),
        sa.Column("widest_m", sa.Float(), nullable=False),
        _points_at("version_cover", "version_id", "version.id"),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_version_cover")),
    )


def _points_at(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")
