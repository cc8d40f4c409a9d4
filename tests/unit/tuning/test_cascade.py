"""Styles that are shared are those that the untouched library works out for each element."""

import pytest

from tests.unit.tuning.conftest import Draw

CSS = """
@page { size: 80mm 60mm; margin: 8mm; font: 7pt "DW Sans"; @top-left { content: string(chapter) }
  @bottom-right { content: counter(page); border: 1pt solid } }
@page :left { @bottom-right { content: none } @bottom-left { content: counter(page) } }
@layer low, high;
@layer high { .layered { color: green } }
@layer low { .layered { color: red } p.layered { font-size: 12pt !important } }
body { font: 9pt "DW Sans"; margin: 0 }
p { margin: 0 0 1mm }
p + p { text-indent: 3mm } p:nth-child(3n) { color: navy } p:first-of-type { color: teal }
h2 { break-before: page; string-set: chapter content(text); counter-increment: chapter }
h2::before { content: counter(chapter) ". "; color: gray }
[data-note]::after { content: " (" attr(data-note) ")"; font-size: 7pt }
.key { color: red !important } #one .key { color: blue } em.key { color: lime !important }
ul { padding-left: 6mm } .inside { list-style-position: inside } .inside li::marker { color: red }
.drop::first-letter { font-size: 15pt } .drop::first-line { color: maroon }
[lang|="de"] { hyphens: auto; color: olive }
"""
CHAPTER = """<section id="chapter-{0}"><h2 data-note="note {0}">Chapter {0}</h2>
<p class="drop">The first letter of a paragraph that goes on over a line and then some more.</p>
<p style="color: {1}">By an attribute.</p><p style="color: {1}" lang="de">Silbentrennungsmuster</p>
<p class="layered key" data-note="{0}">Layered</p><p id="x{0}"><em class="key">Key</em> words</p>
<ul><li>one</li><li data-note="li">two <b>bold</b></li></ul>
<ul class="inside"><li>one</li><li>two</li></ul><ol><li>first</li><li>second</li></ol>
<table><tr><th>a</th><td>b</td></tr><tr><td id="one{0}">c</td><td>d</td></tr></table>
</section>"""


def page(*parts: str) -> str:
    return (
        '<!DOCTYPE html><html lang="en"><head><title>x</title></head>'
        f"<body>{''.join(parts)}</body></html>"
    )


def test_one_document(quick: Draw, untouched: Draw) -> None:
    html = page(*(CHAPTER.format(n, "purple" if n % 2 else "orange") for n in range(5)))
    pages = quick(html, CSS)
    assert len(pages) > 5
    assert pages == untouched(html, CSS)


@pytest.mark.parametrize("css", [CSS, CSS + "body { overflow: hidden }"])
def test_parts_with_rules_of_their_own(css: str, quick: Draw, untouched: Draw) -> None:
    """What one part says only it gets, though all share a style sheet."""
    rules = ["", "body { color: red }", "@page { background: #eee }", "", "p { color: blue }", ""]
    parts = (
        f"<!-- part 1 --><style>{rule}</style>{CHAPTER.format(n, 'purple')}"
        for n, rule in enumerate(rules)
    )
    html = page(*parts)
    pages = quick(html, css)
    assert pages == untouched(html, css)
    colours = [b"1 0 0 rg" in page for page in pages]
    assert any(colours)
    assert not all(colours)
