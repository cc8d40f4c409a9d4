"""How soon an edit is seen: from a save to the changed card in Chromium.

Usage: python -m bench.preview [PROJECT …], by default the deck of this checkout. A copy of each
project is previewed as an author does it; one of its answers is saved a dozen times with another
last word. Said are the median and the worst time until the browser has drawn the card: alone, and
while a second window has the first printed output drawn anew after every save.
"""

import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, sync_playwright

from builder.cache import Cache, default_folder
from builder.load import Loaded, load
from builder.project import Project
from tests.browser.previewing import running
from tests.browser.reviewer import chromium

ROOT: Final = Path(__file__).parent.parent
SAVES: Final = 12
#: Seconds between two saves: the checks that follow a save should be through.
PAUSE: Final = 4.0

#: Runs in the card's page: when a text was seen there first, in milliseconds since 1970.
_WATCH: Final = """() => {
  window.seen = {};
  const look = () => {
    const frame = document.querySelector("#card");
    const text = frame?.contentDocument?.querySelector("#qa")?.textContent ?? "";
    for (const [word] of text.matchAll(/edit\\d+seen/g)) window.seen[word] ??= Date.now();
    requestAnimationFrame(look);
  };
  look();
}"""


def main(roots: Iterable[Path]) -> None:
    """Measure and print."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for root in roots:
            with tempfile.TemporaryDirectory() as name:
                project = Project(Path(name) / "project")
                for part in ("content", "templates"):
                    if (root / part).is_dir():
                        shutil.copytree(root / part, project.root / part)
                loaded = load(project, Cache(default_folder()))
                count = len(loaded.notes)
                with running(project.root) as address:
                    page = browser.new_page()
                    print(f"{root}: {count} notes, an edit is seen", flush=True)
                    print(_said(_measure(page, address, project, loaded)), flush=True)
                    printed = _printed(loaded)
                    if printed:
                        other = browser.new_page()
                        other.goto(f"{address}#print/{printed}")
                        times = _measure(page, address, project, loaded)
                        print(f"{_said(times)}, while {printed} is drawn", flush=True)
        browser.close()


def _said(times: list[float]) -> str:
    return f"  after {statistics.median(times):.3f} s, at worst {max(times):.3f} s"


def _printed(loaded: Loaded) -> str:
    outputs = loaded.deck.file.outputs.items()
    return next((name for name, output in outputs if output.target != "anki"), "")


def _measure(page: Page, address: str, project: Project, loaded: Loaded) -> list[float]:
    """Seconds from each save to the card drawn anew."""
    topic = loaded.deck.topics[len(loaded.deck.topics) // 2]
    item_id, item = next(iter(topic.items.items()))
    file = project.content / "topics" / f"{topic.id}.yaml"
    text = file.read_text("utf-8")
    language = loaded.deck.languages[0]
    old = item.answer[language].strip().splitlines()[0]
    place = text.index(old, text.index(f"  {item_id}:"))
    page.goto(f"{address}#{item_id}")
    page.reload()
    page.wait_for_selector("html[data-idle=yes]")
    page.keyboard.press(" ")
    page.wait_for_selector("html[data-idle=yes]")
    page.evaluate(_WATCH)
    times = []
    for number in range(SAVES):
        time.sleep(PAUSE)
        word = f"edit{number}seen"
        made = text[:place] + re.sub(r"\W*\Z", f" {word}", old) + text[place + len(old) :]
        started = time.time()
        file.write_text(made, "utf-8")
        seen = page.wait_for_function(f"() => window.seen['{word}']", timeout=60_000).json_value()
        times.append(seen / 1000 - started)
    file.write_text(text, "utf-8")
    time.sleep(PAUSE)
    return times


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or [ROOT])
