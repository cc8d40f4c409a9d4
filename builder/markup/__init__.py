"""Markdown with clozes, formulas and Chinese typography: parsed once, rendered per target.

The rules live in their own modules, with a fixture file each in tests/unit/markup.
"""

from builder.markup.code import highlight, unknown_language
from builder.markup.math import anki_math
from builder.markup.ordinals import card_ordinals
from builder.markup.parse import parse
from builder.markup.records import Cloze, Code, Document, Image, Math, Problem, Style
from builder.markup.render import plain, render, shows_nothing

__all__ = [
    "Cloze",
    "Code",
    "Document",
    "Image",
    "Math",
    "Problem",
    "Style",
    "anki_math",
    "card_ordinals",
    "highlight",
    "parse",
    "plain",
    "render",
    "shows_nothing",
    "unknown_language",
]
