"""Make the README's pictures from what a build made: `python -m docs.pictures` in `.venv`.

Cards are drawn by Anki's own reviewer page (the test harness), pages by PDFium, the preview by the
same Chromium.
"""

from io import BytesIO
from pathlib import Path

import pypdfium2
from PIL import Image

from builder.lock import guid
from tests.browser.previewing import running, shown
from tests.browser.reviewer import Reviewer, reviewer

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
DECK = "llm-interview"
CARD = "alibi-bias-matrix"
ITEM = "rope-idea"


def main() -> None:
    """Write every picture."""
    package = (ROOT / "dist" / f"{DECK}.apkg").read_bytes()
    with reviewer() as drawn:
        for name, night in (("card-light", False), ("card-night", True)):
            png = drawn.screenshot(package, guid(DECK, CARD), night=night, height=620)
            _save(Image.open(BytesIO(png)), name)
        _save(_preview(drawn), "preview")
    _save(_page("cheatsheet-zh.pdf", _find("cheatsheet-zh.pdf", ITEM), 110), "sheet")
    verso = _find("handout.pdf", ITEM) // 2 * 2 + 1  # even folios are left pages
    left, right = (_page("handout.pdf", number, 80) for number in (verso, verso + 1))
    spread = Image.new("RGB", (left.width + right.width + 4, left.height), "#888888")
    spread.paste(left, (0, 0))
    spread.paste(right, (left.width + 4, 0))
    _save(spread, "handout")


def _preview(drawn: Reviewer) -> Image.Image:
    """A card's back in the preview, as wide as a phone."""
    with running(ROOT) as address, shown(drawn.browser, f"{address}#{ITEM}") as it:
        it.press("w", " ")
        it.card.locator("html").evaluate("() => window.scrollTo(0, 0)")
        return Image.open(BytesIO(it.page.screenshot()))


def _find(name: str, item: str) -> int:
    """The index of the page that prints an item's id."""
    document = pypdfium2.PdfDocument(ROOT / "dist" / name)
    return next(
        number
        for number, page in enumerate(document)
        if item in page.get_textpage().get_text_range()
    )


def _page(name: str, number: int, dpi: int) -> Image.Image:
    document = pypdfium2.PdfDocument(ROOT / "dist" / name)
    # PDFium makes small serif letters look bold; twice the size, then half, does not.
    picture: Image.Image = document[number].render(scale=2 * dpi / 72).to_pil()
    return picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS)


def _save(picture: Image.Image, name: str) -> None:
    """A palette of 64 colours keeps text crisp and the repository small."""
    small = picture.convert("RGB").quantize(64, dither=Image.Dither.NONE)
    small.save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
