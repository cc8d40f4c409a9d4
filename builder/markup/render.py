"""`Document` to HTML, in one pass over the tokens, and to plain text."""

import html
import re
import unicodedata
from collections.abc import Sequence

from markdown_it.token import Token

from builder.diagnostics import display_width
from builder.markup import cjk, links
from builder.markup.code import highlight
from builder.markup.parse import alt_text, code_language, image_source
from builder.markup.records import Document, Style

# In Anki's HTML a doubled brace or colon must not be one: the second (or last) becomes an entity,
# or is parted from the first by an empty comment, which copies and wraps as nothing.
_OPENING = re.compile(r"(?<=\{)\{|\{\Z")
_CLOSING = re.compile(r"(?<=\})\}|\}\Z")
_COLONS = re.compile(r":(?=:|\Z)")
# Where none of these stands, a text is HTML as it is.
_ESCAPED = re.compile(r"[&<>{}:]")
_BRACES_IN_MATH = re.compile(r"(?<=\})(?=\})|(?<=\{)(?=\{)")
_COLONS_IN_MATH = re.compile(r"(?<=:)(?=:)")
# A LaTeX command is about one character wide, its braces are none.
_LATEX_NOISE = re.compile(r"\\([A-Za-z])[A-Za-z]*|[{}^_\\$]")

_NEWLINE_AFTER = frozenset(("blockquote", "ul", "ol", "table", "thead", "tbody", "tr"))


def render(document: Document, style: Style) -> str:
    """The HTML of a text: semantic, no inline style but a blank's width, nothing raw."""
    renderer = _Renderer(style)
    tokens: Sequence[Token] = document.tokens
    if style.inline and len(tokens) == 3 and tokens[0].type == "paragraph_open":
        # Most texts are a paragraph.
        renderer.inline(tokens[1].children or [])
        return "".join(renderer.out)
    renderer.blocks(tokens)
    return "".join(renderer.out)


def plain(document: Document) -> str:
    """Readable text: no markup, answers in place of their clozes, LaTeX for formulas."""
    lines: list[str] = []
    for token in document.tokens:
        if token.type == "inline":
            lines.append(_plain(token.children or []))
        elif token.type in ("fence", "code_block", "math_block"):
            lines.append(token.content.strip("\n"))
    return "\n".join(lines)


def shows_nothing(document: Document) -> bool:
    """Whether a text has no word, sign, picture, formula or rule, only what nobody sees."""
    for token in document.tokens:
        if token.type == "hr":
            return False
        for each in token.children or (token,):
            if each.type == "image" or (each.content and _is_seen(each.content)):
                return False
    return True


def _is_seen(text: str) -> bool:
    """Whether any character is neither a space nor a control or joining character."""
    return any(
        not char.isspace() and (char.isprintable() or unicodedata.category(char) in ("Co", "Cn"))
        for char in text
    )


def _plain(tokens: Sequence[Token]) -> str:
    parts: list[str] = []
    last = ""
    broken = False
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.type == "hint_open":
            at = _matching(tokens, at)
        elif token.type == "softbreak":
            broken = True
        elif token.type == "hardbreak":
            parts.append("\n")
        elif piece := alt_text(token) if token.type == "image" else token.content:
            if broken and cjk.line_joint(last, piece[0]):
                parts.append(" ")
            broken = False
            parts.append(piece)
            last = piece[-1]
        at += 1
    return "".join(parts)


def _matching(tokens: Sequence[Token], start: int) -> int:
    """Index of the token that closes the one at `start`."""
    opening = tokens[start].type
    closing = opening.replace("open", "close")
    depth = 0
    for at in range(start, len(tokens)):
        if tokens[at].type == opening:
            depth += 1
        elif tokens[at].type == closing:
            depth -= 1
            if not depth:
                return at
    raise AssertionError(f"{opening} is never closed")


