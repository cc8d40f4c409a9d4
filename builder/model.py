"""What a deck is: the records that every target reads.

Frozen pydantic models. The docstring under a field is also what an editor shows on hover
(`schema.py`), so it speaks to authors. Texts stay Markdown source here; `markup` parses them once
and each target renders its own HTML.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cached_property
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

Level = Literal["core", "common", "deep"]

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
_ARXIV = re.compile(r"\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7}")
_OUTPUT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.(?:apkg|pdf)")


def _text(value: Any) -> Any:
    if value is None:
        raise PydanticCustomError("empty", "the text is empty")
    if isinstance(value, str) and not value.strip():
        raise PydanticCustomError("empty", "the text is empty")
    return value


def _id(value: str) -> str:
    if not _ID.fullmatch(value) or len(value) > 60:
        raise PydanticCustomError(
            "bad_id", "an id is lower-case letters, digits and single hyphens, at most 60"
        )
    return value


def _localized(value: Any, info: ValidationInfo) -> Any:
    """A plain text stands for the map in a deck with one language."""
    languages = (info.context or {}).get("languages")
    if not languages:
        return value
    if isinstance(value, str):
        if len(languages) == 1:
            return {languages[0]: value}
        raise PydanticCustomError(
            "needs_languages",
            "the text is needed in each of the languages {languages}",
            {"languages": ", ".join(languages)},
        )
    if isinstance(value, dict):
        for key in value:
            if key not in languages:
                raise PydanticCustomError(
                    "unknown_language",
                    "unknown language '{key}'; the deck has {languages}",
                    {"key": key, "languages": ", ".join(languages)},
                )
        for language in languages:
            if value.get(language) is None or not str(value[language]).strip():
                raise PydanticCustomError(
                    "missing_language",
                    "the text in '{language}' is missing",
                    {"language": language},
                )
        return {language: value[language] for language in languages}
    return value


def _shared(value: Any, info: ValidationInfo) -> Any:
    """A text that is one for all languages, or a map: the one text is given to each of them."""
    languages = (info.context or {}).get("languages")
    if languages and isinstance(value, str) and value.strip():
        return dict.fromkeys(languages, value)
    return _localized(value, info)


def _defined(name: str) -> WithJsonSchema:
    """What editors are told of a type: `schema.py` defines it under this name."""
    return WithJsonSchema({"x-type": name})


#: A piece of text; numbers and `yes` in the source are text as well.
Text = Annotated[str, BeforeValidator(_text), _defined("Text")]
#: One text per language of the deck, primary language first.
Localized = Annotated[dict[str, Text], BeforeValidator(_localized), _defined("Localized")]
#: As `Localized`, but one text may serve all languages (a table of numbers, say).
Shared = Annotated[dict[str, Text], BeforeValidator(_shared), _defined("Shared")]
Id = Annotated[str, AfterValidator(_id), _defined("Id")]


def _words(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


#: A list of texts; a single one may stand without brackets.
Words = Annotated[tuple[Text, ...], BeforeValidator(_words), _defined("Words")]
#: As `Words`, of ids.
Ids = Annotated[tuple[Id, ...], BeforeValidator(_words), _defined("Ids")]


#: What Anki takes for the end of a tag, or out of it.
_NOT_IN_A_TAG = re.compile(r'[\s"]+')


def tag_problem(value: str) -> str:
    """Why Anki would make another tag of it, or several; empty if it would not."""
    if _NOT_IN_A_TAG.search(value):
        return "a tag has no spaces and no quotation marks"
    if not all(part.strip(":") for part in value.split("::")):
        return "a tag has a name on both sides of each `::`"
    return ""


def nearest_tag(value: str) -> str:
    """The tag that a text most likely means; empty if nothing of it can be one."""
    parts = (_NOT_IN_A_TAG.sub("-", part).strip(":-") for part in value.split("::"))
    return "::".join(part for part in parts if part)


def _tag(value: str) -> str:
    problem = tag_problem(value)
    if problem:
        raise PydanticCustomError("bad_tag", "{problem}", {"problem": problem})
    return value


def _one_of_each(tags: tuple[str, ...]) -> tuple[str, ...]:
    seen: dict[str, str] = {}
    for tag in tags:
        folded = tag.casefold()
        if folded in seen:
            other = seen[folded]
            raise PydanticCustomError(
                "same_tag",
                "the tag '{tag}' stands twice"
                if other == tag
                else "'{other}' and '{tag}' are one tag to Anki",
                {"other": other, "tag": tag},
            )
        seen[folded] = tag
    return tags


#: Tags as Anki keeps them.
Tags = Annotated[tuple[Annotated[Text, AfterValidator(_tag)], ...], AfterValidator(_one_of_each)]


def _month(value: str) -> str:
    if not _MONTH.fullmatch(value):
        raise PydanticCustomError("bad_month", "a month is written as 2026-11")
    return value


Month = Annotated[str, AfterValidator(_month), _defined("Month")]


class Record(BaseModel):
    """Common settings: unknown keys are refused, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CodeBlock(Record):
    """A program of no language: shown once for all languages."""

    language: Text
    """The programming language, for the colours: `python`, `bash`, `json`, …"""
    source: Text
    """The program, as a `|` block."""


