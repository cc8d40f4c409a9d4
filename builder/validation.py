"""Pydantic's complaints in an author's words, each with its place and a fix."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from builder import source
from builder.diagnostics import Diagnostic, did_you_mean
from builder.model import CodeBlock, DeckFile, Item, LintSettings, Output, RetiredFile, RetiredNote
from builder.source import Location, Source

_KNOWN_KEYS: dict[str, type[BaseModel]] = {
    "items": Item,
    "code": CodeBlock,
    "lint": LintSettings,
}


def explained(
    error: ValidationError, kind: type[BaseModel], parsed: Source
) -> Iterator[Diagnostic]:
    """Every error of a failed validation.

    Args:
        error: What pydantic raised.
        kind: The model of the whole file: tells which keys a place knows.
        parsed: The file.

    Yields:
        One diagnostic a mistake: a mistyped key and the missing one it stands for are one.
    """
    details = error.errors(include_url=False)
    missing = {
        (loc[:-1], str(loc[-1])) for loc in (d["loc"] for d in details if d["type"] == "missing")
    }
    paired: set[tuple[Location, str]] = set()
    later: list[tuple[Location, str]] = []
    for detail in details:
        loc: Location = detail["loc"]
        if detail["type"] == "extra_forbidden":
            name = str(loc[-1])
            absent = [key for parent, key in missing if parent == loc[:-1]]
            known = _fields(kind, loc[:-1])
            suggestion = did_you_mean(name, absent) or did_you_mean(name, known)
            paired |= {(loc[:-1], key) for key in absent if f"'{key}'" in suggestion}
            yield Diagnostic(
                "unknown-key",
                f"unknown key '{name}'",
                parsed.key_span(loc),
                suggestion or f"known here: {', '.join(known)}",
            )
        elif detail["type"] == "missing":
            later.append((loc[:-1], str(loc[-1])))
        else:
            yield _explain_value(detail["type"], detail["msg"], detail.get("ctx", {}), loc, parsed)
    for parent, name in later:
        if (parent, name) not in paired:
            yield Diagnostic(
                "missing-key",
                f"the key '{name}' is missing",
                parsed.key_span(parent),
                f"add `{name}:`",
            )


#: Pydantic error type -> our code and help; the message is pydantic's or our own validator's.
_VALUE_ERRORS = {
    "empty": ("empty-text", "write the text, or delete the key"),
    "bad_id": ("bad-id", "such as `rope-idea`"),
    "needs_languages": ("missing-language", "write a map: `{zh: …, en: …}`"),
    "missing_language": ("missing-language", "every text is needed in every language of the deck"),
    "unknown_language": (
        "unknown-language",
        "check the tag, or add it to `languages` in deck.yaml",
    ),
    "bad_language": ("bad-language", "such as `languages: [zh, en]`"),
    "bad_month": ("bad-month", "year and month, such as `as_of: 2026-11`"),
    "bad_paper": ("bad-paper", "such as `2104.09864: {title: …}`, without `arXiv:` and version"),
    "bad_output": ("bad-output", "such as `handout.pdf: {target: handout}`"),
}


def _explain_value(
    kind: str, message: str, context: Mapping[str, Any], loc: Location, parsed: Source
) -> Diagnostic:
    on_key = loc[-1:] == ("[key]",)
    where: Location = loc[:-1] if on_key else loc
    span = parsed.key_span(where) if on_key else parsed.value_span(where)
    if kind in ("missing_language", "needs_languages"):
        span = parsed.key_span(where)
    if kind == "missing_language":
        node = parsed.node(where)
        entry = (
            node.items.get(str(context["language"])) if isinstance(node, source.Mapping) else None
        )
        if entry is not None:
            kind, message = "empty", f"the text in '{context['language']}' is empty"
            span = parsed.span(entry[0].start, entry[0].end)
    if kind == "unknown_language":
        span = parsed.key_span((*where, str(context["key"])))
    if kind in _VALUE_ERRORS:
        code, help_ = _VALUE_ERRORS[kind]
        return Diagnostic(code, message, span, help_)
    if kind in ("literal_error", "enum"):
        expected = str(context.get("expected", ""))
        node = parsed.node(where)
        value = node.value if isinstance(node, source.Scalar) else None
        options = [part.strip("'") for part in expected.replace(" or ", ", ").split(", ")]
        message = f"'{value}' is not one of {expected}" if value else f"expected {expected}"
        return Diagnostic("bad-value", message, span, did_you_mean(value or "", options))
    if kind in ("dict_type", "model_type", "model_attributes_type"):
        return Diagnostic("wrong-type", "expected keys and values here", span, "indent them below")
    if kind in ("list_type", "tuple_type"):
        return Diagnostic("wrong-type", "expected a list here", span, "such as `[one, two]`")
    if kind in ("too_long", "too_short"):
        limit = context.get("max_length", context.get("min_length"))
        word = "at most" if kind == "too_long" else "at least"
        return Diagnostic(
            "bad-value", f"{word} {limit} entries, not {context.get('actual_length')}", span
        )
    if kind == "string_type":
        node = parsed.node(where)
        if isinstance(node, source.Scalar) and node.value is None:
            return Diagnostic("empty-text", "the text is empty", span, "write it or delete the key")
        return Diagnostic(
            "wrong-type",
            "expected one text here, not a list or a map",
            span,
            "a text that starts with a bracket or brace needs quotes or a `|` block",
        )
    return Diagnostic("bad-value", message[:1].lower() + message[1:], span)


def _fields(kind: type[BaseModel], loc: Location) -> list[str]:
    """Names of the keys that are known at a place."""
    model = kind
    for part in loc:
        model = _KNOWN_KEYS.get(str(part), model)
    if kind is DeckFile and loc[:1] == ("outputs",):
        model = Output
    if kind is RetiredFile:
        model = RetiredNote
    return list(model.model_fields)
