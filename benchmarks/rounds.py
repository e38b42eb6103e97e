"""How a case is timed: every subject once to warm up, then in turns, so that a slow minute hits all alike."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Case:
    """One question asked of several subjects. ``items`` is how many things one call handles."""

    name: str
    unit: str
    items: int
    subjects: Mapping[str, Callable[[], object]]


@dataclass(frozen=True, slots=True)
class Timing:
    """What one subject took: median seconds of a call, and the noise, (slowest - fastest) / median."""

    case: str
    subject: str
    unit: str
    items: int
    seconds: float
    noise: float

    @property
    def per_second(self) -> float:
        """Items a second, at the median."""
        return self.items / self.seconds


def measure(case: Case, rounds: int = ROUNDS) -> list[Timing]:
    """The timing of every subject of the case."""
    for call in case.subjects.values():
        call()
    taken: dict[str, list[float]] = {name: [] for name in case.subjects}
    for _ in range(rounds):
        for name, call in case.subjects.items():
            start = time.perf_counter()
            call()
            taken[name].append(time.perf_counter() - start)
    return [_timing(case, name, seconds) for name, seconds in taken.items()]


def _timing(case: Case, subject: str, seconds: list[float]) -> Timing:
    middle = statistics.median(seconds)
    return Timing(case.name, subject, case.unit, case.items, middle, (max(seconds) - min(seconds)) / middle)
