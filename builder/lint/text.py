"""What a reader sees of a Markdown text, with the way back to the source, and how long it is.

Rules look for words, numbers and punctuation. They must not find them in formulas, code, addresses
or the braces of a cloze, and what they find must be shown at its exact place in the YAML.
"""

import re
import string
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from builder.lint import latex
from builder.markup import Document

#: Stands for a formula, a picture or a piece of code in visible text.
OBJECT: Final = "\ufffc"
#: A formula counts as many units as it has symbols, but no more than this.
MAX_FORMULA_UNITS: Final = 5

HAN: Final = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_CJK = re.compile(f"[{HAN}\u3040-\u30ff]+")
_LATIN_WORD = re.compile(
    r"[A-Za-z0-9\u00c0-\u024f\u0370-\u04ff][^\W\u3040-\u30ff\u3400-\u9fff]*"
    r"(?:[.\-'’,/][^\W\u3040-\u30ff\u3400-\u9fff]+)*"
)
_PUNCTUATION: Final = string.punctuation.replace("_", "").encode()
_WORD = re.compile(r"\w[^\s\ufffc—–]*")

#: Languages written without spaces, counted by character: CJK only, since others need a dictionary.
_BY_CHARACTER: Final = frozenset(("zh", "yue", "wuu", "lzh", "ja"))
#: Written without spaces as well, and not countable: lengths are not checked.
_UNCOUNTED: Final = frozenset(("th", "lo", "km", "my", "bo", "dz"))

_MARKED = re.compile(r"[$`*\[\]{}\\<~]|://")
_NOISE = re.compile(
    r"\\[!-/:-@\[-`{-~]"  # a backslash that escapes, and what it escapes
    r"|\*+|~~"  # emphasis and bullets
    r"|\]\([^()\s]*\)|\["  # the address of a link
    r"|<?https?://[^\s<>）)」，。；]+>?"
)
_MAY_BE_NOISE = re.compile(r"[\\*~\[\]/]")
# What of that is in a text without objects and without what escapes.
_EMPHASIS = re.compile(r"\*+|~~")
_INVOLVED = re.compile(r"[$`\[\]{}\\<]")
_BACKTICKS = re.compile(r"`+")
_CLOZE_OPEN = re.compile(r"\{\{c[0-9]+::")


def is_han(char: str) -> bool:
    """Whether a character is one of `HAN`, which takes a pattern 2 ms to know; not if empty."""
    return (
        "\u4e00" <= char <= "\u9fff"
        or "\u3400" <= char <= "\u4dbf"
        or "\uf900" <= char <= "\ufaff"
        or char == "\u3007"
    )


@lru_cache(maxsize=64)
def primary_subtag(language: str) -> str:
    """`zh` of `zh-Hans-CN`: rules of a language hold for all its varieties."""
    return language.partition("-")[0]


@lru_cache(maxsize=64)
def counts_characters(language: str) -> bool:
    """Whether a text's length is its characters rather than its words."""
    return primary_subtag(language) in _BY_CHARACTER


@lru_cache(maxsize=64)
def is_countable(language: str) -> bool:
    """Whether we can tell how long a text in the language is."""
    return primary_subtag(language) not in _UNCOUNTED


class Hidden(NamedTuple):
    """A cloze in visible text: `text[start:end]` is what it hides."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Visible:
    """A text as a reader sees it, with `OBJECT` for each formula, picture and piece of code.

    Attributes:
        text: The visible text.
        hidden: The clozes, in order of their start.
        hints: The clozes' hints, as written.
        pieces: Starts of the pieces of `text`.
        sources: Where each piece starts in the source.
        ends: Where each piece ends in the source: an `OBJECT` stands for more than one character.
    """

    text: str
    hidden: tuple[Hidden, ...] = ()
    hints: tuple[str, ...] = ()
    pieces: tuple[int, ...] = (0,)
    sources: tuple[int, ...] = (0,)
    ends: tuple[int, ...] = (0,)

    def place(self, index: int) -> int:
        """Offset in the source of a character of `text`."""
        piece = bisect_right(self.pieces, index) - 1
        return self.sources[piece] + index - self.pieces[piece]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Range in the source of `text[start:end]`."""
        if end <= start:
            return self.place(start), self.place(start)
        last = bisect_right(self.pieces, end - 1) - 1
        if self.text[end - 1] == OBJECT and self.ends[last]:
            return self.place(start), self.ends[last]
        return self.place(start), self.place(end - 1) + 1

    def index(self, offset: int) -> int:
        """Index in `text` of what stands at an offset of the source, or next after it."""
        piece = bisect_right(self.sources, offset) - 1
        if piece < 0:
            return 0
        stop = self.pieces[piece + 1] if piece + 1 < len(self.pieces) else len(self.text)
        return min(self.pieces[piece] + offset - self.sources[piece], stop)


