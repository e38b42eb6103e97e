"""A cell's value as the text a person would see, and the check that the fields asked for are there."""

import difflib
import json
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from gis.errors import BadInput

Column = list[str | None]
_EXACT_FLOAT = 1e16


def as_text(value: Any) -> str | None:
    """The value as text: 310101.0 reads ``310101``, true reads ``true``, dates are ISO, null and NaN are None.

    A date-time at midnight reads as its date: spreadsheets and pandas know no other dates.
    """
    match value:
        case None:
            return None
        case str():
            return value
        case bool() | np.bool_():
            return "true" if value else "false"
        case float() | np.floating():
            return _float_text(value)
        case Decimal():
            return str(int(value)) if value == value.to_integral_value() else format(value, "f")
        case datetime():
            midnight = value.time() == time() and value.tzinfo is None
            return value.date().isoformat() if midnight else value.isoformat()
        case date() | time():
            return value.isoformat()
        case bytes():
            return value.hex()
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _float_text(value: float | np.floating[Any]) -> str | None:
    number = float(value)
    if number != number:
        return None
    if abs(number) < _EXACT_FLOAT and number.is_integer():
        return str(int(number))
    return str(value)


def column_text(array: pa.Array) -> Column:
    """An Arrow column as text."""
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        texts: Column = array.to_pylist()
        return texts
    if pa.types.is_float32(array.type):
        return [as_text(None if value is None else np.float32(value)) for value in array.to_pylist()]
    return [as_text(value) for value in array.to_pylist()]


def wanted_fields(path: Path, present: Sequence[str], asked: Sequence[str] | None) -> list[str]:
    """The fields to read: those asked for, or all.

    Raises BadInput for a field that is not there, with the closest one that is, and for names that occur twice.
    """
    repeated = [name for name, count in Counter(present).items() if count > 1]
    if repeated:
        raise BadInput(f"{path.name}: the field name {repeated[0]!r} occurs twice; rename one", field=repeated[0])
    for name in asked or ():
        if name not in present:
            hint = closest(name, present)
            question = f"; did you mean {hint!r}?" if hint else ""
            there = ", ".join(present) or "none"
            raise BadInput(f"{path.name}: there is no field {name!r}{question} Fields there: {there}", field=name)
    return list(present if asked is None else dict.fromkeys(asked))


def closest(name: str, present: Sequence[str]) -> str | None:
    """The name most like ``name``, whatever its case, or None when nothing is like it."""
    folded = {candidate.casefold(): candidate for candidate in present}
    found = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.4)
    return folded[found[0]] if found else None
