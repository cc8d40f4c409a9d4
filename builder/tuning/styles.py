"""Computed values: those that no rule names are taken as they are.

WeasyPrint goes through everything that a value may need, such as variables and calculations, for
each of the two dozen properties that it asks a style for. Most are named by no rule: their value
is the parent's if it is inherited, else the initial one.
"""

from collections.abc import Iterator
from typing import Any


def changes() -> Iterator[tuple[Any, str, Any]]:
    """A class of WeasyPrint, a method of it, and what does the same sooner."""
    from weasyprint.css import ComputedStyle
    from weasyprint.css.computed_values import COMPUTER_FUNCTIONS, PHYSICAL_FUNCTIONS
    from weasyprint.css.properties import INHERITED, INITIAL_NOT_COMPUTED, INITIAL_VALUES

    compute = ComputedStyle.__missing__
    odd = {"position", "float", "display", "page"}  # these depend on more than the parent
    odd |= {name for name in (*INITIAL_VALUES, *COMPUTER_FUNCTIONS) if "text_decoration" in name}
    initial = {
        name: value
        for name, value in INITIAL_VALUES.items()
        if name not in INITIAL_NOT_COMPUTED and name not in INHERITED and name not in odd
    }
    inherited = frozenset(INHERITED) - odd

    def value_of(self: Any, key: str) -> Any:
        cascaded = self.cascaded
        if key not in cascaded:
            logical = PHYSICAL_FUNCTIONS.get(key)
            if logical and logical(block="ttb", inline=self["direction"]) in cascaded:
                return compute(self, key)
            if key in initial:
                value = self[key] = initial[key]
                return value
            if key in inherited and self.parent_style is not None:
                value = self[key] = self.parent_style[key]
                return value
        return compute(self, key)

    yield ComputedStyle, "__missing__", value_of
