"""The short cuts draw what WeasyPrint draws without them."""

import io
from contextlib import nullcontext
from pathlib import Path

import pikepdf
import pytest

from builder import pdf, tuning
from builder.cache import Cache
from builder.load import load
from builder.lock import Lock
from builder.project import Project
from builder.targets import Context, handout, sheet
from builder.typeset import Drawing, typeset

SAMPLE = Project(Path(__file__).parents[1] / "print" / "sample")


def drawn(name: str, cache: Cache) -> list[bytes]:
    deck = load(SAMPLE, cache).deck
    output = deck.file.outputs[name]
    render = {"sheet": sheet.render, "handout": handout.render}[output.target]
    job = render(deck, Context(SAMPLE, name, output, Lock(), cache))
    drawings = {
        pdf.math_key(formula): drawing
        for formula, drawing in typeset(job.formulas, cache).items()
        if isinstance(drawing, Drawing)
    }
    made = pdf.render_pdf(
        job.html, css=job.css, drawings=drawings, folders=job.folders, cache=cache
    )
    with pikepdf.open(io.BytesIO(made.pdf)) as file:
        return [page.Contents.read_bytes() for page in file.pages]


@pytest.mark.parametrize("name", ["sheet-both.pdf", "handout.pdf"])
def test_pages_are_those_of_the_untouched_library(
    name: str, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    import weasyprint

    quick = drawn(name, cache)
    monkeypatch.setattr(tuning, "tuned", nullcontext)
    own = weasyprint.HTML._ua_stylesheets
    monkeypatch.setattr(tuning, "user_agent_sheets", lambda forms=False: own(None, forms))
    assert drawn(name, cache) == quick


def test_the_library_is_left_as_it_was(cache: Cache) -> None:
    import pydyf
    import weasyprint.css

    before = weasyprint.css.tinycss2, pydyf.PDF.page_references, pydyf.zlib
    with tuning.tuned():
        assert weasyprint.css.tinycss2 is not before[0]
    assert (weasyprint.css.tinycss2, pydyf.PDF.page_references, pydyf.zlib) == before
