"""Formulas as pictures that draw themselves.

WeasyPrint takes 25 to 50 ms for a formula's SVG, but 2 for an object that knows how to draw itself.
Such objects reach it through the `cache` that it offers for pictures: `<img src="math:KEY">` finds
an object of ours there. In the file each distinct formula and each distinct glyph stands once,
under a name that depends on nothing else.
"""

from collections.abc import Mapping
from html import escape
from typing import Any

from builder.cache import key
from builder.typeset import Drawing, Formula

#: How far ink may reach beyond a formula's box, in 1/1000 em: slanted letters, wide accents.
_MARGIN = 1000
#: Larger than any glyph, stretched ones included, in 1/1000 em.
_REACH = 10_000


def math_key(formula: Formula) -> str:
    """The name of a formula in URLs: depends on nothing but the formula."""
    return key("math", formula.latex, formula.display)[:16]


def math_img(formula: Formula, drawing: Drawing) -> str:
    """The `<img>` that stands for a formula in the HTML given to `render_pdf`.

    Its size and its place on the baseline are in em, so it follows the text around it. A formula
    on a line of its own shrinks if the column is narrower.
    """
    style = f"width:{_em(drawing.width)};"
    if formula.display:
        style += "max-width:100%;height:auto"
    else:
        style += f"height:{_em(drawing.height + drawing.depth)};"
        style += f"vertical-align:{_em(-drawing.depth)}"
    kind = "math display" if formula.display else "math"
    alt = escape(" ".join(formula.latex.split()))
    return f'<img class="{kind}" src="math:{math_key(formula)}" alt="{alt}" style="{style}">'


def _em(length: float) -> str:
    return f"{length:.4f}".rstrip("0").rstrip(".") + "em"


def pictures(drawings: Mapping[str, Drawing]) -> dict[str, Any]:
    """Formulas for WeasyPrint's layout: URL -> picture.

    Args:
        drawings: `math_key` -> the formula's drawing.
    """
    return {f"math:{name}": _Math(name, drawing) for name, drawing in drawings.items()}


def drawn(drawings: Mapping[str, Drawing]) -> dict[str, Any]:
    """Formulas and their glyphs for the file: name in the operators -> what draws it."""
    found: dict[str, Any] = {}
    for name, drawing in drawings.items():
        math = _Math(name, drawing)
        found[_named(math.id)] = math
        for glyph, path in drawing.outlines.items():
            found[_named(glyph)] = _Glyph(glyph, path)
    return found


def _named(name: str) -> str:
    """The name that WeasyPrint gives to a picture in the operators."""
    return f"i{name}0"


class _Glyph:
    """One glyph, written once into the file however many formulas use it."""

    def __init__(self, name: str, path: str) -> None:
        self.id = name
        self._path = path

    def get_x_object(self, interpolate: bool, dpi_ratio: float) -> Any:
        """Called by WeasyPrint when it writes the file."""
        del interpolate, dpi_ratio
        return _form(f"{self._path} f", (-_REACH, -_REACH, _REACH, _REACH), {})


class _Math:
    """A formula as WeasyPrint's layout wants its pictures: these three methods and an id."""

    def __init__(self, name: str, drawing: Drawing) -> None:
        self.id = f"math{name}"
        self._drawing = drawing

    def get_intrinsic_size(
        self, image_resolution: float, font_size: float
    ) -> tuple[float, float, float | None]:
        """Width and height in CSS pixels, and their ratio."""
        del image_resolution
        width = self._drawing.width * font_size
        height = (self._drawing.height + self._drawing.depth) * font_size
        return width, height, width / height if height else None

    def draw(self, stream: Any, concrete_width: float, concrete_height: float, style: Any) -> None:
        """Paint at the current origin, the upper left corner, in the colour of the text."""
        drawing = self._drawing
        total = drawing.height + drawing.depth
        if not drawing.content or total <= 0:
            return
        for name, path in drawing.outlines.items():
            stream.add_image(_Glyph(name, path), False, 1)
        x = concrete_width / drawing.width / 1000 if drawing.width > 0 else 0.0
        y = concrete_height / total / 1000
        with stream.stacked():
            stream.set_color(style["color"])
            stream.set_color(style["color"], stroke=True)
            stream.transform(a=x or y, d=-y, f=concrete_height * drawing.height / total)
            stream.draw_x_object(stream.add_image(self, False, 1))

    def get_x_object(self, interpolate: bool, dpi_ratio: float) -> Any:
        """Called by WeasyPrint when it writes the file."""
        del interpolate, dpi_ratio
        drawing = self._drawing
        content = drawing.content
        for name in drawing.outlines:
            content = content.replace(f"/{name} Do", f"/{_named(name)} Do")
        box = (
            -_MARGIN,
            -1000 * drawing.depth - _MARGIN,
            1000 * drawing.width + _MARGIN,
            1000 * drawing.height + _MARGIN,
        )
        return _form(content, box, dict.fromkeys(map(_named, drawing.outlines)))


def _form(content: str, box: tuple[float, ...], glyphs: Mapping[str, None]) -> Any:
    """A piece of page. WeasyPrint replaces the None of each glyph by its object."""
    import pydyf

    extra = {
        "Type": "/XObject",
        "Subtype": "/Form",
        "BBox": pydyf.Array([round(side, 1) for side in box]),
    }
    if glyphs:
        extra["Resources"] = pydyf.Dictionary({"XObject": pydyf.Dictionary(glyphs)})
    return pydyf.Stream([content.encode("ascii")], extra, compress=True)
