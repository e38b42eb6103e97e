"""``./run bench [NAME] [--json]``: one line a subject; without a name, all of them."""

import argparse
import importlib
import json
import pkgutil
import sys
from dataclasses import asdict

import benchmarks
from benchmarks.rounds import ROUNDS, Timing, measure

NOT_CASES = {"__main__", "rounds"}


def names() -> list[str]:
    """The names that can be asked for: the modules of this folder that offer ``cases()``."""
    return sorted({module.name for module in pkgutil.iter_modules(benchmarks.__path__)} - NOT_CASES)


def main() -> int:
    """Run what was asked for; 2 when there is no such name."""
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=names())
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    timings: list[Timing] = []
    for name in [wanted.name] if wanted.name else names():
        for case in importlib.import_module(f"benchmarks.{name}").cases():
            measured = measure(case, wanted.rounds)
            timings += measured
            if not wanted.json:
                for timing in measured:
                    _print(timing)
    if wanted.json:
        json.dump([{**asdict(timing), "per_second": timing.per_second} for timing in timings], sys.stdout, indent=1)
        print()
    return 0


def _print(timing: Timing) -> None:
    print(
        f"{timing.case:<16} {timing.subject:<20} {timing.seconds * 1e3:>12.3f} ms "
        f"{timing.per_second:>14,.0f} {timing.unit}/s   noise {timing.noise:.0%}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
