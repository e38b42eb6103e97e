"""A town of eight cells in two districts, as the files a city would send; and what a store holds, counted."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from commands import Wangge

Ring = list[list[float]]


def square(column: int, row: int, width: int = 1, height: int = 1) -> Ring:
    """Hundredths of a degree from 121.47, 31.23; equal corners are equal to the bit."""
    west, south = 12147 + column, 3123 + row
    corners = ((0, 0), (width, 0), (width, height), (0, height), (0, 0))
    return [[(west + x) / 100, (south + y) / 100] for x, y in corners]


def write_areas(path: Path, areas: Iterable[tuple[Mapping[str, Any], Any]]) -> Path:
    """GeoJSON of (properties, ring or whole geometry)."""
    features = [
        {
            "type": "Feature",
            "properties": dict(properties),
            "geometry": {"type": "Polygon", "coordinates": [shape]} if isinstance(shape, list) else shape,
        }
        for properties, shape in areas
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")
    return path


DISTRICTS = (("310101", "黄浦区", square(0, 0, 2, 2)), ("310104", "徐汇区", square(2, 0, 2, 2)))
CELLS = [
    (f"{district}00{row * 2 + column % 2 + 1}", f"{district}", square(column, row))
    for row in (0, 1)
    for column, district in enumerate(("310101", "310101", "310104", "310104"))
]
TABLES = {
    "parties": "code,name,kind,parent_code\nCITY,城管局,department,\nHP,黄浦街道办,office,CITY\n"
    "XH,徐汇街道办,office,CITY\n"
    "GAS,燃气公司,company,\n",
    "people": "code,name,party_code,role,phone\nP1,张三,HP,worker,13800000001\nP2,李四,XH,worker,13800000002\n",
    "matters": "code,name\n01,部件\n0101,井盖\n02,事件\n",
    "duties": "code,party_code,layer,area_code,matter,basis,person_code\n"
    "D1,HP,district,310101,,属地兜底,P1\nD2,XH,district,310104,,属地兜底,P2\nD3,GAS,district,310101,0101,燃气条例,\n",
    "addresses": "address,lon,lat\n黄浦区人民路１号,121.475,31.235\n徐汇区衡山路2號,121.505,31.235\n",
}


def write_town(folder: Path) -> Path:
    """The town's files, all good."""
    folder.mkdir()
    write_areas(folder / "districts.geojson", [({"adcode": c, "name": n}, ring) for c, n, ring in DISTRICTS])
    write_areas(folder / "cells.geojson", [({"code": c, "up": up, "name": c}, ring) for c, up, ring in CELLS])
    for kind, text in TABLES.items():
        (folder / f"{kind}.csv").write_text(text, "utf-8")
    return folder


def fill(wangge: Wangge, files: Path) -> None:
    """Everything into the draft, the roster and the address table."""
    cells = ("--layer", "cell", "--code", "code", "--parent", "up", "--name", "name")
    districts = ("--layer", "district", "--code", "adcode", "--name", "name")
    wangge.do("import", "areas", files / "districts.geojson", *districts, "--commit")
    wangge.do("import", "areas", files / "cells.geojson", *cells, "--commit")
    for kind in TABLES:
        wangge.do("import", kind, files / f"{kind}.csv", "--commit")


def stored(wangge: Wangge) -> dict[str, int]:
    """How many rows each table holds: equal before and after means that nothing was written."""
    with sqlite3.connect(wangge.home / "wangge.db") as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}
