"""A5, A6: a cloze hides one thing, and the rest of the card does not give it away."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from builder.lint import latex
from builder.lint.content import Content, Finding, Text
from builder.lint.text import OBJECT, Hidden, counts_characters, formula_units, is_countable, words


def too_many(content: Content) -> Iterator[Finding]:
    """A fact is one idea: few clozes."""
    limit = content.limits.clozes_max
    for text in content.of("fact", content.languages[0]):
        clozes = text.visible.hidden
        if len(clozes) > limit and (count := len({hidden.number for hidden in clozes})) > limit:
            yield text.overall(
                "too-many-clozes",
                f"the fact has {count} clozes; at most {limit}",
                "make two facts of it",
            )


def _length(text: Text, start: int, end: int) -> int:
    """Length of `visible.text[start:end]` with the formulas in it."""
    length = words(text.shown[start:end], text.language)
    if text.document.maths:
        first, last = text.visible.span(start, end)
        length += sum(
            formula_units(math.latex)
            for math in text.document.maths
            if first <= math.start and math.end <= last
        )
    return length


def long_cloze(content: Content) -> Iterator[Finding]:
    """What a cloze hides fits in one breath, and enough of the sentence says what is asked."""
    limits = content.limits
    for language in filter(is_countable, content.languages):
        by_character = counts_characters(language)
        unit = "characters" if by_character else "words"
        limit = limits.cloze_characters if by_character else limits.cloze_words
        for text in content.of("fact", language):
            lengths = {part: _length(text, part.start, part.end) for part in text.visible.hidden}
            for part, length in lengths.items():
                if length > limit:
                    yield text.finding(
                        "long-cloze",
                        f"the cloze hides {length} {unit}; at most {limit}",
                        "hide the key term only",
                        part.start,
                        part.end,
                    )
            for number, parts in _by_number(text).items():
                outer = [p for p in parts if not any(_inside(p, other) for other in parts)]
                share = 100 * sum(map(lengths.__getitem__, outer)) // max(text.length, 1)
                if share > limits.cloze_share:
                    yield text.finding(
                        "large-cloze-share",
                        f"c{number} hides {share} % of the fact; at most {limits.cloze_share} %",
                        "say more of what the hidden part is about",
                        parts[0].start,
                        parts[0].end,
                    )


def _inside(part: Hidden, other: Hidden) -> bool:
    """Whether a cloze stands in another one, so that both hide it."""
    same = (part.start, part.end) == (other.start, other.end)
    return other.start <= part.start and part.end <= other.end and not same


def _by_number(text: Text) -> dict[int, list[Hidden]]:
    found: dict[int, list[Hidden]] = defaultdict(list)
    for hidden in text.visible.hidden:
        found[hidden.number].append(hidden)
    return found


_TRIVIAL: Final = frozenset(
    "a an the of to in on at by for and or is are was were be it its this that with as from "
    "的 了 是 在 和 与 或 也 都 就 把 被 对 从 而 之 其 这 那".split()
)


def _plain(text: str) -> str:
    return " ".join(text.split()).strip(" .,;:，。；：、").casefold()


def leak(content: Content) -> Iterator[Finding]:
    """What is hidden does not stand elsewhere on the card, in any language, and is worth hiding."""
    for entry in content.entries:
        for fact in entry.facts.values():
            texts = tuple(fact.values())
            for text in texts:
                for hidden in text.visible.hidden:
                    finding = _leak(text, hidden, texts)
                    if finding is not None:
                        yield finding


def _leak(text: Text, hidden: Hidden, texts: Sequence[Text]) -> Finding | None:
    raw = text.shown[hidden.start : hidden.end]
    answer = _plain(raw)
    if answer in _TRIVIAL:
        return text.finding(
            "trivial-cloze",
            f"the cloze hides only “{raw}”",
            "hide the word that carries the fact",
            hidden.start,
            hidden.end,
        )
    where = ""
    if OBJECT in answer:
        if answer == OBJECT:
            where = _formula_leak(text, hidden, texts)
    elif len(answer) > 1 and not answer.isdecimal():
        for other in texts:
            shown = _plain(_shown(other, hidden.number))
            if answer in shown and _whole(answer).search(shown):
                where = "" if other is text else f" in '{other.language}'"
                where = f"stands visibly on the card{where}"
                break
    if not where:
        return None
    return text.finding(
        "cloze-leak",
        f"“{raw if OBJECT not in raw else 'the formula'}” {where}",
        "reword the visible part, or hide both under the same number",
        hidden.start,
        hidden.end,
    )


def _whole(answer: str) -> re.Pattern[str]:
    """`answer` as a whole word where it begins or ends like one."""
    before = r"(?<![0-9a-z.\-])" if answer[0].isascii() and answer[0].isalnum() else ""
    after = r"(?![0-9a-z]|\.[0-9]|-[a-z])" if answer[-1].isascii() and answer[-1].isalnum() else ""
    return re.compile(before + re.escape(answer) + after)


def _shown(text: Text, number: int) -> str:
    """What is visible while the clozes of a number are hidden; hints included."""
    view = text.visible
    parts: list[str] = []
    at = 0
    for hidden in view.hidden:
        if hidden.number == number and hidden.end > at:
            parts.append(view.text[at : max(hidden.start, at)])
            at = hidden.end
    return "\n".join((*parts, view.text[at:], *view.hints))


def _formula_leak(text: Text, hidden: Hidden, texts: Sequence[Text]) -> str:
    """Why a hidden formula is visible all the same, or an empty string."""
    first, last = text.visible.span(hidden.start, hidden.end)
    inside = [m for m in text.document.maths if first <= m.start and m.end <= last]
    if not inside or formula_units(inside[0].latex) < 2:
        return ""
    answer = latex.normalised(inside[0].latex)
    for other in texts:
        masked = [
            other.visible.span(part.start, part.end)
            for part in other.visible.hidden
            if part.number == hidden.number
        ]
        for math in other.document.maths:
            if any(start <= math.start and math.end <= end for start, end in masked):
                continue
            if latex.normalised(math.latex) == answer:
                return "stands visibly on the card"
    return ""
