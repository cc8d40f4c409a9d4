"""Pydantic's complaints in an author's words, each with its place and a fix."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from builder import source
from builder.diagnostics import Diagnostic, did_you_mean
from builder.model import (
    CodeBlock,
    DeckFile,
    GlossaryFile,
    Item,
    LintSettings,
    Output,
    RetiredFile,
    RetiredNote,
    Term,
    nearest_tag,
)
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
            if detail["type"] == "too_short" and any(
                other["loc"][: len(loc)] == loc and other["loc"] != loc for other in details
            ):
                continue  # entries that are wrong do not count
            context = detail.get("ctx", {})
            if detail["type"] == "unknown_language" and kind is GlossaryFile:
                # Languages are keys of a term beside these, so it may be either.
                hint = did_you_mean(str(context["key"]), Term.model_fields)
                if hint:
                    span = parsed.key_span((*loc, str(context["key"])))
                    yield Diagnostic("unknown-key", f"unknown key '{context['key']}'", span, hint)
                    continue
            yield _explain_value(detail["type"], detail["msg"], context, loc, parsed)
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
    "missing_language": ("missing-language", "every text is needed in every language of the deck"),
    "unknown_language": (
        "unknown-language",
        "check the tag, or add it to `languages` in deck.yaml",
    ),
    "bad_language": ("bad-language", "such as `languages: [zh, en]`"),
    "bad_month": ("bad-month", "year, hyphen and month, such as `2026-11`"),
    "bad_paper": ("bad-paper", "such as `2104.09864: {title: …}`, without `arXiv:` and version"),
    "bad_tag": ("bad-tag", "such as `machine-learning`; `::` parts levels, such as `maths::sets`"),
    "same_tag": ("bad-tag", "delete one of them"),
    "bad_name": ("bad-output", "such as `handout.pdf: {target: handout}`"),
    "bad_output": ("bad-output", "such as `handout.pdf: {target: handout}`"),
    "same_output": ("bad-output", "give one of them another name"),
}


#: Pydantic error type -> what a number must be, and which part of the error's context says it.
_NUMBERS = {
    "less_than_equal": ("at most {}", "le"),
    "greater_than_equal": ("at least {}", "ge"),
    "greater_than": ("more than {}", "gt"),
    "int_parsing": ("a whole number is needed here", ""),
    "float_parsing": ("a number is needed here", ""),
    "bool_parsing": ("`yes` or `no` is needed here", ""),
}


def _slug(text: str) -> str:
    """An id as near to a text as can be; empty if nothing of it can stand in one."""
    words = re.sub(r"[^a-z0-9]+", "-", text.removesuffix(".yaml").lower())
    return words.strip("-")[:60].strip("-")


def _explain_value(
    kind: str, message: str, context: Mapping[str, Any], loc: Location, parsed: Source
) -> Diagnostic:
    on_key = loc[-1:] == ("[key]",)
    where: Location = loc[:-1] if on_key else loc
    span = parsed.key_span(where) if on_key else parsed.value_span(where)
    if kind in ("bad_output", "same_output"):
        # Pydantic knows only that one of them is wrong.
        span = parsed.key_span((*where, str(context["name"])))
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
        node = parsed.node(where)
        entry = node.items.get(str(context["key"])) if isinstance(node, source.Mapping) else None
        if entry and isinstance(entry[1], source.Scalar) and entry[1].value is None:
            return Diagnostic(
                "unknown-language",
                message,
                span,
                "inside `{…}` a comma ends a text: put the text in quotes",
            )
    if kind == "needs_languages":
        texts = ", ".join(f"{language}: …" for language in str(context["languages"]).split(", "))
        return Diagnostic("missing-language", message, span, f"write a map: `{{{texts}}}`")
    if kind in _VALUE_ERRORS:
        code, help_ = _VALUE_ERRORS[kind]
        node = parsed.node(where)
        if kind == "bad_tag" and isinstance(node, source.Scalar):
            nearest = nearest_tag(node.value or "")
            help_ = f"such as `{nearest}`" if nearest else help_
        if kind == "bad_id":
            typed = str(where[-1]) if on_key else ""
            if not on_key and isinstance(node, source.Scalar):
                typed = node.value or ""
            slug = _slug(typed)
            help_ = f"such as `{slug}`" if slug not in ("", typed) else help_
        return Diagnostic(code, message, span, help_)
    if kind in ("literal_error", "enum"):
        expected = str(context.get("expected", ""))
        node = parsed.node(where)
        value = node.value if isinstance(node, source.Scalar) else None
        options = [part.strip("'") for part in expected.replace(" or ", ", ").split(", ")]
        message = f"'{value}' is not one of {expected}" if value else f"expected {expected}"
        return Diagnostic("bad-value", message, span, did_you_mean(value or "", options))
    if kind in ("dict_type", "model_type", "model_attributes_type"):
        is_list = isinstance(parsed.node(where), source.Sequence)
        help_ = (
            "write `key: value`, without hyphens or brackets" if is_list else "indent them below"
        )
        return Diagnostic("wrong-type", "expected keys and values here", span, help_)
    if kind in ("list_type", "tuple_type"):
        return Diagnostic("wrong-type", "expected a list here", span, "such as `[one, two]`")
    if kind in ("too_long", "too_short"):
        limit = context.get("max_length", context.get("min_length"))
        word = "at most" if kind == "too_long" else "at least"
        entries = "1 entry" if limit == 1 else f"{limit} entries"
        return Diagnostic(
            "bad-value", f"{word} {entries}, not {context.get('actual_length')}", span
        )
    if kind in _NUMBERS:
        message, name = _NUMBERS[kind]
        return Diagnostic("bad-value", message.format(context.get(name, "")), span)
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
