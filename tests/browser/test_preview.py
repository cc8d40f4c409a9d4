"""The preview as an author uses it: keys, search and filters, addresses, printed pages."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.previewing import ANSWER, QUESTION, Shown, edit, new_project, running, shown
from tests.browser.reviewer import Reviewer


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A preview of a small deck that nobody edits."""
    with running(new_project(tmp_path_factory.mktemp("preview") / "averages")) as address:
        yield address


@pytest.fixture
def page(address: str, reviewer: Reviewer) -> Iterator[Shown]:
    with shown(reviewer.browser, address) as it:
        yield it


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return new_project(tmp_path / "averages")


def test_space_flips_the_card_and_shows_its_parts(page: Shown) -> None:
    qa = page.card.locator("#qa")
    expect(qa).to_contain_text(QUESTION)
    expect(qa).not_to_contain_text(ANSWER)
    page.press(" ")
    expect(qa).to_contain_text(ANSWER)
    expect(qa.locator("mjx-container").first).to_be_visible()
    picture = qa.locator(".figure img")
    assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 0
    page.press(" ")
    expect(qa).not_to_contain_text(ANSWER)


def test_a_frame_that_is_ready_first_is_not_forgotten(address: str, reviewer: Reviewer) -> None:
    """On a busy machine the page's own programs may come after the card's frame."""
    page = reviewer.browser.new_page()
    held: list[Route] = []
    page.route("**/stage.js", lambda route: held.append(route))  # noqa: PLW0108 - it is marked
    with page.expect_event("requestfinished", lambda request: request.url.endswith("/frame.js")):
        page.goto(address, wait_until="commit")
    page.frames[1].evaluate("() => MathJax.startup.promise.then(() => true)")
    held[0].continue_()
    expect(page.frame_locator("#card").locator("#qa")).to_contain_text(QUESTION)
    page.close()


def test_arrows_walk_through_cards_and_questions(page: Shown) -> None:
    current = page.page.locator(".chip[aria-current]")
    page.press("ArrowRight")
    expect(current).to_have_text("zero-sum")
    expect(page.card.locator(".cloze")).to_have_text(["[a number]", "[一个数]"])
    page.press(" ")
    expect(page.card.locator(".cloze")).to_have_text(["zero", "零"])
    page.press("ArrowRight", "ArrowLeft", "ArrowLeft")
    expect(current).to_have_text("Q&A")
    expect(page.card.locator("#qa")).to_contain_text(QUESTION)  # the front again
    page.press("ArrowDown")
    expect(page.page.locator("#topics a[aria-current]")).to_contain_text("median")
    page.press("ArrowRight", "ArrowRight")
    expect(current).to_have_text("robust c2")
    expect(page.card.locator(".cloze").first).to_have_text("[...]")
    expect(page.card.locator("body")).to_have_class("card card2")
    page.press("ArrowUp")
    expect(page.page.locator("#topics a[aria-current]")).to_contain_text("arithmetic mean")
    page.press("ArrowUp", "ArrowLeft")  # the first stays the first
    expect(current).to_have_text("Q&A")


def test_keys_work_when_the_card_has_the_focus(page: Shown) -> None:
    page.card.locator("#qa").click()
    page.page.keyboard.press(" ")
    expect(page.card.locator("#qa")).to_contain_text(ANSWER)
    page.page.keyboard.press("ArrowRight")
    expect(page.page.locator(".chip[aria-current]")).to_have_text("zero-sum")


def test_night_width_and_language(page: Shown) -> None:
    body = page.card.locator("body")
    frame = page.page.locator("#card")

    def paper() -> str:
        return str(body.evaluate("(body) => getComputedStyle(body).backgroundColor"))

    day = paper()
    page.press("n")
    expect(body).to_have_class("card card1 nightMode night_mode")
    assert paper() != day
    desktop = frame.evaluate("(frame) => frame.clientWidth")
    page.press("w")
    assert frame.evaluate("(frame) => frame.clientWidth") == 412 < desktop
    expect(page.card.locator("html")).to_have_class("mobile android linux night-mode")
    question = page.card.locator(".question")
    seen = []
    for _ in range(3):
        seen.append(question.inner_text().split("\n"))
        page.press("l")
    assert [len(languages) for languages in seen] == [2, 1, 1]
    assert seen[1][0] == QUESTION
    assert seen[2][0] == "如何计算算术平均数？"
    assert question.inner_text().split("\n") == seen[0]  # and round again
    page.press("l")
    page.page.reload()  # the choices are kept
    page.settle()
    expect(body).to_have_class("card card1 nightMode night_mode")
    assert question.inner_text().split("\n") == seen[1]


def test_the_system_decides_about_night_at_first(address: str, reviewer: Reviewer) -> None:
    with shown(reviewer.browser, address, scheme="dark") as it:
        expect(it.card.locator("body")).to_have_class("card card1 nightMode night_mode")


