"""The language of a deck, as far as its script tells it."""

import re
from collections.abc import Iterable

_SCRIPTS = {
    "ja": re.compile(r"[\u3040-\u30ff]"),
    "ko": re.compile(r"[\uac00-\ud7af]"),
    "zh": re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]"),
}
_LETTER = re.compile(r"[^\W\d_]")
_MARKUP = re.compile(r"<[^>]*>|\[sound:[^\]]*\]|\\[a-zA-Z]+|&\w+;")
#: Characters to look at.
_ENOUGH = 200_000
#: The share of letters that decides: decks for learners of a language are half in another.
_SHARE = 0.15


def guess(texts: Iterable[str], default: str = "en") -> str:
    """The tag of a language whose script a good part of the texts is in, or the default."""
    counts = dict.fromkeys(_SCRIPTS, 0)
    letters = seen = 0
    for text in texts:
        plain = _MARKUP.sub(" ", text[:5000])
        letters += len(_LETTER.findall(plain))
        for tag, script in _SCRIPTS.items():
            counts[tag] += len(script.findall(plain))
        seen += len(plain)
        if seen > _ENOUGH:
            break
    return next((tag for tag, count in counts.items() if count > _SHARE * letters), default)
