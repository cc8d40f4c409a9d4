"""The deck's figures: both languages, nothing outside or over another, and numbers that are so."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from itertools import combinations, pairwise
from pathlib import Path
from statistics import NormalDist
from xml.etree import ElementTree as ET

import pytest
from fontTools.ttLib import TTFont

from builder import figures, fonts
from builder.cache import Cache

FOLDER = Path(__file__).parents[2] / "content/figures"
NAMES = sorted(file.name for file in FOLDER.iterdir())
LANGUAGES = ("zh", "en")
SVG = "{http://www.w3.org/2000/svg}"
#: The fonts of cards are the reader's own, and some are wider than those of print.
WIDER = 1.14


@dataclass(frozen=True)
class Box:
    """Where a text is, in the units of its figure."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        return (
            min(self.right, other.right) - max(self.left, other.left) > 1
            and min(self.bottom, other.bottom) - max(self.top, other.top) > 1
        )


@pytest.fixture(scope="module")
def advances(cache: Cache) -> dict[str, float]:
    """Character -> width in em, in the font of print."""
    font = TTFont(BytesIO(fonts.font_data("DW-Sans-400", cache)))
    em = font["head"].unitsPerEm
    return {chr(c): font["hmtx"][name][0] / em for c, name in font.getBestCmap().items()}


@lru_cache
def drawn(name: str, language: str) -> ET.Element:
    data = figures.read(FOLDER / figures.in_language(FOLDER, name, language))
    return ET.fromstring(data)  # noqa: S314 - our own file, without entities


def boxes(svg: ET.Element, advances: dict[str, float]) -> Iterator[Box]:
    for text in svg.iter(f"{SVG}text"):
        if text.get("transform"):
            continue  # upright words along an axis
        size = font_size(text, 12)
        width = sum(
            (1.0 if c >= "\u2e80" else advances.get(c, 0.9) * WIDER) * font_size(part, size)
            for part, words in pieces(text)
            for c in words
        )
        x, y = float(text.get("x", 0)), float(text.get("y", 0))
        classes = text.get("class", "").split()
        left = x if "st" in classes else x - width if "en" in classes else x - width / 2
        words = "".join(text.itertext())
        top = y - (0.84 if max(words, default="") >= "\u2e80" else 0.72) * size
        yield Box(words, left, top, left + width, y + 0.15 * size)


def pieces(text: ET.Element) -> Iterator[tuple[ET.Element, str]]:
    yield text, text.text or ""
    for part in text:
        yield part, part.text or ""
        yield text, part.tail or ""


def font_size(element: ET.Element, otherwise: float) -> float:
    found = re.search(r"font-size:([\d.]+)px", element.get("style", ""))
    return float(found[1]) if found else otherwise


def size(svg: ET.Element) -> tuple[float, float]:
    left, top, width, height = map(float, svg.get("viewBox", "").split())
    assert (left, top) == (0, 0)
    assert (svg.get("width"), svg.get("height")) == (f"{width:g}", f"{height:g}")
    return width, height