@pytest.mark.parametrize(
    ("query", "questions", "cards"),
    [
        ("median", ["median"], 3),  # c1 hides the mean, and the question says median
        ("中位数", ["median"], 3),  # the other language
        ("OUTLIER thousand", ["mean"], 1),
        ("median-definition.robust", ["median"], 2),  # an id
        ("no such words", [], 0),
    ],
)
def test_search(page: Shown, query: str, questions: list[str], cards: int) -> None:
    page.page.keyboard.press("/")
    page.page.keyboard.type(query)
    rows = page.page.locator("#topics a").filter(visible=True)
    expect(rows).to_have_count(len(questions))
    for at, word in enumerate(questions):
        expect(rows.nth(at)).to_contain_text(word)
    expect(page.page.locator("#count")).to_have_text(
        f"{cards} of 6 cards" if cards else "No card matches."
    )
    page.page.keyboard.press("Escape")
    expect(page.page.locator("#search")).not_to_be_focused()


def test_filters(page: Shown) -> None:
    count = page.page.locator("#count")
    expect(count).to_have_text("6 cards")
    page.page.select_option("#level", "common")
    expect(count).to_have_text("3 of 6 cards")
    expect(page.page.locator("#topics a[aria-current]")).to_contain_text("median")
    page.page.select_option("#kind", "cloze")
    expect(count).to_have_text("2 of 6 cards")
    expect(page.page.locator(".chip[aria-current]")).to_have_text("robust c1")
    page.page.select_option("#level", "")
    page.page.select_option("#topic", "averages")
    expect(count).to_have_text("4 of 6 cards")
    page.page.select_option("#kind", "")
    page.page.select_option("#state", "changed")  # there is no lock yet: all is new
    expect(count).to_have_text("6 cards")


def test_a_card_waits_for_the_page_it_is_drawn_on(address: str, reviewer: Reviewer) -> None:
    """On a busy machine the card's page may be read to its end long after its scripts ran."""

    def slow(page: Page) -> None:
        def interrupted(route: Route) -> None:
            html = route.fetch().text()
            assert "</head>" in html
            route.fulfill(body=html.replace("</head>", '<script src="../late.js"></script></head>'))

        def late(route: Route) -> None:
            page.wait_for_timeout(1000)
            route.fulfill(body="", content_type="text/javascript")

        page.route("**/frame.html", interrupted)
        page.route("**/late.js", late)

    with shown(reviewer.browser, address, before=slow) as it:
        expect(it.card.locator("#qa")).not_to_be_empty()


def test_only_what_changed_since_the_lock(project: Path, reviewer: Reviewer) -> None:
    from builder.build import build
    from builder.cache import Cache
    from builder.project import Project
    from tests.conftest import ROOT

    cache = Cache(ROOT / ".cache" / "tests")
    build(Project(project), cache, now=1_795_000_000, names=["averages.apkg"])
    edit(project, "topics/averages.yaml", "A single outlier", "One single outlier")
    with running(project) as address, shown(reviewer.browser, address) as it:
        it.page.select_option("#state", "changed")
        expect(it.page.locator("#count")).to_have_text("1 of 6 cards")
        expect(it.page.locator(".chip[aria-current]")).to_have_text("outlier")
        expect(it.page.locator("#facts .mark")).to_have_text("changed")


def test_an_address_leads_to_a_card(address: str, reviewer: Reviewer) -> None:
    with shown(reviewer.browser, f"{address}#median-definition.robust:2") as it:
        expect(it.page.locator(".chip[aria-current]")).to_have_text("robust c2")
        it.page.evaluate("() => { location.hash = 'mean-definition.outlier'; }")
        expect(it.card.locator(".cloze").first).to_have_text("[...]")
        expect(it.page.locator("#facts code")).to_have_text("mean-definition.outlier")
        it.page.evaluate("() => { location.hash = 'there-is-no-such'; }")
        expect(it.page.locator("#facts code")).to_have_text("mean-definition.outlier")


def test_an_address_that_cannot_be_read_leads_to_the_first_card(
    address: str, reviewer: Reviewer
) -> None:
    with shown(reviewer.browser, f"{address}#100%") as it:
        expect(it.card.locator("#qa")).to_contain_text(QUESTION)
        it.page.evaluate("() => { location.hash = 'mean-definition.outlier'; }")
        expect(it.page.locator("#facts code")).to_have_text("mean-definition.outlier")


def test_a_place_opens_in_the_editor(page: Shown) -> None:
    link = page.page.locator("#facts a")
    place = link.text_content() or ""
    assert place.startswith("content/topics/averages.yaml:")
    href = link.get_attribute("href") or ""
    assert href.startswith("vscode://file/")
    assert href.endswith(f"/averages/{place}:3")


