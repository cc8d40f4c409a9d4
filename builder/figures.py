"""Pictures of the content: found, checked and read in one place.

Content may come from strangers, so a figure must lie in `content/figures`, be of a known kind, and
an SVG may hold neither scripts nor references to anything outside itself.

An SVG with words in it is drawn once for all languages: an element with `lang="zh"` belongs to the
picture in Chinese only, and elements without `lang` to every one. The picture in one language is
called `name.svg?lang=zh` wherever a figure's name can stand.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from xml.parsers import expat

from builder import svgclean
from builder.diagnostics import did_you_mean

#: What Anki's webviews and WeasyPrint both draw.
KINDS = (".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp")
MAX_BYTES = 8 * 1024 * 1024

_LABELLED = re.compile(r"(.+\.svg)\?lang=([A-Za-z0-9-]+)", re.IGNORECASE)
#: A start tag; well-formed, since what is not was refused before.
_TAG = re.compile(rb"<[^\s/>]+(?:\s+[^\s=]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*(/?)>")


@dataclass(frozen=True, slots=True)
class FigureProblem:
    """Why a figure cannot be used."""

    code: str
    message: str
    help: str


def problem(folder: Path, name: str) -> FigureProblem | None:
    """What is wrong with the figure `name`, or None if it can be used.

    Args:
        folder: `content/figures`.
        name: Path below the folder, with forward slashes.
    """
    if re.match(r"[a-z][a-z0-9+.-]*:|//", name, re.IGNORECASE):
        return FigureProblem(
            "remote-image",
            f"'{name}' is an address; nothing is loaded from a network",
            f"put the picture into content/{folder.name} and give its file name",
        )
    file = (folder / name).resolve()
    if "\\" in name or name.startswith("/") or not file.is_relative_to(folder.resolve()):
        return FigureProblem(
            "escaping-path",
            f"'{name}' leads out of content/{folder.name}",
            f"put the picture into content/{folder.name} and give its file name",
        )
    if file.suffix.lower() not in KINDS:
        return FigureProblem(
            "bad-image", f"'{name}' is not one of {', '.join(KINDS)}", "convert it, SVG is best"
        )
    if not file.is_file():
        known = (p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file())
        return FigureProblem(
            "missing-image",
            f"there is no file content/{folder.name}/{name}",
            did_you_mean(name, known) or "add the file, or correct the name",
        )
    if file.stat().st_size > MAX_BYTES:
        return FigureProblem(
            "bad-image", f"'{name}' is larger than {MAX_BYTES >> 20} MiB", "make it smaller"
        )
    if file.suffix.lower() == ".svg":
        data = file.read_bytes()
        return _svg_problem(name, data) or _undrawable(name, data)
    with file.open("rb") as opened:
        begin = opened.read(16)
    if not any(begin.startswith(mark) for mark in _MARKS[file.suffix.lower()]):
        return FigureProblem(
            "bad-image",
            f"'{name}' is not a {file.suffix[1:].upper()} picture, whatever its name says",
            "export it again; a file that was downloaded may hold an error page",
        )
    return None


#: What files of a kind begin with.
_MARKS = {
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".gif": (b"GIF87a", b"GIF89a"),
    ".webp": (b"RIFF",),
}


@lru_cache(maxsize=256)
def _svg_problem(name: str, data: bytes) -> FigureProblem | None:
    """Refused rather than repaired: what is drawn is what was reviewed."""
    # Parts in a language are cut out by their bytes, and two readers agree on no other encoding.
    if not svgclean.is_utf_8(data):
        return FigureProblem(
            "bad-image",
            f"'{name}' is not UTF-8 text",
            "save the file with the encoding UTF-8; drawing programs do so by themselves",
        )
    try:
        judged = svgclean.judged(data)
    except ValueError as error:
        return FigureProblem("bad-image", f"'{name}' is not valid SVG: {error}", "export it again")
    if judged.root.rpartition(":")[2] != "svg":
        return FigureProblem(
            "bad-image",
            f"'{name}' is not an SVG picture: it begins with <{judged.root}>",
            "export it again; a file that was downloaded may hold an error page",
        )
    # Print loads no embedded pictures.
    found = (*judged.removed, *judged.embedded)
    if found:
        return FigureProblem(
            "unsafe-image", f"'{name}' holds {found[0]}", "delete it from the SVG file"
        )
    return None


_NAMESPACE = "http://www.w3.org/2000/svg"
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_VIEW_BOX = re.compile(rf"\s*{_NUMBER}(?:(?:\s+|\s*,\s*){_NUMBER}){{3}}\s*")
_LENGTH = re.compile(rf"\s*(?:{_NUMBER}\s*(?:%|[A-Za-z]*)|auto)\s*")


@lru_cache(maxsize=256)
def _undrawable(name: str, data: bytes) -> FigureProblem | None:
    """What a valid SVG lacks to be drawn: a browser shows nothing and says nothing."""
    roots: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: roots.append((tag, attributes))
    parser.Parse(data, True)
    tag, attributes = roots[0]
    prefix = tag.rpartition(":")[0]
    declaration = f"xmlns:{prefix}" if prefix else "xmlns"
    if attributes.get(declaration) != _NAMESPACE:
        return FigureProblem(
            "bad-image",
            f"'{name}' lacks SVG's name space, so browsers do not draw it",
            f'add {declaration}="{_NAMESPACE}" to <{tag}>',
        )
    box = attributes.get("viewBox")
    if box is not None and not _is_box(box):
        return FigureProblem(
            "bad-image",
            f"'{name}' has viewBox='{box[:40]}', which is no rectangle",
            'write four numbers: left, top, width and height, such as viewBox="0 0 320 96"',
        )
    for side in ("width", "height"):
        length = attributes.get(side, "auto")
        if not _LENGTH.fullmatch(length) or length.lstrip().startswith("-"):
            return FigureProblem(
                "bad-image",
                f"'{name}' has {side}='{length[:40]}', which is no length",
                f'write a number, such as {side}="320", or delete it',
            )
    return None


def _is_box(text: str) -> bool:
    """Whether a `viewBox` has a size."""
    if not _VIEW_BOX.fullmatch(text):
        return False
    return all(float(number) > 0 for number in re.findall(_NUMBER, text)[2:])


# Pictures with words ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Words:
    """What an SVG says in which language.

    Attributes:
        parts: Language, start and end, in bytes, of each element that has a language.
        titles: Language -> title; empty for one without a language.
    """

    parts: tuple[tuple[str, int, int], ...] = ()
    titles: tuple[tuple[str, str], ...] = ()


def in_language(folder: Path, name: str, language: str) -> str:
    """The name of a figure in one language: as it is, unless it is an SVG with such elements.

    Args:
        folder: `content/figures`.
        name: A figure without problems.
        language: A language of the deck.
    """
    return f"{name}?lang={language}" if _words(folder, name).parts else name


def title(folder: Path, name: str, language: str) -> str:
    """What a figure shows, for those who do not see it; empty if its SVG has no `<title>`."""
    titles = dict(_words(folder, name).titles)
    return titles.get(language) or titles.get("", "")


def spoken(folder: Path, name: str) -> frozenset[str]:
    """The languages that a figure has words in, beside those that are the same in all."""
    return frozenset(language for language, _, _ in _words(folder, name).parts)


def path(name: str) -> str:
    """The file's path in a figure's name: without the language."""
    labelled = _LABELLED.fullmatch(name)
    return labelled[1] if labelled else name


def read(file: Path) -> bytes:
    """A picture's bytes; of a path that ends in `.svg?lang=zh` only what belongs to the language.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no SVG, of which a part could be taken: it is being written, say.
    """
    labelled = _LABELLED.fullmatch(file.name)
    if not labelled:
        return file.read_bytes()
    data = file.with_name(labelled[1]).read_bytes()
    if not svgclean.is_utf_8(data):
        raise ValueError(f"{labelled[1]}: not UTF-8 text")
    try:
        parts = _parse(data).parts
    except expat.ExpatError as error:
        raise ValueError(f"{labelled[1]}: {error}") from None
    kept, place = [], 0
    for language, start, end in parts:
        if language != labelled[2] and start >= place:
            kept.append(data[place:start])
            place = end
    return b"".join([*kept, data[place:]])


def _words(folder: Path, name: str) -> _Words:
    file = folder / name
    if file.suffix.lower() != ".svg" or not file.is_file():
        return _Words()
    return _parse(file.read_bytes())


@lru_cache(maxsize=512)
def _parse(data: bytes) -> _Words:
    """Where the languages are. Cut out as bytes: written anew, a file depends on the library."""
    parts: list[tuple[str, int, int]] = []
    titles: list[tuple[str, str]] = []
    open_tags: list[tuple[str, str, int]] = []
    text: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        begin = parser.CurrentByteIndex
        language = attributes.get("lang", "") if open_tags else ""
        opening = _TAG.match(data, begin)
        if language and opening and opening[1]:
            parts.append((language, begin, opening.end()))
            language = ""
        open_tags.append((tag, language, begin))
        text.clear()

    def end(tag: str) -> None:
        _, language, begin = open_tags.pop()
        if tag == "title" and len(open_tags) == 1:
            titles.append((language, " ".join("".join(text).split())))
        if language:
            parts.append((language, begin, data.index(b">", parser.CurrentByteIndex) + 1))

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.append
    parser.Parse(data, True)
    return _Words(tuple(sorted(parts, key=lambda part: part[1])), tuple(titles))
