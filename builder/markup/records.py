"""What the markup layer hands to the others: plain records.

All offsets count code points in the text that was parsed, as `str` indexes do; `end` is exclusive.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from markdown_it.token import Token

from builder.diagnostics import Severity

ClozeStyle = Literal["anki", "mark", "blank", "plain"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in one text; `load.py` adds the file and turns it into a `Diagnostic`."""

    code: str
    message: str
    help: str
    start: int
    end: int
    severity: Severity = "error"


@dataclass(frozen=True, slots=True)
class Cloze:
    """A deletion: `answer` is the Markdown source of the hidden part, `hint` that of the hint."""

    number: int
    answer: str
    hint: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Math:
    """A formula without its dollars; `display` is true for `$$…$$`."""

    latex: str
    display: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Image:
    """An image as written; nobody has looked yet whether the file exists."""

    src: str
    alt: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Code:
    """A block of code; `language` is empty if none was named."""

    language: str
    source: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One parsed text. Shared by everyone who parses the same text: do not change the tokens."""

    tokens: tuple[Token, ...]
    problems: tuple[Problem, ...] = ()
    clozes: tuple[Cloze, ...] = ()
    maths: tuple[Math, ...] = ()
    images: tuple[Image, ...] = ()
    codes: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True)
class Style:
    """How a target wants its HTML.

    Attributes:
        cloze: `anki` writes `{{c1::…}}`, `mark` highlights the answer, `blank` leaves a gap as wide
            as the answer, followed by the hint, `plain` shows the answer like any text.
        math: Gets the LaTeX and whether it is a display formula, gives HTML.
        image: Gets the path and the alternative text, gives HTML.
        autospace: Put a thin space between Han and Latin letters, digits, formulas and code.
        inline: Leave out the `<p>` of a text that is a single paragraph.
        asked: The number of the clozes that this is about, as on one card; others are plain. All
            by default.
    """

    cloze: ClozeStyle
    math: Callable[[str, bool], str]
    image: Callable[[str, str], str]
    autospace: bool = False
    inline: bool = False
    asked: int | None = None
