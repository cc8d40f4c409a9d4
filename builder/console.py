"""Problems and progress as people, editors and CI read them, and the exit codes.

Results and machine formats go to stdout, everything for people to stderr.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Literal

from builder.diagnostics import Diagnostic, Span, excerpt

Format = Literal["text", "json", "github"]


class Exit(IntEnum):
    """Exit codes. 2 (wrong usage) is click's own."""

    FINE = 0
    CONTENT = 1
    ENVIRONMENT = 3
    BUG = 70


@dataclass(slots=True)
class Console:
    """Where messages go.

    Attributes:
        format: `text` for people, `json` one document on stdout, `github` workflow annotations.
        read: The text of a source file by its path as in spans, for excerpts.
        folder: What leads from the repository to the paths in spans, `decks/capitals/` say:
            annotations name files as the repository does.
    """

    format: Format = "text"
    read: Callable[[str], str] = field(default=lambda _: "")
    folder: str = ""

    def report(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Print problems in the text or GitHub format; JSON is printed once, by `finish`."""
        diagnostics = tuple(diagnostics)
        if self.format == "github":
            for diagnostic in diagnostics:
                _out(as_annotation(diagnostic, self.folder))
        if self.format == "text":
            texts: dict[str, str] = {}
            for diagnostic in diagnostics:
                path = diagnostic.span.path if diagnostic.span else ""
                if path and path not in texts:
                    texts[path] = self.read(path)
                _err(as_text(diagnostic, texts.get(path, "")) + "\n", style=diagnostic.severity)
        if diagnostics and self.format != "json":
            _err(summary(diagnostics))

    def finish(self, document: Mapping[str, Any]) -> None:
        """The one JSON document of a command, if JSON was asked for."""
        if self.format == "json":
            _out(json.dumps(document, ensure_ascii=False, indent=2))

    def say(self, line: str) -> None:
        """A line for people; silent in the machine formats."""
        if self.format == "text":
            _err(line)


def as_text(diagnostic: Diagnostic, source_text: str) -> str:
    """`file:line:column: error[code]: message`, excerpt and help, as compilers print them."""
    where = f"{diagnostic.span}: " if diagnostic.span else ""
    lines = [f"{where}{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"]
    shown = excerpt(diagnostic.span, source_text) if diagnostic.span and source_text else ""
    if shown:
        lines.append(shown)
    if diagnostic.help:
        margin = " " * (len(str(diagnostic.span.line)) if diagnostic.span and shown else 1)
        lines.append(f"{margin} = help: {diagnostic.help}")
    return "\n".join(lines)


def as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """A problem as a JSON object; all keys are always there."""
    span = diagnostic.span or Span("", 0, 0, 0, 0)
    return {
        "path": span.path,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "help": diagnostic.help,
    }


def as_annotation(diagnostic: Diagnostic, folder: str = "") -> str:
    """A GitHub workflow command, which annotates the line in a pull request."""
    text = diagnostic.message + (f"\n{diagnostic.help}" if diagnostic.help else "")
    place = ""
    if diagnostic.span:
        span = diagnostic.span
        end = f",endColumn={span.end_column}" if span.line == span.end_line else ""
        place = (
            f"file={_property(folder + span.path)},line={span.line},endLine={span.end_line},"
            f"col={span.column}{end},"
        )
    return f"::{diagnostic.severity} {place}title={_property(diagnostic.code)}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`."""
    kinds = [diagnostic.severity for diagnostic in diagnostics]
    return ", ".join(
        f"{kinds.count(kind)} {kind}{'s' if kinds.count(kind) > 1 else ''}"
        for kind in ("error", "warning")
        if kind in kinds
    )


_COLORS = {"error": "\x1b[31m", "warning": "\x1b[33m"}


def _err(text: str, style: str = "") -> None:
    color = _COLORS.get(style, "")
    if color and sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
        head, newline, rest = text.partition("\n")
        text = f"{color}{head}\x1b[0m{newline}{rest}"
    sys.stderr.write(text + "\n")


def _out(text: str) -> None:
    sys.stdout.write(text + "\n")
