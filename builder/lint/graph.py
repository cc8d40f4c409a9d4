"""What needs the whole deck: mutual confusables, near-duplicates, unused figures."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations
from operator import add
from typing import Final, NamedTuple

from builder.diagnostics import Diagnostic, Span
from builder.lint.content import Entry
from builder.lint.text import HAN
from builder.source import Source


class Summary(NamedTuple):
    """What the rules for the whole deck look at: an item without its texts.

    Attributes:
        id: The item's id.
        asked: Language -> what is seen of the question; empty if its markup has errors.
        question: Place of the question in the first language.
        confusable: Each item named as confusable, and where.
        pictures: The figures that the item shows.
    """

    id: str
    asked: Mapping[str, str]
    question: Span
    confusable: tuple[tuple[str, Span], ...]
    pictures: frozenset[str]


Found = Iterator[tuple[Summary, Diagnostic]]


def summary(entry: Entry, parsed: Source, languages: tuple[str, ...]) -> Summary:
    """What the deck's rules need of an item."""
    questions = entry.texts.get("question", {})
    pictures = {image.src for text in entry.all for image in text.document.images}
    if entry.item.figure:
        pictures.add(entry.item.figure)
    at = (*entry.path, "confusable")
    return Summary(
        entry.id,
        {language: questions[language].shown for language in languages if language in questions},
        parsed.value_span((*entry.path, "question", languages[0])),
        tuple(
            (other, parsed.value_span((*at, number)))
            for number, other in enumerate(entry.item.confusable)
        ),
        frozenset(pictures),
    )


def confusable(items: Sequence[Summary]) -> Found:
    """Two items that are mixed up name each other."""
    named = {item.id: {other for other, _ in item.confusable} for item in items}
    for item in items:
        for other, span in item.confusable:
            if other == item.id:
                yield (
                    item,
                    Diagnostic(
                        "one-sided-confusable",
                        f"'{other}' is named as confusable with itself",
                        span,
                        "name the other item",
                    ),
                )
            elif other in named and item.id not in named[other]:
                yield (
                    item,
                    Diagnostic(
                        "one-sided-confusable",
                        f"'{other}' does not name '{item.id}' in return",
                        span,
                        f"add `confusable: [{item.id}]` to '{other}'",
                    ),
                )


_TOKEN = re.compile(rf"[{HAN}]+|[^\W_]+")
#: From this share of common words (pairs of Chinese characters) on, two questions are one.
_SIMILAR: Final = 0.8


def _shingles(question: str) -> frozenset[str]:
    found: set[str] = set()
    for match in _TOKEN.finditer(question.casefold()):
        token = match[0]
        if token[0] >= "\u3000":
            found.update(map(add, token, token[1:]) if len(token) > 1 else token)
        else:
            found.add(token)
    return frozenset(found)


def similar(items: Sequence[Summary]) -> Found:
    """Two questions with nearly the same words, in every language, are one question.

    Only questions that share two of their rarest words are compared: two sets that overlap by 80 %
    must, among as many of their rarest words as 20 % and two more (the 2-prefix scheme of Wang, Li
    and Feng, "Can we beat the prefix filtering?", SIGMOD 2012). So the time grows with the deck and
    not with its square.
    """
    asked = [item for item in items if item.asked]
    firsts = [_shingles(next(iter(item.asked.values()))) for item in asked]
    frequency = Counter(chain.from_iterable(firsts))
    rarest_first = sorted(frequency, key=lambda word: (frequency[word], word))
    rank = {word: place for place, word in enumerate(rarest_first)}
    # Two words, as one number -> the numbers of the questions before that have both.
    index: dict[int, list[int]] = defaultdict(list)
    for number, item in enumerate(asked):
        ranks = sorted(map(rank.__getitem__, firsts[number]))
        size = len(ranks)
        prefix = ranks[: size - int(_SIMILAR * size + 0.999) + 2]
        pairs = combinations(prefix, 2) if size > 1 else zip(prefix, prefix, strict=True)
        keys = [one * len(rank) + other for one, other in pairs]
        candidates = {other for key in keys for other in index[key][-_MOST_CANDIDATES:]}
        for other in sorted(candidates):
            if _alike(firsts[number], firsts[other]) and _all_alike(item, asked[other]):
                yield (
                    item,
                    Diagnostic(
                        "similar-questions",
                        f"nearly the question of '{asked[other].id}'",
                        item.question,
                        "make one item of the two, or name in both what differs",
                        "warning",
                    ),
                )
                break
        for key in keys:
            index[key].append(number)


#: Bounds the work in decks whose questions all follow one pattern.
_MOST_CANDIDATES: Final = 50


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    common = len(one & other)
    if common == 0 or not _enough(common, len(one) + len(other)):
        return False
    return not any(word.isascii() and not word.isalpha() for word in one ^ other)


def _all_alike(one: Summary, other: Summary) -> bool:
    return all(
        _alike(_shingles(text), _shingles(other.asked[language]))
        for language, text in one.asked.items()
    )


def _enough(common: int, together: int) -> bool:
    """Whether so many common words make two sets alike that have so many `together`."""
    return common >= _SIMILAR * (together - common)


def unused_figures(items: Iterable[Summary], figures: Iterable[str]) -> Iterator[Diagnostic]:
    """Figures that no item shows."""
    used = {name for item in items for name in item.pictures}
    for name in figures:
        if name not in used:
            yield Diagnostic(
                "unused-figure",
                "no item shows this figure",
                Span(f"content/figures/{name}", 1, 1, 1, 1),
                f"write `figure: {name}` in an item, or delete the file",
                "warning",
            )
