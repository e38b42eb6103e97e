"""The matter x area matrix as one HTML page in Chinese and English: no script, nothing from outside, printable."""

import html
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gis.errors import BadInput
from grids.matrix import STATES, Matrix, State

MOST_ENTRIES = 200_000
"""A table of more is no picture, and browsers choke on it."""

_STYLE = Path(__file__).with_name("matrix.css").read_text(encoding="utf-8")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_DENSE = 60  # columns from which they are drawn narrow
_HOLES: tuple[State, ...] = ("nobody", "partly")
_LOOKS: dict[State, tuple[str, str, str]] = {
    "specific": ("", "指明事项者负责", "a duty names the matter"),
    "mixed": ("", "部分指明，其余兜底", "named in part, fallback elsewhere"),
    "fallback": ("", "全部事项兜底", "only a duty for all matters"),
    "partly": ("◐", "部分无人负责", "nobody in a part of it"),
    "nobody": ("✕", "无人负责", "nobody"),
    "tied": ("=", "主责并列", "two leads tie"),
}
_EMPTY = ("", "没有单元网格", "holds no cell")
_EXCEPTIONS = ("", "有例外（专属网格、小区、路段、关系）", "with exceptions (zone, estate, segment, relation)")


def require_drawable(matrix: Matrix) -> None:
    """Raises BadInput for a matrix with more entries than a page shows."""
    if matrix.states.size > MOST_ENTRIES:
        raise BadInput(
            f"{len(matrix.matters):,} matters x {len(matrix.codes):,} areas are more than the {MOST_ENTRIES:,} entries"
            " that a page shows: choose a wider layer or fewer matters, or write it as .csv",
            field="layer",
            value=matrix.layer.code,
        )


def matrix_page(matrix: Matrix, title: str, subtitle: str) -> str:
    """A whole HTML page. Raises BadInput when there is too much to show."""
    require_drawable(matrix)
    dense = ' class="dense"' if len(matrix.codes) > _DENSE else ""
    parts = (
        f'<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>{_safe(title)}</title>',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>',
        _head(matrix, title, subtitle),
        _legend(matrix),
        f'<div class="frame" tabindex="0"><table{dense}>{_columns(matrix)}<tbody>\n',
        *_rows(matrix),
        f"</tbody>{_foot(matrix)}</table></div></body></html>\n",
    )
    return "".join(parts)


def _head(matrix: Matrix, title: str, subtitle: str) -> str:
    holes, ties = (int(matrix.among(*states).sum()) for states in (_HOLES, ("tied",)))
    figures = (
        ("事项 Matters", len(matrix.matters), ""),
        (f"{matrix.layer.title} Areas", len(matrix.codes), ""),
        ("空缺 Holes", holes, "bad" if holes else ""),
        ("并列 Ties", ties, "bad" if ties else ""),
    )
    shown = "".join(f'<div><dt>{_safe(n)}</dt><dd class="{bad}">{count:,}</dd></div>' for n, count, bad in figures)
    return f"<header><div><h1>{_safe(title)}</h1><p>{_safe(subtitle)}</p></div><dl>{shown}</dl></header>"


def _legend(matrix: Matrix) -> str:
    counts: list[tuple[str, tuple[str, str, str], int]] = [
        (state, look, int(matrix.among(state).sum())) for state, look in _LOOKS.items()
    ]
    counts.append(("empty", _EMPTY, int((matrix.states < 0).sum())))
    counts.append(("fallback x", _EXCEPTIONS, int(matrix.exceptions.sum())))
    return '<ul class="legend">' + "".join(map(_legend_line, counts)) + "</ul>"


def _legend_line(line: tuple[str, tuple[str, str, str], int]) -> str:
    name, (sign, zh, en), count = line
    return f'<li><i class="{name}">{sign}</i>{zh} {en} <b>{count:,}</b></li>'


def _columns(matrix: Matrix) -> str:
    named = zip(matrix.codes, matrix.names, matrix.cells.tolist(), strict=True)
    areas = "".join(
        f'<th class="area" scope="col" title="{_safe(f"{name} {code} · {cells:,} 网格 cells")}">'
        f"<span>{_safe(name or code)}</span></th>"
        for code, name, cells in named
    )
    corner = f'<th class="matter corner">事项 Matter ＼ {_safe(matrix.layer.title)} Area</th>'
    sums = '<th class="sum" scope="col">空缺<br>Holes</th><th class="sum" scope="col">并列<br>Ties</th>'
    return f"<thead><tr>{corner}{areas}{sums}</tr></thead>"


def _rows(matrix: Matrix) -> Iterator[str]:
    holes, ties = (matrix.among(*states).sum(axis=1).tolist() for states in (_HOLES, ("tied",)))
    above: str | None = None
    for row, matter in enumerate(matrix.matters):
        first = ' class="first"' if row and matter.parent != above else ""
        above = matter.parent
        head = f"{_safe(matter.name)} <small>{_safe(matter.code)}</small>"
        yield f'<tr{first}><th class="matter" scope="row" title="{_safe(f"{matter.code} {matter.name}")}">{head}</th>'
        yield from _entries(matrix, row)
        yield f"{_sum(holes[row])}{_sum(ties[row])}</tr>\n"


def _entries(matrix: Matrix, row: int) -> Iterator[str]:
    matter = matrix.matters[row]
    excepted = matrix.exceptions[row].tolist()
    for column, state in enumerate(matrix.states[row].tolist()):
        sign, zh, en = _LOOKS[STATES[state]] if state >= 0 else _EMPTY
        shown = f"{STATES[state] if state >= 0 else 'empty'}{' x' if excepted[column] else ''}"
        words = [
            f"{matter.name} · {matrix.names[column] or matrix.codes[column]}",
            f"{zh} {en}",
            *_told(matrix, row, column),
        ]
        if excepted[column]:
            words.append("有例外 with exceptions")
        yield f'<td class="s {shown}" title="{_safe(chr(10).join(words))}">{sign}</td>'


def _told(matrix: Matrix, row: int, column: int) -> Iterator[str]:
    """Whose it is where one party has all of it, and how much is missing or tied."""
    party, duty = int(matrix.party[row, column]), int(matrix.duty[row, column])
    if party >= 0:
        code, name = matrix.parties[party]
        yield f"{name} {code}".strip() + (f" · 职责 duty {matrix.duties[duty]}" if duty >= 0 else "")
    pairs = int(matrix.pairs[row, column])
    for count, zh, en in ((matrix.nobody, "无人", "nobody"), (matrix.tied, "并列", "tied")):
        if count[row, column] > 0:
            yield f"{zh} {en} {count[row, column]:,} / {pairs:,}"


def _foot(matrix: Matrix) -> str:
    lines = []
    for words, states in (("空缺 Holes", _HOLES), ("并列 Ties", ("tied",))):
        found = matrix.among(*states)
        counts = "".join(map(_area_sum, found.sum(axis=0).tolist()))
        total, filler = _sum(int(np.count_nonzero(found))), '<td class="sum"></td>'
        ends = total + filler if states == _HOLES else filler + total
        lines.append(f'<tr><th class="matter" scope="row">{words}</th>{counts}{ends}</tr>')
    return f"<tfoot>{''.join(lines)}</tfoot>"


def _sum(count: int, kind: str = "sum") -> str:
    return f'<td class="{kind}{" bad" if count else ""}">{count or ""}</td>'


def _area_sum(count: int) -> str:
    return _sum(count, "area")


def _safe(text: str) -> str:
    return html.escape(text)
