"""What a check found: one row a finding, located, with its rule and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from shapely.geometry.base import BaseGeometry

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of an import or of the publish gate.

    ``kind`` is a stable word (``gap``, ``repeated_code``); ``row`` counts as the sender sees it: in a table the
    header is row 1, in a spatial file the first feature is row 1. ``geometry`` is WGS 84, longitude first.
    """

    kind: str
    severity: Severity
    message: str
    row: int | None = None
    field: str | None = None
    value: str | None = None
    layer: str | None = None
    codes: tuple[str, ...] = ()
    area_m2: float | None = None
    geometry: BaseGeometry | None = None

    def as_dict(self) -> dict[str, Any]:
        """The finding as plain data; the geometry becomes its representative ``lon``/``lat``."""
        found: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("kind", "severity", "message", "row", "field", "value", "layer", "area_m2")
            if getattr(self, name) is not None
        }
        if self.codes:
            found["codes"] = list(self.codes)
        if self.geometry is not None and not self.geometry.is_empty:
            point = self.geometry.representative_point()
            found["lon"], found["lat"] = round(point.x, 7), round(point.y, 7)
        return found


def errors_in(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that stop the work."""
    return [finding for finding in findings if finding.severity == "error"]
