"""A5, A6: a cloze hides one thing, and the rest of the card does not give it away."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from builder.lint import latex
from builder.lint.content import Content, Entry, Finding, Text
from builder.lint.text import OBJECT, Hidden, counts_characters, formula_units, is_countable, words


def too_many(entry: Entry, content: Content) -> Iterator[Finding]:
    """A fact is one idea: few clozes."""
    for texts in entry.facts.values():
        text = next(iter(texts.values()))
        numbers = {hidden.number for hidden in text.visible.hidden}
        if len(numbers) > content.limits.clozes_max:
            yield text.overall(
                "too-many-clozes",
                f"the fact has {len(numbers)} clozes; at most {content.limits.clozes_max}",
                "make two facts of it",
            )


def _length(text: Text, start: int, end: int) -> int:
    """Length of `visible.text[start:end]` with the formulas in it."""
    view = text.visible
    first, last = view.span(start, end)
    formulas = sum(
        formula_units(math.latex)
        for math in text.document.maths
        if first <= math.start and math.end <= last
    )
    return words(view.text[start:end], text.language) + formulas


def long_cloze(entry: Entry, content: Content) -> Iterator[Finding]:
    """What a cloze hides fits in one breath."""
    for texts in entry.facts.values():
        for text in texts.values():
            if not is_countable(text.language):
                continue
            by_character = counts_characters(text.language)
            limits = content.limits
            limit = limits.cloze_characters if by_character else limits.cloze_words
            for hidden in text.visible.hidden:
                length = _length(text, hidden.start, hidden.end)
                if length > limit:
                    yield text.finding(
                        "long-cloze",
                        f"the cloze hides {length} {'characters' if by_character else 'words'}; "
                        f"at most {limit}",
                        "hide the key term only",
                        hidden.start,
                        hidden.end,
                    )


def large_share(entry: Entry, content: Content) -> Iterator[Finding]:
    """Enough of the sentence stays visible to say what is asked."""
    for texts in entry.facts.values():
        for text in texts.values():
            if not is_countable(text.language) or not text.length:
                continue
            for number, parts in _by_number(text).items():
                outer = [p for p in parts if not any(_inside(p, other) for other in parts)]
                hidden = sum(_length(text, part.start, part.end) for part in outer)
                share = 100 * hidden // text.length
                if share > content.limits.cloze_share:
                    yield text.finding(
                        "large-cloze-share",
                        f"c{number} hides {share} % of the fact; "
                        f"at most {content.limits.cloze_share} %",
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


def leak(entry: Entry, _: Content) -> Iterator[Finding]:
    """What is hidden does not stand elsewhere on the card, in any language, and is worth hiding."""
    for texts in entry.facts.values():
        for text in texts.values():
            for number, parts in _by_number(text).items():
                for hidden in parts:
                    yield from _leaks(text, hidden, number, tuple(texts.values()))


def _leaks(text: Text, hidden: Hidden, number: int, texts: Sequence[Text]) -> Iterator[Finding]:
    view = text.visible
    raw = view.text[hidden.start : hidden.end]
    answer = _plain(raw)
    if answer in _TRIVIAL:
        yield text.finding(
            "trivial-cloze",
            f"the cloze hides only “{raw}”",
            "hide the word that carries the fact",
            hidden.start,
            hidden.end,
        )
        return
    where = ""
    if OBJECT in answer:
        if answer == OBJECT:
            where = _formula_leak(text, hidden, number, texts)
    elif len(answer) > 1 and not answer.isdecimal():
        for other in texts:
            shown = _plain(_shown(other, number))
            if answer in shown and _whole(answer).search(shown):
                where = "" if other is text else f" in '{other.language}'"
                where = f"stands visibly on the card{where}"
                break
    if where:
        yield text.finding(
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


def _formula_leak(text: Text, hidden: Hidden, number: int, texts: Sequence[Text]) -> str:
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
            if part.number == number
        ]
        for math in other.document.maths:
            if any(start <= math.start and math.end <= end for start, end in masked):
                continue
            if latex.normalised(math.latex) == answer:
                return "stands visibly on the card"
    return ""