class Item(Record):
    """One question with everything that belongs to it: a Basic note and a Cloze note per fact."""

    level: Level
    """`core` (learn first, on every sheet), `common`, or `deep`."""
    question: Localized
    """One question, short, of one answer."""
    answer: Localized
    """What the learner must say: short enough for one breath. The why goes to `detail`."""
    formula: Text | None = None
    """LaTeX without dollars, of no language: shown once, under both columns in print."""
    figure: Text | None = None
    """File name in `content/figures`, such as `rope.svg`; what has `lang` in an SVG is shown in
    that language only."""
    code: CodeBlock | None = None
    """A program, shown once."""
    table: Shared | None = None
    """A Markdown table; one for all languages, or one per language."""
    detail: Localized | None = None
    """The longer explanation: folded on the card, full in the handout."""
    facts: dict[Id, Localized] = Field(default_factory=dict)
    """Sentences with clozes `{{c1::answer::hint}}`; each is a Cloze note under a permanent id."""
    pitfall: Localized | None = None
    """The wrong answer people give, and what is right."""
    where: dict[Text, Shared] = Field(default_factory=dict)
    """Meaning of the formulas' symbols that the deck's table (`symbols.yaml`) does not have."""
    covers: tuple[Id, ...] = Field(default=(), max_length=3)
    """Ids of other syllabus questions that this item answers in full."""
    confusable: tuple[Id, ...] = ()
    """Ids of items that learners mix up with this one; mutual."""
    refs: tuple[Text, ...] = ()
    """Primary sources with the place: `arXiv:2104.09864 §3.2`, `doi:…`, `https://…`."""
    check: Ids = ()
    """Id of the executable proof in `content/checks`, or a list of them."""
    as_of: Month | None = None
    """The month in which a fact that ages was true, as `2026-11`."""
    review_by: Month | None = None
    """The month by which somebody should look at the fact again."""
    type: Id | None = None
    """The imported note type of its question and answer; see `note_types` in deck.yaml."""
    tags: Tags = ()
    """Further tags; with a `type`, these are all tags of the question."""
    allow: dict[Text, Text] = Field(default_factory=dict)
    """Waivers: the code of a lint rule, and the reason why this item may break it."""


class NoteType(Record):
    """A note type that `deckwright import` brought: fields and cards stay as learners have them.

    Its card templates are `templates/anki/<id>/front-1.html`, `back-1.html`, … in Anki's own
    notation, its style sheet is `style.css` beside them.
    """

    name: Text
    """Its name in Anki."""
    fields: tuple[Text, ...] = Field(min_length=1)
    """Its fields in order; learners' collections have the same."""
    cards: tuple[Text, ...] = Field(min_length=1)
    """The names of its card templates in order; a note type for clozes has one."""
    cloze: bool = False
    """Whether its cards are made of clozes."""
    sort: Text | None = None
    """The field that Anki's Browser shows; the first by default."""
    right_to_left: tuple[Text, ...] = ()
    """Fields that Anki's editor shows from right to left."""
    question: Text | None = None
    """The field that an item's question fills."""
    answer: Text | None = None
    """The field that an item's answer fills."""


