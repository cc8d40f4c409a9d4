"""Text to `Document`: the parser with all our rules, and the collection of what it found."""

import functools
import re
from bisect import bisect_left
from typing import Any, Final
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore, text_join
from markdown_it.rules_inline import image, link
from markdown_it.token import Token
from mdit_py_plugins.dollarmath.index import math_block_dollar

from builder.markup import cloze, code, links, math
from builder.markup.inline import InlineParser, Note, with_position
from builder.markup.positions import Places, located
from builder.markup.quick import quick
from builder.markup.records import Cloze, Code, Document, Image, Math, Problem

#: Texts kept parsed, at 3 to 4 KB each: all of a large topic, so that its checks and notes share
#: one parse.
CACHE_SIZE: Final = 4096

_BREAK = re.compile(r"[\n\r\0]")
_MARKUP = re.compile(r"[$&*<\[\]\\_`{}~]")
# Where none of these stands, a paragraph, heading or cell is one text.
_INLINE = re.compile(r"[\n$&*<\[\]\\_`{}~]|^\Z")
# What cannot begin a list, heading, quote, rule, table, fence or indented code.
_PARAGRAPH = re.compile(
    r"[^\W\d_]|[\u3000-\u303f\uff00-\uffef\u2010-\u2027\"'(（{\[\\]|\$(?!\$)|`(?!``)|\*\*\w"
)


@functools.lru_cache(maxsize=CACHE_SIZE)
def parse(text: str) -> Document:
    """Parse Markdown with clozes and formulas. Never raises; what is wrong is in `.problems`."""
    if _PARAGRAPH.match(text) and not _BREAK.search(text) and text == text.strip():
        if not _MARKUP.search(text):
            return Document(tuple(paragraph(text, [Token("text", "", 0, content=text)])))
        found = quick(text)
        if found is None:
            return _one_paragraph(text)
        children, clozes, maths = found
        return Document(tuple(paragraph(text, children)), clozes=tuple(clozes), maths=tuple(maths))
    return parse_markdown(text)


def _one_paragraph(text: str) -> Document:
    """`parse_markdown` of a line that is a paragraph: the block rules are half of its cost."""
    tokens = paragraph(text, [])
    tokens[1].meta.update(starts=[0], ends=[len(text)])
    state = StateCore(text, parser(), {}, tokens)
    _inline(state)
    if "\\" in text or "&" in text:
        text_join(state)  # of what escapes and entities left apart
    return _Collector(text, tokens).document()


def paragraph(text: str, children: list[Token]) -> list[Token]:
    """The tokens that markdown-it gives for a text of a single paragraph."""
    inline = Token(
        "inline", "", 0, map=[0, 1], level=1, children=children, content=text, block=True
    )
    return [_OPENING, inline, _CLOSING]


# The same in all texts, and never changed: making tokens is half the cost of a plain text.
_OPENING: Final = Token("paragraph_open", "p", 1, map=[0, 1], block=True)
_CLOSING: Final = Token("paragraph_close", "p", -1, block=True)


def parse_markdown(text: str) -> Document:
    """`parse` without its short cuts and cache."""
    tokens = parser().parse(text)
    return _Collector(text, tokens).document()


@functools.cache
def parser() -> MarkdownIt:
    """The parser of content: CommonMark, tables, strikethrough and our rules.

    No raw HTML, and no reference definitions: an answer such as `[Paris]: no` would vanish.
    """
    md = build_parser(html=False)
    md.enable(["table", "strikethrough"])
    md.disable("reference")
    md.inline.ruler.at("autolink", links.auto_link)
    md.inline.ruler.after("autolink", "raw_html", links.raw_html)
    # Every address is parsed as one, so that a refused one can be reported; see `_link`. Replacing
    # the method is how markdown-it is told so, which mypy cannot know.
    md.validateLink = lambda _: True  # type: ignore[method-assign, assignment]  # see above
    return md


def build_parser(*, html: bool) -> MarkdownIt:
    """CommonMark with clozes, formulas, CJK emphasis and positions.

    With `html` it must still pass CommonMark's own examples; a test holds this.
    """
    md = MarkdownIt("commonmark")
    md.inline = InlineParser()
    md.configure("commonmark", options_update={"html": html})
    md.inline.ruler.before("escape", "math", math.rule)
    md.inline.ruler.before("math", "cloze", cloze.rule)
    md.inline.ruler.at("image", with_position(image))
    md.inline.ruler.at("link", with_position(link))
    md.block.ruler.before(
        "fence",
        "math_block",
        math_block_dollar(allow_labels=False, allow_blank_lines=False),
    )
    for rule in md.block.ruler.__rules__:
        if rule.name in _LOCATED:
            md.block.ruler.at(rule.name, located(rule.fn), {"alt": rule.alt})
    md.core.ruler.at("inline", _inline)
    return md


_LOCATED: Final = ("table", "code", "fence", "math_block", "heading", "lheading", "paragraph")


def _inline(state: StateCore) -> None:
    """Core rule: as markdown-it's, keeping each run's notes on its token."""
    for token in state.tokens:
        if token.type == "inline":
            if not _INLINE.search(token.content):  # most cells of a table
                token.children = [Token("text", "", 0, content=token.content)]
                continue
            notes: list[Note] = []
            env: Any = state.env
            env["notes"] = notes
            env["in_cell"] = "cell" in token.meta
            if token.children is None:
                token.children = []
            state.md.inline.parse(token.content, state.md, env, token.children)
            env.pop("notes", None)
            if notes:
                token.meta["notes"] = notes


