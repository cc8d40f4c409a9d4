"""YAML text to plain data that remembers where everything stands.

PyYAML's C event stream is used rather than its loaders: one pass gives the data, the positions and
every guard, in about half the time of `CSafeLoader` (measured), and no value is ever converted:
`no`, `3.10`, `2024-01-01` and `0123` stay the text that the author typed. The model decides types.

YAML's traps are refused here, each with its place: duplicate keys, anchors, aliases, tags, merges,
several documents, backslashes that double quotes eat, an unquoted `{{`, a lost ` #` comment,
nesting deep enough to crash a parser, and files that are not UTF-8 text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from builder.diagnostics import ContentError, Diagnostic, Span

#: libyaml's recursion is on the heap when read as events, but ours and pydantic's is not.
MAX_DEPTH = 24
#: A hostile or generated file repeats one mistake thousands of times; a person needs a few.
MAX_SAME = 5
#: Far above any topic file; keeps a stranger's file from eating the machine.
MAX_BYTES = 16 * 1024 * 1024

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


def read(file: Path, name: str) -> Source:
    """Read and parse one YAML file.

    Args:
        file: The file.
        name: What to call it in messages: its path relative to the project.

    Raises:
        ContentError: The file cannot be read, is not UTF-8 text, or is not the YAML we accept.
    """
    return decode(contents(file, name), name)


def contents(file: Path, name: str) -> bytes:
    """The bytes of a file.

    Raises:
        ContentError: The file cannot be read, or is far too large.
    """
    try:
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise ContentError(
                [
                    Diagnostic(
                        "file-too-large",
                        f"the file has {size:,} bytes; at most {MAX_BYTES:,} are read",
                        Span(name, 1, 1, 1, 1),
                        "split it into several topics",
                    )
                ]
            )
        return file.read_bytes()
    except OSError as error:
        raise ContentError(
            [
                Diagnostic(
                    "unreadable-file",
                    f"cannot read the file: {error.strerror}",
                    Span(name, 1, 1, 1, 1),
                    "check the name and the permissions",
                )
            ]
        ) from None


def decode(raw: bytes, name: str) -> Source:
    """Parse the bytes of a YAML file.

    Raises:
        ContentError: They are not UTF-8 text, or not the YAML we accept.
    """
    return parse(text(raw, name), name)


def text(raw: bytes, name: str) -> str:
    """The bytes of a file as text.

    Raises:
        ContentError: They are not UTF-8.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", "replace")
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        raise ContentError(
            [
                Diagnostic(
                    "not-utf-8",
                    f"byte 0x{raw[error.start]:02x} is not UTF-8 text",
                    Span(name, line, column, line, column + 1),
                    "save the file with the encoding UTF-8",
                )
            ]
        ) from None


def parse(text: str, name: str) -> Source:
    """Parse YAML text. All problems that allow reading on are reported together.

    Raises:
        ContentError: With every problem found.
    """
    text = text.replace("\r\n", "\n")
    source = Source(name, text)
    problems: list[Diagnostic] = []
    _check_characters(source, problems)
    if problems:
        raise ContentError(problems)
    try:
        _Builder(source, problems).build()
    except yaml.MarkedYAMLError as error:
        # A text that begins with `{{` derails the parser; one message about it is enough.
        if not any(problem.code == "unquoted-cloze" for problem in problems):
            problems.append(_syntax_problem(source, error))
    except _TooDeepError as error:
        problems.append(
            Diagnostic(
                "too-deep",
                f"nested more than {MAX_DEPTH} levels deep",
                source.span(error.at, error.at + 1),
                "a bracket that is meant as text needs quotes or a `|` block",
            )
        )
    source.warnings.extend(d for d in problems if d.severity == "warning")
    if any(d.severity == "error" for d in problems):
        raise ContentError(problems)
    return source


#: What YAML 1.1 allows as a character, less the C1 controls and the odd line ends.
_FORBIDDEN = (
    "[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]"
)


def _check_characters(source: Source, problems: list[Diagnostic]) -> None:
    # Far sooner told, and none of the forbidden is.
    if source.text.replace("\n", " ").isprintable():
        return
    match = re.search(_FORBIDDEN, source.text)
    if match:
        problems.append(
            Diagnostic(
                "control-character",
                f"the character U+{ord(match[0]):04X} is not allowed in text",
                source.span(match.start(), match.end()),
                "save the file with the line ends of Unix or Windows"
                if match[0] == "\r"
                else "delete it; it is invisible in most editors",
            )
        )


class _TooDeepError(Exception):
    def __init__(self, at: int) -> None:
        self.at = at


# PyYAML's stubs make marks optional and lack tags; the C parser always sets them, hence Any.


def _start(event: Any) -> int:
    return int(event.start_mark.index)


def _end(event: Any) -> int:
    return int(event.end_mark.index)


