"""Parts of a document that were drawn before: the same bytes, or drawn again."""

import io
import os
import pickle
from collections import Counter
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from builder import parts
from builder.cache import Cache
from builder.pdf import PrintError, render_pdf

CSS = """
@page { size: 100mm 60mm; margin: 5mm 5mm 8mm; @bottom-center { content: counter(page) } }
@page { font: 8pt "DW Sans" }
body { font: 10pt "DW Sans"; margin: 0 }
section { break-before: page } p { margin: 0; bookmark-level: 1; bookmark-label: content(text) }
img { width: 20mm; height: 20mm }
"""
#: What WeasyPrint names by counting: a gradient, and a group with an opacity.
PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">
<linearGradient id="g"><stop stop-color="{0}"/><stop offset="1" stop-color="{0}"/></linearGradient>
<rect width="20" height="10" fill="url(#g)"/>
<g opacity="0.5"><rect y="10" width="20" height="10" fill="{0}"/></g></svg>"""
DOT = '<img src="figures/dot.png" alt="x">'
CHAPTERS = [
    '<section id="a"><p>Ada <i>quick</i></p><img src="figures/red.svg" alt="red"></section>',
    f'<section id="b"><p>Bea, see <a href="#c">Cleo</a></p>{DOT}</section>',
    f'<section id="c"><p>Cleo <b>zebra</b></p><img src="figures/blue.svg" alt="b">{DOT}</section>',
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "figures"
    made.mkdir()
    for color in ("red", "blue"):
        (made / f"{color}.svg").write_text(PICTURE.format(color), "utf-8")
    (made / "dot.png").write_bytes(png((0, 128, 0)))
    return made


@pytest.fixture
def shelf(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "shelf")


def draw(chapters: list[str], cache: Cache, shelf: Cache, folder: Path) -> bytes:
    cut = "".join(f"<!-- part 1 -->{chapter}" for chapter in chapters)
    contents = '<div><p>Contents: <a class="page" href="#c"></a></p></div>'
    html = (
        '<!doctype html><html lang="en"><head><title>T</title></head>'
        f"<body><!-- part 2 -->{contents}{cut}</body></html>"
    )
    folders = {"figures": folder}
    return render_pdf(html, css=CSS, drawings={}, folders=folders, cache=cache, shelf=shelf).pdf


def png(color: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(file, "PNG")
    return file.getvalue()


def entries(shelf: Cache) -> dict[Path, bytes]:
    assert shelf.folder is not None
    return {path: path.read_bytes() for path in (shelf.folder / "parts").glob("*/*")}


def test_bytes_are_the_same_whatever_was_drawn_before(
    cache: Cache, shelf: Cache, folder: Path, tmp_path: Path
) -> None:
    cold = draw(CHAPTERS, cache, Cache(None), folder)
    assert draw(CHAPTERS, cache, shelf, folder) == cold
    kept = entries(shelf)
    assert len(kept) == 5  # with the contents and the empty page after them
    files = {path.stat().st_ino for path in kept}
    assert draw(CHAPTERS, cache, shelf, folder) == cold
    assert {path.stat().st_ino for path in kept} == files, "nothing was drawn"
    for count in range(1, len(kept) + 1):
        for path in sorted(kept)[:count]:
            path.unlink()
        assert draw(CHAPTERS, cache, shelf, folder) == cold
        assert entries(shelf) == kept


def test_only_what_changed_is_drawn_again(cache: Cache, shelf: Cache, folder: Path) -> None:
    draw(CHAPTERS, cache, shelf, folder)
    kept = set(entries(shelf))
    changed = [CHAPTERS[0], CHAPTERS[1].replace("Bea", "Eve"), CHAPTERS[2]]
    again = draw(changed, cache, shelf, folder)
    assert len(set(entries(shelf)) - kept) == 1
    assert again == draw(changed, cache, Cache(None), folder)


def test_later_parts_know_that_an_earlier_one_grew(
    cache: Cache, shelf: Cache, folder: Path
) -> None:
    draw(CHAPTERS, cache, shelf, folder)
    longer = [CHAPTERS[0].replace("</section>", '<p style="break-before: page">More</p></section>')]
    again = draw(longer + CHAPTERS[1:], cache, shelf, folder)
    assert again == draw(longer + CHAPTERS[1:], cache, Cache(None), folder)
    with pypdfium2.PdfDocument(again) as document:
        texts = [page.get_textpage().get_text_range().split() for page in document]
    assert texts[0][:2] == ["Contents:", "4"]
    assert texts[-1][-1] == "4"


def test_a_picture_that_changed_is_drawn_again(cache: Cache, shelf: Cache, folder: Path) -> None:
    draw(CHAPTERS, cache, shelf, folder)
    for name, data in (
        ("blue.svg", PICTURE.format("green").encode()),
        ("dot.png", png((200, 0, 200))),
    ):
        (folder / name).write_bytes(data)
        again = draw(CHAPTERS, cache, shelf, folder)
        assert again == draw(CHAPTERS, cache, Cache(None), folder), name
    (folder / "red.svg").unlink()
    with pytest.raises(PrintError, match=r"red\.svg"):
        draw(CHAPTERS, cache, shelf, folder)


def test_pictures_of_parts_are_not_mixed_up(cache: Cache, shelf: Cache, folder: Path) -> None:
    for _ in range(2):
        with pypdfium2.PdfDocument(draw(CHAPTERS, cache, shelf, folder)) as document:
            seen = [areas(page) for page in list(document)[2:]]
        red, blue, green = (0, 0, 255), (255, 0, 0), (0, 128, 0)  # blue comes first
        reddish, bluish = (128, 128, 255), (255, 128, 128)
        assert seen == [{red, reddish}, {green}, {blue, bluish, green}]


def areas(page: pypdfium2.PdfPage) -> set[tuple[int, ...]]:
    """The colours that a page has much of, besides white."""
    pixels = page.render(scale=1).to_numpy().reshape(-1, 3)
    counts = Counter(tuple(int(part) for part in pixel) for pixel in pixels)
    return {color for color, count in counts.items() if count > 500} - {(255, 255, 255)}


class Harm:
    """Runs code when it is read by a plain `pickle.load`."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch harm",)


