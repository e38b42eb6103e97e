"""Dated books (people, shifts, leave, assets, overrides), relations, rules, road segments, a city's datums, draft steps

The old roster becomes dated people: each of its numbers reads back the same people. Going back keeps the people of each
roster number and loses what the first schema has no place for: shifts, leave, deputies, assets, overrides.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from alembic import op

from gis.storage.base import CodeText, Shape, UtcTime, code_text

revision = "0002"
down_revision = "0001"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BOOK = sa.table("snapshot", sa.column("book"), sa.column("number"), sa.column("recorded_at", UtcTime()))
ROSTER = sa.table("roster", sa.column("number"), sa.column("recorded_at", UtcTime()), sa.column("people", sa.JSON()))

Named = tuple[str, str, str, str]
"""A person's code, name, party and role."""

Snapshots = list[tuple[int, datetime, set[Named]]]
"""The numbers of the roster in order, when each was recorded, and who was there then."""


@dataclass(frozen=True)
class Stay:
    """A person whom the snapshots from ``since`` until before ``until`` (None: the last too) name alike."""

    person: Named
    since: int
    begun: datetime
    until: int | None = None
    ended: datetime | None = None


def upgrade() -> None:
    """Forward."""
    kept = _old_roster()
    op.drop_table("person")
    op.drop_table("roster")
    _create_books()
    _create_content(
        "relation", (("relation", sa.String(40)), *((name, CodeText) for name in ("layer", "area", "party")))
    )
    _create_content("rule", (("value", sa.Text()),))
    _create_city_datum()
    _create_draft_steps()
    _widen()
    _fill_books(kept)
    # Release files get another format here: they are built again from the database, and no digest of old is theirs.
    op.execute(sa.text("UPDATE version SET release_sha256 = ''"))


def downgrade() -> None:
    """Back."""
    kept = _new_roster()
    for name in (
        "draft_change",
        "draft_step",
        "city_datum",
        "activation",
        "override",
        "asset",
        "absence",
        "shift",
        "person",
        "snapshot",
    ):
        op.drop_table(name)
    for name in ("rule", "relation"):
        op.drop_table(f"version_{name}")
        op.drop_table(name)
    _narrow()
    _create_old_roster()
    _fill_old_roster(kept)


