"""What printed documents share: the words around the content, the paper and the job for `press`.

A template decides where things stand and a style sheet how they look; neither parses markup, counts
or chooses. Everything here is pure: the same deck gives the same job, with no path in it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from builder.diagnostics import display_width
from builder.model import Deck, html_language
from builder.style import joined
from builder.targets import Context, PrintJob
from builder.targets.scribe import Scribe
from builder.targets.views import DeckView
from builder.templating import fill, print_environment, print_files

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


def wordings(key: str, languages: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """One of Deckwright's own words in each language, and the `lang` attribute of each.

    Languages that have none of their own share the English one.
    """
    found: dict[str, str] = {}
    for language in languages:
        said = word(key, language)
        borrowed = said == WORDS[key]["en"] and language.partition("-")[0] != "en"
        found.setdefault(said, html_language("en" if borrowed else language))
    return tuple(found.items())


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
        "wordings": wordings,
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
