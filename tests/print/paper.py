"""A document of a project, drawn, and what can be measured on its pages."""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from builder import press
from builder.cache import Cache
from builder.load import load
from builder.lock import Lock
from builder.model import Output
from builder.project import Project
from builder.targets import Context, PrintJob, cards, handout, sheet, worksheet

SAMPLE = Path(__file__).parent / "sample"
RENDER = {
    "sheet": sheet.render,
    "handout": handout.render,
    "cards": cards.render,
    "worksheet": worksheet.render,
}
#: Points in a millimetre.
MM = 72 / 25.4


@dataclass(frozen=True)
class Box:
    """A thing on a page, in millimetres from the page's upper left corner."""

    left: float
    top: float
    right: float
    bottom: float
    text: str = ""


@dataclass(frozen=True)
class Paper:
    """A finished document."""

    job: PrintJob
    output: Output
    data: bytes

    @cached_property
    def pdf(self) -> pypdfium2.PdfDocument:
        return pypdfium2.PdfDocument(self.data)

    def characters(self, number: int) -> Iterator[Box]:
        """What is visible of the text of a page, formulas and figures left out."""
        page = self.pdf[number]
        _, height = page.get_size()
        text = page.get_textpage()
        count = pdfium.FPDFPage_CountObjects(page)
        own = {_address(pdfium.FPDFPage_GetObject(page, n)) for n in range(count)}
        box = [ctypes.c_double() for _ in range(4)]
        for index in range(text.count_chars()):
            char = chr(pdfium.FPDFText_GetUnicode(text, index))
            if char.isspace() or char == "\u200b" or pdfium.FPDFText_IsGenerated(text, index):
                continue
            if _address(pdfium.FPDFText_GetTextObject(text, index)) not in own:
                continue
            pdfium.FPDFText_GetCharBox(text, index, *box)
            left, right, bottom, top = (side.value for side in box)
            yield Box(left / MM, (height - top) / MM, right / MM, (height - bottom) / MM, char)

    def find(self, number: int, wanted: str) -> list[Box]:
        """Where a page says this, upper left to lower right."""
        page = self.pdf[number]
        _, height = page.get_size()
        searcher = page.get_textpage().search(wanted, match_case=True)
        found = []
        while hit := searcher.get_next():
            index, count = hit
            boxes = [page.get_textpage().get_charbox(n) for n in range(index, index + count)]
            left, bottom = min(b[0] for b in boxes), min(b[1] for b in boxes)
            right, top = max(b[2] for b in boxes), max(b[3] for b in boxes)
            found.append(
                Box(left / MM, (height - top) / MM, right / MM, (height - bottom) / MM, wanted)
            )
        return found

    def objects(self, number: int, kind: int) -> Iterator[Box]:
        """The paths, or the pictures and formulas, that stand on the page itself."""
        page = self.pdf[number]
        _, height = page.get_size()
        for thing in page.get_objects(filter=[kind], max_depth=1):
            left, bottom, right, top = thing.get_bounds()
            yield Box(left / MM, (height - top) / MM, right / MM, (height - bottom) / MM)


def _address(pointer: Any) -> int | None:
    return ctypes.cast(pointer, ctypes.c_void_p).value


def make(name: str, cache: Cache, root: Path = SAMPLE, **changes: object) -> Paper:
    """Draw an output of a project, or one with other settings."""
    project = Project(root)
    deck = load(project, cache).deck
    output = deck.file.outputs[name].model_copy(update=changes)
    job = RENDER[output.target](deck, Context(project, name, output, Lock(), cache))
    data = press.cached(job, cache)
    if data is None:
        drawn = press.draw(job, cache)
        assert (drawn.problems, drawn.misfits) == ((), ())
        data = drawn.data
    return Paper(job, output, data)
