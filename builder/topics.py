"""One topic file to all that can be known of it without the others, kept by content.

A topic's items, problems, places and notes depend on its file and a few settings alone. So topics
are prepared in processes of their own where there is much to do, and an edit costs one topic.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from builder import kept as keeping
from builder import markup, records, source
from builder.cache import Cache, code_version, key
from builder.diagnostics import ContentError, Diagnostic, Span
from builder.kept import Kept
from builder.lint import TopicReport, lint_topic
from builder.model import DeckFile, Level, Term, Topic, TopicFile
from builder.source import Source
from builder.targets.notes import Note, write
from builder.texts import Texts
from builder.typeset import engine_version
from builder.validation import explained

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a topic means depends on this, besides its file.

    Attributes:
        deck: deck.yaml.
        symbols: LaTeX of the symbols that the deck's table defines.
        glossary: The deck's terms.
        month: The present month, as `2026-11`; None to leave the authoring rules out.
        figures: `content/figures`.
        digests: Name -> hash of every file there.
        kept: What the project keeps of imported decks.
        papers: arXiv number -> title of the papers that may be cited; empty if any may.
        phrases: Hashes of phrases of other texts (`lint.copies`).
    """

    deck: DeckFile
    symbols: tuple[str, ...]
    glossary: tuple[Term, ...]
    month: str | None
    figures: Path
    digests: Mapping[str, str]
    kept: Kept = field(default_factory=Kept)
    papers: Mapping[str, str] = field(default_factory=dict)
    phrases: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that is known of one topic.

    Attributes:
        content: The topic, packed for `unpacked`, since a package needs none of it; empty if its
            file is not valid.
        levels: The levels that its items have, each once.
        imported: Whether it has notes of imported note types.
        problems: What is wrong with it, breaches of authoring rules left out.
        items: Item id -> the place of the id.
        kept: Id -> its place, of the notes of imported note types.
        facts: Fact key (`item.fact`) -> the place of its id.
        references: Item id, an item that it names, and where.
        checks: (item id, proof id) -> the place where the item names the proof.
        report: What the authoring rules found.
        notes: The notes that its items make.
    """

    content: bytes
    levels: tuple[Level, ...] = ()
    imported: bool = False
    problems: tuple[Diagnostic, ...] = ()
    items: Mapping[str, Span] = field(default_factory=dict)
    kept: Mapping[str, Span] = field(default_factory=dict)
    facts: Mapping[str, Span] = field(default_factory=dict)
    references: tuple[tuple[str, Span], ...] = ()
    checks: Mapping[tuple[str, str], Span] = field(default_factory=dict)
    report: TopicReport = field(default_factory=TopicReport)
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """A topic's file: its id, the name that messages show, and its bytes."""

    id: str
    name: str
    data: bytes


def prepare_all(
    files: Sequence[File],
    setting: Setting,
    cache: Cache,
    workers: int = 1,
    known: dict[str, Prepared] | None = None,
    meanwhile: Callable[[], object] = lambda: None,
) -> list[Prepared]:
    """Every topic, from the cache or made now.

    Args:
        files: The topics' files.
        setting: What else they depend on.
        cache: Keeps what was made.
        workers: Processes to use if much is to be made; a program with threads must not fork.
        known: What this gave the last time, by key, for who asks again and again; brought up to
            date. What did not change is then the same object.
        meanwhile: What else there is to do: it is done while other processes finish, if there are.
    """
    common = _common(setting)
    keys = [key(common, file.id, file.name, _digest(file.data)) for file in files]
    found = [(known or {}).get(each) or _kept(cache, each) for each in keys]
    tasks = [
        _Task(at, keys[at], files[at]) for at, prepared in enumerate(found) if prepared is None
    ]
    for at, prepared in _make(tasks, setting, cache, workers, meanwhile):
        found[at] = prepared
    whole = [prepared for prepared in found if prepared is not None]
    if known is not None:
        known.clear()
        known.update(zip(keys, whole, strict=True))
    return whole


