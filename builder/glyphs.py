"""Characters that a printed document would need and its fonts lack: found before anything is set.

A missing character prints as an empty box, or in whatever other font the machine has. Each output
may name other fonts, so each is looked at with those of its own style sheets. The common case, that
nothing is missing, costs one look at the set of all characters.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from builder import fonts, markup, source
from builder.cache import Cache
from builder.diagnostics import ContentError, Diagnostic
from builder.model import DeckFile, Output
from builder.project import Project
from builder.source import Location, Source

#: What of an item is never printed as text, or drawn as a formula, with fonts of its own.
_NOT_TEXT = {
    *("level", "formula", "figure", "covers", "confusable", "check", "review_by", "allow"),
    *("type", "tags"),
}
#: What of a topic is not printed.
_NOT_PRINTED = {"notes", "deck"}
#: What of deck.yaml is printed.
_HEAD = {"title", "description", "licence", "homepage", "version"}


@dataclass(frozen=True, slots=True)
class _Text:
    """A text of the source, and what decides whether an output prints it; None: all do."""

    source: Source
    at: Location
    value: str
    language: str | None
    level: str | None


def missing(
    project: Project, deck: DeckFile, files: Mapping[str, bytes], cache: Cache
) -> list[Diagnostic]:
    """Every character that no font of an output that prints it has, at its place.

    Args:
        project: Where templates are.
        deck: The outputs and languages.
        files: Name as messages show it -> content, of deck.yaml, symbols.yaml and all topics.
        cache: Keeps what characters a font has.
    """
    outputs = {name: output for name, output in deck.outputs.items() if output.target != "anki"}
    if not outputs:
        return []
    used = "".join(set("".join(data.decode("utf-8", "replace") for data in files.values())))
    by_families: dict[tuple[str, ...], set[str]] = {}
    lacking: dict[str, set[str]] = {}
    for name, output in outputs.items():
        families = _families(project, output)
        if families not in by_families:
            by_families[families] = fonts.missing_glyphs(used, families, cache)
        if by_families[families]:
            lacking[name] = by_families[families]
    if not lacking:
        return []
    return list(_problems(deck, files, lacking))


def _families(project: Project, output: Output) -> tuple[str, ...]:
    """The families that an output's templates name.

    A name in a comment counts too, which harms less than to render them all would cost.
    """
    folders = project.template_folders("print")
    from builder.templating import print_files  # a package needs none of it

    names = print_files(folders, output.target, output.template)
    found = (next((f / name for f in folders if (f / name).is_file()), None) for name in names)
    return fonts.named("".join(_text(file) for file in found if file is not None))


def _text(file: Path) -> str:
    return file.read_text("utf-8", "replace")


def _problems(
    deck: DeckFile, files: Mapping[str, bytes], lacking: Mapping[str, set[str]]
) -> Iterator[Diagnostic]:
    everything = set().union(*lacking.values())
    for text in _texts(deck, files, everything):
        printing = {
            name: lacks
            for name, lacks in lacking.items()
            if _prints(deck, deck.outputs[name], text)
        }
        drawn = [(math.start, math.end) for math in markup.parse(text.value).maths]
        for character in sorted(everything & set(text.value)):
            names = [name for name, lacks in printing.items() if character in lacks]
            place = _outside(text.value, character, drawn)
            if names and place is not None:
                yield Diagnostic(
                    "missing-glyph",
                    f"no font of {', '.join(names)} has the character '{character}' "
                    f"(U+{ord(character):04X})",
                    text.source.text_span(text.at, place, place + 1),
                    "write it another way, as a formula or a figure, or name a font that has it "
                    "in a style sheet of your own",
                )


def _outside(value: str, character: str, ranges: Sequence[tuple[int, int]]) -> int | None:
    """Where a character stands for the first time outside of some ranges."""
    at = value.find(character)
    while at >= 0 and any(start <= at < end for start, end in ranges):
        at = value.find(character, at + 1)
    return at if at >= 0 else None


def _texts(deck: DeckFile, files: Mapping[str, bytes], wanted: set[str]) -> Iterator[_Text]:
    """The texts that may be printed and have one of the characters."""
    for name, data in files.items():
        if not wanted & set(data.decode("utf-8", "replace")):
            continue
        try:
            parsed = source.decode(data, name)
        except ContentError:
            continue  # reported by who reads the file for its content
        for at, scalar in source.scalars(parsed.root):
            if not scalar.value or not wanted & set(scalar.value):
                continue
            if name.endswith("/deck.yaml") and at[0] not in _HEAD:
                continue
            if at[0] in _NOT_PRINTED and not name.endswith("/deck.yaml"):
                continue
            level = None
            if at[0] == "items" and len(at) > 2:
                if at[2] in _NOT_TEXT:
                    continue
                node = parsed.node(("items", at[1], "level"))
                level = node.value if isinstance(node, source.Scalar) else None
            language = at[-1] if at[-1] in deck.languages else None
            yield _Text(
                parsed, at, scalar.value, None if language is None else str(language), level
            )


def _prints(deck: DeckFile, output: Output, text: _Text) -> bool:
    in_language = text.language is None or text.language in (output.languages or deck.languages)
    return in_language and (
        text.level is None or output.levels is None or text.level in output.levels
    )
