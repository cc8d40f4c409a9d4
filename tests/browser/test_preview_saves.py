"""The preview follows each save: new cards at once, mistakes over the last good ones."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.previewing import ANSWER, QUESTION, edit, new_project, running, shown
from tests.browser.reviewer import Reviewer


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return new_project(tmp_path / "averages")


def test_a_saved_text_appears_where_the_author_was(project: Path, reviewer: Reviewer) -> None:
    with running(project) as address, shown(reviewer.browser, address, width=412) as it:
        qa = it.card.locator("#qa")
        it.press(" ")
        qa.locator("details summary").first.click()
        it.card.locator("html").evaluate("() => window.scrollTo(0, 150)")
        edit(project, "topics/averages.yaml", "Add all values", "Sum up all values")
        expect(qa).to_contain_text("Sum up all values")
        it.settle()
        assert it.card.locator("html").evaluate("() => window.scrollY") == 150
        expect(qa.locator("details").first).to_have_attribute("open", "")
        edit(project, "topics/averages.yaml", QUESTION, "How does one get the mean?")
        expect(it.page.locator("#topics a").first).to_contain_text("How does one get the mean?")
        expect(qa).to_contain_text("Sum up all values")  # still the back


def test_new_and_retired_items_come_and_go(project: Path, reviewer: Reviewer) -> None:
    topic = project / "content/topics/averages.yaml"
    with running(project) as address, shown(reviewer.browser, f"{address}#median-definition") as it:
        text = topic.read_text("utf-8")
        rows = it.page.locator("#topics a")
        topic.write_text(
            text[: text.index("  median-definition:")].replace(
                "    confusable: [median-definition]\n", ""
            ),
            "utf-8",
        )
        expect(rows).to_have_count(1)
        expect(it.card.locator("#qa")).to_contain_text("arithmetic mean")
        topic.write_text(text, "utf-8")
        expect(rows).to_have_count(2)


def test_styles_figures_and_titles_reload_too(project: Path, reviewer: Reviewer) -> None:
    with running(project) as address, shown(reviewer.browser, address) as it:
        it.press(" ")
        picture = it.card.locator(".figure img")
        before = picture.get_attribute("src")
        figure = project / "content/figures/balance.svg"
        figure.write_text(figure.read_text("utf-8") + "<!-- moved -->", "utf-8")
        expect(picture).not_to_have_attribute("src", before or "")
        assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 0
        styles = project / "templates/anki"
        styles.mkdir(parents=True)
        (styles / "style.css").write_text(".card { background: rgb(1, 2, 3); }", "utf-8")
        expect(it.card.locator("body")).to_have_css("background-color", "rgb(1, 2, 3)")
        edit(project, "deck.yaml", "Averages", "Means")
        expect(it.page.locator("h1")).to_have_text("Means")


OPEN, CLOSED = "by {{c1::any distance", "by {{c1::any distance}}"


def place(project: Path) -> str:
    """Where the cloze opens that is not closed."""
    text = (project / "content/topics/averages.yaml").read_text("utf-8")
    before = text[: text.index("{{c1::any distance")]
    column = len(before) - before.rfind("\n")
    return f"content/topics/averages.yaml:{before.count(chr(10)) + 1}:{column}"


def test_errors_lie_over_the_last_good_card_until_they_are_mended(
    project: Path, reviewer: Reviewer
) -> None:
    with running(project) as address, shown(reviewer.browser, address) as it:
        problems = it.page.locator("#problems")
        expect(problems).to_be_hidden()
        edit(project, "topics/averages.yaml", CLOSED, OPEN)
        expect(problems).to_be_visible()
        entry = problems.locator("li.error")
        expect(entry).to_have_count(1)
        expect(entry.locator(".place")).to_have_text(place(project))
        expect(entry.locator(".code")).to_have_text("cloze-unclosed")
        expect(entry.locator("pre")).to_contain_text("A single outlier can move the mean")
        expect(entry.locator("pre")).to_contain_text("^^^")
        expect(entry.locator(".fix")).to_have_text("add `}}` after the answer")
        href = entry.locator(".place").get_attribute("href") or ""
        assert href.startswith("vscode://file/")
        assert href.endswith(place(project))
        expect(it.card.locator("#qa")).to_contain_text(QUESTION)
        it.press(" ")  # the cards behind it still work
        expect(it.card.locator("#qa")).to_contain_text(ANSWER)
        it.page.keyboard.press("Escape")
        expect(problems).to_be_hidden()
        expect(it.page.locator("#problems-button")).to_have_text("1 error")
        it.page.keyboard.press("e")
        expect(problems).to_be_visible()
        edit(project, "topics/averages.yaml", OPEN, CLOSED)
        expect(problems).to_be_hidden()
        expect(it.page.locator("#problems-button")).to_be_hidden()


def test_a_place_can_be_copied(project: Path, reviewer: Reviewer) -> None:
    edit(project, "topics/averages.yaml", CLOSED, OPEN)
    with running(project) as address:
        context = reviewer.browser.new_context(
            permissions=["clipboard-read", "clipboard-write"], locale="en-GB"
        )
        page = context.new_page()
        page.goto(address)
        expect(page.locator("#nothing")).to_have_text("No cards yet: mend the problems first.")
        page.locator("#problems .copy").click()
        expect(page.locator("#problems .copy")).to_have_text("Copied")
        copied = page.evaluate("() => navigator.clipboard.readText()")
        assert copied == place(project)
        edit(project, "topics/averages.yaml", OPEN, CLOSED)
        expect(page.frame_locator("#card").locator("#qa")).to_contain_text(QUESTION)
        context.close()


def test_rules_speak_a_little_later_over_the_new_card(project: Path, reviewer: Reviewer) -> None:
    problems, button = "#problems", "#problems-button"
    with running(project) as address, shown(reviewer.browser, address) as it:
        edit(project, "topics/averages.yaml", QUESTION, "Is the mean a sum divided by a count?")
        expect(it.card.locator("#qa")).to_contain_text("Is the mean a sum")
        expect(it.page.locator(f"{problems} .code")).to_have_text("yes-no-question")
        expect(it.page.locator(problems)).to_be_visible()
        edit(project, "topics/averages.yaml", "Is the mean a sum divided by a count?", QUESTION)
        edit(project, "topics/averages.yaml", "    question:", "    as_of: 2020-01\n    question:")
        expect(it.page.locator(button)).to_have_text("1 warning")
        expect(it.page.locator(problems)).to_be_hidden()  # a warning does not interrupt
        it.page.locator(button).click()
        expect(it.page.locator(f"{problems} li.warning")).to_be_visible()


def test_the_page_says_when_the_preview_stopped(project: Path, reviewer: Reviewer) -> None:
    context = reviewer.browser.new_context(locale="en-GB")
    page = context.new_page()
    with running(project) as address:
        page.goto(address)
        page.wait_for_selector("html[data-idle=yes]")
        expect(page.locator("#live")).to_be_hidden()
    expect(page.locator("#live")).to_contain_text("has stopped")
    page.keyboard.press(" ")  # what was loaded can still be looked at
    expect(page.frame_locator("#card").locator("#qa")).to_contain_text(ANSWER)
    context.close()


def test_a_card_that_cannot_be_drawn_does_not_stop_the_next(
    project: Path, reviewer: Reviewer
) -> None:
    page = reviewer.browser.new_page()
    with running(project) as address:
        page.goto(address)
        page.wait_for_selector("html[data-idle=yes]")
        qa = page.frame_locator("#card").locator("#qa")
        qa.evaluate("() => { MathJax.typesetPromise = () => Promise.reject(new Error('oh')); }")
        edit(project, "topics/averages.yaml", QUESTION, "How does one get the mean?")
        expect(qa).to_contain_text("How does one get the mean?")
        edit(project, "topics/averages.yaml", "How does one get the mean?", QUESTION)
        expect(qa).to_contain_text(QUESTION)
    page.close()
