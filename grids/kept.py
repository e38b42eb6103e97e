"""Numbered files that can be had again: a few of each kind are kept."""

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

KEPT = 5


def let_go(folder: Path, pattern: str, needed: Collection[Path]) -> None:
    """Remove the files of that pattern but the five written last and those needed.

    Whoever has one open goes on reading it. One that cannot be removed stays.
    """
    for path in sorted(folder.glob(pattern), key=_written)[:-KEPT]:
        if path not in needed:
            with suppress(OSError):
                path.unlink()
                path.with_name(f"{path.name}.ok").unlink()  # the stamp of a file of arrays


def _written(path: Path) -> float:
    """When it was written; a file that another process has just removed comes first."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
