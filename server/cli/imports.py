"""`wangge import ...`: files into a draft, the roster or the address table. A dry run unless --commit."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from shapely import Point

from gis.errors import Refused
from gis.findings import Finding
from grids.drafts import DEFAULT_DRAFT
from grids.import_areas import AreaFile, import_areas
from grids.import_tables import import_table
from grids.importing import ImportReport
from grids.names import USUAL_HALF_WIDTH_M
from routing.addresses import import_addresses
from routing.intake import known_zone
from server.cli.out import (
    CRS_FORMS,
    Commit,
    Draft,
    Json,
    console,
    new_app,
    now,
    opened,
    print_findings,
    print_json,
    progress,
)

app = new_app()
group = new_app("Files into a draft, the roster or the address table. A dry run unless --commit.")
app.add_typer(group, name="import")

File = Annotated[Path, typer.Argument(help="The file.")]
Merge = Annotated[bool, typer.Option("--merge", help="Keep what the file does not mention.")]
Layer = Annotated[str, typer.Option(help="The layer they go into; an unknown one is made.")]
ParentLayer = Annotated[str | None, typer.Option(help="The layer the parents are in.")]
CodeField = Annotated[str, typer.Option(help="Field with the code.")]
NameField = Annotated[str | None, typer.Option(help="Field with the name.")]
ParentField = Annotated[str | None, typer.Option(help="Field with the parent's code.")]
OwnCrs = Annotated[str | None, typer.Option(help=f"{CRS_FORMS} Else the file's own.")]
FileLayer = Annotated[str | None, typer.Option(help="Which layer of a GeoPackage.")]
HalfWidth = Annotated[
    str, typer.Option(metavar="METRES|FIELD", help="From the centre line to the kerb: metres, or the field with them.")
]
PartyField = Annotated[
    str | None,
    typer.Option(help="Field with the owner: makes the parties that are new, and a lead duty for each segment."),
]


@group.command()
def areas(
    file: File,
    layer: Layer,
    code: CodeField,
    parent: ParentField = None,
    name: NameField = None,
    crs: OwnCrs = None,
    draft: Draft = DEFAULT_DRAFT,
    merge: Merge = False,
    overlapping: Annotated[bool, typer.Option("--overlapping", help="A new layer's areas may overlap.")] = False,
    kind: Annotated[str | None, typer.Option(help="A new layer's kind: district, street, community, cell ...")] = None,
    parent_layer: ParentLayer = None,
    file_layer: FileLayer = None,
    commit: Commit = False,
    json: Json = False,
) -> int:
    """Areas of one layer, from any spatial format: polygons.

    A new layer is a partition, seamless, unless --overlapping is said or its kind is estate, zone or segment, which
    need not tile the city. Road segments drawn as polygons come in here, with --kind segment; drawn as centre lines
    they come in by `wangge import segments`.
    """
    source = AreaFile(file, layer, code, parent, name, crs, draft, merge, overlapping, kind, parent_layer, file_layer)
    with opened() as place, progress(f"areas {file.name}") as told:
        return tell(lambda: import_areas(place.store, source, now(), commit, told), json)


@group.command()
def segments(
    file: File,
    code: CodeField,
    layer: Layer = "segment",
    name: NameField = None,
    half_width: HalfWidth = f"{USUAL_HALF_WIDTH_M:g}",
    party: PartyField = None,
    parent: ParentField = None,
    parent_layer: ParentLayer = None,
    crs: OwnCrs = None,
    draft: Draft = DEFAULT_DRAFT,
    merge: Merge = False,
    file_layer: FileLayer = None,
    commit: Commit = False,
    json: Json = False,
) -> int:
    """Road segments, from any spatial format: centre lines with a half-width.

    A point belongs to the segment with the nearest centre line within that segment's half-width. Segments drawn as
    polygons come in by `wangge import areas --kind segment`.

    An owner is told by --party as a party's code, as the name that just one party has, or as a relation such as
    office_of:street. Duties made so have the code LAYER:CODE, and the next import of the layer replaces them.
    """
    source = AreaFile(file, layer, code, parent, name, crs, draft, merge, False, None, parent_layer, file_layer)
    source = replace(source, half_width=_metres_or_field(half_width), party=party)
    with opened() as place, progress(f"segments {file.name}") as told:
        return tell(lambda: import_areas(place.store, source, now(), commit, told), json)


def _metres_or_field(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _table(kind: str) -> None:
    def run(
        file: File, draft: Draft = DEFAULT_DRAFT, merge: Merge = False, commit: Commit = False, json: Json = False
    ) -> int:
        with opened() as place, progress(f"{kind} {file.name}") as told:
            zone = known_zone(place.settings.timezone)
            options = {"draft": draft, "merge": merge, "progress": told, "zone": zone}
            return tell(lambda: import_table(place.store, kind, file, now(), commit, **options), json)

    group.command(kind, help=f"{kind.capitalize()} from CSV, XLSX or Parquet.")(run)


for _kind in ("parties", "people", "roster", "matters", "duties", "relations", "overrides"):
    _table(_kind)


@group.command()
def assets(
    file: File,
    crs: Annotated[str, typer.Option(help=CRS_FORMS)] = "wgs84",
    draft: Draft = DEFAULT_DRAFT,
    merge: Merge = False,
    commit: Commit = False,
    json: Json = False,
) -> int:
    """Things with an owner, from CSV, XLSX or Parquet: columns code, lon, lat, matter; name, owner, from, until."""
    with opened() as place, progress(f"assets {file.name}") as told:
        zone = known_zone(place.settings.timezone)
        options = {"draft": draft, "merge": merge, "progress": told, "zone": zone, "crs": crs}
        return tell(lambda: import_table(place.store, "assets", file, now(), commit, **options), json)


@group.command()
def addresses(
    file: File,
    crs: Annotated[str, typer.Option(help=CRS_FORMS)] = "wgs84",
    commit: Commit = False,
    json: Json = False,
) -> int:
    """The city's address table: columns address, lon, lat."""
    with opened() as place, progress(f"addresses {file.name}") as told:
        view = place.shelf.view(now())
        release = view.release if view else None
        return tell(lambda: import_addresses(place.store, file, crs, commit, told, release), json)


def tell(work: Callable[[], ImportReport], json: bool) -> int:
    """Import and show the report, also of a file that is refused; 1 when it holds an error."""
    try:
        report = work()
    except Refused as error:
        if "report" not in error.facts:
            raise
        return _show(error.facts["report"], "refused, nothing of it was imported", json)
    did = "imported" if report.committed else "dry run, nothing kept (--commit keeps it)"
    return _show(report.as_dict(), did, json)


def _show(report: Mapping[str, Any], did: str, json: bool) -> int:
    if json:
        print_json(report)
    print_findings([_finding(found) for found in report["findings"]])
    errors = sum(row["count"] for row in report["counts"] if row["severity"] == "error")
    where = f" into draft '{report['draft']}'" if report["draft"] else ""
    changes = ", ".join(f"{report[name]:,} {name}" for name in ("added", "changed", "removed", "unchanged"))
    console.print(
        f"{report['what']}{where}: {report['rows']:,} rows; {changes}; {errors:,} errors; {did}", markup=False
    )
    return 1 if errors else 0


def _finding(found: Mapping[str, Any]) -> Finding:
    plain = {name: value for name, value in found.items() if name not in ("lon", "lat", "codes")}
    place = Point(found["lon"], found["lat"]) if "lon" in found else None
    return Finding(**plain, codes=tuple(found.get("codes", ())), geometry=place)
