"""Sizes and habits that keep every file readable in one sitting; the list of exceptions is named and short."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("gis", "grids", "routing", "maps", "data", "server")
LONGEST_FILE = 400
LONGEST_FUNCTION = 40
MOST_PARAMETERS = 6
BROAD_EXCEPT_ALLOWED = {
    "server/api/app.py",  # the keeper of the shelf outlives one bad round, and no request goes uncounted
    "server/api/problems.py",  # the last-resort HTTP handler
    "server/cli/main.py",  # the command line's main
}
PURE = (
    *("coordinates", "datums", "shapes", "measure", "h3cells", "locate", "lines", "rings", "findings", "errors"),
    *("owner", "claims", "precedence", "topology", "names", "release", "timeline", "periods", "relations"),
    *("roster", "assets", "overrides", "books"),
    *("states", "deadlines", "workdays", "heat", "hotspots", "classes", "hexagons"),
)
CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _python_files(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if "vendor" not in path.parts and "__pycache__" not in path.parts]


SOURCES = _python_files(*PARTS, "benchmarks")
EVERYTHING = [*SOURCES, *_python_files("tests", "alembic"), ROOT / "hatch_build.py"]


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(_tree(path)) if isinstance(node, Function))


def _at(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def _is_command_or_route(function: Function) -> bool:
    """Their parameters are options of the command line and fields of a query, which the reader meets one at a time."""
    words = [ast.unparse(decorator) for decorator in function.decorator_list]
    return any(".command(" in word or word.startswith(("router.", "app.")) for word in words)


def _parameter_count(function: Function) -> int:
    names = function.args
    found = [word.arg for word in (*names.posonlyargs, *names.args, *names.kwonlyargs)]
    return len(found[1:] if found[:1] in (["self"], ["cls"]) else found)


def test_no_file_is_longer_than_400_lines() -> None:
    counts = {path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in EVERYTHING}
    assert not {name: count for name, count in counts.items() if count > LONGEST_FILE}


def test_no_function_is_longer_than_40_lines() -> None:
    spans = {_at(path, node): node.end_lineno - node.lineno + 1 for path in SOURCES for node in _functions(path)}
    assert not {place: lines for place, lines in spans.items() if lines > LONGEST_FUNCTION}


def test_no_function_takes_more_than_6_parameters() -> None:
    counts = {
        f"{_at(path, node)} {node.name}": _parameter_count(node)
        for path in SOURCES
        for node in _functions(path)
        if not _is_command_or_route(node)
    }
    assert not {place: count for place, count in counts.items() if count > MOST_PARAMETERS}


def test_imports_stand_at_the_top() -> None:
    inside = {
        _at(path, node)
        for path in SOURCES
        for function in _functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert not inside


def test_a_broad_except_stands_only_in_the_three_named_places() -> None:
    broad = {
        _at(path, node)
        for path in SOURCES
        if path.relative_to(ROOT).as_posix() not in BROAD_EXCEPT_ALLOWED
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or {"Exception", "BaseException"} & set(ast.unparse(node.type).strip("()").split(", ")))
    }
    assert not broad


def test_pure_files_read_no_clock() -> None:
    readings = {
        _at(path, node)
        for path in SOURCES
        if path.stem in PURE and "storage" not in path.parts
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func).removeprefix("datetime.") in CLOCKS
    }
    assert not readings


@pytest.mark.parametrize("folder", ["tests", "alembic"])
def test_the_folder_is_no_package(folder: str) -> None:
    """``alembic/__init__.py`` would shadow the library; ``tests/gis/__init__.py`` would shadow gis."""
    assert not sorted((ROOT / folder).rglob("__init__.py"))


def test_no_module_is_named_like_one_of_the_standard_library() -> None:
    """Harmless as ``a.b``, but a puzzle in every traceback and an accident when the file is run by itself."""
    own = {path for path in SOURCES if path.stem not in ("__init__", "__main__")}
    assert not {str(path.relative_to(ROOT)) for path in own if path.stem in sys.stdlib_module_names}


def test_there_is_one_alembic_head() -> None:
    command = [sys.executable, "-m", "alembic", "heads"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 1, done.stdout


def test_the_run_script_is_short_enough_to_be_read() -> None:
    assert len((ROOT / "run").read_text("utf-8").splitlines()) <= 200
