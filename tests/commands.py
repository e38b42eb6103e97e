"""The command line, run in this process: what it said on both streams, and its exit code."""

import io
import json
import os
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from server.cli.main import code_of


@dataclass(frozen=True)
class Said:
    """One command's end."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on standard output."""
        return json.loads(self.out)

    @property
    def all(self) -> str:
        return self.out + self.err


class Wangge:
    """`wangge` with a home folder of its own and no other settings."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.settings = {"WANGGE_HOME": str(home)} | {f"WANGGE_{name.upper()}": v for name, v in settings.items()}

    def __call__(self, *words: object) -> Said:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")}
        out, err = io.StringIO(), io.StringIO()
        with patch.dict(os.environ, kept | self.settings, clear=True), redirect_stdout(out), redirect_stderr(err):
            code = code_of([str(word) for word in words])
        return Said(code, out.getvalue(), err.getvalue())

    def do(self, *words: object) -> Said:
        """The same, for a command that must succeed."""
        said = self(*words)
        assert said.code == 0, said.all
        return said
