"""The tables of reports: what came in, where it is, whose it is, and why."""

from datetime import datetime
from typing import Any

from shapely.geometry import Point
from sqlalchemy import JSON, BigInteger, Boolean, Float, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gis.storage.base import Base, Code, Key, Shape, UtcTime, Words, code_text


class AddressRow(Base):
    """One address of the city's own table, found by its exact normal form."""

    __tablename__ = "address"
    normal: Mapped[str] = mapped_column(code_text(400), primary_key=True)
    address: Mapped[Words]
    lon: Mapped[float] = mapped_column(Float)
    lat: Mapped[float] = mapped_column(Float)


class ReportRow(Base):
    """One report with the decision made on it. ``trace`` holds every step of that decision as data."""

    __tablename__ = "report"
    id: Mapped[Key]
    source: Mapped[Code]
    source_id: Mapped[Code]
    occurred_at: Mapped[datetime] = mapped_column(UtcTime)
    received_at: Mapped[datetime] = mapped_column(UtcTime)
    decided_at: Mapped[datetime] = mapped_column(UtcTime)
    matter: Mapped[str | None] = mapped_column(String(200))
    asset: Mapped[str | None] = mapped_column(String(200))
    address: Mapped[Words]
    located_by: Mapped[str] = mapped_column(String(20))
    geom: Mapped[Point] = mapped_column(Shape("POINT"))
    h3: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int]
    cell: Mapped[str | None] = mapped_column(String(200))
    cell_verdict: Mapped[str] = mapped_column(String(20))
    party: Mapped[str | None] = mapped_column(String(200))
    owner_verdict: Mapped[str] = mapped_column(String(20))
    needs_person: Mapped[bool] = mapped_column(Boolean)
    trace: Mapped[dict[str, Any]] = mapped_column(JSON)
    __table_args__ = (
        Index("uq_report_source", "source", "source_id", unique=True),
        Index("ix_report_h3", "h3"),
        Index("ix_report_occurred_at", "occurred_at"),
        Index("ix_report_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
    )
