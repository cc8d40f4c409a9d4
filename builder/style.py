"""Style sheets: joined into one, and the way back from a line of it to the file it came from."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from builder.diagnostics import Diagnostic, Span

_MARK = re.compile(r"/\* ([\w.-]+\.css) \*/$")
#: What WeasyPrint says of a declaration, and where. Line 1 of a style attribute looks the same.
_AT = re.compile(r"^(?P<what>.*?`(?P<text>[^`]*)`.*?) at (?P<line>\d+):\d+, (?P<why>.*)$")
#: What it says of a whole rule: what stands there is told by the line alone.
_RULE = re.compile(r"^(?P<what>.*?) at (?P<line>\d+):\d+(?P<why>: .*)?\.?$")
_AT_RULE = re.compile(r"<AtRule (@[\w-]+) .*?>")
_SELECTOR = re.compile(r"^Invalid or unsupported selector, '(?P<text>.*)'$")


def joined(sheets: Mapping[str, str]) -> str:
    """Name -> style sheet, as one text that remembers where each begins."""
    return "".join(f"/* {name} */\n{text.rstrip()}\n" for name, text in sheets.items())


def located(problem: str, css: str, folders: Sequence[Path]) -> Diagnostic | None:
    """A complaint of WeasyPrint's about a style sheet, at its place in the sheet's file.

    A sheet is filled like a page, so its lines may have moved; the declaration itself is looked
    for, and the line nearest to the one complained of taken.

    Args:
        problem: WeasyPrint's words; its lines count from the first of `css`.
        css: What `joined` made.
        folders: Where the files are; the first folder that has one wins.

    Returns:
        None if the complaint is of something else.
    """
    found = _AT.match(problem)
    if found:
        line, name = _origin(css, int(found["line"]))
        message = f"{found['what']}: {found['why'].rstrip('.')}"
        text = found["text"].strip()
    elif found := _SELECTOR.match(problem):
        line, name = 1, ""
        message = problem
        text = found["text"].strip()
    elif found := _RULE.match(problem):
        line, name = _origin(css, int(found["line"]))
        message = _AT_RULE.sub(r"\1", found["what"]) + (found["why"] or "")
        text = _line(css, int(found["line"])).strip()
        if not name or not text:
            return None
    else:
        return None
    for wanted in [name] if name else _names(css):
        file = next((f / wanted for f in folders if (f / wanted).is_file()), None)
        place = _search(file.read_text("utf-8"), text, line) if file else None
        if place is not None:
            return Diagnostic("bad-style", message, _span(wanted, *place, len(text)))
    if not name:
        return None
    return Diagnostic("bad-style", message, _span(name, line, 1, 0))


def _span(name: str, line: int, column: int, length: int) -> Span:
    return Span(f"templates/print/{name}", line, column, line, column + length)


def _origin(css: str, line: int) -> tuple[int, str]:
    """Line within a sheet, and the sheet's name; an empty name if the line is in none."""
    lines = css.split("\n")
    for at in range(min(line, len(lines)) - 1, -1, -1):
        mark = _MARK.match(lines[at])
        if mark:
            return line - at - 1, mark[1]
    return line, ""


def _line(css: str, number: int) -> str:
    """A line, counted from 1; empty if there is none, or it only says which sheet begins."""
    lines = css.split("\n")
    found = lines[number - 1] if 0 < number <= len(lines) else ""
    return "" if _MARK.match(found) else found


def _names(css: str) -> list[str]:
    return [mark[1] for line in css.split("\n") if (mark := _MARK.match(line))]


def _search(source: str, text: str, near: int) -> tuple[int, int] | None:
    """Line and column of a declaration, spaces ignored, nearest to a line."""
    pattern = re.compile(r"\s*".join(re.escape(part) for part in re.findall(r"\w+|[^\w\s]", text)))
    places = [
        (number, found.start() + 1)
        for number, line in enumerate(source.split("\n"), 1)
        if (found := pattern.search(line))
    ]
    return min(places, key=lambda place: abs(place[0] - near)) if places else None
