"""The handout: everything of each item in chapters, with contents, glossary and index.

The languages stand side by side or one above the other; what has no language stands once.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from builder.model import Deck, Item, Term
from builder.targets import Context, PrintJob
from builder.targets.printing import Defaults, job
from builder.targets.scribe import Scribe
from builder.targets.views import DeckView, Row

#: A term that more items speak of is listed with those that ask about it.
_MANY = 6


@dataclass(frozen=True, slots=True)
class TermView:
    """A term of the glossary.

    Attributes:
        names: The term in each language of the document.
        abbr: Its abbreviations.
        items: The items that speak of it, in the order of the document.
    """

    names: Row
    abbr: str
    items: tuple[str, ...]


def render(deck: Deck, context: Context) -> PrintJob:
    """Make the handout's HTML and CSS, with a column for each of the document's languages."""
    output = context.output

    def more(scribe: Scribe, view: DeckView) -> Mapping[str, object]:
        terms = tuple(_terms(deck, scribe, view))
        return {
            "layout": output.layout or "side",
            "binding": output.binding or "duplex",
            "terms": sorted(terms, key=lambda term: _collated(term.names[0].plain)),
            "indexes": [
                sorted(_turned(terms, place), key=lambda term: _collated(term.names[0].plain))
                for place in range(1, len(scribe.languages))
            ],
        }

    return job(deck, context, Defaults("handout.html", "A4"), more)


def _terms(deck: Deck, scribe: Scribe, view: DeckView) -> Iterator[TermView]:
    """The terms of the glossary that the printed items speak of."""
    items = {item_id: item for _, item_id, item in deck.items()}
    printed = [item.id for topic in view.topics for item in topic.items]
    texts = {item_id: _said(items[item_id], scribe.languages) for item_id in printed}
    for term in deck.glossary:
        speaks = _finder(term, scribe.languages)
        found = [item_id for item_id in printed if speaks(texts[item_id])]
        if len(found) > _MANY:
            asked = (i for i in found if speaks(_asked(items[i], scribe.languages)))
            found = list(asked) or found
        if found:
            names = {language: term.name(language) for language in scribe.languages}
            abbr = ", ".join(a for a in term.abbr if a not in names.values())
            yield TermView(scribe.row(names), abbr, tuple(found[:_MANY]))


def _turned(terms: Iterable[TermView], place: int) -> Iterator[TermView]:
    """The same terms under their name in another language."""
    for term in terms:
        yield TermView((term.names[place], *term.names[:place]), term.abbr, term.items)


def _asked(item: Item, languages: Sequence[str]) -> str:
    return "\n".join(item.question[language] for language in languages)


def _said(item: Item, languages: Sequence[str]) -> str:
    texts = [item.question, item.answer, *item.facts.values()]
    return "\n".join(text[language] for text in texts for language in languages)


def _finder(term: Term, languages: Sequence[str]) -> Callable[[str], object]:
    """Finds a term by any of its names, as a whole word where the script has words."""
    names = [term.name(language) for language in languages]
    patterns = [
        rf"(?<![A-Za-z]){re.escape(name)}(?:e?s)?(?![A-Za-z])"
        if name.isascii()
        else re.escape(name)
        for name in names
    ]
    exact = [rf"(?<![A-Za-z]){re.escape(abbr)}s?(?![A-Za-z])" for abbr in term.abbr]
    anyhow, as_written = "|".join(patterns), "|".join(exact) or r"(?!)"
    search = re.compile(f"(?i:{anyhow})|{as_written}").search
    parts = [name.lower() for name in (*names, *term.abbr)]

    def found(text: str) -> object:
        # Most texts have no such letters at all, which is told fifty times as quickly.
        lower = _lower(text)
        return any(part in lower for part in parts) and search(text)

    return found


@lru_cache(maxsize=4096)
def _lower(text: str) -> str:
    return text.lower()


def _collated(text: str) -> tuple[bytes, str]:
    """Sorts Latin letters by the alphabet and common Chinese by its sound, as GB 2312 does."""
    return text.casefold().encode("gb18030"), text
