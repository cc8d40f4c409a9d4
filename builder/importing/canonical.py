"""HTML in one form: what two pieces of HTML have in common if they look the same.

Anki's editor writes lines as `<div>`, `<br>` or `<p>`, bold as `<b>` or `<strong>`, and white space
as it comes. Here all of that becomes one tree, so that the HTML of our own Markdown can be compared
with what was imported, and so that Markdown is made of a form without accidents.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from typing import TypeAlias

from builder import kept


@dataclass(frozen=True, slots=True)
class Element:
    """An element; a line break is one with the tag `br`."""

    tag: str
    attributes: tuple[tuple[str, str], ...] = ()
    children: "tuple[Tree, ...]" = ()


Tree: TypeAlias = Element | str

_ALIASES = {"b": "strong", "i": "em", "strike": "s", "del": "s"}
#: Elements that stand on lines of their own.
BLOCKS = frozenset(
    "p ul ol li blockquote pre h1 h2 h3 h4 h5 h6 hr table thead tbody tfoot tr td th dl dt dd "
    "details summary center figure figcaption section caption colgroup".split()
)
_VOID = frozenset("br hr img wbr input col source embed area base link meta param track".split())
#: Where a run of text is a paragraph if a block stands beside it.
_FLOWS = frozenset(("", "blockquote"))
_SPACE = re.compile(r"[ \t\n\r\f]+")
BREAK = Element("br")
#: Elements in elements; browsers themselves stop at some hundreds.
_MAX_DEPTH = 100


class TooDeepError(Exception):
    """Elements nest deeper than any page has them."""


@dataclass(slots=True)
class _Open:
    tag: str
    attributes: tuple[tuple[str, str], ...] = ()
    children: list[Tree] = field(default_factory=list)


class _Reader(HTMLParser):
    """Builds the tree.

    Attributes:
        stack: Open elements, the outermost first.
        space: Whether white space waits for what follows.
        started: Whether the present line shows anything.
        due: Whether a line ended that what follows must not join.
        pre: How many `<pre>` are open.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.stack = [_Open("")]
        self.space = False
        self.started = False
        self.due = False
        self.pre = 0
        self.divs: list[int] = []

    def handle_data(self, data: str) -> None:
        if self.pre:
            self.text(data)
            return
        words = _SPACE.split(data)
        for place, word in enumerate(words):
            if place:
                self.space = True
            if word:
                self.show()
                self.text(word)

    def text(self, data: str) -> None:
        self.started = True
        children = self.stack[-1].children
        if children and isinstance(children[-1], str):
            children[-1] += data
        else:
            children.append(data)

    def show(self) -> None:
        """Something visible follows: a line break or a space that waits comes first."""
        if self.due:
            self.stack[-1].children.append(BREAK)
            self.started = False
        elif self.space and self.started:
            self.text(" ")
        self.due = self.space = False

    def block(self) -> None:
        """A block begins or ends: the line before it is over."""
        self.due = self.space = self.started = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        tag = _ALIASES.get(tag, tag)
        attributes = tuple(sorted((name, value or "") for name, value in attrs))
        if tag == "div" and not attributes:
            self.due = self.due or self.started
            self.space = False
            return
        if tag == "br":
            if self.pre:
                self.text("\n")
                return
            self.line_break()
            return
        if tag in BLOCKS or (tag == "div" and attributes):
            self.block()
        else:
            self.show()
        if tag == "pre":
            self.pre += 1
            attributes = tuple(pair for pair in attributes if pair != ("class", "code"))
        if tag in _VOID:
            self.started = tag not in BLOCKS
            self.stack[-1].children.append(Element(tag, attributes))
        elif len(self.stack) > _MAX_DEPTH:
            raise TooDeepError
        else:
            self.stack.append(_Open(tag, attributes))

    def line_break(self) -> None:
        if self.due:
            self.stack[-1].children.append(BREAK)
        self.stack[-1].children.append(BREAK)
        self.due = self.space = self.started = False

    def handle_endtag(self, tag: str) -> None:
        tag = _ALIASES.get(tag, tag)
        if tag == "div" and not any(each.tag == "div" for each in self.stack):
            self.due = self.due or self.started
            return
        if tag in _VOID or all(each.tag != tag for each in self.stack):
            return
        while True:
            closed = self.stack.pop()
            if closed.tag in BLOCKS or closed.tag == "div":
                self.block()
            if closed.tag == "pre":
                self.pre -= 1
            self.stack[-1].children.extend(_closed(closed))
            if closed.tag == tag:
                return

    def tree(self) -> tuple[Tree, ...]:
        self.close()
        while len(self.stack) > 1:
            self.handle_endtag(self.stack[-1].tag)
        return _tidy("", self.stack[0].children)


def _closed(element: _Open) -> list[Tree]:
    if element.tag == "pre":
        return [Element("pre", element.attributes, _code(element.children))]
    children = _tidy(element.tag, element.children)
    attributes = element.attributes
    if element.tag == "ol" and attributes == (("start", "1"),):
        attributes = ()
    shown = children or attributes or element.tag in BLOCKS
    return [Element(element.tag, attributes, children)] if shown else []


def _code(children: list[Tree]) -> tuple[Tree, ...]:
    """What is in a `<pre>`, without the `<code>` around it and line breaks at its ends."""
    inner = list(children)
    alone = inner[0] if len(inner) == 1 else None
    if isinstance(alone, Element) and (alone.tag, alone.attributes) == ("code", ()):
        inner = list(alone.children)
    if inner and isinstance(inner[0], str):
        inner[0] = inner[0].removeprefix("\n")
    if inner and isinstance(inner[-1], str):
        inner[-1] = inner[-1].rstrip("\n")
    return tuple(child for child in inner if child != "")


