"""`wangge`: finds the command's module, runs it, and turns errors into messages and exit codes.

0 done, 1 refused by a check or by the machine, 2 bad usage or input, 70 a fault in Wangge itself. Modules are loaded
only when their command is called, so that `wangge --help` answers at once.
"""

import importlib
import sys
import traceback
from importlib.metadata import version
from pathlib import Path

from typer import Abort
from typer.exceptions import TyperException

from gis.errors import BadInput, NotFound, WanggeError

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("server.cli.demo", "a sample city, from import to heat map; then serves it (--check: proves it and ends)"),
    "serve": ("server.cli.serve", "answer over HTTP, with the map page at /"),
    "migrate": ("server.cli.store", "bring the store to the newest schema"),
    "doctor": ("server.cli.store", "look at this installation and say what is wrong"),
    "backup": ("server.cli.backup", "the whole store in one file, while others go on working"),
    "restore": ("server.cli.backup", "fill an empty store, SQLite or PostGIS, from a backup"),
    "key": ("server.cli.keys", "create, list, revoke keys for callers from other machines"),
    "import": ("server.cli.imports", "areas, segments, tables, assets, addresses: a dry run unless --commit"),
    "roster": ("server.cli.books", "who is here, on shift, on leave"),
    "assets": ("server.cli.books", "things with an owner: list, show"),
    "plans": ("server.cli.books", "emergency plans: list, on, off"),
    "rulings": ("server.cli.books", "dated rulings above the duty list: list, end"),
    "precedence": ("server.cli.books", "the order in which duties win; set it in a draft"),
    "conditions": ("server.cli.conditions", "a city's class table as matters, parties and duties to import"),
    "layers": ("server.cli.layers", "the layers of a draft: list, set, remove"),
    "drafts": ("server.cli.drafts", "the open drafts: start, show, log, rebase, undo, discard; put or remove an area"),
    "validate": ("server.cli.gate", "run the publish gate on a draft and show its findings"),
    "repair": ("server.cli.gate", "propose repairs for the gate's findings; --commit applies them to the draft"),
    "publish": ("server.cli.versions", "make a draft the version in force"),
    "versions": ("server.cli.versions", "the published versions"),
    "covers": ("server.cli.covers", "the H3 covers of published areas, for SQL: build what is missing"),
    "rollback": ("server.cli.versions", "publish a copy of an older version"),
    "diff": ("server.cli.versions", "what changed between two versions"),
    "owner": ("server.cli.owner", "whose is this point?"),
    "assign": ("server.cli.assign", "cell and owner for every row of a file"),
    "datums": ("server.cli.datums", "the city's own coordinate systems: add, list, show, check, remove"),
    "report": ("server.cli.reports", "reports: import, show, replay, count"),
    "matrix": ("server.cli.matrix", "matters by areas: who answers, and where nobody does, as a page, table or JSON"),
    "map": ("server.cli.maps", "maps that open without the internet: heat"),
    "export": ("server.cli.export", "a layer to GeoJSON, GeoPackage, GeoParquet, FlatGeobuf or Shapefile"),
}


_FAULT = 70


def help_text() -> str:
    """All commands, a line each."""
    lines = [f"  {name:<10} {words}" for name, (_, words) in COMMANDS.items()]
    title = "Wangge 网格: whose ground is this point, whose job is it, and how sure are we."
    more = "wangge COMMAND --help tells more. Settings are environment variables: docs/settings.md."
    return "\n".join([title, "", "Usage: wangge COMMAND ...", "", *lines, "", more])


def run(arguments: list[str] | None = None) -> None:
    """The command line; ends the process with its exit code."""
    sys.exit(code_of(sys.argv[1:] if arguments is None else arguments))


def code_of(arguments: list[str]) -> int:
    """Run one command line and give its exit code."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(help_text())
        return 0 if arguments else 2
    if arguments[0] in ("--version", "version"):
        print(version("wangge"))
        return 0
    name = arguments[0]
    if name not in COMMANDS:
        print(f"wangge: there is no command '{name}'\n\n{help_text()}", file=sys.stderr)
        return 2
    return _run(name, arguments)


def _run(name: str, arguments: list[str]) -> int:
    try:
        app = importlib.import_module(COMMANDS[name][0]).app
        code = app(arguments, prog_name="wangge", standalone_mode=False)
    except WanggeError as error:
        print(f"wangge {name}: {error.detail}", file=sys.stderr)
        return 2 if isinstance(error, BadInput | NotFound) else 1
    except TyperException as error:
        print(f"wangge {name}: {error.format_message()}; see wangge {name} --help", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, Abort):
        print("stopped; nothing half-done was kept", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0
    except OSError as error:
        print(f"wangge {name}: {_plain(error)}", file=sys.stderr)
        return 1
    except Exception as error:  # whatever it is: a line, not a page
        print(f"wangge {name}: unexpected error: {_told(error)}", file=sys.stderr)
        return _FAULT
    return int(code or 0)


def _plain(error: OSError) -> str:
    path = error.filename2 or error.filename
    return f"{path}: {error.strerror}" if path else _told(error)


def _told(error: Exception) -> str:
    """Its type, its first line, and where in the program it arose."""
    words = str(error).strip().partition("\n")[0]
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__}: {words} ({Path(frames[-1].filename).name}:{frames[-1].lineno})"
