"""The cheat sheet: what to know of each item, dense, in columns on a landscape page."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape

from builder.model import Deck, Level
from builder.targets import Context, PrintJob
from builder.targets.printing import Defaults, job
from builder.targets.views import DeckView, ItemView, TopicView


def render(deck: Deck, context: Context) -> PrintJob:
    """Make the sheet's HTML and CSS; the first language leads, others stand below it, quieter."""
    defaults = Defaults("cheatsheet.html", "A4 landscape", columns=3)
    return job(deck, context, defaults, shorter=shorter)


def shorter(view: DeckView) -> Iterator[tuple[str, DeckView]]:
    """Less and less of the content, what matters least first.

    Of each level programs, tables and figures go first, then the lines of facts, then the items;
    of what is core, question, answer and formula stay.
    """
    gone: list[str] = []
    levels: tuple[Level, ...] = ("deep", "common", "core")
    for level in levels:
        if level in view.levels:
            view = _each(view, {level: _plain})
            yield ", ".join([*gone, f"{level} items without programs, tables and figures"]), view
            view = _each(view, {level: _brief})
            yield ", ".join([*gone, f"{level} items in brief"]), view
        if level in view.levels and len(view.levels) > 1:
            view = _each(view, {level: lambda _: None})
            gone.append(f"without {level} items")
            yield ", ".join(gone), view


def _plain(item: ItemView) -> ItemView:
    return replace(item, code=None, table=(), figure=())


def _brief(item: ItemView) -> ItemView:
    """Question, answer and formula, with the symbols in these."""
    cells = (*item.question, *item.answer)
    seen = letters("".join(cell.html for cell in cells) + (item.formula or ""))
    where = tuple(entry for entry in item.where if letters(entry.symbol) <= seen)
    return replace(_plain(item), facts=(), where=where)


def letters(html: str) -> frozenset[str]:
    """Letters, words and commands of all formulas."""
    latex = " ".join(unescape(found) for found in _LATEX.findall(html))
    return frozenset(word or letter for word, letter in _LETTER.findall(latex))


_LATEX = re.compile(r'<img class="math[^"]*"[^>]* alt="([^"]*)"')
_LETTER = re.compile(
    r"\\(?:text|operatorname|mathrm|mathsf|mathbf|mathit)\*?\{([^{}]*)\}|(\\[A-Za-z]+|[A-Za-z])"
)


def _each(view: DeckView, change: dict[Level, Callable[[ItemView], ItemView | None]]) -> DeckView:
    """The deck with each item of a level changed, or without it."""

    def changed(topic: TopicView) -> TopicView:
        items = (change.get(item.level, _same)(item) for item in topic.items)
        return replace(topic, items=tuple(item for item in items if item is not None))

    topics = tuple(topic for topic in map(changed, view.topics) if topic.items)
    present = {item.level for topic in topics for item in topic.items}
    return replace(view, topics=topics, levels=tuple(n for n in view.levels if n in present))


def _same(item: ItemView) -> ItemView:
    return item