class KeptNote(Record):
    """A note of a note type in deck.yaml, as `deckwright import` brings it."""

    type: Id
    """Which of the deck's `note_types`."""
    fields: dict[Text, Text] = Field(default_factory=dict)
    """Field -> Markdown."""
    html: dict[Text, Text] = Field(default_factory=dict)
    """Field -> HTML, for what Markdown cannot say: no scripts, pictures from `content/media`."""
    tags: Tags = ()
    """All of its tags."""


class TopicFile(Record):
    """A file of `content/topics`."""

    title: Localized
    """The topic's name."""
    items: dict[Id, Item]
    """The questions, each under its permanent id. Their order is the order of study and print."""
    notes: dict[Id, KeptNote] = Field(default_factory=dict)
    """Notes of the deck's `note_types`, each under its permanent id. They are not printed."""
    deck: Text | None = None
    """The topic's deck in Anki with all its parents, `Deck::Part`; the deck's own by default."""


CardSize: TypeAlias = Literal["A7", "A8", "3x5in", "business"]


class Output(Record):
    """One file that the build makes."""

    target: Literal["anki", "sheet", "handout", "cards", "worksheet"]
    """What to make."""
    languages: tuple[Text, ...] | None = Field(default=None, min_length=1)
    """The languages shown, main one first; all of the deck's by default."""
    paper: Literal["A4", "A4 landscape", "Letter", "Letter landscape"] | None = None
    """The paper, for print."""
    columns: int | None = Field(default=None, ge=1, le=6)
    """Columns of a cheat sheet."""
    card: CardSize | None = None
    """The size of flash cards on paper: A7 by default; business is 85 by 55 mm."""
    max_pages: int | None = Field(default=None, ge=1)
    """Pages of a cheat sheet, at most: deep items go first, then common ones, then core lines."""
    layout: Literal["side", "stacked"] | None = None
    """A handout's languages side by side (the default), or each text under its translation."""
    binding: Literal["duplex", "left", "none"] | None = None
    """Where a handout's wider margin is: at the fold of two-sided pages (the default), always left,
    or nowhere."""
    levels: tuple[Level, ...] | None = Field(default=None, min_length=1)
    """Which items to print; all by default."""
    template: Text | None = None
    """A template of the project's own (in `templates/print`) instead of the target's."""


def _output_name(name: str) -> str:
    if not _OUTPUT.fullmatch(name) or len(name) > 100:
        raise PydanticCustomError(
            "bad_name",
            "'{name}' is no file name for an output: letters, digits, `.`, `-`, `_`, "
            "ending in .apkg or .pdf",
            {"name": name},
        )
    return name


def _outputs(value: dict[str, Output]) -> dict[str, Output]:
    seen: dict[str, str] = {}
    for name, output in value.items():
        if name.endswith(".apkg") != (output.target == "anki"):
            raise PydanticCustomError(
                "bad_output",
                "'{name}' does not fit its target: anki makes .apkg, the others .pdf",
                {"name": name},
            )
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise PydanticCustomError(
                "same_output",
                "'{name}' differs from '{other}' in case only: on macOS and Windows one file",
                {"name": name, "other": other},
            )
    return value


def _note_types(value: dict[str, NoteType]) -> dict[str, NoteType]:
    for name in ("basic", "cloze"):
        if name in value:
            raise PydanticCustomError(
                "bad_id", "'{name}' is one of our own note types; choose another", {"name": name}
            )
    return value


def language_problem(languages: Sequence[str]) -> str:
    """Why these cannot be a deck's languages, or an empty string."""
    for language in languages:
        if not _LANGUAGE.fullmatch(language):
            return f"'{language}' is no BCP 47 language tag such as en or zh-Hans"
    return "a language stands twice" if len(set(languages)) != len(languages) else ""


def _languages(value: tuple[str, ...]) -> tuple[str, ...]:
    if problem := language_problem(value):
        raise PydanticCustomError("bad_language", "{problem}", {"problem": problem})
    return value


