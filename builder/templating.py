"""The two Jinja environments: print pages with `{{ }}`, card faces with `[[ ]]`.

Anki's own templates use `{{Field}}`, so the card environment must leave braces alone. Both refuse
undefined names and escape HTML; text that is HTML already comes as `Markup`. A project's templates
are trusted (design: Safety), its YAML never is.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_CARD_MARKS = {
    "variable_start_string": "[[",
    "variable_end_string": "]]",
    "block_start_string": "[%",
    "block_end_string": "%]",
    "comment_start_string": "[#",
    "comment_end_string": "#]",
}


def card_environment(folders: tuple[Path, ...]) -> Environment:
    """Templates of card faces and their CSS: `[[ expression ]]`, `[% block %]`, `[# comment #]`.

    Args:
        folders: Where to look for a template; the first folder that has it wins.
    """
    return _environment(folders, _files(folders), cards=True)


def print_environment(folders: tuple[Path, ...]) -> Environment:
    """Templates of printed documents: Jinja's usual marks.

    Args:
        folders: Where to look for a template; the first folder that has it wins.
    """
    return _environment(folders, _files(folders), cards=False)


def _files(folders: tuple[Path, ...]) -> tuple[Path, ...]:
    """What there is: Jinja sees a changed template, but not one that begins to hide another."""
    return tuple(sorted(file for folder in folders for file in folder.glob("*")))


@lru_cache(maxsize=8)
def _environment(folders: tuple[Path, ...], files: tuple[Path, ...], *, cards: bool) -> Environment:
    del files  # only a part of the key
    marks: dict[str, Any] = _CARD_MARKS if cards else {}
    return Environment(
        loader=FileSystemLoader([str(folder) for folder in folders]),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **marks,
    )


#: The template of each kind of printed output.
PRINT_TEMPLATES = {
    "sheet": "cheatsheet.html",
    "handout": "handout.html",
    "cards": "cards.html",
    "worksheet": "worksheet.html",
}


def print_files(folders: tuple[Path, ...], target: str, template: str | None) -> tuple[str, ...]:
    """The names of all templates that an output of print uses, the page's own first.

    Args:
        folders: Where to look for a template; the first folder that has it wins.
        target: The kind of output.
        template: The project's own template for it, if the output names one. `own.html` is styled
            by `own.css` if there is one, else by the target's style sheet.
    """
    default = PRINT_TEMPLATES[target]
    page = template or default
    styles = (page.removesuffix(".html") + ".css", default.removesuffix(".html") + ".css")
    style = next(s for s in styles if s == styles[1] or any((f / s).is_file() for f in folders))
    return page, default, "base.html", "parts.html", "base.css", "hues.css", style
