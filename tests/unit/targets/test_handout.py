"""The handout's HTML: columns by language, and once what has no language."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from builder.cache import Cache
from builder.load import load
from builder.lock import Lock
from builder.model import Deck, Output
from builder.project import Project
from builder.targets import Context, PrintJob, handout

SAMPLE = Project(Path(__file__).parents[2] / "print" / "sample")


@pytest.fixture(scope="module")
def deck(cache: Cache) -> Deck:
    return load(SAMPLE, cache).deck


def make(deck: Deck, cache: Cache, **output: object) -> PrintJob:
    settings = Output.model_validate({"target": "handout", **output})
    return handout.render(deck, Context(SAMPLE, "handout.pdf", settings, Lock(), cache))


def article(job: PrintJob, item: str) -> str:
    articles: list[str] = re.findall("<article.*?</article>", job.html, re.DOTALL)
    return next(text for text in articles if f'id="{item}"' in text)


def test_languages_stand_side_by_side(deck: Deck, cache: Cache) -> None:
    rows = re.findall(r'<tr class="fact">(.*?)</tr>', article(make(deck, cache), "scaling"))
    assert len(rows) == 2
    for row in rows:
        assert re.findall(r'<td lang="([^"]+)">', row) == ["zh-Hans", "en-US"]


def test_one_language_has_one_column(deck: Deck, cache: Cache) -> None:
    job = make(deck, cache, languages=["en"])
    assert "zh-Hans" not in job.html
    assert 'class="handout side single">' in job.html
    assert "td:nth-child(1) { width: 100% }" in job.css
    assert "td:nth-child(2) { width" not in job.css


def test_the_longer_language_gets_the_wider_column(deck: Deck, cache: Cache) -> None:
    css = make(deck, cache).css
    chinese, english = (
        int(re.findall(rf"td:nth-child\({n}\) {{ width: (\d+)%", css)[0]) for n in (1, 2)
    )
    assert chinese < english
    assert chinese + english == 100


def test_formula_code_and_figure_stand_once(deck: Deck, cache: Cache) -> None:
    job = make(deck, cache)
    assert article(job, "adamw").count('class="math display"') == 1
    assert article(job, "causal").count("<pre") == 1
    assert article(job, "scaling").count('src="figures/attend.svg"') == 1


def test_a_figure_with_words_stands_in_each_language(cache: Cache, tmp_path: Path) -> None:
    project = Project(tmp_path)
    shutil.copytree(SAMPLE.content, project.content)
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg'><title lang='{}'>Q &amp; K</title>"
        "<text lang='{}'>注意</text><text lang='{}'>attend</text></svg>"
    )
    first, second = load(project, cache).deck.languages
    picture = project.content / "figures" / "attend.svg"
    picture.write_text(svg.format(second, first, second), "utf-8")
    deck = load(project, cache).deck

    def pictures(**output: object) -> list[str]:
        settings = Output.model_validate({"target": "handout", **output})
        context = Context(project, "handout.pdf", settings, Lock(), cache)
        return re.findall(r'<img src="figures/[^>]*>', handout.render(deck, context).html)

    one, other = pictures()
    assert f'src="figures/attend.svg?lang={first}"' in one
    assert other == f'<img src="figures/attend.svg?lang={second}" alt="Q &amp; K">'
    assert pictures(languages=[second]) == [other]


def test_a_picture_in_a_text_has_the_words_of_its_language(cache: Cache, tmp_path: Path) -> None:
    project = Project(tmp_path)
    shutil.copytree(SAMPLE.content, project.content)
    deck = load(project, cache).deck
    words = "".join(f"<text lang='{language}'>a</text>" for language in deck.languages)
    svg = f"<svg xmlns='http://www.w3.org/2000/svg'>{words}</svg>"
    (project.content / "figures" / "dot.svg").write_text(svg, "utf-8")
    first, *rest = deck.topics
    item_id, item = next(iter(first.items.items()))
    detail = dict.fromkeys(deck.languages, "![a](dot.svg)")
    items = first.items | {item_id: item.model_copy(update={"detail": detail})}
    changed = replace(deck, unpack=lambda: (first.model_copy(update={"items": items}), *rest))
    settings = Output(target="handout")
    job = handout.render(changed, Context(project, "handout.pdf", settings, Lock(), cache))
    for language in deck.languages:
        assert f'src="figures/dot.svg?lang={language}"' in article(job, item_id)


def test_sources_lead_where_those_of_cards_do(deck: Deck, cache: Cache) -> None:
    first, *rest = deck.topics
    item_id, item = next(iter(first.items.items()))
    refs = ("arXiv:cs/0112017 §2", "doi:10.1000/182，第 2 节", "https://example.org/a/")
    items = first.items | {item_id: item.model_copy(update={"refs": refs})}
    changed = replace(deck, unpack=lambda: (first.model_copy(update={"items": items}), *rest))
    text = article(make(changed, cache), item_id)
    assert '<a href="https://arxiv.org/abs/cs/0112017">arXiv:cs/0112017 §2</a>' in text
    assert '<a href="https://doi.org/10.1000/182">doi:10.1000/182，第 2 节</a>' in text
    assert '<a href="https://example.org/a/">example.org/a</a>' in text


def test_symbols_of_a_formula_are_explained_in_each_language(deck: Deck, cache: Cache) -> None:
    box = article(make(deck, cache), "scaling").partition('class="columns where"')[2]
    chinese, english = re.findall(r"<td lang=[^>]*>(.*?)</td>", box)[:2]
    assert "因果掩码" in chinese
    assert "causal mask" in english


def test_details_pitfalls_and_sources_are_printed(deck: Deck, cache: Cache) -> None:
    text = article(make(deck, cache), "scaling")
    assert '<b class="label">误区</b>' in text
    assert '<b class="label">Pitfall</b>' in text
    assert "Jacobian" in text
    assert '<a href="https://arxiv.org/abs/1706.03762">arXiv:1706.03762 §3.2.1</a>' in text
    assert "A book without an address" in text
    assert "verified by code" in text
    assert "verified by code" not in article(make(deck, cache), "flash")
    assert '<a href="#flash">1.4</a>' in text
    assert "<code>scaling</code>" in text


def test_contents_lead_to_every_item_and_topic(deck: Deck, cache: Cache) -> None:
    job = make(deck, cache)
    contents = job.html.partition("<nav")[2].partition("</nav>")[0]
    targets = set(re.findall(r'<a class="page" href="#([^"]+)"></a>', contents))
    items = {item_id for _, item_id, _ in deck.items()}
    assert targets == items | {"topic-attention", "topic-training", "symbols"}
    for target in targets:
        assert job.html.count(f'id="{target}"') == 1


def test_the_deck_s_symbols_are_listed_in_both_languages(deck: Deck, cache: Cache) -> None:
    table = make(deck, cache).html.partition('id="symbols"')[2].partition("</table>")[0]
    assert table.count("<tr>") == len(deck.symbols)
    assert "学习率" in table
    assert "learning rate" in table


def test_the_same_deck_gives_the_same_job_without_any_path(deck: Deck, cache: Cache) -> None:
    job = make(deck, cache)
    assert job == make(deck, cache)
    assert str(SAMPLE.root) not in job.html + job.css


def test_text_of_the_content_is_never_markup(deck: Deck, cache: Cache) -> None:
    item = (
        deck.topics[0]
        .items["causal"]
        .model_copy(update={"question": {"zh": "<b>一</b>？", "en": '<script src="x">&amp;?'}})
    )
    topic = deck.topics[0].model_copy(update={"items": {"causal": item}})
    html = make(replace(deck, unpack=lambda: (topic,)), cache).html
    assert "<b>" not in html
    assert "<script" not in html
    assert 'data-label="1.1 &lt;b&gt;一&lt;/b&gt;？"' in html
