"""Sources as authors write them -- `arXiv:2104.09864 §3.2` -- and where they are to be read."""

import re
from collections.abc import Iterator

_SOURCE = re.compile(
    r"arXiv:(?P<arxiv>\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[a-z]{2})?/\d{7})"
    r"|doi:(?P<doi>10\.\d{4,9}/[^\s，。；]+)"
    r"|https?://(?P<page>[^\s，。；]+)",
    re.IGNORECASE,
)


def parts(reference: str) -> Iterator[tuple[str, str]]:
    """A reference cut into what to show and where that leads.

    Yields:
        Text, and its address: arXiv numbers, DOIs and pages have one, of the rest it is empty. A
        page is shown without `https://`.
    """
    at = 0
    for match in _SOURCE.finditer(reference):
        if match.start() > at:
            yield reference[at : match.start()], ""
        if match["arxiv"]:
            yield match[0], f"https://arxiv.org/abs/{match['arxiv']}"
        elif match["doi"]:
            yield match[0], f"https://doi.org/{match['doi']}"
        else:
            yield match["page"].removesuffix("/"), match[0]
        at = match.end()
    if at < len(reference):
        yield reference[at:], ""


def address(reference: str) -> str:
    """The first address of a reference, or an empty string."""
    return next((link for _, link in parts(reference) if link), "")
