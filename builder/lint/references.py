"""E1: every card says where its facts come from."""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Final
from urllib.parse import urlsplit

from builder.lint.content import Content, Entry, Finding

_ARXIV = re.compile(
    r"arXiv:(?:[0-9]{2}(?:0[1-9]|1[0-2])\.[0-9]{4,5}|[a-z-]+(?:\.[A-Z]{2})?/[0-9]{7})(?:v[0-9]+)?"
)
_DOI = re.compile(r"doi:10\.[0-9]{4,9}/[!-~]+")
_ISBN = re.compile(r"isbn:[0-9-]{9,16}[0-9X]")
_URL = re.compile(r"https?://[!-~]+")

_FORMS: Final = (
    "write `arXiv:2104.09864 §3.2`, `doi:10.1000/182`, `isbn:9780262035613` or an address "
    "`https://…`, and then the place"
)
_HINTS: Final = (
    (re.compile(r"arxiv:\s", re.IGNORECASE), "no space after `arXiv:`, as in `arXiv:2104.09864`"),
    (
        re.compile(r"arxiv:", re.IGNORECASE),
        "an arXiv number is year, month, dot and four or five digits: `arXiv:2104.09864`",
    ),
    (re.compile(r"\d{4}\.\d{4,5}"), "write `arXiv:` before the number"),
    (re.compile(r"(?:www\.|[\w-]+\.(?:org|com|io|net)/)"), "write the address with `https://`"),
    (re.compile(r"10\.\d{4,9}/"), "write `doi:` before the number"),
)


def references(content: Content) -> Iterator[Finding]:
    """There is a reference, each has a known form, and one is a primary source."""
    hosts = content.limits.primary_hosts
    for entry in content.entries:
        yield from _references(entry, hosts)


def _references(entry: Entry, hosts: Sequence[str] | None) -> Iterator[Finding]:
    refs = entry.item.refs
    if not refs:
        yield Finding(
            "no-reference",
            f"'{entry.id}' names no source",
            entry.path,
            f"add `refs: […]` with the primary source; {_FORMS}",
            on_key=True,
        )
        return
    primary = False
    for number, ref in enumerate(refs):
        kind = source_kind(ref)
        if not kind:
            hint = next((text for pattern, text in _HINTS if pattern.match(ref)), _FORMS)
            yield Finding(
                "bad-reference",
                f"“{ref}” is no reference that can be looked up",
                (*entry.path, "refs", number),
                hint,
            )
            primary = True  # one message about it is enough
        elif kind != "url" or _is_primary(ref, hosts):
            primary = True
    if not primary:
        yield Finding(
            "secondary-reference",
            "none of the sources is primary",
            (*entry.path, "refs"),
            "cite the paper, the specification or the code; "
            "a host that counts as primary goes to `lint: primary_hosts:` in deck.yaml",
            on_key=True,
        )


def unknown_paper(content: Content) -> Iterator[Finding]:
    """An arXiv number is one of those in the deck's table, if the deck has one."""
    papers = content.papers
    for entry in content.entries if papers else ():
        for number, ref in enumerate(entry.item.refs):
            if source_kind(ref) != "arxiv":
                continue
            word = ref.split(maxsplit=1)[0].rstrip(",;").removeprefix("arXiv:")
            paper = _VERSION.sub("", word)
            if paper not in papers:
                near = get_close_matches(paper, papers, n=1, cutoff=0.8)
                guess = f"did you mean {near[0]}, “{papers[near[0]]}”? Otherwise " if near else ""
                yield Finding(
                    "unknown-paper",
                    f"content/papers.yaml does not have {paper}",
                    (*entry.path, "refs", number),
                    f"{guess}look it up, and add `{paper}: {{title: …}}` there",
                )


_VERSION = re.compile(r"v[0-9]+$")
_NUMERIC = re.compile(r"[0-9]+(?:[.,][0-9]+|[0-9 ]*[%％]|[0-9]{2})")


def no_place(content: Content) -> Iterator[Finding]:
    """Where numbers come from a paper, one of the references names the place."""
    for entry in content.entries if content.limits.places_named else ():
        papers = [r for r in entry.item.refs if source_kind(r) in ("arxiv", "doi")]
        if not papers or any(len(ref.split()) > 1 for ref in papers):
            continue
        asked = (text for text in entry.all if text.field in ("answer", "fact"))
        if any(_NUMERIC.search(text.shown) for text in asked):
            yield Finding(
                "no-place",
                "the item has numbers, and no reference says where in the paper they are",
                (*entry.path, "refs"),
                "write the section, table or page: `arXiv:2104.09864 §3.2`",
                warning=True,
                on_key=True,
            )


def source_kind(ref: str) -> str:
    """`arxiv`, `doi`, `isbn`, `url`, or nothing if it is none of them."""
    word = ref.split(maxsplit=1)[0] if ref.strip() else ""
    for kind, pattern in (("arxiv", _ARXIV), ("doi", _DOI), ("isbn", _ISBN)):
        if pattern.fullmatch(word.rstrip(",;")):
            return kind
    return "url" if _URL.fullmatch(word) and _host(word) else ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_primary(url: str, hosts: Sequence[str] | None) -> bool:
    if hosts is None:
        return True
    host = _host(url.split(maxsplit=1)[0])
    return any(host == known or host.endswith("." + known) for known in hosts)
