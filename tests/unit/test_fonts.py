from io import BytesIO
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from builder import fonts
from builder.cache import Cache


def test_every_family_has_a_regular_face_whose_file_is_installed() -> None:
    for family in fonts.FAMILIES:
        assert fonts.face(family, 400).source().is_file()


def test_no_two_faces_are_told_apart_by_nothing() -> None:
    assert len({face.name for face in fonts.FACES}) == len(fonts.FACES)


def test_a_face_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyError, match="no face DW Mono 400 italic"):
        fonts.face("DW Mono", 400, italic=True)


def test_the_css_names_no_path() -> None:
    css = fonts.font_face_css(["DW Mono", "DW Sans SC"])
    assert css.count("@font-face") == 4
    assert 'font-family: "DW Mono"; font-weight: 700; font-style: normal' in css
    assert "url(font:DW-Mono-700)" in css
    assert "/" not in css


def test_families_are_recognised_by_their_whole_name() -> None:
    assert fonts.named('font-family: "DW Sans SC", "DW Mono"') == ("DW Sans SC", "DW Mono")
    assert fonts.named('"DW Sans", "DW Sans SC"') == ("DW Sans SC", "DW Sans")
    assert fonts.named("serif") == ()


def test_a_static_font_is_passed_on_as_it_is() -> None:
    face = fonts.face("DW Serif SC", 400)
    assert fonts.font_data(face.name, Cache(None)) == face.source().read_bytes()


def test_a_variable_font_becomes_static_under_our_name(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    data = fonts.font_data("DW-Mono-700", cache)
    with TTFont(BytesIO(data)) as font:
        assert "fvar" not in font
        assert "STAT" not in font
        assert font["OS/2"].usWeightClass == 700
        assert font["name"].getDebugName(1) == "DW Mono"
        assert font["name"].getDebugName(6) == "DW-Mono-700"
        assert "JetBrains" not in font["name"].getBestFullName()
        assert ord("a") in font.getBestCmap()
    fonts._pin.cache_clear()
    assert fonts.font_data("DW-Mono-700", Cache(None)) == data
    assert fonts.font_data("DW-Mono-700", cache) == data


def test_fonts_are_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)
    fonts.prepare(["DW Mono"], cache)

    def again(face: fonts.Face) -> bytes:
        raise AssertionError(face.name)

    monkeypatch.setattr(fonts, "_pin", again)
    fonts.prepare(["DW Mono"], cache)
    assert fonts.font_data("DW-Mono-400", cache)[:4] == b"\x00\x01\x00\x00"


def test_the_bold_chinese_font_covers_the_common_characters(cache: Cache) -> None:
    with TTFont(BytesIO(fonts.font_data("DW-Sans-SC-700", cache)), lazy=True) as font:
        covered = font.getBestCmap()
    text = "注意力机制，归一化；激活函数「思维链」——龘"[:-1]
    gb2312 = [
        bytes([a, b]).decode("gb2312")
        for a in range(0xB0, 0xD7)
        for b in range(0xA1, 0xFF)
        if (a, b) < (0xD7, 0xFA)
    ]
    assert [c for c in text + "".join(gb2312) if ord(c) not in covered] == []


@pytest.mark.parametrize(
    ("text", "families", "missing"),
    [
        ("注意力 attention", ["DW Sans SC"], ""),
        ("注意力 attention", ["DW Serif"], "注意力"),
        ("注意力 attention", ["DW Serif", "DW Serif SC"], ""),
        ("emoji 😀 and 𝟙", ["DW Sans", "DW Sans SC"], "😀𝟙"),
        ("thin\u2009space\u200b\u00ad\n\t\ufeff", ["DW Sans"], ""),
        ("a", [], "a"),
        ("", [], ""),
    ],
)
def test_missing_characters_are_found(
    text: str, families: list[str], missing: str, tmp_path: Path
) -> None:
    for cache in (Cache(None), Cache(tmp_path), Cache(tmp_path)):
        fonts._covered.cache_clear()
        assert fonts.missing_glyphs(text, families, cache) == set(missing)
