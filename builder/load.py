"""Files to a checked `Deck`: read, validate, parse the markup, check across files.

All problems of all files are found in one go. What an author can mend in one pass should be
reported in one pass.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from builder import glyphs, outputs, proofs, source, topics
from builder import kept as keeping
from builder.cache import Cache
from builder.diagnostics import ContentError, Diagnostic, Span, did_you_mean, in_order
from builder.lint import Report, lint_deck
from builder.model import (
    Deck,
    DeckFile,
    GlossaryFile,
    PapersFile,
    RetiredFile,
    RetiredNote,
    SymbolsFile,
    Topic,
)
from builder.project import Project
from builder.source import Source
from builder.targets.notes import Note
from builder.texts import Texts
from builder.topics import Prepared, validate

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Every problem of a deck that could be read.

    Attributes:
        problems: The problems, in the order of the files.
        waived: How many breaches of authoring rules the items' `allow:` waives.
    """

    problems: tuple[Diagnostic, ...] = ()
    waived: int = 0

    def warnings(self) -> tuple[Diagnostic, ...]:
        """The problems, if none stops a build.

        Raises:
            ContentError: One does; with all of them.
        """
        if any(problem.severity == "error" for problem in self.problems):
            raise ContentError(self.problems)
        return self.problems


@dataclass(slots=True)
class Pending:
    """A judgement that may be still to be made."""

    _make: Callable[[], Judgement] | None
    _made: Judgement = Judgement()

    def get(self) -> Judgement:
        """The judgement."""
        if self._make is not None:
            make, self._make = self._make, None  # and with it all that it looks at
            self._made = make()
        return self._made


@dataclass(frozen=True, slots=True)
class Loaded:
    """A deck, what is doubtful about it, and where its notes stand.

    Attributes:
        deck: The deck, without errors but those that `pending` may still find.
        pending: What was found. What needs the whole deck may still have to be looked for: so who
            shows or writes anything asks for `warnings` before.
        spans: Note key (`item` or `item.fact`) -> the place of its id in the source.
        checks: Item id and proof id -> the place where the item names the proof.
        notes: What the deck's notes say, in source order.
    """

    deck: Deck
    pending: Pending = field(compare=False)
    spans: Mapping[str, Span]
    checks: proofs.Places = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """Problems that do not stop a build.

        Raises:
            ContentError: There are such that do.
        """
        return self.pending.get().warnings()

    @property
    def waived(self) -> int:
        """How many breaches of authoring rules the items' `allow:` waives."""
        return self.pending.get().waived


@dataclass(slots=True)
class _Reader:
    """Collects problems, so that one bad file does not hide the others."""

    project: Project
    problems: list[Diagnostic] = field(default_factory=list)
    #: Whether a file could not be read or is not valid, so that the deck lacks something.
    incomplete: bool = False

    def read(self, name: str) -> Source | None:
        """Parse one file of `content/`; None if its problems were reported."""
        file = self.project.content / name
        try:
            parsed = source.read(file, self.project.name(file))
        except ContentError as error:
            self.problems.extend(error.diagnostics)
            self.incomplete = True
            return None
        self.problems.extend(parsed.warnings)
        return parsed

    def validate(
        self, kind: type[Model], parsed: Source, languages: tuple[str, ...] | None
    ) -> Model | None:
        """Data to model; None if its problems were reported."""
        model, problems = validate(kind, parsed, languages)
        self.problems.extend(problems)
        self.incomplete = self.incomplete or model is None
        return model


