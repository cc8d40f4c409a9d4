"""Each page looks as it did when somebody last looked: a small grey picture of it is compared.

Text, places and structure have exact tests of their own; this one sees what they do not: colours,
rules, weights, a picture that went pale. Tolerances are such that a lost sentence is seen and a
hair's shift is not.

Line breaks move with the versions of Pango, HarfBuzz, the fonts and what draws the picture. So
`environment.txt` holds those that drew the pictures: with the same, pages must be alike; with
others, only as many, as large, and about as dark. `--update-golden` draws all anew.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder import pdf, press
from builder.cache import Cache
from tests.conftest import ACTUAL
from tests.print.paper import SAMPLE, Paper, make

PICTURES = Path(__file__).parent / "pictures"
ENVIRONMENT = PICTURES / "environment.txt"
DOCUMENTS = ["sheet-both", "handout-en", "cards", "cards-en", "worksheet"]

DPI = 36
#: Sixteen greys are enough at this size, and half of the bytes.
GREYS = 16
BLOCK = 8
#: Of a page of 256 greys: how much it may differ on average, and how many blocks by how much.
MEAN, BLOCKS, BLOCK_MEAN = 2.0, 0.005, 10.0
#: Elsewhere: how much darker or lighter a page may be as a whole.
DARKNESS = 5.0
LIMIT = 20 * 1024


def environment() -> str:
    """Versions of all that decides what a page looks like, and of what draws its picture."""
    return f"{pdf.versions()}\npypdfium2 {version('pypdfium2')}\n"


def drawn(paper: Paper) -> Iterator[Image.Image]:
    for page in paper.pdf:
        picture = page.render(scale=DPI / 72, grayscale=True).to_pil().convert("L")
        step = 255 / (GREYS - 1)
        yield picture.point([round(round(grey / step) * step) for grey in range(256)])


def save(picture: Image.Image, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    small = picture.quantize(GREYS, dither=Image.Dither.NONE)
    small.save(file, optimize=True, bits=4)


def grey(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("L"), dtype=float)


def blocks(pixels: np.ndarray) -> np.ndarray:
    """The mean of each square of pixels; what is left over at the edges is margin."""
    height, width = (side // BLOCK * BLOCK for side in pixels.shape)
    cut = pixels[:height, :width]
    squares = cut.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    means: np.ndarray = squares.mean(axis=(1, 3))
    return means


def difference(made: Image.Image, expected: Image.Image) -> str:
    """What of two pages differs too much; empty if they are alike."""
    if made.size != expected.size:
        return f"size {made.size} instead of {expected.size}"
    a, b = grey(made), grey(expected)
    mean = float(np.abs(a - b).mean())
    share = float((np.abs(blocks(a) - blocks(b)) > BLOCK_MEAN).mean())
    if mean > MEAN or share > BLOCKS:
        return f"differs by {mean:.2f} on average, and {share:.2%} of its blocks"
    return ""


def roughly(made: Image.Image, expected: Image.Image) -> str:
    """The same for a machine that sets text a little differently."""
    if any(abs(a - b) > 1 for a, b in zip(made.size, expected.size, strict=True)):
        return f"size {made.size} instead of {expected.size}"
    darker = float(grey(expected).mean() - grey(made).mean())
    word = "darker" if darker > 0 else "lighter"
    return f"is {word} by {abs(darker):.1f}" if abs(darker) > DARKNESS else ""


@pytest.mark.parametrize("name", DOCUMENTS)
def test_pages_look_as_they_did(name: str, cache: Cache, request: pytest.FixtureRequest) -> None:
    made = list(drawn(make(f"{name}.pdf", cache)))
    folder = PICTURES / name
    if request.config.getoption("--update-golden"):
        for file in folder.glob("*.png"):
            file.unlink()
        for number, picture in enumerate(made, 1):
            save(picture, folder / f"{number}.png")
        ENVIRONMENT.write_text(environment(), "utf-8")
    pinned = ENVIRONMENT.read_text("utf-8") == environment()
    expected = [Image.open(folder / f"{n}.png") for n in range(1, len(list(folder.iterdir())) + 1)]
    assert len(made) == len(expected), "pages"
    compare = difference if pinned else roughly
    problems = []
    for number, (new, old) in enumerate(zip(made, expected, strict=True), 1):
        if problem := compare(new, old):
            place = ACTUAL / "pictures" / name
            save(new, place / f"{number}-made.png")
            save(old.convert("L"), place / f"{number}-expected.png")
            problems.append(f"page {number} {problem}; see {place}")
    assert not problems, "\n".join(problems)


def test_pictures_are_small_and_each_is_of_a_document() -> None:
    files = sorted(PICTURES.rglob("*.png"))
    assert {file.parent.name for file in files} == set(DOCUMENTS)
    assert [file for file in files if file.stat().st_size > LIMIT] == []
    listed = re.findall(r"target: (\w+)", (SAMPLE / "content" / "deck.yaml").read_text("utf-8"))
    assert {re.split("[-.]", name)[0] for name in DOCUMENTS} == set(listed)


CHANGES = {
    "a sentence less": ("html", "Only in the number of K/V heads.", ""),
    "another colour": ("css", "--c: #1c4f91", "--c: #9fb7d6"),
    "another font": ("css", '--text: "DW Sans", "DW Sans SC"', '--text: "DW Serif", "DW Serif SC"'),
    "a shade": ("css", "html { color: #1a1f2b", "html { color: #1d222e"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_reader_would_see_is_seen(change: str, cache: Cache) -> None:
    paper = make("sheet-both.pdf", cache)
    part, old, new = CHANGES[change]
    text = getattr(paper.job, part)
    assert old in text
    printed = press.draw(replace(paper.job, **{part: text.replace(old, new)}), cache)
    assert printed.problems == ()
    other = replace(paper, data=printed.data)
    found = [difference(a, b) for a, b in zip(drawn(other), drawn(paper), strict=True)]
    assert any(found) == (change != "a shade"), found
    assert not any(difference(a, a) or roughly(a, a) for a in drawn(paper))


def test_elsewhere_a_page_without_its_text_is_still_seen(cache: Cache) -> None:
    (page,) = drawn(make("sheet-both.pdf", cache))
    assert "lighter by" in roughly(Image.new("L", page.size, 255), page)
    assert "size" in roughly(page.rotate(90, expand=True), page)
