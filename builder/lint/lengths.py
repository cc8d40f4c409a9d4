"""A1, A2, A4: a card is short enough to be answered in a few seconds, a program to be printed."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from builder.diagnostics import display_width
from builder.lint.content import Content, Entry, Finding, Text
from builder.lint.text import counts_characters, is_countable

_ADVICE: Final = {
    "question": "ask for one thing, and drop what the answer does not need",
    "answer": "keep what the learner must say; the why goes to `detail`",
    "detail": "split the item, or leave out what the card's own point does not need",
}


def long_text(entry: Entry, content: Content) -> Iterator[Finding]:
    """Questions, answers and details that are too long."""
    for field, advice in _ADVICE.items():
        for text in entry.field(field):
            unit, name = _limit(field, text.language)
            if not unit:
                continue
            soft: int = getattr(content.limits, name)
            if text.length <= soft:
                continue
            hard: int | None = getattr(content.limits, f"{name}_max", None)
            error = hard is not None and text.length > hard
            limit = hard if error else soft
            yield text.overall(
                f"long-{field}",
                f"the {field} has {text.length} {unit}; "
                f"{'at most' if error else 'better no more than'} {limit}",
                advice,
                warning=not error,
            )


@lru_cache(maxsize=64)
def _limit(field: str, language: str) -> tuple[str, str]:
    """What a text is counted in and the name of its limit; empty if it cannot be counted."""
    if not is_countable(language):
        return "", ""
    unit = "characters" if counts_characters(language) else "words"
    return unit, f"{field}_{unit}"


_LIST_ITEM = re.compile(r" {0,3}(?:[-+*]|\d{1,2}[.)])\s+\S")
_MARKERS = re.compile(
    r"(?<![\w(（])[(（]?([1-9])[)）](?!\w)|[①②③④⑤⑥⑦⑧⑨]|(?<![\w(（])[(（]([a-h])[)）]"
)
_CLAUSES = re.compile(r"[;；]")
# Without any of these there is no list in a sentence: most texts.
_POINTING = re.compile(r"[)）;；①②③④⑤⑥⑦⑧⑨]")


def points(text: Text) -> int:
    """How many points a text lists: bullets, numbers in brackets, or clauses between semicolons."""
    listed = sum(map(bool, map(_LIST_ITEM.match, text.value.split("\n"))))
    if listed or not _POINTING.search(text.value):
        return listed
    visible = text.shown
    marked = len(_MARKERS.findall(visible))
    clauses = len(_CLAUSES.findall(visible.rstrip(";； \n"))) + 1
    return max(marked, clauses if clauses > 1 else 0)


def long_list(entry: Entry, content: Content) -> Iterator[Finding]:
    """Answers that are lists of more points than one remembers."""
    for text in entry.field("answer"):
        count = points(text)
        if count <= content.limits.list_items:
            continue
        error = count > content.limits.list_items_max
        limit = content.limits.list_items_max if error else content.limits.list_items
        yield text.overall(
            "long-list",
            f"the answer lists {count} points; "
            f"{'at most' if error else 'better no more than'} {limit}",
            "ask for each point, or make clozes in `facts` of them",
            warning=not error,
        )


def wide_code(entry: Entry, content: Content) -> Iterator[Finding]:
    """Programs with lines that no column of a cheat sheet can hold at a size fit to be read."""
    code = entry.item.code
    limit = content.limits.code_columns
    if code is None:
        return
    start = 0
    for line in code.source.splitlines(keepends=True):
        text = line.rstrip()
        width = display_width(text)
        if width > limit:
            indent = len(text) - len(text.lstrip())
            yield Finding(
                "wide-code",
                f"the line has {width} columns; better no more than {limit}, "
                "or it is broken anywhere in print",
                (*entry.path, "code", "source"),
                "break it where a reader would, or name a part of it on a line before",
                start + indent,
                start + len(text),
                warning=True,
            )
        start += len(line)
