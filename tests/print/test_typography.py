"""Text set as a typesetter would: measured on pages, with content chosen to be nasty."""

import ctypes
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pypdfium2.raw as pdfium
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from builder import press
from builder.cache import Cache
from builder.load import load
from builder.lock import Lock
from builder.model import CodeBlock, Deck, Item, Output
from builder.project import Project
from builder.targets import Context
from tests.print.paper import RENDER, SAMPLE, Box, Paper, make

DOCUMENTS = ["sheet-zh.pdf", "sheet-both.pdf", "handout.pdf", "cards.pdf", "worksheet.pdf"]
#: What must not begin a line of Chinese, and what must not end one.
CLOSING = "、。，．：；？！）】》〉」』”’…·%℃"
OPENING = "（【《〈「『“‘"
HAN = re.compile("[\u4e00-\u9fff]")
LATIN = re.compile("[A-Za-z0-9]")


@pytest.fixture(scope="module", params=DOCUMENTS)
def paper(request: pytest.FixtureRequest, cache: Cache) -> Paper:
    return make(request.param, cache)


def lines(paper: Paper, number: int) -> Iterator[list[Box]]:
    """The lines of text of a page, each cut where a gap wider than an em begins another column."""
    line: list[Box] = []
    for box in paper.characters(number):
        if line:
            last = line[-1]
            overlap = min(box.bottom, last.bottom) - max(box.top, last.top)
            near = -0.5 < box.left - last.right < 4
            if overlap < -1.5 or not near:
                yield line
                line = []
        line.append(box)
    if line:
        yield line


def beside(paper: Paper, number: int) -> list[Box]:
    """What stands in a line without being text: formulas, and the rules of blanks."""
    return [
        *paper.objects(number, pdfium.FPDF_PAGEOBJ_FORM),
        *paper.objects(number, pdfium.FPDF_PAGEOBJ_PATH),
    ]


def test_no_line_of_chinese_begins_or_ends_wrongly(paper: Paper) -> None:
    looked_at = 0
    for number in range(len(paper.pdf)):
        things = beside(paper, number)
        for line in lines(paper, number):
            text = "".join(box.text for box in line)
            if len(text) < 2 or not HAN.search(text):
                continue
            looked_at += 1
            first, last = line[0], line[-1]
            if first.text in CLOSING:
                assert touched(first.left, first, things), (number + 1, text)
            assert last.text not in OPENING or touched(last.right, last, things), (number + 1, text)
    assert looked_at > 10


def touched(edge: float, box: Box, things: list[Box]) -> bool:
    """Whether something that is no text stands at this edge of a character."""
    return any(
        thing.left - 2.5 < edge < thing.right + 2.5  # a formula's last letter leans beyond its box
        and thing.top - 2 < box.bottom
        and box.top < thing.bottom + 2
        for thing in things
    )


def test_between_han_and_latin_is_a_gap(paper: Paper) -> None:
    found = 0
    for number in range(len(paper.pdf)):
        for line in lines(paper, number):
            for one, other in pairwise(line):
                mixed = HAN.match(one.text) and LATIN.match(other.text)
                if mixed or (LATIN.match(one.text) and HAN.match(other.text)):
                    size = max(one.bottom - one.top, other.bottom - other.top)
                    assert other.left - one.right > 0.1 * size, (number + 1, one, other)
                    found += 1
    assert found > 10


def test_english_is_hyphenated_and_chinese_never(cache: Cache) -> None:
    paper = make("handout.pdf", cache)
    ends = [
        "".join(box.text for box in line[-4:])
        for number in range(len(paper.pdf))
        for line in lines(paper, number)
        if line[-1].text == "\x02"  # how pdfium shows a hyphen at the end of a line
    ]
    assert ends
    assert all(re.fullmatch(r"[a-z]{3}\x02", end) for end in ends), ends