class _Collector:
    """One walk over the tokens that gathers the records, with offsets in the text."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        # markdown-it sees normalised line ends: offsets shift by the carriage returns dropped.
        self.dropped: list[int] = []
        self.text = text
        if "\r" in text:
            self.dropped = [m.start() - n for n, m in enumerate(re.finditer(r"\r(?=\n)", text))]
            self.text = re.sub(r"\r\n?", "\n", text)
        self.tokens = tokens
        self.problems: list[Problem] = []
        self.clozes: list[Cloze] = []
        self.maths: list[Math] = []
        self.images: list[Image] = []
        self.codes: list[Code] = []

    def document(self) -> Document:
        previous = ""
        for token in self.tokens:
            if token.type == "inline":
                if token.meta.get("notes") or any(_interesting(t) for t in token.children or ()):
                    self._inline(token, previous)
            elif token.type in ("fence", "code_block"):
                self._code(token)
            elif token.type == "math_block":
                self._math_block(token)
            previous = token.markup
        return Document(
            tuple(self.tokens),
            tuple(self._straddling()),
            tuple(self.clozes),
            tuple(self.maths),
            tuple(self.images),
            tuple(self.codes),
        )

    def _place(self, offset: int) -> int:
        """Offset in the normalised text -> offset in the text."""
        return offset + bisect_left(self.dropped, offset) if self.dropped else offset

    def _note(self, note: Note, start: int, end: int) -> None:
        self.problems.append(
            Problem(
                note.code,
                note.message,
                note.help,
                self._place(start),
                self._place(max(end, start)),
                note.severity,
            )
        )

    def _inline(self, token: Token, markup: str) -> None:
        places = Places(self.text, token, markup)

        def span(start: int, end: int) -> tuple[int, int]:
            return self._place(places(start)), self._place(places(end - 1) + 1)

        for child in token.children or ():
            if child.type == "link_open":
                self._link(child, token.content, places)
                continue
            if "start" not in child.meta:
                continue
            start, end = span(child.meta["start"], child.meta["end"])
            if child.type == "cloze_open":
                found = child.meta["pair"]
                answer = token.content[found.answer : found.answer_end]
                hint = None
                if found.hint is not None:
                    hint = token.content[found.hint : found.hint_end]
                self.clozes.append(Cloze(found.number, answer, hint, start, end))
            elif child.type == "image":
                src = image_source(child)
                self.images.append(Image(src, alt_text(child), start, end))
            else:
                display = child.type == "math_display"
                self.maths.append(Math(child.content, display, start, end))
        for note in token.meta.get("notes", ()):
            self._note(note, places(note.start), places(max(note.end - 1, 0)) + 1)

    def _link(self, token: Token, content: str, places: Places) -> None:
        href = str(token.attrs.get("href", ""))
        if not links.allowed(href):
            start, end = token.meta.get("start", 0), token.meta.get("end", len(content))
            self._note(
                links.bad_link(unquote(href), start, end), places(start), places(end - 1) + 1
            )

    def _code(self, token: Token) -> None:
        language = code_language(token)
        start, end = token.meta["starts"][0], token.meta["ends"][-1]
        self.codes.append(Code(language, token.content, self._place(start), self._place(end)))
        if language:
            fix = code.unknown_language(language)
            if fix is not None:
                at = self.text.find(language, start, end)
                note = Note(
                    "unknown-code-language",
                    f"no highlighter knows the language '{language}'",
                    fix,
                    at,
                    at + len(language),
                )
                if at < 0:
                    self._note(note, start, start + 3)
                else:
                    self._note(note, at, at + len(language))

    def _math_block(self, token: Token) -> None:
        start, end = token.meta["starts"][0], token.meta["ends"][-1]
        end = start + len(self.text[start:end].rstrip())
        latex = token.content.strip()
        if latex:
            self.maths.append(Math(latex, True, self._place(start), self._place(end)))
        else:
            self._note(
                Note("empty-math", "the formula is empty", "write it, or delete the dollars", 0, 0),
                start,
                end,
            )
        notes: list[Note] = []
        math.note_cloze(notes, self.text, start, end)
        for note in notes:
            self._note(note, note.start, note.end)

    def _straddling(self) -> list[Problem]:
        """The problems in order of the text.

        An unclosed cloze and a later stray `}}` are one mistake: the cloze spans two paragraphs.
        """
        ordered: list[Problem] = []
        unclosed: list[int] = []
        for problem in sorted(self.problems, key=lambda p: (p.start, p.end)):
            if problem.code == "cloze-stray-close" and unclosed:
                at = unclosed.pop()
                ordered[at] = Problem(
                    "cloze-straddles",
                    "the cloze opens in one paragraph, list item or cell and closes in another",
                    "make one cloze in each; the same number hides them together",
                    ordered[at].start,
                    problem.end,
                )
                continue
            if problem.code == "cloze-unclosed":
                unclosed.append(len(ordered))
            ordered.append(problem)
        return ordered


def _interesting(token: Token) -> bool:
    return "start" in token.meta or token.type == "link_open"


def code_language(token: Token) -> str:
    """The language of a fence: the first word of its info string."""
    words = token.info.split(maxsplit=1) if token.type == "fence" else []
    return words[0] if words else ""


def image_source(token: Token) -> str:
    """An image's path as its author wrote it, without the percent signs a URL needs."""
    return unquote(str(token.attrs.get("src", "")))


def alt_text(token: Token) -> str:
    """An image's alternative text: its children's text, without markup."""
    return "".join(
        "\n" if child.type.endswith("break") else child.content for child in token.children or ()
    )
