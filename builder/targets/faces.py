"""The two note types: their fields, and the card faces and style sheet from templates/anki.

Fields and templates are frozen with the first release: adding, removing or moving one makes Anki
refuse all updates of the note type. So there are spare fields, and a language that joins the deck
later takes some of them over; the lock says which.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from builder.cache import JSON, Cache, code_version, key
from builder.diagnostics import ContentError, Diagnostic, Span, did_you_mean
from builder.kept import Kept
from builder.lock import (
    KINDS,
    SPARE,
    Kind,
    Lock,
    NoteTypeEntry,
    Part,
    content_hash,
    stable_id,
)
from builder.model import Deck, DeckFile, html_language
from builder.project import Project
from builder.source import plain

_NONE = Cache(None)

#: Enough for two languages more, or one and some parts of cards not thought of yet.
SPARES = 16

#: Fields in order; ` *` stands for one field per language.
ROLES: dict[Kind, tuple[str, ...]] = {
    "basic": (
        "Key",
        "Question *",
        "Answer *",
        "Formula",
        "Figure",
        "Code",
        "Table",
        "Table *",
        "Symbols *",
        "Detail *",
        "Pitfall *",
        "Topic *",
        "Level",
        "As of",
        "Sources",
    ),
    "cloze": (
        "Key",
        "Text *",
        "Question *",
        "Formula",
        "Symbols *",
        "Detail *",
        "Topic *",
        "Level",
        "As of",
        "Sources",
    ),
}

#: What Anki's Browser shows: the question or the sentence in the primary language.
SORT_FIELD = 1

_NAMES: dict[Kind, str] = {"basic": "Q&A", "cloze": "Cloze"}
_TEMPLATES: dict[Kind, str] = {"basic": "Card", "cloze": "Cloze"}


@dataclass(frozen=True, slots=True)
class Face:
    """A note type's identity with the HTML of its one card template.

    Attributes:
        entry: Identity, as the lock keeps it, without a time.
        front: Anki template of the front.
        back: Anki template of the back.
    """

    entry: NoteTypeEntry
    front: str
    back: str


#: Seconds between two times of a note type in the lock, of which each choice of languages has one.
VARIANTS = 60


def variant(deck: Deck, shown: Sequence[str]) -> int:
    """The number of a choice of languages: 0 for all, then in the order of deck.yaml's outputs.

    Anki takes no styling whose time equals that of the learner's, not even with "Always", so each
    choice has its own second.
    """
    choices = [deck.languages]
    for output in deck.file.outputs.values():
        if output.target == "anki" and output.languages and output.languages not in choices:
            choices.append(output.languages)
    return choices.index(tuple(shown)) % VARIANTS if tuple(shown) in choices else 0


def field_names(kind: Kind, languages: Sequence[str], known: Sequence[str] = ()) -> list[str]:
    """A note type's fields.

    Args:
        kind: Which note type.
        languages: The deck's languages.
        known: The fields that learners have, from the lock.

    Returns:
        The known fields in their order, spare ones taken over for what is new. If none is left, new
        ones are appended, which the lock refuses.
    """
    wanted = [
        name
        for role in ROLES[kind]
        for name in (
            [role.replace("*", language) for language in languages] if "*" in role else [role]
        )
    ]
    if not known:
        return [*wanted, *(f"{SPARE} {n}" for n in range(1, SPARES + 1))]
    names = list(known)
    for name in wanted:
        if name not in names:
            spare = next((n for n, old in enumerate(names) if old.startswith(SPARE)), len(names))
            names[spare : spare + 1] = [name]
    return names


def faces(deck: Deck, project: Project, lock: Lock, cache: Cache = _NONE) -> dict[Kind, Face]:
    """Both note types as the templates make them.

    Args:
        deck: The deck.
        project: Where templates are looked for.
        lock: Which fields learners have.
        cache: Keeps filled templates.

    Raises:
        ContentError: A template has an error, or names a field that does not exist.
    """
    style_source = _source(project, "style.css")
    style = css(deck, project, deck.languages, cache)
    problems: list[Diagnostic] = []
    made: dict[Kind, Face] = {}
    for kind in KINDS:
        known = lock.note_types.get(kind)
        names = field_names(kind, deck.languages, [f.name for f in known.fields] if known else ())
        sides = []
        for side in ("front", "back"):
            name = f"{kind}-{side}.html"
            html = render_text(project, name, cache, languages=_languages(deck.languages))
            problems += [*_check(project, name, html, names)] or _blank(name, html, names)
            sides.append(html)
        front, back = sides
        made[kind] = Face(
            NoteTypeEntry(
                kind=kind,
                id=stable_id(deck.file.id, kind, bits=40),
                name=f"{deck.file.id} · {_NAMES[kind]}",
                fields=tuple(
                    Part(stable_id(deck.file.id, kind, "field", str(place)), name)
                    for place, name in enumerate(names, start=1)
                ),
                templates=(Part(stable_id(deck.file.id, kind, "template", "1"), _TEMPLATES[kind]),),
                style=content_hash([front, back, style_source, style]),
            ),
            front,
            back,
        )
    if problems:
        raise ContentError(problems)
    return made


def kept_entries(deck: DeckFile, kept: Kept, lock: Lock) -> dict[Kind, NoteTypeEntry]:
    """The imported note types as the lock keeps them: ids are those that learners have.

    Args:
        deck: deck.yaml.
        kept: How the note types look.
        lock: Which ids learners have; a note type that it does not know gets ids of its own.

    Raises:
        ContentError: A template is missing.
    """
    if kept.problems:
        raise ContentError(kept.problems)
    made: dict[Kind, NoteTypeEntry] = {}
    for kind, source in deck.note_types.items():
        known = lock.note_types.get(kind)
        design = kept.designs[kind]
        sides = [side for pair in design.sides for side in pair]
        made[kind] = NoteTypeEntry(
            kind=kind,
            id=known.id if known else stable_id(deck.id, kind, bits=40),
            name=source.name,
            fields=_parts(deck.id, kind, "field", source.fields, known.fields if known else ()),
            templates=_parts(
                deck.id, kind, "template", source.cards, known.templates if known else ()
            ),
            style=content_hash([*sides, design.css, *(design.latex or ())]),
        )
    return made


def _parts(
    deck_id: str, kind: Kind, what: str, names: Sequence[str], known: Sequence[Part]
) -> tuple[Part, ...]:
    """Fields or templates with the ids that they have, or new ones."""
    ids = [part.id for part in known]
    ids += [
        stable_id(deck_id, kind, what, str(place))
        for place in range(len(known) + 1, len(names) + 1)
    ]
    return tuple(Part(number, name) for number, name in zip(ids, names, strict=False))


def css(deck: Deck, project: Project, shown: Sequence[str], cache: Cache = _NONE) -> str:
    """The style sheet for a choice of languages.

    Args:
        deck: The deck.
        project: Where templates are looked for.
        shown: The languages to show, main one first; the others are hidden.
        cache: Keeps filled templates.

    Raises:
        ContentError: The template has an error.
    """
    return render_text(
        project,
        "style.css",
        cache,
        shown=_languages(shown),
        hidden=_languages([language for language in deck.languages if language not in shown]),
    )


@dataclass(frozen=True, slots=True)
class _Language:
    """A language as templates see it.

    Attributes:
        tag: The deck's tag.
        html: The `lang` attribute.
        from_right: Whether it is written from right to left.
    """

    tag: str
    html: str
    from_right: bool

    def __str__(self) -> str:
        return self.tag


def _languages(tags: Sequence[str]) -> list[_Language]:
    return [_Language(tag, html_language(tag), _from_right(tag)) for tag in tags]


def _from_right(tag: str) -> bool:
    """By the tag's script, if it names one, else by that in which the language is usual (CLDR)."""
    language, *rest = tag.lower().split("-")
    script = next((part for part in rest if len(part) == 4), "")
    if script:
        return script in ("arab", "hebr", "thaa", "syrc", "nkoo", "adlm")
    return language in ("ar", "ckb", "dv", "fa", "he", "nqo", "ps", "sd", "syr", "ug", "ur", "yi")


