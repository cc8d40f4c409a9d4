"""What is wrong with the content, where, and how to mend it.

Every module that reads content reports problems as `Diagnostic` records; `console.py` alone
decides how they look. Nothing here knows YAML, Anki or print.
"""

import difflib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]


class Span(NamedTuple):
    """A range of characters in a source file; a tuple, since a large deck has tens of thousands.

    Lines and columns count from 1; columns count code points, as editors do. `end_column` is the
    column after the last character. `path` is relative to the project, with forward slashes.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem, said once.

    Attributes:
        code: Stable kebab-case name of the kind of problem.
        message: What is wrong, as a sentence without a full stop.
        span: Where; None only for problems that no place in a file has.
        help: How to mend it; may be empty.
        severity: An error stops the build, a warning does not.
    """

    code: str
    message: str
    span: Span | None
    help: str = ""
    severity: Severity = "error"


def and_more(message: str, left_out: int) -> str:
    """The message of the last problem of a kind that is told, with how many are not."""
    return f"{message} … and {left_out} more like this" if left_out else message


class EnvironmentProblem(Exception):  # noqa: N818 - it names a state of the machine
    """The machine lacks something that the work needs, or refuses it; the message says what."""


class ContentError(Exception):
    """The content cannot be built. Carries every problem found, in the order of the files."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = in_order(diagnostics)
        super().__init__("\n".join(f"{d.span}: {d.message}" for d in self.diagnostics))


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sort by place and drop exact repeats."""
    unique = dict.fromkeys(diagnostics)
    return tuple(sorted(unique, key=lambda d: (d.span or Span("", 0, 0, 0, 0), d.code, d.message)))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A suggestion for a mistyped name, or an empty string if nothing is close."""
    names = sorted(known)  # known may be a set
    same = [name for name in names if name.casefold() == word.casefold()]
    close = same or difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else ""


def display_width(text: str) -> int:
    """Columns that `text` takes in a terminal: Chinese takes two, combining marks none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


#: Excerpts longer than this are cut around the caret: a line of a data URI helps nobody.
MAX_EXCERPT = 100


def excerpt(span: Span, text: str) -> str:
    """The source line with carets under the range, as compilers show it.

    Args:
        span: The range; of a range over several lines the first line is shown.
        text: The whole text of the file.

    Returns:
        Three lines (bar, source, carets), or an empty string if the file has no such line.
    """
    lines = text.split("\n", span.line)
    if len(lines) < span.line:
        return ""
    line = lines[span.line - 1].rstrip("\r")
    start = span.column - 1
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    if len(line) > MAX_EXCERPT:
        cut = max(0, min(start - MAX_EXCERPT // 3, len(line) - MAX_EXCERPT))
        line, start, end = line[cut : cut + MAX_EXCERPT], start - cut, end - cut
        end = min(end, len(line))
    shown = "".join(" " if unicodedata.category(c)[0] == "C" else c for c in line)
    carets = max(1, display_width(shown[start:end]))
    margin = " " * len(str(span.line))
    return (
        f"{margin} |\n{span.line} | {shown}\n{margin} | "
        f"{' ' * display_width(shown[:start])}{'^' * carets}"
    )