def test_there_are_figures_for_what_words_explain_badly() -> None:
    assert len(NAMES) >= 40
    assert all(figures.problem(FOLDER, name) is None for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_says_the_same_in_both_languages(name: str) -> None:
    spoken = figures.spoken(FOLDER, name)
    assert spoken == set(LANGUAGES)
    titles = [figures.title(FOLDER, name, language) for language in LANGUAGES]
    assert all(titles)
    assert titles[0] != titles[1]
    labels = [len(list(drawn(name, language).iter(f"{SVG}text"))) for language in LANGUAGES]
    assert min(labels) > 0
    assert (FOLDER / name).stat().st_size < 16_384


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_its_words_are_inside_and_apart(
    name: str, language: str, advances: dict[str, float]
) -> None:
    svg = drawn(name, language)
    width, height = size(svg)
    assert width == 320
    assert height <= 240
    found = list(boxes(svg, advances))
    outside = [b for b in found if b.left < 0 or b.right > width or b.top < 0 or b.bottom > height]
    assert not outside
    assert not [(a.text, b.text) for a, b in combinations(found, 2) if a.meets(b)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_words_touch_neither_frames_nor_lines(
    name: str, language: str, advances: dict[str, float]
) -> None:
    """A frame is around a word or beside it, with room between, also in a wider font."""
    svg = drawn(name, language)
    frames = [
        Box(rect.get("class", ""), x, y, x + float(rect.get("width", 0)), y + height)
        for rect in svg.iter(f"{SVG}rect")
        for x, y in [(float(rect.get("x", 0)), float(rect.get("y", 0)))]
        for height in [float(rect.get("height", 0))]
    ]
    lines = [
        (start, end)
        for path in svg.iter(f"{SVG}path")
        if re.fullmatch(r"[ML\d. -]+", path.get("d", ""))
        for start, end in pairwise(points(path.get("d", "")))
    ]
    for word in boxes(svg, advances):
        around = [frame for frame in frames if room(word, frame) > 0]
        tight = [frame for frame in frames if abs(room(word, frame)) < 1.5]
        assert not tight, word.text
        # A line that comes near runs under the frame.
        free = not any(frame.text not in ("k", "l") for frame in around)
        assert not (free and any(crosses(word, *line) for line in lines)), word.text


def room(word: Box, frame: Box) -> float:
    """How far a word is inside a frame, or, below zero, outside; 0 where they cross."""
    across = min(word.left - frame.left, frame.right - word.right)
    down = min(word.top - frame.top, frame.bottom - word.bottom)
    apart = max(
        frame.left - word.right,
        word.left - frame.right,
        frame.top - word.bottom,
        word.top - frame.bottom,
    )
    return -apart if apart > 0 else max(0, min(across, down))


def crosses(word: Box, start: tuple[float, float], end: tuple[float, float]) -> bool:
    steps = [n / 100 for n in range(101)]
    spots = [tuple(a + (b - a) * n for a, b in zip(start, end, strict=True)) for n in steps]
    return any(
        word.left - 1.5 < x < word.right + 1.5 and word.top - 0.5 < y < word.bottom + 0.5
        for x, y in spots
    )


def points(path: str) -> list[tuple[float, float]]:
    numbers = [float(n) for n in re.findall(r"-?[\d.]+", path)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def test_nf4_has_the_levels_that_its_definition_gives() -> None:
    """bitsandbytes' create_normal_map: quantiles of a normal curve, 8 above zero and 7 below."""
    normal, offset = NormalDist(), 0.9677083
    upper = [normal.inv_cdf(offset + (0.5 - offset) * i / 8) for i in range(8)]
    lower = [-normal.inv_cdf(offset + (0.5 - offset) * i / 7) for i in range(7)]
    levels = sorted(value / max(upper) for value in (*upper, 0.0, *lower))
    marks = [
        float(found[1])
        for path in drawn("nf4.svg", "en").iter(f"{SVG}path")
        if (found := re.fullmatch(r"M([\d.]+) [\d.]+V106", path.get("d", "")))
    ]
    assert marks == pytest.approx([160 + 140 * level for level in levels], abs=0.06)


def test_the_curves_of_the_activations_are_computed() -> None:
    normal = NormalDist()
    curves = [points(p.get("d", "")) for p in drawn("activations.svg", "en").iter(f"{SVG}path")]
    gelu, silu = (curve for curve in curves if len(curve) > 50)
    for x, (left, top) in zip((i / 10 - 4 for i in range(71)), gelu, strict=True):
        assert (left, top) == pytest.approx(place(x, x * normal.cdf(x)), abs=0.06)
    for x, (left, top) in zip((i / 10 - 4 for i in range(71)), silu, strict=True):
        assert (left, top) == pytest.approx(place(x, x / (1 + math.exp(-x))), abs=0.06)


def place(x: float, y: float) -> tuple[float, float]:
    """A point of the plane in the figure of the activations."""
    return 24 + (x + 4) / 7 * 284, 118 - y / 3 * 104


def words(name: str) -> list[str]:
    return ["".join(text.itertext()) for text in drawn(name, "en").iter(f"{SVG}text")]


def test_sampling_shows_what_softmax_gives() -> None:
    logits = (3, 2.2, 1.5, 1, 0.3, -0.5)
    shown = []
    for temperature in (0.5, 1, 2):
        powers = [math.exp(logit / temperature) for logit in logits]
        shown += [f"{100 * power / sum(powers):.0f}" for power in powers]
    assert [text for text in words("sampling.svg") if text.isdigit()] == shown
    kept = [r.get("class") for r in drawn("sampling.svg", "en").iter(f"{SVG}rect")][:18]
    assert [row.count("o") for row in (kept[:6], kept[6:12], kept[12:])] == [2, 4, 5]


def test_zero_shows_what_16_bytes_a_parameter_give() -> None:
    parameters, gpus = 7.5, 64
    stages = [
        parameters * (2 + 2 + 12),
        parameters * (2 + 2 + 12 / gpus),
        parameters * (2 + (2 + 12) / gpus),
        parameters * (2 + 2 + 12) / gpus,
    ]
    shown = [float(text) for text in words("zero-stages.svg") if re.fullmatch(r"[\d.]+", text)]
    assert shown == [round(stage, 1) for stage in stages]
    widths = [float(r.get("width", 0)) for r in drawn("zero-stages.svg", "en").iter(f"{SVG}rect")]
    assert sum(widths[:3]) / sum(widths[3:6]) == pytest.approx(stages[0] / stages[1], rel=0.01)


def test_the_pipeline_idles_as_its_formula_says() -> None:
    stages, batches = 4, 4
    bars = drawn("pipeline-1f1b.svg", "en").findall(f"{SVG}rect")
    idle = [bar for bar in bars if bar.get("class") == "g"][:stages]
    busy = [bar for bar in bars if bar.get("class") in ("b", "o") and bar.get("height") == "20"]
    total = sum(float(bar.get("width", 0)) for bar in idle)
    worked = sum(float(bar.get("width", 0)) for bar in busy)
    assert len(busy) == 2 * stages * batches
    assert 1 - worked / total == pytest.approx((stages - 1) / (batches + stages - 1), abs=0.001)


def test_bpe_merges_the_most_frequent_pair() -> None:
    counts = {"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}
    pieces = {word: list(word) for word in counts}
    merges = []
    for _ in range(3):
        pairs: dict[tuple[str, str], int] = {}
        for word, parts in pieces.items():
            for pair in pairwise(parts):
                pairs[pair] = pairs.get(pair, 0) + counts[word]
        best = max(pairs, key=lambda pair: pairs[pair])
        assert list(pairs.values()).count(pairs[best]) == 1
        merges += [f"{best[0]} + {best[1]}", f"{pairs[best]} times"]
        joined = " ".join(best)
        pieces = {
            word: " ".join(parts).replace(joined, "".join(best)).split()
            for word, parts in pieces.items()
        }
    assert [text for text in words("bpe-merges.svg") if re.search(r" \+ |times", text)] == merges


def test_the_sinusoidal_curves_are_those_of_the_formula() -> None:
    curves = [points(p.get("d", "")) for p in drawn("sinusoidal.svg", "en").iter(f"{SVG}path")]
    for i, curve in enumerate(curve for curve in curves if len(curve) > 50):
        for step, (left, top) in enumerate(curve):
            position = step / 4
            value = math.sin(position / 10000 ** (2 * i / 8))
            assert (left, top) == pytest.approx(
                (62 + position * 250 / 60, 26 + 38 * i - 15 * value), abs=0.06
            )


def test_numeric_formats_have_their_bits() -> None:
    svg = drawn("numeric-formats.svg", "en")
    rows = [float(r.get("width", 0)) for r in svg.iter(f"{SVG}rect") if r.get("height") == "17"]
    unit = rows[0]
    bits = [round(width / unit) for width in rows]
    formats = [tuple(bits[i : i + 3]) for i in range(0, len(bits), 3)]
    assert formats == [(1, 8, 23), (1, 8, 10), (1, 8, 7), (1, 5, 10), (1, 4, 3), (1, 5, 2)]
