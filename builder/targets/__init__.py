"""One module per kind of output: `render(deck, context)`, knowing nothing of the others."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from builder.cache import Cache
from builder.project import Project

if TYPE_CHECKING:
    # Finding out that nothing is to be made must not cost what making it does.
    from builder.lock import Lock
    from builder.model import Output
    from builder.targets.notes import Note
    from builder.typeset import Formula


@dataclass(frozen=True, slots=True)
class Context:
    """What a target may know besides the deck.

    Attributes:
        project: Where templates and figures are.
        name: The output's file name, such as `handout.pdf`.
        output: What deck.yaml asks for.
        lock: Identity and time of every note.
        cache: Results of slow pure functions.
        notes: What the deck's notes say.
        meanwhile: What else there is to do, for when a processor would be idle; it may raise.
    """

    project: Project
    name: str
    output: "Output"
    lock: "Lock"
    cache: Cache
    notes: "tuple[Note, ...]" = ()
    meanwhile: Callable[[], object] = lambda: None


@dataclass(frozen=True, slots=True)
class Artifact:
    """A finished file for `dist/`.

    Attributes:
        name: Its name there.
        data: Its content.
        note: What its author should know of it, if anything.
    """

    name: str
    data: bytes
    note: str = ""


@dataclass(frozen=True, slots=True)
class PrintJob:
    """All that a PDF depends on, picklable, so that documents render in processes of their own.

    Attributes:
        name: The file to make.
        html: The document; formulas are `<img class="math" src="math:KEY">`, figures
            `<img src="figures/NAME">`.
        css: The style sheets, joined.
        formulas: Every formula that the HTML refers to.
        folders: Folders that the HTML's pictures may come from, by the URL's first part.
        duplex: Whether a printer should print on both sides, turned over the long edge, and change
            no size.
        max_pages: How many pages the PDF may have.
        holds: What was left out of it, in words.
        shorter: The same document with less and less in it, to be made if it has too many pages.
    """

    name: str
    html: str
    css: str
    formulas: "tuple[Formula, ...]" = ()
    folders: dict[str, Path] = field(default_factory=dict)
    duplex: bool = False
    max_pages: int | None = None
    holds: str = ""
    shorter: tuple["PrintJob", ...] = ()
