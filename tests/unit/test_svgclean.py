"""Media of imported decks on web pages: what remains of an SVG with programs in it."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder import figures
from builder.svgclean import clean

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def cleaned(inner: str, attributes: str = "") -> str:
    data = clean(f"<svg {NS}{attributes}>{inner}</svg>".encode())
    assert not figures.unsafe(data)
    return data.decode().partition(">")[2].removesuffix("</svg>")


@pytest.mark.parametrize(
    "inner",
    [
        "<script>alert(1)</script>",
        '<x:script xmlns:x="http://www.w3.org/2000/svg">alert(1)</x:script>',
        "<SCRIPT>alert(1)</SCRIPT>",
        "<foreignObject><p><script>alert(1)</script></p></foreignObject>",
        '<iframe src="https://example.org"/>',
        '<set attributeName="href" to="javascript:alert(1)"/>',
        '<animate attributeName="xlink:href" values="javascript:alert(1)"/>',
        '<?xml-stylesheet href="https://example.org/x.css"?>',
        "<!-- <script>alert(1)</script> -->",
    ],
)
def test_what_runs_or_loads_is_gone(inner: str) -> None:
    assert cleaned(inner) == ""


@pytest.mark.parametrize(
    "attribute",
    [
        'onclick="alert(1)"',
        'ONLOAD="alert(1)"',
        'href="javascript:alert(1)"',
        'xlink:href="https://example.org"',
        'href="data:image/svg+xml,&lt;svg/&gt;"',
        'style="fill:url(https://example.org/x)"',
        r'style="fill:u\72l(https://example.org/x)"',
        'xml:base="https://example.org"',
    ],
)
def test_attributes_that_lead_out_are_gone(attribute: str) -> None:
    assert cleaned(f'<a x="1" {attribute}>a</a>') == '<a x="1">a</a>'
    assert clean(f"<svg {NS} {attribute}/>".encode()) == f"<svg {NS}></svg>".encode()


def test_a_style_sheet_that_loads_is_empty() -> None:
    assert cleaned("<style>@import 'x.css'; a{fill:red}</style>") == "<style></style>"
    assert cleaned("<style>a{fill:red}</style>") == "<style>a{fill:red}</style>"


def test_the_picture_remains() -> None:
    inner = (
        '<defs><path id="p" d="M0 0"></path></defs><use href="#p"></use>'
        '<image xlink:href="data:image/png;base64,AA=="></image><text>1 &lt; 2 &amp; 三</text>'
    )
    kept = clean(f"<svg {NS}>{inner}<script/></svg>".encode()).decode()
    assert kept == f"<svg {NS}>{inner}</svg>"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg",
        b"<html><script>alert(1)</script>",
        b'<!DOCTYPE svg [<!ENTITY x "<script>alert(1)</script>">]><svg>&x;</svg>',
        b"\xff\xfe\x00",
    ],
)
def test_what_cannot_be_judged_is_an_empty_picture(data: bytes) -> None:
    assert ET.fromstring(clean(data)).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - cleaned


@given(st.text("<>/svg script=\"'&;#x:!-[]?a", max_size=80))
def test_any_text_becomes_a_picture_without_programs(text: str) -> None:
    made = clean(f"<svg>{text}</svg>".encode())
    names = {element.tag.lower() for element in ET.fromstring(made).iter()}  # noqa: S314 - cleaned
    assert "script" not in names
