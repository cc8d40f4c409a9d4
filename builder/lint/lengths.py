"""A1, A2, A4: a card is short enough to be answered in a few seconds, a program to be printed."""

import re
from collections.abc import Iterator
from typing import Final

from builder.diagnostics import display_width
from builder.lint.content import Content, Finding, Text
from builder.lint.text import counts_characters, is_countable

_ADVICE: Final = {
    "question": "ask for one thing, and drop what the answer does not need",
    "answer": "keep what the learner must say; the why goes to `detail`",
    "detail": "split the item, or leave out what the card's own point does not need",
}


def long_text(content: Content) -> Iterator[Finding]:
    """Questions, answers and details that are too long."""
    for language in filter(is_countable, content.languages):
        unit = "characters" if counts_characters(language) else "words"
        for field, advice in _ADVICE.items():
            soft: int = getattr(content.limits, f"{field}_{unit}")
            hard: int | None = getattr(content.limits, f"{field}_{unit}_max", None)
            for text in content.of(field, language):
                if text.length <= soft:
                    continue
                error = hard is not None and text.length > hard
                limit = hard if error else soft
                yield text.overall(
                    f"long-{field}",
                    f"the {field} has {text.length} {unit}; "
                    f"{'at most' if error else 'better no more than'} {limit}",
                    advice,
                    warning=not error,
                )


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


def long_list(content: Content) -> Iterator[Finding]:
    """Answers that are lists of more points than one remembers."""
    soft, hard = content.limits.list_items, content.limits.list_items_max
    for language in content.languages:
        for text in content.of("answer", language):
            count = points(text)
            if count <= soft:
                continue
            error = count > hard
            limit = hard if error else soft
            yield text.overall(
                "long-list",
                f"the answer lists {count} points; "
                f"{'at most' if error else 'better no more than'} {limit}",
                "ask for each point, or make clozes in `facts` of them",
                warning=not error,
            )


def wide_code(content: Content) -> Iterator[Finding]:
    """Programs with lines that no column of a cheat sheet can hold at a size fit to be read."""
    limit = content.limits.code_columns
    for entry in content.entries:
        start = 0
        lines = entry.item.code.source.splitlines(keepends=True) if entry.item.code else ()
        for line in lines:
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
