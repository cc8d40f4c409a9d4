"""The preview outlives whatever goes wrong, and shows the last good state meanwhile."""

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from builder.cache import Cache
from builder.diagnostics import ContentError, Diagnostic, Span
from builder.preview import session as sessions
from builder.preview.session import Session, State
from builder.preview.workers import Drawn
from builder.project import Project
from tests.browser.previewing import edit, new_project

NOW = 1_795_000_000


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(new_project(tmp_path / "averages"))


@pytest.fixture
def session(project: Project, cache: Cache) -> Iterator[Session]:
    session = Session(project, cache, NOW)
    yield session
    session.close()


def codes(state: State) -> list[str]:
    problems: Any = state.problems
    return [problem["code"] for problem in problems]


def until(session: Session, wanted: list[str]) -> None:
    """Wait for the rules to say this."""
    state: State | None = session.state
    while state is not None and codes(state) != wanted:
        state = session.wait(state, 60)
    assert state is not None, codes(session.state)


def test_errors_keep_the_last_good_view_and_go_at_once(project: Project, session: Session) -> None:
    session.reload()
    good = session.state.view
    assert good is not None
    edit(project.root, "topics/averages.yaml", "by {{c1::any distance}}", "by {{c1::any distance")
    session.reload()
    assert codes(session.state) == ["cloze-unclosed"]
    assert session.state.view is good
    edit(project.root, "topics/averages.yaml", "by {{c1::any distance", "by {{c1::any distance}}")
    session.reload()
    assert session.state.problems == ()
    assert session.state.view is not good


def test_what_the_rules_said_stays_until_they_are_through_again(
    project: Project, session: Session
) -> None:
    question = "How is the arithmetic mean computed?"
    edit(project.root, "topics/averages.yaml", question, "Is the mean a sum divided by a count?")
    session.reload()
    until(session, ["yes-no-question"])
    edit(project.root, "topics/averages.yaml", "Is the mean a sum divided by a count?", question)
    session.reload()
    assert codes(session.state) == ["yes-no-question"]  # no flicker
    until(session, [])


def test_a_bug_is_told_and_the_next_save_is_read(
    project: Project,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    session.reload()
    good = session.state.view

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oh")

    with monkeypatch.context() as broken:
        broken.setattr(sessions, "load", fail)
        session.reload()
    (problem,) = session.state.problems
    assert isinstance(problem, dict)
    assert problem["message"] == "Deckwright failed: ZeroDivisionError('oh')"
    assert "ZeroDivisionError: oh" in capsys.readouterr().err
    assert session.state.view is good
    session.reload()
    assert session.state.problems == ()


def test_a_problem_of_a_file_that_cannot_be_read_is_told(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.reload()
    gone = Span("content/topics", 1, 1, 1, 1)  # no file at all

    def fail(*_: object, **__: object) -> None:
        raise ContentError([Diagnostic("not-utf8", "bad", gone)])

    with monkeypatch.context() as broken:
        broken.setattr(sessions, "load", fail)
        session.reload()
    assert codes(session.state) == ["not-utf8"]
    session.reload()
    assert codes(session.state) == []


def test_a_bug_in_drawing_is_told_and_the_next_save_is_drawn(
    session: Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    session.reload()
    failed: Future[Drawn] = Future()
    failed.set_exception(ZeroDivisionError("oh"))
    with monkeypatch.context() as broken:
        broken.setattr(session._workers, "draw", lambda _: failed)
        drawn = session.pages("sheet-en.pdf")
    assert drawn.data == b""
    assert "ZeroDivisionError('oh')" in drawn.problem
    assert "ZeroDivisionError: oh" in capsys.readouterr().err
    session.reload()
    assert session.pages("sheet-en.pdf").data.startswith(b"%PDF-")


def test_nothing_is_drawn_after_the_end(session: Session) -> None:
    session.reload()
    session.close()
    assert session.pages("sheet-en.pdf") == Drawn(b"", "the preview has ended")


def test_another_start_counts_otherwise(project: Project, cache: Cache, session: Session) -> None:
    """Or a page that outlived the preview would take new content for what it knows."""
    again = Session(project, cache, NOW)
    assert again.state.revision != session.state.revision
    again.close()


def test_pages_of_bad_content_say_why_there_are_none(project: Project, session: Session) -> None:
    edit(project.root, "topics/averages.yaml", "level: core", "level: cor")
    session.reload()
    drawn = session.pages("sheet-en.pdf")
    assert drawn.data == b""
    assert "content/topics/averages.yaml:8:12: " in drawn.problem


def test_who_waits_hears_of_the_end(session: Session) -> None:
    session.reload()
    seen = session.state
    session.close()
    assert session.wait(seen, 60) is None
    assert session.closed
