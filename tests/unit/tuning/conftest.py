"""Pages drawn with the short cuts and without them."""

import io
import re
from collections.abc import Callable
from contextlib import nullcontext

import pikepdf
import pytest

from builder import pdf, tuning
from builder.cache import Cache

#: HTML and CSS -> what is on each page.
Draw = Callable[[str, str], list[bytes]]


@pytest.fixture
def quick(cache: Cache) -> Draw:
    """Draw as the build does."""

    def draw(html: str, css: str) -> list[bytes]:
        made = pdf.render_pdf(html, css=css, drawings={}, folders={}, cache=cache)
        return contents(made.pdf)

    return draw


@pytest.fixture
def untouched(quick: Draw, monkeypatch: pytest.MonkeyPatch) -> Draw:
    """Draw by the untouched library."""
    import weasyprint

    own = weasyprint.HTML._ua_stylesheets

    def draw(html: str, css: str) -> list[bytes]:
        with monkeypatch.context() as library:
            library.setattr(tuning, "tuned", nullcontext)
            library.setattr(tuning, "user_agent_sheets", lambda forms=False: own(None, forms))
            return quick(html, css)

    return draw


def contents(made: bytes) -> list[bytes]:
    """The operators of each page; pieces of text are whole where nothing is between them."""
    with pikepdf.open(io.BytesIO(made)) as file:
        pages = [page.Contents.read_bytes() for page in file.pages]
    pages = [re.sub(rb">(?:0(?:\.0)?)?<", b"", page) for page in pages]
    return [re.sub(rb">0(?:\.0)?(?=\])", b">", page) for page in pages]
