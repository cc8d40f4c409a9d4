"""Every kind of bad content gives its position and a way out, and never a traceback.

A case is a folder: `input/` overlays `_base/`, and `expected/diagnostics.txt` is what the author
sees. What cannot be a text file in git (bytes that are not UTF-8, 30,000 brackets) is built here.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.build import build, check, package
from builder.cache import Cache
from builder.console import as_text, summary
from builder.diagnostics import ContentError
from builder.explain import explanations
from builder.project import Project
from builder.proofs import prove
from tests.conftest import Golden

HERE = Path(__file__).parent / "errors"
NOW = 1_790_000_000

Prepare = Callable[[Path], None]


def _topic(data: bytes) -> Prepare:
    def prepare(content: Path) -> None:
        (content / "topics/first.yaml").write_bytes(data)

    return prepare


def _template(name: str, data: bytes) -> Prepare:
    def prepare(content: Path) -> None:
        file = content.parent / "templates" / name
        file.parent.mkdir(parents=True)
        file.write_bytes(data)

    return prepare


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")


def _rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def _proof(line: str, arguments: str = "") -> Prepare:
    def prepare(content: Path) -> None:
        _write(
            content / "checks/sums.py",
            f'def add_up({arguments}):\n    """One and one is two."""\n    {line}\n',
        )
        _rewrite(content / "topics/first.yaml", "    refs:", "    check: add-up\n    refs:")

    return prepare


def _alias_bomb() -> bytes:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 8)]
    return "\n".join(lines).encode()


def _topic_is_folder(content: Path) -> None:
    (content / "topics/first.yaml").unlink()
    (content / "topics/first.yaml").mkdir()


def _image_symlink(content: Path) -> None:
    (content / "figures").mkdir()
    (content / "figures/out.svg").symlink_to("/etc/hostname")
    topic = content / "topics/first.yaml"
    text = topic.read_text("utf-8").replace("    refs:", "    figure: out.svg\n    refs:")
    topic.write_text(text, "utf-8")


def _odd_name(content: Path) -> None:
    """A name that a working copy on Windows could not hold."""
    (content / "media").mkdir()
    (content / "media" / "what?.mp3").write_bytes(b"x")


def _published(*changes: tuple[str, str], **files: str) -> Prepare:
    """The deck was published before: its lock, changed, and other files of the content."""

    def prepare(content: Path) -> None:
        lock = (HERE / "_published" / "deck.lock").read_text("utf-8")
        for old, new in changes:
            assert old in lock
            lock = lock.replace(old, new, 1)
        (content / "deck.lock").write_text(lock, "utf-8")
        for name, text in files.items():
            (content / f"{name}.yaml").write_text(text, "utf-8")

    return prepare


def _edited(file: str, *changes: tuple[str, str]) -> Prepare:
    """A published deck whose source changed."""

    def prepare(content: Path) -> None:
        _published()(content)
        path = content / file
        text = path.read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path.write_text(text, "utf-8")

    return prepare


def _deck_is_folder(content: Path) -> None:
    (content / "deck.yaml").unlink()
    (content / "deck.yaml").mkdir()


def _no_deck(content: Path) -> None:
    (content / "deck.yaml").unlink()


_FIRST = "topics/first.yaml"
_TIME = "2026-05-28T20:26:40Z"
_HASH = "79901940fe93f66fdb79643dee95f5a2"
_ANOTHER = f"note {{}} basic 7mwwa4lkz55rmvsz 1 {_TIME} {_TIME} {_HASH}\nnote sum.two "
_GEOGRAPHY = (
    f"note-type geo 1 {_TIME} {_HASH} Geography\nfield geo 01 1 Country\n"
    "template geo 01 1 Card 1\nnote sum "
)
BASE = (HERE / "_base" / "content" / _FIRST).read_bytes()

#: What cannot lie in a folder: bytes that git or an editor would change, or that are too many, and
#: decks that were published, which would all repeat the same lock.
BUILT: dict[str, Prepare] = {
    "media-name": _odd_name,
    "bytes-not-utf-8": _topic("title: {zh: 第一, en: ".encode() + b"caf\xe9}\n"),
    "bytes-not-utf-8-style": _template("anki/style.css", b"a {}\n/* caf\xe9 */\n"),
    "bytes-not-utf-8-template": _template("anki/description.md", b"A deck\nof a caf\xe9\n"),
    "bytes-nul": _topic(b"title: {zh: \x00, en: x}\n"),
    "bytes-utf-16": _topic("title: x".encode("utf-16")),
    "bytes-gb18030": _topic("title: {zh: 第一, en: First}\n".encode("gb18030")),
    "bytes-cut-off": _topic(BASE + "# 第".encode()[:-1]),
    "bytes-surrogate": _topic(BASE.replace(b"Two", b"\xed\xa0\x80")),
    "bytes-c1-control": _topic(BASE.replace(b"Two", b"Two\xc2\x85")),
    "bytes-escape": _topic(BASE.replace(b"Two", b"\x1b[31mTwo")),
    "bytes-line-separator": _topic(BASE.replace(b"Two", "Two\u2028".encode())),
    "bytes-form-feed": _topic(BASE.replace(b"items", b"\x0citems")),
    "bytes-lone-return": _topic(BASE.replace(b"\n", b"\r")),
    "bytes-bom-and-mistake": _topic(b"\xef\xbb\xbf" + BASE.replace(b"core", b"cor")),
    "bytes-second-bom": _topic(b"\xef\xbb\xbf\xef\xbb\xbf" + BASE),
    "bytes-crlf-and-mistake": _topic(
        BASE.replace(b"{{c1::two}}", b"{{c1:two}}").replace(b"\n", b"\r\n")
    ),
    "bytes-crlf-block": _topic(
        BASE.replace(
            b"    formula: 1 + 1 = 2\n",
            b"    formula: |\n      1 + 1\n      = \\fracc12\n",
        ).replace(b"\n", b"\r\n")
    ),
    "file-too-large": _topic(BASE + b"# " + b"x" * (16 * 1024 * 1024)),
    "nested-brackets": _topic(b"title: " + b"[" * 30_000),
    "nested-clozes": _topic(BASE.replace(b"{{c1::two}}", b"{{c1::" * 3000 + b"two" + b"}}" * 3000)),
    "same-mistake-often": _topic(
        BASE + b"".join(b"  n%d: {level: *a, question: *b, answer: *c}\n" % n for n in range(500))
    ),
    "alias-bomb": _topic(_alias_bomb()),
    "topic-is-folder": _topic_is_folder,
    "deck-is-folder": _deck_is_folder,
    "deck-missing": _no_deck,
    "image-symlink": _image_symlink,
    "lock-conflict": _published(
        ("note sum ", "<<<<<<< HEAD\nnote sum "),
        ("note sum.two", "=======\n>>>>>>> b\nnote sum.two"),
    ),
    "lock-version": _published(("version 1", "version 2")),
    "lock-no-version": _published(("version 1\n", "")),
    "lock-misspelt-line": _published(("note sum.two", "noet sum.two")),
    "lock-cut-off": _published(("79901940fe93f66fdb79643dee95f5a2", "")),
    "lock-bad-hash": _published(("79901940fe93f66fdb79643dee95f5a2", "79901940")),
    "lock-bad-time": _published(("2026-05-28T20:26:40Z 79901940", "2026-28-05T20:26:40Z 79901940")),
    "lock-bad-numbers": _published(("qjrbjyidm45smwok 1 ", "qjrbjyidm45smwok 2,1 ")),
    "lock-note-twice": _published(("note sum.two ", _ANOTHER.format("sum"))),
    "lock-guid-changed": _published(("7mwwa4lkz55rmvsy", "7mwwa4lkz55rmvsz")),
    "lock-guid-twice": _published(("qjrbjyidm45smwok", "7mwwa4lkz55rmvsy")),
    "lock-fields-removed": _published(("02 5336452589123859478 Question zh", "02 5 Meaning")),
    "lock-template-renamed": _published(
        ("01 5053585014481991080 Card", "01 5053585014481991080 A")
    ),
    "lock-template-gone": _published(
        ("01 5053585014481991080 Card", "01 5053585014481991081 Card")
    ),
    "lock-note-type-id": _published(("note-type basic 1781430882053", "note-type basic 5")),
    "lock-note-type-gone": _published(("note sum ", _GEOGRAPHY)),
    "lock-deck-id": _edited("deck.yaml", ("id: sample", "id: samples")),
    "lock-deck-renamed": _edited("deck.yaml", ("{zh: 样例", "{zh: 例子")),
    "lock-languages-swapped": _edited("deck.yaml", ("[zh, en]", "[en, zh]")),
    "lock-item-renamed": _edited(_FIRST, ("  sum:", "  sums:")),
    "lock-fact-renamed": _edited(_FIRST, ("      two:", "      both:")),
    "lock-fact-deleted": _published(("note sum.two ", _ANOTHER.format("sum.one"))),
    "lock-kind-changed": _published(("note sum.two cloze", "note sum.two basic")),
    "lock-cloze-renumbered": _edited(_FIRST, ("{{c1::二", "{{c2::二"), ("{{c1::two", "{{c2::two")),
    "lock-retired-again": _published(retired="sum.two: {reason: too easy, on: 2026-09}\n"),
    "lock-retired-other-content": _published(
        ("note sum.two", "retired sum.two"),
        ("9c5f678399d11d13297d3f1c2a37fa75", "9c5f678399d11d13297d3f1c2a37fa76"),
    ),
    "output-unknown": lambda _: None,
    "commit-hyphen": lambda _: None,
    "no-package": lambda content: _rewrite(
        content / "deck.yaml", "sample.apkg: {target: anki}", "sheet.pdf: {target: sheet}"
    ),
    "proof-fails": _proof("assert 1 + 1 == 3, 'one and one is not three'"),
    "proof-raises": _proof("return 1 / 0"),
    "proof-exits": _proof("import os; os._exit(3)"),
    "proof-unused": lambda content: _write(
        content / "checks/sums.py", 'def add_up():\n    """One and one is two."""\n'
    ),
    "proof-prints-nothing-said": _proof("assert card.says('seven')", "card"),
}


def _build(project: Project, cache: Cache) -> None:
    build(project, cache, now=NOW)


def _prove(project: Project, cache: Cache) -> None:
    loaded = check(project, cache, NOW)
    raise ContentError(prove(project, loaded.deck, loaded.checks))


Run = Callable[[Project, Cache], object]
#: What is run instead of a plain build.
RUN: dict[str, Run] = {
    "lock-stale": lambda project, cache: build(project, cache, now=NOW, locked=True),
    "output-unknown": lambda project, cache: build(project, cache, now=NOW, names=("sampel.apkg",)),
    "commit-hyphen": lambda project, cache: build(project, cache, now=NOW, since="--output=x"),
    "no-package": lambda project, cache: package(project, cache, NOW),
    **dict.fromkeys((name for name in BUILT if name.startswith("proof-")), _prove),
}
CASES = sorted({p.name for p in HERE.iterdir() if p.name[0] != "_"} | set(BUILT) | set(RUN))


@pytest.mark.parametrize("case", CASES)
def test_bad_content(case: str, tmp_path: Path, cache: Cache, golden: Golden) -> None:
    root = tmp_path / "deck"
    shutil.copytree(HERE / "_base", root)
    overlay = HERE / case / "input"
    if overlay.is_dir():
        shutil.copytree(overlay, root, dirs_exist_ok=True)
    if case in BUILT:
        BUILT[case](root / "content")
    (root / "dist").mkdir()
    (root / "dist/sample.apkg").write_bytes(b"the previous build")
    before = _lock(root)
    with pytest.raises(ContentError) as caught:
        RUN.get(case, _build)(Project(root), cache)
    assert [file.name for file in (root / "dist").iterdir()] == ["sample.apkg"]
    assert (root / "dist/sample.apkg").read_bytes() == b"the previous build"
    assert _lock(root) == before
    texts = {
        path.relative_to(root).as_posix(): path.read_bytes().decode("utf-8", "replace")
        for path in root.rglob("*")
        if path.is_file() and path.suffix in (".yaml", ".lock", ".py", ".html", ".css", ".md")
    }
    shown = [
        as_text(problem, texts.get(problem.span.path, "") if problem.span else "")
        for problem in caught.value.diagnostics
    ]
    if case != "proof-unused":
        assert any(problem.severity == "error" for problem in caught.value.diagnostics)
    report = "\n\n".join([*shown, summary(caught.value.diagnostics)]) + "\n"
    golden(HERE / case / "expected", {"diagnostics.txt": report})


def _lock(root: Path) -> bytes:
    path = root / "content/deck.lock"
    return path.read_bytes() if path.is_file() else b""


def test_base_is_fine(tmp_path: Path, cache: Cache) -> None:
    root = tmp_path / "deck"
    shutil.copytree(HERE / "_base", root)
    assert [d.code for d in check(Project(root), cache, NOW).warnings] == []


_SHOWN = re.compile(r"(?:error|warning)\[([a-z0-9-]+)\]")
#: Codes that no content alone leads to, and where they are tested.
ELSEWHERE = {
    "preview": "tests/unit/test_preview_session.py: the machine failed, or Deckwright",
    "print": "tests/unit/test_build.py: a complaint of the page maker that is nobody's line",
    "too-many-pages": "tests/unit/test_page_budget.py: needs pages to be drawn",
}


def test_every_code_is_reached() -> None:
    """By a broken project here, or by a rule's bad project in `lint/`."""
    reports = [
        *HERE.glob("*/expected/diagnostics.txt"),
        *HERE.with_name("lint").glob("*/expected/diagnostics.txt"),
    ]
    shown = {code for report in reports for code in _SHOWN.findall(report.read_text("utf-8"))}
    assert {entry.code for entry in explanations()} - shown == set(ELSEWHERE)


def test_a_case_is_no_copy_of_another() -> None:
    inputs = [
        tuple((p.relative_to(case).as_posix(), p.read_bytes()) for p in sorted(case.rglob("*/*.*")))
        for case in HERE.glob("*/input")
    ]
    assert len(inputs) == len(set(inputs))
