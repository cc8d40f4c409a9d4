"""What Chinese text needs that CommonMark does not give: emphasis, line joining, spacing."""

import re
from collections.abc import Callable
from functools import cache
from typing import Final

from markdown_it.rules_inline.state_inline import Scanned

#: U+2009, a fifth of an em: the width Chinese typography wants beside Latin.
THIN_SPACE: Final = "\u2009"

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# Kana and Bopomofo, CJK symbols and punctuation, vertical and full-width forms.
_WIDE = _HAN + "\u2e80-\u2fdf\u3000-\u30ff\u3100-\u312f\u31a0-\u31ff\ufe30-\ufe4f\uff01-\uff60"
_WIDE_PUNCTUATION = (
    "\u3000-\u3003\u3008-\u3011\u3014-\u301f\ufe30-\ufe4f"
    "\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff60"
)
_LATIN = "0-9A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0370-\u03ff\u0400-\u04ff"

_BOUNDARY = f"(?<=[{_HAN}]) ?(?=[{_LATIN}])|(?<=[{_LATIN}]) ?(?=[{_HAN}])"


@cache
def _one_of(characters: str) -> Callable[[str], re.Match[str] | None]:
    """What tells whether a character is one of these. Made when asked for: it takes 2 ms."""
    return re.compile(f"[{characters}]").match


def _is_han(char: str) -> bool:
    return bool(_one_of(_HAN)(char))


def _is_wide(char: str) -> bool:
    return bool(_one_of(_WIDE)(char))


def _is_wide_punctuation(char: str) -> bool:
    return bool(_one_of(_WIDE_PUNCTUATION)(char))


def _is_latin(char: str) -> bool:
    return bool(_one_of(_LATIN)(char))


def flanking(src: str, start: int, end: int, found: Scanned) -> Scanned:
    """CommonMark's flanking test for a run of `*` or `~` beside CJK.

    CommonMark takes full-width punctuation for punctuation that must have a space on its other
    side. Chinese has no spaces, so `**重点。**后面` would never close. Here, as in the
    cjk-friendly amendment, CJK punctuation counts as a letter, and a CJK character on the other
    side of ASCII punctuation is as good as a space.
    """
    before = src[start - 1] if start else " "
    after = src[start + found.length] if start + found.length < end else " "
    if before < "\u2e80" and after < "\u2e80":
        return found
    opens = found.can_open or (not after.isspace() and (_is_wide(after) or _is_wide(before)))
    closes = found.can_close or (not before.isspace() and (_is_wide(before) or _is_wide(after)))
    return Scanned(opens, closes, found.length)


def line_joint(before: str, after: str) -> str:
    """What a soft line break between two characters becomes.

    Nothing between two CJK characters or beside full-width punctuation (which brings its own
    space), else a line break, which HTML shows as a space.
    """
    if not before or not after:
        return "\n"
    if _is_wide_punctuation(before) or _is_wide_punctuation(after):
        return ""
    return "" if _is_wide(before) and _is_wide(after) else "\n"


def needs_space(before: str, after: str) -> bool:
    """Whether a thin space belongs between two adjacent characters."""
    if not before or not after:
        return False
    if _is_han(before):
        return _is_latin(after)
    return _is_han(after) and _is_latin(before)


def autospace(text: str) -> str:
    """Put thin spaces between Han and Latin within `text`; a plain space there becomes thin."""
    return re.sub(_BOUNDARY, THIN_SPACE, text)
