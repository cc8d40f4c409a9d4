"""MathJax's SVG to a `Drawing`: a small, closed part of SVG, and an error for anything else.

Why: WeasyPrint takes 25 to 50 ms for a formula's SVG and only 2 for operators that are ready.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from builder.typeset import Drawing, Matrix

if TYPE_CHECKING:
    from builder.outlines import Outliner

#: An element of the tree: name, attributes and children; or text.
Node = Any

#: What MathJax's own style sheet says of frames and rules in tables, in 1/1000 em.
_RULE = 70.0
_DASH = 140.0


class UnsupportedError(Exception):
    """The formula uses something that has no counterpart in print."""

    def __init__(self, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.help = help_


def convert(svg: Node, outliner: "Outliner") -> Drawing:
    """Turn the `<svg>` that MathJax makes of one formula into a drawing.

    Raises:
        UnsupportedError: The formula has a character that no font has, or a kind of line that is
            not drawn here.
    """
    attributes = svg[1]
    if attributes.get("width") == "100%" or "viewBox" not in attributes:
        raise UnsupportedError("numbered formulas cannot be printed", r"delete \tag and \notag")
    left, top, width, height = _numbers(attributes["viewBox"])
    painter = _Painter(outliner)
    # SVG's y points down; the first <g> turns it upwards, which is PDF's direction.
    for child in svg[2]:
        painter.paint(child, (1.0, 0.0, 0.0, -1.0, -left, 0.0), None)
    return Drawing(
        width=_em(width),
        height=_em(-top),
        depth=_em(top + height),
        outlines=painter.outlines,
        content="\n".join(painter.content),
    )


class _Painter:
    """Collects operators while walking down the tree."""

    def __init__(self, outliner: "Outliner") -> None:
        self.outlines: dict[str, str] = {}
        self.content: list[str] = []
        self._outliner = outliner

    def paint(self, node: Node, matrix: Matrix, color: str | None) -> None:
        kind, attributes, children = node
        if attributes.get("data-mml-node") == "mtext":
            _check_text(node)
        color = _color(attributes, color)
        matrix = _transformed(matrix, attributes.get("transform", ""))
        if kind == "g":
            for child in children:
                self.paint(child, matrix, color)
        elif kind == "svg":
            self._clipped(attributes, children, matrix, color)
        elif kind == "path" and not float(attributes.get("stroke-width", 0)):
            self._glyph(_path(attributes["d"]), matrix, color)
        elif kind == "text":
            self._text("".join(children), attributes, matrix, color)
        elif kind in _SHAPES:
            self._shape(kind, attributes, matrix, color)
        else:
            raise UnsupportedError(f"<{kind}> cannot be printed")

    def _emit(self, operators: str, matrix: Matrix, color: str | None) -> None:
        place = "" if matrix == _IDENTITY else f"{_format(*matrix)} cm "
        paint = "" if color is None else f"{_rgb(color)} "
        self.content.append(f"q {paint}{place}{operators} Q")

    def _glyph(self, path: str, matrix: Matrix, color: str | None) -> None:
        if not path:
            return
        name = hashlib.blake2b(path.encode(), digest_size=8).hexdigest()
        self.outlines[name] = path
        self._emit(f"/{name} Do", matrix, color)

    def _text(
        self, text: str, attributes: Mapping[str, str], matrix: Matrix, color: str | None
    ) -> None:
        """Characters that MathJax's font lacks, such as Chinese."""
        # MathJax shrinks foreign text to 884 but gives Chinese a full em: draw it that large, as
        # large as the text around the formula.
        scale = float(attributes["font-size"].removesuffix("px")) / 884
        bold = "bold" in attributes.get("data-variant", "")
        x = 0.0
        for character in text:
            outline = self._outliner.outline(character, bold=bold)
            if outline is None:
                raise UnsupportedError(
                    f"no font has the character '{character}' (U+{ord(character):04X})",
                    "write it as a LaTeX command, or outside the formula",
                )
            path, advance = outline
            at = _multiply(matrix, (scale, 0.0, 0.0, -scale, x, 0.0))
            self._glyph(_path(path), at, color)
            x += advance * scale

    def _clipped(
        self, attributes: Mapping[str, Any], children: Node, matrix: Matrix, color: str | None
    ) -> None:
        """The middle of a tall bracket: a glyph stretched much too far, cut to what is needed."""
        x, y = (float(attributes.get(name, 0)) for name in ("x", "y"))
        left, bottom, width, height = _numbers(attributes["viewBox"])
        self.content.append(
            f"q {_format(*matrix)} cm {_format(x, y, width, height)} re W n "
            f"{_format(1, 0, 0, 1, x - left, y - bottom)} cm"
        )
        for child in children:
            self.paint(child, _IDENTITY, color)
        self.content.append("Q")

    def _shape(
        self, kind: str, attributes: Mapping[str, Any], matrix: Matrix, color: str | None
    ) -> None:
        path = _SHAPES[kind](attributes)
        table = "data-line" in attributes or "data-frame" in attributes
        width = _RULE if table else float(attributes.get("stroke-width", 0))
        filled = not table and attributes.get("fill") != "none" and kind != "line"
        operators = path
        if width and attributes.get("stroke") != "none":
            operators = f"{_format(width)} w {_dashes(attributes)}{path}"
            self._emit(f"{operators} {'B' if filled else 'S'}", matrix, color)
        elif filled:
            self._emit(f"{operators} f", matrix, color)


