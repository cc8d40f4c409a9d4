"""An SVG without what could run or load anything, for web pages.

Figures of the content are refused if they hold such a thing (`figures.py`). Media of imported decks
come as learners have them, and Anki shows them as pictures, where nothing runs. On a web site the
same file can be opened by its address, as a page of that site.
"""

import re
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from builder.figures import outside

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
_PICTURE = re.compile(r"\s*data:image/(?:png|jpeg|gif|webp)[;,]", re.IGNORECASE)
_EMPTY = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


def clean(data: bytes) -> bytes:
    """The picture without programs, other documents, and references out of it.

    What is not well-formed, or has entities of its own, becomes an empty picture.
    """
    written: list[str] = []
    skipped = 0
    styles = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal skipped, styles
        if skipped or _local(tag) in _REMOVED or _changes_reference(attributes):
            skipped += 1
            return
        styles += _local(tag) == "style"
        kept = (f" {key}={quoteattr(text)}" for key, text in attributes.items() if _may(key, text))
        written.append(f"<{tag}{''.join(kept)}>")

    def end(tag: str) -> None:
        nonlocal skipped, styles
        if skipped:
            skipped -= 1
            return
        styles -= _local(tag) == "style"
        written.append(f"</{tag}>")

    def text(characters: str) -> None:
        if not skipped and not (styles and _loads(characters)):
            written.append(escape(characters))

    def doctype(*declared: object) -> None:
        has_internal_subset = declared[3]
        if has_internal_subset:
            raise ValueError("entities could hide anything")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    # The style sheet in one piece, or a rule could hide in two.
    parser.buffer_size = max(len(data), 1)
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError):
        return _EMPTY
    return "".join(written).encode()


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()


def _may(key: str, value: str) -> bool:
    if _local(key).startswith("on") or _loads(value):
        return False
    if _local(key) in ("href", "src", "base"):
        return value.strip().startswith("#") or _PICTURE.match(value) is not None
    return True


def _changes_reference(attributes: dict[str, str]) -> bool:
    """Whether it is an animation of an address, which would lead out later."""
    target = _local(attributes.get("attributeName", "").strip())
    return target in ("href", "src") or target.startswith("on")


def _loads(css: str) -> bool:
    """Whether CSS, or what may be CSS, loads something; an escape could spell it otherwise."""
    return "@import" in css.lower() or outside(css) or ("\\" in css and "(" in css)
