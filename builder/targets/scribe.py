"""From the deck to the records that print templates get: every text as HTML that prints well."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from html import unescape
from pathlib import Path

from markupsafe import Markup, escape

from builder import figures, forms, markup, references
from builder.cache import Cache
from builder.diagnostics import display_width
from builder.markup.records import ClozeStyle
from builder.model import Deck, Item, Level, Topic, html_language
from builder.targets.tables import keep_short
from builder.targets.views import (
    Cell,
    DeckView,
    FactView,
    FigureView,
    ItemView,
    LinkView,
    RefView,
    Row,
    SymbolView,
    TopicView,
)
from builder.typeset import Drawing, Formula, typeset

#: How many colours `hues.css` has; topics take them in turn.
HUES = 8


def formulas(deck: Deck) -> Iterator[Formula]:
    """Every formula of the deck, of every language, in source order; some come twice."""
    for text in _texts(deck):
        for math in markup.parse(text).maths:
            yield Formula(math.latex, math.display)
    for symbol in deck.symbols:
        yield Formula(symbol, False)
    for _, _, item in deck.items():
        if item.formula:
            yield Formula(item.formula.strip(), True)
        for symbol in item.where:
            yield Formula(symbol, False)


def _texts(deck: Deck) -> Iterator[str]:
    yield from deck.file.title.values()
    yield from deck.file.description.values()
    for topic in deck.topics:
        yield from topic.title.values()
    for meanings in deck.symbols.values():
        yield from meanings.values()
    for _, _, item in deck.items():
        for localized in (
            item.question,
            item.answer,
            item.table,
            item.detail,
            item.pitfall,
            *item.facts.values(),
            *item.where.values(),
        ):
            yield from (localized or {}).values()


class Scribe:
    """Writes records for one document and remembers which formulas it used."""

    def __init__(
        self, deck: Deck, languages: Sequence[str], cache: Cache, folder: Path, room: float
    ) -> None:
        self.deck = deck
        #: How wide a table may be, in Latin letters.
        self.room = room
        self.folder = folder
        self.languages = languages
        results = typeset(dict.fromkeys(formulas(deck)), cache)
        # `load` lets no formula through that has no drawing.
        self.drawings = {f: drawn for f, drawn in results.items() if isinstance(drawn, Drawing)}
        self.used: dict[Formula, None] = {}
        self.numbers = {
            item_id: f"{number}.{place}"
            for number, topic in enumerate(deck.topics, 1)
            for place, item_id in enumerate(topic.items, 1)
        }

    def deck_view(self, levels: Iterable[Level] | None) -> DeckView:
        """The whole document: all topics with items of some levels, all levels by default."""
        order: tuple[Level, ...] = ("core", "common", "deep")
        wanted = set(levels or order)
        topics = tuple(
            view
            for number, topic in enumerate(self.deck.topics, 1)
            if (view := self._topic(number, topic, wanted)).items
        )
        present = {item.level for topic in topics for item in topic.items}
        file = self.deck.file
        return DeckView(
            id=file.id,
            title=self.row(file.title),
            description=self.row(file.description, inline=False),
            version=file.version,
            licence=file.licence,
            homepage=file.homepage or "",
            topics=topics,
            symbols=tuple(
                SymbolView(self.math(latex, False), self.row(meanings))
                for latex, meanings in self.deck.symbols.items()
            ),
            levels=tuple(level for level in order if level in present),
        )

    def _topic(self, number: int, topic: Topic, levels: set[Level]) -> TopicView:
        return TopicView(
            id=topic.id,
            number=number,
            hue=(number - 1) % HUES + 1,
            title=self.row(topic.title),
            items=tuple(
                self._item(item_id, item)
                for item_id, item in topic.items.items()
                if item.level in levels
            ),
        )

    def _item(self, item_id: str, item: Item) -> ItemView:
        table = item.table or {}
        shared = len({table[language] for language in self.languages if table}) == 1
        return ItemView(
            id=item_id,
            number=self.numbers[item_id],
            level=item.level,
            question=self.row(item.question),
            answer=self.row(item.answer),
            facts=tuple(
                FactView(fact_id, self.row(texts, cloze="mark"))
                for fact_id, texts in item.facts.items()
            ),
            formula=self.math(item.formula.strip(), True) if item.formula else None,
            where=tuple(
                SymbolView(self.math(latex, False), self.row(meanings))
                for latex, meanings in item.where.items()
            ),
            figure=self.figures(item),
            code=(
                Markup(markup.highlight(item.code.source, item.code.language))
                if item.code
                else None
            ),
            code_columns=max(map(display_width, item.code.source.splitlines())) if item.code else 0,
            table=tuple(
                replace(cell, html=Markup(keep_short(cell.html, self.room)))
                for cell in self.row(table, inline=False)[: 1 if shared else None]
            ),
            detail=self.row(item.detail),
            pitfall=self.row(item.pitfall),
            refs=tuple(map(_reference, item.refs)),
            compare=tuple(LinkView(other, self.numbers[other]) for other in item.confusable),
            checked=bool(item.check),
            as_of=item.as_of,
        )

    def figures(self, item: Item) -> tuple[FigureView, ...]:
        """The item's figure, once for each language if it has words."""
        if not item.figure:
            return ()
        shown: dict[str, FigureView] = {}
        for language in self.languages:
            name = figures.in_language(self.folder, item.figure, language)
            alt = figures.title(self.folder, item.figure, language)
            if not alt:
                alt = " ".join(markup.plain(markup.parse(item.question[language])).split())
            view = FigureView(f"figures/{name}", alt, html_language(language))
            shown.setdefault(name, view)
        return tuple(shown.values())

    def row(
        self,
        texts: dict[str, str] | None,
        *,
        cloze: ClozeStyle = "mark",
        inline: bool = True,
        asked: int | None = None,
    ) -> Row:
        """A text in each of the document's languages; empty if there is none.

        Args:
            texts: Language -> Markdown.
            cloze: What becomes of clozes.
            inline: Leave out the `<p>` of a text that is a single paragraph.
            asked: The number of the only clozes that count, as on one card.
        """
        if not texts:
            return ()
        return tuple(
            self.cell(texts[language], language, cloze=cloze, inline=inline, asked=asked)
            for language in self.languages
        )

    def cell(
        self,
        text: str,
        language: str,
        *,
        cloze: ClozeStyle = "mark",
        inline: bool = True,
        asked: int | None = None,
    ) -> Cell:
        """A text in one language; the arguments are those of `row`."""
        style = markup.Style(
            cloze=cloze,
            math=self.math,
            image=partial(self.image, language),
            autospace=True,
            inline=inline,
            asked=asked,
        )
        document = markup.parse(text)
        return Cell(
            language,
            html_language(language),
            Markup(breakable(markup.render(document, style))),
            " ".join(markup.plain(document).split()),
        )

    def image(self, language: str, source: str, alt: str) -> str:
        """A picture in a text, with the words of the text's language."""
        return image(figures.in_language(self.folder, source, language), alt)

    def math(self, latex: str, display: bool) -> Markup:
        """A formula as the picture that `press` draws."""
        formula = Formula(latex, display)
        self.used[formula] = None
        return Markup(forms.math_img(formula, self.drawings[formula]))