@pytest.mark.parametrize("width", [62, 66, 72, 90])
@pytest.mark.parametrize("target", ["sheet", "cards", "worksheet", "handout"])
def test_nothing_is_too_small_to_read(target: str, width: int, cache: Cache) -> None:
    line = "value = " + "x" * (width - 8)
    code = CodeBlock(language="python", source="\n".join([line] * 4))
    deck = sample(cache)
    item = next(iter(deck.topics[0].items.values())).model_copy(
        update={"code": code, "figure": None, "confusable": ()}
    )
    topic = deck.topics[0].model_copy(update={"items": {"wide": item}})
    output = Output.model_validate({"target": target})
    context = Context(Project(SAMPLE), f"{target}.pdf", output, Lock(), cache)
    job = RENDER[target](replace(deck, unpack=lambda: (topic,)), context)
    printed = press.draw(job, cache)
    assert (printed.problems, printed.misfits) == ((), ())
    pdf = Paper(job, output, printed.data).pdf
    sizes = []
    for page in pdf:
        for text in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT], max_depth=1):
            size = ctypes.c_float()
            pdfium.FPDFTextObj_GetFontSize(text, size)
            sizes.append(size.value * abs(text.get_matrix().d))
    assert len(sizes) > 10
    assert min(sizes) > 5.99


# Nasty content -----------------------------------------------------------------------------------

WORD = st.text("abcdefghijklmnopqrstuvwxyz_/.", min_size=1, max_size=60)
CHINESE = st.text("一二三四五六七八九十，。；（）", min_size=1, max_size=80)
PROSE = st.lists(
    st.one_of(WORD, CHINESE, st.sampled_from(["$x_1+x_2$", "`f(a, b)`", "**b**"])),
    min_size=1,
    max_size=12,
).map(" ".join)
CODE = st.lists(st.text("abc_().=+- 一二", min_size=1, max_size=150), min_size=1, max_size=12).map(
    lambda lines: "\n".join(lines) if any(map(str.strip, lines)) else "x"
)


@st.composite
def tables(draw: st.DrawFn) -> str:
    """A Markdown table of up to eight columns, with long words in it."""
    columns = draw(st.integers(1, 8))
    cell = st.one_of(WORD, CHINESE).map(lambda text: text.replace("|", ""))
    rows = draw(
        st.lists(st.lists(cell, min_size=columns, max_size=columns), min_size=2, max_size=9)
    )
    texts = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([texts[0], "|" + "---|" * columns, *texts[1:]])


@st.composite
def items(draw: st.DrawFn) -> Item:
    return Item(
        level="core",
        question={"zh": draw(PROSE), "en": draw(PROSE)},
        answer={"zh": draw(PROSE), "en": draw(PROSE)},
        formula=draw(st.sampled_from([None, "+".join(f"a_{{{n}}}x^{{{n}}}" for n in range(40))])),
        code=CodeBlock(language="python", source=draw(CODE)),
        table=dict.fromkeys(("zh", "en"), draw(tables())),
        facts={"one": {"zh": f"{draw(PROSE)} {{{{c1::{draw(WORD)}}}}}", "en": "{{c1::it}} is"}},
    )


TARGETS: dict[str, dict[str, object]] = {
    "sheet": {"columns": 3, "paper": "A4 landscape"},
    "handout": {},
    "worksheet": {"paper": "Letter"},
}


def nasty(prose: str, *rows: str) -> Item:
    """An item that once did not fit."""
    table = "\n".join([rows[0], "|" + "---|" * (rows[0].count("|") - 1), *rows[1:]])
    texts = {"zh": prose, "en": prose}
    return Item(
        level="core", question=texts, answer=texts, table=dict.fromkeys(("zh", "en"), table)
    )


