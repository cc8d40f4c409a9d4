"""Note types that an imported deck brought: their templates, their HTML, the cards they make.

Learners have these note types already, so nothing about them is ours to decide: fields, templates
and styles stay as they were. Templates are part of the project and trusted like its other
templates. Fields are content, which may come from strangers: their HTML may hold nothing that runs
or that is loaded from a network.
"""

import hashlib
import html
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from builder import source
from builder.diagnostics import Diagnostic, Span, did_you_mean
from builder.model import DeckFile
from builder.project import Project
from builder.source import Source


@dataclass(frozen=True, slots=True)
class Design:
    """How a note type looks.

    Attributes:
        sides: Front and back of each card template, in Anki's notation.
        css: The style sheet.
        latex: What stands before and after LaTeX for images, if not Anki's own.
    """

    sides: tuple[tuple[str, str], ...]
    css: str = ""
    latex: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What the project keeps of imported decks.

    Attributes:
        designs: Id of a note type -> how it looks.
        media: Name -> hash of every file in `content/media`.
        problems: Files that are missing.
    """

    designs: Mapping[str, Design] = field(default_factory=dict)
    media: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Diagnostic, ...] = ()


def read(project: Project, deck: DeckFile) -> Kept:
    """The note types' files and the media of a project."""
    if not deck.note_types:
        return Kept()
    problems: list[Diagnostic] = []
    designs: dict[str, Design] = {}
    for name, note_type in deck.note_types.items():
        folder = project.root / "templates" / "anki" / name
        sides: list[tuple[str, str]] = []
        for number in range(1, len(note_type.cards) + 1):
            pair = [folder / f"{side}-{number}.html" for side in ("front", "back")]
            problems += [_missing(project, file) for file in pair if not file.is_file()]
            sides.append((_text(pair[0]), _text(pair[1])))
        head, foot = folder / "head.tex", folder / "foot.tex"
        latex = (_text(head), _text(foot)) if head.is_file() or foot.is_file() else None
        designs[name] = Design(tuple(sides), _text(folder / "style.css"), latex)
    found = media(project)
    problems += (_bad_name(name) for name in found if not is_portable(name))
    return Kept(designs, found, tuple(problems))


def media(project: Project) -> dict[str, str]:
    """Name -> hash of every file in `content/media`."""
    folder = project.content / "media"
    if not folder.is_dir():
        return {}
    return {
        file.name: hashlib.blake2b(file.read_bytes(), digest_size=20).hexdigest()
        for file in sorted(folder.iterdir())
        if file.is_file() and not file.is_symlink() and not file.name.startswith(".")
    }


_PORTABLE = re.compile(r'(?!\.)[^\x00-\x1f\x7f/\\:*?"<>|]+(?<![. ])')


def is_portable(name: str) -> bool:
    """Whether every system takes this for the name of a file: Anki unpacks media by their names."""
    return _PORTABLE.fullmatch(name) is not None


def _bad_name(name: str) -> Diagnostic:
    return Diagnostic(
        "bad-media-name",
        f"not every system takes '{name}' for the name of a file",
        Span(f"content/media/{name}", 1, 1, 1, 1),
        'rename it, without any of `\\ / : * ? " < > |` and no dot or space at its end',
    )


def _text(file: Path) -> str:
    return file.read_bytes().decode("utf-8", "replace") if file.is_file() else ""


def _missing(project: Project, file: Path) -> Diagnostic:
    name = project.name(file)
    return Diagnostic(
        "bad-template",
        f"there is no file {name}",
        Span(name, 1, 1, 1, 1),
        "restore it, or delete the note type from deck.yaml if no note has it",
    )


# Cards


def card_numbers(fronts: Sequence[str], fields: Mapping[str, str]) -> tuple[int, ...]:
    """The cards that Anki makes of a note that is not for clozes, from 1.

    A template makes a card if its front shows a field that is not empty (rslib/src/template.rs). A
    note without any gets the first.

    Args:
        fronts: The templates' fronts.
        fields: Field -> its HTML.
    """
    filled = frozenset(name for name, text in fields.items() if not _EMPTY.fullmatch(text))
    found = [number for number, front in enumerate(fronts, start=1) if _shows(front, filled)]
    return tuple(found) or (1,)


_EMPTY = re.compile(r"(?:\s|</?(?:br|div) ?/?>)*", re.IGNORECASE)
_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@lru_cache(maxsize=4096)
def _shows(front: str, filled: frozenset[str]) -> bool:
    """Whether a front shows any of the fields that are filled."""
    open_sections: list[bool] = []
    for match in _TAG.finditer(_COMMENT.sub("", front)):
        inner = match[1].strip()
        mark, name = (inner[:1], inner[1:].strip()) if inner[:1] in ("#", "^", "/") else ("", inner)
        if mark == "/":
            if open_sections:
                open_sections.pop()
        elif mark:
            open_sections.append((name in filled) == (mark == "#"))
        elif all(open_sections) and name.rpartition(":")[2].strip() in filled:
            return True
    return False


