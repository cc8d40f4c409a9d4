r"""HTML to Markdown where that loses nothing.

The rules are few, and none is trusted: Markdown is accepted only if our own renderer makes of it
HTML of the same canonical form, and Anki the same clozes. All else stays HTML.
"""

import re
from dataclasses import replace
from urllib.parse import quote

from builder import markup
from builder.importing.canonical import (
    BLOCKS,
    Element,
    TooDeepError,
    Tree,
    canonical,
    clozes,
    texts,
    with_clozes,
)
from builder.importing.printable import printable
from builder.markup import Style

#: A text longer than this stays HTML: nobody edits it by hand, and looking at it takes time.
MAX_TEXT = 50_000
_MAX_DEPTH = 12


class _LossError(Exception):
    """Markdown has no way to say this."""


def to_markdown(html: str, style: Style) -> str | None:
    """Markdown that says the same as a field's HTML, or None.

    Args:
        html: The field.
        style: How the Markdown will be rendered. Pictures are compared by the names that Markdown
            gives them.
    """
    if len(html) > MAX_TEXT or _COMMENT_IN_FORMULA.search(html):
        return None
    try:
        tree = canonical(html)
        text = _Writer(cloze=style.cloze == "anki").blocks(tree, 0)
    except (_LossError, TooDeepError):
        return None
    return text if _same(text, html, tree, style) else None


def _same(text: str, html: str, tree: tuple[Tree, ...], style: Style) -> bool:
    """Whether Markdown gives back what it was made of."""
    if not text or printable(text) != text:
        return False
    document = markup.parse(text)
    if document.problems or (document.clozes and style.cloze != "anki"):
        return False
    rendered = markup.render(document, replace(style, image=_image)).strip()
    if style.cloze != "anki":
        return canonical(rendered) == tree
    return clozes(rendered) == clozes(html) and with_clozes(rendered) == with_clozes(html)


def _image(name: str, alt: str) -> str:
    from html import escape

    return f'<img src="{escape(name)}" alt="{escape(alt)}">'


