"""The worksheet: questions with room to answer, facts with blanks, and the answers at the end."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from string import ascii_lowercase

from markupsafe import Markup

from builder import markup
from builder.diagnostics import display_width
from builder.model import Deck, Item
from builder.targets import Context, PrintJob
from builder.targets.printing import Defaults, job
from builder.targets.scribe import Scribe
from builder.targets.views import Cell, DeckView, ItemView, Row

#: How much of an answer fits a ruled line in most hands, in columns of `display_width`.
_LINE = 64
#: Lines for an answer, at most: answers are short, and paper is not to be wasted.
_MOST = 4


@dataclass(frozen=True, slots=True)
class FactTask:
    """A sentence with blanks.

    Attributes:
        letter: Tells an item's facts apart, as in `2.7 b`.
        id: The fact's id within the item.
        text: The sentence with its blanks.
        answers: What belongs into them, in order.
    """

    letter: str
    id: str
    text: Row
    answers: Row


@dataclass(frozen=True, slots=True)
class Task:
    """An item to answer.

    Attributes:
        item: The question and its answer.
        lines: How many lines to leave for the answer.
        facts: Its facts, to be completed.
    """

    item: ItemView
    lines: int
    facts: tuple[FactTask, ...]


def render(deck: Deck, context: Context) -> PrintJob:
    """Make the worksheet's HTML and CSS; the key begins on a page of its own."""

    def values(scribe: Scribe, view: DeckView) -> Mapping[str, object]:
        items = {item_id: item for _, item_id, item in deck.items()}
        tasks = {
            item.id: _task(scribe, item, items[item.id])
            for topic in view.topics
            for item in topic.items
        }
        return {"tasks": tasks}

    return job(deck, context, Defaults("worksheet.html", "A4", duplex=True), values)


def _task(scribe: Scribe, view: ItemView, item: Item) -> Task:
    facts = []
    for place, (fact_id, texts) in enumerate(item.facts.items()):
        letter = ascii_lowercase[place] if place < len(ascii_lowercase) else str(place + 1)
        answers = tuple(
            _answers(scribe, texts[language], language) for language in scribe.languages
        )
        facts.append(FactTask(letter, fact_id, scribe.row(texts, cloze="blank"), answers))
    return Task(view, lines(view), tuple(facts))


def lines(item: ItemView) -> int:
    """How many ruled lines an answer needs; a formula takes one, since it is written large."""
    length = max(display_width(cell.plain) for cell in item.answer)
    return min(ceil(length / _LINE) + bool(item.formula), _MOST)


def _answers(scribe: Scribe, text: str, language: str) -> Cell:
    """The answers of a text's blanks, in order; what lies inside of another has no blank."""
    cells = []
    end = 0
    for cloze in markup.parse(text).clozes:
        if cloze.start >= end:
            cells.append(scribe.cell(cloze.answer, language, cloze="plain"))
            end = cloze.end
    return Cell(
        language,
        cells[0].lang,
        Markup("; ").join(cell.html for cell in cells),
        "; ".join(cell.plain for cell in cells),
    )