def _create_books() -> None:
    op.create_table(
        "snapshot",
        sa.Column("book", sa.String(20), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("book", "number", name=op.f("pk_snapshot")),
    )
    role = sa.Column("role", sa.String(40), nullable=False)
    _create_dated("person", _words("name"), _code("party"), role, _maybe("deputy"))
    _create_dated("shift", _code("party"), _code("person"))
    _create_dated("absence", _code("person"), _maybe("deputy"))
    place = sa.Column("geom", Shape("POINT"), nullable=False)
    _create_dated("asset", _words("name"), _code("matter"), _maybe("owner"), place)
    role, priority = (
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
    )
    duty = (_maybe("plan"), _words("name"), _code("party"), _maybe("person"), _code("layer"), _code("area"))
    _create_dated("override", *duty, _words("matter"), role, _words("basis"), _words("document"), priority)
    _create_dated("activation", _code("plan"))
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("ix_asset_geom", "asset", ["geom"], postgresql_using="gist")


def _create_dated(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        _code("code"),
        sa.Column("valid_from", UtcTime(), nullable=True),
        sa.Column("valid_until", UtcTime(), nullable=True),
        sa.Column("since", sa.Integer(), nullable=False),
        sa.Column("until", sa.Integer(), nullable=True),
        *columns,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    op.create_index(f"ix_{name}_code", name, ["code"])
    op.create_index(f"ix_{name}_until", name, ["until"])


def _code(name: str) -> sa.Column[str]:
    return sa.Column(name, CodeText, nullable=False)


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _maybe(name: str) -> sa.Column[str | None]:
    return sa.Column(name, sa.String(200), nullable=True)


def _create_content(name: str, columns: Iterable[tuple[str, sa.types.TypeEngine[str]]]) -> None:
    """A kind of row that versions hold, and the table that lists which of them each version has."""
    held = f"version_{name}"
    op.create_table(
        name,
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        _code("code"),
        *(sa.Column(column, kind, nullable=False) for column, kind in columns),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    op.create_table(
        held,
        sa.Column("version_id", BIG_ID, nullable=False),
        sa.Column("row_id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["row_id"], [f"{name}.id"], name=op.f(f"fk_{held}_row_id")),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name=op.f(f"fk_{held}_version_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("version_id", "row_id", name=op.f(f"pk_{held}")),
    )
    op.create_index(op.f(f"ix_{held}_row_id"), held, ["row_id"])


def _create_city_datum() -> None:
    op.create_table(
        "city_datum",
        sa.Column("name", code_text(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("area", sa.JSON(), nullable=True),
        sa.Column("rms_m", sa.Float(), nullable=True),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_city_datum")),
    )


def _create_draft_steps() -> None:
    op.create_table(
        "draft_step",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("version_id", BIG_ID, nullable=False),
        _words("what"),
        sa.Column("made_at", UtcTime(), nullable=True),
        _maybe("made_by"),
        sa.Column("base_id", BIG_ID, nullable=True),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["base_id"], ["version.id"], name=op.f("fk_draft_step_base_id")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["version.id"], name=op.f("fk_draft_step_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_step")),
    )
    op.create_index(op.f("ix_draft_step_version_id"), "draft_step", ["version_id"])
    op.create_table(
        "draft_change",
        sa.Column("step_id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("row_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("added", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["step_id"], ["draft_step.id"], name=op.f("fk_draft_change_step_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("step_id", "kind", "row_id", name=op.f("pk_draft_change")),
    )


def _widen() -> None:
    """New columns: filled for the rows that are there, and without a default of the database's own afterwards."""
    op.add_column("area", sa.Column("half_width_m", sa.Float(), nullable=True))
    op.add_column("layer", sa.Column("geometry", sa.String(10), nullable=True))
    op.execute("UPDATE layer SET geometry = 'polygon'")
    op.add_column("version", sa.Column("seen", sa.Integer(), nullable=True))
    op.add_column("version", sa.Column("seen_at", UtcTime(), nullable=True))
    op.execute("UPDATE version SET seen = coalesce((SELECT number FROM version b WHERE b.id = version.base_id), 0)")
    op.add_column("report", sa.Column("asset", sa.String(200), nullable=True))
    op.add_column("report", sa.Column("decided_at", UtcTime(), nullable=True))
    op.execute("UPDATE report SET decided_at = received_at")
    for table, column, kind in (
        ("layer", "geometry", sa.String(10)),
        ("version", "seen", sa.Integer()),
        ("report", "decided_at", UtcTime()),
    ):
        with op.batch_alter_table(table) as batch:
            batch.alter_column(column, existing_type=kind, nullable=False)


def _narrow() -> None:
    for table, columns in (
        ("area", ("half_width_m",)),
        ("layer", ("geometry",)),
        ("version", ("seen", "seen_at")),
        ("report", ("asset", "decided_at")),
    ):
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column)


def _old_roster() -> Snapshots:
    rows = op.get_bind().execute(sa.select(ROSTER).order_by(ROSTER.c.number))
    return [
        (number, recorded, {(p["code"], p["name"], p["party"], p["role"]) for p in people})
        for number, recorded, people in rows
    ]


def _new_roster() -> Snapshots:
    """Who was there when each snapshot was recorded, as it says itself."""
    bind = op.get_bind()
    rows = bind.execute(sa.select(BOOK.c.number, BOOK.c.recorded_at).where(BOOK.c.book == "roster").order_by("number"))
    people = bind.execute(sa.select(_person())).mappings().all()
    return [
        (
            number,
            recorded,
            {
                (p["code"], p["name"], p["party"], p["role"])
                for p in people
                if p["since"] <= number
                and (p["until"] is None or number < p["until"])
                and (p["valid_from"] is None or p["valid_from"] <= recorded)
                and (p["valid_until"] is None or recorded < p["valid_until"])
            },
        )
        for number, recorded in rows
    ]


def _person() -> sa.TableClause:
    names = ("code", "name", "party", "role", "since", "until")
    times = (sa.column("valid_from", UtcTime()), sa.column("valid_until", UtcTime()))
    return sa.table("person", *(sa.column(name) for name in names), *times)


def _stays(snapshots: Snapshots) -> Iterator[Stay]:
    """From when until when each person stood there unchanged."""
    here: dict[Named, Stay] = {}
    for number, recorded, people in snapshots:
        for person in sorted(here.keys() - people):
            stay = here.pop(person)
            yield Stay(person, stay.since, stay.begun, number, recorded)
        here |= {person: Stay(person, number, recorded) for person in sorted(people - here.keys())}
    yield from here.values()


def _named(stay: Stay) -> dict[str, str]:
    return dict(zip(("code", "name", "party", "role"), stay.person, strict=True))


def _fill_books(kept: Snapshots) -> None:
    op.bulk_insert(BOOK, [{"book": "roster", "number": n, "recorded_at": at} for n, at, _ in kept])
    rows: list[dict[str, object]] = []
    for stay in _stays(kept):
        row = {**_named(stay), "valid_from": stay.begun, "valid_until": None, "since": stay.since, "until": stay.until}
        rows.append(row)
        if stay.until is not None:
            rows.append(row | {"valid_until": stay.ended, "since": stay.until, "until": None})
    op.bulk_insert(_person(), rows)


def _create_old_roster() -> None:
    op.create_table(
        "person",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        _code("code"),
        _words("name"),
        _code("party"),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_index("ix_person_code", "person", ["code"])
    op.create_table(
        "roster",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_roster")),
    )


def _fill_old_roster(kept: Snapshots) -> None:
    names = ("code", "name", "party", "role")
    told = [{"number": n, "recorded_at": at, "people": [dict(zip(names, p, strict=True)) for p in sorted(people)]}
            for n, at, people in kept]  # fmt: skip
    op.bulk_insert(ROSTER, told)
    times = (sa.column("recorded_at", UtcTime()), sa.column("ended_at", UtcTime()))
    person = sa.table("person", *(sa.column(name) for name in names), *times)
    op.bulk_insert(person, [_named(s) | {"recorded_at": s.begun, "ended_at": s.ended} for s in _stays(kept)])
