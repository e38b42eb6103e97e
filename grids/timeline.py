"""Which version was in force when, as known when. Pure.

Two times: *effective* is when a version begins to hold, *recorded* is when we came to know it. In force at t, as
known at k: among versions recorded by k and effective by t, the latest effective, then the latest recorded.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Edition:
    """One published version: its number, its two times, the digest of its release file, and who published it."""

    number: int
    effective_at: datetime
    recorded_at: datetime
    digest: str = ""
    name: str = ""
    by: str = ""


def in_force(editions: Iterable[Edition], at: datetime, known_at: datetime | None = None) -> Edition | None:
    """The edition in force, or None before the first (verdict ``no_version``). Without ``known_at``: as known now."""
    fit = [e for e in editions if e.effective_at <= at and (known_at is None or e.recorded_at <= known_at)]
    return max(fit, key=lambda e: (e.effective_at, e.recorded_at, e.number), default=None)
