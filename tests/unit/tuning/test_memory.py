"""What is let go early is not wanted again, and what boxes no longer hold they still say."""

from collections.abc import Callable, Iterator

import pytest

from builder import tuning
from tests.unit.tuning.conftest import Draw

CSS = """
@page { size: 70mm 50mm; margin: 8mm 5mm; font: 7pt "DW Sans";
  @top-left { content: element(head) } @top-right { content: string(chapter) }
  @bottom-left { content: target-text(url(#third)) }
  @bottom-right { content: counter(page) "/" target-counter("#end", page) } }
body { font: 9pt "DW Sans"; margin: 0 } p { margin: 0 0 2mm }
h2 { string-set: chapter content(text); font-size: 10pt }
.head { position: running(head) }
b { border: 1pt solid red; padding: 1pt; border-radius: 2pt }
.card { border: 1pt solid; border-radius: 3mm; padding: 2mm; margin: 1mm auto }
table { border-collapse: collapse; width: 60% } td { border: 0.5pt solid; padding: 2% }
i { padding: 1%; border-left: 2pt solid }
.wide { width: 50% } .float { float: right; width: 20mm }
.abs { position: absolute; top: 1mm; right: 1mm }
.columns { columns: 2 }
"""
TEXT = "<p>Some <b>words with a frame</b> and <i>others</i> that go on over more than a line.</p>"
ROW = "<tr><td>A <b>cell</b></td><td><i>Another</i> cell of some words</td></tr>"
ASIDE = f'<p class="float">Aside, with words for many lines. {"More. " * 30}</p>'
BLOCKS = [
    f'<div><h2 id="first">First</h2>{TEXT * 6}</div>',
    f'<div class="card">{TEXT * 7}</div>',
    '<h2 id="third">Third <i>of all</i></h2>',
    f"<table>{ROW * 9}</table>",
    f'<div class="wide">{ASIDE}{TEXT * 4}</div>',
    f'<div style="position: relative"><p class="abs">Above</p>{TEXT * 3}</div>',
    f'<div class="columns">{TEXT * 8}</div>',
    f'<div id="sixth">{TEXT * 3}<div>{TEXT * 5}</div></div>',
]
#: What makes WeasyPrint lay out pages again, after it saw the last one.
AGAIN = {
    "nothing": "",
    "a running head that begins later": '<p class="head">Later</p>',
    "a page's number in the text": '<p class="see">see </p><style>.see::after '
    '{ content: "page " target-counter("#sixth", page) }</style>',
}


@pytest.mark.parametrize("again", AGAIN)
def test_long_documents_are_those_of_the_untouched_library(
    again: str, quick: Draw, untouched: Draw
) -> None:
    html = page(AGAIN[again])
    pages = quick(html, CSS)
    assert len(pages) > 8
    assert pages == untouched(html, CSS)


def page(extra: str) -> str:
    blocks = [BLOCKS[0], '<p class="head">Head</p>', *BLOCKS[1:5], extra, *BLOCKS[5:], TEXT * 9]
    return (
        '<!DOCTYPE html><html lang="en"><head><title>x</title></head>'
        f'<body><main>{"".join(blocks)}</main><p id="end"></p></body></html>'
    )


def test_boxes_of_pages_that_are_laid_out_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    import weasyprint.document
    from weasyprint.formatting_structure.boxes import Box, TextBox

    lay_out: Callable[..., Iterator[object]] = weasyprint.document.layout_document
    left: list[int] = []

    def watched(html: object, root: Box, context: object) -> Iterator[object]:
        def texts() -> int:
            return sum(isinstance(box, TextBox) for box in root.descendants())

        left.append(texts())
        for laid_out in lay_out(html, root, context):
            yield laid_out
            left.append(texts())

    monkeypatch.setattr(weasyprint.document, "layout_document", watched)
    with tuning.tuned():
        weasyprint.HTML(string=page("")).render(stylesheets=[weasyprint.CSS(string=CSS)])
    assert left[1] < left[0] / 3
