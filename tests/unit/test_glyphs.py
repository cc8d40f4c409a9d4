"""Missing characters, per output: the golden errors show the message, here is who is asked."""

from pathlib import Path

import pytest

from builder import glyphs
from builder.cache import Cache
from builder.diagnostics import Diagnostic
from builder.model import DeckFile
from builder.project import Project

TOPIC = """\
title: {en: First, zh: 第一}
items:
  one:
    level: deep
    question: {en: What?, zh: 什么？}
    answer: {en: "Nothing ⛄.", zh: 没有。}
    formula: \\text{⛄}
    where: {x: {en: "a ⛄", zh: 雪}}
    refs: [https://example.org/]
"""


def find(
    tmp_path: Path, cache: Cache, topic: str = TOPIC, **outputs: dict[str, object]
) -> list[Diagnostic]:
    deck = DeckFile.model_validate(
        {
            "id": "x",
            "title": {"en": "X", "zh": "X"},
            "languages": ["en", "zh"],
            "licence": "CC0",
            "description": {"en": "x", "zh": "x"},
            "topics": ["first"],
            "outputs": {
                f"{name}.{'apkg' if output['target'] == 'anki' else 'pdf'}": output
                for name, output in outputs.items()
            },
        },
        context={"languages": ("en", "zh")},
    )
    files = {"content/topics/first.yaml": topic.encode()}
    return glyphs.missing(Project(tmp_path), deck, files, cache)


def places(problems: list[Diagnostic]) -> list[str]:
    return [str(problem.span).removeprefix("content/topics/first.yaml:") for problem in problems]


def test_a_deck_without_print_may_use_any_character(tmp_path: Path, cache: Cache) -> None:
    assert find(tmp_path, cache, deck={"target": "anki"}) == []


def test_each_place_is_reported_but_no_formula(tmp_path: Path, cache: Cache) -> None:
    problems = find(tmp_path, cache, sheet={"target": "sheet"})
    assert places(problems) == ["6:27", "8:24"]
    assert {problem.code for problem in problems} == {"missing-glyph"}


def test_outputs_that_do_not_print_it_are_not_asked(tmp_path: Path, cache: Cache) -> None:
    assert find(tmp_path, cache, zh={"target": "sheet", "languages": ["zh"]}) == []
    assert find(tmp_path, cache, core={"target": "handout", "levels": ["core"]}) == []
    problems = find(
        tmp_path,
        cache,
        core={"target": "handout", "levels": ["core"]},
        cards={"target": "cards", "levels": ["deep"]},
    )
    assert "no font of cards.pdf has" in problems[0].message


def test_fonts_are_those_of_the_style_sheets(tmp_path: Path, cache: Cache) -> None:
    """A project whose style sheets name the Latin font alone cannot print Chinese."""
    assert find(tmp_path, cache, TOPIC.replace("⛄", "~"), zh={"target": "sheet"}) == []
    folder = tmp_path / "templates" / "print"
    folder.mkdir(parents=True)
    for name in ("base.css", "cheatsheet.css", "hues.css"):
        (folder / name).write_text('body { font-family: "DW Sans" }', "utf-8")
    problems = find(tmp_path, cache, TOPIC.replace("⛄", "~"), zh={"target": "sheet"})
    lines = {problem.span.line for problem in problems if problem.span}
    assert lines == {1, 5, 6, 8}


@pytest.mark.parametrize("text", ["a $⛄$ b", "$x$ and $\\text{⛄⛄}$"])
def test_what_stands_in_a_formula_is_drawn_by_other_means(
    text: str, tmp_path: Path, cache: Cache
) -> None:
    topic = TOPIC.replace('"Nothing ⛄."', f"'{text}'").replace('"a ⛄"', "a")
    assert find(tmp_path, cache, topic, sheet={"target": "sheet"}) == []
