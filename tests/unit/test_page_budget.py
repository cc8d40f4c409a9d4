"""A cheat sheet keeps its page budget, and says what it left out for it."""

import io
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from builder import build, press
from builder.cache import Cache
from builder.diagnostics import ContentError
from builder.load import load
from builder.lock import Lock
from builder.model import Output
from builder.project import Project
from builder.targets import Context, PrintJob, sheet

SAMPLE = Project(Path(__file__).parents[1] / "print" / "sample")
#: Small paper, so that the few items of the sample fill several pages.
LESS = "@page { size: 297mm 70mm }"


@pytest.fixture(scope="module")
def job(cache: Cache) -> PrintJob:
    deck = load(SAMPLE, cache).deck
    output = Output.model_validate({"target": "sheet", "languages": ["en"], "max_pages": 9})
    made = sheet.render(deck, Context(SAMPLE, "sheet.pdf", output, Lock(), cache))
    less = tuple(replace(shorter, css=made.css + LESS) for shorter in made.shorter)
    return replace(made, css=made.css + LESS, shorter=less)


def within(job: PrintJob, pages: int) -> PrintJob:
    return replace(
        job,
        max_pages=pages,
        shorter=tuple(replace(shorter, max_pages=pages) for shorter in job.shorter),
    )


def count(pdf: bytes) -> int:
    with pikepdf.open(io.BytesIO(pdf)) as file:
        return len(file.pages)


def test_deep_goes_first_then_common_and_lines_before_items(job: PrintJob) -> None:
    assert [shorter.holds for shorter in job.shorter] == [
        "deep items without programs, tables and figures",
        "deep items in brief",
        "without deep items",
        "without deep items, common items without programs, tables and figures",
        "without deep items, common items in brief",
        "without deep items, without common items",
        "without deep items, without common items, core items without programs, tables and figures",
        "without deep items, without common items, core items in brief",
    ]
    sizes = [len(made.html) for made in (job, *job.shorter)]
    assert sizes == sorted(sizes, reverse=True)
    assert 'class="item deep' not in job.shorter[2].html
    assert 'class="item common' not in job.shorter[5].html
    core = job.html.count('class="item core')
    assert all(made.html.count('class="item core') == core for made in job.shorter)
    assert "<mark" in job.shorter[6].html.partition("<main>")[2]
    assert "<mark" not in job.shorter[7].html.partition("<main>")[2]


def test_as_much_is_printed_as_the_pages_hold(job: PrintJob, cache: Cache) -> None:
    free = press.draw(within(job, 99), cache)
    assert free.note == ""
    pages = [
        press.draw(replace(shorter, shorter=(), max_pages=None), cache).pages
        for shorter in job.shorter
    ]
    assert free.pages > pages[-1]
    for budget in range(pages[-1], free.pages + 1):
        made = press.draw(within(job, budget), cache)
        assert count(made.data) <= budget
        fullest = next(
            (shorter for shorter, size in zip(job.shorter, pages, strict=True) if size <= budget)
        )
        if budget < free.pages:
            assert made.note == f"{fullest.holds}, {made.pages} of {budget} pages"


def test_a_sheet_drawn_before_still_tells_what_it_lacks(job: PrintJob, cache: Cache) -> None:
    short = within(job, press.draw(job.shorter[-1], cache).pages)
    drawn = press.draw(short, cache)
    assert press.cached(short, cache) == drawn.data
    assert press.note(short, cache) == drawn.note != ""


def test_core_that_does_not_fit_is_an_error_that_says_by_how_much(
    cache: Cache, tmp_path: Path
) -> None:
    items = "".join(
        f"  item-{n}:\n    level: core\n    question: What is number {n}?\n"
        f"    answer: It is {' really'.join([''] * 300)} {n}.\n    refs: [https://example.org/{n}]\n"
        for n in range(24)
    )
    content = tmp_path / "content"
    (content / "topics").mkdir(parents=True)
    (content / "topics" / "one.yaml").write_text(f"title: One\nitems:\n{items}", "utf-8")
    (content / "deck.yaml").write_text(
        "id: budget\ntitle: Budget\nlanguages: [en]\nlicence: CC0 1.0\ndescription: None.\n"
        "topics: [one]\noutputs:\n  sheet.pdf: {target: sheet, max_pages: 1}\n"
        "lint: {answer_words: 999, answer_words_max: 999}\n",
        "utf-8",
    )
    with pytest.raises(ContentError) as caught:
        build.build(Project(tmp_path), cache, now=1_790_000_000)
    found = [p for p in caught.value.diagnostics if p.code == "too-many-pages"]
    assert [p.message for p in found] == [
        "sheet.pdf has 5 pages even with its shortest content, 4 more than its max_pages, 1"
    ], [p.message for p in caught.value.diagnostics]
    assert not (tmp_path / "dist" / "sheet.pdf").exists()
