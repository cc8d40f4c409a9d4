"""Draw cards as the desktop does: Anki's own reviewer page in one headless Chromium.

Anki imports the package and renders both sides of every card. A server on the loopback interface
serves the web files of the `aqt` package, and Anki's `reviewer.js` shows the sides; `inspect.js`
then tells what a learner would see wrong.
"""

import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from mimetypes import guess_type
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from tests.anki.harness import imported

Side = Literal["question", "answer"]
SIDES: tuple[Side, ...] = ("question", "answer")

PHONE = 412  # CSS pixels: the width of most Android phones
INSPECT = Path(__file__).with_name("inspect.js")

#: Chromium's own network use off; what is not on the loopback goes to a proxy that is not there.
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --proxy-server=127.0.0.1:9 --hide-scrollbars"
).split()


@dataclass(frozen=True, slots=True)
class Card:
    """A card of an imported package, rendered by Anki.

    Attributes:
        guid: Of its note.
        key: The note's first field, which says to an author which note this is.
        number: The card's number in its note, from 1.
        tags: Of its note.
        question: HTML of the front with the note type's style.
        answer: HTML of the back with the note type's style.
    """

    guid: str
    key: str
    number: int
    tags: tuple[str, ...]
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class CardReport:
    """What the reviewer made of one side of a card.

    Attributes:
        card: The card.
        side: Which side.
        night: Whether in night mode; what the page said while it was drawn is told by day.
        formulas: Formulas that MathJax drew.
        text: What can be read, folded parts included.
        scrolls: Parts that scroll sideways by themselves: no fault, but tedious on a phone.
        problems: Everything that is wrong, a line each.
    """

    card: Card
    side: Side
    night: bool
    formulas: int
    text: str
    scrolls: tuple[str, ...]
    problems: tuple[str, ...]

    def __str__(self) -> str:
        where = f"{self.card.key} card {self.card.number} {self.side}"
        return f"{where} at night" if self.night else where


def cards_of(apkg: bytes, media: Path) -> list[Card]:
    """Every card of a package in learning order; the package's media go to `media`."""
    with imported(apkg) as (collection, _):
        shutil.copytree(collection.media.dir(), media, dirs_exist_ok=True)
        cards = []
        for card_id in collection.find_cards("", order="c.due, n.guid, c.ord"):
            card = collection.get_card(card_id)
            note = card.note()
            show: Callable[[str], str] = collection.media.escape_media_filenames
            cards.append(
                Card(
                    note.guid,
                    note.fields[0],
                    card.ord + 1,
                    tuple(note.tags),
                    show(card.question()),
                    show(card.answer()),
                )
            )
    return cards


@contextmanager
def reviewer() -> Iterator["Reviewer"]:
    """A Chromium that can review packages."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=_FLAGS)
        try:
            yield Reviewer(browser)
        finally:
            browser.close()


@cache
def chromium() -> str:
    """The system's Chromium; playwright would otherwise look for its own."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if path := shutil.which(name):
            return path
    raise FileNotFoundError("no Chromium; on Debian: apt-get install chromium")


class Reviewer:
    """One Chromium for many packages."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    @property
    def browser(self) -> Browser:
        """The Chromium itself, of which a process can have only one."""
        return self._browser

    @contextmanager
    def reviewing(self, apkg: bytes) -> Iterator[Callable[[str, int, Side], str]]:
        """Show cards of a package: key, number and side -> the HTML that the page then holds."""
        with _server() as (address, media):
            cards = {(card.key, card.number): card for card in cards_of(apkg, media)}
            with self._page(address, PHONE) as watched:

                def show(key: str, number: int, side: Side) -> str:
                    watched.show(cards[key, number], side)
                    html: str = watched.page.evaluate("document.getElementById('qa').innerHTML")
                    return html

                yield show

    def review(self, apkg: bytes, width: int = PHONE) -> list[CardReport]:
        """Show both sides of every card of a package, by day and by night, and report."""
        with _server() as (address, media):
            cards = cards_of(apkg, media)
            with self._page(address, width) as watched:
                return [
                    report
                    for card in cards
                    for side in SIDES
                    for report in watched.reports(card, side)
                ]

    def screenshot(
        self,
        apkg: bytes,
        guid: str,
        number: int = 1,
        side: Side = "answer",
        *,
        width: int = PHONE,
        height: int = 200,
        night: bool = False,
        unfold: bool = False,
        scale: float = 2,
    ) -> bytes:
        """A PNG of one side of a card, as tall as the side and at least `height` CSS pixels."""
        with _server() as (address, media):
            cards = {(card.guid, card.number): card for card in cards_of(apkg, media)}
            with self._page(address, width, height, scale) as watched:
                watched.show(cards[guid, number], side)
                watched.page.evaluate("setNight", night)
                if unfold:
                    watched.page.evaluate(
                        "document.querySelectorAll('details').forEach(d => { d.open = true })"
                    )
                return watched.page.screenshot(full_page=True)

    @contextmanager
    def _page(
        self, address: str, width: int, height: int = 800, scale: float = 1
    ) -> Iterator["_Watched"]:
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, device_scale_factor=scale
        )
        try:
            page = context.new_page()
            watched = _Watched(page, address)
            page.goto(f"{address}/reviewer.html")
            page.add_script_tag(path=INSPECT)
            yield watched
        finally:
            context.close()


class _Watched:
    """The reviewer's page and all that it complains about."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self._address = address
        self._heard: list[str] = []
        page.on("pageerror", lambda error: self._heard.append(f"script error: {error}"))
        page.on("console", lambda message: self._console(message.type, message.text))
        page.on("request", lambda request: self._request(request.url))
        page.on("response", lambda response: self._response(response.status, response.url))

    def _console(self, kind: str, text: str) -> None:
        # A failed load is told by the response, with its address.
        if kind == "error" and not text.startswith("Failed to load resource"):
            self._heard.append(f"script error: {text}")

    def _request(self, url: str) -> None:
        if not url.startswith((self._address + "/", "data:", "blob:")):
            self._heard.append(f"external request: {url}")

    def _response(self, status: int, url: str) -> None:
        if status >= 400 and not url.endswith("/favicon.ico"):
            self._heard.append(f"not found: {unquote(urlsplit(url).path)}")

    def show(self, card: Card, side: Side) -> None:
        """Let reviewer.js show a side, and wait until it stands still."""
        body = f"card card{card.number} isLin fancy"
        if side == "question":
            call = (
                f"_showQuestion({json.dumps(card.question)}, {json.dumps(card.answer)}, '{body}')"
            )
        else:
            call = f"_showAnswer({json.dumps(card.answer)}, '{body}')"
        self.page.evaluate(
            f"""async () => {{
                setNight(false);
                {call};
                await new Promise((done) => _queueAction(done));
                await Promise.all([...document.images].map((i) => i.decode().catch(() => 0)));
                await document.fonts.ready;
            }}"""
        )

    def reports(self, card: Card, side: Side) -> list[CardReport]:
        """Show a side and look for problems: in the light, and then, drawn once, at night."""
        self._heard.clear()
        self.show(card, side)
        light: dict[str, Any] = self.page.evaluate("inspect()")
        night: dict[str, Any] = self.page.evaluate("setNight(true); inspect()")
        html = card.question if side == "question" else card.answer
        expected = formulas_in(html)
        if light["formulas"] != expected:
            self._heard.append(f"{expected} formulas, {light['formulas']} drawn")
        return [
            CardReport(
                card=card,
                side=side,
                night=at_night,
                formulas=found["formulas"],
                text=found["text"],
                scrolls=tuple(found["scrolls"]),
                problems=tuple(dict.fromkeys([*heard, *found["problems"]])),
            )
            for at_night, found, heard in ((False, light, self._heard), (True, night, []))
        ]