def _check_text(node: Node) -> None:
    r"""Refuse a backslash in `\text{50\%}`: MathJax as set up by Anki shows it to the learner."""
    if any(child[1].get("data-c") == "5C" for child in node[2] if not isinstance(child, str)):
        raise UnsupportedError(
            r"a backslash inside \text would be shown as such, on cards too",
            r"write the character alone, such as \text{50%}, or end the text before the command",
        )


_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def _dashes(attributes: Mapping[str, Any]) -> str:
    style = attributes.get("class", "")
    if "mjx-dashed" in style:
        return f"[{_format(_DASH)}] 0 d "
    if "mjx-dotted" in style:
        return f"1 J [0 {_format(_DASH)}] 0 d "
    if "stroke-dasharray" in attributes:
        return f"[{_format(*_numbers(str(attributes['stroke-dasharray'])))}] 0 d "
    return ""


# Colours ---------------------------------------------------------------------------------------


def _color(attributes: Mapping[str, Any], inherited: str | None) -> str | None:
    """The colour of an element: its own or its parent's; None is that of the text around."""
    stated = attributes.get("fill")
    if stated in (None, "none", "currentColor"):
        stated = attributes.get("stroke")
    if stated in (None, "none"):
        return inherited
    return inherited if stated == "currentColor" else str(stated)


def _rgb(color: str) -> str:
    """A CSS colour as operators that set it for filling and stroking."""
    from tinycss2.color4 import parse_color

    parsed = parse_color(color)
    if parsed is None or isinstance(parsed, str):
        raise UnsupportedError(f"unknown colour '{color}'", "use a CSS name, or delete the colour")
    red, green, blue = (float(part) for part in parsed.to("srgb").coordinates)
    numbers = f"{red:.3g} {green:.3g} {blue:.3g}"
    return f"{numbers} rg {numbers} RG"


# Geometry --------------------------------------------------------------------------------------


def _multiply(first: Matrix, second: Matrix) -> Matrix:
    """The matrix that applies `second`, then `first`."""
    a, b, c, d, e, f = first
    g, h, i, j, k, m = second
    return (
        a * g + c * h,
        b * g + d * h,
        a * i + c * j,
        b * i + d * j,
        a * k + c * m + e,
        b * k + d * m + f,
    )


def _transformed(matrix: Matrix, transform: str) -> Matrix:
    for name, numbers in re.findall(r"(\w+)\s*\(([^)]*)\)", transform):
        values = _numbers(numbers)
        if name == "translate":
            x, y = (*values, 0.0)[:2]
            matrix = _multiply(matrix, (1.0, 0.0, 0.0, 1.0, x, y))
        elif name == "scale":
            x, y = (*values, values[0])[:2]
            matrix = _multiply(matrix, (x, 0.0, 0.0, y, 0.0, 0.0))
        elif name == "rotate":
            matrix = _multiply(matrix, _rotation(values))
        elif name == "matrix":
            a, b, c, d, e, f = values
            matrix = _multiply(matrix, (a, b, c, d, e, f))
        else:
            raise UnsupportedError(f"the transformation '{name}' cannot be printed")
    return matrix


def _rotation(values: list[float]) -> Matrix:
    from math import cos, radians, sin

    angle, x, y = (*values, 0.0, 0.0)[:3]
    c, s = cos(radians(angle)), sin(radians(angle))
    return (c, s, -s, c, x - c * x + s * y, y - s * x - c * y)


