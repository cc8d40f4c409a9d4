"""The quick parser gives the tree that WeasyPrint's own gives, or none."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import tinyhtml5

from builder.cache import Cache
from builder.load import load
from builder.lock import Lock
from builder.project import Project
from builder.targets import Context, cards, handout, sheet, worksheet
from builder.tuning import parse

SAMPLE = Project(Path(__file__).parents[2] / "print" / "sample")
RENDER = {
    "sheet": sheet.render,
    "handout": handout.render,
    "cards": cards.render,
    "worksheet": worksheet.render,
}


def shown(element: ET.Element) -> object:
    """What of an element can be seen: space between blocks cannot."""
    parts: list[object] = [element.text or ""]
    for child in element:
        parts += [shown(child), child.tail or ""]
    kept = [part for part in parts if not isinstance(part, str) or part.strip()]
    return element.tag, dict(element.attrib), kept


def body(root: ET.Element) -> object:
    found = root.find("body")
    assert found is not None
    return shown(found)


def page(inside: str) -> str:
    return f"<!doctype html>\n<html><head><title>x</title></head><body>{inside}</body></html>"


@pytest.mark.parametrize("name", [*load(SAMPLE, Cache(None)).deck.file.outputs])
def test_our_documents_are_parsed_alike(name: str, cache: Cache) -> None:
    deck = load(SAMPLE, cache).deck
    output = deck.file.outputs[name]
    job = RENDER[output.target](deck, Context(SAMPLE, name, output, Lock(), cache))
    html = re.sub("<!-- part . -->", "", job.html)
    quick = parse(html)
    assert quick is not None
    assert body(quick) == body(tinyhtml5.parse(html, namespace_html_elements=False))


@pytest.mark.parametrize(
    "inside",
    [
        "<p>a<br>b&nbsp;c &lt;d&gt; &amp;&ensp;<img src='x' alt='a > b'></p>",
        "<table><tr><td>a</td></tr><tr><th>b</th></tr></table>",
        "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table>",
        "<pre>\na\n b</pre><pre>\n\nc</pre>",
        "<ul><li>a<ul><li>b</li></ul></li></ul>",
    ],
)
def test_what_is_simple_is_parsed_alike(inside: str) -> None:
    quick = parse(page(inside))
    assert quick is not None
    assert body(quick) == body(tinyhtml5.parse(page(inside), namespace_html_elements=False))


@pytest.mark.parametrize(
    "inside",
    [
        "<p>a",
        "<p>a<p>b",
        "<p><div>a</div></p>",
        "<p><span><ul><li>a</li></ul></span></p>",
        "<div/>a",
        "<table><div>a</div></table>",
        "<table>a<tr><td>b</td></tr></table>",
        "<table><thead><tr><td>a</td></tr></thead><tr><td>b</td></tr></table>",
        "<td>a</td>",
        "<li>a</li>",
        "<a href='x'>a<b><a href='y'>b</a></b></a>",
        "<h1><h2>a</h2></h1>",
        "<P>a</P>",
        "<svg><title>a</title></svg>",
        "<style>a::before { content: '&amp;' }</style>",
        "<custom>a</custom>",
        "<p hidden>a</p>",
        "<p>a & b</p>",
        "<![CDATA[a]]>",
        "<?a?>",
    ],
)
def test_what_might_need_correction_is_left_alone(inside: str) -> None:
    assert parse(page(inside)) is None


def test_no_entity_can_be_declared() -> None:
    bomb = '<!DOCTYPE html [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    assert parse(bomb + page("<p>&b;</p>").removeprefix("<!doctype html>")) is None


def test_an_entity_that_stands_for_markup_stays_text() -> None:
    text = "&LT;b&GT; &AMP;amp; &QUOT;"
    root = parse(f'<html><head></head><body><p title="{text}">{text}</p></body></html>')
    assert root is not None
    (paragraph,) = root.iter("p")
    assert paragraph.text == paragraph.get("title") == '<b> &amp; "'
