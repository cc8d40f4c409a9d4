"""Finished PDFs are kept for exactly what they were made of."""

import time
from pathlib import Path

import pytest

from builder import pdf, press
from builder.cache import Cache
from builder.targets import PrintJob
from tests.unit.around import around

SQUARE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><path d="M0 0h{}v9z"/></svg>'
)


@pytest.fixture
def job(tmp_path: Path) -> PrintJob:
    (tmp_path / "a.svg").write_text(SQUARE.format(10), "utf-8")
    # Unlike what any other run kept.
    css = f'html {{ font-family: "DW Sans" }} /* {tmp_path} {time.time_ns()} */'
    html = '<html lang="en"><title>x</title><body><img src="figures/a.svg" alt="a"></body></html>'
    return PrintJob("a.pdf", html, css, folders={"figures": tmp_path})


def test_a_pdf_is_kept_until_a_picture_changes(job: PrintJob, tmp_path: Path, cache: Cache) -> None:
    drawn = press.draw(job, cache)
    assert press.cached(job, cache) == drawn.data
    (tmp_path / "a.svg").write_text(SQUARE.format(12), "utf-8")
    assert press.cached(job, cache) is None


def test_other_code_draws_anew(
    job: PrintJob, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to remember that a change may show on paper."""
    drawn = press.draw(job, cache)
    assert press.cached(job, cache) == drawn.data
    monkeypatch.setattr(press, "code_version", lambda: "another")
    assert press.cached(job, cache) is None


def test_a_picture_saved_while_it_is_drawn_is_drawn_again(
    job: PrintJob, tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the old picture would be printed for the new one, now and in every later build."""

    def save() -> None:
        (tmp_path / "a.svg").write_text(SQUARE.format(14), "utf-8")

    with monkeypatch.context() as author:
        author.setattr(pdf, "render_pdf", around(pdf.render_pdf, after=save))
        press.draw(job, cache)
    assert press.cached(job, cache) is None
    drawn = press.draw(job, cache)
    assert press.cached(job, cache) == drawn.data
