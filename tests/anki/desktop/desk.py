"""The real desktop, driven as a learner would: import, study, look, by day and by night.

Runs by itself with an interpreter that has `aqt` and its toolkit, on an X server. Arguments: a
folder for the profile, a package, a folder for pictures. Writes what it saw as JSON.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

os.environ.update(
    QTWEBENGINE_CHROMIUM_FLAGS="--no-sandbox --disable-gpu",
    QTWEBENGINE_DISABLE_SANDBOX="1",
    ANKI_SINGLE_INSTANCE_KEY=f"deckwright-{os.getpid()}",
    QT_QPA_PLATFORM="xcb",
)

import anki.lang
import aqt
from anki.decks import DeckId
from aqt.import_export.importing import import_file
from aqt.main import AnkiQt
from aqt.profiles import ProfileManager, VideoDriver
from aqt.theme import Theme
from aqt.webview import AnkiWebView

Found = TypeVar("Found")
Seen = dict[str, Any]

PATIENCE = 60  # seconds for the slowest step on a busy machine


def main(base: Path, package: Path, pictures: Path) -> Seen:
    make_profile(base)
    app = aqt._run(["anki", "-b", str(base), "-p", "Learner"], exec=False)
    assert app is not None
    desk = Desk(app, aqt.mw, pictures)
    desk.wait("the collection", lambda: aqt.mw.col is not None)
    aqt.mw.resize(900, 900)
    seen: Seen = {"import": desk.import_package(package)}
    aqt.mw.set_theme(Theme.LIGHT)
    seen["light"] = desk.study("light")
    aqt.mw.set_theme(Theme.DARK)
    seen["night"] = desk.study("night")
    aqt.mw.unloadProfileAndExit()
    desk.wait("the end", lambda: aqt.mw.col is None)
    return seen


def make_profile(base: Path) -> None:
    """Without one Anki would ask for the language, and then show its welcome."""
    anki.lang.set_lang("en_US")
    manager = ProfileManager(ProfileManager.get_created_base_folder(str(base)))
    manager.setupMeta()
    manager.meta["firstRun"] = False
    manager.setLang("en_US")
    manager.create("Learner")
    manager.openProfile("Learner")
    assert manager.profile is not None
    manager.profile["autoSync"] = False
    manager.meta["updates"] = False  # do not look for a newer Anki
    manager.save()
    manager.set_video_driver(VideoDriver.Software)
    assert manager.db is not None
    manager.db.close()


class Desk:
    """The main window, and waiting for it."""

    def __init__(self, app: aqt.AnkiApp, window: AnkiQt, pictures: Path) -> None:
        self.app = app
        self.window = window
        self.pictures = pictures

    def wait(self, what: str, ready: Callable[[], Found]) -> Found:
        """Let the window live until something is so; its truth is returned."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.app.processEvents()
            found = ready()
            if found:
                return found
            time.sleep(0.02)
        self.picture("stuck")
        raise SystemExit(f"{what} did not come within {PATIENCE} seconds")

    def rest(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.app.processEvents()
            time.sleep(0.02)

    def ask(self, web: AnkiWebView, script: str) -> Any:
        """The value of a script in a page."""
        answers: list[Any] = []
        web.page().runJavaScript(script, answers.append)
        self.wait(script, lambda: answers)
        return answers[0]

    def picture(self, name: str) -> None:
        self.rest(0.5)
        self.app.primaryScreen().grabWindow(0).save(str(self.pictures / f"{name}.png"))

    def import_package(self, package: Path) -> str:
        """By the dialogue, all its options as they are; what its log says."""
        import_file(self.window, str(package))
        dialog = self.wait("the dialogue", self.app.activeModalWidget)
        text = "document.body ? document.body.innerText : ''"
        self.wait("the options", lambda: "Import" in (self.ask(dialog.web, text) or ""))
        self.picture("import")
        press = "[...document.querySelectorAll('button')].find(b => b.innerText.trim() == 'Import')"
        self.ask(dialog.web, f"{press}.click(); 1")
        self.wait("the log", lambda: "found in file" in self.ask(dialog.web, text).lower())
        self.picture("imported")
        log: str = self.ask(dialog.web, text)
        dialog.close()
        return log

    def study(self, name: str) -> dict[str, Seen]:
        """Show the first card of the new deck: what is on its two sides."""
        decks = self.window.col.decks
        [deck] = [d for d in decks.all_names_and_ids(skip_empty_default=True) if d.id != 1]
        decks.select(DeckId(deck.id))
        self.window.moveToState("overview")
        self.rest(1.5)
        self.picture(f"{name}-overview")
        self.window.moveToState("review")
        reviewer = self.window.reviewer
        shown = (
            "document.getElementById('qa') && getComputedStyle(qa).opacity == '1' && qa.innerText"
        )
        self.wait("a card", lambda: self.ask(reviewer.web, shown))
        question = self.look(reviewer.web)
        self.picture(f"{name}-question")
        reviewer._showAnswer()
        answered = "document.getElementById('answer') && getComputedStyle(qa).opacity == '1'"
        self.wait("the answer", lambda: self.ask(reviewer.web, answered))
        answer = self.look(reviewer.web)
        self.picture(f"{name}-answer")
        self.window.moveToState("deckBrowser")
        self.rest(0.5)
        return {"question": question, "answer": answer}

    def look(self, web: AnkiWebView) -> Seen:
        shown = self.ask(
            web,
            """JSON.stringify({
                text: qa.innerText,
                classes: document.body.className.split(' '),
                formulas: document.querySelectorAll('mjx-container').length,
                errors: document.querySelectorAll('mjx-merror').length,
                background: getComputedStyle(document.body).backgroundColor,
                overflow: document.documentElement.scrollWidth > innerWidth,
            })""",
        )
        seen: Seen = json.loads(shown)
        return seen


if __name__ == "__main__":
    base, package, pictures = map(Path, sys.argv[1:])
    result = main(base, package, pictures)
    (pictures / "seen.json").write_text(json.dumps(result, ensure_ascii=False, indent=1), "utf-8")
    os._exit(0)  # Qt's own clean-up may crash on the way out
