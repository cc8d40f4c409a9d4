"""What libyaml says of a text that is not YAML, in words that help its author."""

import re
from typing import Any

import yaml

from builder.diagnostics import Diagnostic
from builder.source.tree import Source

_SYNTAX_HELP = (
    ("mapping values are not allowed", "a text that contains `: ` needs quotes or a `|` block"),
    ("could not find expected ':'", "a key is followed by `: `; text over several lines needs `|`"),
    ("did not find expected ',' or '}'", "close the `}`, or quote the text inside the braces"),
    ("did not find expected ',' or ']'", "close the `]`, or quote the text inside the brackets"),
    ("cannot start any token", "a text that starts with this character needs quotes"),
    ("did not find expected key", "check the indentation, and quotes inside a quoted text"),
    ("unexpected end of stream", "a quote or bracket is not closed"),
    ("alphabetic or numeric character", "a text that starts with `*` or `&` needs quotes"),
    ("<document start>", "delete the line that starts with `%`"),
    ("unknown escape character", "use single quotes or a `|` block: they keep backslashes"),
)


def syntax_problem(source: Source, error: yaml.MarkedYAMLError) -> Diagnostic:
    """The mistake that made libyaml give up, and where it was made: often before its own place.

    Args:
        source: The file, as far as it was read.
        error: What libyaml raised.
    """
    problem = error.problem or "not valid YAML"
    at = _clamp(source, error.problem_mark)
    begun = _clamp(source, error.context_mark) if error.context_mark else at
    context = error.context or ""
    text = source.text
    here = text[at : at + 1]

    def report(message: str, start: int, end: int, help_: str) -> Diagnostic:
        return Diagnostic("yaml-syntax", message, source.span(start, end), help_)

    if conflict := _CONFLICT.search(text):
        return report(
            "a merge conflict was left here",
            conflict.start(),
            conflict.end(),
            "keep one side, or both under two ids, and delete the markers",
        )
    if "flow" in context and text.count("\n", begun, at):
        # The bracket that was never closed, not the place much later where that came out.
        bracket = text[begun]
        closing = "}" if bracket == "{" else "]"
        return report(
            f"the `{bracket}` is not closed on its line",
            begun,
            begun + 1,
            f"add `{closing}`; a quote inside that is not closed also swallows it",
        )
    if "quoted scalar" in context and "end of stream" in problem:
        return report("this quote is never closed", begun, begun + 1, f"add `{text[begun]}`")
    before = text[:at].rstrip(" ")
    if "did not find expected key" in problem and before[-1:] in ("'", '"'):
        quote = before[-1]
        if quote == "'" and text[at - 1 : at] == quote and here.isalnum():
            return report(
                "the text ends at this quote",
                at - 1,
                at,
                "inside single quotes an apostrophe is doubled: `''`",
            )
        return report(
            "there is more after the closing quote", at, at + 1, "put all of the text in quotes"
        )
    if "mapping values are not allowed" in problem or "simple key" in context:
        # libyaml took a line without a key for more text, and stumbles over the next one.
        start = text.rfind("\n", 0, begun if "simple key" in context else at) + 1
        for line_start in (start, text.rfind("\n", 0, max(start - 1, 0)) + 1):
            line = text[line_start : text.find("\n", line_start)]
            for pattern, message, help_ in _NO_KEY:
                if match := pattern.match(line):
                    first, last = match.span(1)
                    return report(message, line_start + first, line_start + last, help_)
    if "simple key" in context and text.count("\n", begun, at):
        return report(
            "this line is neither a key with a value nor part of the text above",
            begun,
            max(begun + 1, text.find("\n", begun)),
            "a key is followed by `: `; the lines of a `|` block are all indented alike",
        )
    help_ = next((h for needle, h in _SYNTAX_HELP if needle in problem), "check the YAML syntax")
    if here == "\t" or text[:at].endswith("\t"):
        help_ = "indent with spaces, not tabs"
    elif here == ":":
        help_ = "a text that contains `: ` needs quotes or a `|` block"
    message = f"{problem} ({context})" if context else problem
    return report(message, at, at + 1, help_)


_CONFLICT = re.compile(r"^(?:<{7} .*|={7}|>{7} .*)$", re.MULTILINE)
_NO_KEY = (
    (
        re.compile(r"[ -]*[\w-]+ ?(：)"),
        "a full-width colon ends no key",
        "write `: `, the ASCII colon and a space",
    ),
    (
        re.compile(r"[ ]*[a-z_]+(:)[^\s:/]"),
        "a key's colon is followed by a space",
        "write `: `",
    ),
    (
        re.compile(r" *([\u00a0\u3000\u2000-\u200b\u202f\ufeff]+)"),
        "this space is none to YAML",
        "indent with ordinary spaces; these were copied from a web page or a Chinese keyboard",
    ),
)


def _clamp(source: Source, mark: Any) -> int:
    return min(int(mark.index), max(len(source.text) - 1, 0)) if mark else 0
