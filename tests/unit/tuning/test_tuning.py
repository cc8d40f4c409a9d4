"""The short cuts draw what WeasyPrint draws without them."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from builder import forms, pdf, tuning
from builder.cache import Cache
from builder.load import load
from builder.lock import Lock
from builder.project import Project
from builder.targets import Context, handout, sheet
from builder.typeset import Drawing, typeset
from tests.unit.tuning.conftest import contents

SAMPLE = Project(Path(__file__).parents[2] / "print" / "sample")


def drawn(name: str, cache: Cache) -> list[bytes]:
    deck = load(SAMPLE, cache).deck
    output = deck.file.outputs[name]
    render = {"sheet": sheet.render, "handout": handout.render}[output.target]
    job = render(deck, Context(SAMPLE, name, output, Lock(), cache))
    drawings = {
        forms.math_key(formula): drawing
        for formula, drawing in typeset(job.formulas, cache).items()
        if isinstance(drawing, Drawing)
    }
    made = pdf.render_pdf(
        job.html, css=job.css, drawings=drawings, folders=job.folders, cache=cache
    )
    return contents(made.pdf)


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
    import weasyprint.layout.inline
    from weasyprint.text.line_break import Layout

    def parts() -> list[object]:
        inline = weasyprint.layout.inline
        return [
            *(weasyprint.css.tinycss2, pydyf.PDF.page_references, pydyf.zlib, Layout.setup),
            *(inline.resolve_percentages, inline.split_first_line, inline.strut),
        ]

    before = parts()
    with tuning.tuned():
        assert all(new is not old for new, old in zip(parts(), before, strict=True))
    assert parts() == before