def texts(children: tuple[Tree, ...]) -> Iterator[str]:
    """All text of some trees, in order."""
    for child in children:
        if isinstance(child, str):
            yield child
        else:
            yield from texts(child.children)


def _tidy(tag: str, children: list[Tree]) -> tuple[Tree, ...]:
    """Join what belongs together, and drop what nobody sees."""
    joined: list[Tree] = []
    for child in children:
        last = joined[-1] if joined else None
        if isinstance(child, str) and isinstance(last, str):
            joined[-1] = last + child
        elif (
            isinstance(child, Element)
            and isinstance(last, Element)
            and child.tag in ("strong", "em", "s", "u")
            and (last.tag, last.attributes) == (child.tag, child.attributes)
        ):
            joined[-1] = Element(
                child.tag, child.attributes, _tidy(child.tag, [*last.children, *child.children])
            )
        else:
            joined.append(child)
    if tag and tag not in BLOCKS and tag != "div":
        return tuple(joined)
    made: list[Tree] = []
    run: list[Tree] = []
    blocks = any(_is_block(child) for child in joined)
    ended: list[Tree | None] = [*joined, None]
    for each in ended:
        if each is not None and not _is_block(each):
            run.append(each)
            continue
        shown = _trimmed(run)
        run = []
        if shown and blocks and tag in _FLOWS:
            made.append(Element("p", (), tuple(shown)))
        else:
            made += shown
        if each is not None and each != Element("p"):
            made.append(each)
    alone = made[0] if len(made) == 1 else None
    if tag in _FLOWS and isinstance(alone, Element) and (alone.tag, alone.attributes) == ("p", ()):
        return alone.children
    return tuple(made)


def _is_block(tree: Tree) -> bool:
    return isinstance(tree, Element) and (tree.tag in BLOCKS or tree.tag == "div")


def _trimmed(run: list[Tree]) -> list[Tree]:
    """A run of text without what shows nothing at its ends: spaces, and one last line break."""
    run = list(run)
    if run and run[-1] == BREAK:
        run.pop()
    if run and isinstance(run[0], str):
        run[0] = run[0].lstrip(" \xa0")
    if run and isinstance(run[-1], str):
        run[-1] = run[-1].rstrip(" \xa0")
    return [child for child in run if child != ""]


@cache
def _math() -> re.Pattern[str]:
    return re.compile(r"\\\(.+?\\\)|\\\[.+?\\\]", re.DOTALL)


def _plain_math(match: re.Match[str]) -> str:
    r"""A formula without the spaces that mean nothing: `} }` is `}}`, `\( x \)` is `\(x\)`."""
    text = match[0]
    inner = re.sub(r"(?<=[{}:])\s+(?=[{}:])", "", text[2:-2].strip())
    return text[:2] + inner + text[-2:]


def _with_plain_math(tree: Tree) -> Tree:
    if isinstance(tree, str):
        return _math().sub(_plain_math, tree) if "\\" in tree else tree
    if tree.tag in ("pre", "code"):
        return tree
    return Element(tree.tag, _attributes(tree), tuple(map(_with_plain_math, tree.children)))


def _attributes(element: Element) -> tuple[tuple[str, str], ...]:
    if element.tag == "img":
        return tuple(pair for pair in element.attributes if pair != ("alt", ""))
    return element.attributes


#: What begins or ends a formula, or begins a sound, unless a part of it is a reference.
_DELIMITER = re.compile(r"\\[()\[\]]|\[(?=sound:|anki:|latex\]|\$)", re.IGNORECASE)


def _with_literals(html: str) -> str:
    """The HTML with marks in what only looks like the delimiter of a formula, a sound or LaTeX.

    Anki and MathJax read a field before and after a browser decodes it, so what a reference hides
    from one of them must not be taken for what is plainly written.
    """
    marked = kept.marked(html)
    if marked == html:
        return html
    plain = kept.unmarked(marked)
    literal = list(plain)
    for match in _DELIMITER.finditer(plain):
        start, end = match.span()
        literal[start:end] = marked[start:end]
    return "".join(literal)


def canonical(html: str) -> tuple[Tree, ...]:
    """The tree of a piece of HTML; equal for what looks the same.

    Raises:
        TooDeepError: Its elements nest too deep.
    """
    reader = _Reader()
    reader.feed(_with_literals(html))
    return tuple(map(_with_plain_math, reader.tree()))


_CLOZE_PARTS = re.compile(r"\{\{c[\d,]+::|\}\}|::")


def _cloze_parts(html: str) -> Iterator[re.Match[str]]:
    """What Anki sees of clozes in a field: where they begin, end, and where their hints begin."""
    hinted: list[bool] = []
    for match in _CLOZE_PARTS.finditer(html):
        part = match[0]
        if part.startswith("{"):
            hinted.append(False)
        elif not hinted or (part == "::" and hinted[-1]):
            continue
        elif part == "::":
            hinted[-1] = True
        else:
            hinted.pop()
        yield match


def clozes(html: str) -> tuple[str, ...]:
    """The beginnings, ends and hints of the clozes that Anki sees in a field, in order."""
    return tuple(match[0] for match in _cloze_parts(html))


def with_clozes(html: str) -> tuple[Tree, ...]:
    """The tree of a field in which what is part of a cloze differs from text that looks like it.

    Raises:
        TooDeepError: Its elements nest too deep.
    """
    pieces: list[str] = []
    at = 0
    for match in _cloze_parts(html):
        pieces += [html[at : match.start()], _CLOZE_SIGN]
        at = match.start()
    return canonical("".join([*pieces, html[at:]]))


#: Stands before each part of a cloze; no text holds it.
_CLOZE_SIGN = "\x0e"
