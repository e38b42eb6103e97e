"""`wangge conditions FILE OUT`: a city's class table as the tables to import: matters, parties and duties."""

from pathlib import Path
from typing import Annotated

import typer

from data.conditions import read_conditions
from data.duty_list import duty_list, read_words, write_duty_list
from server.cli.out import Json, console, new_app, print_findings, print_json

app = new_app()


@app.command()
def conditions(
    file: Annotated[Path, typer.Argument(help="CSV with majors, minors, conditions, handlers and limits.")],
    out: Annotated[Path, typer.Argument(help="Folder for matters, parties, duties, words and unread.")],
    area: Annotated[str, typer.Option(help="Code of the whole city's area, where the duties hold.")],
    layer: Annotated[str, typer.Option(help="The layer of that area.")] = "city",
    words: Annotated[Path | None, typer.Option(help="words.csv of an earlier run, corrected.")] = None,
    json: Json = False,
) -> int:
    """Read who handles what, as units and relations (所属街办, 各产权单位). 1 when a part of a handler could not be
    read: it is listed in unread.csv by its row; correct words.csv and give it with --words."""
    table = read_conditions(file)
    found = duty_list(table, (layer, area), read_words(words) if words else {}, file.name)
    paths = write_duty_list(table, found, out)
    findings = [*table.findings, *found.findings]
    unread = sum(len(rows) for meaning, rows in found.used.items() if meaning.party is None)
    counts = {"parties": len(found.units), "duties": len(found.duties), "unread": unread}
    if json:
        files = {name: str(path) for name, path in paths.items()}
        told = [finding.as_dict() for finding in findings]
        print_json({**counts, "relations": list(found.relations), "files": files, "findings": told})
    else:
        print_findings(findings)
        console.print(f"{counts['parties']} parties, {counts['duties']} duties, written to {out}", markup=False)
        console.print(f"relations to fill in: {', '.join(found.relations) or 'none'}", markup=False)
    return 1 if unread else 0
