"""Write `reference.md`: commands and options as click knows them, keys as the models do.

    python -m docs.reference

A test fails when the page is not current.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from builder import schema
from builder.cli import main

PAGE = Path(__file__).with_name("reference.md")

_HEAD = """\
# Reference

Made by `python -m docs.reference` from the program itself; do not edit.
[authors.md](authors.md) is the tutorial.

## Commands

Exit status of every command: 0 fine, 1 the content has errors, 2 wrong usage, 3 this machine
lacks something (`deckwright doctor` says what), 70 a bug. Messages go to stderr, results and
machine formats to stdout.

`DECKWRIGHT_CACHE` names another cache folder. `SOURCE_DATE_EPOCH` stands in for the clock: seconds
since 1970.
"""

_FILES = {
    "deck": "What the deck is and what is made of it.",
    "topic": "The questions of a topic. `topics` in `deck.yaml` lists the files, in order.",
    "symbols": "LaTeX of a symbol: its one meaning in the whole deck. The keys are your symbols.",
    "glossary": "A list: the one term for each concept, under each of the deck's languages.",
    "papers": "arXiv number -> the paper. With this file, no other number may stand under `refs`.",
    "retired": "Note id (`item`, or `item.fact`): why it is gone for good. The keys are note ids.",
}


def text() -> str:
    """The page."""
    return "\n".join([_HEAD, *_commands(), "## Keys of the content files\n", *_keys()])


def _commands() -> Iterator[str]:
    context = click.Context(main, info_name="deckwright", max_content_width=100, terminal_width=100)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        if command is not None and not command.hidden:
            inner = click.Context(
                command,
                parent=context,
                info_name=name,
                max_content_width=100,
                terminal_width=100,
                help_option_names=["-h", "--help"],
            )
            yield f"### deckwright {name}\n\n```text\n{command.get_help(inner)}\n```\n"


def _keys() -> Iterator[str]:
    for name, (_, pattern) in schema.SCHEMAS.items():
        made = schema.make(name)
        yield f"### {pattern}\n\n{_FILES[name]}\n"
        if "properties" in made:
            yield _table(made)
        for title, definition in made["$defs"].items():
            if "properties" in definition:
                yield f"**{title}.** {definition['description']}\n"
                yield _table(definition)


def _table(node: dict[str, Any]) -> str:
    required = node.get("required", ())
    lines = ["| key | | what |", "| --- | --- | --- |"]
    for key, entry in node["properties"].items():
        mark = "required" if key in required else ""
        lines.append(f"| `{key}` | {mark} | {_what(entry)} |")
    return "\n".join(lines) + "\n"


def _what(entry: dict[str, Any]) -> str:
    words = " ".join(entry.get("description", "").split()).replace("|", "\\|")
    default = entry.get("default")
    return words if default is None or default is False else f"{words} [{default}]"


if __name__ == "__main__":
    PAGE.write_text(text(), "utf-8")