# Media


_SOUND = re.compile(r"\[sound:(.+?)\]")
_SOURCE = re.compile(
    r"<(?:img|audio|source|video|object)\b[^>]*?\b(?:src|data)\s*=\s*"
    r"(?:\"([^\">]*)\"|'([^'>]*)'|([^ \"'>]+))",
    re.IGNORECASE,
)


def references(text: str) -> Iterator[str]:
    """The names of the media files that a field's HTML refers to, as Anki reads them."""
    if "<" in text:
        for match in _SOURCE.finditer(text):
            yield html.unescape(match[1] or match[2] or match[3] or "")
    if "[sound:" in text:
        for match in _SOUND.finditer(text):
            yield html.unescape(match[1])


def renamed(text: str, name: Callable[[str], str | None]) -> str:
    """The HTML with other names of media files, and nothing else changed.

    Args:
        text: A field.
        name: The new name of a file, or None if it keeps its own.
    """

    def put(match: re.Match[str]) -> str:
        group = match.lastindex
        if group is None:
            return match[0]
        new = name(html.unescape(match[group]))
        if new is None:
            return match[0]
        start, end = (place - match.start() for place in match.span(group))
        written = html.escape(new, quote=match.re is _SOURCE)
        if match.re is _SOURCE and group == 3:  # it had no quotation marks and may need some now
            written = f'"{written}"'
        return match[0][:start] + written + match[0][end:]

    return _SOUND.sub(put, _SOURCE.sub(put, text))


def found(name: str, known: Collection[str]) -> str | None:
    """The file that a reference means; Anki takes percent signs of an address, too."""
    return name if name in known else unquote(name) if unquote(name) in known else None


# HTML


_TAGS = set(
    "a abbr audio b bdi bdo big blockquote br caption center cite code col colgroup dd del details "
    "dfn div dl dt em figcaption figure font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q "
    "rp rt ruby s samp section small span strike strong sub summary sup table tbody td tfoot th "
    "thead tr tt u ul var wbr".split()
)
_ATTRIBUTES = {
    "*": set("align class dir id lang style title valign".split()),
    "a": {"href"},
    "audio": {"controls", "src"},
    "col": {"span", "width"},
    "details": {"open"},
    "font": {"color", "face", "size"},
    "img": {"alt", "height", "src", "width"},
    "li": {"value"},
    "ol": {"reversed", "start", "type"},
    "table": set("bgcolor border cellpadding cellspacing width".split()),
    "td": set("bgcolor colspan height nowrap rowspan width".split()),
    "th": set("bgcolor colspan height nowrap rowspan scope width".split()),
    "tr": {"bgcolor"},
    "ul": {"type"},
}


# Of these Anki makes clozes, hints, formulas and sounds, but not of a reference such as `&#58;`. A
# control character stands for such a reference while HTML is parsed; no field may hold one.
_READ_BY_ANKI = "{}:\\()[]"
_MARKS = {char: chr(number) for number, char in enumerate(_READ_BY_ANKI, start=1)}
_UNMARKED = {ord(mark): char for char, mark in _MARKS.items()}
_REFERRED = {ord(mark): f"&#{ord(char)};" for char, mark in _MARKS.items()}
_REFERENCE = re.compile(
    r"&(?:#[0-9]{1,9}(?![0-9])|#[xX][0-9a-fA-F]{1,9}(?![0-9a-fA-F])|[A-Za-z]{4,6}(?=;));?"
)


def marked(text: str) -> str:
    """HTML with a mark in place of each reference to a character that Anki would read."""
    if "&" not in text:
        return text
    return _REFERENCE.sub(lambda match: _MARKS.get(html.unescape(match[0]), match[0]), text)


def unmarked(text: str) -> str:
    """A text with the characters that its marks stand for."""
    return text.translate(_UNMARKED)


def clean(text: str) -> str:
    """HTML without anything that runs or reaches out: what a kept field may hold.

    What is clean stays as it is: `clean(clean(x)) == clean(x)`. What Anki takes for text because
    it is written as a reference stays a reference.
    """
    if "<" not in text and "&" not in text and "\0" not in text:
        return text.replace(">", "&gt;")
    import nh3

    cleaned = nh3.clean(
        marked(text),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        generic_attribute_prefixes={"data-"},
        url_schemes={"http", "https", "mailto"},
        strip_comments=False,  # an empty one keeps Anki from reading `::` as a hint
        link_rel=None,
    )
    return cleaned.translate(_REFERRED)


