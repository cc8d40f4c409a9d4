"""Narrow columns of printed tables keep their lines whole, and never crowd out the others."""

import re

from markupsafe import Markup

from builder.targets.tables import keep_short, narrow


def table(*rows: str) -> str:
    """A table's HTML from lines such as `a | b`; the first is the head."""
    head, *body = (
        "<tr>\n" + "".join(f"<{tag}>{cell}</{tag}>\n" for cell in row.split(" | ")) + "</tr>\n"
        for tag, row in zip(["th", *["td"] * len(rows)], rows, strict=False)
    )
    return f"<table>\n<thead>\n{head}</thead>\n<tbody>\n{''.join(body)}</tbody>\n</table>\n"


def kept(html: str) -> list[str]:
    return re.findall(r' class="short">([^<]*)<', html)


def test_a_column_of_names_is_whole_next_to_one_of_sentences() -> None:
    long = "较早的有 Yi、InternLM、Baichuan、Falcon、BLOOM，此外还有许多别的家族"
    html = keep_short(table("架构 | 家族", f"因果解码器 | {long}"), 44)
    assert kept(html) == ["架构", "因果解码器"]


def test_a_long_heading_may_break_over_short_cells() -> None:
    html = keep_short(table("显存，以 GB 为单位 | 说明", f"80 | {'很长' * 30}"), 44)
    assert kept(html) == ["80"]


def test_columns_that_ask_for_more_than_there_is_share_it() -> None:
    assert narrow([["a", "b", "c"], ["x" * 5 + " y" * 20] * 3], 44) == [-1, -1, -1]


def test_the_longest_word_of_the_others_always_fits() -> None:
    word = "ContextualCompressionRetriever"
    assert kept(keep_short(table("a | b", f"one two three | {word} {word}"), 43))[:2] != [
        "a",
        "one two three",
    ]


def test_formulas_count_by_their_width_and_alignment_stays() -> None:
    formula = '<img class="math" src="math:1" alt="x" style="width:{}em;height:1em">'
    wide, small = formula.format(30), formula.format(2)
    html = keep_short(
        f'<table><thead><tr>\n<th class="right">a</th>\n<th>b</th>\n</tr></thead>'
        f'<tbody><tr>\n<td class="right">{small}</td>\n<td>{wide}</td>\n</tr></tbody></table>',
        44,
    )
    assert f'<td class="right">{small}</td>' in html, "the other formula needs all the room"
    html = keep_short(html.replace(wide, small), 44)
    assert f'<td class="right short">{small}</td>' in html


def test_words_may_be_broken_where_they_alone_are_too_wide() -> None:
    word = "ContextualCompressionRetriever"
    html = keep_short(Markup(table("a | b", f"{word} | {word}")), 44)
    assert html.startswith('<table class="tight">')
    assert 'class="tight"' not in keep_short(table("a | b", f"{word} | x"), 44)


def test_words_are_as_wide_as_their_letters() -> None:
    """Ten letters are not ten letters: with wide ones the table is tight, with narrow ones not."""
    for letters, is_tight in (("mwmwmwmwmw", True), ("illitilfil", False)):
        html = keep_short(table(" | ".join("abcd"), " | ".join([letters] * 4)), 44)
        assert ('class="tight"' in html) == is_tight


def test_chinese_keeps_its_punctuation() -> None:
    """Characters may part, but none begins a line with what closes a sentence."""
    for cell, is_tight in (("一二三四五六七八九十", False), ("（一）；）；）；）；）；）；", True)):
        html = keep_short(table("a | b", f"{cell} | {cell}"), 44)
        assert ('class="tight"' in html) == is_tight