def load(
    project: Project,
    cache: Cache,
    month: str | None = None,
    workers: int = 1,
    known: dict[str, Prepared] | None = None,
    *,
    later: bool = False,
    meanwhile: Callable[[], object] = lambda: None,
) -> Loaded:
    """Read a project's content.

    Args:
        project: The project.
        cache: Keeps prepared topics and typeset formulas: checking a formula means typesetting it.
        month: The present month, as `2026-11`: also apply the authoring rules, which know facts
            that age. Without it they are left out, as for content that was released already.
        workers: Processes to use if there is much to do; a program with threads must not fork.
        known: The topics as they were the last time, for who reads again and again.
        later: Apply the rules that need the whole deck only when somebody asks for `warnings`.
        meanwhile: What else there is to do: it is done while other processes finish, if there are.

    Raises:
        ContentError: With every error and warning found, in the order of the files.
    """
    reader = _Reader(project)
    deck_source = reader.read("deck.yaml")
    if deck_source is None:
        raise ContentError(reader.problems)
    languages = _peek_languages(deck_source)
    deck_file = reader.validate(DeckFile, deck_source, languages)
    if deck_file is None or languages is None:
        raise ContentError(reader.problems)

    _check_templates(reader, deck_file, deck_source)
    _check_output_languages(reader, deck_file, deck_source)
    reader.problems += outputs.unused_options(deck_file, deck_source)
    texts = Texts(reader.problems, project.content / "figures")
    _check_description(texts, deck_source, languages)
    _check_unlisted(reader, deck_file, deck_source)
    symbols = _optional(reader, SymbolsFile, "symbols.yaml", languages, texts.symbols)
    retired_sources: list[Source] = []
    retired = _optional(
        *(reader, RetiredFile, "retired.yaml", languages),
        lambda parsed, _: retired_sources.append(parsed),
    )
    glossary = _optional(reader, GlossaryFile, "glossary.yaml", languages, None)
    papers = _optional(reader, PapersFile, "papers.yaml", languages, None)
    texts.check_math(cache)
    figures = _figures(project)
    kept = keeping.read(project, deck_file)
    reader.problems += kept.problems
    setting = topics.Setting(
        deck_file,
        tuple(symbols),
        glossary or (),
        month,
        project.content / "figures",
        figures,
        kept,
        {number: paper.title for number, paper in papers.items()},
        _phrases(project),
    )
    files = _topic_files(reader, deck_file, deck_source)
    prepared = topics.prepare_all(files, setting, cache, workers, known, meanwhile)
    reader.problems += (problem for topic in prepared for problem in topic.problems)
    reader.problems += glyphs.missing(project, deck_file, _printed(project, files), cache)
    _check_ids(reader, prepared)
    _check_references(reader, prepared)
    for parsed in retired_sources:
        _check_replacements(reader, parsed, retired, prepared)
    checks = {place: span for topic in prepared for place, span in topic.checks.items()}
    if checks:
        found = proofs.find(project)
        reader.problems += (*found.problems, *proofs.unknown(found, checks))
    complete = len(prepared) == len(set(deck_file.topics)) and not reader.incomplete
    complete = complete and all(topic.content for topic in prepared)
    if complete:
        levels = dict.fromkeys(level for topic in prepared for level in topic.levels)
        imported = any(topic.imported for topic in prepared)
        reader.problems += outputs.empty_outputs(deck_file, deck_source, tuple(levels), imported)
    rules = None
    if month is not None and complete:
        reports = [topic.report for topic in prepared]
        rules = partial(lint_deck, reports, deck_file, deck_source, sorted(figures))
    pending = Pending(partial(_judge, reader.problems, rules))
    many = sum(len(topic.report.items) for topic in prepared) > _MOST_LATER
    if not later or many or any(problem.severity == "error" for problem in reader.problems):
        pending.get().warnings()
    deck = Deck(
        file=deck_file,
        unpack=partial(_unpacked, tuple(topic.content for topic in prepared)),
        symbols=symbols,
        retired=retired,
        glossary=glossary or (),
    )
    spans: dict[str, Span] = {}
    for topic in prepared:
        spans |= topic.kept
        spans |= topic.items
        spans |= topic.facts
    notes = tuple(note for topic in prepared for note in topic.notes)
    return Loaded(deck, pending, spans, checks, notes)


#: With more items the rules for the whole deck need so much memory that it is better given back
#: before a package is made (measured: 200 MiB more at 67,000).
_MOST_LATER = 20_000


def _judge(problems: Sequence[Diagnostic], rules: Callable[[], Report] | None) -> Judgement:
    if rules is None:
        return Judgement(in_order(problems))
    report = rules()
    return Judgement(in_order([*problems, *report.diagnostics]), report.waived)


def _unpacked(contents: tuple[bytes, ...]) -> tuple[Topic, ...]:
    return tuple(topics.unpacked(content) for content in contents)


def _peek_languages(deck_source: Source) -> tuple[str, ...] | None:
    """The languages, needed before anything that has a text per language can be validated."""
    data = deck_source.data()
    languages = data.get("languages") if isinstance(data, dict) else None
    if isinstance(languages, list) and languages and all(isinstance(x, str) for x in languages):
        return tuple(languages)
    return None


def _check_templates(reader: _Reader, deck_file: DeckFile, deck_source: Source) -> None:
    folders = reader.project.template_folders("print")
    for name, output in deck_file.outputs.items():
        wanted = output.template
        if wanted is not None and not any((folder / wanted).is_file() for folder in folders):
            known = {file.name for folder in folders for file in folder.glob("*.html")}
            reader.problems.append(
                Diagnostic(
                    "missing-template",
                    f"there is no file templates/print/{wanted}",
                    deck_source.value_span(("outputs", name, "template")),
                    did_you_mean(wanted, sorted(known)) or "create the file, or delete the key",
                )
            )


def _check_output_languages(reader: _Reader, deck_file: DeckFile, deck_source: Source) -> None:
    for name, output in deck_file.outputs.items():
        for index, language in enumerate(output.languages or ()):
            if language not in deck_file.languages:
                reader.problems.append(
                    Diagnostic(
                        "unknown-language",
                        f"unknown language '{language}'; the deck has "
                        f"{', '.join(deck_file.languages)}",
                        deck_source.value_span(("outputs", name, "languages", index)),
                        did_you_mean(language, deck_file.languages)
                        or "check the tag, or add it to `languages`",
                    )
                )


