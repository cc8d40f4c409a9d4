"""What a print template gets: the deck as records of HTML that is ready to print."""

import re
from dataclasses import dataclass

from markupsafe import Markup

from builder.diagnostics import display_width
from builder.model import Level


@dataclass(frozen=True, slots=True)
class Cell:
    """A text in one language.

    Attributes:
        language: The deck's name of the language, such as `zh`.
        lang: The same for HTML, such as `zh-Hans`.
        html: The text, ready to print.
        plain: The text without markup, for bookmarks and running heads.
    """

    language: str
    lang: str
    html: Markup
    plain: str

    @property
    def blocks(self) -> bool:
        """Whether it has lists, tables or several paragraphs, and not just words."""
        return bool(_BLOCK.search(self.html))


#: Where Markdown begins a block, unless a text is a single paragraph.
_BLOCK = re.compile(r"<(?:blockquote|div|hr|ol|p|pre|table|ul)\b")

#: The same text in each language of the document, main language first.
Row = tuple[Cell, ...]


#: Half of a line of small print, in Latin letters.
_SHORT = 36


@dataclass(frozen=True, slots=True)
class SymbolView:
    """A symbol and what it means."""

    symbol: Markup
    meanings: Row

    @property
    def short(self) -> bool:
        """Whether it need not be broken where it does not fit a line."""
        return sum(display_width(cell.plain) for cell in self.meanings) <= _SHORT


@dataclass(frozen=True, slots=True)
class FactView:
    """One line of an item, with its key terms marked."""

    id: str
    texts: Row


@dataclass(frozen=True, slots=True)
class RefView:
    """A source; `url` is empty where the text, shown without `https://`, names no address."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class FigureView:
    """A picture in one language.

    Attributes:
        src: Its address.
        alt: What it shows: its own title, or the question.
        lang: The language for HTML.
    """

    src: str
    alt: str
    lang: str


@dataclass(frozen=True, slots=True)
class LinkView:
    """Another item, as its readers find it."""

    id: str
    number: str


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item, ready to print. Absent parts are None or empty.

    Attributes:
        number: Topic and place in it, such as `2.7`; counted over the whole deck, so that an item
            has the same number on every sheet.
        code_columns: How many characters wide the code is.
        figure: One picture if it is the same in every language.
        table: One cell if the table is the same in every language.
    """

    id: str
    number: str
    level: Level
    question: Row
    answer: Row
    facts: tuple[FactView, ...]
    formula: Markup | None
    where: tuple[SymbolView, ...]
    figure: tuple[FigureView, ...]
    code: Markup | None
    code_columns: int
    table: Row
    detail: Row
    pitfall: Row
    refs: tuple[RefView, ...]
    compare: tuple[LinkView, ...]
    checked: bool
    as_of: str | None


@dataclass(frozen=True, slots=True)
class TopicView:
    """A topic; `hue` is the number of its colour, from 1."""

    id: str
    number: int
    hue: int
    title: Row
    items: tuple[ItemView, ...]


@dataclass(frozen=True, slots=True)
class DeckView:
    """A document's content.

    Attributes:
        levels: The levels that occur, most important first.
    """

    id: str
    title: Row
    description: Row
    version: str
    licence: str
    homepage: str
    topics: tuple[TopicView, ...]
    symbols: tuple[SymbolView, ...]
    levels: tuple[Level, ...]

    @property
    def marked(self) -> bool:
        """Whether any key term is."""
        return any(item.facts for topic in self.topics for item in topic.items)

    @property
    def count(self) -> int:
        """How many items are printed."""
        return sum(len(topic.items) for topic in self.topics)
