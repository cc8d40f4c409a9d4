"""What must hold for any text at all."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.token import Token
from markdown_it.utils import EnvType

from builder import markup
from builder.markup import inline as inlines
from builder.markup.inline import InlineParser
from builder.markup.parse import build_parser, parse_markdown
from builder.markup.quick import quick
from builder.markup.records import ClozeStyle
from tests.unit.markup.showing import records

PIECES = [
    *"{{c1:: {{c2:: {{c12:: {{ }} { } :: : $ $$ * ** _ ` `` ``` ~~ [ ]( ![ ) < >".split(),
    *"](https://x.org) <b> \\ &amp; &#123; a Bc 5 中 文。 “ ， | |---| - # 😀 \ud7ff".split(),
    *(" ", "  ", "    ", "\n", "\n\n", "\n- ", "\n> ", "\n1. ", "\t", "\0", "\r\n", "\u2028"),
    "| a | b |\n|---|---|\n| ",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=24).map("".join)
ANY = TEXTS | st.text(max_size=80)


def style(cloze: ClozeStyle, *, autospace: bool = False, inline: bool = False) -> markup.Style:
    return markup.Style(
        cloze,
        markup.anki_math,
        lambda _src, _alt: "<img>",
        autospace=autospace,
        inline=inline,
    )


@given(ANY)
@settings(max_examples=400, deadline=None)
@example("{{c1::\0}}\0")
@example("\ud800")
def test_any_text_has_a_document(text: str) -> None:
    document = markup.parse(text)
    for record in (*document.problems, *records(document)):
        assert 0 <= record.start <= record.end <= len(text)
    for cloze in ("anki", "mark", "blank", "plain"):
        markup.render(document, style(cloze, autospace=True))
    markup.plain(document)


@given(ANY)
@settings(max_examples=400, deadline=None)
def test_anki_sees_just_the_clozes_of_the_document(text: str) -> None:
    document = markup.parse(text)
    html = markup.render(document, style("anki"))
    assert markup.card_ordinals([html]) == sorted({c.number - 1 for c in document.clozes})


@given(ANY)
@example("\u2028{{c1:::}}")
@settings(max_examples=400, deadline=None)
def test_offsets_are_those_of_the_source(text: str) -> None:
    document = markup.parse(text)
    for cloze in document.clozes:
        source = text[cloze.start : cloze.end]
        assert re.fullmatch(rf"\{{\{{c0*{cloze.number}::.*\}}\}}", source, re.DOTALL)
    for math in document.maths:
        source = text[math.start : math.end]
        mark = "$$" if math.display else "$"
        assert source.startswith(mark)
        assert source.endswith(mark)


CONTAINERS = st.lists(st.sampled_from(["> ", "- ", "12. ", ">", "  - "]), max_size=3)
LINES = st.lists(st.text("a中 *é", max_size=6), min_size=1, max_size=3)


@given(CONTAINERS, LINES, st.integers(0, 2))
@settings(max_examples=300, deadline=None)
def test_offsets_are_exact_in_any_container(
    containers: list[str], lines: list[str], before: int
) -> None:
    """Each line holds a formula with its own number: its offsets must cut out just that."""
    first = "".join(containers)
    rest = "".join(c if ">" in c else " " * len(c) for c in containers)
    body = [f"x{line}$n_{number}$" for number, line in enumerate(lines)]
    text = "para\n\n" * before + first + f"\n{rest}".join(body)
    found = markup.parse(text).maths
    assert [m.latex for m in found] == [f"n_{number}" for number in range(len(lines))]
    for math in found:
        assert text[math.start : math.end] == f"${math.latex}$"


@given(st.text(st.characters(exclude_characters="\n"), max_size=30) | ANY)
@settings(max_examples=600, deadline=None)
@example("1. a")
@example("- a")
@example("a ")
@example("RoPE 之后")
@example("**b** {{c1::`a::b` or a\\::b::hint}} $x$ ![a](b.svg)")
@example("[a]: b")
@example("$$x$$")
@example("``` a")
@example("\\# a &amp; b")
def test_the_short_cut_changes_nothing(text: str) -> None:
    short, full = markup.parse(text), parse_markdown(text)
    for cloze in ("anki", "mark"):
        for inline in (False, True):
            wanted = style(cloze, autospace=inline, inline=inline)
            assert markup.render(short, wanted) == markup.render(full, wanted)
    assert markup.plain(short) == markup.plain(full)
    assert short.problems == full.problems
    assert (short.clozes, short.maths, short.images, short.codes) == (
        full.clozes,
        full.maths,
        full.images,
        full.codes,
    )
    # Positions are noted on the tokens only where the full parser ran.
    assert [{**t.as_dict(), "meta": None} for t in short.tokens] == [
        {**t.as_dict(), "meta": None} for t in full.tokens
    ]


COMMON = "a 中 5 。 ， . ; **b** **粗** **2** $x_1$ $\\frac{{1}}{2}$ $a}}$ {{c1::a}} {{c3::**b**}}"
ODD = "** * $ ` \\ _ { } {{c1:: {{c2:: }} :: : {{c0::a}} {{c1::{{c2::a}}}} &amp; $$ [a] <b>"
SIMPLE = st.sampled_from([*COMMON.split(), " ", " ", "{{c12::$x$ b}}", "**b c**"])


@given(st.lists(SIMPLE | SIMPLE | SIMPLE | st.sampled_from(ODD.split()), max_size=9).map("".join))
@settings(max_examples=1500, deadline=None)
def test_what_needs_no_parser_gives_the_same_tokens(text: str) -> None:
    line = f"a{text}".rstrip()  # a letter begins a paragraph
    found = quick(line)
    if found is None:
        return
    full = parse_markdown(line)
    tokens, clozes, maths = found
    (inline,) = (token for token in full.tokens if token.type == "inline")
    assert [t.as_dict() for t in tokens] == [t.as_dict() for t in inline.children or ()]
    assert (tuple(clozes), tuple(maths)) == (full.clozes, full.maths)
    assert not full.problems


@pytest.mark.parametrize("text", ["词 **b** $x$ {{c1::a}}", "**b**", "{{c1::a **b** $x$}}。"])
def test_common_texts_need_no_parser(text: str) -> None:
    assert quick(text) is not None


def test_carriage_returns_count_in_offsets() -> None:
    text = "a\r\n$x$\r\rb\r\n- $y$"
    assert [text[m.start : m.end] for m in markup.parse(text).maths] == ["$x$", "$y$"]


@pytest.mark.parametrize(
    "text",
    [
        "{{c1::a" * 3000,
        "{{c1::" * 3000 + "a" + "}}" * 3000,
        "{{c1::x\n\n" * 3000 + "y}}\n\n" * 3000,
        "{{c1::a::" * 2000 + "}}" * 2000,
        "{{c1::" + ":" * 20000 + "}}",
        "{{c" + "9" * 20000 + "::a}}",
        "[{{c1::" * 2000 + "}}](http://a)" * 2000,
        "*" * 5000,
        "**中。" * 5000,
        "[" * 5000,
        "[a](" * 5000,
        "`" * 5000,
        "<" * 20000,
        "<b " * 20000,
        "$" * 20000,
        "$$a $" * 5000,
        "$" + "\\$" * 20000,
        "{" * 20000,
        "}" * 20000,
        ">" * 5000,
        "- " * 2000,
        "a\n" * 10000,
        "\0" * 5000,
    ],
    ids=lambda text: repr(text[:12]),
)
@pytest.mark.timeout(20)
def test_hostile_texts_end(text: str) -> None:
    document = markup.parse(text)
    assert isinstance(markup.render(document, style("anki", autospace=True)), str)
    assert isinstance(markup.plain(document), str)


def test_the_same_text_is_parsed_once() -> None:
    assert markup.parse("a *b*") is markup.parse("a *b*")


@pytest.fixture(scope="module")
def stock() -> MarkdownIt:
    """Our parser with markdown-it's own loop, which tries every rule at every place."""

    class Stock(InlineParser):
        tokenize = ParserInline.tokenize

        def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(inlines, "_AFTER", inlines._SPECIAL)
                patch.setattr(inlines, "_SPECIAL", _Everything())
                return super().parse(src, md, env, tokens)

    class _Everything(frozenset[str]):
        def intersection(self, *_: object) -> frozenset[str]:
            return frozenset(inlines._TRIGGERS["emphasis"])

    parser = build_parser(html=False)
    ours = parser.inline
    parser.inline = Stock()
    parser.inline.ruler, parser.inline.ruler2 = ours.ruler, ours.ruler2
    return parser


@given(ANY)
@settings(max_examples=600, deadline=None)
@example("a **b** $c$ {{c1::d::e}} `f` ~~g~~ [h](i) ![j](k) <http://l> &amp; \\* m_n_")
@example("a  \nb\\\nc")
def test_fewer_rules_give_the_same_tokens(stock: MarkdownIt, text: str) -> None:
    fewer, all_rules = build_parser(html=False).parse(text), stock.parse(text)
    assert [t.as_dict() for t in fewer] == [t.as_dict() for t in all_rules]
