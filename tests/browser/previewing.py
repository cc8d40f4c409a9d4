"""Run `deckwright preview` as an author does, and look at it in the tests' Chromium."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, FrameLocator, Page, Request, Response

from builder import scaffold
from tests.conftest import ROOT

DRAWN = "html[data-idle=yes]"
#: Of the first card of `new_project`.
QUESTION = "How is the arithmetic mean computed?"
ANSWER = "divide the sum by their number"


def new_project(folder: Path) -> Path:
    """The project that `deckwright new` makes, in two languages."""
    scaffold.create(folder, scaffold.Choices("averages", "Averages", ("en", "zh")))
    return folder


def edit(project: Path, name: str, old: str, new: str) -> None:
    """Save a file of `content/` with a text replaced."""
    file = project / "content" / name
    text = file.read_text("utf-8")
    assert old in text, text
    file.write_text(text.replace(old, new, 1), "utf-8")


def command(project: Path, *options: str) -> "subprocess.Popen[str]":
    """Start `deckwright preview`."""
    return subprocess.Popen(
        [sys.executable, "-m", "builder", "preview", "-C", str(project), "--no-open", *options],
        cwd=ROOT,
        env={**os.environ, "DECKWRIGHT_CACHE": str(ROOT / ".cache" / "tests")},
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running(project: Path) -> Iterator[str]:
    """The preview's address while it runs; it must end cleanly at Ctrl-C."""
    process = command(project, "--port", "0")
    assert process.stderr is not None
    with process.stderr:
        said = process.stderr.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+/", said)
        assert address, said + process.stderr.read()
        try:
            yield address[0]
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(20)
        rest = process.stderr.read()
    assert (code, rest) == (0, ""), (code, rest)


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of the preview and all that it complains about."""

    page: Page
    complaints: list[str]

    @property
    def card(self) -> FrameLocator:
        """The card's own page."""
        return self.page.frame_locator("#card")

    def settle(self) -> None:
        """Wait until the card asked for is drawn."""
        self.page.wait_for_selector(DRAWN)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, each card being drawn before the next."""
        for key in keys:
            self.page.keyboard.press(key)
            self.settle()

    def html(self) -> str:
        """The card as it is drawn, formulas included."""
        return self.card.locator("#qa").inner_html()


def listen(page: Page, near: tuple[str, ...]) -> list[str]:
    """What the page complains of from now on; `near` is how addresses may begin."""
    complaints: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        if said.type == "error":
            complaints.append(f"console: {said.text}")

    def watch(asked: Request) -> None:
        if not asked.url.startswith(near):
            complaints.append(f"elsewhere: {asked.url}")

    def receive(got: Response) -> None:
        if got.status >= 400:
            complaints.append(f"{got.status}: {got.url}")

    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("console", hear)
    page.on("request", watch)
    page.on("response", receive)
    return complaints


@contextmanager
def shown(
    browser: Browser,
    address: str,
    *,
    width: int = 1200,
    scheme: str = "light",
    before: Callable[[Page], object] = lambda _: None,
) -> Iterator[Shown]:
    """Open the preview, or an export of it; nothing may be missing, fail or go elsewhere.

    `before` is given the page that is to open it.
    """
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-GB",
    )
    try:
        page = context.new_page()
        own = address.partition("#")[0].rpartition("/")[0]
        # The last two are those of Chromium's PDF viewer.
        near = (own, "data:", "blob:", "about:", "chrome:", "chrome-extension:")
        it = Shown(page, listen(page, near))
        before(page)
        page.goto(address)
        it.settle()
        yield it
        assert it.complaints == [], it.complaints
    finally:
        context.close()
