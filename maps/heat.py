"""How many reports lie in each H3 cell, at the resolution asked for."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gis.errors import BadInput
from gis.h3cells import check_cells, check_resolution, parents

Cells = npt.NDArray[np.int64] | npt.NDArray[np.uint64]


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
    check_resolution(resolution)
    ids = np.asarray(cells)
    if ids.ndim != 1 or (ids.size and ids.dtype.kind not in "iu"):
        raise BadInput(f"cells must be one row of integer H3 ids, not {ids.ndim} of {ids.dtype}", field="cells")
    fine, repeats = np.unique(ids.astype(np.int64), return_counts=True)
    check_cells(fine)
    coarse, where = np.unique(parents(fine, resolution), return_inverse=True)
    counts = np.zeros(coarse.size, dtype=np.int64)
    np.add.at(counts, where, repeats)
    return Heat(coarse, counts, resolution)
