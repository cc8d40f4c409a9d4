"""Flash cards on paper: to print on both sides of a sheet and cut out.

Every note is a card: an item's question with its answer behind it, and for each number of a fact's
clozes the sentence with a blank and, behind it, the sentence whole. A sheet of fronts is followed
by the sheet of their backs in mirrored places, so that they meet when the paper is turned over its
long edge.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor

from builder import markup
from builder.model import CardSize, Deck, Level
from builder.targets import Context, PrintJob
from builder.targets.printing import Defaults, job, paper_size
from builder.targets.scribe import Scribe
from builder.targets.views import DeckView, ItemView, Row, TopicView


@dataclass(frozen=True, slots=True)
class Size:
    """A size of cards.

    Attributes:
        width: Millimetres.
        height: Millimetres.
        font: Size of text in points, where there is room.
        steps: How often text may shrink by a tenth and is still readable, at 6.7 points or more.
    """

    width: float
    height: float
    font: float
    steps: int


SIZES: dict[CardSize, Size] = {
    "A7": Size(105, 74, 11.4, 5),
    "A8": Size(74, 52, 8.4, 2),
    "3x5in": Size(127, 76.2, 11.8, 5),
    "business": Size(85, 55, 8.6, 2),
}


@dataclass(frozen=True, slots=True)
class Grid:
    """Where cards lie on a page, in millimetres from its upper left corner.

    Attributes:
        paper: Width and height of the page.
        columns: The left edges of the fronts.
        rows: The upper edges of the fronts.
        size: The cards.
    """

    paper: tuple[float, float]
    columns: tuple[float, ...]
    rows: tuple[float, ...]
    size: Size

    @property
    def count(self) -> int:
        """Cards on a page."""
        return len(self.columns) * len(self.rows)

    def front(self, place: int) -> tuple[float, float]:
        """Left and upper edge of the front of a page's card, counted from 0 in order of reading."""
        row, column = divmod(place, len(self.columns))
        return self.columns[column], self.rows[row]

    def back(self, place: int) -> tuple[float, float]:
        """The same for its back, once the paper is turned over its long edge."""
        left, top = self.front(place)
        width, height = self.paper
        if width <= height:
            return round(width - left - self.size.width, 2), top
        return left, round(height - top - self.size.height, 2)

    @property
    def marks(self) -> tuple[tuple[float, float, float, float], ...]:
        """Where to cut, as thin rectangles: left, top, width and height.

        Hairlines at the paper's edges and crosses where cards meet. A cut within 2 mm of the edge
        has none: nobody can make it, nor need to.
        """
        width, height = self.paper
        across = _cuts(self.columns, self.size.width, width)
        down = _cuts(self.rows, self.size.height, height)
        rectangles: list[tuple[float, float, float, float]] = []
        for x in across:
            # Where printers cannot reach to the edge, what is left of 7 mm still shows.
            rectangles += [(x, 0, _HAIR, 7), (x, height - 7, _HAIR, 7)]
            rectangles += [(x, y - 2, _HAIR, 4) for y in down]
        for y in down:
            rectangles += [(0, y, 7, _HAIR), (width - 7, y, 7, _HAIR)]
            rectangles += [(x - 2, y, 4, _HAIR) for x in across]
        return tuple((round(x, 2), round(y, 2), w, h) for x, y, w, h in rectangles)


#: Thickness of a cut mark, in millimetres.
_HAIR = 0.1


def _cuts(starts: Sequence[float], step: float, length: float) -> tuple[float, ...]:
    lines = (*starts, starts[-1] + step)
    return tuple(x - _HAIR / 2 for x in lines if 2 < x < length - 2)


def grid(paper: str, size: Size) -> Grid:
    """As many cards as a page holds, in its middle.

    Args:
        paper: As in deck.yaml, such as `A4 landscape`.
        size: The cards.
    """
    width, height = paper_size(paper)
    columns, rows = floor(width / size.width), floor(height / size.height)
    left, top = (width - columns * size.width) / 2, (height - rows * size.height) / 2
    return Grid(
        (width, height),
        tuple(round(left + n * size.width, 2) for n in range(columns)),
        tuple(round(top + n * size.height, 2) for n in range(rows)),
        size,
    )


@dataclass(frozen=True, slots=True)
class CardView:
    """A card.

    Attributes:
        id: The note's short id, such as `rope-idea.values`.
        cloze: The number asked for if the note has several cards; else None.
        name: Tells the card from all others: id and cloze.
        number: That of the item.
        topic: Its name, in each language.
        first: Whether the topic begins here.
        front: What is asked.
        back: What is to be said.
        item: What else belongs to the answer; None for a fact.
    """

    id: str
    cloze: int | None
    name: str
    number: str
    level: Level
    hue: int
    topic: Row
    topic_number: int
    first: bool
    front: Row
    back: Row
    item: ItemView | None


@dataclass(frozen=True, slots=True)
class PlacedCard:
    """A card and where its two sides lie, in millimetres from the upper left corner."""

    card: CardView
    front: tuple[float, float]
    back: tuple[float, float]


def render(deck: Deck, context: Context) -> PrintJob:
    """Make the cards' HTML and CSS: a page of fronts, a page of their backs, and so on."""
    size = SIZES[context.output.card or "A7"]
    defaults = Defaults("cards.html", "A4", duplex=True, room=40)
    placed = grid(context.output.paper or defaults.paper, size)

    def values(scribe: Scribe, view: DeckView) -> Mapping[str, object]:
        cards = tuple(_cards(deck, scribe, view))
        return {"grid": placed, "sheets": sheets(cards, placed)}

    return job(deck, context, defaults, values)


def sheets(cards: Sequence[CardView], placed: Grid) -> tuple[tuple[PlacedCard, ...], ...]:
    """The cards of each sheet of paper."""
    return tuple(
        tuple(
            PlacedCard(card, placed.front(place), placed.back(place))
            for place, card in enumerate(cards[start : start + placed.count])
        )
        for start in range(0, len(cards), placed.count)
    )


def _cards(deck: Deck, scribe: Scribe, view: DeckView) -> Iterator[CardView]:
    items = {item_id: item for _, item_id, item in deck.items()}
    for topic in view.topics:
        first = True
        for item in topic.items:
            basic = _card(topic, item, item.id, None, item.question, item.answer)
            yield replace(basic, first=first, item=item)
            first = False
            for fact_id, texts in items[item.id].facts.items():
                numbers = {c.number for text in texts.values() for c in markup.parse(text).clozes}
                for number in sorted(numbers):
                    front = scribe.row(texts, cloze="blank", asked=number)
                    back = scribe.row(texts, cloze="mark", asked=number)
                    asked = number if len(numbers) > 1 else None
                    yield _card(topic, item, f"{item.id}.{fact_id}", asked, front, back)


def _card(
    topic: TopicView, item: ItemView, note: str, cloze: int | None, front: Row, back: Row
) -> CardView:
    return CardView(
        id=note,
        cloze=cloze,
        name=f"{note}-c{cloze}" if cloze else note,
        number=item.number,
        level=item.level,
        hue=topic.hue,
        topic=topic.title,
        topic_number=topic.number,
        first=False,
        front=front,
        back=back,
        item=None,
    )