def render_text(project: Project, name: str, cache: Cache = _NONE, **values: object) -> str:
    """A template of templates/anki with values.

    Args:
        project: Where templates are looked for.
        name: The template.
        cache: Keeps the text: for one that is kept, Jinja need not even be imported.
        values: What the template may use; `repr` must tell all of it.

    Raises:
        ContentError: The template has an error.
    """
    folders = project.template_folders("anki")
    # A template may import any other.
    files: list[JSON] = [
        [
            number,
            file.relative_to(folder).as_posix(),
            hashlib.blake2b(file.read_bytes()).hexdigest(),
        ]
        for number, folder in enumerate(folders)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    ]
    wanted = key(code_version("jinja2"), files, name, repr(values))
    kept = cache.get("template", wanted)
    if kept is not None:
        return kept.decode()
    from builder.templating import card_environment, fill

    text = fill(card_environment(folders), "anki", name, values)
    cache.put("template", wanted, text.encode())
    return text


def _source(project: Project, name: str) -> str:
    for folder in project.template_folders("anki"):
        if (folder / name).is_file():
            return plain(folder / name, f"templates/anki/{name}")
    return ""


def _span(name: str, line: int, start: int, end: int) -> Span:
    return Span(f"templates/anki/{name}", line, start, line, end)


