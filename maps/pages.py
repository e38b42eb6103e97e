"""Heat as a page: hexagons, legend, total, outlines; one HTML file that opens without the internet."""

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import folium
import h3.api.numpy_int as h3
import numpy as np
from branca.element import Element, Figure
from folium.template import Template
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from maps.classes import Classes, classes_of
from maps.heat import Heat
from maps.hexagons import Feature, bounds, hexagons
from maps.offline import offline_page
from maps.words import Language, words

_STYLE = Path(__file__).with_name("heat.css").read_text(encoding="utf-8")
_LINE = "#334e68"
_EDGE = "#3b0008"  # around the darkest class; every other class is edged in the colour of the next
_CHINA = (35.0, 104.0)
_ENTITIES = {ord(sign): f"&#{ord(sign)};" for sign in "/`{}"}
_LINKS = {"leaflet", "leaflet_css"}
Words = dict[str, str]


@dataclass(frozen=True, slots=True)
class Outline:
    """One boundary, or the centre line of a road, drawn over the heat; longitude, latitude in WGS 84."""

    name: str
    shape: BaseGeometry


class _Markup(Element):
    """Markup as it stands: branca reads the text of a plain Element as a template, braces of the user included."""

    _template = Template("{{ this.markup }}")

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.markup = markup


def heat_page(
    heat: Heat,
    *,
    title: str,
    subtitle: str,
    assets: Path,
    language: Language = "zh",
    outlines: Sequence[Outline] = (),
) -> str:
    """A whole HTML page; without a report it says so instead of drawing an empty map.

    `assets` is the folder of vendored npm packages (see maps.offline). The total stands in the element `heat-total`,
    all the numbers as JSON in `heat-data`. Raises OutsideLink when an asset is missing.
    """
    say = words(language)
    classes = classes_of(heat.counts)
    figure = Figure(title=_safe(title))
    chart = _map(figure)
    features = hexagons(heat.cells, heat.counts)
    edges = (*classes.colours[1:], _EDGE)
    for number, (colour, edge) in enumerate(zip(classes.colours, edges, strict=False)):
        members = [features[i] for i in np.flatnonzero(classes.of(heat.counts) == number)]
        _layer(members, colour, edge, say).add_to(chart)
    lines = _add_outlines(chart, outlines)
    if features or lines:
        chart.fit_bounds(bounds(features or lines), padding=(24, 24), max_zoom=17)
    figure.header.add_child(_Markup(f"<style>{_STYLE}</style>"), name="heat_style")
    for part in (
        _head(heat, title, subtitle, say),
        _legend(heat, classes, bool(lines), say),
        _data(heat, classes, title),
    ):
        figure.html.add_child(_Markup(part))
    return offline_page(figure, assets).replace("<html>", f'<html lang="{say["lang"]}">', 1)


def _map(figure: Figure) -> folium.Map:
    chart = folium.Map(
        location=_CHINA,
        zoom_start=4,
        tiles=None,
        max_zoom=20,
        prefer_canvas=True,
        control_scale=True,
        zoom_control="topright",
        zoom_snap=0.5,
        attributionControl=False,
    )
    chart.default_js = [link for link in chart.default_js if link[0] in _LINKS]  # of this map only, not of folium
    chart.default_css = [link for link in chart.default_css if link[0] in _LINKS]
    chart.add_to(figure)
    return chart


def _layer(members: list[Feature], colour: str, edge: str, say: Words) -> folium.GeoJson:
    """The hexagons of one class. One style a layer keeps the page small: folium writes a case for each feature else."""
    style = {"fillColor": colour, "fillOpacity": 0.85, "color": edge, "weight": 0.7, "opacity": 0.8}
    shown: dict[str, Any] = {
        "fields": ["n", "cell"],
        "aliases": [say["reports"], f"{say['cell']} H3"],
        "class_name": "heat-tip",
    }
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": members},
        style_function=lambda _: style,
        tooltip=folium.GeoJsonTooltip(**shown),
        popup=folium.GeoJsonPopup(**shown),
        smooth_factor=0,
        control=False,
    )