#: The line break after it ends it, and line breaks do not survive.
_COMMENT_IN_FORMULA = re.compile(r"\\[(\[](?:(?!\\[)\]]).)*(?<!\\)%[^\n]*\n", re.DOTALL)
_FORMULA = re.compile(r"\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_CLOZE = re.compile(r"\{\{c\d+::|\}\}|::")
_SPECIAL = re.compile(
    r"[\\`$]|(?<! )\*|\*(?! )|\[(?=[^\]]*\][(\[:])|<(?=[A-Za-z/!?])|(?<![^\W_])_|_(?![^\W_])"
    r"|~~|&(?=#?\w+;)|\{(?=\{)|\}(?=\})|(?<=\})\}"
)
_LINE_START = re.compile(r"(?m)^(\s*)(?=[#+\-=>|:]|~~~)")
_NUMBER_START = re.compile(r"(?m)^(\s*\d{1,9})(?=[.)](?:\s|$))")


class _Writer:
    """Writes a canonical tree as Markdown."""

    def __init__(self, *, cloze: bool) -> None:
        self.cloze = cloze

    # Blocks

    def blocks(self, trees: tuple[Tree, ...], depth: int) -> str:
        """Blocks with a blank line between them; a run of text is one."""
        if depth > _MAX_DEPTH:
            raise _LossError
        parts: list[str] = []
        run: list[Tree] = []
        for tree in (*trees, None):
            if tree is not None and not (isinstance(tree, Element) and tree.tag in BLOCKS):
                run.append(tree)
                continue
            if run:
                parts.append(self.paragraph(tuple(run)))
                run = []
            if isinstance(tree, Element):
                parts.append(self.block(tree, depth))
        return "\n\n".join(parts)

    def paragraph(self, trees: tuple[Tree, ...]) -> str:
        text = _LINE_START.sub(r"\1\\", self.inline(trees, ""))
        return _NUMBER_START.sub(r"\1\\", text)

    def block(self, element: Element, depth: int) -> str:
        if element.attributes and element.tag not in ("ol", "pre"):
            raise _LossError
        match element.tag:
            case "p":
                return self.paragraph(element.children)
            case "ul" | "ol":
                return self.list(element, depth)
            case "blockquote":
                lines = self.blocks(element.children, depth + 1).split("\n")
                return "\n".join(f"> {line}".rstrip() for line in lines)
            case "pre":
                return self.code_block(element)
            case "hr":
                return "---"
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                return f"{'#' * int(element.tag[1])} {self.line(element.children)}"
            case "table":
                return self.table(element)
        raise _LossError

    def list(self, element: Element, depth: int) -> str:
        start = 1
        if element.attributes:
            ((name, value),) = element.attributes[:1]
            if name != "start" or len(element.attributes) > 1 or not value.isdecimal():
                raise _LossError
            start = int(value)
        items: list[str] = []
        loose = False
        for number, item in enumerate(element.children, start):
            if not isinstance(item, Element) or item.tag != "li" or item.attributes:
                raise _LossError
            mark = "- " if element.tag == "ul" else f"{number}. "
            loose = loose or any(
                isinstance(child, Element) and child.tag == "p" for child in item.children
            )
            text = self.blocks(item.children, depth + 1)
            if not loose:
                text = text.replace("\n\n", "\n")
            indent = "\n" + " " * len(mark)
            items.append(mark + text.replace("\n", indent))
        return ("\n\n" if loose else "\n").join(items)

    def code_block(self, element: Element) -> str:
        text = "".join(texts(element.children))
        names = [name for name, _ in element.attributes]
        language = element.attributes[0][1] if names == ["data-language"] else ""
        if len(names) != bool(language) or not re.fullmatch(r"[\w+#.-]*", language):
            raise _LossError
        if self.cloze and "{{c" in text:
            raise _LossError
        ticks = max((len(run) for run in re.findall("`+", text)), default=2)
        fence = "`" * max(3, ticks + 1)
        return f"{fence}{language}\n{text}\n{fence}"

    def table(self, element: Element) -> str:
        rows: list[list[Element]] = []
        for part in element.children:
            if not isinstance(part, Element) or part.attributes:
                raise _LossError
            for row in part.children:
                if not isinstance(row, Element) or row.tag != "tr" or row.attributes:
                    raise _LossError
                cells = [cell for cell in row.children if isinstance(cell, Element)]
                if len(cells) != len(row.children) or any(cell.attributes for cell in cells):
                    raise _LossError
                rows.append(cells)
        if not rows or any(len(row) != len(rows[0]) for row in rows):
            raise _LossError
        lines = [
            "| " + " | ".join(self.line(c.children).replace("|", "\\|") for c in row) + " |"
            for row in rows
        ]
        return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])

    def line(self, trees: tuple[Tree, ...]) -> str:
        text = self.inline(trees, "")
        if "\n" in text:
            raise _LossError
        return text

    # Inline content

    def inline(self, trees: tuple[Tree, ...], within: str) -> str:
        return "".join(self.piece(tree, within) for tree in trees)

    def piece(self, tree: Tree, within: str) -> str:
        if isinstance(tree, str):
            return self.text(tree)
        if tree.tag == "br":
            return "\\\n"
        if tree.tag == "img":
            return self.image(tree)
        if tree.tag == "a" and len(tree.attributes) == 1 and tree.attributes[0][0] == "href":
            address = tree.attributes[0][1]
            if re.search(r"[<>\\\s]", address):
                raise _LossError
            return (
                f"[{self.inline(tree.children, within).replace(']', chr(92) + ']')}](<{address}>)"
            )
        if tree.attributes:
            raise _LossError
        match tree.tag:
            case "strong":
                return f"**{self.inline(tree.children, 'strong')}**"
            case "em":
                mark = "_" if within else "*"
                return f"{mark}{self.inline(tree.children, 'em')}{mark}"
            case "s":
                return f"~~{self.inline(tree.children, within)}~~"
            case "code":
                return self.code(tree)
        raise _LossError

    def code(self, element: Element) -> str:
        (text,) = element.children if len(element.children) == 1 else (None,)
        if not isinstance(text, str) or "\n" in text or (self.cloze and "{{c" in text):
            raise _LossError
        fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
        pad = " " if text[0] in "` " or text[-1] in "` " else ""
        return f"{fence}{pad}{text}{pad}{fence}"

    def image(self, element: Element) -> str:
        attributes = dict(element.attributes)
        name = attributes.pop("src", "")
        alt = attributes.pop("alt", "")
        if not name or attributes or re.search(r"[\\\[\]`*_$<>{}&]", alt):
            raise _LossError
        address = quote(name, safe="/ ()'!*+,;=@~")
        return f"![{alt}](<{address}>)" if re.search(r"[ ()]", address) else f"![{alt}]({address})"

    def text(self, text: str) -> str:
        parts: list[str] = []
        at = 0
        for match in _FORMULA.finditer(text):
            latex = (match[1] or match[2]).strip()
            if "{{c" in latex:
                raise _LossError
            if not latex or "$" in latex or latex.endswith("\\"):
                continue
            dollars = "$" if match[1] else "$$"
            parts += [self.escaped(text[at : match.start()]), f"{dollars}{latex}{dollars}"]
            at = match.end()
        return "".join([*parts, self.escaped(text[at:])])

    def escaped(self, text: str) -> str:
        if not self.cloze:
            return _SPECIAL.sub(r"\\\g<0>", text)
        parts: list[str] = []
        at = 0
        for match in _CLOZE.finditer(text):
            parts += [_SPECIAL.sub(r"\\\g<0>", text[at : match.start()]), match[0]]
            at = match.end()
        return "".join([*parts, _SPECIAL.sub(r"\\\g<0>", text[at:])])
