"""What every import shares: findings by row, counted and bounded; a dry run unless it is told to commit."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gis.errors import Refused
from gis.findings import Finding
from grids.drafts import Changes

Progress = Callable[[int, int | None], None]
"""Called with the rows done and, when known, the rows there are."""

SHOWN_FINDINGS = 1000
"""Findings kept word for word; of the rest only the number is kept, so that a bad file of any size fits in memory."""


def no_progress(_done: int, _total: int | None) -> None:
    """For callers that need none."""


@dataclass(slots=True)
class Findings:
    """The findings of one import: a thousand of them word for word, errors before warnings, all of them counted."""

    shown: list[Finding] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, found: Iterable[Finding]) -> None:
        """Take these in."""
        for finding in found:
            self.counts[finding.severity, finding.kind] += 1
            if len(self.shown) < SHOWN_FINDINGS or (finding.severity == "error" and self._drop_warning()):
                self.shown.append(finding)

    def _drop_warning(self) -> bool:
        """Make room for an error; False when errors fill it all."""
        for index in reversed(range(len(self.shown))):
            if self.shown[index].severity != "error":
                del self.shown[index]
                return True
        return False

    @property
    def errors(self) -> int:
        """How many of them stop the import."""
        return sum(count for (severity, _), count in self.counts.items() if severity == "error")


@dataclass(slots=True)
class ImportReport:
    """What an import found and did. ``changes`` is what it changed, or in a dry run would change."""

    what: str
    file: Path
    rows: int
    findings: Findings
    changes: Changes
    committed: bool
    draft: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON-ready data."""
        counts = [{"severity": s, "kind": k, "count": n} for (s, k), n in sorted(self.findings.counts.items())]
        changes = {name: getattr(self.changes, name) for name in ("added", "changed", "removed", "unchanged")}
        return {
            "what": self.what,
            "file": str(self.file),
            "rows": self.rows,
            "committed": self.committed,
            "draft": self.draft,
            **changes,
            "counts": counts,
            "findings": [finding.as_dict() for finding in self.findings.shown],
        }


class DryRun(Exception):
    """Raised inside the transaction of a dry run, so that all it did is undone."""


def refuse_errors(report: ImportReport) -> None:
    """Raises Refused when the findings hold an error: nothing of the file is kept."""
    if report.findings.errors:
        first = next(f for f in report.findings.shown if f.severity == "error")
        row = f"row {first.row}: " if first.row else ""
        raise Refused(
            f"{report.file.name}: {report.findings.errors} errors, nothing was imported; first: {row}{first.message}",
            report=report.as_dict() | {"committed": False},
        )