class LintSettings(Record):
    """Thresholds of the authoring rules, in words, or in characters for Chinese and Japanese.

    A text over `…_max` is an error, over the softer limit a warning.
    """

    question_words: int = Field(default=16, ge=1)
    """Words of a question, before a warning."""
    question_words_max: int = Field(default=28, ge=1)
    """Words of a question, at most."""
    question_characters: int = Field(default=28, ge=1)
    """Characters of a question, before a warning."""
    question_characters_max: int = Field(default=45, ge=1)
    """Characters of a question, at most."""
    answer_words: int = Field(default=25, ge=1)
    """Words of an answer, before a warning."""
    answer_words_max: int = Field(default=45, ge=1)
    """Words of an answer, at most."""
    answer_characters: int = Field(default=40, ge=1)
    """Characters of an answer, before a warning."""
    answer_characters_max: int = Field(default=75, ge=1)
    """Characters of an answer, at most."""
    detail_words: int = Field(default=120, ge=1)
    """Words of a detail, before a warning."""
    detail_characters: int = Field(default=200, ge=1)
    """Characters of a detail, before a warning."""
    list_items: int = Field(default=3, ge=1)
    """Points of a list in an answer, before a warning."""
    list_items_max: int = Field(default=5, ge=1)
    """Points of a list in an answer, at most."""
    code_columns: int = Field(default=65, ge=1)
    """Columns of a program's line: in a sheet of three columns more would print below 6 points."""
    clozes_max: int = Field(default=3, ge=1)
    """Cloze numbers of a fact, at most."""
    cloze_words: int = Field(default=6, ge=1)
    """Words that a cloze may hide."""
    cloze_characters: int = Field(default=12, ge=1)
    """Characters that a cloze may hide."""
    cloze_share: int = Field(default=40, ge=1, le=100)
    """Percent of a fact that one card may hide."""
    formula_relations: int = Field(default=2, ge=1)
    """Relations (`=`, `<`, `\\approx`, …) in one statement of a formula."""
    formula_operators: int = Field(default=12, ge=1)
    """Operators of a formula."""
    length_ratio_min: float = Field(default=0.8, gt=0)
    """Characters per word between two languages, at least; 1.6 times less is an error."""
    length_ratio_max: float = Field(default=2.6, gt=0)
    """Characters per word between two languages, at most; 1.6 times more is an error."""
    ages_after: int = Field(default=12, ge=1)
    """Months after `as_of` when a fact without `review_by` should be looked at again."""
    cards_min: int = Field(default=1, ge=1)
    """Cards of a `core` item at least, the question and its facts together, before a warning."""
    cards_max: int = Field(default=8, ge=1)
    """Cards of an item, the question and its facts together, before a warning."""
    angles: int = Field(default=100, ge=0, le=1000)
    """Cards of a topic that say why or when, for each 100 questions of what something is."""
    formulas_proved: bool = False
    """Whether every item with a `formula` must name a proof under `check`."""
    places_named: bool = False
    """Whether an item with numbers must say at which place of a paper they stand."""
    primary_hosts: tuple[Text, ...] | None = None
    """Hosts that count as primary sources, such as `docs.python.org`; all by default."""
    rules: dict[Text, Literal["error", "warning", "off"]] = Field(default_factory=dict)
    """Code of a rule -> how to take it in this deck."""


class DeckFile(Record):
    """`content/deck.yaml`: what the deck is and what is made of it."""

    id: Id
    """Permanent name of the deck; every note's identity is derived from it."""
    title: Localized
    """The deck's name. In the primary language it is the deck's name in Anki: permanent too."""
    languages: Annotated[tuple[Text, ...], AfterValidator(_languages), Field(min_length=1)]
    """BCP 47 tags; the first is the primary language."""
    licence: Text
    """The licence of the content, such as `CC BY-SA 4.0`."""
    description: Localized
    """What learners read in Anki and on the first page. Markdown."""
    homepage: Text | None = None
    """Where releases and source are, shown in the deck's description."""
    version: Text = "0.0.0"
    """The release, shown in the deck's description and in print."""
    topics: tuple[Id, ...] = Field(min_length=1)
    """File names in `content/topics` without `.yaml`, in the order of study."""
    outputs: Annotated[
        dict[Annotated[str, AfterValidator(_output_name)], Output],
        AfterValidator(_outputs),
        Field(min_length=1),
    ]
    """File name -> what to make."""
    note_types: Annotated[dict[Id, NoteType], AfterValidator(_note_types)] = Field(
        default_factory=dict
    )
    """Note types that came with an imported deck."""
    lint: LintSettings = LintSettings()
    """Thresholds and severities of the authoring rules."""


