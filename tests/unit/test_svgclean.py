"""Media of imported decks on web pages: what remains of an SVG with programs in it."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder import svgclean
from builder.svgclean import clean

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def cleaned(inner: str, attributes: str = "") -> str:
    data = clean(f"<svg {NS}{attributes}>{inner}</svg>".encode())
    assert not svgclean.judged(data).removed
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
        '<html xmlns="http://www.w3.org/1999/xhtml"><form action="javascript:alert(1)"/></html>',
        '<h:form xmlns:h="http://www.w3.org/1999/xhtml" action="javascript:alert(1)"/>',
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
        'style="fill:/*url(#*/url(https://example.org/x)"',
        """style="background:image-set('https://example.org/x' 1x)\"""",
        'xml:base="https://example.org"',
    ],
)
def test_attributes_that_lead_out_are_gone(attribute: str) -> None:
    assert cleaned(f'<a x="1" {attribute}>a</a>') == '<a x="1">a</a>'
    assert clean(f"<svg {NS} {attribute}/>".encode()) == f"<svg {NS}></svg>".encode()


def test_a_style_sheet_that_loads_is_empty() -> None:
    assert cleaned("<style>@import 'x.css'; a{fill:red}</style>") == "<style></style>"
    assert cleaned("<style>a{fill:red}</style>") == "<style>a{fill:red}</style>"


@pytest.mark.parametrize(
    "sheet",
    [
        '@im<script/>port "https://example.org/x.css";',
        '@im<title/>port "https://example.org/x.css";',
        '@im<!-- -->port "https://example.org/x.css";',
        '@im<![CDATA[port "https://example.org/x.css";]]>',
        r'@\69mport "https://example.org/x.css";',
        "/" * 8189 + '@import "https://example.org/x.css";',
    ],
)
def test_no_rule_hides_in_pieces_of_a_style_sheet(sheet: str) -> None:
    assert cleaned(f"<style>{sheet}</style>") == "<style></style>"


@pytest.mark.parametrize(
    "inner",
    [
        "<!-- drawn by hand --><path d='M0  0' />",
        "<style>/* > */ a::before{content:'\\201C'} b{transform:rotate(3deg)}</style>",
        r'<g xmlns:t="urn:tex" t:text="\frac{1}{2}(a) or @import"/>',
        "<text>url(https://example.org), or @import</text>",
        "<image href='data:image/png;base64,AA=='/>",
    ],
)
def test_what_is_clean_stays_byte_for_byte(inner: str) -> None:
    data = f"\ufeff<?xml version='1.0' encoding='UTF-8'?>\n<svg {NS}>{inner}</svg>\n".encode()
    assert clean(data) == data


def test_another_encoding_is_written_as_utf_8() -> None:
    text = f"<?xml version='1.0' encoding='{{}}'?><svg {NS}>é</svg>"
    for encoding in ("latin-1", "utf-16"):
        data = text.format(encoding).encode(encoding)
        assert clean(data) == f"<svg {NS}>é</svg>".encode()


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
        b"<?xml version='1.0' encoding='gbk'?><svg/>",
        b"<?xml version='1.0' encoding='none'?><svg/>",
        b'<html xmlns="http://www.w3.org/1999/xhtml"><form action="javascript:alert(1)"/></html>',
    ],
)
def test_what_cannot_be_judged_is_an_empty_picture(data: bytes) -> None:
    assert ET.fromstring(clean(data)).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - cleaned


@given(st.text("<>/svg script=\"'&;#x:!-[]?a", max_size=80))
def test_any_text_becomes_a_picture_without_programs(text: str) -> None:
    made = clean(f"<svg>{text}</svg>".encode())
    names = {element.tag.lower() for element in ET.fromstring(made).iter()}  # noqa: S314 - cleaned
    assert "script" not in names
