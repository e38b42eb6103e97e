"""What a page of HTML would fetch from elsewhere, found without opening it."""

import re
from html.parser import HTMLParser

_LOADING = frozenset(
    {"src", "href", "srcset", "poster", "data", "action", "formaction", "background", "xlink:href", "srcdoc", "ping"}
)
_FRAMES = frozenset({"iframe", "frame", "object", "embed", "base", "portal"})
_INERT = frozenset({"application/json", "application/ld+json", "text/plain"})
_IN_CSS = re.compile(r"""url\(\s*["']?(?!\s*(?:data:|\#|["']))[^)]*\)|@import[^;]*""", re.IGNORECASE)
_IN_SCRIPT = re.compile(
    r"""(?:src|href)\s*=\s*\\?["'`]?\s*(?:https?:)?//[^\s"'`]*"""
    r"""|url\(\s*\\?["']?\s*(?:https?:)?//[^\s"')]*"""
    r"""|\bL\.(?:tileLayer|imageOverlay|videoOverlay|TileLayer|ImageOverlay|VideoOverlay)\b[.\w]*\(\s*["'`](?!data:)[^"'`]*"""
    r"""|\b(?:fetch|import|importScripts|Worker|EventSource|WebSocket|XMLHttpRequest|sendBeacon)\s*\([^)]*"""
    r"""|\$\.(?:ajax|get|getJSON|getScript|post)\s*\([^)]*"""
)


def outside_links(page: str) -> list[str]:
    """Each thing in the page that would be loaded from outside it, in order; an empty list when it stands alone.

    Attributes and styles may only hold data: and #fragments, so a file beside the page counts as outside too. In
    scripts it knows addresses in markup and styles, Leaflet's tiles and pictures, and calls that fetch; an address
    put together at run time is beyond it, and left to the page's content security policy.
    """
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._looking_for: re.Pattern[str] | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if given.get("type", "").lower() not in _INERT:
            self._looking_for = {"style": _IN_CSS, "script": _IN_SCRIPT}.get(tag)
        if tag in _FRAMES or (tag == "meta" and given.get("http-equiv", "").lower() == "refresh"):
            self.found.append(f"<{tag}>")
        for name, value in given.items():
            if name in _LOADING and not value.strip().lower().startswith(("#", "data:")):
                self.found.append(f"{name}={value}")
            elif name == "style":
                self._look(_IN_CSS, value)
            elif name.startswith("on"):
                self._look(_IN_SCRIPT, value)

    def handle_endtag(self, tag: str) -> None:
        if self._looking_for is not None:
            self._look(self._looking_for, self._text)
        self._looking_for, self._text = None, ""

    def handle_data(self, data: str) -> None:
        if self._looking_for is not None:
            self._text += data

    def _look(self, pattern: re.Pattern[str], text: str) -> None:
        self.found += [part.group().strip() for part in pattern.finditer(text)]