_CODE = re.compile(r"<(pre|code|style|script)\b.*?</\1>", re.DOTALL)
_FORMULA = re.compile(r"\\\((.*?)\\\)|\\\[(.*?)\\\]", re.DOTALL)


def formulas_in(html: str) -> int:
    """How many formulas MathJax should draw; it leaves code alone."""
    return len(_FORMULA.findall(_CODE.sub("", html)))


# The server


@cache
def web_folder() -> Path:
    """The web files of `aqt`, found without importing it: its toolkit is not installed."""
    spec = find_spec("_aqt")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the package aqt is not installed")
    return Path(spec.submodule_search_locations[0]) / "data" / "web"


def _reviewer_page() -> str:
    """What aqt's `webview.stdHtml` and `reviewer.revHtml` write, without what only Qt can tell."""
    from _aqt.colors import CANVAS

    return f"""<!doctype html>
<html dir="ltr" data-bs-theme="light">
<head>
<title>main webview</title>
<base href="/">
<link rel="stylesheet" type="text/css" href="/_anki/css/webview.css">
<style>
body {{ zoom: 1; background-color: var(--canvas); }}
html {{ font-family: sans-serif; }}
:root {{ --canvas: {escape(CANVAS["light"])} }}
:root[class*=night-mode] {{ --canvas: {escape(CANVAS["dark"])} }}
</style>
<link rel="stylesheet" type="text/css" href="/_anki/css/reviewer.css">
</head>
<body class="isLin fancy">
<script>window.bridgeCommand = () => {{}}; window.pycmd = window.bridgeCommand;</script>
<script src="/_anki/js/webview.js"></script>
<script src="/_anki/js/reviewer.js"></script>
<div id="_mark" hidden>&#x2605;</div>
<div id="_flag" hidden>&#x2691;</div>
<script>qFade=0;</script>
<div id="qa" dir="auto"></div>
</body>
</html>"""


@contextmanager
def _server() -> Iterator[tuple[str, Path]]:
    """Anki's media server in little: its address, and the folder of the collection's media."""
    with TemporaryDirectory() as folder:
        media = Path(folder)
        handler = type("Handler", (_Handler,), {"media": media})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", media
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    media: Path

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path).lstrip("/")
        if path == "reviewer.html":
            self._send(200, _reviewer_page().encode(), "text/html")
            return
        root = self.media
        if path.startswith("_anki/"):
            root, path = web_folder(), path.removeprefix("_anki/")
        file = (root / path).resolve()
        if file.is_relative_to(root.resolve()) and file.is_file():
            kind = guess_type(file.name)[0] or "application/octet-stream"
            self._send(200, file.read_bytes(), kind)
        else:
            self._send(404, b"", "text/plain")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if "text" in kind else kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """The requests of a test are of no interest."""


def failures(reports: Sequence[CardReport]) -> str:
    """Every problem once, with the sides that have it, as a text for an assertion."""
    where: dict[str, list[str]] = {}
    for report in reports:
        for problem in report.problems:
            where.setdefault(problem, []).append(str(report))
    return "\n".join(
        f"{problem}\n    {', '.join(sides[:3])}{f' and {len(sides) - 3} more' * (len(sides) > 3)}"
        for problem, sides in where.items()
    )