def _figures(project: Project) -> dict[str, str]:
    """Name -> hash of every file in `content/figures`."""
    folder = project.content / "figures"
    if not folder.is_dir():
        return {}
    files = (p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    return {
        file.relative_to(folder).as_posix(): hashlib.blake2b(file.read_bytes()).hexdigest()
        for file in sorted(files)
    }


def _phrases(project: Project) -> frozenset[str]:
    """Hashes of the phrases that the deck must not share with other texts."""
    file = project.content / "phrases.txt"
    if not file.is_file():
        return frozenset()
    return frozenset(line for line in file.read_text("ascii", "replace").split("\n") if line)


def _topic_files(reader: _Reader, deck_file: DeckFile, deck_source: Source) -> list[topics.File]:
    """The files that deck.yaml lists; those that are missing or listed twice are reported."""
    found: list[topics.File] = []
    for index, topic_id in enumerate(deck_file.topics):
        if topic_id in deck_file.topics[:index]:
            reader.problems.append(
                Diagnostic(
                    "duplicate-topic",
                    f"the topic '{topic_id}' stands twice",
                    deck_source.value_span(("topics", index)),
                    "delete one of them",
                )
            )
            continue
        file = reader.project.content / "topics" / f"{topic_id}.yaml"
        name = reader.project.name(file)
        if not file.is_file():
            known = [path.stem for path in _topic_paths(reader.project)]
            reader.problems.append(
                Diagnostic(
                    "missing-topic",
                    f"there is no file {name}",
                    deck_source.value_span(("topics", index)),
                    did_you_mean(topic_id, known) or "create the file, or delete the line",
                )
            )
            continue
        try:
            found.append(topics.File(topic_id, name, source.contents(file, name)))
        except ContentError as error:
            reader.problems += error.diagnostics
    return found


def _printed(project: Project, files: list[topics.File]) -> dict[str, bytes]:
    """Name and content of the files whose texts are printed."""
    others = [project.content / name for name in ("deck.yaml", "symbols.yaml")]
    return {
        **{project.name(file): file.read_bytes() for file in others if file.is_file()},
        **{file.name: file.data for file in files},
    }


def _topic_paths(project: Project) -> list[Path]:
    return sorted(path for path in (project.content / "topics").glob("*.yaml") if path.is_file())


def _check_ids(reader: _Reader, prepared: list[Prepared]) -> None:
    """Ids are promises: unique in the whole deck, since a note's identity derives from them."""
    taken: dict[str, Span] = {}
    for topic in prepared:
        # An item keeps its place; a note of the same file with its id is reported there.
        for item_id, span in {**topic.kept, **topic.items}.items():
            first = taken.setdefault(item_id, span)
            if first is not span:
                reader.problems.append(
                    Diagnostic(
                        "duplicate-id",
                        f"the id '{item_id}' is taken: {first.path}:{first.line}",
                        span,
                        "an id names one item in the whole deck; choose another",
                    )
                )


def _check_references(reader: _Reader, prepared: list[Prepared]) -> None:
    known = {item_id for topic in prepared if topic.content for item_id in topic.items}
    for topic in prepared:
        for other, span in topic.references:
            if other not in known:
                reader.problems.append(
                    Diagnostic(
                        "unknown-item",
                        f"there is no item '{other}'",
                        span,
                        did_you_mean(other, known) or "check the id",
                    )
                )


def _check_replacements(
    reader: _Reader,
    parsed: Source,
    retired: dict[str, RetiredNote],
    prepared: list[Prepared],
) -> None:
    """What learners are sent to instead of a retired note is there."""
    known = {key for topic in prepared for key in (*topic.items, *topic.facts, *topic.kept)}
    for key, note in retired.items():
        if note.replaced_by and note.replaced_by not in known:
            reader.problems.append(
                Diagnostic(
                    "unknown-item",
                    f"there is no note '{note.replaced_by}'",
                    parsed.value_span((key, "replaced_by")),
                    did_you_mean(note.replaced_by, known) or "check the id",
                )
            )


def _check_unlisted(reader: _Reader, deck_file: DeckFile, deck_source: Source) -> None:
    for path in _topic_paths(reader.project):
        if path.stem not in deck_file.topics:
            reader.problems.append(
                Diagnostic(
                    "unlisted-topic",
                    f"{reader.project.name(path)} is not part of the deck",
                    deck_source.key_span(("topics",)),
                    f"add '{path.stem}' to `topics`, or delete the file",
                    "warning",
                )
            )


def _optional(
    reader: _Reader,
    kind: type[Any],
    name: str,
    languages: tuple[str, ...],
    check: "Callable[[Source, tuple[str, ...]], None] | None",
) -> Any:
    if not (reader.project.content / name).is_file():
        return {}
    parsed = reader.read(name)
    if parsed is None:
        return {}
    if check is not None:
        check(parsed, languages)
    file = reader.validate(kind, parsed, languages)
    return {} if file is None else file.root


def _check_description(texts: Texts, parsed: Source, languages: tuple[str, ...]) -> None:
    for name in ("title", "description"):
        for language in languages:
            texts.markdown(parsed, (name, language), clozes=False)