class _Renderer:
    """The output, and what spacing must know of it.

    Attributes:
        out: Pieces of HTML.
        last: The last visible character, `a` for a formula or code, empty if neither matters.
        gap: Index in `out` where a space after `last` belongs: after closing, before opening tags.
        joint: Index in `out` of a single space or line break still to be decided, or -1.
        clozes: What closes each open cloze.
        links: What closes each open link.
    """

    def __init__(self, style: Style) -> None:
        self.style = style
        self.anki = style.cloze == "anki"
        self.out: list[str] = []
        self.last = ""
        self.gap = 0
        self.joint = -1
        self.clozes: list[str] = []
        self.links: list[str] = []

    # Blocks

    def blocks(self, tokens: Sequence[Token]) -> None:
        """Render block tokens."""
        for token in tokens:
            kind = token.type
            if token.hidden:
                continue
            if kind == "inline":
                self._forget()
                self.inline(token.children or [])
                self._forget()
            elif kind in ("fence", "code_block"):
                self._new_line()
                self.out.append(self._safe(highlight(token.content, code_language(token))))
            elif kind == "math_block":
                self._new_line()
                self.out.append(self._math(token.content.strip(), display=True) + "\n")
            else:
                self._block_tag(token)

    def _block_tag(self, token: Token) -> None:
        tag = token.tag
        if token.nesting < 0:
            self.out.append(f"</{tag}>\n")
            return
        attributes = ""
        if tag in ("th", "td") and "style" in token.attrs:
            align = str(token.attrs["style"]).removeprefix("text-align:")
            attributes = f' class="{align}"'
        elif tag == "ol" and "start" in token.attrs:
            attributes = f' start="{token.attrs["start"]}"'
        if tag not in ("li", "th", "td"):
            self._new_line()
        end = "\n" if tag in _NEWLINE_AFTER or not token.nesting else ""
        self.out.append(f"<{tag}{attributes}>{end}")

    def _new_line(self) -> None:
        if self.out and not self.out[-1].endswith("\n"):
            self.out.append("\n")

    def _forget(self) -> None:
        """Begin anew: nothing before here is a neighbour of what follows."""
        self.last, self.joint, self.gap = "", -1, len(self.out)

    # Inline content

    def inline(self, tokens: Sequence[Token]) -> None:
        """Render inline tokens."""
        at = 0
        while at < len(tokens):
            token = tokens[at]
            kind = token.type
            if kind == "text":
                self._text(token.content)
            elif kind == "softbreak":
                self._undecided("\n")
            elif kind == "hardbreak":
                self.out.append("<br>\n")
                self._forget()
            elif kind == "code_inline":
                safe = self._safe(html.escape(token.content, quote=False))
                self._visible("a", f"<code>{safe}</code>", "a")
            elif kind in ("math_inline", "math_display"):
                self._visible("a", self._math(token.content, display=kind == "math_display"), "a")
            elif kind == "image":
                image = self.style.image(image_source(token), alt_text(token))
                self._visible("", self._safe_attributes(image), "")
            elif kind == "cloze_open":
                at = self._open_cloze(tokens, at)
            elif kind == "cloze_close":
                self._close(self.clozes.pop())
            elif kind == "hint_open":
                end = _matching(tokens, at)
                if self.anki:
                    self._hint(tokens[at + 1 : end])
                at = end
            elif kind == "link_open":
                self._link(token)
            elif kind == "link_close":
                self._close(self.links.pop())
            elif token.nesting > 0:
                self.out.append(f"<{token.tag}>")
            else:
                self._close(f"</{token.tag}>")
            at += 1

    def _open_cloze(self, tokens: Sequence[Token], at: int) -> int:
        """Begin a cloze; give the index of the last token dealt with."""
        token = tokens[at]
        style = self.style.cloze
        if self.style.asked not in (None, int(token.info)):
            style = "plain"
        if style == "blank":
            return self._blank(tokens, at)
        opening, closing = {
            "anki": (f"{{{{c{token.info}::", "}}"),
            "mark": ('<mark class="cloze">', "</mark>"),
            "plain": ("", ""),
        }[style]
        self.out.append(opening)
        self.clozes.append(closing)
        return at

    def _blank(self, tokens: Sequence[Token], at: int) -> int:
        """A gap to write in, and the hint after it; give the index of the cloze's end."""
        end = _matching(tokens, at)
        hint = _hint_of(tokens, at, end)
        width = _width(tokens[at + 1 : hint[0] if hint else end])
        blank = f'<span class="blank" data-n="{tokens[at].info}" style="width:{width:g}em"></span>'
        self._visible("", blank, "")
        if hint:
            self.out.append('<span class="hint">(')
            self._forget()
            self.inline(tokens[hint[0] + 1 : hint[1]])
            self._forget()
            self.out.append(")</span>")
            self._forget()
        return end

    def _hint(self, tokens: Sequence[Token]) -> None:
        """A hint stands apart: it is shown in place of the answer, not beside it."""
        before = self.last, self.joint, self.gap
        self.out.append("::")
        self._forget()
        self.inline(tokens)
        self.last, self.joint, _ = before
        self.gap = len(self.out)

    def _link(self, token: Token) -> None:
        href = str(token.attrs.get("href", ""))
        if not links.allowed(href):
            self.links.append("")
            return
        title = token.attrs.get("title")
        extra = f' title="{html.escape(str(title))}"' if title else ""
        self.out.append(self._safe_attributes(f'<a href="{html.escape(href)}"{extra}>'))
        self.links.append("</a>")

    def _close(self, tag: str) -> None:
        if tag:
            self.out.append(tag)
            if self.joint < 0:
                self.gap = len(self.out)

    def _text(self, text: str) -> None:
        if not text:
            return
        body = text
        if self.style.autospace:
            # A single space at either end may lie between Han and Latin of two tokens.
            if body[0] == " " and self.joint < 0 and self.last not in ("", " "):
                self._undecided(" ")
                body = body[1:]
            trailing = len(body) > 1 and body[-1] == " " and body[-2] != " "
            if trailing:
                body = body[:-1]
            if body:
                self._visible(body[0], self._escape(cjk.autospace(body)), body[-1])
            if trailing:
                self._undecided(" ")
        elif self.joint < 0:
            self.out.append(self._escape(text))
            self.last, self.gap = text[-1], len(self.out)
        else:
            self._visible(body[0], self._escape(body), body[-1])

    def _undecided(self, piece: str) -> None:
        """A space or line break whose fate the next visible character decides."""
        self.joint = len(self.out)
        self.out.append(piece)

    def _visible(self, first: str, piece: str, last: str) -> None:
        """Add something visible that begins with `first` and ends with `last`."""
        spaced = self.style.autospace and cjk.needs_space(self.last, first)
        if self.joint >= 0:
            if spaced:
                self.out[self.joint] = cjk.THIN_SPACE
            elif self.out[self.joint] == "\n":
                self.out[self.joint] = cjk.line_joint(self.last, first)
            self.joint = -1
        elif spaced:
            self.out.insert(self.gap, cjk.THIN_SPACE)
        self.out.append(piece)
        self.last, self.gap = last, len(self.out)

    # Escaping

    def _escape(self, text: str) -> str:
        if not _ESCAPED.search(text):  # most texts
            return text
        return self._safe(html.escape(text, quote=False))

    def _safe(self, piece: str) -> str:
        """Text or highlighted code that Anki cannot take for a cloze or the end of one."""
        if not self.anki:
            return piece
        if "{" in piece or "}" in piece:
            piece = _OPENING.sub("&#123;", piece)
            piece = _CLOSING.sub("&#125;", piece)
        return _COLONS.sub(":<!-- -->", piece) if self.clozes else piece

    def _safe_attributes(self, piece: str) -> str:
        """The same for HTML whose braces and colons stand in attributes."""
        if not self.anki:
            return piece
        piece = _OPENING.sub("&#123;", piece)
        piece = _CLOSING.sub("&#125;", piece)
        return piece.replace("::", ":&#58;")

    def _math(self, latex: str, *, display: bool) -> str:
        piece = self.style.math(latex, display)
        if not self.anki:
            return piece
        piece = _BRACES_IN_MATH.sub(" ", piece)
        return _COLONS_IN_MATH.sub(" ", piece) if self.clozes else piece


def _hint_of(tokens: Sequence[Token], start: int, end: int) -> tuple[int, int] | None:
    """Where the hint of the cloze from `start` to `end` opens and closes; not one of a nested."""
    at = start + 1
    while at < end:
        if tokens[at].type == "cloze_open":
            at = _matching(tokens, at)
        elif tokens[at].type == "hint_open":
            return at, _matching(tokens, at)
        at += 1
    return None


def _width(tokens: Sequence[Token]) -> float:
    """How wide the answer is, in em: a Chinese character is one, a Latin letter about half."""
    text = _plain([t for t in tokens if t.type not in ("math_inline", "math_display")])
    latex = "".join(t.content for t in tokens if t.type in ("math_inline", "math_display"))
    columns = display_width(text) + len(_LATEX_NOISE.sub(r"\1", latex).replace(" ", ""))
    return max(columns / 2, 1.5)