def _numbers(text: str) -> list[float]:
    return [float(part) for part in re.findall(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", text)]


def _em(thousandths: float) -> float:
    return round(thousandths / 1000, 4) + 0.0  # and no minus zero


def _format(*numbers: float) -> str:
    """Numbers as PDF wants them: no exponents, no needless digits, no minus zero."""
    texts = (f"{number:.4f}".rstrip("0").rstrip(".") for number in numbers)
    return " ".join("0" if text == "-0" else text for text in texts)


# Paths -----------------------------------------------------------------------------------------


def _path(data: str) -> str:
    """An SVG path of absolute commands in PDF operators; PDF has no quadratic curves."""
    return " ".join(_operators(data))


def _operators(data: str) -> Iterator[str]:
    x = y = start_x = start_y = 0.0
    control: tuple[float, float] | None = None
    for command, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", data):
        values = _numbers(rest)
        if command in "Zz":
            yield "h"
            x, y, control = start_x, start_y, None
            continue
        if command not in _ARITY:
            raise UnsupportedError(f"the path command '{command}' cannot be printed")
        count = _ARITY[command]
        for index in range(0, len(values), count):
            part = values[index : index + count]
            previous, control = control, None
            if command == "M" and index == 0:
                x, y = start_x, start_y = part[0], part[1]
                yield f"{_format(x, y)} m"
            elif command in "MLHV":
                x = part[0] if command != "V" else x
                y = part[-1] if command != "H" else y
                yield f"{_format(x, y)} l"
            elif command == "C":
                x, y = part[4:]
                yield f"{_format(*part)} c"
            else:
                if command == "Q":
                    control = (part[0], part[1])
                else:
                    control = (2 * x - previous[0], 2 * y - previous[1]) if previous else (x, y)
                end_x, end_y = part[-2:]
                yield _quadratic(x, y, control, end_x, end_y)
                x, y = end_x, end_y


_ARITY = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "Q": 4, "T": 2}


def _quadratic(x: float, y: float, control: tuple[float, float], to_x: float, to_y: float) -> str:
    """The same curve with two control points."""
    cx, cy = control
    numbers = (
        (x + 2 * cx) / 3,
        (y + 2 * cy) / 3,
        (to_x + 2 * cx) / 3,
        (to_y + 2 * cy) / 3,
    )
    return f"{_format(*(round(n, 1) for n in numbers), to_x, to_y)} c"


def _rectangle(attributes: Mapping[str, Any]) -> str:
    x, y, width, height = (float(attributes.get(n, 0)) for n in ("x", "y", "width", "height"))
    radius = min(float(attributes.get("rx", 0)), width / 2, height / 2)
    if radius <= 0:
        return f"{_format(x, y, width, height)} re"
    k = radius * (1 - _CIRCLE)
    right, top = x + width, y + height
    return (
        f"{_format(x + radius, y)} m {_format(right - radius, y)} l "
        f"{_format(right - k, y, right, y + k, right, y + radius)} c "
        f"{_format(right, top - radius)} l "
        f"{_format(right, top - k, right - k, top, right - radius, top)} c "
        f"{_format(x + radius, top)} l {_format(x + k, top, x, top - k, x, top - radius)} c "
        f"{_format(x, y + radius)} l {_format(x, y + k, x + k, y, x + radius, y)} c h"
    )


#: How far the control points of a quarter circle are from its ends, as a part of the radius.
_CIRCLE = 0.5523


def _ellipse(attributes: Mapping[str, Any]) -> str:
    cx, cy, rx, ry = (float(attributes.get(n, 0)) for n in ("cx", "cy", "rx", "ry"))
    kx, ky = rx * _CIRCLE, ry * _CIRCLE
    return (
        f"{_format(cx + rx, cy)} m "
        f"{_format(cx + rx, cy + ky, cx + kx, cy + ry, cx, cy + ry)} c "
        f"{_format(cx - kx, cy + ry, cx - rx, cy + ky, cx - rx, cy)} c "
        f"{_format(cx - rx, cy - ky, cx - kx, cy - ry, cx, cy - ry)} c "
        f"{_format(cx + kx, cy - ry, cx + rx, cy - ky, cx + rx, cy)} c h"
    )


def _line(attributes: Mapping[str, Any]) -> str:
    x1, y1, x2, y2 = (float(attributes.get(n, 0)) for n in ("x1", "y1", "x2", "y2"))
    return f"{_format(x1, y1)} m {_format(x2, y2)} l"


def _polygon(attributes: Mapping[str, Any]) -> str:
    values = _numbers(attributes["points"])
    points = [f"{_format(*values[i : i + 2])}" for i in range(0, len(values), 2)]
    return " l ".join([f"{points[0]} m {points[1]}", *points[2:]]) + " l h"


_SHAPES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "rect": _rectangle,
    "line": _line,
    "ellipse": _ellipse,
    "polygon": _polygon,
    "path": lambda attributes: _path(attributes["d"]),
}
