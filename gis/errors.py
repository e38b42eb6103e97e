"""One family of errors. Each class is one fact; its docstring is its default message.

The table from class to HTTP status stands in ``server/api/problems.py``; exit codes stand in ``server/cli/main.py``.
"""

from collections.abc import Mapping
from typing import Any


class WanggeError(Exception):
    """Something Wangge refuses to do."""

    kind = "wangge-error"

    def __init__(self, detail: str | None = None, **facts: Any) -> None:
        self.detail = detail or type(self).__doc__ or ""
        self.facts: Mapping[str, Any] = facts
        super().__init__(self.detail)


class BadInput(WanggeError):
    """The input breaks a rule; the message names the field, the value and the rule."""

    kind = "bad-input"


class BadCoordinate(BadInput):
    """Longitude must lie in [-180, 180] and latitude in [-90, 90], as finite degrees, longitude first."""

    kind = "bad-coordinate"


class UnknownDatum(BadInput):
    """The datum is not known: declare wgs84, gcj02, bd09, cgcs2000, EPSG:n or city:name."""

    kind = "unknown-datum"


class BadShape(BadInput):
    """The geometry cannot be used as an area."""

    kind = "bad-shape"


class BadFile(BadInput):
    """The file cannot be read."""

    kind = "bad-file"


class FileTooLarge(BadFile):
    """The file is larger than what this format is read up to."""

    kind = "file-too-large"


class NotFound(WanggeError):
    """There is no such thing."""

    kind = "not-found"


class Conflict(WanggeError):
    """The request does not fit the present state."""

    kind = "conflict"


class Refused(WanggeError):
    """A check refused it; the findings say why."""

    kind = "refused"


class BadRelease(WanggeError):
    """The release file is damaged or is no release file."""

    kind = "bad-release"


class NotReady(WanggeError):
    """No release is loaded yet: publish a version first."""

    kind = "not-ready"
