"""The first tables"""

import sqlalchemy as sa
from alembic import op

from gis.storage.base import CodeText, Shape, UtcTime, code_text

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "address",
        sa.Column("normal", code_text(400), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("normal", name=op.f("pk_address")),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", CodeText, nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("revoked_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("sha256", name=op.f("uq_api_key_sha256")),
    )
    op.create_table(
        "contact",
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_contact")),
    )
    op.create_table(
        "duty",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", CodeText, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("party", CodeText, nullable=False),
        sa.Column("person", sa.String(length=200), nullable=True),
        sa.Column("layer", CodeText, nullable=False),
        sa.Column("area", CodeText, nullable=False),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty")),
    )
    op.create_table(
        "layer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", CodeText, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("partition", sa.Boolean(), nullable=False),
        sa.Column("parent", sa.String(length=200), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("is_cell", sa.Boolean(), nullable=False),
        sa.Column("scheme", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_layer")),
    )
    op.create_table(
        "matter",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", CodeText, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("parent", sa.String(length=200), nullable=True),
        sa.Column("time_limit", sa.Text(), nullable=False),
        sa.Column("file_condition", sa.Text(), nullable=False),
        sa.Column("close_condition", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matter")),
    )
    op.create_table(
        "party",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", CodeText, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("parent", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", CodeText, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("party", CodeText, nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index("ix_person_code", ["code"], unique=False)

    op.create_table(
        "report",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("source", CodeText, nullable=False),
        sa.Column("source_id", CodeText, nullable=False),
        sa.Column("occurred_at", UtcTime(), nullable=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.Column("matter", sa.String(length=200), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("located_by", sa.String(length=20), nullable=False),
        sa.Column("geom", Shape("POINT"), nullable=False),
        sa.Column("h3", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cell", sa.String(length=200), nullable=True),
        sa.Column("cell_verdict", sa.String(length=20), nullable=False),
        sa.Column("party", sa.String(length=200), nullable=True),
        sa.Column("owner_verdict", sa.String(length=20), nullable=False),
        sa.Column("needs_person", sa.Boolean(), nullable=False),
        sa.Column("trace", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
    )
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.create_index("ix_report_h3", ["h3"], unique=False)
        batch_op.create_index("ix_report_occurred_at", ["occurred_at"], unique=False)
        batch_op.create_index("uq_report_source", ["source", "source_id"], unique=True)

    op.create_table(
        "roster",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_roster")),
    )
    op.create_table(
        "shape",
        sa.Column("hash", sa.String(length=32), nullable=False),
        sa.Column("geom", Shape("GEOMETRY"), nullable=False),
        sa.Column("west", sa.Float(), nullable=False),
        sa.Column("south", sa.Float(), nullable=False),
        sa.Column("east", sa.Float(), nullable=False),
        sa.Column("north", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_shape")),
    )
    op.create_table(
        "version",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("name", CodeText, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("base_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("effective_at", UtcTime(), nullable=True),
        sa.Column("recorded_at", UtcTime(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("published_by", sa.String(length=200), nullable=True),
        sa.Column("edits", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.JSON(), nullable=False),
        sa.Column("release_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["base_id"], ["version.id"], name=op.f("fk_version_base_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version")),
        sa.UniqueConstraint("number", name=op.f("uq_version_number")),
    )
    with op.batch_alter_table("version", schema=None) as batch_op:
        batch_op.create_index("ix_version_status_name", ["status", "name"], unique=False)
        batch_op.create_index(
            "uq_version_draft",
            ["name"],
            unique=True,
            postgresql_where=sa.text("status = 'draft'"),
            sqlite_where=sa.text("status = 'draft'"),
        )

    op.create_table(
        "area",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("layer", CodeText, nullable=False),
        sa.Column("code", CodeText, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent", sa.String(length=200), nullable=True),
        sa.Column("shape_hash", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["shape_hash"], ["shape.hash"], name=op.f("fk_area_shape_hash")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area")),
    )
    with op.batch_alter_table("area", schema=None) as batch_op:
        batch_op.create_index("ix_area_layer_code", ["layer", "code"], unique=False)
        batch_op.create_index(batch_op.f("ix_area_shape_hash"), ["shape_hash"], unique=False)

    op.create_table(
        "version_duty",
        sa.Column("version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["row_id"], ["duty.id"], name=op.f("fk_version_duty_row_id")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["version.id"], name=op.f("fk_version_duty_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version_id", "row_id", name=op.f("pk_version_duty")),
    )
    with op.batch_alter_table("version_duty", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_version_duty_row_id"), ["row_id"], unique=False)

    op.create_table(
        "version_layer",
        sa.Column("version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["row_id"], ["layer.id"], name=op.f("fk_version_layer_row_id")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["version.id"], name=op.f("fk_version_layer_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version_id", "row_id", name=op.f("pk_version_layer")),
    )
    with op.batch_alter_table("version_layer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_version_layer_row_id"), ["row_id"], unique=False)

    op.create_table(
        "version_matter",
        sa.Column("version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["row_id"], ["matter.id"], name=op.f("fk_version_matter_row_id")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["version.id"], name=op.f("fk_version_matter_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version_id", "row_id", name=op.f("pk_version_matter")),
    )
    with op.batch_alter_table("version_matter", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_version_matter_row_id"), ["row_id"], unique=False)

    op.create_table(
        "version_party",
        sa.Column("version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["row_id"], ["party.id"], name=op.f("fk_version_party_row_id")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["version.id"], name=op.f("fk_version_party_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version_id", "row_id", name=op.f("pk_version_party")),
    )
    with op.batch_alter_table("version_party", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_version_party_row_id"), ["row_id"], unique=False)

    op.create_table(
        "version_area",
        sa.Column("version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["row_id"], ["area.id"], name=op.f("fk_version_area_row_id")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["version.id"], name=op.f("fk_version_area_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version_id", "row_id", name=op.f("pk_version_area")),
    )
    with op.batch_alter_table("version_area", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_version_area_row_id"), ["row_id"], unique=False)

    if op.get_bind().dialect.name == "postgresql":
        op.create_index("ix_shape_geom", "shape", ["geom"], postgresql_using="gist")
        op.create_index("ix_report_geom", "report", ["geom"], postgresql_using="gist")


def downgrade() -> None:
    """Back."""
    with op.batch_alter_table("version_area", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_version_area_row_id"))

    op.drop_table("version_area")
    with op.batch_alter_table("version_party", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_version_party_row_id"))

    op.drop_table("version_party")
    with op.batch_alter_table("version_matter", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_version_matter_row_id"))

    op.drop_table("version_matter")
    with op.batch_alter_table("version_layer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_version_layer_row_id"))

    op.drop_table("version_layer")
    with op.batch_alter_table("version_duty", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_version_duty_row_id"))

    op.drop_table("version_duty")
    with op.batch_alter_table("area", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_area_shape_hash"))
        batch_op.drop_index("ix_area_layer_code")

    op.drop_table("area")
    with op.batch_alter_table("version", schema=None) as batch_op:
        batch_op.drop_index("uq_version_draft")
        batch_op.drop_index("ix_version_status_name")

    op.drop_table("version")
    op.drop_table("shape")
    op.drop_table("roster")
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.drop_index("uq_report_source")
        batch_op.drop_index("ix_report_occurred_at")
        batch_op.drop_index("ix_report_h3")

    op.drop_table("report")
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_index("ix_person_code")

    op.drop_table("person")
    op.drop_table("party")
    op.drop_table("matter")
    op.drop_table("layer")
    op.drop_table("duty")
    op.drop_table("contact")
    op.drop_table("api_key")
    op.drop_table("address")
