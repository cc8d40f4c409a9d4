"""C3: a number says what it counts."""

import re
from collections.abc import Iterator
from typing import Final

from builder.lint.content import Content, Finding, Text
from builder.lint.numbers import Number

# A number followed by one of these has nothing that says what it counts.
_NOTHING_FOLLOWS = re.compile(r"\s*(?:[，。；、,;.!?！？）)]|$)")
_SENTENCE = re.compile(r"[^。！？!?\n]+")
_LARGE: Final = 1000
# Something in the sentence that may well be what the number counts.
_MEASURES: Final = re.compile(
    r"[%％°]|\b(?:parameters?|tokens?|steps?|bytes?|bits?|layers?|heads?|dimensions?|positions?|"
    r"words?|[KMGT]i?B|FLOPs?|FLOP/s|ms|seconds?|GPUs?|samples?|length|size|base|years?|width|"
    r"vocabulary|context|window|rate|in (?:19|20)\d\d)\b"
    r"|[参数词元步层头维位置字节年月日个倍次张卡秒比例长度大小底宽度窗口条种组率为]",
    re.IGNORECASE,
)


def bare(content: Content) -> Iterator[Finding]:
    """A large number in a fact or an answer says what it counts.

    Whether a number has its unit is for people to judge; this only finds sentences in which
    nothing could be one.
    """
    for text in content.texts:
        if text.numbers and text.field in ("answer", "fact"):
            yield from _bare(text)


def _bare(text: Text) -> Iterator[Finding]:
    visible = text.shown
    found = [
        number
        for number in text.numbers
        if _is_large(number) and _NOTHING_FOLLOWS.match(visible, number.end)
    ]
    if not found:
        return
    for sentence in _SENTENCE.finditer(visible):
        if _MEASURES.search(sentence[0]):
            continue
        for number in found:
            if sentence.start() <= number.start < sentence.end():
                yield text.finding(
                    "bare-number",
                    f"nothing says what {number.shown} counts or measures",
                    "write the unit, and what it depends on (model, hardware, year)",
                    number.start,
                    number.end,
                    warning=True,
                )


def _is_large(number: Number) -> bool:
    whole = number.value.partition(".")[0]
    if len(whole) == 4 and whole[:2] in ("19", "20") and number.shown.isdecimal():
        return False  # a year
    return len(whole) >= len(str(_LARGE))
