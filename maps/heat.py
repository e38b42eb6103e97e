"""How many reports lie in each H3 cell, at the resolution asked for."""

from dataclasses import dataclass

import h3.api.numpy_int as h3
import numpy as np
import numpy.typing as npt

from gis.errors import BadInput

FINEST = 12
"""The resolution reports are stored at; a coarser cell is always the parent of this one."""

Cells = npt.NDArray[np.int64] | npt.NDArray[np.uint64]

_RESOLUTION_SHIFT = 52
_MODE_SHIFT = 59
_CELL_MODE = 1
_DIGIT_BITS = 3
_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Heat:
    """Occupied cells in rising order and the reports in each; both int64, of one length, every count at least 1."""

    cells: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    resolution: int

    @property
    def total(self) -> int:
        """All reports: equal to the number of ids that went in."""
        return int(self.counts.sum())


def heat_counts(cells: Cells, resolution: int) -> Heat:
    """Reports per cell of `resolution` (0..12), from one resolution-12 id per report; repeats are reports too.

    Raises BadInput for another resolution, another dtype or shape, or an id that is no resolution-12 cell.
    """
    if not 0 <= resolution <= FINEST:
        raise BadInput(
            f"resolution {resolution} is not in 0..{FINEST}: reports are stored at {FINEST}", field="resolution"
        )
    ids = np.asarray(cells)
    if ids.ndim != 1 or (ids.size and ids.dtype.kind not in "iu"):
        raise BadInput(f"cells must be one row of integer H3 ids, not {ids.ndim} of {ids.dtype}", field="cells")
    fine, repeats = np.unique(ids.astype(np.int64), return_counts=True)
    _refuse_foreign(fine)
    parents, where = np.unique(_parents(fine, resolution), return_inverse=True)
    counts = np.zeros(parents.size, dtype=np.int64)
    np.add.at(counts, where, repeats)
    return Heat(parents, counts, resolution)


def _parents(fine: npt.NDArray[np.int64], resolution: int) -> npt.NDArray[np.int64]:
    """`cell_to_parent` on a whole array: write the resolution, set the unused digits to 7 (the H3 index layout)."""
    unused = np.int64((1 << (_DIGIT_BITS * (_DIGITS - resolution))) - 1)
    cleared = fine & ~np.int64(0xF << _RESOLUTION_SHIFT)
    return cleared | np.int64(resolution << _RESOLUTION_SHIFT) | unused


def _refuse_foreign(fine: npt.NDArray[np.int64]) -> None:
    right = ((fine >> _RESOLUTION_SHIFT) & 0xF == FINEST) & ((fine >> _MODE_SHIFT) == _CELL_MODE)
    valid = np.fromiter((h3.is_valid_cell(int(cell)) for cell in fine[right]), dtype=bool, count=int(right.sum()))
    wrong = np.concatenate([fine[~right], fine[right][~valid]])
    if wrong.size:
        raise BadInput(
            f"{wrong.size} of the ids are no H3 cells of resolution {FINEST}, first {int(wrong[0]) & (2**64 - 1):#x}",
            field="cells",
        )
