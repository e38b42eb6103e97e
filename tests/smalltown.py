"""A town small enough to know by heart, imported through the real front doors: 2 districts, 4 streets, 32 cells.

One unit is 0.001 degrees: 89 m east, 111 m north. The town is 8 units wide and 4 high; ``at(0.5, 0.5)`` is the middle
of the first cell. Communities are 2 x 2 units, responsibility grids 1 x 2, cells 1 x 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.files.writers import write_features, write_table
from gis.storage.engine import Store
from gis.storage.migrate import migrate
from grids.answer import Answer
from grids.content import Content
from grids.drafts import draft_named
from grids.explain import explained
from grids.import_areas import AreaFile, import_areas
from grids.import_tables import import_table
from grids.importing import ImportReport
from grids.publish import Published, publish, validate
from grids.reads import content_of
from grids.shelf import Shelf, StoreSource

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
FOREVER = datetime.max.replace(tzinfo=UTC)

DISTRICTS = {"370102": "历下区", "370103": "市中区"}
STREETS = {
    "370102001": "泉城路街道",
    "370102002": "趵突泉街道",
    "370103001": "大观园街道",
    "370103002": "杆石桥街道",
}
COMMUNITIES = (
    "芙蓉街社区",
    "县东巷社区",
    "青年桥社区",
    "文化桥社区",
    "万字巷社区",
    "睦和苑社区",
    "乐山小区社区",
    "永长街社区",
)

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Row:
    """One area as a file has it."""

    code: str
    name: str
    parent: str | None
    shape: BaseGeometry | None


def at(x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude of a place in the town's own units."""
    return round(117.02 + x / 1000, 9), round(36.66 + y / 1000, 9)


def block(x0: float, y0: float, x1: float, y1: float) -> BaseGeometry:
    """A rectangle in the town's own units."""
    corners = [at(x0, y0), at(x1, y0), at(x1, y1), at(x0, y1), at(x0, y0)]
    return shapely.Polygon(corners)


