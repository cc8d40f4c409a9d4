"""What is visible of a text, how long it is, and the way back to the source."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.lint.text import OBJECT, Visible, formula_units, is_countable, visible, words
from builder.markup import parse


def look(value: str) -> Visible:
    return visible(value, parse(value))


@pytest.mark.parametrize(
    ("text", "language", "length"),
    [
        ("旋转位置编码", "zh", 6),
        ("使用 RoPE 的模型", "zh", 6),
        ("LLaMA-2 有 32 层，d_ff 为 11,008。", "zh", 7),
        ("7%–64%", "zh", 2),
        ("", "zh", 0),
        ("ローマ字と漢字", "ja", 7),
        ("What does a KV cache store?", "en", 6),
        ("state-of-the-art doesn't count 3 times", "en", 5),
        ("keys — and values", "en", 3),
        ("un mot — deux mots", "fr", 4),
    ],
)
def test_words(text: str, language: str, length: int) -> None:
    assert words(text, language) == length


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]) | st.just("\n")))
def test_words_of_ascii_are_counted_like_all_others(text: str) -> None:
    assert words(text, "en") == words(f"{text} —", "en")


def test_what_cannot_be_counted_is_not() -> None:
    assert not is_countable("th")
    assert is_countable("zh-Hans-CN")


def test_formulas_count_their_symbols_up_to_five() -> None:
    assert formula_units("d") == 1
    assert formula_units("m-n") == 3
    assert formula_units(r"\mathrm{softmax}\left(\frac{QK^\top}{\sqrt{d_k}}\right)V") == 5


def test_markup_is_not_visible() -> None:
    view = look(
        "看 **重点** `code, x` $a,b$ [文](https://x.org/a,b) ![图](a.svg) \\* https://y.org/a,b 完"
    )
    assert view.text == f"看 重点 {OBJECT} {OBJECT} 文 {OBJECT} * {OBJECT} 完"


def test_clozes_show_their_answers_and_hide_their_hints() -> None:
    value = "前{{c1::答案::提示}}中{{c2::$x$}}后"
    view = look(value)
    assert view.text == f"前答案中{OBJECT}后"
    assert [view.text[h.start : h.end] for h in view.hidden] == ["答案", OBJECT]
    assert [h.number for h in view.hidden] == [1, 2]
    assert view.hints == ("提示",)


def test_places_lead_back_to_the_source() -> None:
    value = "前 `a,b` {{c1::答,案::x}} $y$,后"
    view = look(value)
    for mark in ("前", "答", "案", "后"):
        assert value[view.place(view.text.index(mark))] == mark
    comma = view.text.index(",", view.text.rindex(OBJECT))
    assert value[view.place(comma)] == ","
    assert view.place(comma) == value.index("$,后") + 1


def test_the_span_of_a_formula_is_the_whole_formula() -> None:
    value = "x {{c1::$a+b$}}"
    view = look(value)
    (hidden,) = view.hidden
    start, end = view.span(hidden.start, hidden.end)
    assert value[start:end] == "$a+b$"


def test_code_with_backticks_inside() -> None:
    assert look("a ``x ` y`` b `z").text == f"a {OBJECT} b `z"


FRAGMENTS = st.sampled_from(
    ["词", "word ", "$x$", "$$y$$", "`c`", "``", "`", "{{c1::", "}}", "::", "**", "[", "](u)", "\n",
     "- ", "\\", "$", "12 ", "https://a.b/c ", "![a](b.svg)", "| ", "，", ",", "<", "~~~\n"]
)  # fmt: skip  # one a line would fill a page


@given(st.lists(FRAGMENTS, max_size=30).map("".join))
def test_every_visible_character_has_its_place(value: str) -> None:
    view = look(value)
    for index, char in enumerate(view.text):
        place = view.place(index)
        assert 0 <= place < len(value)
        if char != OBJECT:
            assert value[place] == char
        start, end = view.span(index, index + 1)
        assert 0 <= start < end <= len(value)
    for hidden in view.hidden:
        assert 0 <= hidden.start <= hidden.end <= len(view.text)


def test_many_backticks_take_linear_time() -> None:
    value = " ".join("`" * (n % 300 + 1) for n in range(3000))
    assert isinstance(visible(value, parse("")), Visible)
