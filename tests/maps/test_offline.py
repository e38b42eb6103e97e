"""Pages that stand alone: every asset inside, or no page."""

from pathlib import Path

import folium
import pytest
from branca.element import Element, Figure, JavascriptLink
from folium.plugins import MarkerCluster

from gis.errors import WanggeError
from maps.offline import LEFT_OUT, VENDORED, OutsideLink, offline_page
from maps.outside import outside_links

VENDOR = Path(__file__).parents[2] / "server/web/vendor"


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    for file in VENDORED.values():
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("" if path.suffix == ".css" else "var loaded = 1;", encoding="utf-8")
    return tmp_path


def map_figure() -> Figure:
    figure = Figure()
    folium.Map(tiles=None).add_to(figure)
    return figure


def test_every_link_of_a_plain_folium_map_is_known() -> None:
    names = {name for name, _ in folium.Map.default_js + folium.Map.default_css}
    assert names <= set(VENDORED) | LEFT_OUT


@pytest.mark.skipif(not VENDOR.is_dir(), reason="the web assets have not been fetched")
def test_every_known_link_is_really_vendored() -> None:
    assert [file for file in VENDORED.values() if not (VENDOR / file).is_file()] == []
    page = offline_page(map_figure(), VENDOR)
    assert "data:font/woff2;base64," in page
    assert outside_links(page.split("</head>")[1]) == []


def test_scripts_and_styles_are_inside(assets: Path) -> None:
    (assets / VENDORED["leaflet"]).write_text("var mine = 1;\n//# sourceMappingURL=leaflet.js.map", encoding="utf-8")
    page = offline_page(map_figure(), assets)
    assert "<script>var mine = 1;\n</script>" in page
    assert "https://" not in page
    assert "Content-Security-Policy" in page


def test_an_inlined_script_cannot_end_its_element(assets: Path) -> None:
    (assets / VENDORED["leaflet"]).write_text("var a = '</SCRIPT><!-- b'", encoding="utf-8")
    assert r"var a = '<\/SCRIPT><\!-- b'" in offline_page(map_figure(), assets)


def test_pictures_and_fonts_of_a_style_become_data(assets: Path) -> None:
    css = assets / VENDORED["leaflet_css"]
    (css.parent / "images").mkdir()
    (css.parent / "images/layers.png").write_bytes(b"png")
    css.write_text("a{b:url(images/layers.png)}c{d:url('old.ttf')}e{f:url(#default#VML)}", encoding="utf-8")
    page = offline_page(map_figure(), assets)
    assert 'a{b:url("data:image/png;base64,cG5n")}c{d:url("data:,")}e{f:url("#default#VML")}' in page


@pytest.mark.parametrize(
    "css",
    [
        "a{b:url(https://cdn.example/x.png)}",
        "a{b:url(//cdn.example/x.woff2)}",
        "a{b:url(../../../../../etc/x.png)}",
        "a{b:url(images/absent.png)}",
        "@import 'https://cdn.example/x.css';",
    ],
)
def test_a_vendored_style_that_points_outside_is_refused(assets: Path, css: str) -> None:
    (assets / VENDORED["leaflet_css"]).write_text(css, encoding="utf-8")
    with pytest.raises(OutsideLink):
        offline_page(map_figure(), assets)


def test_a_link_that_is_not_known_is_refused(assets: Path) -> None:
    figure = map_figure()
    figure.header.add_child(JavascriptLink("https://cdn.example/new.js"), name="new")
    with pytest.raises(OutsideLink, match="new at https") as refused:
        offline_page(figure, assets)
    assert isinstance(refused.value, WanggeError)


def test_a_plugin_that_is_not_vendored_is_refused(assets: Path) -> None:
    figure = map_figure()
    chart = next(child for child in figure._children.values() if isinstance(child, folium.Map))
    chart.options["maxZoom"] = 18
    MarkerCluster().add_to(chart)
    with pytest.raises(OutsideLink, match="markercluster"):
        offline_page(figure, assets)


def test_a_missing_file_is_named(assets: Path) -> None:
    (assets / VENDORED["jquery"]).unlink()
    with pytest.raises(OutsideLink, match="jquery"):
        offline_page(map_figure(), assets)


def test_a_base_map_from_the_internet_is_refused(assets: Path) -> None:
    figure = Figure()
    folium.Map(tiles="OpenStreetMap").add_to(figure)
    with pytest.raises(OutsideLink, match="tileLayer"):
        offline_page(figure, assets)


@pytest.mark.parametrize(
    "markup",
    [
        '<img src="https://example.org/a.png">',
        "<img src=//example.org/a.png>",
        '<img src="beside.png">',
        '<img srcset="https://example.org/a.png 2x">',
        '<link rel="icon" href="/favicon.ico">',
        '<a href="https://example.org">see</a>',
        "<iframe srcdoc='x'></iframe>",
        '<div style="background:url(https://example.org/a.png)"></div>',
        "<style>p{background:url( 'https://example.org/a.png' )}</style>",
        "<style>@import '//example.org/a.css';</style>",
        "<script>var a = '<img src=\"https://example.org/a.png\">'</script>",
        "<script>fetch('/v1/owner')</script>",
        '<meta http-equiv="refresh" content="0;url=https://example.org">',
        '<svg><image xlink:href="https://example.org/a.svg"/></svg>',
    ],
)
def test_anything_that_points_outside_is_refused(assets: Path, markup: str) -> None:
    figure = map_figure()
    figure.html.add_child(Element(markup))
    with pytest.raises(OutsideLink, match="points outside"):
        offline_page(figure, assets)


def test_data_fragments_and_inert_json_may_stay() -> None:
    page = '<a href="#top">x</a><img src="data:image/png;base64,AA"><style>a{b:url(data:,)}</style>'
    assert outside_links(page + '<script type="application/json">{"a": "fetch(1) src=//x"}</script>') == []
