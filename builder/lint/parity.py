"""D1, D2: all languages of a card say the same."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from builder.lint import latex
from builder.lint.content import Content, Finding, Text
from builder.lint.numbers import spelled
from builder.lint.text import counts_characters, is_countable

_WORDS_IN_FORMULA = re.compile(r"\\(?:text|mbox|hbox)[a-z]*\s*\{[^{}]*\}")


def number_parity(content: Content) -> Iterator[Finding]:
    """A number that stands in one language stands in the other, in digits or in words."""
    for pair in content.pairs:
        if not (pair[0].numbers or pair[1].numbers):
            continue
        listed = [sorted(number.value for number in text.numbers) for text in pair]
        if listed[0] == listed[1]:
            continue
        values = [Counter(each) for each in listed]
        for here, there in ((0, 1), (1, 0)):
            extra = values[here] - values[there]
            text, other = pair[here], pair[there]
            for number in reversed(text.numbers):
                if extra[number.value] <= 0:
                    continue
                extra[number.value] -= 1
                if spelled(number.value, other.shown, other.language):
                    continue
                again = values[there][number.value] > 0
                yield text.finding(
                    "number-mismatch",
                    f"{number.shown} stands in '{text.language}' "
                    + (
                        f"{values[here][number.value]} times, in '{other.language}' "
                        f"{values[there][number.value]}"
                        if again
                        else f"but not in '{other.language}'"
                    ),
                    "both languages say the same; write the number in both",
                    number.start,
                    number.end,
                    warning=again,
                )


def _formulas(text: Text) -> "list[tuple[str, int, int]]":
    return [
        (latex.normalised(_WORDS_IN_FORMULA.sub(r"\\text ", math.latex)), math.start, math.end)
        for math in text.document.maths
    ]


def formula_parity(content: Content) -> Iterator[Finding]:
    """A formula that stands in one language stands in the other."""
    for pair in content.pairs:
        if not (pair[0].document.maths or pair[1].document.maths):
            continue
        found = [_formulas(text) for text in pair]
        counts = [Counter(key for key, _, _ in formulas) for formulas in found]
        if counts[0] == counts[1]:
            continue
        for here, there in ((0, 1), (1, 0)):
            extra = counts[here] - counts[there]
            text, other = pair[here], pair[there]
            for key, start, end in reversed(found[here]):
                if extra[key] <= 0:
                    continue
                extra[key] -= 1
                times = counts[there][key]
                yield Finding(
                    "formula-mismatch",
                    f"this formula stands in '{text.language}' "
                    + (
                        f"{counts[here][key]} times, in '{other.language}' {times}"
                        if times
                        else f"but not in '{other.language}'"
                    ),
                    text.path,
                    "both languages carry the same formulas, spelled alike",
                    start,
                    end,
                )


def _code(text: Text) -> Counter[str]:
    found = Counter(code.source.strip() for code in text.document.codes)
    if "`" in text.value:
        for token in text.document.tokens:
            for child in token.children or ():
                if child.type == "code_inline":
                    found[child.content] += 1
    return found


def code_parity(content: Content) -> Iterator[Finding]:
    """Code is of no language: the same in both."""
    for first, second in content.pairs:
        documents = first.document, second.document
        marked = "`" in first.value or "`" in second.value
        if not (marked or documents[0].codes or documents[1].codes):
            continue
        codes = [_code(first), _code(second)]
        for here, text, other in ((0, first, second), (1, second, first)):
            extra = codes[here] - codes[1 - here]
            for code in extra:
                at = text.value.find(code)
                message = f"this code stands in '{text.language}' but not in '{other.language}'"
                help_ = "both languages carry the same code; code of an item goes to `code:`"
                if at < 0:
                    yield text.overall("code-mismatch", message, help_)
                else:
                    yield Finding("code-mismatch", message, text.path, help_, at, at + len(code))


#: How many tokens a text has that is one paragraph: it is no list and no table.
_ONE_PARAGRAPH: Final = 3
_COUNTED: Final = {"list_item_open": "list points", "tr_open": "table rows", "th_open": "columns"}


def list_parity(content: Content) -> Iterator[Finding]:
    """Lists and tables have the same length in both languages."""
    for first, second in content.pairs:
        if len(first.document.tokens) == len(second.document.tokens) == _ONE_PARAGRAPH:
            continue
        shapes = [
            Counter(t.type for t in text.document.tokens if t.type in _COUNTED)
            for text in (first, second)
        ]
        for kind, name in _COUNTED.items():
            if shapes[0][kind] != shapes[1][kind]:
                yield second.overall(
                    "list-mismatch",
                    f"{shapes[1][kind]} {name} in '{second.language}' "
                    f"but {shapes[0][kind]} in '{first.language}'",
                    "both languages say the same points",
                )
                break


#: Below this many words a ratio of lengths says nothing.
_ENOUGH_WORDS: Final = 8
#: How far beyond the warning's limits a ratio is an error: 0.8 to 2.6 becomes 0.5 to 4.2.
_ERROR_FACTOR: Final = 1.6


def length_ratio(content: Content) -> Iterator[Finding]:
    """A text much shorter than its translation has lost something."""
    low, high = content.limits.length_ratio_min, content.limits.length_ratio_max
    for pair in content.pairs:
        by_character, other = map(counts_characters, (pair[0].language, pair[1].language))
        if by_character == other or pair[0].field == "table":
            continue
        if not (is_countable(pair[0].language) and is_countable(pair[1].language)):
            continue
        characters, words = pair if by_character else pair[::-1]
        if words.length < _ENOUGH_WORDS and characters.length < _ENOUGH_WORDS * high:
            continue
        ratio = characters.length / max(words.length, 1)
        if low <= ratio <= high:
            continue
        error = not low / _ERROR_FACTOR <= ratio <= high * _ERROR_FACTOR
        yield pair[1].overall(
            "length-ratio",
            f"{characters.length} characters in '{characters.language}' for {words.length} words "
            f"in '{words.language}'; {low:g} to {high:g} a word are usual",
            "see whether one of them says more than the other",
            warning=not error,
        )