#: What may stand in a template besides fields (Anki manual, Card Templates / Special Fields).
_SPECIAL = ("FrontSide", "Tags", "Type", "Deck", "Subdeck", "Card", "CardFlag", "CardID")
_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


def _check(project: Project, name: str, html: str, fields: Sequence[str]) -> Iterator[Diagnostic]:
    """Fields that do not exist and sections that do not close: Anki would tell the learner."""
    sections: list[str] = []
    for match in _TAG.finditer(html):
        inner = match[1].strip()
        mark, field = (inner[0], inner[1:].strip()) if inner[:1] in ("#", "^", "/") else ("", inner)
        field = field.rpartition(":")[2].strip()
        if field not in fields and field not in _SPECIAL:
            hint = did_you_mean(field, fields)
            yield _face_problem(
                project,
                name,
                match[0],
                f"there is no field '{field}'",
                hint or f"the fields are {', '.join(n for n in fields if SPARE not in n)}",
            )
        if mark in ("#", "^"):
            sections.append(field)
        elif mark == "/" and (not sections or sections.pop() != field):
            message = f"`{match[0]}` closes nothing that is open"
            yield _face_problem(project, name, match[0], message, "sections close inside out")
    if sections:
        tag = f"{{{{#{sections[-1]}}}}}"
        message = f"the section of '{sections[-1]}' does not end"
        yield _face_problem(project, name, tag, message, f"add `{{{{/{sections[-1]}}}}}`")


def _blank(name: str, html: str, fields: Sequence[str]) -> Iterator[Diagnostic]:
    """A side that shows nothing: of cloze note types Anki refuses it too (`CardTypeError`)."""
    tags = [[part.strip() for part in match[1].split(":")] for match in _TAG.finditer(html)]
    shown = [tag for tag in tags if tag[-1] in fields]
    if name.startswith("cloze") and not any("cloze" in tag[:-1] for tag in shown):
        message = "this side has no `{{cloze:…}}`, so it would hide nothing"
        fix = "show the text with its gaps: `{{cloze:Text en}}`"
    elif name.endswith("front.html") and not shown:
        message = "the front shows no field, so it would be blank"
        fix = "show the question: `{{Question en}}`"
    else:
        return
    yield Diagnostic("bad-template", message, _span(name, 1, 1, 1), fix)


def _face_problem(project: Project, name: str, tag: str, message: str, fix: str) -> Diagnostic:
    """Place a problem of the rendered template in its source, where `[[ ]]` may be part of it."""
    for number, line in enumerate(_source(project, name).split("\n"), start=1):
        for match in _TAG.finditer(line):
            pattern = re.sub(r"\\\[\\\[.*?\\\]\\\]", ".*", re.escape(match[0]))
            if re.fullmatch(pattern, tag):
                span = _span(name, number, match.start() + 1, match.end() + 1)
                return Diagnostic("bad-template", message, span, fix)
    return Diagnostic("bad-template", f"{message} (in `{tag}`)", _span(name, 1, 1, 1), fix)
