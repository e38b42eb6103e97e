"""Areas from a city's file into a draft, batch by batch, in one transaction: all of them or none."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gis.coordinates import Bounds, Floats, Ranks, look_swapped
from gis.datums import Datum, shapes_to_wgs84
from gis.errors import BadInput, WanggeError
from gis.files.features import FeatureBatch, FeatureReader, open_features
from gis.findings import Finding, Severity
from gis.lines import WIDEST_M
from gis.shapes import ShapeProblem, Shapes
from gis.storage.engine import Store, insert_missing
from grids.content import Layer
from grids.datums import mark_used
from grids.declared_crs import declared, overruled
from grids.drafts import DEFAULT_DRAFT, Edit, open_draft
from grids.gate import scheme_pattern
from grids.importing import DryRun, Findings, ImportReport, Progress, no_progress, refuse_errors
from grids.layers import draft_layers, put_layer
from grids.models import CONTENT, AreaRow, ShapeRow, VersionRow, outline_row
from grids.names import CODE_LENGTH, LAYER_KINDS, LOOSE_KINDS
from grids.outlines import normal_outlines, outline_problems
from grids.relations import ASSET
from grids.segment_owners import SegmentOwners, Told, put_owners


@dataclass(frozen=True, slots=True)
class AreaFile:
    """A file of areas and how to read it. ``crs`` None: what the file itself declares; ``city:name``: as stored.

    ``half_width`` makes it a file of road segments, lines: metres on either side, or the field that holds them.
    ``party``, of segments: the field that names who answers for each (see ``grids.segment_owners``).
    """

    path: Path
    layer: str
    code: str
    parent: str | None = None
    name: str | None = None
    crs: str | None = None
    draft: str = DEFAULT_DRAFT
    merge: bool = False
    overlapping: bool = False
    kind: str | None = None
    parent_layer: str | None = None
    file_layer: str | None = None
    half_width: float | str | None = None
    party: str | None = None

    def __post_init__(self) -> None:
        if self.layer == ASSET:
            raise BadInput(f"layer '{ASSET}': the name is taken by assets; choose another", field="layer", value=ASSET)
        wide = self.half_width
        if isinstance(wide, int | float) and not 0 < wide <= WIDEST_M:
            raise BadInput(
                f"half width {wide:g} m: give metres, more than 0 and at most {WIDEST_M:g}", field="half_width"
            )

    @property
    def is_lines(self) -> bool:
        """Whether it holds road segments."""
        return self.half_width is not None

    @property
    def what(self) -> str:
        """What the file holds, as reports and logs name it."""
        return "segments" if self.is_lines else "areas"

    @property
    def fields(self) -> list[str]:
        """The fields to read, each once."""
        named = (self.code, self.parent, self.name, self.party, self.half_width)
        return list(dict.fromkeys(name for name in named if isinstance(name, str) and name))


def import_areas(
    store: Store, source: AreaFile, now: datetime, commit: bool = False, progress: Progress = no_progress
) -> ImportReport:
    """Check the file, and with ``commit`` put its areas into the draft in place of that layer's (or beside them,
    merging). A dry run does the same work and undoes it. Raises Refused on errors, BadInput, BadFile."""
    reader = open_features(source.path, fields=source.fields, layer=source.file_layer)
    system = declared(store, reader, source.crs)
    report: list[ImportReport] = []
    try:
        with store.write() as session:
            work = _AreaImport(session, source, system, now)
            work.findings.add(overruled(reader, system))
            report.append(work.run(reader, commit, progress))
            if commit:
                refuse_errors(report[0])
                mark_used(session, system)
            else:
                raise DryRun
    except DryRun:
        pass
    return report[0]


@dataclass(slots=True)
class _AreaImport:
    session: Session
    source: AreaFile
    system: Datum
    now: datetime
    findings: Findings = field(default_factory=Findings)
    rows: int = 0
    _seen: dict[str, int] = field(default_factory=dict)
    _parents: dict[str, int] = field(default_factory=dict)
    _lost: set[int] = field(default_factory=set)
    _boxes: list[Floats] = field(default_factory=list)
    _box_rows: list[Ranks] = field(default_factory=list)
    _owners: dict[str, Told] = field(default_factory=dict)

    def run(self, reader: FeatureReader, commit: bool, progress: Progress) -> ImportReport:
        source = self.source
        draft = open_draft(self.session, source.draft, self.now, f"import {source.what} {source.path.name}")
        city = _city_box(self.session, draft, source.layer)
        layer = self._layer(draft)
        scheme = scheme_pattern(layer.scheme)
        edit = Edit(self.session, draft, AreaRow, AreaRow.layer == source.layer)
        for raw in reader:
            batch = _trimmed(raw)
            shapes = normal_outlines(self._wgs84(batch))
            widths = self._half_widths(batch) if layer.is_lines else [None] * len(shapes)
            good = self._checked(batch, outline_problems(layer, shapes, widths), shapes, scheme)
            shared = [self._row(batch, shapes, widths, index) for index in good]
            insert_missing(self.session, ShapeRow.__table__, [shape for _, shape in shared])
            edit.add([row for row, _ in shared])
            self.rows += len(shapes)
            progress(self.rows, reader.total)
        self.findings.add(self._unknown_parents(draft, layer))
        self.findings.add(self._misplaced(city))
        if self.rows == 0:
            self.findings.add([Finding("empty_file", "error", f"{source.path.name}: holds no features")])
        changes = edit.finish(source.merge)
        if source.party:
            rows = SegmentOwners(source.path, layer.code, source.party, source.merge, self._owners)
            self.findings.add(put_owners(self.session, draft, rows))
        return ImportReport(source.what, source.path, self.rows, self.findings, changes, commit, source.draft)

    def _layer(self, draft: VersionRow) -> Layer:
        """The layer as it stands in the draft, or a new one; a new parent layer is remembered."""
        source = self.source
        known = {layer.code: layer for layer in draft_layers(self.session, draft)}
        made = self._as_known(known[source.layer]) if source.layer in known else self._new_layer()
        if source.parent_layer is not None and source.parent_layer not in known:
            there = ", ".join(known) or "none"
            raise BadInput(
                f"parent layer '{source.parent_layer}' is not in the draft (there: {there}): import it first",
                field="parent_layer",
                value=source.parent_layer,
            )
        if source.parent_layer:
            made = replace(made, parent=source.parent_layer)
        put_layer(self.session, draft, made)
        return made

    def _as_known(self, layer: Layer) -> Layer:
        """An import fills a layer; what the layer is, is changed by its own command."""
        wrong = "--overlapping" if self.source.overlapping and layer.partition else ""
        wrong = f"--kind {self.source.kind}" if self.source.kind not in (None, layer.kind) else wrong
        if layer.is_lines != self.source.is_lines:
            holds, verb = ("lines", "segments") if layer.is_lines else ("polygons", "areas")
            raise BadInput(
                f"layer '{layer.code}' holds {holds}: `wangge import {verb}` fills it, or choose another --layer",
                field="layer",
                value=layer.code,
            )
        if wrong:
            is_now = f"a {'partition' if layer.partition else 'overlapping layer'} of kind {layer.kind}"
            raise BadInput(
                f"{wrong}: layer '{layer.code}' is {is_now} already; change it with `wangge layers set {layer.code}`"
            )
        return layer

    def _new_layer(self) -> Layer:
        source = self.source
        usual = "segment" if source.is_lines else source.layer if source.layer in LAYER_KINDS else "other"
        kind = source.kind or usual
        if kind not in LAYER_KINDS:
            raise BadInput(f"layer kind '{kind}': choose one of {', '.join(LAYER_KINDS)}", field="kind", value=kind)
        partition = not (source.overlapping or source.is_lines or kind in LOOSE_KINDS)
        geometry = "line" if source.is_lines else "polygon"
        return Layer(source.layer, "", kind, partition, None, LAYER_KINDS[kind][0], geometry=geometry)

    def _wgs84(self, batch: FeatureBatch) -> Shapes:
        """The shapes in WGS 84. One that cannot be taken there is missing, and its row has its finding."""
        count = len(batch.columns[self.source.code])
        shapes = batch.geometry if batch.geometry is not None else np.full(count, None, object)
        self._lost.clear()
        try:
            return shapes_to_wgs84(shapes, self.system)
        except WanggeError:
            return np.array([*(self._one_wgs84(batch, i) for i in range(count)), None], object)[:-1]

    def _one_wgs84(self, batch: FeatureBatch, index: int) -> BaseGeometry | None:
        if batch.geometry is None:
            return None
        try:
            moved: BaseGeometry | None = shapes_to_wgs84(batch.geometry[index : index + 1], self.system)[0]
        except WanggeError as error:
            code, row = batch.columns[self.source.code][index], batch.first_row + index
            words = f"{self.source.code}={code}: {error.detail}"
            codes = (code,) if code else ()
            found = Finding("bad_coordinate", "error", words, row, "geometry", None, self.source.layer, codes)
            self.findings.add([found])
            self._lost.add(index)
            return None
        return moved

    def _half_widths(self, batch: FeatureBatch) -> list[float | None]:
        """Metres for each row; None where the field holds no number, which is a finding of its own."""
        wide = self.source.half_width
        if not isinstance(wide, str):
            return [wide] * len(batch.columns[self.source.code])
        return [_number(text) for text in batch.columns[wide]]

    def _checked(
        self, batch: FeatureBatch, found: Iterable[ShapeProblem], shapes: Shapes, scheme: re.Pattern[str] | None
    ) -> list[int]:
        """Indices of the rows that can be kept; the others have become findings."""
        bad = set(self._lost)
        for problem in found:
            if problem.index not in self._lost:
                self.findings.add([self._shape_finding(batch, problem)])
                bad |= set() if problem.repairable else {problem.index}
        for index, code in enumerate(batch.columns[self.source.code]):
            wrong = self._code_finding(batch.first_row + index, code, scheme)
            if wrong:
                self.findings.add([wrong])
            if wrong and wrong.severity == "error":
                bad.add(index)
        kept = [index for index in range(len(shapes)) if index not in bad]
        self._boxes.append(shapely.bounds(shapes[kept]))
        self._box_rows.append(np.array(kept, np.int64) + batch.first_row)
        return kept

    def _shape_finding(self, batch: FeatureBatch, problem: ShapeProblem) -> Finding:
        severity: Severity = "warning" if problem.repairable else "error"
        row, code = batch.first_row + problem.index, batch.columns[self.source.code][problem.index]
        words, codes = f"{self.source.code}={code}: {problem.message}", (code,) if code else ()
        name, value, wide = "geometry", None, self.source.half_width
        if problem.kind == "bad_half_width":
            name, value = (wide, batch.columns[wide][problem.index]) if isinstance(wide, str) else ("half_width", None)
            words += f" ({name}={value})" if value else ""
        return Finding(problem.kind, severity, words, row, name, value, self.source.layer, codes)

    def _code_finding(self, row: int, code: str | None, scheme: re.Pattern[str] | None) -> Finding | None:
        name, layer = self.source.code, self.source.layer
        if not code:
            return Finding("missing_code", "error", f"{name} is empty: each area needs a code", row, name, None, layer)
        if len(code) > CODE_LENGTH:
            words = f"{name}={code[:20]}...: {len(code)} characters; a code has at most {CODE_LENGTH}"
            return Finding("bad_value", "error", words, row, name, code[:CODE_LENGTH], layer)
        if code in self._seen:
            words = f"{name}={code}: already used in row {self._seen[code]}; codes must be unique in a layer"
            return Finding("repeated_code", "error", words, row, name, code, layer)
        self._seen[code] = row
        if scheme and not scheme.fullmatch(code):
            words = f"{name}={code}: does not follow the layer's scheme; it will stop publishing"
            return Finding("code", "warning", words, row, name, code, layer)
        return None

    def _row(
        self, batch: FeatureBatch, shapes: Shapes, widths: Sequence[float | None], index: int
    ) -> tuple[dict[str, object], dict[str, object]]:
        source, shape = self.source, shapes[index]
        parent = batch.columns[source.parent][index] if source.parent else None
        name = batch.columns[source.name][index] if source.name else None
        if parent is not None:
            self._parents.setdefault(parent, batch.first_row + index)
        code = str(batch.columns[source.code][index])
        if source.party:
            self._owners[code] = Told(batch.first_row + index, batch.columns[source.party][index])
        area = {"layer": source.layer, "code": code, "name": name or "", "parent": parent}
        outline = outline_row(shape)
        return {**area, "half_width_m": widths[index], "shape_hash": outline["hash"]}, outline

    def _unknown_parents(self, draft: VersionRow, layer: Layer) -> Iterator[Finding]:
        if not self._parents:
            return
        above = layer.parent or _layer_with(self.session, draft, layer, set(self._parents))
        known = _codes(self.session, draft, above) if above else set[str]()
        for parent, row in self._parents.items():
            if parent not in known:
                field_name = self.source.parent
                where = f"layer {above}" if above else "any coarser layer of the draft"
                words = f"{field_name}={parent}: no such area in {where}; import the parents first"
                yield Finding("unknown_parent", "error", words, row, field_name, parent, layer.code)
        if above and above != layer.parent:
            put_layer(self.session, draft, replace(layer, parent=above))

    def _misplaced(self, city: Bounds | None) -> Iterator[Finding]:
        """Areas that lie wholly outside the city as the draft knew it: usually a wrong datum or exchanged axes."""
        boxes = np.concatenate(self._boxes) if self._boxes else np.empty((0, 4))
        if city is None or not len(boxes):
            return
        west, south, east, north = city
        away = (boxes[:, 2] < west) | (boxes[:, 0] > east) | (boxes[:, 3] < south) | (boxes[:, 1] > north)
        if not away.any():
            return
        lon, lat = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
        hint = "longitude and latitude look swapped" if look_swapped(city, lon, lat) else "is the datum right?"
        row = int(np.concatenate(self._box_rows)[int(np.argmax(away))])
        words = (
            f"{self.source.path.name}: {int(away.sum())} of {len(boxes)} areas, row {row} first, lie wholly outside "
            f"the city's other layers (read as {self.system}): {hint}"
        )
        yield Finding("outside_city", "warning", words, row, "geometry", layer=self.source.layer)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _trimmed(batch: FeatureBatch) -> FeatureBatch:
    """The same rows with blanks around texts taken off, and None for blank ones, as tables have it."""
    columns = {
        name: [(text.strip() or None) if text else None for text in texts] for name, texts in batch.columns.items()
    }
    return FeatureBatch(batch.first_row, columns, batch.geometry)


def _codes(session: Session, draft: VersionRow, layer: str) -> set[str]:
    held = CONTENT[AreaRow]
    query = select(AreaRow.code).join(held, held.c.row_id == AreaRow.id)
    return set(session.scalars(query.where(held.c.version_id == draft.id, AreaRow.layer == layer)))


def _layer_with(session: Session, draft: VersionRow, layer: Layer, parents: set[str]) -> str | None:
    """The narrowest coarser layer that holds any of the parents: the one this file must mean."""
    others = [other for other in draft_layers(session, draft) if other.code != layer.code and other.rank <= layer.rank]
    for other in sorted(others, key=lambda other: -other.rank):
        if parents & _codes(session, draft, other.code):
            return other.code
    return None


def _city_box(session: Session, draft: VersionRow, layer: str) -> Bounds | None:
    """The box around all other layers of the draft; of this one as it was, when there are no others."""
    held = CONTENT[AreaRow]
    query = (
        select(func.min(ShapeRow.west), func.min(ShapeRow.south), func.max(ShapeRow.east), func.max(ShapeRow.north))
        .join(AreaRow, AreaRow.shape_hash == ShapeRow.hash)
        .join(held, held.c.row_id == AreaRow.id)
        .where(held.c.version_id == draft.id)
    )
    for scope in (AreaRow.layer != layer, AreaRow.layer == layer):
        west, south, east, north = session.execute(query.where(scope)).one()
        if west is not None:
            return west, south, east, north
    return None