def _reference(ref: str) -> RefView:
    return RefView("".join(text for text, _ in references.parts(ref)), references.address(ref))


def breakable(html: str) -> str:
    """Let WeasyPrint 70 break lines where it should.

    It counts a thin space at the end of a line as ink and breaks the line far too early, so the
    gaps between Han and Latin become common spaces, which are about as wide in Chinese fonts. And
    if a text before an inline element fits a line but for its last space, it is broken after its
    first word; a zero-width space keeps that space from being the last character.

    Texts with words that may not fit a line get the class `long`.

    A single Chinese character and its full stop are never a paragraph's last line: a word joiner
    ties them to the character before.
    """
    html = _SPACE_BEFORE_TAG.sub("\u200b", html.replace("\u2009", " "))
    pieces = _BLOCK.split(_LAST_TWO.sub("\u2060", html))
    pieces[::2] = [
        f'<span class="long">{piece}</span>' if _has_long_word(piece) else piece
        for piece in pieces[::2]
    ]
    return "".join(pieces)


def _has_long_word(html: str) -> bool:
    """Whether a column may be too narrow for a word."""
    text = unescape(_TAG.sub("", html)) if len(html) >= _LONG else ""
    return any(len(word) >= _LONG for word in _WORD.findall(text))


#: Letters that fit a line of the narrowest column.
_LONG = 25
_TAG = re.compile(r"<[^>]*>")
_BLOCK = re.compile(r"(</?(?:blockquote|div|li|ol|p|pre|table|tbody|td|th|thead|tr|ul)\b[^>]*>)")
#: What Pango does not break.
_WORD = re.compile(r"[^\s\u200b\u2013\u2014/\u3000-\u9fff\uff00-\uffef-]+")


#: Between the last two Han characters of a sentence at the end of a text, be they marked or quoted.
_LAST_TWO = re.compile(
    r"(?<=[\u4e00-\u9fff])(?=[\u4e00-\u9fff](?:</\w+>|[）”’》」』])*[。！？](?:</\w+>|[\s”’」』])*\Z)"
)


_SPACE_BEFORE_TAG = re.compile(r"(?<=[ \n])(?=<(?:a|code|em|img|mark|s|strong)\b)")


def image(source: str, alt: str) -> str:
    """A picture of `content/figures`, for `Style`."""
    return f'<img class="figure" src="figures/{escape(source)}" alt="{escape(alt)}">'
