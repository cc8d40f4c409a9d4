"""Files to their nodes, and every trap of YAML refused at its place."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from builder.diagnostics import ContentError, Diagnostic, Span, and_more
from builder.source.syntax import syntax_problem
from builder.source.tree import Mapping, Node, Scalar, Sequence, Source

#: libyaml's recursion is on the heap when read as events, but ours and pydantic's is not.
MAX_DEPTH = 24
#: A hostile or generated file repeats one mistake thousands of times; a person needs a few.
MAX_SAME = 5
#: Far above any topic file; keeps a stranger's file from eating the machine.
MAX_BYTES = 16 * 1024 * 1024


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
        # What is decoded lacks the byte order mark.
        raw = error.object
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


def plain(file: Path, name: str) -> str:
    """A file of text that is not YAML; its lines end with a line feed.

    Raises:
        ContentError: The file cannot be read, or is not UTF-8 text.
    """
    return text(contents(file, name), name).replace("\r\n", "\n")


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
    builder = _Builder(source, problems)
    try:
        builder.build()
    except yaml.MarkedYAMLError as error:
        # A text that begins with `{{` derails the parser; one message about it is enough.
        if not any(problem.code == "unquoted-cloze" for problem in problems):
            problems.append(syntax_problem(source, error))
    except _TooDeepError as error:
        problems.append(
            Diagnostic(
                "too-deep",
                f"nested more than {MAX_DEPTH} levels deep",
                source.span(error.at, error.at + 1),
                "a bracket that is meant as text needs quotes or a `|` block",
            )
        )
    builder.tell_left_out()
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
        self.left_out: Counter[str] = Counter()
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
            self.left_out[code] += 1
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

    def tell_left_out(self) -> None:
        """Let the last problem of each kind say how many there are more."""
        last = {problem.code: at for at, problem in enumerate(self.problems)}
        for code, count in self.left_out.items():
            known = self.problems[last[code]]
            self.problems[last[code]] = replace(known, message=and_more(known.message, count))

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
