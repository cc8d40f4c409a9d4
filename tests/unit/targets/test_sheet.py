"""The sheet's HTML: what it holds, in which order, and what it leaves to the style sheet."""

import re
from pathlib import Path

import pytest
from markupsafe import Markup

from builder.cache import Cache
from builder.forms import math_key
from builder.load import load
from builder.lock import Lock
from builder.model import Deck, Output
from builder.project import Project
from builder.targets import Context, PrintJob, printing, scribe, sheet
from builder.typeset import Formula

SAMPLE = Project(Path(__file__).parents[2] / "print" / "sample")


@pytest.fixture(scope="module")
def deck(cache: Cache) -> Deck:
    return load(SAMPLE, cache).deck


def make(deck: Deck, cache: Cache, project: Project = SAMPLE, **output: object) -> PrintJob:
    settings = Output.model_validate({"target": "sheet", **output})
    return sheet.render(deck, Context(project, "sheet.pdf", settings, Lock(), cache))


def numbers(job: PrintJob) -> list[str]:
    return re.findall(r'<h2[^>]*><span class="no" id="[^"]*">([\d.]+)</span>', job.html)


def test_every_item_is_there_in_source_order(deck: Deck, cache: Cache) -> None:
    job = make(deck, cache)
    assert numbers(job) == ["1.1", "1.2", "1.3", "1.4", "2.1", "2.2", "2.3"]
    assert re.findall(r'<h2[^>]*><span class="no" id="([^"]+)"', job.html) == [
        i for _, i, _ in deck.items()
    ]


def test_numbers_do_not_depend_on_the_levels_printed(deck: Deck, cache: Cache) -> None:
    assert numbers(make(deck, cache, levels=["core"])) == ["1.1", "1.4", "2.1", "2.3"]
    assert numbers(make(deck, cache, levels=["deep"])) == ["1.3"]


def test_topics_without_items_are_left_out(deck: Deck, cache: Cache) -> None:
    assert 'id="topic-training"' not in make(deck, cache, levels=["deep"]).html


def test_one_language_shows_nothing_of_the_other(deck: Deck, cache: Cache) -> None:
    job = make(deck, cache, languages=["en"])
    assert "zh-Hans" not in job.html
    assert "Chinchilla scaling law" in job.html
    # Chinese stands only in a comment of the program, which has no language.
    assert re.findall("[\u4e00-\u9fff]+", job.html) == ["上三角"]


def test_languages_are_printed_in_the_order_of_the_output(deck: Deck, cache: Cache) -> None:
    html = make(deck, cache, languages=["en", "zh"]).html
    assert html.index("What is AdamW's update?") < html.index("AdamW 的更新公式是")
    assert '<html lang="en-US">' in html


def test_clozes_are_marked_and_hints_left_out(deck: Deck, cache: Cache) -> None:
    html = make(deck, cache, languages=["en"]).html
    assert '<mark class="cloze">saturates</mark>' in html
    assert "how much?" not in html
    assert "{{" not in html
    assert "::" not in html


def test_only_formulas_that_are_printed_are_asked_for(deck: Deck, cache: Cache) -> None:
    job = make(deck, cache, languages=["zh"], levels=["core"])
    keys = set(re.findall(r'src="math:([^"]+)"', job.html))
    assert keys <= {math_key(formula) for formula in job.formulas}
    assert Formula("L(N,D)=E+\\frac{A}{N^{\\alpha}}+\\frac{B}{D^{\\beta}}", True) in job.formulas
    assert not any("a_{16}" in formula.latex for formula in job.formulas)


def test_a_table_for_all_languages_is_printed_once(deck: Deck, cache: Cache) -> None:
    html = make(deck, cache).html
    assert html.count(">8192</td>") == 1
    assert html.count("GPT-2") == 2


def test_paper_and_columns_reach_the_style_sheet(deck: Deck, cache: Cache) -> None:
    job = make(deck, cache, paper="Letter", columns=2)
    assert "size: Letter;" in job.css
    assert '<meta name="strips" content="2">' in job.html
    assert "size: A4 landscape;" in make(deck, cache).css


def test_the_same_deck_gives_the_same_job_without_any_path(deck: Deck, cache: Cache) -> None:
    job = make(deck, cache)
    assert job == make(deck, cache)
    assert str(SAMPLE.root) not in job.html + job.css
    assert "file:" not in job.html + job.css


def test_a_project_may_bring_its_own_template(deck: Deck, cache: Cache, tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "print"
    folder.mkdir(parents=True)
    (folder / "mine.html").write_text(
        '{% extends "cheatsheet.html" %}{% block kind %}sheet mine{% endblock %}', "utf-8"
    )
    (folder / "hues.css").write_text(".hue-1 { --c: black }", "utf-8")
    project = Project(tmp_path)
    job = make(deck, cache, project, template="mine.html")
    assert 'class="sheet mine several">' in job.html
    assert ".hue-1 { --c: black }" in job.css
    assert "element(strip)" in job.css, "without a mine.css the target's own style sheet serves"
    (folder / "mine.css").write_text("h3 { color: red }", "utf-8")
    assert "h3 { color: red }" in make(deck, cache, project, template="mine.html").css


def test_in_brief_only_symbols_that_are_still_to_be_seen_are_explained() -> None:
    def drawn(latex: str) -> Markup:
        return Markup(f'<img class="math" src="math:1" alt="{latex}" style="width:1em">')

    latex = r"\operatorname{softmax}(QK + M)"
    letters = sheet.letters(drawn(latex))
    assert sheet.letters(drawn("M")) <= letters
    assert sheet.letters(drawn(r"\text{softmax}")) <= letters
    for gone in ("x_t", "p_\\theta", "L"):
        assert not sheet.letters(drawn(gone)) <= letters


def test_words_of_an_unknown_language_are_english() -> None:
    assert printing.word("pitfall", "zh") == "误区"
    assert printing.word("pitfall", "zh-Hant") == "误区"
    assert printing.word("pitfall", "fr") == "Pitfall"
    assert printing.wordings("pitfall", ("zh", "en")) == (("误区", "zh-Hans"), ("Pitfall", "en-US"))
    assert printing.wordings("pitfall", ("de", "fr", "zh")) == (
        ("Pitfall", "en-US"),
        ("误区", "zh-Hans"),
    )


def test_lines_can_break_before_inline_elements() -> None:
    # WeasyPrint breaks a line far too early without the zero-width space.
    assert scribe.breakable("to <mark>x</mark>") == "to \u200b<mark>x</mark>"
    assert scribe.breakable("和\u2009<img>") == "和 \u200b<img>"
    assert scribe.breakable("和<mark>x</mark> <br>") == "和<mark>x</mark> <br>"


def test_one_character_is_never_the_last_line() -> None:
    assert scribe.breakable("不必<mark>满秩</mark>。") == "不必<mark>满\u2060秩</mark>。"
    assert scribe.breakable("怎么办？") == "怎么\u2060办？"
    assert scribe.breakable("注意力") == "注意力", "titles and cells of tables stay as they are"
    assert scribe.breakable("用 RoPE。") == "用 RoPE。"
