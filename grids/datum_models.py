"""The table of a city's own coordinate systems."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Float, String
from sqlalchemy.orm import Mapped, mapped_column

from gis.storage.base import Base, UtcTime, code_text


class CityDatumRow(Base):
    """One system, by its name without ``city:``. Its definition is never changed; once an import has
    ``used`` it, it stays."""

    __tablename__ = "city_datum"
    name: Mapped[str] = mapped_column(code_text(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    definition: Mapped[dict[str, Any]] = mapped_column(JSON)
    area: Mapped[list[float] | None] = mapped_column(JSON(none_as_null=True))
    rms_m: Mapped[float | None] = mapped_column(Float)
    recorded_at: Mapped[datetime] = mapped_column(UtcTime)
    used: Mapped[bool] = mapped_column(Boolean, default=False)
