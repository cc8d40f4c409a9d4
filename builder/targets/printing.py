"""What sheet and handout share: the deck as records of ready HTML, and the words around it.

A template decides where things stand and a style sheet how they look; neither parses markup, counts
or chooses. Everything here is pure: the same deck gives the same records, with no path in them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from html import unescape
from pathlib import Path

from markupsafe import Markup, escape

from builder import figures, forms, markup
from builder.cache import Cache
from builder.diagnostics import display_width
from builder.markup.records import ClozeStyle
from builder.model import Deck, Item, Level, Topic, html_language
from builder.style import joined
from builder.targets import Context, PrintJob
from builder.targets.tables import keep_short
from builder.templating import fill, print_environment, print_files
from builder.typeset import Drawing, Formula, typeset

#: How many colours `hues.css` has; topics take them in turn.
HUES = 8

#: The words that Deckwright itself prints, by language. A language without a word of its own gets
#: the English one.
WORDS: dict[str, dict[str, str]] = {
    "answers": {"zh": "答案", "en": "Answers"},
    "as-of": {"zh": "截至", "en": "as of"},
    "cards": {"zh": "卡片", "en": "Flash cards"},
    "checked": {"zh": "已由程序验证", "en": "verified by code"},
    "common": {"zh": "常考", "en": "common"},
    "compare": {"zh": "易混", "en": "compare"},
    "contents": {"zh": "目录", "en": "Contents"},
    "core": {"zh": "核心", "en": "core"},
    "date": {"zh": "日期", "en": "Date"},
    "deep": {"zh": "进阶", "en": "deep"},
    "glossary": {"zh": "术语表", "en": "Glossary"},
    "handout": {"zh": "讲义", "en": "Handout"},
    "index": {"zh": "索引", "en": "Index"},
    "key-term": {"zh": "要记的词", "en": "key term"},
    "name": {"zh": "姓名", "en": "Name"},
    "pitfall": {"zh": "误区", "en": "Pitfall"},
    "questions": {"zh": "题", "en": "questions"},
    "sheet": {"zh": "速查表", "en": "Cheat sheet"},
    "sources": {"zh": "出处", "en": "Sources"},
    "symbols": {"zh": "符号表", "en": "Symbols"},
    "version": {"zh": "版本", "en": "version"},
    "worksheet": {"zh": "自测题", "en": "Worksheet"},
}


def word(key: str, language: str) -> str:
    """One of Deckwright's own words, in a language of the deck."""
    words = WORDS[key]
    return words.get(language) or words.get(language.partition("-")[0]) or words["en"]


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


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a target prints when deck.yaml does not say.

    Attributes:
        room: At most how wide a table may be on any paper, in Latin letters.
    """

    template: str
    paper: str
    columns: int = 1
    duplex: bool = False
    room: float = 60


def job(
    deck: Deck,
    context: Context,
    defaults: Defaults,
    more: "Callable[[Scribe, DeckView], Mapping[str, object]]" = lambda *_: {},
    shorter: "Callable[[DeckView], Iterable[tuple[str, DeckView]]]" = lambda _: (),
) -> PrintJob:
    """Fill a target's template, or the one that the output names, and its style sheet.

    A template `own.html` is styled by `own.css` if there is one, else by the target's.

    Args:
        deck: The content.
        context: The output and where to look for templates.
        defaults: What the target prints if the output does not say.
        more: What the target's template needs besides what all get.
        shorter: What of the content to print if it takes more pages than the output may have:
            less and less, each with words for it.
    """
    output = context.output
    languages = output.languages or deck.languages
    folders = context.project.template_folders("print")
    environment = print_environment(folders)
    pictures = context.project.content / "figures"
    paper = paper_size(output.paper or defaults.paper)
    columns = output.columns or defaults.columns
    room = min((paper[0] - _MARGINS) / max(columns, len(languages)) / _LETTER, defaults.room)
    scribe = Scribe(deck, languages, context.cache, pictures, room)
    view = scribe.deck_view(output.levels)
    values = {
        "deck": view,
        "languages": languages,
        "paper": output.paper or defaults.paper,
        "paper_mm": paper,
        "columns": columns,
        "shares": shares(view),
        "word": word,
        **more(scribe, view),
    }
    template = output.template or defaults.template
    html = fill(environment, "print", template, values)
    css = joined(
        {
            name: fill(environment, "print", name, values)
            for name in print_files(folders, output.target, output.template)
            if name.endswith(".css")
        }
    )
    whole = PrintJob(
        name=context.name,
        html=html,
        css=css,
        formulas=tuple(scribe.used),
        folders={"figures": pictures},
        duplex=defaults.duplex,
        max_pages=output.max_pages,
    )
    if output.max_pages is None:
        return whole
    less = tuple(
        replace(
            whole,
            html=fill(environment, "print", template, values | {"deck": part}),
            holds=words,
        )
        for words, part in shorter(view)
    )
    return replace(whole, shorter=less)


#: Millimetres at both sides of a page and between its columns, and of a letter in a table: not less
#: than on any document of ours, so that no table is thought to have more room than it has.
_MARGINS, _LETTER = 40.0, 1.6

#: Width and height of upright paper, in millimetres.
_PAPER = {"A4": (210.0, 297.0), "Letter": (215.9, 279.4)}


def paper_size(name: str) -> tuple[float, float]:
    """Width and height in millimetres of paper such as `A4 landscape`."""
    kind, _, turned = name.partition(" ")
    width, height = _PAPER[kind]
    return (height, width) if turned else (width, height)


def shares(view: DeckView) -> tuple[int, ...]:
    """How wide the column of each language should be, in percent.

    In proportion to what stands in it, so that the columns of an item end at about the same
    height: Chinese needs a fifth less room than English. Bounded, since formulas and tables need
    room in every language.
    """
    lengths = [0] * len(view.title)
    for topic in view.topics:
        for item in topic.items:
            for row in (item.answer, item.detail, item.pitfall, *(f.texts for f in item.facts)):
                for index, cell in enumerate(row):
                    lengths[index] += display_width(cell.plain)
    even = 100 / len(lengths)
    total = sum(lengths) or 1
    widths = [round(min(max(100 * n / total, 0.9 * even), 1.1 * even)) for n in lengths]
    return (*widths[:-1], 100 - sum(widths[:-1]))


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
            refs=tuple(RefView(_SCHEME.sub("", ref), address(ref)) for ref in item.refs),
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


_ADDRESSES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"https?://[^\s，。；]+"), lambda found: found[0]),
    (
        re.compile(r"arXiv:(\d{4}\.\d{4,5}(?:v\d+)?)", re.IGNORECASE),
        lambda found: f"https://arxiv.org/abs/{found[1]}",
    ),
    (
        re.compile(r"doi:(10\.\d{4,9}/\S+)", re.IGNORECASE),
        lambda found: f"https://doi.org/{found[1]}",
    ),
)


_SCHEME = re.compile(r"\bhttps?://")


def address(reference: str) -> str:
    """Where a source is to be read: its URL, or that of its arXiv number or DOI; else empty."""
    for pattern, make in _ADDRESSES:
        found = pattern.search(reference)
        if found:
            return make(found)
    return ""