FORMULAS = "|$a_1+a_2+a_3+a_4+a_5+a_6$" * 6 + "|"
LONG = "r.xoujjpeawonvvslnwl_gyigvos.p_ivtnji_ocdkovv.jq_._hq.khefiw"
WIDE = "mwmw_mnwwmmwm_wm"
CLOSED = "一）；）；）；，。"


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(item=items(), target=st.sampled_from(sorted(TARGETS)))
@example(item=nasty(f"一二 {LONG} 三四", "| a |", "| b |"), target="handout")
@example(item=nasty(f"一二 {LONG} 三四", "| a |", "| b |"), target="sheet")
@example(item=nasty("一二", "|a|b|c|d|", f"|{WIDE}|{WIDE}|{WIDE}|{WIDE}|"), target="sheet")
@example(item=nasty("一二", f"|{CLOSED}" * 4 + "|", f"|{CLOSED}" * 4 + "|"), target="sheet")
@example(item=nasty("一二", FORMULAS, FORMULAS), target="sheet")
@example(item=nasty("一二", FORMULAS, FORMULAS), target="handout")
def test_nothing_overflows_or_it_is_said(item: Item, target: str, cache: Cache) -> None:
    deck = sample(cache)
    topic = deck.topics[0].model_copy(update={"items": {"nasty": item}})
    output = Output.model_validate({"target": target, **TARGETS[target]})
    context = Context(Project(SAMPLE), f"{target}.pdf", output, Lock(), cache)
    job = RENDER[target](replace(deck, unpack=lambda: (topic,)), context)
    printed = press.draw(job, cache)
    assert printed.problems == ()
    if printed.misfits:
        assert {(misfit.note, misfit.side) for misfit in printed.misfits} == {("nasty", "table")}
        return
    paper = Paper(job, output, printed.data)
    margin = 8.5 if target == "sheet" else 15.5
    for number in range(len(paper.pdf)):
        width = paper.pdf[number].get_width() * 25.4 / 72
        things = [*paper.characters(number), *paper.objects(number, pdfium.FPDF_PAGEOBJ_FORM)]
        for box in things:
            assert margin - 0.5 <= box.left, (number + 1, box)
            assert box.right <= width - margin + 0.5, (number + 1, box)
        if target == "handout":
            rules = list(paper.objects(number, pdfium.FPDF_PAGEOBJ_PATH))
            for rule in (box for box in rules if box.right - box.left < 0.5):
                for box in paper.characters(number):
                    over = box.left < rule.left - 0.2 and rule.right + 0.2 < box.right
                    assert not (over and rule.top < box.bottom < rule.bottom), (number + 1, box)
        if target == "sheet":
            step = (width - 18 + 6) / 3
            for box in paper.characters(number):
                if 14 < box.top < 198:
                    column = int((box.left - 9 + 1) / step)
                    assert box.right <= 9 + (column + 1) * step - 6 + 0.6, (number + 1, box)


@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(item=items())
def test_a_card_holds_its_text_or_says_that_it_cannot(item: Item, cache: Cache) -> None:
    deck = sample(cache)
    topic = deck.topics[0].model_copy(update={"items": {"nasty": item}})
    output = Output.model_validate({"target": "cards"})
    context = Context(Project(SAMPLE), "cards.pdf", output, Lock(), cache)
    job = RENDER["cards"](replace(deck, unpack=lambda: (topic,)), context)
    printed = press.draw(job, cache)
    assert printed.problems == ()
    if printed.misfits:
        assert {misfit.note for misfit in printed.misfits} <= {"nasty", "nasty.one"}
        return
    paper = Paper(job, output, printed.data)
    for number in range(2):
        things = [*paper.characters(number), *paper.objects(number, pdfium.FPDF_PAGEOBJ_FORM)]
        for box in things:
            left = 105 * (box.left > 105)
            assert left + 4.5 <= box.left, (number + 1, box)
            assert box.right <= left + 100.5, (number + 1, box)
            assert box.top > 4, (number + 1, box)
            assert box.bottom < 71, (number + 1, box)


def sample(cache: Cache) -> Deck:
    return load(Project(SAMPLE), cache).deck