class SymbolsFile(RootModel[dict[Text, Shared]]):
    """`content/symbols.yaml`: LaTeX of a symbol -> its one meaning in the whole deck."""


class Term(Record):
    """A concept and its one name in each language; the languages are keys of the term."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Text]

    abbr: Words = ()
    """Usual abbreviations, of no language."""
    avoid: Words = ()
    """Forms that must not be used, in any language."""
    unless: Words = ()
    """Longer words in which a form of `avoid` may stand, since they mean something else."""
    note: Text | None = None
    """Advice for writers."""
    keep: bool = False
    """Whether the name of another language may stand in a text, as `token` does in Chinese."""

    @model_validator(mode="before")
    @classmethod
    def _names(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, dict):
            known = {key: entry for key, entry in value.items() if key in cls.model_fields}
            names = {key: entry for key, entry in value.items() if key not in known}
            return {**known, **_localized(names, info)}
        return value

    def name(self, language: str) -> str:
        """The concept's name in one of the deck's languages."""
        return str((self.model_extra or {})[language])


class GlossaryFile(RootModel[tuple[Term, ...]]):
    """`content/glossary.yaml`: the one term for each concept, in each language."""


def _arxiv(value: str) -> str:
    if not _ARXIV.fullmatch(value):
        raise PydanticCustomError(
            "bad_paper", "an arXiv number is year, month, dot and four or five digits"
        )
    return value


class Paper(Record):
    """A paper on arXiv that the deck cites."""

    title: Text
    """Its title."""
    confirmed: Month | None = None
    """When number and title were compared with a catalogue of papers, as `2026-11`."""


class PapersFile(RootModel[dict[Annotated[Text, AfterValidator(_arxiv)], Paper]]):
    """`content/papers.yaml`: arXiv number, without version -> the paper.

    With this file, every arXiv number under `refs` must be in it, so that a slip of the pen in a
    number is found without a network.
    """


class RetiredNote(Record):
    """A note that was published and is no more."""

    reason: Text
    """Why it was withdrawn, for learners."""
    on: Month
    """When, as `2026-11`."""
    replaced_by: Text | None = None
    """The note that took its place."""


class RetiredFile(RootModel[dict[Text, RetiredNote]]):
    """`content/retired.yaml`: note id (`item`, or `item.fact`) -> why it is gone for good."""


class Topic(Record):
    """A topic as targets see it: the file's content under its permanent id."""

    id: Id
    title: dict[str, str]
    items: dict[str, Item]
    notes: dict[str, KeptNote] = Field(default_factory=dict)
    deck: str | None = None


@dataclass(frozen=True)
class Deck:
    """The whole deck, checked: what `load` gives and targets render.

    Attributes:
        file: deck.yaml.
        unpack: Gives the topics. They are most of a large deck, and a package needs none of them.
        symbols: LaTeX -> language -> meaning, of the deck's table.
        retired: Id -> why it was withdrawn.
        glossary: The deck's terms.
    """

    file: DeckFile
    unpack: Callable[[], tuple[Topic, ...]] = dataclass_field(compare=False)
    symbols: dict[str, dict[str, str]]
    retired: dict[str, RetiredNote]
    glossary: tuple[Term, ...] = ()

    @cached_property
    def topics(self) -> tuple[Topic, ...]:
        """Every topic, in order."""
        return self.unpack()

    @property
    def languages(self) -> tuple[str, ...]:
        """The deck's languages, primary first."""
        return self.file.languages

    def items(self) -> Iterator[tuple[Topic, str, Item]]:
        """Every item with its topic and id, in source order."""
        for topic in self.topics:
            for item_id, item in topic.items.items():
                yield topic, item_id, item


#: BCP 47 tags as HTML wants them: fonts and hyphenation depend on the script and the region.
_HTML_LANGUAGES = {"zh": "zh-Hans", "en": "en-US"}


def html_language(language: str) -> str:
    """The `lang` attribute for a deck language.

    `zh` alone leaves the choice of glyphs to the reader's system, and plain `en` gives WeasyPrint's
    British hyphenation (measured).
    """
    return _HTML_LANGUAGES.get(language, language)
