"""Lists and tables within a fact, measured: beside its mark, numerals not on top of words."""

import re
from pathlib import Path

import pypdfium2.raw as pdfium
import pytest

from builder.cache import Cache
from tests.print.paper import Box, Paper, make

TEXTS = {
    "fr": {
        "title": "Fleuves",
        "question": "Quels fleuves ?",
        "answer": "Deux grands fleuves.",
        "list": "Deux cas :\n\n1. longue {{c1::Lot}}\n2. petit {{c1::Nil}}\n\nPuis\n\n- un point",
        "bare": "- premier {{c1::Rhin}}\n- second {{c1::Danube}}",
        "table": "Tableau :\n\n| Nom | Mer |\n|---|---|\n| Tibre | {{c1::Tyrrh}} |",
    },
    "en": {
        "title": "Rivers",
        "question": "Which rivers?",
        "answer": "Two large rivers.",
        "list": "Two:\n\n1. winding {{c1::Seine}}\n2. steady {{c1::Po}}\n\nThen\n\n- one point",
        "bare": "- primary {{c1::Rhine}}\n- secondary {{c1::Volga}}",
        "table": "Board:\n\n| Label | Sea |\n|---|---|\n| Tiber | {{c1::Ligure}} |",
    },
}
OUTPUTS = {
    "sheet.pdf": "{target: sheet}",
    "handout.pdf": "{target: handout}",
    "stacked.pdf": "{target: handout, layout: stacked}",
    "worksheet.pdf": "{target: worksheet}",
    "cards.pdf": "{target: cards}",
}
LANGUAGES = [["fr"], ["fr", "en"]]


def project(root: Path, languages: list[str]) -> Path:
    """A deck with one item, whose facts are of blocks."""

    def said(key: str, depth: int) -> str:
        texts = {f"{language}:": TEXTS[language][key] for language in languages}
        lines: list[str] = []
        for name, text in texts.items():
            lines += ["|-" if len(texts) == 1 else f"{name} |-"]
            lines += ["  " + line for line in text.split("\n")]
        pad = "\n" + "  " * depth
        return lines[0] + pad + pad.join(lines[1:]) if len(texts) == 1 else pad + pad.join(lines)

    topics = root / "content" / "topics"
    topics.mkdir(parents=True)
    (topics / "rivers.yaml").write_text(
        f"title: {said('title', 1)}\nitems:\n  rivers:\n    level: core\n"
        + "".join(f"    {key}: {said(key, 3)}\n" for key in ("question", "answer"))
        + "    facts:\n"
        + "".join(f"      {key}: {said(key, 4)}\n" for key in ("list", "bare", "table")),
        "utf-8",
    )
    (root / "content" / "deck.yaml").write_text(
        f"id: rivers\ntitle: {said('title', 1)}\nlanguages: [{', '.join(languages)}]\n"
        f"licence: CC0 1.0\nversion: 1.0.0\ndescription: {said('answer', 1)}\n"
        "topics: [rivers]\noutputs:\n"
        + "".join(f"  {name}: {what}\n" for name, what in OUTPUTS.items()),
        "utf-8",
    )
    return root


@pytest.fixture(scope="module", params=LANGUAGES, ids="-".join)
def root(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tmp_path_factory.mktemp("blocks"), request.param)


@pytest.fixture(scope="module", params=list(OUTPUTS))
def paper(request: pytest.FixtureRequest, root: Path, cache: Cache) -> Paper:
    return make(request.param, cache, root)


def found(paper: Paper, wanted: str) -> list[tuple[int, Box]]:
    """Every place that says this, with its page, but for the key of a worksheet."""
    pages = [page for page in range(len(paper.pdf)) if not paper.find(page, "Answers")]
    return [(page, box) for page in pages for box in paper.find(page, wanted)]


def beside(paper: Paper, page: int, words: Box) -> list[Box]:
    """What stands in the line of some words, to their left, nearest first."""
    left = [
        box
        for box in paper.characters(page)
        if box.top < words.bottom and words.top < box.bottom and box.left < words.left
    ]
    return sorted(left, key=lambda box: -box.left)


def languages(paper: Paper) -> list[str]:
    # A deck of another language borrows English words, so lang="en" alone proves no text of it.
    return [language for language, texts in TEXTS.items() if texts["title"] in paper.job.html]


def test_numerals_stand_left_of_their_words_and_do_not_overlap_them(paper: Paper) -> None:
    words = {"fr": ("longue", "petit"), "en": ("winding", "steady")}
    for language in languages(paper):
        for number, word in enumerate(words[language], start=1):
            assert found(paper, word)
            for page, box in found(paper, word):
                dot, numeral = beside(paper, page, box)[:2]
                assert numeral.text + dot.text == f"{number}."
                assert 0 < box.left - dot.right < 4


def test_the_mark_of_a_fact_is_level_with_its_first_line(paper: Paper) -> None:
    if paper.output.target == "cards":
        pytest.skip("a card has no mark")
    marks = {"worksheet": "abc"}.get(paper.output.target, "▪▪▪")
    starts = zip(marks, ("Deux cas", "premier", "Tableau"), strict=True)
    for mark, start in starts:
        page, words = found(paper, start)[0]
        near = [box for box in beside(paper, page, words) if box.text == mark]
        assert near, f"no {mark} beside {start}"
        assert near[0].right < words.left
        assert words.left - near[0].left < 10


def test_items_of_a_list_keep_their_square(paper: Paper) -> None:
    for page, words in found(paper, "un point"):
        middle = (words.top + words.bottom) / 2
        squares = [
            box
            for box in paper.objects(page, pdfium.FPDF_PAGEOBJ_PATH)
            if 0 < words.left - box.right < 4
            and box.top < middle < box.bottom + 1
            and box.right - box.left < 3
        ]
        assert squares


def test_cells_of_a_table_stand_apart(paper: Paper) -> None:
    pairs = {"fr": ("Nom", "Mer", "Tibre"), "en": ("Label", "Sea", "Tiber")}
    for language in languages(paper):
        name, sea, below = pairs[language]
        for (page, left), (_, right), (_, under) in zip(
            found(paper, name), found(paper, sea), found(paper, below), strict=True
        ):
            assert right.left - left.right > 1
            assert abs(under.left - left.left) < 1, page
            assert under.top > left.bottom


def test_plain_facts_are_not_wrapped(cache: Cache) -> None:
    job = make("sheet-both.pdf", cache).job
    assert not re.search('class="blocks"', job.html)
