"""The exported site, from a disk and from a folder on the web, as a learner meets it."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect

from builder.cache import Cache
from builder.preview import export
from builder.project import Project
from tests.browser.previewing import ANSWER, new_project, shown
from tests.browser.reviewer import Reviewer


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, cache: Cache) -> Path:
    folder = tmp_path_factory.mktemp("site")
    (folder / "demo").mkdir()
    (folder / "demo/averages.apkg").write_bytes(b"a package")
    project = Project(new_project(folder / "averages"))
    export(project, cache, 1_795_000_000, folder / "demo")
    return folder / "demo"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """The requests of a test are of no interest."""


@pytest.fixture(params=["disk", "web"])
def address(request: pytest.FixtureRequest, site: Path) -> Iterator[str]:
    """The site's page, opened from the disk or served from a folder below a host."""
    if request.param == "disk":
        yield f"{site.as_uri()}/index.html"
        return
    handler = partial(_Quiet, directory=str(site.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/demo/"
        server.shutdown()
        thread.join()


def test_cards_flip_with_formulas_and_pictures(address: str, reviewer: Reviewer) -> None:
    with shown(reviewer.browser, address) as it:
        qa = it.card.locator("#qa")
        it.press(" ")
        expect(qa).to_contain_text(ANSWER)
        expect(qa.locator(".formula mjx-container")).to_be_visible()
        # The glyphs come from the site's own fonts.
        assert it.card.locator("html").evaluate(
            "() => document.fonts.ready.then((all) => [...all].some((font) =>"
            " font.family.startsWith('MJX') && font.status === 'loaded'))"
        )
        picture = qa.locator(".figure img")
        assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 0
        it.press("n", "l", "l", "ArrowRight", "w")
        expect(it.card.locator(".cloze")).to_contain_text(["[a number]", "[一个数]"])


def test_search_and_addresses(address: str, reviewer: Reviewer) -> None:
    with shown(reviewer.browser, f"{address}#median-definition.robust:2") as it:
        expect(it.page.locator(".chip[aria-current]")).to_have_text("robust c2")
        it.page.fill("#search", "算术平均数")
        expect(it.page.locator("#topics a").filter(visible=True)).to_have_count(1)
        expect(it.page.locator("#state")).to_be_hidden()  # only authors have a lock
        expect(it.page.locator("#facts a")).to_have_count(0)  # and files


def test_pages_and_downloads(address: str, reviewer: Reviewer) -> None:
    with shown(reviewer.browser, address) as it:
        links = it.page.locator("#downloads a")
        names = links.all_text_contents()
        assert names[0] == "averages.apkg"
        target = links.first.evaluate("(link) => link.href")
        with urlopen(target) as package:  # noqa: S310 - this machine's own
            assert package.read() == b"a package"
        tab = it.page.locator("#tabs button").nth(1)
        tab.click()
        name = tab.text_content() or ""
        assert name in names
        expect(it.page.locator("#pages")).to_have_attribute("src", f"{name}#view=FitH&navpanes=0")
        assert it.page.url.endswith(f"#print/{name}")


@pytest.mark.parametrize("language", ["zh-CN", "fr-FR"])
def test_the_page_speaks_the_readers_language(
    address: str, reviewer: Reviewer, language: str
) -> None:
    context = reviewer.browser.new_context(locale=language)
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("html[data-idle=yes]")
    chinese = language == "zh-CN"
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans" if chinese else "en")
    expect(page.locator("#flip")).to_have_text("显示答案" if chinese else "Show answer")
    expect(page.locator("#count")).to_have_text("6 张卡片" if chinese else "6 cards")
    # Both languages have every word.
    words = page.evaluate(
        "() => [...document.querySelectorAll('[data-word]')].map((e) => e.textContent)"
    )
    assert all(words)
    context.close()
