"""HTML to a tree by the XML parser that Python has in C, where both parsers give the same tree.

WeasyPrint's own parser corrects whatever browsers correct, in Python, and takes a tenth of the time
of a document. Our templates leave nothing to correct; a page that might, gets `None` here, and
WeasyPrint parses it. So nobody's template needs to know.
"""

import re
from html import escape
from html.entities import html5
from typing import Final
from xml.etree import ElementTree as ET

_VOID: Final = "area|base|br|col|hr|img|input|link|meta|wbr"
#: The elements whose place the rules below know.
_INLINE: Final = frozenset("a abbr b br code em i img mark s small span strong sub sup u".split())
_BLOCK: Final = frozenset(
    "article aside blockquote dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li "
    "main nav ol p pre section table ul".split()
)
_HEADINGS: Final = frozenset("h1 h2 h3 h4 h5 h6".split())
_TABLE: Final = frozenset("table tbody thead tfoot tr".split())
#: Where each element of a table, and of the frame of a page, has to be.
_PARENTS: Final = {
    "head": {"html"},
    "body": {"html"},
    "title": {"head"},
    "meta": {"head"},
    "style": {"head", "body"},
    "tbody": {"table"},
    "thead": {"table"},
    "tfoot": {"table"},
    "tr": {"tbody", "thead", "tfoot", "table"},
    "th": {"tr"},
    "td": {"tr"},
    "li": {"ul", "ol"},
}
_TAG = re.compile(
    rf"""<(?:(?P<void>{_VOID})\b)?((?:[^<>"']|"[^"]*"|'[^']*')*?)(?P<end>/?)>""", re.DOTALL
)
#: What is a reference to a character in XML only.
_RAW = re.compile(r"<style[^>]*>[^<]*&")
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)(\w+;)")


def parse(html: str) -> ET.Element | None:
    """The tree of a page, or None if WeasyPrint had better parse it itself."""
    text = re.sub(r"(?i)\A\s*<!doctype html>", "", html)
    # No entities can be declared, which could grow without end.
    if "<?" in text or re.search("<!(?!--)", text) or _RAW.search(text):
        return None
    strange = False

    def tag(found: re.Match[str]) -> str:
        nonlocal strange
        if found["void"]:
            return f"<{found['void']}{found[2]}/>"
        strange = strange or bool(found["end"])  # closed in XML, open in HTML
        return found[0]

    text = _TAG.sub(tag, text)
    text = _ENTITY.sub(
        lambda found: escape(html5[found[1]]) if found[1] in html5 else found[0], text
    )
    try:
        root = ET.fromstring(text)  # noqa: S314 - no declarations, see above
    except ET.ParseError:
        return None
    if strange or root.tag != "html" or [child.tag for child in root] != ["head", "body"]:
        return None
    return root if all(_fits(child, root, frozenset()) for child in root) else None


def _fits(element: ET.Element, parent: ET.Element, within: frozenset[str]) -> bool:
    """Whether an HTML parser would leave an element and what is in it where they are.

    Puts rows that stand in a table itself into a body, as it would.
    """
    name = element.tag
    places = _PARENTS.get(name)
    if places is None:
        if name not in _INLINE and name not in _BLOCK:
            return False
        if name in _BLOCK and "p" in within:
            return False
        if name == "a" and "a" in within:
            return False
        if name in _HEADINGS and parent.tag in _HEADINGS:
            return False
    elif parent.tag not in places:
        return False
    if name == "pre" and (element.text or "").startswith("\n"):
        element.text = (element.text or "")[1:]
    if name in _TABLE and not _tabled(element):
        return False
    if name in ("p", "a"):
        within |= {name}
    elif name in ("td", "th"):
        within = frozenset()
    return all(_fits(child, element, within) for child in element)


def _tabled(element: ET.Element) -> bool:
    """Whether nothing but parts of a table is in a part of it. Its rows get a body."""
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        return False
    if element.tag == "table" and any(child.tag == "tr" for child in element):
        if any(child.tag != "tr" for child in element):
            return False
        body = ET.Element("tbody")
        body.extend(element)
        element[:] = [body]
    return all(child.tag in _PARENTS for child in element)