class _Builder:
    """Turns the event stream into nodes, refusing what we do not accept."""

    def __init__(self, source: Source, problems: list[Diagnostic]) -> None:
        self.source = source
        self.text = source.text
        self.problems = problems
        self.depth = 0

    def build(self) -> None:
        loader = yaml.CSafeLoader(self.source.text)
        try:
            documents = 0
            while loader.check_event():
                event: Any = loader.get_event()
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        at = _start(event)
                        self.problem(
                            "several-documents",
                            "the file holds a second document",
                            at,
                            at + 3,
                            "a file is one document; delete the line `---`",
                        )
                        return
                elif isinstance(event, yaml.NodeEvent):
                    self.source.root = self.node(loader, event)
        finally:
            loader.dispose()

    def problem(
        self, code: str, message: str, start: int, end: int, help_: str, *, warning: bool = False
    ) -> None:
        if sum(known.code == code for known in self.problems) >= MAX_SAME:
            return
        self.problems.append(
            Diagnostic(
                code,
                message,
                self.source.span(start, end),
                help_,
                "warning" if warning else "error",
            )
        )

    def node(self, loader: yaml.CSafeLoader, event: Any) -> Node:
        # Nine of ten events are plain scalars.
        if type(event) is not yaml.ScalarEvent or event.anchor is not None or event.tag is not None:
            other = self.other(loader, event)
            if other is not None:
                return other
        start: int = event.start_mark.index
        end: int = event.end_mark.index
        style: str = event.style or ""
        value: str | None = event.value
        if style == '"':
            self.check_backslashes(start, end)
        elif style == "":
            if value == "":
                value = None
            elif self.text[end : end + 1] in (" ", "\t"):
                self.check_comment(end)
        elif style in "|>" and value:
            # libyaml marks the end of a block after the blank lines that follow it.
            while end > start + 1 and self.text[end - 1] in "\n ":
                end -= 1
        return Scalar(value, start, end, style)

    def other(self, loader: yaml.CSafeLoader, event: Any) -> Node | None:
        """A mapping or list; None for a scalar, whose anchor or tag is reported."""
        start, end = _start(event), _end(event)
        if isinstance(event, yaml.AliasEvent):
            self.problem(
                "alias",
                f"the alias '*{event.anchor}' is not allowed",
                start,
                end,
                "write the text out; a text that starts with `*` needs quotes",
            )
            return Scalar(None, start, end)
        if event.anchor is not None:
            self.problem(
                "anchor",
                f"the anchor '&{event.anchor}' is not allowed",
                start,
                start + len(event.anchor) + 1,
                "write the text out where it is needed; a text that starts with `&` needs quotes",
            )
        if event.tag is not None:
            typed = re.compile(r"\S+").match(self.source.text, start)
            tag = typed[0] if typed else event.tag
            self.problem(
                "tag",
                f"the tag '{tag}' is not allowed",
                start,
                start + len(tag),
                "delete it; a text that starts with `!` needs quotes",
            )
        if isinstance(event, yaml.ScalarEvent):
            return None
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _TooDeepError(start)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        node: Node = self.mapping(loader, start) if is_mapping else self.sequence(loader, start)
        self.depth -= 1
        return node

    def check_backslashes(self, start: int, end: int) -> None:
        for match in re.finditer(r"\\(.)", self.source.text[start:end], re.DOTALL):
            if match[1] not in '"\\\n/':
                at = start + match.start()
                self.problem(
                    "eaten-backslash",
                    f"inside double quotes YAML turns `\\{match[1]}` into another character",
                    at,
                    at + 2,
                    "use single quotes or a `|` block, which keep LaTeX as it is",
                )
                return

    def check_comment(self, end: int) -> None:
        line_end = self.source.text.find("\n", end)
        rest = self.source.text[end : line_end if line_end >= 0 else len(self.source.text)]
        match = re.match(r"[ \t]+#(?! )\S*", rest)
        if match:
            self.problem(
                "lost-comment",
                "what follows ` #` is a comment, not part of the text",
                end + rest.index("#"),
                end + match.end(),
                "quote the text to keep it, or write `# ` with a space to make the comment plain",
                warning=True,
            )

    def mapping(self, loader: yaml.CSafeLoader, start: int) -> Mapping:
        mapping = Mapping(start)
        items, next_event, node = mapping.items, loader.get_event, self.node
        while True:
            event: Any = next_event()
            if type(event) is yaml.MappingEndEvent:
                mapping.end = _end(event)
                return mapping
            key = node(loader, event)
            value = node(loader, next_event())
            if not isinstance(key, Scalar) or key.value is None:
                self.bad_key(mapping, key, _start(event))
                continue
            at, to = key.start, key.end
            if key.value == "<<" and key.style == "":
                self.problem("merge", "`<<` merges are not allowed", at, to, "write the keys out")
            elif key.value in items:
                first = self.source.span(items[key.value][0].start, 0)
                self.problem(
                    "duplicate-key",
                    f"the key '{key.value}' stands twice; first in line {first.line}",
                    at,
                    to,
                    "rename or delete one of them",
                )
            else:
                items[key.value] = (key, value)

    def bad_key(self, mapping: Mapping, key: Node, at: int) -> None:
        if isinstance(key, Mapping):
            self.problem(
                "unquoted-cloze",
                "a text that starts with `{{` must be quoted: YAML reads `{` as a mapping",
                at,
                at + 1,
                "put the whole text in single quotes, or on the line after a `|`",
            )
        else:
            self.problem(
                "bad-key",
                "a key must be plain text",
                min(at, mapping.start) if at < mapping.start else at,
                at + 1,
                "put quotes around a text that starts with a bracket",
            )

    def sequence(self, loader: yaml.CSafeLoader, start: int) -> Sequence:
        sequence = Sequence(start)
        while True:
            event: Any = loader.get_event()
            if isinstance(event, yaml.SequenceEndEvent):
                sequence.end = _end(event)
                return sequence
            sequence.items.append(self.node(loader, event))


