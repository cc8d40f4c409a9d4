"""The two Jinja environments: print pages with `{{ }}`, card faces with `[[ ]]`.

Anki's own templates use `{{Field}}`, so the card environment must leave braces alone. Both refuse
undefined names and escape HTML; text that is HTML already comes as `Markup`. A project's templates
are trusted, since whoever runs a build has read them or their author; its YAML never is.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
)

from builder import source
from builder.diagnostics import ContentError, Diagnostic, Span, did_you_mean

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
    return tuple(sorted(file for folder in folders for file in folder.rglob("*")))


@lru_cache(maxsize=8)
def _environment(folders: tuple[Path, ...], files: tuple[Path, ...], *, cards: bool) -> Environment:
    del files  # only a part of the key
    marks: dict[str, Any] = _CARD_MARKS if cards else {}
    return Environment(
        loader=FileSystemLoader([str(folder) for folder in folders], encoding="utf-8-sig"),
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


def fill(environment: Environment, kind: str, name: str, values: Mapping[str, object]) -> str:
    """A template with values.

    Args:
        environment: Where templates are.
        kind: The folder of `templates` they are in, `print` or `anki`, for messages.
        name: The template.
        values: What it may use.

    Raises:
        ContentError: The template has an error; the problem names the file and the line.
    """
    try:
        return environment.get_template(name).render(values)
    except TemplateNotFound as error:
        wanted = str(error.name or name)
        message = f"there is no template '{wanted}' in templates/{kind}"
        fix = did_you_mean(wanted, environment.list_templates())
        raise _bad_template(kind, message, fix, error, name) from error
    except TemplateSyntaxError as error:
        where = Path(error.filename or error.name or name).name
        message = error.message or "not valid"
        raise ContentError([_problem(kind, message, "", where, error.lineno)]) from error
    except UnicodeDecodeError as error:
        _check_encoding(environment, kind, error.object)
        raise
    except Exception as error:
        # An error of ours, and not of the template, has no frame of a template.
        message = _OUR_CLASS.sub(r"`\1`", str(error)) or type(error).__name__
        raise _bad_template(kind, message, "", error, "") from error


def _check_encoding(environment: Environment, kind: str, read: bytes) -> None:
    """Raise for the template that is not UTF-8: Jinja says what it read, but not from where."""
    loader = environment.loader
    for folder in loader.searchpath if isinstance(loader, FileSystemLoader) else ():
        for file in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
            data = file.read_bytes()
            if data.endswith(read):  # without its byte order mark
                name = file.relative_to(folder).as_posix()
                source.text(data, f"templates/{kind}/{name}")


#: How Jinja names a record of ours whose attribute it does not find.
_OUR_CLASS = re.compile(r"'builder\.[\w.]*?(\w+) object'")


def _bad_template(kind: str, message: str, fix: str, error: Exception, otherwise: str) -> Exception:
    """The problem at the template's line that was at work last."""
    where, line = otherwise, 1
    traceback = error.__traceback__
    while traceback is not None:
        file = Path(traceback.tb_frame.f_code.co_filename)
        if file.parent.name == kind and file.parent.parent.name == "templates":
            where, line = file.name, traceback.tb_lineno
        traceback = traceback.tb_next
    return ContentError([_problem(kind, message, fix, where, line)]) if where else error


def _problem(kind: str, message: str, fix: str, name: str, line: int) -> Diagnostic:
    span = Span(f"templates/{kind}/{name}", line, 1, line, 1)
    if kind == "anki" and not fix:
        fix = "Deckwright's own expressions stand in `[[ ]]`, Anki's fields in `{{ }}`"
    return Diagnostic("bad-template", message, span, fix)