def test_what_is_damaged_or_foreign_is_drawn_again(
    cache: Cache, shelf: Cache, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    cold = draw(CHAPTERS, cache, shelf, folder)
    kept = entries(shelf)
    first = min(kept)
    whole = kept[first]
    first.write_bytes(whole[:-9])
    assert draw(CHAPTERS, cache, shelf, folder) == cold
    first.write_bytes(whole[:-9] + b"123456789")
    assert draw(CHAPTERS, cache, shelf, folder) == cold
    plain = shelf.get("parts", first.name)
    assert plain is not None
    for packed in (
        b"",
        b"nonsense",
        plain[: len(plain) // 2],
        pickle.dumps(Harm()),
        pickle.dumps({"pages": []}),
        pickle.dumps(parts.Later()),
    ):
        shelf.put("parts", first.name, packed)  # with a checksum of its own
        assert draw(CHAPTERS, cache, shelf, folder) == cold, packed
    assert entries(shelf) == kept
    assert not Path("harm").exists()


def test_a_part_with_a_problem_is_not_kept(cache: Cache, shelf: Cache, folder: Path) -> None:
    """Or its next build would not tell of it."""
    wrong = [CHAPTERS[0].replace("<p>", '<p style="colour: red">'), CHAPTERS[1]]
    for _ in range(2):
        with pytest.raises(PrintError, match="colour"):
            draw(wrong, cache, shelf, folder)


def test_the_style_sheet_counts(cache: Cache, shelf: Cache, folder: Path) -> None:
    draw(CHAPTERS, cache, shelf, folder)
    kept = set(entries(shelf))
    html = (
        '<html lang="en"><head><title>T</title></head><body><!-- part 1 --><p>A</p></body></html>'
    )
    sizes = []
    for css in (CSS, CSS.replace("100mm", "90mm")):
        made = render_pdf(html, css=css, drawings={}, folders={}, cache=cache, shelf=shelf).pdf
        with pypdfium2.PdfDocument(io.BytesIO(made)) as document:
            sizes.append(round(document[0].get_width()))
    assert sizes == [283, 255]
    assert len(set(entries(shelf)) - kept) == 2
