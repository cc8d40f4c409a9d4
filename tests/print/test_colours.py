"""Colours that can be read: on paper, printed grey, and by who does not see all of them.

Contrast as WCAG 2.2 (1.4.3) counts it; colour blindness by the matrices of Machado, Oliveira and
Fernandes (2009) for its strongest form.
"""

import re
from itertools import combinations
from pathlib import Path

import pytest

from builder.project import packaged

FOLDER: Path = packaged("templates") / "print"
SHEETS = sorted(FOLDER.glob("*.css"))
HUES = {
    name: dict(re.findall(r"--(\w): (#[0-9a-f]{6})", body))
    for name, body in re.findall(
        r"^(:root|\.hue-\d) \{(.*?)\}", (FOLDER / "hues.css").read_text("utf-8"), re.MULTILINE
    )
}

#: How each kind of eye sees linear red, green and blue.
EYES = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
    "printed grey": ((0.2126, 0.7152, 0.0722),) * 3,
}

Color = tuple[float, float, float]


def linear(color: str) -> Color:
    digits = color.lstrip("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))

    def undo(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    return undo(red), undo(green), undo(blue)


def seen(color: str, eye: str) -> Color:
    red, green, blue = linear(color)
    rows = (r * red + g * green + b * blue for r, g, b in EYES[eye])
    x, y, z = (min(max(channel, 0.0), 1.0) for channel in rows)
    return x, y, z


def luminance(color: Color) -> float:
    return 0.2126 * color[0] + 0.7152 * color[1] + 0.0722 * color[2]


def contrast(one: str, other: str, eye: str = "usual") -> float:
    dark, light = sorted((luminance(seen(one, eye)), luminance(seen(other, eye))))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("hue", HUES)
def test_topics_can_be_read(hue: str, eye: str) -> None:
    colors = HUES[hue]
    assert contrast(colors["c"], "#ffffff", eye) >= 4.5, "headings, and white text on bars"
    assert contrast(colors["c"], colors["t"], eye) >= 4.5, "symbols in a formula's box"
    assert contrast("#1a1f2b", colors["m"], eye) >= 7, "key terms"
    assert contrast("#1a1f2b", colors["t"], eye) >= 7, "text in boxes"
    assert contrast("#525a6a", colors["m"], eye) >= 4.5, "key terms of the second language"


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("hue", HUES)
def test_key_terms_stand_out_from_the_paper(hue: str, eye: str) -> None:
    assert contrast(HUES[hue]["m"], "#ffffff", eye) >= 1.18


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_every_colour_of_text_can_be_read_on_white(sheet: Path, eye: str) -> None:
    css = re.sub(r"/\*.*?\*/", "", sheet.read_text("utf-8"), flags=re.DOTALL)
    found = set(re.findall(r"(?<![-\w])color: (#[0-9a-f]{3,6})\b", css)) - {"#fff"}
    for color in found:
        assert contrast(color, "#ffffff", eye) >= 4.5, color


def test_white_text_stands_on_dark_bars_only() -> None:
    for sheet in SHEETS:
        css = re.sub(r"/\*.*?\*/", "", sheet.read_text("utf-8"), flags=re.DOTALL)
        for rule in re.findall(r"\{([^{}]*color: #fff\b[^{}]*)\}", css):
            assert "background: var(--c)" in rule or "background" not in rule, (sheet.name, rule)


def test_colours_of_code_can_be_read_on_its_ground() -> None:
    css = (FOLDER / "base.css").read_text("utf-8")
    (ground,) = re.findall(r"pre\.code \{[^}]*background: (#\w+)", css)
    colors = re.findall(r"^\.code .*\{ color: (#\w+) \}", css, re.MULTILINE)
    assert len(colors) >= 6
    for eye in EYES:
        for color in colors:
            assert contrast(color, ground, eye) >= 4.5, (color, eye)


def test_topics_are_about_as_dark_as_each_other_in_grey() -> None:
    lights = [contrast(colors["c"], "#ffffff") for name, colors in HUES.items() if name != ":root"]
    assert max(lights) / min(lights) < 1.6


def distance(one: str, other: str, eye: str) -> float:
    """Difference in Oklab, where 0.02 is what most people just notice."""
    (l1, a1, b1), (l2, a2, b2) = oklab(seen(one, eye)), oklab(seen(other, eye))
    return float(((l1 - l2) ** 2 + (a1 - a2) ** 2 + (b1 - b2) ** 2) ** 0.5)


def oklab(color: Color) -> Color:
    red, green, blue = color
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


@pytest.mark.parametrize("eye", ["usual", "protanopia", "deuteranopia", "tritanopia"])
def test_neighbouring_topics_differ_in_colour(eye: str) -> None:
    colors = [colors["c"] for name, colors in HUES.items() if name != ":root"]
    for one, other in zip(colors, [*colors[1:], colors[0]], strict=True):
        assert distance(one, other, eye) > 0.07, (one, other)


def test_no_two_topics_have_the_same_colour() -> None:
    colors = [colors["c"] for colors in HUES.values()]
    assert all(distance(a, b, "usual") > 0.04 for a, b in combinations(colors, 2))
