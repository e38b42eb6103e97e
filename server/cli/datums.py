"""`wangge datums`: the city's own coordinate systems, which sources then declare as city:NAME."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from gis.control_points import MODELS, ControlPoints, Fit, fit_plane, misses_m
from gis.coordinates import Floats
from gis.datums import OWN
from gis.errors import BadInput
from gis.plane_fit import PlaneFit
from grids.control_files import ControlColumns, read_control_points
from grids.datum_models import CityDatumRow
from grids.datums import (
    Definition,
    add_datum,
    bare_name,
    datum_row,
    defined_by_points,
    defined_by_text,
    definition_of,
    definitions_in,
    parsed_area,
    remove_datum,
)
from server.cli.out import Json, console, new_app, now, opened, print_json, print_rows

app = new_app()
group = new_app("The city's own coordinate systems, declared as city:NAME in --crs, crs= and out_crs=.")
app.add_typer(group, name="datums")

Name = Annotated[str, typer.Argument(help="Its name, with or without city:.")]
X = Annotated[str, typer.Option("--x", help="Column with the easting.")]
Y = Annotated[str, typer.Option("--y", help="Column with the northing.")]
Lon = Annotated[str, typer.Option("--lon", help="Column with the longitude, WGS 84 or CGCS2000.")]
Lat = Annotated[str, typer.Option("--lat", help="Column with the latitude.")]
_POINT = ("row", "name", "residual_m", "left_out_m")


@group.command("list")
def list_datums(json: Json = False) -> int:
    """The systems there are."""
    with opened() as place:
        known = definitions_in(place.store)
    rows = [{"name": name, "kind": told.kind, "rms_m": _metres(told.rms_m)} for name, told in known.items()]
    if json:
        print_json({"datums": [row | {"rms_m": known[str(row["name"])].rms_m} for row in rows]})
    else:
        print_rows(rows, ("name", "kind", "rms_m"), "no city has a system of its own here: `wangge datums add`")
    return 0


@group.command()
def add(
    name: Name,
    proj: Annotated[str | None, typer.Option(help="A PROJ string, or a pipeline from longitude and latitude.")] = None,
    wkt: Annotated[Path | None, typer.Option(help="A file with WKT 1 or 2, or an ESRI .prj.")] = None,
    points: Annotated[Path | None, typer.Option(help="A table of control points to fit.")] = None,
    model: Annotated[str | None, typer.Option(help=f"With --points: {', '.join(MODELS)}; else as fits.")] = None,
    meridian: Annotated[float | None, typer.Option(help="With --points: the central meridian, where known.")] = None,
    area: Annotated[str | None, typer.Option(help="With --proj, --wkt: west,south,east,north in degrees.")] = None,
    x: X = "x",
    y: Y = "y",
    lon: Lon = "lon",
    lat: Lat = "lat",
    json: Json = False,
) -> int:
    """Define a system. What it means stays: a new definition needs a new name."""
    if (proj is not None) + (wkt is not None) + (points is not None) != 1:
        raise BadInput("give one of --proj TEXT, --wkt FILE, --points FILE", field="proj")
    notes: tuple[str, ...] = ()
    if points is not None:
        definition, notes = _fitted(points, ControlColumns(x, y, lon, lat), model, meridian)
    else:
        text = proj if proj is not None else _text(wkt or Path())
        definition = defined_by_text("wkt" if wkt else "proj", text, parsed_area(area) if area else None)
    with opened() as place, place.store.write() as session:
        made = add_datum(session, name, definition, now())
    for words in notes:
        console.print(f"note: {words}", markup=False)
    return _show(made.name, definition, json)


def _fitted(
    path: Path, columns: ControlColumns, model: str | None, meridian: float | None
) -> tuple[Definition, tuple[str, ...]]:
    points, names = read_control_points(path, columns)
    fit: Fit = fit_plane(points, model, meridian)
    return defined_by_points(fit, points, names), fit.notes


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is no UTF-8 text", field="wkt", value=str(path)) from error


@group.command()
def show(name: Name, json: Json = False) -> int:
    """What a system is, and how far each of its control points is off."""
    with opened() as place, place.store.read() as session:
        row = datum_row(session, name)
        return _show(OWN + row.name, definition_of(row), json, row)


@group.command()
def remove(name: Name) -> int:
    """Forget a system that no import has used."""
    with opened() as place, place.store.write() as session:
        remove_datum(session, name)
    console.print(f"{name} is removed", markup=False)
    return 0


@group.command()
def check(
    name: Name,
    file: Annotated[Path, typer.Argument(help="A table of other points that are known in both.")],
    x: X = "x",
    y: Y = "y",
    lon: Lon = "lon",
    lat: Lat = "lat",
    json: Json = False,
) -> int:
    """How far the system puts points, other than those it was fitted to, from where they are."""
    points, names = read_control_points(file, ControlColumns(x, y, lon, lat))
    if not len(points):
        raise BadInput(f"{file.name}: holds no points", field="file")
    with opened() as place:
        system = place.datum(OWN + bare_name(name))
    off = misses_m(system, points)
    summary = {"name": system.name, "points": len(points), "rms_m": float(np.sqrt((off**2).mean())), "max_m": off.max()}
    if json:
        print_json(summary | {"max_m": float(off.max()), "rows": _rows(points, names, off)})
        return 0
    print_rows(
        [row | {"off_m": _metres(row["off_m"])} for row in _rows(points, names, off)], ("row", "name", "off_m"), ""
    )
    print(f"{system}: {len(points)} points, RMS {summary['rms_m']:.3f} m, at most {off.max():.3f} m off")
    return 0


def _rows(points: ControlPoints, names: Sequence[str], off: Floats) -> list[dict[str, Any]]:
    triples = zip(points.rows, names, off.tolist(), strict=True)
    return [{"row": row, "name": name, "off_m": metres} for row, name, metres in triples]


def _show(name: str, told: Definition, json: bool, row: CityDatumRow | None = None) -> int:
    way = told.datum(name).transformation
    kept = {"recorded_at": row.recorded_at.isoformat(timespec="seconds"), "used": row.used} if row else {}
    data = {"name": name, "kind": told.kind, "area": told.area, "definition": told.data, **kept}
    if isinstance(way, PlaneFit):
        data |= {**way.facts, "scale": way.scale, "turn_deg": way.turn_deg, "plane": asdict(way.origin)}
    if json:
        print_json(data)
        return 0
    if isinstance(way, PlaneFit):
        _print_fit(name, told, way)
    else:
        print(f"{name}: {told.kind}\n{told.data['text']}")
    for what, value in kept.items():
        print(f"{what}: {value}")
    return 0


def _print_fit(name: str, told: Definition, way: PlaneFit) -> None:
    rows = [{**p, **{part: _metres(p[part]) for part in _POINT[2:]}} for p in told.data["points"]]
    print_rows(rows, _POINT, "")
    print(
        f"{name}: {way.model}, fitted to {way.points} control points, RMS {way.rms_m:.3f} m, at most {way.max_m:.3f} m "
        f"off, RMS {way.left_out_rms_m:.3f} m of each point by the fit of the others\n"
        f"scale {way.scale:.8f}, x axis turned {way.turn_deg:.5f} degrees from the east, "
        f"plane's origin {way.origin.lon:.6f}, {way.origin.lat:.6f}"
    )


def _metres(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"
