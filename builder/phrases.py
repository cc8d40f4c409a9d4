"""Runs of words by their hashes, so that a deck can tell what it must not copy without having it.

    python -m builder.phrases TEXT… > content/phrases.txt

reads the texts whose sentences a deck must not share; the deck carries the hashes alone. Without
that file nothing is compared.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

#: So many words or characters in a row are a phrase; a shorter run may be the only way to say it.
WORDS: Final = 8
CHARACTERS: Final = 13

_CHARACTER: Final = "\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_CHARACTER}]|[^\W_{_CHARACTER}]+")
_CJK = re.compile(f"[{_CHARACTER}]")


class Phrase(NamedTuple):
    """A run of words: its hash, and where it stands."""

    hash: str
    start: int
    end: int


def phrases(text: str) -> Iterator[Phrase]:
    """Every run of eight words or thirteen characters; punctuation and case make no difference.

    A run with a Chinese or Japanese character counts in characters, in which a Latin word or a
    number is one.
    """
    tokens = [(m[0].casefold(), m.start(), m.end()) for m in _TOKEN.finditer(text)]
    cjk = [bool(_CJK.match(word)) for word, _, _ in tokens]
    for first in range(len(tokens) - WORDS + 1):
        last = first + WORDS
        if any(cjk[first:last]):
            last = first + CHARACTERS
            if last > len(tokens):
                continue
        run = " ".join(word for word, _, _ in tokens[first:last])
        digest = blake2b(run.encode(), digest_size=6).hexdigest()
        yield Phrase(digest, tokens[first][1], tokens[last - 1][2])


def index(texts: Iterable[str]) -> str:
    """The hashes of all phrases of some texts, sorted, one a line."""
    found = {phrase.hash for text in texts for phrase in phrases(text)}
    return "".join(f"{each}\n" for each in sorted(found))


def _read(name: str) -> str:
    try:
        return Path(name).read_text("utf-8")
    except OSError as error:
        sys.exit(f"error: cannot read '{name}': {error.strerror}")
    except UnicodeDecodeError:
        sys.exit(f"error: '{name}' is not UTF-8 text; save it as UTF-8")


if __name__ == "__main__":
    sys.stdout.write(index(map(_read, sys.argv[1:])))
