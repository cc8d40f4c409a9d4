"""The nodes of a YAML file, and the way back from data to places in the file."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from builder.diagnostics import Diagnostic, Span

#: Keys and indexes from the document's root to a node, as pydantic's `loc`.
Location = tuple["str | int", ...]


@dataclass(slots=True)
class Scalar:
    """A piece of text with its place: offsets of the token, quotes included, in the file."""

    value: str | None
    start: int
    end: int
    style: str = ""


@dataclass(slots=True)
class Mapping:
    """A YAML mapping: keys in source order, each with its own place."""

    start: int
    end: int = 0
    items: "dict[str, tuple[Scalar, Node]]" = field(default_factory=dict)


@dataclass(slots=True)
class Sequence:
    """A YAML list."""

    start: int
    end: int = 0
    items: "list[Node]" = field(default_factory=list)


Node = Scalar | Mapping | Sequence


class Source:
    """One parsed file: its data, and the way back from data to places in the file.

    Attributes:
        path: Path relative to the project, with forward slashes; what diagnostics show.
        text: The file's text.
        root: The document's node, or None if the file holds nothing.
        warnings: Suspicious but legal YAML.
    """

    __slots__ = ("_lines", "path", "root", "text", "warnings")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._lines = [0, *(m.end() for m in re.finditer("\n", text))]
        self.warnings: list[Diagnostic] = []
        self.root: Node | None = None

    def span(self, start: int, end: int) -> Span:
        """The span of the characters from offset `start` up to `end` of the file."""
        line = bisect_right(self._lines, start)
        end_line = bisect_right(self._lines, end)
        return Span(
            self.path,
            line,
            start - self._lines[line - 1] + 1,
            end_line,
            end - self._lines[end_line - 1] + 1,
        )

    def data(self) -> object:
        """The document as dicts, lists and strings, for validation."""
        return None if self.root is None else _plain(self.root)

    def node(self, path: Location) -> Node | None:
        """The node at a path of keys and indexes; parts that are not in the data are skipped."""
        node = self.root
        for part in path:
            below = _child(node, part)
            if below is not None:
                node = below
        return node

    def section(self, name: str) -> "dict[str, tuple[Scalar, Node]]":
        """The entries below one of the document's keys; none if it is not there, or no mapping."""
        below = self.root.items.get(name) if isinstance(self.root, Mapping) else None
        return below[1].items if below and isinstance(below[1], Mapping) else {}

    def key_span(self, path: Location) -> Span:
        """The span of the key that the path ends with, or of the value if it is no key."""
        node = self.root
        key: Scalar | None = None
        for part in path:
            if isinstance(node, Mapping) and part in node.items:
                key, node = node.items[str(part)]
            else:
                below = _child(node, part)
                if below is not None:
                    key, node = None, below
        if key is not None:
            return self.span(key.start, key.end)
        return self.value_span(path)

    def value_span(self, path: Location) -> Span:
        """The span of the value at the path; of a mapping, its first key."""
        node = self.node(path)
        if node is None:
            return self.span(0, 0)
        if isinstance(node, Scalar):
            start, end = node.start, node.end
            if node.style and node.style in "|>" and node.value:
                # Its first line shows more than the bar does.
                end = len(self.text[:end].rstrip())
                below = self.text.find("\n", start, end)
                start = start if below < 0 else _skip_space(self.text, below, end)
            return self.span(start, max(end, start))
        if isinstance(node, Mapping) and node.items:
            key = next(iter(node.items.values()))[0]
            return self.span(key.start, key.end)
        return self.span(node.start, node.start + 1)

    def text_span(self, path: Location, start: int, end: int) -> Span:
        """The span of characters `start` to `end` of the *value* of the scalar at `path`.

        Exact wherever the value stands in the file as it was typed (plain and single-quoted text,
        each line of a block or of folded text); otherwise the whole scalar.
        """
        node = self.node(path)
        if not isinstance(node, Scalar) or node.value is None:
            return self.value_span(path)
        first = self._offset(node, start)
        last = self._offset(node, end - 1) if end > start else first
        if first is None or last is None:
            return self.value_span(path)
        return self.span(first, last + (end > start))

    def _offset(self, node: Scalar, index: int) -> int | None:
        """File offset of the character at `index` of the scalar's value."""
        value = node.value or ""
        raw_start = node.start
        if node.style in "|>" and node.style:
            raw_start = self.text.find("\n", node.start, node.end) + 1
            if raw_start == 0:
                return None
        elif node.style in "'\"" and node.style:
            raw_start += 1
        return _align(self.text, raw_start, node.end, value, index, node.style)


def _align(text: str, at: int, end: int, value: str, index: int, style: str) -> int | None:
    """Walk value and raw text together until `index`; white space may differ, nothing else."""
    i = 0
    while i < index or (i == index and i < len(value)):
        char = value[i]
        if char.isspace():
            if i == index:
                return at
            if at < end and text[at].isspace():
                at += 1
            i += 1
            if char == "\n" or (at < end and text[at].isspace()):
                while at < end and text[at].isspace() and (i >= len(value) or text[at] != value[i]):
                    at += 1
            continue
        while at < end and text[at].isspace():
            at += 1
        if at >= end or text[at] != char:
            if style == '"' and text[at : at + 2] == "\\" + char:
                at += 1
            else:
                return None
        if i == index:
            return at
        at += 2 if style == "'" and text[at : at + 2] == "''" else 1
        i += 1
    return at


def _skip_space(text: str, at: int, end: int) -> int:
    while at < end and text[at].isspace():
        at += 1
    return at


def _child(node: Node | None, part: str | int) -> Node | None:
    if isinstance(node, Mapping):
        entry = node.items.get(str(part))
        return entry[1] if entry else None
    if isinstance(node, Sequence) and isinstance(part, int) and 0 <= part < len(node.items):
        return node.items[part]
    return None


def _plain(node: Node) -> object:
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Mapping):
        return {key: _plain(value) for key, (_, value) in node.items.items()}
    return [_plain(item) for item in node.items]


def scalars(node: Node | None, path: Location = ()) -> Iterator[tuple[Location, Scalar]]:
    """Every scalar value below a node with its path, in source order."""
    if isinstance(node, Scalar):
        yield path, node
    elif isinstance(node, Mapping):
        for key, (_, value) in node.items.items():
            yield from scalars(value, (*path, key))
    elif isinstance(node, Sequence):
        for index, value in enumerate(node.items):
            yield from scalars(value, (*path, index))
