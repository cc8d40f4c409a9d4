"""Most texts are one line of words, bold terms, formulas and clozes: their tokens without a parser.

What `quick` accepts is so plain that CommonMark leaves no choice: a bold term begins and ends with
a letter or digit, so both its marks can only open and close; a formula is between single dollars;
no cloze nests or has a hint. Everything else is left to markdown-it, whose tokens these are (a
test compares). It takes a quarter of the time.
"""

import re
from typing import Final

from markdown_it.token import Token

from builder.markup.cloze import Pair
from builder.markup.records import Cloze, Math

_DIGITS: Final = frozenset("0123456789")
# Every character that may mean something is part of a match; `other` is what needs the parser. Such
# a character is looked for alone, since that is where a pattern without choices is far quicker.
_SPECIAL = re.compile(r"[$&*<\[\]\\_`{}~]")
_PART = re.compile(
    r"\*\*(?P<strong>[^\W_](?:[^$&*<\[\]\\_`{}~]*[^\W_])?)\*\*(?!\*)"
    r"|\$(?P<math>(?!\s)[^$`]*[^$`\s\\])\$(?![0-9$])"
    r"|\{\{c(?P<number>[1-9][0-9]?)::"
    r"|(?P<close>\}\})"
    r"|(?P<other>[$&*<\[\]\\_`{}~])"
)

# The same in all texts, and never changed: making tokens is half of the work.
_STRONG: Final = tuple(
    (
        Token("strong_open", "strong", 1, level=level, markup="**"),
        Token("strong_close", "strong", -1, level=level, markup="**"),
    )
    for level in (0, 1)
)

Found = tuple[list[Token], list[Cloze], list[Math]]


def quick(text: str) -> Found | None:
    """The inline tokens, the clozes and the formulas of a line; None if it needs the parser."""
    if "`" in text:
        return None  # code goes before all else
    tokens: list[Token] = []
    clozes: list[Cloze] = []
    maths: list[Math] = []
    opening: re.Match[str] | None = None
    level = at = 0
    bold = False
    special = _SPECIAL.search(text)
    while special and (match := _PART.match(text, special.start())):
        start, end = match.span()
        kind = match.lastgroup
        # markdown-it leaves an empty text where it made marks of `**`.
        if start > at or bold or kind == "strong":
            tokens.append(Token("text", "", 0, level=level, content=text[at:start]))
        bold = kind == "strong"
        if bold:
            opens, closes = _STRONG[level]
            tokens += (
                opens,
                Token("text", "", 0, level=level + 1, content=match["strong"]),
                closes,
            )
        elif kind == "math":
            latex = match["math"]
            if (start and text[start - 1] in _DIGITS) or "{{" in latex:
                return None
            meta = {"start": start, "end": end}
            tokens.append(
                Token("math_inline", "math", 0, level=level, content=latex, markup="$", meta=meta)
            )
            maths.append(Math(latex, False, start, end))
        elif kind == "number" and opening is None:
            opening = match
            tokens.append(Token("cloze_open", "", 1, info=match["number"]))
            level = 1
        elif kind == "close" and opening is not None:
            number, answer = opening["number"], text[opening.end() : start]
            if not answer.strip() or "::" in answer:
                return None
            first, begin = opening.span()
            pair = Pair(int(number), first, begin, start, None, start, end)
            before = next(t for t in reversed(tokens) if t.type == "cloze_open")
            before.meta.update(start=first, end=end, pair=pair)
            level, opening = 0, None
            tokens.append(Token("cloze_close", "", -1, info=number))
            clozes.append(Cloze(pair.number, answer, None, first, end))
        else:
            return None
        at = end
        special = _SPECIAL.search(text, at)
    if opening is not None:
        return None
    if at < len(text) or bold:
        tokens.append(Token("text", "", 0, content=text[at:]))
    return tokens, clozes, maths
