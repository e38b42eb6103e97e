"""The tables of covers: the H3 cells of each outline, for services that only have the database.

All of it can be computed again from the outlines. An outline is covered once, under its own hash, however many versions
hold it.
"""

from sqlalchemy import BigInteger, Boolean, Float, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gis.storage.base import Base, BigId


class ShapeCoverRow(Base):
    """An outline that has its cover. ``resolution``: the finest on its border. ``half_width_m``: how wide a line was
    taken, 0 for polygons; the cover serves narrower segments on the same line too."""

    __tablename__ = "shape_cover"
    shape_hash: Mapped[str] = mapped_column(String(32), ForeignKey("shape.hash", ondelete="CASCADE"), primary_key=True)
    resolution: Mapped[int]
    half_width_m: Mapped[float] = mapped_column(Float)


class AreaCellRow(Base):
    """One H3 cell of an outline: wholly inside, or on its border."""

    __tablename__ = "area_h3"
    shape_hash: Mapped[str] = mapped_column(
        String(32), ForeignKey("shape_cover.shape_hash", ondelete="CASCADE"), primary_key=True
    )
    h3: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    whole: Mapped[bool] = mapped_column(Boolean)
    __table_args__ = (Index("ix_area_h3_h3", "h3"),)


class VersionCoverRow(Base):
    """A version all of whose outlines have covers. ``widest_m``: its widest road segment's half-width, 0 for none."""

    __tablename__ = "version_cover"
    version_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("version.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    widest_m: Mapped[float] = mapped_column(Float)
