"""Which area a row speaks of: columns that hold area codes, or texts with area names in them."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gis.coordinates import Ranks
from grids.release import LayerTable

_LEAST_CODE, _LEAST_NAME = 5, 2
_MOST_NAMES = 2_000
_LOOKED_AT, _LEAST_SHARE = 300, 0.5


@dataclass(frozen=True, slots=True)
class Mentions:
    """``area``: for each row the area of ``table`` that its ``column`` names, -1 for none."""

    column: str
    table: LayerTable
    area: Ranks


def mentions_in(columns: Mapping[str, Sequence[str | None]], table: LayerTable) -> Iterator[Mentions]:
    """The columns that are about areas of this layer, with the areas they name.

    Codes shorter than five characters are too like other numbers to count; a name counts anywhere in a text, when it
    is the only one there. At least half of the first texts must name an area, and not all the same.
    """
    if len(table) < 2:
        return
    lookups = (_Codes(table), _Names(table))
    for column, texts in columns.items():
        first = [text for text in texts if text][:_LOOKED_AT]
        for lookup in lookups:
            named = [lookup.area(text) for text in first]
            known = [area for area in named if area >= 0]
            if len(set(known)) >= 2 and len(known) >= _LEAST_SHARE * len(named):
                area = np.array([lookup.area(text) if text else -1 for text in texts], np.int64)
                yield Mentions(column, table, area)
                break


class _Codes:
    def __init__(self, table: LayerTable) -> None:
        self._areas = {code: i for i, code in enumerate(table.codes) if len(code) >= _LEAST_CODE}

    def area(self, text: str) -> int:
        return self._areas.get(text, -1)


class _Names:
    def __init__(self, table: LayerTable) -> None:
        names = list(table.names)
        counts = Counter(names)
        usable = [i for i, name in enumerate(names) if len(name) >= _LEAST_NAME and not name.isdigit()]
        self._areas = {names[i]: i for i in usable if counts[names[i]] == 1}
        longest = sorted(self._areas, key=len, reverse=True)
        pattern = "|".join(map(re.escape, longest)) if 0 < len(longest) <= _MOST_NAMES else "(?!)"
        self._pattern = re.compile(pattern)

    def area(self, text: str) -> int:
        whole = self._areas.get(text)
        if whole is not None:
            return whole
        found = set(self._pattern.findall(text))
        return self._areas[found.pop()] if len(found) == 1 else -1
