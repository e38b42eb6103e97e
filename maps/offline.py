"""A folium figure as one page that opens without the internet: every asset inside it, or it is not made.

Links are known by the names folium and branca give them, never by their address. What a page refers to and is not
known stops it. A content security policy in the page makes the browser hold the same promise.
"""

import base64
import re
from functools import lru_cache
from pathlib import Path

from branca.element import CssLink, Figure, JavascriptLink, Link

from gis.errors import WanggeError
from maps.outside import outside_links

VENDORED = {
    "leaflet": "leaflet/dist/leaflet.js",
    "leaflet_css": "leaflet/dist/leaflet.css",
    "jquery": "jquery/dist/jquery.min.js",
    "bootstrap": "bootstrap/dist/js/bootstrap.bundle.min.js",
    "bootstrap_css": "bootstrap/dist/css/bootstrap.min.css",
    "awesome_markers": "leaflet.awesome-markers/dist/leaflet.awesome-markers.js",
    "awesome_markers_css": "leaflet.awesome-markers/dist/leaflet.awesome-markers.css",
    "awesome_markers_font_css": "fontawesome-free/css/all.min.css",
    "d3": "d3/d3.min.js",
}
"""Name of the link -> file below the assets folder, which has one folder for each npm package (without its scope)."""

LEFT_OUT = frozenset({"glyphicons_css", "awesome_rotate_css"})
"""Known links a page does without: icons of Bootstrap 3, and turning of markers."""

_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; font-src data:"
_MIME = {".png": "image/png", ".svg": "image/svg+xml", ".gif": "image/gif", ".woff2": "font/woff2"}
_OTHER_FONTS = frozenset({".ttf", ".woff", ".eot", ".otf"})  # every browser of today reads woff2
_URL = re.compile(r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^)"']*))\s*\)""")
_SOURCE_MAP = re.compile(r"(?m)^\s*//[#@] sourceMappingURL=.*$|/\*[#@] sourceMappingURL=[^*]*\*/")


class OutsideLink(WanggeError):
    """The page would need the internet: a link in it is not vendored."""

    kind = "outside-link"


def offline_page(figure: Figure, assets: Path) -> str:
    """The figure's HTML with all scripts, styles, images and fonts inside it.

    `assets` is the folder of vendored npm packages. Raises OutsideLink, naming them, for a link that is not in
    VENDORED, a file that is not in `assets`, and anything in the page or in a style that still points outside.
    """
    page = figure.render()
    inside: dict[str, str] = {}
    for name, child in figure.header._children.items():
        if isinstance(child, (JavascriptLink, CssLink)):
            mark = f"<!--asset:{len(inside)}-->"
            page = page.replace(child.render(), mark)
            inside[mark] = _asset(name, child, assets)
    left = outside_links(page)
    if left:
        raise OutsideLink(f"the page points outside: {', '.join(left[:5])}", links=left)
    for mark, text in inside.items():
        page = page.replace(mark, text)
    return page.replace("<head>", f'<head>\n<meta http-equiv="Content-Security-Policy" content="{_POLICY}">', 1)


def _asset(name: str, link: Link, assets: Path) -> str:
    if name in LEFT_OUT:
        return ""
    if name not in VENDORED:
        raise OutsideLink(f"the page links {name} at {link.url}, which is not vendored", links=[link.url])
    file = assets / VENDORED[name]
    if not file.is_file():
        raise OutsideLink(f"{name} is not in the folder of vendored assets: {file} is missing", links=[str(file)])
    return _inlined(file, assets, file.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _inlined(file: Path, assets: Path, _changed: int) -> str:
    """One vendored file as a script or style element; remembered until the file changes."""
    text = _SOURCE_MAP.sub("", file.read_text(encoding="utf-8"))
    if file.suffix == ".js":
        return f"<script>{_script_safe(text)}</script>"
    return f"<style>{_css_inside(text, file.parent, assets)}</style>"


def _script_safe(text: str) -> str:
    """JavaScript that cannot end its own element; both changes mean the same inside strings and patterns."""
    return re.sub(r"</(?=script)", r"<\\/", text, flags=re.IGNORECASE).replace("<!--", r"<\!--")


def _css_inside(text: str, folder: Path, assets: Path) -> str:
    if re.search(r"@import", text, re.IGNORECASE):
        raise OutsideLink("a vendored style imports another one", links=["@import"])
    inside = _URL.sub(lambda found: f'url("{_data(next(filter(None, found.groups()), ""), folder, assets)}")', text)
    return re.sub(r"</(?=style)", r"<\\/", inside, flags=re.IGNORECASE)


def _data(link: str, folder: Path, assets: Path) -> str:
    """What stands in `url()`: data: and #fragments as they are, a picture or font as data, an old font as nothing."""
    link = link.strip()
    if link.startswith(("#", "data:")):
        return link.replace('"', "%22")
    file = (folder / re.split(r"[?#]", link, maxsplit=1)[0]).resolve()
    if file.suffix in _OTHER_FONTS and "//" not in link:
        return "data:,"
    if "//" in link or not file.is_relative_to(assets.resolve()) or file.suffix not in _MIME or not file.is_file():
        raise OutsideLink(f"a vendored style points at {link}, which is not vendored", links=[link])
    return f"data:{_MIME[file.suffix]};base64,{base64.b64encode(file.read_bytes()).decode('ascii')}"
