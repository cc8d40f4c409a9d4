"""The YAML reader: data as typed, places exact, traps refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.diagnostics import ContentError, Diagnostic
from builder.source import MAX_BYTES, Mapping, Scalar, parse, read, scalars


@pytest.mark.parametrize(
    "typed",
    [
        "no",
        "yes",
        "on",
        "3.10",
        "0123",
        "1_000",
        "1:30",
        "2024-01-01",
        "1e3",
        "=",
        "null",
        "~",
        ".inf",
    ],
)
def test_every_scalar_is_the_text_that_was_typed(typed: str) -> None:
    assert parse(f"a: {typed}", "f").data() == {"a": typed}


@pytest.mark.parametrize(
    "char",
    [*map(chr, (*range(9), *range(11, 32), *range(0x7F, 0xA0))), *"\u2028\u2029\ufeff\ufffe\uffff"],
    ids=ascii,
)
def test_what_no_yaml_file_may_hold_is_refused(char: str) -> None:
    with pytest.raises(ContentError) as error:
        parse(f"a: b{char}c", "f")
    assert [found.code for found in error.value.diagnostics] == ["control-character"]


def test_nothing_is_none() -> None:
    assert parse("a:\nb: ''", "f").data() == {"a": None, "b": ""}
    assert parse("", "f").data() is None
    assert parse("# only a comment", "f").data() is None


def test_flow_mapping_with_question_mark() -> None:
    assert parse("{q: What?}", "f").data() == {"q": "What?"}


TEXT = """\
title: {zh: 位置, en: 'It''s here'}
block: |
  第一行 $x$
  second {{c1::b}}

folded: >-
  one
  two three

plain: goes on
  here
double: "say \\"hi\\" now"
list:
  - a
  - b c
"""


@pytest.mark.parametrize(
    ("path", "needle", "place"),
    [
        (("title", "zh"), "置", (1, 14)),
        (("title", "en"), "s here", (1, 26)),
        (("block",), "$x$", (3, 7)),
        (("block",), "{{c1", (4, 10)),
        (("folded",), "three", (8, 7)),
        (("folded",), "two", (8, 3)),
        (("plain",), "here", (11, 3)),
        (("double",), "hi", (12, 16)),
        (("list", 1), "c", (15, 7)),
    ],
)
def test_places_inside_texts(
    path: tuple[str | int, ...], needle: str, place: tuple[int, int]
) -> None:
    source = parse(TEXT, "f")
    node = source.node(path)
    assert isinstance(node, Scalar)
    assert node.value is not None
    at = node.value.index(needle)
    span = source.text_span(path, at, at + len(needle))
    assert (span.line, span.column) == place
    assert span.end_column - span.column == len(needle)


def test_keys_and_values_have_places() -> None:
    source = parse(TEXT, "f")
    assert str(source.key_span(("title", "en"))) == "f:1:17"
    assert str(source.value_span(("list", 0))) == "f:14:5"
    assert str(source.value_span(("title",))) == "f:1:9"
    assert str(source.key_span(("list", 0))) == "f:14:5"


def test_parts_that_are_not_there_are_skipped() -> None:
    source = parse("a: {b: c}", "f")
    assert source.value_span(("a", "tag", "b")) == source.value_span(("a", "b"))


def test_all_problems_of_a_file_are_found_at_once() -> None:
    with pytest.raises(ContentError) as caught:
        parse("a: &x 1\na: 2\nb: !t 3\nc: *x\n", "f")
    assert [d.code for d in caught.value.diagnostics] == ["anchor", "duplicate-key", "tag", "alias"]


def test_windows_line_ends_keep_places() -> None:
    source = parse("a: x\r\nb: yy\r\n", "f")
    assert source.data() == {"a": "x", "b": "yy"}
    assert str(source.value_span(("b",))) == "f:2:4"


def test_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: b")
    assert read(file, "x.yaml").data() == {"a": "b"}


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    with file.open("wb") as handle:
        handle.truncate(MAX_BYTES + 1)
    with pytest.raises(ContentError) as caught:
        read(file, "x.yaml")
    assert caught.value.diagnostics[0].code == "file-too-large"


YAMLISH = st.text(
    alphabet=st.sampled_from(list("ab中：:{}[]#&*!|>'\"%@`-?,\n \t\\~<=01\x00\x7f\u2028\ufeff")),
    max_size=60,
)


@given(st.one_of(st.text(), YAMLISH))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    problems: tuple[Diagnostic, ...] = ()
    try:
        source = parse(text, "f")
    except ContentError as error:
        problems = error.diagnostics
    else:
        for path, scalar in scalars(source.root):
            if scalar.value:
                assert source.text_span(path, 0, len(scalar.value)).column >= 1
    for problem in problems:
        assert problem.span is not None
        assert 1 <= problem.span.line <= text.count("\n") + 2
        assert problem.span.column >= 1


@given(
    st.dictionaries(
        st.text("abc", min_size=1, max_size=3), st.text("ab 中'\":#{}\\\n", max_size=20)
    )
)
def test_quoted_text_comes_back_with_exact_places(data: dict[str, str]) -> None:
    flat = {k: v.replace("\n", " ").strip() for k, v in data.items()}
    text = "".join(f"{k}: '{v.replace(chr(39), chr(39) * 2)}'\n" for k, v in flat.items())
    source = parse(text, "f")
    assert (source.data() or {}) == flat
    if not flat:
        return
    assert isinstance(source.root, Mapping)
    lines = text.split("\n")
    for key, value in flat.items():
        for index, char in enumerate(value):
            if not char.isspace():
                span = source.text_span((key,), index, index + 1)
                assert lines[span.line - 1][span.column - 1] == char