def _add_outlines(chart: folium.Map, outlines: Sequence[Outline]) -> list[Feature]:
    """Draw each outline as a layer that can be switched off; returns corner points for the view."""
    for number, name in _distinct([outline.name for outline in outlines]):
        feature = {"type": "Feature", "properties": {"name": name}, "geometry": mapping(outlines[number].shape)}
        folium.GeoJson(
            {"type": "FeatureCollection", "features": [feature]},
            name=name,
            style_function=lambda _: {"color": _LINE, "weight": 2, "fill": False, "interactive": False},
            smooth_factor=0.5,
        ).add_to(chart)
    if outlines:
        folium.LayerControl(position="bottomleft", collapsed=len(outlines) > 8).add_to(chart)
    boxes = [outline.shape.bounds for outline in outlines if not outline.shape.is_empty]
    return [{"geometry": {"coordinates": [[box[:2], box[2:]]]}} for box in boxes]


def _distinct(names: list[str]) -> list[tuple[int, str]]:
    """Names made safe, each with its place; the layer control would drop one of two equal names."""
    seen: dict[str, int] = {}
    named = []
    for number, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        named.append((number, _safe(name if seen[name] == 1 else f"{name} ({seen[name]})")))
    return named


def _head(heat: Heat, title: str, subtitle: str, say: Words) -> str:
    figures = (
        f'<dl class="heat-figures"><div><dt>{say["total"]}</dt><dd><span id="heat-total">{heat.total}</span>'
        f" <small>{say['unit']}</small></dd></div><div><dt>{say['cells']}</dt><dd>{heat.cells.size:,}</dd></div></dl>"
    )
    empty = f"<strong>{say['empty']}</strong><p>{say['empty_hint']}</p>"
    note = f'<div class="heat-card heat-empty" role="status">{empty}</div>'
    return (
        f'<header class="heat-card heat-head"><h1>{_safe(title)}</h1><p>{_safe(subtitle)}</p>{figures}</header>'
        f"{'' if heat.total else note}"
    )


def _legend(heat: Heat, classes: Classes, lines: bool, say: Words) -> str:
    if not heat.total:
        return ""
    cells = np.bincount(classes.of(heat.counts), minlength=len(classes.colours))
    rows = "".join(
        f'<li><i style="background:{colour}"></i>{label}<span class="share">{number:,}</span></li>'
        for colour, label, number in zip(classes.colours, classes.labels, cells, strict=True)
    )
    outline = f'<li><i class="line" style="border-color:{_LINE}"></i>{say["outlines"]}</li>' if lines else ""
    heading = f'{say["per_cell"]}<span class="share">{say["number"]}</span>'
    return (
        f'<aside class="heat-card heat-legend"><h2>{heading}</h2><ul>{rows}{outline}</ul>'
        f"<p>{say['resolution']} H3 {heat.resolution} · {say['edge']} {_edge(heat.resolution, say)}</p></aside>"
    )


def _edge(resolution: int, say: Words) -> str:
    metres = h3.average_hexagon_edge_length(resolution, unit="m")
    return f"{metres / 1000:,.1f} {say['kilometres']}" if metres >= 1000 else f"{metres:,.0f} {say['metres']}"


def _data(heat: Heat, classes: Classes, title: str) -> str:
    numbers = {
        "title": title,
        "resolution": heat.resolution,
        "total": heat.total,
        "cells": [h3.int_to_str(int(cell)) for cell in heat.cells],
        "counts": heat.counts.tolist(),
        "classes": [list(pair) for pair in zip(classes.lows, classes.highs, strict=True)],
    }
    text = json.dumps(numbers, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="heat-data">{text}</script>'


def _safe(text: str) -> str:
    """Text for markup, and for markup inside a script: no tag, quote, template or address is left in it.

    Braces go too: folium renders a layer's script and then reads the result as a Jinja template once more.
    """
    return html.escape(text).translate(_ENTITIES)
