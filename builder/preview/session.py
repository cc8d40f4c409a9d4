"""What the browser sees: the deck as it was last good, and what is wrong with it now."""

import secrets
import threading
import traceback
from collections.abc import Iterable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from builder import lock as locks
from builder.cache import JSON, Cache
from builder.console import as_json
from builder.diagnostics import ContentError, Diagnostic, EnvironmentProblem, excerpt
from builder.load import load
from builder.preview.view import View, Viewer
from builder.preview.workers import BrokenProcessPool, Drawn, Workers
from builder.project import Project
from builder.topics import Prepared

#: Seconds between showing cards and checking them: the browser needs the processors first.
PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class State:
    """A state of the preview; it never changes, another one takes its place.

    Attributes:
        revision: Counts up with every state, from a number that no other start of the preview has.
        view: The last good state of the deck; None if there was none yet.
        read: Counts how often the files were read.
        problems: What is wrong, as JSON.
    """

    revision: int
    view: View | None
    read: int
    problems: tuple[JSON, ...]


class Session:
    """One project under an author's hands.

    Cards come first: they need only that the files can be read. The rules of authors and the lock,
    which look at the whole deck, follow from a process of their own.
    """

    def __init__(self, project: Project, cache: Cache, now: int) -> None:
        self.project = project
        self._cache = cache
        self._viewer = Viewer(project)
        self._workers = Workers(project, cache, now)
        self._lock, self._lock_text = locks.Lock(), b""
        self._known: dict[str, Prepared] = {}
        self._changed = threading.Condition()
        # A page that was open before the preview was started again must not take this one's states
        # for those that it knows.
        self._state = State(secrets.randbits(32), None, 0, ())
        self._closed = False
        self._readable = True
        self._check: Future[tuple[Diagnostic, ...]] | None = None
        self._pages: dict[str, tuple[int, Future[Drawn]]] = {}

    @property
    def state(self) -> State:
        """The present state."""
        return self._state

    def warm(self) -> None:
        """Read all again: what was made the first time is then known, as what was kept is."""
        with suppress(Exception):  # it was told, or the next reload tells it
            self._view()

    def _view(self) -> View:
        loaded = load(self.project, self._cache, known=self._known)
        path = self.project.content / "deck.lock"
        text = path.read_bytes() if path.is_file() else b""
        if text != self._lock_text:
            self._lock = locks.read(path, self.project.name(path))
            self._lock_text = text
        return self._viewer.view(loaded, self._lock)

    def reload(self) -> None:
        """Read what changed, show it, and have it checked."""
        read = self._state.read + 1
        try:
            view = self._view()
        except ContentError as error:
            self._readable = False
            self._put(read=read, problems=self._told(error.diagnostics))
            return
        except Exception as error:
            # Whatever it is, the next save may mend it: the preview must live to see it.
            self._readable = False
            self._put(read=read, problems=(_failed(error),))
            return
        # What the rules said stays until they are through with the new state; what could not be
        # read before can be now.
        problems = self._state.problems if self._readable else ()
        self._readable = True
        self._put(read=read, view=view, problems=problems)
        waiting = threading.Timer(PAUSE, self._start_check, (read,))
        waiting.daemon = True
        waiting.start()

    def _start_check(self, read: int) -> None:
        with self._changed:
            if self._closed or read != self._state.read:
                return
            if self._check is not None:
                self._check.cancel()
            check = self._check = self._workers.check()
        check.add_done_callback(lambda done: self._checked(read, done))

    def _checked(self, read: int, done: "Future[tuple[Diagnostic, ...]]") -> None:
        try:
            problems = self._told(done.result())
        except CancelledError:
            return
        except Exception as error:
            problems = (_failed(error),)
        with self._changed:
            if read == self._state.read:
                self._put(problems=problems)

    def _put(
        self,
        *,
        read: int | None = None,
        view: View | None = None,
        problems: tuple[JSON, ...],
    ) -> None:
        with self._changed:
            old = self._state
            self._state = replace(
                old,
                revision=old.revision + 1,
                view=view or old.view,
                read=old.read if read is None else read,
                problems=problems,
            )
            self._changed.notify_all()

    def _told(self, diagnostics: Iterable[Diagnostic]) -> tuple[JSON, ...]:
        texts: dict[str, str] = {}
        told: list[JSON] = []
        for diagnostic in diagnostics:
            shown = ""
            if diagnostic.span:
                path = diagnostic.span.path
                if path not in texts:
                    texts[path] = _text(self.project.root / path)
                shown = excerpt(diagnostic.span, texts[path])
            told.append({**as_json(diagnostic), "excerpt": shown})
        return tuple(told)

    def wait(self, seen: State | None, seconds: float) -> State | None:
        """The next state after `seen`; None if none came in time or the preview ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._state is not seen, seconds)
            return None if self._closed or self._state is seen else self._state

    @property
    def closed(self) -> bool:
        """Whether the preview ends."""
        return self._closed

    def pages(self, name: str) -> Drawn:
        """A printed output of the present state; waits until it is drawn."""
        with self._changed:
            if self._closed:
                return Drawn(b"", "the preview has ended")
            read = self._state.read
            before = self._pages.get(name)
            if before is None or before[0] != read:
                if before is not None:
                    before[1].cancel()
                self._pages[name] = (read, self._workers.draw(name))
            future = self._pages[name][1]
        try:
            return future.result()
        except CancelledError:
            return Drawn(b"", "the content changed meanwhile")
        except Exception as error:
            if isinstance(error, _NOT_OURS):
                return Drawn(b"", f"the pages could not be drawn: {error}")
            traceback.print_exception(error)
            return Drawn(b"", f"Deckwright failed: {error!r}; the terminal has the details")

    def close(self) -> None:
        """End what is under way, and tell all who wait."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._workers.close()


def _text(file: Path) -> str:
    """What is in a file; nothing if it is gone, or cannot be read."""
    try:
        return file.read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        return ""


#: Failures of the machine; all others but content's are bugs.
_NOT_OURS = (BrokenProcessPool, EnvironmentProblem, OSError)


def _failed(error: Exception) -> JSON:
    """What is no fault of the content: of the machine, or a bug."""
    if isinstance(error, _NOT_OURS):
        said = Diagnostic("preview", f"the content could not be read or checked: {error}", None)
    else:
        traceback.print_exception(error)
        said = Diagnostic(
            "preview",
            f"Deckwright failed: {error!r}",
            None,
            "this is a bug in Deckwright, not in your deck; the terminal has the details to report",
        )
    return {**as_json(said), "excerpt": ""}
