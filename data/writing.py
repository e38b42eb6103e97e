"""The sample city as files, in the mix of formats that a city administrator would send."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from data.city import SampleCity
from data.layers import Layer
from data.overrides import Override
from data.plane import Floats
from data.roster import HERE_SINCE
from data.survey import in_city_plane
from gis.files.writers import write_features, write_table

ROWS_FOR_EXCEL = 50_000
PLANE_ZONES = "zones_citygrid.gpkg"
Columns = Mapping[str, Sequence[Any]]


def write_city(city: SampleCity, folder: Path) -> dict[str, Path]:
    """The path of each file written into ``folder`` (made if missing), by its name without suffix.

    Layers have the fields code, name and parent; ``zones_citygrid`` is in the city's own plane, which
    ``control_points`` tell. ``duties`` is a workbook, or CSV beyond 50,000 rows. Where a report has an address only,
    its lon and lat are empty; ``reports_truth`` is not for sending: id, true_cell, true_owner and what decides that.
    """
    folder.mkdir(parents=True, exist_ok=True)
    features = {
        "city.geojson": city.city,
        "districts.geojson": city.districts,
        "streets.gpkg": city.streets,
        "communities.parquet": city.communities,
        "grids.fgb": city.grids,
        "cells.gpkg": city.cells,
        "zones.geojson": city.zones,
        "estates.gpkg": city.estates,
    }
    for name, layer in features.items():
        write_features(folder / name, _layer_columns(layer), layer.shapes)
    write_features(folder / PLANE_ZONES, _layer_columns(city.zones), in_city_plane(city.zones.shapes), crs=None)
    write_features(folder / "segments.geojson", _segment_columns(city), city.segments.shapes)
    road_columns = {"code": city.roads.codes.tolist(), "name": city.roads.names.tolist()}
    write_features(folder / "roads.geojson", road_columns | {"kind": city.roads.kinds.tolist()}, city.roads.shapes)
    write_features(folder / "rivers.geojson", {"name": ["样江"] * len(city.river)}, city.river)
    tables = _tables(city)
    for name, columns in tables.items():
        write_table(folder / name, columns)
    names = [*features, PLANE_ZONES, "segments.geojson", "roads.geojson", "rivers.geojson", *tables]
    return {Path(name).stem: folder / name for name in names}


def _tables(city: SampleCity) -> dict[str, Columns]:
    duties = "duties.xlsx" if len(city.duties) <= ROWS_FOR_EXCEL else "duties.csv"
    return {
        "parties.csv": _columns(city.parties),
        "people.csv": {**_columns(city.people), "from": [HERE_SINCE] * len(city.people)},
        "matters.csv": _columns(city.matters),
        duties: _columns(city.duties),
        "relations.csv": _columns(city.relations),
        "roster.csv": _renamed(_columns(city.roster)),
        "assets.csv": _asset_columns(city),
        "overrides.csv": _override_columns(city.overrides),
        "control_points.csv": _control_columns(city),
        "addresses.csv": _address_columns(city),
        "crossings.csv": _crossing_columns(city),
        "reports.csv": _report_columns(city),
        "reports_truth.csv": {
            "id": city.reports.ids.tolist(),
            "true_cell": city.cells.codes[city.reports.cell].tolist(),
            "true_owner": city.truth.owners.tolist(),
            "decided_by": city.truth.decided_by.tolist(),
        },
    }


def _columns(rows: Sequence[Any]) -> Columns:
    """Rows of one dataclass as columns named by its fields."""
    return {field.name: [getattr(row, field.name) for row in rows] for field in fields(rows[0])}


def _renamed(columns: Columns) -> Columns:
    """``begin`` as the importers call it; in Python ``from`` is taken."""
    return {"from" if name == "begin" else name: values for name, values in columns.items()}


def _override_columns(rows: Sequence[Override]) -> Columns:
    """The columns of the duties, and when they hold."""
    return {
        **_columns([row.duty for row in rows]),
        **_renamed({k: v for k, v in _columns(rows).items() if k != "duty"}),
    }


def _layer_columns(layer: Layer) -> Columns:
    return {"code": layer.codes.tolist(), "name": layer.names.tolist(), "parent": layer.parents.tolist()}


def _segment_columns(city: SampleCity) -> Columns:
    stretches = city.segments
    return {
        "code": stretches.codes.tolist(),
        "name": stretches.names.tolist(),
        "half_width": stretches.half_widths.tolist(),
        "party": stretches.parties.tolist(),
    }


def _asset_columns(city: SampleCity) -> Columns:
    things = city.assets
    return {
        "code": things.codes.tolist(),
        **_lonlat(things.lonlat),
        "matter": things.matters.tolist(),
        "name": things.names.tolist(),
        "owner": things.owners.tolist(),
        "from": things.installed.tolist(),
    }


def _control_columns(city: SampleCity) -> Columns:
    known = city.control_points
    x, y = known.xy.T.tolist()
    return {"name": known.names.tolist(), "x": x, "y": y, **_lonlat(known.lonlat)}


def _address_columns(city: SampleCity) -> Columns:
    houses = city.addresses
    return {
        "address": houses.texts.tolist(),
        "district": houses.districts.tolist(),
        "road": houses.roads.tolist(),
        "number": houses.numbers.tolist(),
        **_lonlat(houses.lonlat),
        "cell": city.cells.codes[houses.cell].tolist(),
    }


def _crossing_columns(city: SampleCity) -> Columns:
    found, names = city.crossings, city.roads.names
    return {
        "road": names[found.one].tolist(),
        "other_road": names[found.other].tolist(),
        **_lonlat(found.lonlat),
    }


def _report_columns(city: SampleCity) -> Columns:
    told = city.reports
    return {
        "id": told.ids.tolist(),
        "time": told.times.tolist(),
        "matter": told.matters.tolist(),
        **_lonlat(told.lonlat),
        "address": told.addresses.tolist(),
        "description": told.descriptions.tolist(),
        "asset": told.assets.tolist(),
    }


def _lonlat(lonlat: Floats) -> Columns:
    """Columns lon and lat, None where there is no point."""
    return {
        name: [None if np.isnan(value) else value for value in lonlat[:, k].tolist()]
        for k, name in enumerate(("lon", "lat"))
    }
