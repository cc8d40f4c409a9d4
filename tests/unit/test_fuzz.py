"""Whatever a project holds, checking it ends: with a deck, or with problems that can be shown.

A project with every kind of file is broken at random, as typing, pasting and merging break files.
Time is bounded by what is read (sizes, depths, numbers of problems of a kind), not measured here.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder import markup, source
from builder.build import check
from builder.cache import Cache
from builder.console import as_json, as_text
from builder.diagnostics import ContentError, Diagnostic
from builder.explain import explanations
from builder.project import Project
from tests.golden.test_errors import BASE

GOLDEN = Path(__file__).parents[1] / "golden" / "errors"
NOW = 1_790_000_000
CODES = {entry.code for entry in explanations()}

#: What means something to YAML, Markdown, LaTeX, clozes or the lock.
TOKENS = (
    "{{c1::", "}}", "{{c2::x::y}}", "{{", "::", "$", "$$", "\\frac{1", "\\", "`", "```", "**", "*",
    "[", "](", "]", "{", "}", ": ", ":", " #", "- ", "\n", "\n\n", "\n  ", "\t", "'", '"', "|", ">",
    "&a ", "*a", "!!x ", "<<: ", "---\n", "%", "@", "?", "？", "，", "：", "吗？", "一", "12,345",
    "1.5", "<b>", "<!--", "https://x.org/", "arXiv:1706.03762", "2026-11", "core", "sum", "en",
    "null", "~", "\r\n", "\u00a0", "\u3000", "\ufeff", "\u200b", "\u0301", "\U0001f600", "\x00",
    "\u2028", "note ", "retired ", "version 1\n", "<<<<<<< a\n",
)  # fmt: skip  # one a line would fill a page
FILES = ("deck.yaml", "topics/first.yaml", "glossary.yaml", "symbols.yaml", "papers.yaml")
OTHERS = {
    "glossary.yaml": "- {en: number, zh: 数, avoid: [digit, 数字], unless: 数字化}\n",
    "symbols.yaml": "x: {zh: 数, en: a number}\n'y_i': {zh: 数, en: 'another $x$'}\n",
    "papers.yaml": "1706.03762: {title: Attention Is All You Need, confirmed: 2026-11}\n",
    "retired.yaml": "old: {reason: too easy, on: 2026-09}\n",
}


def project(root: Path) -> Project:
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(GOLDEN / "_base", root)
    shutil.copy(GOLDEN / "_published" / "deck.lock", root / "content" / "deck.lock")
    for name, text in OTHERS.items():
        (root / "content" / name).write_text(text, "utf-8")
    return Project(root)


def problems(opened: Project, cache: Cache) -> Sequence[Diagnostic]:
    try:
        return check(opened, cache, NOW).warnings
    except ContentError as error:
        return error.diagnostics


def assert_presentable(found: Sequence[Diagnostic], root: Path) -> None:
    """Each has a code that is explained and a place in a file, and can be printed."""
    for problem in found:
        assert problem.code in CODES
        text = ""
        if problem.span is not None:
            file = root / problem.span.path
            text = file.read_bytes().decode("utf-8", "replace") if file.is_file() else ""
            lines = text.replace("\r\n", "\n").split("\n")
            assert 1 <= problem.span.line <= len(lines) + 1
            assert problem.span.column >= 1
            assert (problem.span.end_line, problem.span.end_column) >= (
                problem.span.line,
                problem.span.column,
            )
        assert problem.message in as_text(problem, text)
        assert as_json(problem)["code"] == problem.code
    # A file that repeats one mistake is not a wall of messages.
    assert len(found) < 200


#: Where to break a file (as a share of its length), how much to take away, what to put there.
EDITS = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.integers(0, 6),
        st.lists(st.sampled_from(TOKENS), max_size=3).map("".join) | st.text(max_size=4),
    ),
    min_size=1,
    max_size=4,
)


def edited(text: str, edits: Sequence[tuple[float, int, str]]) -> str:
    for place, taken, put in edits:
        at = int(place * len(text))
        text = text[:at] + put + text[at + taken :]
    return text


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.sampled_from((*FILES, "retired.yaml", "deck.lock")), edits=EDITS)
def test_a_project_that_was_broken_is_told_what_is_wrong(
    name: str, edits: list[tuple[float, int, str]], tmp_path: Path, cache: Cache
) -> None:
    opened = project(tmp_path / "deck")
    file = opened.content / name
    text = edited(file.read_text("utf-8"), edits)
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert_presentable(problems(opened, cache), opened.root)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    value=st.lists(st.sampled_from(TOKENS), max_size=12).map("".join),
    field=st.sampled_from(("question", "answer", "detail", "table", "pitfall", "facts")),
)
def test_any_text_in_any_field(value: str, field: str, tmp_path: Path, cache: Cache) -> None:
    """The YAML is sound, so markup and rules see the text."""
    opened = project(tmp_path / "deck")
    quoted = "'" + value.replace("'", "''").replace("\n", "\n\n        ") + "'"
    texts = f"{{zh: {quoted}, en: {quoted}}}"
    lines = BASE.decode().replace("    facts:\n", f"    facts:\n      more: {texts}\n")
    if field in ("detail", "table", "pitfall"):
        lines = lines.replace("    refs:", f"    {field}: {texts}\n    refs:")
    elif field != "facts":
        kept = [line for line in lines.split("\n") if not line.startswith(f"    {field}:")]
        lines = "\n".join(kept).replace("    refs:", f"    {field}: {texts}\n    refs:")
    (opened.content / "topics/first.yaml").write_bytes(lines.encode())
    assert_presentable(problems(opened, cache), opened.root)


BYTES = st.binary(max_size=60) | st.lists(st.sampled_from(TOKENS), max_size=20).map(
    lambda tokens: "".join(tokens).encode()
)


@settings(max_examples=150, deadline=None)
@given(BYTES)
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    found: Sequence[Diagnostic] = ()
    scalars: list[object] = []
    try:
        parsed = source.decode(raw, "content/topics/t.yaml")
        scalars = [scalar.value for _, scalar in source.scalars(parsed.root)]
    except ContentError as error:
        found = error.diagnostics
    assert {problem.code for problem in found} <= CODES
    assert all(isinstance(value, str | None) for value in scalars)


#: Pasted, generated or hostile: one thing very often.
REPEATED = (
    "[", "*", "`", "$", "$$ ", "{{c1::", "}}", "{{c1::x}}", "{{c1::{", "<", "|", "1,", "（", "> ",
    "- ", "\\", "1 ", "a?", "[a](", "![a](", "::", "a-", "http://", "\n- ", "字，", "\\frac", "x^",
    "中a",
)  # fmt: skip  # one a line would fill a page


@pytest.mark.parametrize("token", REPEATED)
def test_one_thing_very_often(token: str, tmp_path: Path, cache: Cache) -> None:
    opened = project(tmp_path / "deck")
    text = BASE.decode().split("    formula:")[0]
    body = "".join(f"        {line}\n" for line in ("One " + token * 2000).split("\n"))
    text += f"    detail:\n      zh: |-\n{body}      en: |-\n{body}"
    (opened.content / "topics/first.yaml").write_text(text, "utf-8")
    assert_presentable(problems(opened, cache), opened.root)
    assert markup.parse(token * 2000)
