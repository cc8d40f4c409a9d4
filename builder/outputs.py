"""What `outputs` of deck.yaml asks for beyond single values: options that count, content to show.

An option that a target does not use, or levels that no item has, would pass in silence and surprise
whoever opens the file.
"""

from collections.abc import Iterator, Sequence

from builder.diagnostics import Diagnostic
from builder.model import DeckFile, Level, Output
from builder.source import Source

_PRINT = ("languages", "levels", "paper", "template")
#: Target -> the options that it uses, beside `target`.
OPTIONS: dict[str, tuple[str, ...]] = {
    "anki": ("languages",),
    "sheet": (*_PRINT, "columns", "max_pages"),
    "handout": (*_PRINT, "layout", "binding"),
    "cards": (*_PRINT, "card"),
    "worksheet": _PRINT,
}


def unused_options(deck_file: DeckFile, deck_source: Source) -> Iterator[Diagnostic]:
    """Each option of an output that its target does not use."""
    for name, output in deck_file.outputs.items():
        known = OPTIONS[output.target]
        for option in Output.model_fields:
            if option in ("target", *known) or getattr(output, option) is None:
                continue
            owners = [target for target, options in OPTIONS.items() if option in options]
            yield Diagnostic(
                "unused-option",
                f"the target '{output.target}' has no `{option}`; {_has(owners)}",
                deck_source.key_span(("outputs", name, option)),
                f"delete it; '{output.target}' has {_listed([f'`{each}`' for each in known])}",
            )


def empty_outputs(
    deck_file: DeckFile, deck_source: Source, levels: Sequence[Level], imported: bool
) -> Iterator[Diagnostic]:
    """Each output that would have nothing in it.

    Args:
        deck_file: What to make.
        deck_source: The file of it.
        levels: The levels of the deck's items.
        imported: Whether the deck has imported notes.
    """
    notes = bool(levels) or imported
    for name, output in deck_file.outputs.items():
        if not (levels if output.target != "anki" else notes):
            yield Diagnostic(
                "empty-output",
                f"{name} would be empty: the deck has no {'question' if notes else 'note'}",
                deck_source.key_span(("outputs", name)),
                "delete this output, since imported notes are not printed"
                if notes
                else "write an item under `items` of a topic",
            )
        elif output.levels is not None and not set(output.levels) & set(levels):
            asked = [f"'{level}'" for level in output.levels]
            yield Diagnostic(
                "empty-output",
                f"{name} would be empty: no item has the level {_listed(asked, 'or')}",
                deck_source.value_span(("outputs", name, "levels")),
                f"the deck's items have {_listed([f'`{level}`' for level in levels])}",
            )


def _has(targets: Sequence[str]) -> str:
    names = [f"'{target}'" for target in targets]
    return f"only {names[0]} has it" if len(names) == 1 else f"{_listed(names)} have it"


def _listed(words: Sequence[str], last: str = "and") -> str:
    """Words in a sentence: `one, two and three`."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1])))
