"""What an SVG could run or load: said for authors, and taken out for web pages.

Figures of the content are refused if they hold such a thing (`figures.py`). Media of imported decks
come as learners have them, and Anki shows them as pictures, where nothing runs. On a web site the
same file can be opened by its address, as a page of that site, so exports hold it without.

Both ask one judge: what an export would change is never accepted as a figure.
"""

import re
import sys
from dataclasses import dataclass
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

_REMOVED = frozenset(
    (
        "script",
        "foreignobject",
        "iframe",
        "object",
        "embed",
        "audio",
        "video",
        "handler",
        "listener",
    )
)
_XHTML = "http://www.w3.org/1999/xhtml"
_PICTURE = re.compile(r"\s*data:image/(?:png|jpeg|gif|webp)[;,]", re.IGNORECASE)
_EMPTY = b'<svg xmlns="http://www.w3.org/2000/svg"/>'

_DECLARED = re.compile(
    rb"(?:\xef\xbb\xbf)?<\?xml\s[^>]*?\bencoding\s*=\s*[\"']([^\"']*)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What an SVG is found to be.

    Attributes:
        data: The picture without what was removed; the same bytes if nothing was.
        root: The name of its outermost element.
        removed: What could run or load something, or hide that, in words.
        embedded: References that stay, to pictures that the file holds itself, in words.
    """

    data: bytes
    root: str
    removed: tuple[str, ...]
    embedded: tuple[str, ...] = ()


def clean(data: bytes) -> bytes:
    """The picture without programs, other documents, and references out of it.

    What is not well-formed, or has entities of its own, becomes an empty picture.
    """
    try:
        return judged(data).data
    except ValueError:
        return _EMPTY


def judged(data: bytes) -> Judged:
    """Look through an SVG.

    Raises:
        ValueError: It is not well-formed, or of an encoding that cannot be read.
    """
    judge = _Judge()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = judge.start
    parser.EndElementHandler = judge.end
    parser.CharacterDataHandler = judge.text
    parser.StartDoctypeDeclHandler = judge.doctype
    parser.ProcessingInstructionHandler = judge.instruction
    try:
        parser.Parse(data, True)
    except _EntitiesError:
        return Judged(_EMPTY, judge.root, tuple(judge.removed))
    except (expat.ExpatError, LookupError) as error:
        raise ValueError(str(error)) from None
    same = not judge.removed and is_utf_8(data)
    made = data if same else "".join(judge.written).encode() or _EMPTY
    return Judged(made, judge.root, tuple(judge.removed), tuple(judge.embedded))


def is_utf_8(data: bytes) -> bool:
    """Whether the bytes of an SVG are, and call themselves, UTF-8."""
    declared = _DECLARED.match(data)
    if b"\0" in data or (declared and declared[1].lower() != b"utf-8"):
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


class _EntitiesError(Exception):
    """The file declares entities, which could hide anything."""


class _Judge:
    """Hears a file's parts in order, and writes down those that may stay."""

    def __init__(self) -> None:
        self.root = ""
        self.written: list[str] = []
        self.removed: list[str] = []
        self.embedded: list[str] = []
        self._skipped = 0
        self._sheet: list[str] | None = None
        self._web: set[str] = set()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.root = self.root or tag
        if self._skipped:
            self._skipped += 1
            return
        self._web |= {key for key, value in attributes.items() if value == _XHTML}
        if self._goes(tag, attributes):
            self.removed.append(f"the element <{tag}>")
            self._skipped = 1
            return
        kept = [key for key, value in attributes.items() if self._stays(key, value)]
        written = (f" {key}={quoteattr(attributes[key])}" for key in kept)
        self.written.append(f"<{tag}{''.join(written)}>")
        if _local(tag) == "style":
            self._sheet = []

    def _goes(self, tag: str, attributes: dict[str, str]) -> bool:
        prefix = tag.rpartition(":")[0]
        return (
            # The text around an element in a style sheet can be one rule.
            self._sheet is not None
            or _local(tag) in _REMOVED
            # Those of web pages have forms and buttons, and are none of the picture.
            or attributes.get("xmlns") == _XHTML
            or f"xmlns:{prefix}" in self._web
            or _changes_reference(attributes)
        )

    def _stays(self, key: str, value: str) -> bool:
        reference = f"the reference {key}='{value[:40]}'"
        if _local(key).startswith("on"):
            self.removed.append(f"the attribute {key}")
        elif _local(key) in ("href", "src", "base"):
            if value.strip().startswith("#"):
                return True
            if _PICTURE.match(value):
                self.embedded.append(reference)
                return True
            self.removed.append(reference)
        # Attributes with a prefix hold the notes of drawing programs, and never CSS.
        elif ":" not in key and _loads(value):
            self.removed.append(f"the reference in {key}")
        else:
            return True
        return False

    def end(self, tag: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        if self._sheet is not None:
            sheet = "".join(self._sheet)
            if _loads(sheet):
                self.removed.append("a style sheet that loads another file")
            else:
                self.written.append(escape(sheet))
            self._sheet = None
        self.written.append(f"</{tag}>")

    def text(self, characters: str) -> None:
        if self._skipped:
            return
        if self._sheet is not None:
            self._sheet.append(characters)
        else:
            self.written.append(escape(characters))

    def doctype(
        self, name: str, _system: str | None, _public: str | None, has_entities: bool
    ) -> None:
        self.removed.append("a document type, which can hide entities")
        if has_entities:
            self.root = name
            raise _EntitiesError

    def instruction(self, target: str, _: str) -> None:
        self.removed.append(f"<?{target}?>")


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()


def _changes_reference(attributes: dict[str, str]) -> bool:
    """Whether it is an animation of an address, which would lead out later."""
    target = _local(attributes.get("attributeName", "").strip())
    return target in ("href", "src") or target.startswith("on")


_ESCAPE = re.compile(r"\\(?:([0-9a-f]{1,6})(?:\r\n|[ \t\r\n\f])?|(.?))", re.IGNORECASE | re.DOTALL)
#: Every `url(` is judged by itself: the one before may stand in a comment.
_OUTSIDE = re.compile(r"@import|image-set\(|url\((?!\s*[\"']?\s*#)", re.IGNORECASE)


def _loads(css: str) -> bool:
    """Whether CSS, or what may be CSS, refers to anything but a part of the same file."""
    return _OUTSIDE.search(_ESCAPE.sub(_unescaped, css)) is not None


def _unescaped(found: re.Match[str]) -> str:
    if not found[1]:
        return found[2]
    number = int(found[1], 16)
    return chr(number) if number <= sys.maxunicode else ""
