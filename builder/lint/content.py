"""What the rules look at: items with their texts ready, and what a rule answers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from builder.diagnostics import Span
from builder.lint.numbers import numbers
from builder.lint.text import Visible, formula_units, shown, visible, words
from builder.markup import Document, parse
from builder.model import DeckFile, Item, LintSettings, Term, Topic
from builder.source import Location, Source

#: The fields of an item that hold Markdown, in reading order; facts come after them.
FIELDS: Final = ("question", "answer", "detail", "pitfall", "table")


@dataclass(frozen=True, slots=True)
class Finding:
    """A breach of a rule.

    Attributes:
        code: Name of the rule.
        message: What is wrong.
        path: The scalar in its file, from `items` and the item's id on.
        help: How to mend it.
        start: Where in the scalar's value it begins; None if it is about the whole scalar.
        end: Where it ends.
        warning: Whether it is only doubtful.
        on_key: Whether the key is to be shown rather than the value.
    """

    code: str
    message: str
    path: Location
    help: str
    start: int | None = None
    end: int = 0
    warning: bool = False
    on_key: bool = False

    def span(self, source: Source) -> Span:
        """The finding's place in its file."""
        if self.start is not None:
            return source.text_span(self.path, self.start, self.end)
        return source.key_span(self.path) if self.on_key else source.value_span(self.path)


class Text:
    """One text of an item in one language.

    Attributes:
        field: `question`, `answer`, `detail`, `pitfall`, `table` or `fact`.
        language: The language's tag.
        path: Where it stands in the topic's file.
        value: The Markdown source.
        document: The same, parsed.
        shown: What a reader sees of it.
        length: Words or characters; a formula counts up to five.
        numbers: The numbers in what is seen of it.
    """

    def __init__(self, field: str, language: str, path: Location, value: str) -> None:
        self.field = field
        self.language = language
        self.path = path
        self.value = value
        self.document: Document = parse(value)
        # Most texts are plain: what is seen of them is quickly told, and no place is ever asked.
        quick = shown(value, self.document)
        self.shown = self.visible.text if quick is None else quick
        self.length = words(self.shown, language)
        if self.document.maths:
            self.length += sum(formula_units(math.latex) for math in self.document.maths)
        self.numbers = numbers(self.shown, language)

    @cached_property
    def visible(self) -> Visible:
        """What a reader sees of it, with the way back to the source; `shown` is its text."""
        return visible(self.value, self.document)

    @property
    def is_sound(self) -> bool:
        """Whether its markup is without errors, so that there is a point in judging it."""
        problems = self.document.problems
        return not problems or not any(problem.severity == "error" for problem in problems)

    def finding(
        self, code: str, message: str, help_: str, start: int, end: int, *, warning: bool = False
    ) -> Finding:
        """A finding about `visible.text[start:end]`."""
        first, last = self.visible.span(start, end)
        return Finding(code, message, self.path, help_, first, last, warning)

    def overall(self, code: str, message: str, help_: str, *, warning: bool = False) -> Finding:
        """A finding about the whole text."""
        return Finding(
            code, message, self.path, help_, 0, len(self.value.rstrip()), warning=warning
        )


class Entry:
    """An item with its texts.

    Attributes:
        id: The item's id.
        item: The item.
        path: Where it stands in the topic's file.
        texts: Field -> language -> text, of the fields with sound markup.
        facts: Fact id -> language -> text, likewise.
    """

    def __init__(self, item_id: str, item: Item) -> None:
        self.id = item_id
        self.item = item
        self.path: Location = ("items", item_id)
        self.texts: dict[str, dict[str, Text]] = {}
        for field in FIELDS:
            value = getattr(item, field)
            if value is not None:
                self._add(self.texts, field, field, (*self.path, field), value)
        self.facts: dict[str, dict[str, Text]] = {}
        for fact_id, fact in item.facts.items():
            self._add(self.facts, fact_id, "fact", (*self.path, "facts", fact_id), fact)
        #: Each text in all languages, the primary one first.
        self.groups = tuple(
            tuple(group.values()) for group in (*self.texts.values(), *self.facts.values())
        )
        #: Every sound text.
        self.all = tuple(text for group in self.groups for text in group)

    @staticmethod
    def _add(
        to: dict[str, dict[str, Text]],
        name: str,
        field: str,
        path: Location,
        value: Mapping[str, str],
    ) -> None:
        texts: dict[str, Text] = {}
        for language, text in value.items():
            texts[language] = made = Text(field, language, (*path, language), text)
            if not made.is_sound:
                return
        to[name] = texts

    def field(self, name: str, language: str) -> Text | None:
        """The text of a field in a language, if there is one."""
        texts = self.texts.get(name)
        return texts.get(language) if texts else None


class Content:
    """A topic as the rules see it, and what they know of the rest of the deck.

    Attributes:
        file: deck.yaml.
        entries: Every item of the topic, in order.
        texts: Their texts.
        pairs: Each text with its counterpart in the primary language, which comes first.
        symbols: The symbols that the deck's table defines.
        glossary: The deck's terms.
        terms: Language -> the names of the glossary's terms, the longest first.
        month: The present month, as `2026-11`.
        papers: arXiv number -> title of the papers that may be cited; empty if any may.
        phrases: Hashes of phrases of other texts, which the deck must not share.
    """

    def __init__(
        self,
        topic: Topic,
        file: DeckFile,
        symbols: frozenset[str],
        glossary: tuple[Term, ...],
        month: str,
        papers: Mapping[str, str],
        phrases: frozenset[str],
    ) -> None:
        self.file = file
        self.entries = tuple(Entry(item_id, item) for item_id, item in topic.items.items())
        self.texts = tuple(text for entry in self.entries for text in entry.all)
        self.pairs = tuple(
            (first, other)
            for entry in self.entries
            for first, *others in entry.groups
            for other in others
        )
        self.symbols = symbols
        self.glossary = glossary
        self.terms = {
            language: sorted({term.name(language) for term in glossary}, key=_longest_first)
            for language in file.languages
        }
        self.month = month
        self.papers = papers
        self.phrases = phrases
        self._of: dict[tuple[str, str], list[Text]] = defaultdict(list)
        self._in: dict[str, list[Text]] = defaultdict(list)
        for text in self.texts:
            self._of[text.field, text.language].append(text)
            self._in[text.language].append(text)

    def of(self, field: str, language: str) -> Sequence[Text]:
        """All texts of one field (`fact` for those of facts) in a language, in order."""
        return self._of.get((field, language), ())

    def texts_in(self, language: str) -> Sequence[Text]:
        """All texts in a language, in order."""
        return self._in.get(language, ())

    @property
    def limits(self) -> LintSettings:
        """The thresholds."""
        return self.file.lint

    @property
    def languages(self) -> tuple[str, ...]:
        """The deck's languages, primary first."""
        return self.file.languages


def _longest_first(name: str) -> tuple[int, str]:
    return -len(name), name
