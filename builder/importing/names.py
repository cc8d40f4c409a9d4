"""Permanent ids for what has none."""

import re
import unicodedata
from collections.abc import Iterable
from html import unescape

#: Letters of an id made here; the model allows some more, for a number behind.
_LENGTH = 44


class Names:
    """Gives each name once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = set(taken)
        self.last: dict[str, int] = {}

    def free(self, name: str) -> str:
        """The name, or the name with a number behind it."""
        made = name
        while made in self.taken:
            self.last[name] = self.last.get(name, 1) + 1
            made = f"{name}-{self.last[name]}"
        self.taken.add(made)
        return made


_MARKUP = re.compile(r"<[^>]*>|\[sound:[^\]]*\]|\{\{c[\d,]+::|::[^{}]*\}\}|\}\}|\\[a-zA-Z]+|&nbsp;")


def words(text: str) -> str:
    """The first words of a text as an id, or nothing if it has no Latin letters or digits."""
    plain = unicodedata.normalize("NFKD", unescape(_MARKUP.sub(" ", text[:600])))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    found = re.findall(r"[a-z0-9]+", plain.lower())
    made = ""
    for word in found[:8]:
        longer = f"{made}-{word[:_LENGTH]}" if made else word[:_LENGTH]
        if len(longer) > _LENGTH:
            break
        made = longer
    return made