_SYNTAX_HELP = (
    ("mapping values are not allowed", "a text that contains `: ` needs quotes or a `|` block"),
    ("could not find expected ':'", "a key is followed by `: `; text over several lines needs `|`"),
    ("did not find expected ',' or '}'", "close the `}`, or quote the text inside the braces"),
    ("did not find expected ',' or ']'", "close the `]`, or quote the text inside the brackets"),
    ("cannot start any token", "a text that starts with this character needs quotes"),
    ("did not find expected key", "check the indentation, and quotes inside a quoted text"),
    ("unexpected end of stream", "a quote or bracket is not closed"),
    ("alphabetic or numeric character", "a text that starts with `*` or `&` needs quotes"),
    ("<document start>", "delete the line that starts with `%`"),
    ("unknown escape character", "use single quotes or a `|` block: they keep backslashes"),
)


def _syntax_problem(source: Source, error: yaml.MarkedYAMLError) -> Diagnostic:
    problem = error.problem or "not valid YAML"
    at = _clamp(source, error.problem_mark)
    begun = _clamp(source, error.context_mark) if error.context_mark else at
    context = error.context or ""
    text = source.text
    here = text[at : at + 1]

    def report(message: str, start: int, end: int, help_: str) -> Diagnostic:
        return Diagnostic("yaml-syntax", message, source.span(start, end), help_)

    if conflict := _CONFLICT.search(text):
        return report(
            "a merge conflict was left here",
            conflict.start(),
            conflict.end(),
            "keep one side, or both under two ids, and delete the markers",
        )
    if "flow" in context and text.count("\n", begun, at):
        # The bracket that was never closed, not the place much later where that came out.
        bracket = text[begun]
        closing = "}" if bracket == "{" else "]"
        return report(
            f"the `{bracket}` is not closed on its line",
            begun,
            begun + 1,
            f"add `{closing}`; a quote inside that is not closed also swallows it",
        )
    if "quoted scalar" in context and "end of stream" in problem:
        return report("this quote is never closed", begun, begun + 1, f"add `{text[begun]}`")
    before = text[:at].rstrip(" ")
    if "did not find expected key" in problem and before[-1:] in ("'", '"'):
        quote = before[-1]
        if quote == "'" and text[at - 1 : at] == quote and here.isalnum():
            return report(
                "the text ends at this quote",
                at - 1,
                at,
                "inside single quotes an apostrophe is doubled: `''`",
            )
        return report(
            "there is more after the closing quote", at, at + 1, "put all of the text in quotes"
        )
    if "mapping values are not allowed" in problem or "simple key" in context:
        # libyaml took a line without a key for more text, and stumbles over the next one.
        start = text.rfind("\n", 0, begun if "simple key" in context else at) + 1
        for line_start in (start, text.rfind("\n", 0, max(start - 1, 0)) + 1):
            line = text[line_start : text.find("\n", line_start)]
            for pattern, message, help_ in _NO_KEY:
                if match := pattern.match(line):
                    first, last = match.span(1)
                    return report(message, line_start + first, line_start + last, help_)
    if "simple key" in context and text.count("\n", begun, at):
        return report(
            "this line is neither a key with a value nor part of the text above",
            begun,
            max(begun + 1, text.find("\n", begun)),
            "a key is followed by `: `; the lines of a `|` block are all indented alike",
        )
    help_ = next((h for needle, h in _SYNTAX_HELP if needle in problem), "check the YAML syntax")
    if here == "\t" or text[:at].endswith("\t"):
        help_ = "indent with spaces, not tabs"
    elif here == ":":
        help_ = "a text that contains `: ` needs quotes or a `|` block"
    message = f"{problem} ({context})" if context else problem
    return report(message, at, at + 1, help_)


_CONFLICT = re.compile(r"^(?:<{7} .*|={7}|>{7} .*)$", re.MULTILINE)
_NO_KEY = (
    (
        re.compile(r"[ -]*[\w-]+ ?(：)"),
        "a full-width colon ends no key",
        "write `: `, the ASCII colon and a space",
    ),
    (
        re.compile(r"[ ]*[a-z_]+(:)[^\s:/]"),
        "a key's colon is followed by a space",
        "write `: `",
    ),
    (
        re.compile(r" *([\u00a0\u3000\u2000-\u200b\u202f\ufeff]+)"),
        "this space is none to YAML",
        "indent with ordinary spaces; these were copied from a web page or a Chinese keyboard",
    ),
)


def _clamp(source: Source, mark: Any) -> int:
    return min(int(mark.index), max(len(source.text) - 1, 0)) if mark else 0


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
