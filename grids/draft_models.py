"""What was done to a draft, step by step, so that the last step can be taken back.

A version is a set of row ids, so a step is the ids that came and the ids that went. Whoever sweeps rows that no version
lists must leave those that a step lists.
"""

from datetime import datetime

from sqlalchemy import Boolean, Column, ForeignKey, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from gis.storage.base import Base, BigId, Key, UtcTime, Words


class DraftStepRow(Base):
    """One edit, import or rebase of a draft, with the base the draft had before it."""

    __tablename__ = "draft_step"
    id: Mapped[Key]
    version_id: Mapped[int] = mapped_column(BigId, ForeignKey("version.id", ondelete="CASCADE"), index=True)
    what: Mapped[Words]
    made_at: Mapped[datetime | None] = mapped_column(UtcTime)
    made_by: Mapped[str | None] = mapped_column(String(200))
    base_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("version.id"))
    seen: Mapped[int] = mapped_column(default=0)
    seen_at: Mapped[datetime | None] = mapped_column(UtcTime)


DRAFT_CHANGE = Table(
    "draft_change",
    Base.metadata,
    Column("step_id", BigId, ForeignKey("draft_step.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("row_id", BigId, primary_key=True, autoincrement=False),
    Column("added", Boolean, nullable=False),
)
"""The rows of each kind (named by its table) that a step brought into the draft, or took out of it."""
