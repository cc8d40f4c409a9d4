import pytest

from builder.diagnostics import (
    ContentError,
    Diagnostic,
    Span,
    did_you_mean,
    display_width,
    excerpt,
    in_order,
)


def test_excerpt_counts_chinese_as_two_columns() -> None:
    text = "a: 中文字 x\n"
    assert excerpt(Span("f", 1, 5, 1, 7), text) == "  |\n1 | a: 中文字 x\n  |      ^^^^"


def test_excerpt_of_several_lines_marks_the_rest_of_the_first() -> None:
    assert excerpt(Span("f", 2, 2, 3, 1), "x\nabc\ny").splitlines()[-1] == "  |  ^^"


def test_excerpt_of_a_long_line_is_cut_around_the_caret() -> None:
    text = "x" * 5000 + "HERE" + "y" * 5000
    shown = excerpt(Span("f", 1, 5001, 1, 5005), text).splitlines()
    assert len(shown[1]) < 120
    caret = shown[2]
    assert shown[1][caret.index("^") : caret.rindex("^") + 1] == "HERE"


def test_excerpt_hides_control_characters_and_keeps_the_caret_aligned() -> None:
    shown = excerpt(Span("f", 1, 3, 1, 4), "\t\x1bX").splitlines()
    assert shown[1] == "1 |   X"
    assert shown[2] == "  |   ^"


def test_excerpt_past_the_end_is_empty() -> None:
    assert excerpt(Span("f", 9, 1, 9, 2), "one line") == ""


def test_excerpt_of_nothing_still_has_a_caret() -> None:
    assert excerpt(Span("f", 1, 3, 1, 3), "ab").endswith("^")


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("中文", 4), ("é", 1), ("e\u0301", 1)])
def test_display_width(text: str, width: int) -> None:
    assert display_width(text) == width


def test_suggestions_only_when_close() -> None:
    assert did_you_mean("anwser", ["answer", "question"]) == "did you mean 'answer'?"
    assert did_you_mean("zzz", ["answer", "question"]) == ""


def test_a_suggestion_does_not_depend_on_the_order_of_a_set() -> None:
    known = {"aBC", "ABC", "AbC", "abC", "ABc", "Abc"}
    assert did_you_mean("abc", known) == "did you mean 'ABC'?"


def test_order_is_by_place_and_repeats_are_dropped() -> None:
    late = Diagnostic("b", "late", Span("b", 1, 1, 1, 2))
    early = Diagnostic("a", "early", Span("a", 7, 1, 7, 2))
    nowhere = Diagnostic("c", "nowhere", None)
    assert in_order([late, early, late, nowhere]) == (nowhere, early, late)
    assert ContentError([late, early]).diagnostics == (early, late)