def test_help_lists_the_keys_and_closes(page: Shown) -> None:
    page.page.keyboard.press("?")
    expect(page.page.locator("#help kbd")).to_have_count(12)
    page.page.keyboard.press(" ")  # not for the card behind it
    expect(page.card.locator("#qa")).not_to_contain_text(ANSWER)
    page.page.keyboard.press("Escape")
    expect(page.page.locator("#help")).to_be_hidden()


def test_a_phone_has_the_card_first_and_the_list_behind_a_button(
    address: str, reviewer: Reviewer
) -> None:
    with shown(reviewer.browser, address, width=390) as it:
        root = it.page.locator("html")
        assert root.evaluate("(root) => root.scrollWidth") == 390
        expect(it.page.locator("#list")).to_be_hidden()
        it.page.locator("#menu").click()
        it.page.locator("#topics a").nth(1).click()
        expect(it.page.locator("#list")).to_be_hidden()
        expect(it.page.locator("#facts code")).to_have_text("median-definition")


def test_controls_have_names(page: Shown) -> None:
    nameless = page.page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, iframe, a[href]")]
        .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() || e.title))
        .map((e) => e.outerHTML)"""
    )
    assert [each for each in nameless if "hidden" not in each] == []


# ---------------------------------------------------------------- printed pages


def test_a_document_left_before_it_was_drawn_is_forgotten(page: Shown) -> None:
    tabs = page.page.locator("#tabs button")
    first, second = (tabs.nth(at).text_content() or "" for at in (1, 2))
    state, link = page.page.locator("#print-state"), page.page.locator("#print-link")
    held: list[Route] = []
    page.page.route(f"**/print/{second}*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright counts its parameters
    tabs.nth(1).click()
    expect(page.page.locator("#pages")).to_have_attribute("src", re.compile(f"^print/{first}"))
    expect(state).to_have_text("")
    tabs.nth(2).click()
    expect(state).to_have_text("Drawing the pages…")
    tabs.nth(1).click()
    expect(state).to_have_text("")
    expect(link).to_have_attribute("href", re.compile(f"^print/{first}"))
    for route in held:
        route.abort()
    page.complaints.clear()  # of the abort


def test_pages_are_drawn_in_the_background(project: Path, reviewer: Reviewer) -> None:
    with running(project) as address, shown(reviewer.browser, address) as it:
        tabs = it.page.locator("#tabs button")
        expect(tabs.first).to_have_text("Cards")
        names = [name for name in tabs.all_text_contents() if name.endswith(".pdf")]
        assert names
        with it.page.expect_response(lambda got: f"/print/{names[0]}" in got.url) as first:
            tabs.nth(1).click()
        assert first.value.headers["content-type"] == "application/pdf"
        before = it.page.request.get(first.value.url).body()
        assert before.startswith(b"%PDF-")
        expect(it.page.locator("#pages")).to_have_attribute("src", re.compile(f"^print/{names[0]}"))
        assert it.page.url.endswith(f"#print/{names[0]}")
        old = first.value.url
        with it.page.expect_response(lambda got: "/print/" in got.url and got.url != old) as second:
            edit(project, "topics/averages.yaml", "Add all values", "Sum up all values")
        assert it.page.request.get(second.value.url).body() != before
        it.page.keyboard.press("p")
        expect(it.card.locator("#qa")).to_contain_text(QUESTION)


# ---------------------------------------------------------------- safety


def test_a_card_cannot_run_scripts_or_reach_out(project: Path, reviewer: Reviewer) -> None:
    """Not even one from a template, which a pull request may bring."""
    front = project / "templates/anki/basic-front.html"
    front.parent.mkdir(parents=True)
    front.write_text(
        "<p id=here>{{Question en}}</p><script>document.title = 'run'</script>"
        "<img src=none.png alt='' onerror=\"document.title = 'run'\">"
        '<img src="http://example.org/x.png" alt=""><iframe src="http://example.org/"></iframe>'
        "<a id=link href=\"javascript:document.title='run'\">x</a>",
        "utf-8",
    )
    with running(project) as address:
        context = reviewer.browser.new_context()
        page = context.new_page()
        refused: dict[str, str | None] = {}
        answered: list[str] = []
        page.on("requestfailed", lambda request: refused.update({request.url: request.failure}))
        page.on("response", lambda response: answered.append(response.url))
        page.goto(address)
        card = page.frame_locator("#card")
        expect(card.locator("#here")).to_have_text(QUESTION)
        card.locator("#link").click()
        page.keyboard.press("n")
        page.wait_for_selector("html[data-idle=yes]")
        assert card.locator("html").evaluate("() => document.title") == "Card"
        assert [url for url in answered if not url.startswith((address, "data:"))] == []
        assert refused["http://example.org/x.png"] == "csp"
        context.close()
