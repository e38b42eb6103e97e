"""`./run bundle OUT [--python 3.12]...`, called by `./run` with the locked build tools on the path."""

import platform
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from gis.errors import BadInput, WanggeError
from server.bundle.making import make_bundle, place_of

PYTHONS = ("3.11", "3.12", "3.13")
_STOPPED = 130  # what typer makes of KeyboardInterrupt
CHECKOUT = Path(__file__).resolve().parents[2]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command()
def bundle(
    out: Annotated[Path, typer.Argument(help="A name.tar.gz, or a folder that is not there yet.")],
    python: Annotated[list[str] | None, typer.Option(help="For this Python instead of this one's; repeatable.")] = None,
) -> None:
    """An offline installer for a closed network, for machines of this one's kind: docs/closed-network.md."""
    if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        raise BadInput(f"bundles are made on Linux with glibc, for the same; this is {platform.platform()}")
    wanted = python or [f"{sys.version_info.major}.{sys.version_info.minor}"]
    if strange := [version for version in wanted if version not in PYTHONS]:
        raise BadInput(f"--python {strange[0]}: Wangge runs on Python {', '.join(PYTHONS)}", field="python")
    made = make_bundle(CHECKOUT, place_of(out), [version for version in PYTHONS if version in wanted], _say)
    _say(f"{made.files} files, {made.bytes / 1e6:.0f} MB in {out}")
    if made.sha256:
        _say("SHA-256 of the archive, to be carried by another way:")
        print(f"{made.sha256}  {out.name}")


def _say(words: str) -> None:
    print(f"bundle: {words}", file=sys.stderr, flush=True)


def run() -> int:
    """The command line: 0 done, 1 refused, 2 bad usage, 130 stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that it cleans up too
    try:
        code = int(app(prog_name="./run bundle", standalone_mode=False) or 0)
    except WanggeError as error:
        _say(error.detail)
        return 2 if isinstance(error, BadInput) else 1
    except TyperException as error:
        _say(f"{error.format_message()}; see ./run bundle --help")
        return 2
    except OSError as error:
        _say(str(error))
        return 1
    if code == _STOPPED:
        _say("stopped; nothing half-done was kept")
    return code


if __name__ == "__main__":
    sys.exit(run())
