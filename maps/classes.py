"""Classes for a legend: few, in whole numbers, none of them empty, with labels and colours."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from gis.errors import BadInput

Method = Literal["geometric", "quantile", "equal"]
MOST = 7

RAMP = ("#ffeda0", "#fed976", "#feb24c", "#fd8d3c", "#f03b20", "#bd0026", "#67000d")
"""Yellow to dark red after ColorBrewer's YlOrRd and Reds. It never relies on red against green, and every step is
darker than the one before, so it survives colour-blind eyes and a grey printer."""

_ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True, slots=True)
class Classes:
    """Classes from few to many. Class i holds the counts from lows[i] to highs[i], both included."""

    lows: tuple[int, ...]
    highs: tuple[int, ...]
    colours: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Such as 1, 2–5, 6–20."""
        pairs = zip(self.lows, self.highs, strict=True)
        return tuple(f"{low:,}" if low == high else f"{low:,}–{high:,}" for low, high in pairs)

    def of(self, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The class number of each count; counts outside the range the classes were made from go to the end classes."""
        return np.minimum(np.searchsorted(self.highs, counts, side="left"), len(self.highs) - 1).astype(np.int64)


def classes_of(counts: npt.NDArray[np.int64], method: Method = "geometric", most: int = 5) -> Classes:
    """At most `most` (1..7) classes over counts of at least 1; fewer when the values leave no room, none for none.

    `geometric` grows by a factor and rounds to handy numbers: right for reports, where a few cells hold most.
    `quantile` gives classes of about as many cells each, `equal` steps of one width.
    """
    if not 1 <= most <= MOST:
        raise BadInput(f"{most} classes: between 1 and {MOST} can be told apart on a map", field="most")
    if method not in _TOPS:
        raise BadInput(f"method {method} is none of {', '.join(_TOPS)}", field="method")
    values = np.unique(counts)
    if not values.size:
        return Classes((), (), ())
    if values[0] < 1:
        raise BadInput(f"a count of {values[0]}: classes are made over occupied cells, of 1 and more", field="counts")
    highs = _without_empty(_TOPS[method](np.sort(counts), most), values)
    lows = (int(values[0]), *(high + 1 for high in highs[:-1]))
    return Classes(lows, highs, _colours(len(highs)))


def _without_empty(tops: list[int], values: npt.NDArray[np.int64]) -> tuple[int, ...]:
    """The tops that end a class with at least one observed value; the last is the largest value itself."""
    kept: list[int] = []
    below = 0
    for top in sorted(set(tops)):
        upto = int(np.searchsorted(values, top, side="right"))
        if below < upto < values.size:
            kept.append(top)
            below = upto
    return (*kept, int(values[-1]))


def _geometric(counts: npt.NDArray[np.int64], most: int) -> list[int]:
    low, high = int(counts[0]), int(counts[-1])
    return [low] * (most > 1) + [_handy(low * (high / low) ** (i / (most - 1))) for i in range(1, most - 1)]


def _quantile(counts: npt.NDArray[np.int64], most: int) -> list[int]:
    wanted = [i / most for i in range(1, most)]
    return [int(top) for top in np.quantile(counts, wanted, method="inverted_cdf")]


def _equal(counts: npt.NDArray[np.int64], most: int) -> list[int]:
    low, high = int(counts[0]), int(counts[-1])
    return [low - 1 + (high - low + 1) * i // most for i in range(1, most)]


_TOPS: dict[str, Callable[[npt.NDArray[np.int64], int], list[int]]] = {
    "geometric": _geometric,
    "quantile": _quantile,
    "equal": _equal,
}


def _handy(value: float) -> int:
    """The nearest whole number that people read easily: 2, 5, 15, 40, 250..."""
    power: float = 10.0 ** math.floor(math.log10(value))
    return max(1, round(min(_ROUND, key=lambda step: abs(step - value / power)) * power))


def _colours(number: int) -> tuple[str, ...]:
    if number == 1:
        return (RAMP[3],)
    return tuple(RAMP[round(i * (len(RAMP) - 1) / (number - 1))] for i in range(number))