def rows_of_town() -> dict[str, list[Row]]:
    """All areas by layer."""
    rows: dict[str, list[Row]] = {"city": [Row("370100", "济南市", None, block(0, 0, 8, 4))]}
    for i, (code, name) in enumerate(DISTRICTS.items()):
        rows.setdefault("district", []).append(Row(code, name, "370100", block(4 * i, 0, 4 * i + 4, 4)))
    rows |= {layer: [] for layer in ("street", "community", "grid", "cell")}
    for number, (street, name) in enumerate(STREETS.items()):
        x, y = 4 * (number // 2), 2 * (number % 2)
        rows["street"].append(Row(street, name, street[:6], block(x, y, x + 4, y + 2)))
        for k in range(2):
            community, title = f"{street}{k + 1:03d}", COMMUNITIES[2 * number + k]
            _add_community(
                rows, Row(community, title, street, block(x + 2 * k, y, x + 2 * k + 2, y + 2)), (x + 2 * k, y)
            )
    rows["zone"] = [Row("Z1", "大明湖景区", None, block(5.5, 0.5, 7.5, 1.5))]
    return rows


def _add_community(rows: dict[str, list[Row]], community: Row, corner: tuple[int, int]) -> None:
    code, title, (x, y) = community.code, community.name, corner
    rows["community"].append(community)
    for g in range(2):
        shape = block(x + g, y, x + g + 1, y + 2)
        rows["grid"].append(Row(f"{code}G{g + 1}", f"{title}第{g + 1}网格", code, shape))
    for c in range(4):
        west, south = x + c % 2, y + c // 2
        shape = block(west, south, west + 1, south + 1)
        rows["cell"].append(Row(f"{code}{c + 1:03d}", f"{title}{c + 1}号", f"{code}G{c % 2 + 1}", shape))


ROWS = rows_of_town()
CELL = "370102001001001"
"""泉城路街道芙蓉街社区 1 号: the first cell, from (0, 0) to (1, 1)."""

PARTIES = [
    {"code": "SZX", "name": "市网格中心", "kind": "department"},
    {"code": "LXC", "name": "历下区城管局", "kind": "department", "parent_code": "SZX"},
    {"code": "QCL", "name": "泉城路街道办", "kind": "office", "parent_code": "LXC"},
    {"code": "FRJ", "name": "芙蓉街居委会", "kind": "community", "parent_code": "QCL"},
    {"code": "FRW", "name": "芙蓉街网格队", "kind": "team", "parent_code": "FRJ"},
    {"code": "QCW", "name": "泉城物业", "kind": "property"},
    {"code": "RQG", "name": "济南燃气公司", "kind": "company"},
    {"code": "GDG", "name": "管道公司", "kind": "company"},
    {"code": "DMH", "name": "大明湖景区管理处", "kind": "property"},
    {"code": "JJD", "name": "交警支队", "kind": "department"},
]
PEOPLE = [
    {"code": "P1", "name": "王芳", "party_code": "QCW", "role": "worker", "phone": "10000000001"},
    {"code": "P2", "name": "李强", "party_code": "QCW", "role": "lead", "phone": "10000000002"},
    {"code": "P3", "name": "张伟", "party_code": "FRJ", "role": "lead", "phone": "10000000003"},
    {"code": "P4", "name": "燃气值班室", "party_code": "RQG", "role": "duty_desk", "phone": "10000000004"},
    {"code": "P5", "name": "赵敏", "party_code": "RQG", "role": "worker", "phone": "10000000005"},
]
MATTERS = [
    {"code": "C", "name": "部件", "kind": "component"},
    {"code": "C01", "name": "公用设施", "parent_code": "C"},
    {"code": "C0101", "name": "燃气井盖", "parent_code": "C01"},
    {"code": "E", "name": "事件", "kind": "event"},
    {"code": "E01", "name": "市容环境", "parent_code": "E"},
    {"code": "E0101", "name": "暴露垃圾", "parent_code": "E01"},
]


def duty(code: str, party: str, layer: str, area: str, **more: Any) -> dict[str, Any]:
    """A row of the duty list."""
    base = {"code": code, "party_code": party, "layer": layer, "area_code": area, "name": f"职责{code}"}
    return base | {"basis": f"《条例》第{code[1:]}条", "document": "济政办〔2026〕1号"} | more


DUTIES = [
    duty("D01", "SZX", "city", "370100"),
    duty("D02", "LXC", "district", "370102"),
    duty("D03", "QCL", "street", "370102001"),
    duty("D04", "FRJ", "community", "370102001001"),
    duty("D05", "FRW", "grid", "370102001001G1"),
    duty("D06", "QCW", "cell", CELL, person_code="P1"),
    duty("D07", "RQG", "city", "370100", matter="C0101"),
    duty("D08", "GDG", "city", "370100", matter="C01"),
    duty("D09", "JJD", "city", "370100", matter="C0101", role="support"),
    duty("D10", "DMH", "zone", "Z1"),
]
TABLES: Mapping[str, list[dict[str, Any]]] = {
    "parties": PARTIES,
    "people": PEOPLE,
    "matters": MATTERS,
    "duties": DUTIES,
}


@dataclass
class Town:
    """One store and its folder, and short ways through the front doors."""

    store: Store
    folder: Path
    files: int = 0
    rows: dict[str, list[Row]] = field(default_factory=lambda: {layer: list(found) for layer, found in ROWS.items()})

    def path(self, suffix: str) -> Path:
        """A new file's path."""
        self.files += 1
        return self.folder / f"file{self.files}{suffix}"

    def put(
        self, layer: str, rows: Sequence[Row] | None = None, suffix: str = ".geojson", commit: bool = True, **how: Any
    ) -> ImportReport:
        """Write the rows (default: the town's) to a file of that format and import it."""
        found = self.rows[layer] if rows is None else rows
        path = self.path(suffix)
        columns = {name: [getattr(row, name) for row in found] for name in ("code", "name", "parent")}
        write_features(path, columns, np.array([*(row.shape for row in found), None], object)[:-1])
        return self.load(path, layer, commit, **how)

    def load(self, path: Path, layer: str, commit: bool = True, **how: Any) -> ImportReport:
        """Import a file of areas."""
        parent, now = None if layer in ("city", "zone") else "parent", how.pop("now", NOW)
        options = {"parent": parent, "name": "name", "overlapping": layer == "zone"} | how
        return import_areas(self.store, AreaFile(path, layer, options.pop("code", "code"), **options), now, commit)

    def table(
        self,
        kind: str,
        rows: Sequence[Mapping[str, Any]] | None = None,
        suffix: str = ".csv",
        commit: bool = True,
        **how: Any,
    ) -> ImportReport:
        """Write the rows (default: the town's) to a table of that format and import it."""
        found = TABLES[kind] if rows is None else rows
        names = list(dict.fromkeys(name for row in found for name in row))
        path = self.path(suffix)
        write_table(path, {name: [row.get(name) for row in found] for name in names})
        return import_table(self.store, kind, path, how.pop("now", NOW), commit, **how)

    def fill(self, **replaced: Sequence[Mapping[str, Any]]) -> "Town":
        """Everything into the draft; tables may be given other rows."""
        for layer in self.rows:
            self.put(layer)
        for kind in TABLES:
            self.table(kind, replaced.get(kind))
        return self

    def publish(self, accept: Sequence[str] = (), now: datetime = NOW, effective: datetime | None = None) -> Published:
        """Publish the draft."""
        return publish(self.store, self.folder, "draft", now, effective, accept)

    def findings(self) -> list[Any]:
        """The gate's findings."""
        return validate(self.store, "draft", NOW)[2]

    def content(self, draft: str = "draft") -> Content:
        """What the draft holds."""
        with self.store.read() as session:
            return content_of(session, draft_named(session, draft).id)

    def shelf(self, **how: Any) -> Shelf:
        """A shelf on this store."""
        return Shelf(StoreSource(self.store, self.folder), **how)

    def ask(self, x: float, y: float, matter: str | None = None, accuracy: float = 1.0, **how: Any) -> Answer:
        """The explained answer at a place in the town's own units; ``at`` (else when all has begun and ended),
        ``known_at``, ``asset``."""
        when = how.get("at", FOREVER)
        view = self.shelf().required(when, how.get("known_at"))
        assets = [how["asset"]] if "asset" in how else []
        answer = next(view.resolver.answers(*at(x, y), [matter], accuracy, assets))
        return explained(replace(answer, at=when.isoformat()), view.resolver)


def found_town(url: str, folder: Path) -> Town:
    """A town's empty store, migrated."""
    store = Store(url)
    migrate(store)
    return Town(store, folder)