#: Below so many bytes of YAML a second process costs more than it saves (measured: 5 ms to fork,
#: 20 to 60 ms to fetch its results).
_WORTH_A_PROCESS = 200_000
#: Bytes of YAML handed to a process at a time, 60 ms of work: little, since what it was handed is
#: waited for in the end, and it is handed three times that in advance.
_AT_A_TIME = 100_000


class _Task(NamedTuple):
    """A file to prepare, its place among all, and its name in the cache."""

    at: int
    key: str
    file: File


def _make(
    tasks: Sequence[_Task],
    setting: Setting,
    cache: Cache,
    workers: int,
    meanwhile: Callable[[], object],
) -> Iterator[tuple[int, Prepared]]:
    """Each topic's place, and the topic prepared; in any order."""
    size = sum(len(task.file.data) for task in tasks)
    workers = min(workers, len(tasks), size // _WORTH_A_PROCESS)
    if workers < 2:
        yield from ((task.at, _made(task, setting, cache)[0]) for task in tasks)
        return
    from concurrent.futures import ProcessPoolExecutor

    chunks: list[list[_Task]] = []
    left = 0
    for task in tasks:
        if left <= 0:
            chunks.append([])
            left = _AT_A_TIME
        chunks[-1].append(task)
        left -= len(task.file.data)
    # This process is one of the workers: from the end it takes what no other has begun, and what
    # it makes needs no way back.
    with ProcessPoolExecutor(max_workers=workers - 1) as pool:
        started = [(pool.submit(_worker, chunk, setting, cache), chunk) for chunk in chunks]
        theirs = []
        while started:
            future, chunk = started.pop()
            if future.cancel():
                yield from ((task.at, _made(task, setting, cache)[0]) for task in chunk)
            else:
                theirs.append(future)
        meanwhile()
        while theirs:  # what was taken is let go of: it is much
            for at, packed in theirs.pop().result():
                yield at, records.unpacked(packed, Prepared, _RECORDS)


def _made(task: _Task, setting: Setting, cache: Cache) -> tuple[Prepared, bytes]:
    """A topic prepared and put into the cache, and what was put there."""
    prepared = prepare(task.file, setting, cache)
    # No other topic has these texts, and a cache that is always full is a slow one.
    markup.parse.cache_clear()
    packed = records.packed(prepared)
    cache.put("topic", task.key, packed)
    return prepared, packed


def _worker(tasks: Sequence[_Task], setting: Setting, cache: Cache) -> list[tuple[int, bytes]]:
    return [(task.at, _made(task, setting, cache)[1]) for task in tasks]


def prepare(file: File, setting: Setting, cache: Cache) -> Prepared:
    """Read a topic, check it, and write its notes.

    Args:
        file: Its file.
        setting: What else it depends on.
        cache: Keeps typeset formulas: checking a formula means typesetting it.
    """
    try:
        parsed = source.decode(file.data, file.name)
    except ContentError as error:
        return Prepared(b"", problems=error.diagnostics)
    problems = [*parsed.warnings]
    languages = setting.deck.languages
    content, found = validate(TopicFile, parsed, languages)
    problems += found
    texts = Texts(problems, setting.figures)
    texts.title(parsed, languages)
    texts.items(parsed, languages)
    media = Texts(problems, setting.figures.with_name("media"), texts.formulas)
    problems += keeping.check(parsed, setting.deck, setting.kept, media.markdown)
    texts.check_math(cache)
    items, facts, kept = _places(parsed)
    topic = None
    if content is not None:
        topic = Topic(
            id=file.id,
            title=content.title,
            items=content.items,
            notes=content.notes,
            deck=content.deck,
        )
    report = TopicReport()
    if topic is not None and setting.month is not None:
        report = lint_topic(
            topic,
            parsed,
            setting.deck,
            setting.symbols,
            setting.glossary,
            setting.month,
            setting.papers,
            setting.phrases,
        )
    sound = topic is not None and not any(problem.severity == "error" for problem in problems)
    return Prepared(
        records.packed(topic) if topic else b"",
        tuple(dict.fromkeys(item.level for item in topic.items.values())) if topic else (),
        bool(topic and topic.notes),
        tuple(problems),
        items,
        kept,
        facts,
        tuple(_references(parsed)),
        _checks(parsed),
        report,
        tuple(write(topic, setting.deck, setting.figures, setting.kept)) if topic and sound else (),
    )


def validate(
    kind: type[Model], parsed: Source, languages: tuple[str, ...] | None
) -> tuple[Model | None, list[Diagnostic]]:
    """Data to model; None and the reasons if it is not valid."""
    data = parsed.data()
    try:
        context = {"languages": languages}
        return kind.model_validate({} if data is None else data, context=context), []
    except ValidationError as error:
        return None, [*explained(error, kind, parsed)]


def _places(parsed: Source) -> tuple[dict[str, Span], dict[str, Span], dict[str, Span]]:
    """The places of the ids of items, of facts, and of notes of imported note types."""
    items: dict[str, Span] = {}
    facts: dict[str, Span] = {}
    for item_id, name, node in _items(parsed):
        items[item_id] = parsed.span(name.start, name.end)
        below = node.items.get("facts") if isinstance(node, source.Mapping) else None
        if below and isinstance(below[1], source.Mapping):
            for fact_id, (fact, _) in below[1].items.items():
                facts[f"{item_id}.{fact_id}"] = parsed.span(fact.start, fact.end)
    notes = parsed.section("notes")
    kept = {note_id: parsed.span(name.start, name.end) for note_id, (name, _) in notes.items()}
    return items, facts, kept


def _references(parsed: Source) -> Iterator[tuple[str, Span]]:
    """Every item that another names."""
    for item_id, _, node in _items(parsed):
        named = node.items.get("confusable") if isinstance(node, source.Mapping) else None
        if named and isinstance(named[1], source.Sequence):
            for index, entry in enumerate(named[1].items):
                if isinstance(entry, source.Scalar) and entry.value:
                    at = ("items", item_id, "confusable", index)
                    yield entry.value, parsed.value_span(at)


def _checks(parsed: Source) -> dict[tuple[str, str], Span]:
    """The place of each `check:`, one proof or a list of them."""
    places: dict[tuple[str, str], Span] = {}
    for item_id, _, node in _items(parsed):
        named = node.items.get("check") if isinstance(node, source.Mapping) else None
        for _, scalar in source.scalars(named[1] if named else None):
            if scalar.value:
                places[item_id, scalar.value] = parsed.span(scalar.start, scalar.end)
    return places


def _items(parsed: Source) -> Iterator[tuple[str, source.Scalar, source.Node]]:
    for item_id, (name, node) in parsed.section("items").items():
        yield item_id, name, node


# The cache


def _common(setting: Setting) -> str:
    """Hash of everything that all topics depend on."""
    return key(
        code_version("markdown-it-py", "mdit-py-plugins", "nh3", "pydantic", "pygments", "pyyaml"),
        engine_version(),
        setting.deck.model_dump_json(exclude={"outputs", "topics"}),
        list(setting.symbols),
        [term.model_dump_json() for term in setting.glossary],
        setting.month,
        dict(setting.digests),
        repr(setting.kept),
        dict(setting.papers),
        "".join(sorted(setting.phrases)),
    )


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=20).hexdigest()


def _kept(cache: Cache, name: str) -> Prepared | None:
    packed = cache.get("topic", name)
    if packed is None:
        return None
    try:
        return records.unpacked(packed, Prepared, _RECORDS)
    except records.ForeignError:
        return None


@lru_cache(maxsize=4096)
def unpacked(content: bytes) -> Topic:
    """The topic of `Prepared.content`; the same object for the same bytes."""
    return records.unpacked(content, Topic, _RECORDS)


_RECORDS = {
    ("builder.topics", "Prepared"),
    ("builder.diagnostics", "Diagnostic"),
    ("builder.diagnostics", "Span"),
    ("builder.lint", "TopicReport"),
    ("builder.lint", "Waiver"),
    ("builder.lint.graph", "Summary"),
    ("builder.model", "Topic"),
    ("builder.model", "Item"),
    ("builder.model", "CodeBlock"),
    ("builder.model", "KeptNote"),
    ("builder.targets.notes", "Note"),
    ("builtins", "frozenset"),
}
