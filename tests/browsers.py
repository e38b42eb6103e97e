"""Debian's Chromium without the internet: a page that lets nothing out and remembers what went wrong."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Request, Route, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LOCAL_SCHEMES = {"file", "data", "blob", "about"}
LOCAL_HOSTS = {"127.0.0.1", "localhost", "::1"}


def find_chromium() -> str | None:
    """The path of a Chromium this machine has, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass
class OfflinePage:
    """A browser page and what it complained about. ``outside`` holds the addresses it was kept from."""

    page: Page
    outside: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def assert_clean(self) -> None:
        """No request to the outside, no failed request, no error on the console."""
        wrong = {"outside": self.outside, "failed": self.failed, "errors": self.errors}
        assert not any(wrong.values()), wrong


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A headless browser with a fresh profile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def offline_pages(browser: Browser) -> Iterator[Callable[..., OfflinePage]]:
    """A maker of offline pages; its keywords go to playwright's ``new_context`` (``viewport=...``, ``locale=...``)."""
    contexts = []

    def new_page(**options: object) -> OfflinePage:
        context = browser.new_context(**options)  # type: ignore[arg-type]  # passed through as it is
        contexts.append(context)
        watched = OfflinePage(context.new_page())
        context.route("**/*", lambda route: _keep_inside(route, watched))
        watched.page.on("requestfailed", lambda request: _note_failed(request, watched))
        watched.page.on("response", lambda response: response.status >= 400 and watched.failed.append(response.url))
        watched.page.on("pageerror", lambda error: watched.errors.append(str(error)))
        watched.page.on("console", lambda line: line.type == "error" and watched.errors.append(line.text))
        return watched

    try:
        yield new_page
    finally:
        for context in contexts:
            context.close()


def _note_failed(request: Request, watched: OfflinePage) -> None:
    """A request that the page itself took back, because the map had moved on, has not failed."""
    if request.failure != "net::ERR_ABORTED":
        watched.failed.append(request.url)


def _keep_inside(route: Route, watched: OfflinePage) -> None:
    address = urlsplit(route.request.url)
    if address.scheme in LOCAL_SCHEMES or address.hostname in LOCAL_HOSTS:
        route.continue_()
    else:
        watched.outside.append(route.request.url)
        route.abort()
