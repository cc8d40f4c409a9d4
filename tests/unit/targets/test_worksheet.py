"""The worksheet: what is asked, how much room there is, and what the key says."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from builder.cache import Cache
from builder.load import load
from builder.lock import Lock
from builder.model import Deck, Output
from builder.project import Project
from builder.targets import Context, PrintJob, worksheet

SAMPLE = Project(Path(__file__).parents[2] / "print" / "sample")


@pytest.fixture(scope="module")
def deck(cache: Cache) -> Deck:
    return load(SAMPLE, cache).deck


def make(deck: Deck, cache: Cache, **output: object) -> PrintJob:
    settings = Output.model_validate({"target": "worksheet", **output})
    return worksheet.render(deck, Context(SAMPLE, "worksheet.pdf", settings, Lock(), cache))


def parts(job: PrintJob) -> tuple[str, str]:
    """Tasks and key."""
    tasks, found, key = job.html.partition('<section class="key">')
    assert found
    return tasks, key


def rows(key: str) -> list[list[str]]:
    """The key's cells without tags; formulas by their source."""
    cells = [re.findall(r"<td.*?</td>", row, re.DOTALL) for row in key.split("<tr")[1:]]
    text = [[re.sub(r'<img[^>]*alt="([^"]*)"[^>]*>', r"\1", cell) for cell in row] for row in cells]
    return [[re.sub("<[^>]+>", "", cell).strip() for cell in row] for row in text if row]


def test_no_answer_stands_among_the_tasks(deck: Deck, cache: Cache) -> None:
    tasks, _ = parts(make(deck, cache, languages=["en"]))
    for answer in ("saturates", "exact", "not rescaled", "Only in the number", "one K/V head"):
        assert answer not in tasks
    assert "<mark" not in tasks


def test_the_key_has_every_answer_by_number_and_short_id(deck: Deck, cache: Cache) -> None:
    _, key = parts(make(deck, cache, languages=["en"]))
    table = rows(key)
    assert ["1.2", "heads", "Only in the number of K/V heads."] in table
    assert ["a", "groups", "one K/V head"] in table
    assert ["b", "divide", "1; saturates"] in table
    assert [row[0] for row in table if "." in row[0]] == [
        *("1.1", "1.2", "1.3", "1.4", "2.1", "2.2", "2.3"),
    ]
    assert ["", "", r"L(N,D)=E+\frac{A}{N^{\alpha}}+\frac{B}{D^{\beta}}"] in table


def test_every_blank_has_an_answer_in_every_language(deck: Deck, cache: Cache) -> None:
    tasks, key = parts(make(deck, cache))
    assert tasks.count('class="blank"') == 2 * 9
    answers = [cell for row in rows(key) if row[0].isalpha() for cell in row[2:]]
    assert sum(len(answer.split(";")) for answer in answers) == 2 * 9


def test_room_grows_with_the_answer(deck: Deck, cache: Cache) -> None:
    tasks, _ = parts(make(deck, cache, languages=["en"]))
    articles = re.findall(r'<article.*? id="([^"]+)">(.*?)</article>', tasks, re.DOTALL)
    lines = {name: body.count('class="line"') for name, body in articles}
    assert lines == {
        "scaling": 3,
        "heads": 1,
        "causal": 1,
        "flash": 2,
        "adamw": 3,
        "wide": 2,
        "chinchilla": 3,
    }


def test_what_lies_in_another_blank_is_part_of_its_answer(deck: Deck, cache: Cache) -> None:
    item = deck.topics[0].items["flash"]
    nested = dict.fromkeys(deck.languages, "{{c1::a {{c2::b}} c}} and {{c2::d}}")
    changed = item.model_copy(update={"facts": {"nested": nested}, "confusable": ()})
    topic = deck.topics[0].model_copy(update={"items": {"flash": changed}})
    job = make(replace(deck, unpack=lambda: (topic,)), cache)
    assert ["a", "nested", "a b c; d", "a b c; d"] in rows(parts(job)[1])