_ALLOWED = re.compile(r"https?://|mailto:", re.IGNORECASE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|[/\\]", re.IGNORECASE)
_ACTIVE_STYLE = re.compile(
    r"url|expression|import|@|\\|/\*|behavior|binding|image-set", re.IGNORECASE
)


def _attribute(_tag: str, name: str, value: str) -> str | None:
    """The value if it may stand; a browser sees no marks in it."""
    shown = unmarked(value)
    if name == "src":
        return None if _ELSEWHERE.match(shown) or "/" in shown or "\\" in shown else value
    if name == "style":
        return None if _ACTIVE_STYLE.search(shown) else value
    if name == "href" and shown != value:  # nh3 saw the marks, so it saw no scheme
        return None if ":" in shown and not _ALLOWED.match(shown) else value
    return value


# Checks

#: HTML up to this length is quoted in full.
_SHORT = 100


def check(
    parsed: Source, deck: DeckFile, kept: Kept, markdown: Callable[..., object]
) -> Iterator[Diagnostic]:
    """What is wrong with the kept notes of a topic's file.

    Args:
        parsed: The file.
        deck: deck.yaml.
        kept: What the project keeps.
        markdown: Checks the Markdown at a place.
    """
    items = parsed.section("items")
    for item_id, (_, node) in items.items():
        if isinstance(node, source.Mapping) and "type" in node.items:
            yield from _check_item(parsed, item_id, deck)
    for note_id, (_, node) in parsed.section("notes").items():
        at = ("notes", note_id)
        if note_id in items:
            yield Diagnostic(
                "duplicate-id",
                f"the id '{note_id}' is taken by an item",
                parsed.key_span(at),
                "an id names one item or note in the whole deck; choose another",
            )
        if not isinstance(node, source.Mapping):
            continue
        name = _value(node, "type")
        note_type = deck.note_types.get(name)
        if note_type is None:
            if name:
                yield _unknown_type(parsed, (*at, "type"), name, deck)
            continue
        taken: set[str] = set()
        for part in ("fields", "html"):
            below = node.items.get(part, (None, None))[1]
            for key, (_, value) in below.items.items() if isinstance(below, source.Mapping) else ():
                where = (*at, part, key)
                if key not in note_type.fields or key in taken:
                    again = key in taken
                    yield Diagnostic(
                        "unknown-field",
                        f"the field '{key}' stands twice"
                        if again
                        else f"the note type '{name}' has no field '{key}'",
                        parsed.key_span(where),
                        "a field is Markdown under `fields` or HTML under `html`"
                        if again
                        else did_you_mean(key, note_type.fields)
                        or f"its fields are {', '.join(note_type.fields)}",
                    )
                    continue
                taken.add(key)
                text = value.value if isinstance(value, source.Scalar) else None
                if part == "fields":
                    markdown(parsed, where, clozes=note_type.cloze)
                elif text and (cleaned := clean(text)) != text:
                    yield Diagnostic(
                        "unsafe-html",
                        "this HTML holds scripts, addresses of pictures, or is not well formed",
                        parsed.value_span(where),
                        f"what may stand is `{cleaned}`"
                        if len(cleaned) <= _SHORT
                        else "delete what runs or loads; close each element, write `&` as `&amp;`",
                    )
                if text:
                    for reference in references(text):
                        if found(reference, kept.media) is None and part == "html":
                            yield _missing_media(parsed, where, reference, kept)


def _check_item(parsed: Source, item_id: str, deck: DeckFile) -> Iterator[Diagnostic]:
    at = ("items", item_id, "type")
    node = parsed.node(at)
    name = (node.value or "") if isinstance(node, source.Scalar) else ""
    note_type = deck.note_types.get(name)
    if note_type is None:
        if name:
            yield _unknown_type(parsed, at, name, deck)
    elif note_type.question not in note_type.fields or note_type.answer not in note_type.fields:
        yield Diagnostic(
            "unknown-field",
            f"the note type '{name}' does not say which field is the question or the answer",
            parsed.value_span(at),
            f"add `question:` and `answer:` to `{name}` under `note_types` in deck.yaml",
        )


def _value(node: source.Mapping, key: str) -> str:
    below = node.items.get(key, (None, None))[1]
    return (below.value or "") if isinstance(below, source.Scalar) else ""


def _unknown_type(parsed: Source, at: source.Location, name: str, deck: DeckFile) -> Diagnostic:
    return Diagnostic(
        "unknown-note-type",
        f"deck.yaml has no note type '{name}'",
        parsed.value_span(at),
        did_you_mean(name, deck.note_types) or "list it under `note_types` in deck.yaml",
    )


def _missing_media(parsed: Source, at: source.Location, name: str, kept: Kept) -> Diagnostic:
    return Diagnostic(
        "missing-media",
        f"there is no file content/media/{name[:80]}",
        parsed.value_span(at),
        did_you_mean(name, kept.media) or "add the file, or correct the name",
        "warning",
    )
