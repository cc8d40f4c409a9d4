"""The parts of SVG that MathJax uses rarely; formulas in test_typeset.py cover the rest."""

from typing import Any

import pytest

from builder.outlines import Outliner
from builder.svg import UnsupportedError, convert
from builder.typeset import Drawing


def drawing(*nodes: Any, view: str = "0 -750 2000 1000") -> Drawing:
    root = ["g", {"transform": "scale(1,-1)"}, list(nodes)]
    return convert(["svg", {"viewBox": view}, [root]], Outliner())


def test_the_box_comes_from_the_view() -> None:
    result = drawing(view="-20 -750 2000 1000")
    assert (result.width, result.height, result.depth) == (2.0, 0.75, 0.25)
    assert result.outlines == {}


def test_transformations_add_up_to_one_matrix() -> None:
    inner = ["path", {"d": "M0 0L1 1Z", "transform": "scale(.5)"}, []]
    rotated = ["g", {"transform": "translate(10, 20) rotate(90)"}, [inner]]
    result = drawing(["g", {"transform": "matrix(2,0,0,2,0,0)"}, [rotated]])
    assert result.content.startswith("q 0 1 -1 0 20 40 cm /")


def test_an_outline_is_turned_into_cubic_curves() -> None:
    (path,) = drawing(["path", {"d": "M0 0Q30 0 30 30T60 60H90V10Z"}, []]).outlines.values()
    assert path == "0 0 m 20 0 30 10 30 30 c 30 50 40 60 60 60 c 90 60 l 90 10 l h"


def test_glyphs_of_one_path_share_a_name() -> None:
    glyph = ["path", {"d": "M0 0L1 1Z"}, []]
    result = drawing(glyph, ["g", {"transform": "translate(5)"}, [glyph]])
    assert len(result.outlines) == 1
    assert result.content.count("Do") == 2


@pytest.mark.parametrize(
    ("kind", "attributes", "operators"),
    [
        ("rect", {"x": 1, "y": 2, "width": 3, "height": 4}, "1 2 3 4 re f"),
        ("rect", {"width": 3, "height": 4, "fill": "none", "stroke-width": "5"}, "re S"),
        ("rect", {"width": 3, "height": 4, "data-frame": "true"}, "70 w 0 0 3 4 re S"),
        ("rect", {"width": 9, "height": 9, "rx": "2", "ry": "2"}, "c h f"),
        ("line", {"x1": 0, "y1": 1, "x2": 2, "y2": 3, "stroke-width": 6}, "6 w 0 1 m 2 3 l S"),
        ("line", {"data-line": "h", "class": "mjx-dashed"}, "[140] 0 d"),
        ("line", {"data-line": "h", "class": "mjx-dotted"}, "1 J [0 140] 0 d"),
        ("line", {"stroke-width": 6, "stroke-dasharray": "1 2"}, "[1 2] 0 d"),
        (
            "ellipse",
            {"cx": 5, "cy": 5, "rx": 5, "ry": 5, "stroke-width": 1, "fill": "none"},
            "c h S",
        ),
        ("polygon", {"points": "0,0 1,0 1,1"}, "0 0 m 1 0 l 1 1 l h f"),
        ("path", {"d": "M0 0L5 5", "stroke-width": "3"}, "3 w 0 0 m 5 5 l B"),
        ("path", {"d": "M0 0C1 1 2 2 3 3", "stroke-width": "3", "fill": "none"}, "1 1 2 2 3 3 c S"),
    ],
)
def test_shapes_are_painted(kind: str, attributes: dict[str, Any], operators: str) -> None:
    assert operators in drawing([kind, attributes, []]).content


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (["image", {}, []], "<image> cannot be printed"),
        (["path", {"d": "m0 0"}, []], "the path command 'm' cannot be printed"),
        (["g", {"transform": "skewX(3)"}, []], "the transformation 'skewX' cannot be printed"),
        (["rect", {"width": 1, "height": 1, "fill": "url(#a)"}, []], "unknown colour 'url(#a)'"),
    ],
)
def test_what_is_not_known_is_refused(node: Any, message: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        drawing(node)
    assert str(caught.value) == message


def test_numbered_formulas_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="numbered"):
        convert(["svg", {"width": "100%"}, []], Outliner())


def test_numbers_have_no_exponents_and_no_minus_zero() -> None:
    node = ["rect", {"x": "-0.00001", "y": "1e-7", "width": "1000000", "height": ".5"}, []]
    assert "0 0 1000000 0.5 re" in drawing(node).content
