"""Which columns of a printed table keep their lines whole.

Layout engines share a table's width by how much stands in each column, so a column of short words
next to one of sentences is squeezed until every word is broken, in Chinese between any two
characters. A column that asks for no more than its fair share of the width gets what it asks for.
"""

import re
from collections.abc import Sequence
from html import unescape

from builder.diagnostics import display_width

#: Space between two columns, in letters.
_GAP = 1.0

_ROW = re.compile(r"<tr>.*?</tr>", re.DOTALL)
_CELL = re.compile(r'<(t[hd])(?: class="(\w+)")?>(.*?)</\1>', re.DOTALL)
_FORMULA = re.compile(r'<img class="math[^>]*style="width:([0-9.]+)em[^>]*>')
_TAG = re.compile(r"<[^>]*>")
#: What is never broken: a Chinese character with the punctuation that may not leave it, or a word
#: with the hyphen or stroke after it.
_UNIT = re.compile(
    r"[\u3008\u300a\u300c\u300e\u3010\uff08\u2018\u201c]*[\u3000-\u9fff\uff00-\uffef]"
    r"[\u3001\u3002\u3009\u300b\u300d\u300f\u3011\uff01\uff09\uff0c\uff0e\uff1a\uff1b\uff1f"
    r"\u2019\u201d\u2026]*"
    r"|(?:[^\s\u200b\u2013\u2014/\u3000-\u9fff\uff00-\uffef-]|[/\u2013\u2014-]+(?=[.,:;!?)]))+"
    r"[/\u2013\u2014-]*"
)
#: Letters that are much wider, and much narrower, than others.
_WIDE, _NARROW = frozenset("mwMW%@"), frozenset("ijltfrI.,:;'|()[]{}!/-")
#: Capitals of text fonts are about so much wider than other letters.
_CAPITAL = 0.3
#: Words are broken only if they surely do not fit: rooms are counted on the safe side.
_TIGHT = 1.15
#: Four Chinese characters of a heading stay on one line.
_HEADING = 9.0


def keep_short(html: str, room: float) -> str:
    """Give the cells of narrow columns the class `short`, which style sheets do not wrap.

    A table whose words alone are too wide gets the class `tight`: there they may be broken.

    Args:
        html: A table, as `markup.render` writes it.
        room: How wide the table may be, in Latin letters.
    """
    html = str(html)  # what is put into `Markup` would be escaped
    rows = [[content for _, _, content in _CELL.findall(row)] for row in _ROW.findall(html)]
    short = narrow(rows, room)
    words = sum(max(map(_longest_word, cells)) + _GAP for cells in zip(*rows, strict=False))
    if words > _TIGHT * room:
        html = html.replace("<table>", '<table class="tight">', 1)

    def marked(row: re.Match[str]) -> str:
        widths = iter(short)

        def cell(found: re.Match[str]) -> str:
            if _width(found[3]) > next(widths, 0):
                return found[0]
            classes = f"{found[2]} short" if found[2] else "short"
            return f'<{found[1]} class="{classes}">{found[3]}</{found[1]}>'

        return _CELL.sub(cell, row[0])

    return _ROW.sub(marked, html)


def narrow(rows: Sequence[Sequence[str]], room: float) -> list[float]:
    """How wide each column is that fits its fair share on one line, and -1 for the others.

    What narrow columns leave over is shared among the others, so the narrowest is asked first.
    A heading that is longer than what stands below it may be broken between words.

    Args:
        rows: The HTML of each cell, headings first; rows are equally long.
        room: The width for all, in Latin letters.
    """
    columns = list(zip(*rows, strict=False))
    words = [max(map(_longest_word, cells)) for cells in columns]
    widths = [
        max(word, min(_width(cells[0]), _HEADING), *map(_width, cells[1:]))
        for cells, word in zip(columns, words, strict=True)
    ]
    short = [-1.0] * len(columns)
    left = room
    order = sorted(range(len(columns)), key=lambda at: widths[at])
    for place, at in enumerate(order):
        asked = widths[at] + _GAP
        others = sum(words[other] + _GAP for other in order[place + 1 :])
        if asked > left / (len(order) - place) or asked + others > left:
            break
        short[at] = widths[at]
        left -= asked
    return short


def _width(html: str) -> float:
    """About how wide a cell is on one line, in Latin letters, which are half as wide as high."""
    formulas = sum(2 * float(width) for width in _FORMULA.findall(html))
    text = unescape(_TAG.sub("", html)).strip()
    return formulas + display_width(text) + _CAPITAL * sum(map(str.isupper, text))


def _longest_word(html: str) -> float:
    text = unescape(_TAG.sub("", html))
    formulas = [2 * float(width) for width in _FORMULA.findall(html)]
    return max([_word_width(word) for word in _UNIT.findall(text)] + formulas, default=0.0)


def _word_width(word: str) -> float:
    """How wide a word is, in Latin letters: in so few, wide and narrow ones do not even out."""
    return sum(
        1.6 if c in _WIDE else 0.65 if c in _NARROW else display_width(c) + _CAPITAL * c.isupper()
        for c in word
    )