def shown(value: str, document: Document) -> str | None:
    """The text of `visible`, if that can be told quickly: for most texts, ten times as quickly."""
    if document.codes or _INVOLVED.search(value) or "://" in value:
        return None
    return _EMPHASIS.sub("", value) if "*" in value or "~" in value else value


def visible(value: str, document: Document) -> Visible:
    """What is visible of the Markdown `value`, whose parsed form is `document`."""
    if not _MARKED.search(value) and not document.codes:
        return Visible(value)
    objects = [(m.start, m.end) for m in document.maths]
    objects += [(i.start, i.end) for i in document.images]
    objects += [(c.start, c.end) for c in document.codes]
    if "`" in value:
        objects += _code_spans(value, sorted(objects))
    if len(objects) > 1:
        objects = _disjoint(objects)
    cuts = [(start, end, OBJECT) for start, end in objects]
    answers: list[tuple[int, int, int]] = []
    hints: list[str] = []
    for cloze in document.clozes:
        opening = _CLOZE_OPEN.match(value, cloze.start)
        if opening is None:
            continue
        close = cloze.end - 2
        if cloze.hint is not None:
            split = value.rfind("::", opening.end(), cloze.end - 2)
            exact = cloze.end - 4 - len(cloze.hint)
            close = exact if value.startswith("::", exact) else max(split, opening.end())
            hints.append(cloze.hint)
        cuts += [(cloze.start, opening.end(), ""), (close, cloze.end, "")]
        answers.append((cloze.number, opening.end(), close))
    cuts += _noise(value, objects)
    return _cut(value, sorted(cuts), answers, tuple(hints))


def _cut(
    value: str,
    cuts: list[tuple[int, int, str]],
    answers: list[tuple[int, int, int]],
    hints: tuple[str, ...],
) -> Visible:
    parts: list[str] = []
    pieces: list[int] = []
    sources: list[int] = []
    ends: list[int] = []
    at = length = 0
    for start, end, instead in cuts:
        if start < at:
            continue  # inside what is cut already
        for source, part in ((at, value[at:start]), (start, instead)):
            if part:
                pieces.append(length)
                sources.append(source)
                ends.append(end)
                parts.append(part)
                length += len(part)
        at = end
    pieces.append(length)
    sources.append(at)
    ends.append(len(value))
    parts.append(value[at:])
    text = "".join(parts)
    made = tuple(pieces), tuple(sources), tuple(ends)
    result = Visible(text, (), hints, *made)
    hidden = tuple(
        Hidden(number, result.index(start), result.index(end)) for number, start, end in answers
    )
    return Visible(text, hidden, hints, *made) if hidden else result


def _code_spans(value: str, taken: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Inline code outside `taken`: from a run of backticks to the next run of the same length."""
    starts = [start for start, _ in taken]
    runs: list[tuple[int, int]] = []
    for match in _BACKTICKS.finditer(value):
        before = bisect_right(starts, match.start()) - 1
        if before < 0 or taken[before][1] <= match.start():
            runs.append(match.span())
    following: dict[int, int] = {}
    closes = [-1] * len(runs)
    for number in range(len(runs) - 1, -1, -1):
        width = runs[number][1] - runs[number][0]
        closes[number] = following.get(width, -1)
        following[width] = number
    spans: list[tuple[int, int]] = []
    number = 0
    while number < len(runs):
        close = closes[number]
        if close < 0:
            number += 1
            continue
        spans.append((runs[number][0], runs[close][1]))
        number = close + 1
    return spans


def _disjoint(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept


def _noise(value: str, objects: list[tuple[int, int]]) -> list[tuple[int, int, str]]:
    """Markup characters outside formulas and code."""
    cuts: list[tuple[int, int, str]] = []
    if not _MAY_BE_NOISE.search(value):
        return cuts
    at = 0
    for start, end in [*objects, (len(value), len(value))]:
        for match in _NOISE.finditer(value, at, start):
            address = "://" in match[0] and not match[0].startswith("]")
            stop = match.start() + 1 if match[0].startswith("\\") else match.end()
            cuts.append((match.start(), stop, OBJECT if address else ""))
        at = end
    return cuts


def words(text: str, language: str) -> int:
    """Length of visible text without its formulas: words, or characters in Chinese and Japanese.

    In Chinese a Latin word or a number counts as one unit, as the authoring rules have it.
    """
    if counts_characters(language):
        return sum(map(len, _CJK.findall(text))) + len(_LATIN_WORD.findall(text))
    if text.isascii():  # as below, in half the time
        return len(text.encode().translate(None, _PUNCTUATION).split())
    return len(_WORD.findall(text))


@lru_cache(maxsize=4096)
def formula_units(formula: str) -> int:
    """How many units a formula counts: its symbols, at most `MAX_FORMULA_UNITS`."""
    return min(max(len(latex.symbols(formula)), 1), MAX_FORMULA_UNITS)
