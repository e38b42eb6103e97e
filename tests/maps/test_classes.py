"""Legend classes: whole numbers, none empty, told apart in colour and in grey."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.errors import BadInput
from maps.classes import MOST, RAMP, Classes, Method, classes_of

methods = st.sampled_from(["geometric", "quantile", "equal"])


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=60), methods, st.integers(1, MOST))
def test_classes_hold_every_count_and_none_is_empty(counts: list[int], method: Method, most: int) -> None:
    values = np.array(counts, dtype=np.int64)
    classes = classes_of(values, method, most)
    number = classes.of(values)
    assert set(number.tolist()) == set(range(len(classes.highs)))
    assert len(classes.highs) == len(classes.lows) == len(classes.colours) <= most
    assert (np.array(classes.lows)[number] <= values).all()
    assert (values <= np.array(classes.highs)[number]).all()
    assert classes.lows[1:] == tuple(high + 1 for high in classes.highs[:-1])
    assert (classes.lows[0], classes.highs[-1]) == (min(counts), max(counts))


def test_reports_pile_up_so_classes_grow_by_a_factor() -> None:
    counts = np.array([1] * 500 + [2, 3, 4, 5, 8, 13, 20, 33, 70, 120, 400], dtype=np.int64)
    assert classes_of(counts).labels == ("1", "2–4", "5–20", "21–80", "81–400")


def test_quantiles_hold_about_as_many_cells_each() -> None:
    counts = np.arange(1, 101, dtype=np.int64)
    assert classes_of(counts, "quantile", 4).highs == (25, 50, 75, 100)


def test_equal_steps_are_of_one_width() -> None:
    counts = np.arange(1, 101, dtype=np.int64)
    assert classes_of(counts, "equal", 5).highs == (20, 40, 60, 80, 100)


def test_one_value_is_one_class() -> None:
    classes = classes_of(np.array([7, 7, 7], dtype=np.int64))
    assert (classes.labels, len(classes.colours)) == (("7",), 1)


def test_thousands_are_separated() -> None:
    assert Classes((1000,), (25000,), ("#000000",)).labels == ("1,000–25,000",)


def test_no_counts_have_no_classes() -> None:
    assert classes_of(np.array([], dtype=np.int64)).labels == ()


@pytest.mark.parametrize(("counts", "method", "most"), [([0, 1], "equal", 5), ([1], "equal", 8), ([1], "magic", 5)])
def test_bad_wishes_are_refused(counts: list[int], method: Method, most: int) -> None:
    with pytest.raises(BadInput):
        classes_of(np.array(counts, dtype=np.int64), method, most)


def test_each_colour_is_clearly_darker_than_the_one_before_also_in_grey() -> None:
    grey = [0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in map(_rgb, RAMP)]
    assert all(before - after > 10 for before, after in pairwise(grey)), grey


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
