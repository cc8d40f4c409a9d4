"""The numbers of a text and what they are worth, whatever the language writes them like."""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from builder.lint.text import primary_subtag

_LETTERS: Final = {"k": 3, "K": 3, "M": 6, "B": 9, "T": 12}
_ENGLISH: Final = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_CHINESE: Final = {
    "千": 3,
    "万": 4,
    "百万": 6,
    "千万": 7,
    "亿": 8,
    "十亿": 9,
    "万亿": 12,
    "萬": 4,
    "百萬": 6,
    "千萬": 7,
    "億": 8,
    "十億": 9,
    "萬億": 12,
}
#: Language -> word -> power of ten; English words stand in texts of most languages.
_SCALES: Final = {
    "zh": _ENGLISH | _CHINESE,
    "ja": _ENGLISH | _CHINESE | {"兆": 12},
    "ko": _ENGLISH | {"천": 3, "만": 4, "억": 8, "조": 12},
    "de": {
        "Tausend": 3,
        "Mio.": 6,
        "Million": 6,
        "Millionen": 6,
        "Mrd.": 9,
        "Milliarde": 9,
        "Milliarden": 9,
        "Billion": 12,
        "Billionen": 12,
    },
    "fr": {
        "mille": 3,
        "million": 6,
        "millions": 6,
        "milliard": 9,
        "milliards": 9,
        "billion": 12,
        "billions": 12,
    },
    "es": {
        "mil": 3,
        "millón": 6,
        "millones": 6,
        "mil millones": 9,
        "billón": 12,
        "billones": 12,
    },
}
#: Where `1.000,5` is a thousand and a half: most of continental Europe and of South America.
_DECIMAL_COMMA: Final = frozenset(
    "bg ca cs da de el es et fi fr hr hu id is it lt lv nb nl nn no pl pt ro ru sk sl sr sv tr uk "
    "vi".split()
)


@lru_cache(maxsize=64)
def _reading(language: str) -> tuple[re.Pattern[str], dict[str, int]]:
    """The numbers of a language, and what its words for large numbers are worth."""
    words = _SCALES.get(language, _ENGLISH)
    longest_first = sorted(words, key=len, reverse=True)
    named = "|".join(
        re.escape(word) + (r"(?!\w)" if word[0].isascii() else "") for word in longest_first
    )
    rest, part = r"[0-9]{0,2}(?:,[0-9]{3})+(?![0-9])|[0-9]*", r"\.[0-9]+"
    if language in _DECIMAL_COMMA:
        rest = r"[0-9]{0,2}(?:[.\u00a0\u2009\u202f’][0-9]{3})+(?![0-9])|[0-9]*"
        # Names of versions have a point all the same.
        part = r",[0-9]+|\.(?:[0-9]{1,2}|[0-9]{4,})(?![0-9])"
    # Digits in a name (GPT-2, FP32, Qwen2.5, v1-3b) are part of the name. What stands before is
    # looked at after the first digit: a pattern that begins with a digit is found far quicker.
    pattern = (
        r"([0-9](?<![A-Za-z0-9_.][0-9])(?<![A-Za-z0-9][-_][0-9])(?<![0-9],[0-9])"
        rf"(?:{rest}))({part})?(?:\s?({named}|[kKMBT](?![A-Za-z])))?"
    )
    return re.compile(pattern), words | _LETTERS


class Number(NamedTuple):
    """A number in visible text: its value as canonical text, and where it stands."""

    value: str
    shown: str
    start: int
    end: int


def numbers(visible: str, language: str) -> tuple[Number, ...]:
    """The numbers of a text in a language that are not part of a name, in order."""
    return tuple(_numbers(visible, language)) if _DIGIT.search(visible) else ()


def _numbers(visible: str, language: str) -> Iterator[Number]:
    pattern, scales = _reading(primary_subtag(language))
    for match in pattern.finditer(visible):
        whole, part, scale = match.groups("")
        digits = _SEPARATOR.sub("", whole) + part.replace(",", ".")
        if len(digits) > 40:  # no quantity; and Decimal would round it
            value = digits
        elif part or scale:
            value = _canonical(Decimal(digits).scaleb(scales.get(scale, 0)))
        else:
            value = digits.lstrip("0") or "0"
        yield Number(value, match[0], match.start(), match.end())


_DIGIT = re.compile("[0-9]")
_SEPARATOR = re.compile(r"[^0-9]")


def _canonical(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


_SPELLED: Final[dict[str, dict[str, str]]] = {
    "en": {
        "0": "zero no",
        "1": "one first once single a an january jan",
        "2": "two second twice double pair both half february feb",
        "3": "three third thrice triple march mar",
        "4": "four fourth quarter april apr",
        "5": "five fifth may",
        "6": "six sixth june jun",
        "7": "seven seventh july jul",
        "8": "eight eighth august aug",
        "9": "nine ninth september sep",
        "10": "ten tenth october oct",
        "11": "eleven eleventh november nov",
        "12": "twelve twelfth dozen december dec",
        "16": "sixteen",
        "20": "twenty",
        "50": "fifty half",
        "100": "hundred",
        "1000": "thousand",
        "1000000": "million",
        "1000000000": "billion",
    },
    "zh": {
        "0": "零 无 無",
        "1": "一 单 單 首 唯",
        "2": "二 两 兩 双 雙 半",
        "3": "三",
        "4": "四",
        "5": "五",
        "6": "六",
        "7": "七",
        "8": "八",
        "9": "九",
        "10": "十",
        "11": "十一",
        "12": "十二",
        "16": "十六",
        "20": "二十",
        "50": "五十 半",
        "100": "百",
        "1000": "千",
        "1000000": "百万 百萬",
        "1000000000": "十亿 十億",
    },
}


def _small(words: str) -> dict[str, str]:
    """Words for one, two, three, … with a slash between the forms of a number."""
    forms = enumerate(words.split(), start=1)
    return {str(number): form.replace("/", " ") for number, form in forms}


_SPELLED["de"] = _small(
    "ein/eine/einen/einem/einer/eines/eins/erste/erster/ersten zwei/beide/zweite/zweiten/doppelt "
    "drei/dritte/dritten vier/vierte/vierten fünf/fünfte sechs/sechste sieben/siebte acht/achte "
    "neun/neunte zehn/zehnte elf/elfte zwölf/zwölfte"
)
_SPELLED["fr"] = _small(
    "un/une/premier/première deux/second/seconde/deuxième/double trois/troisième quatre/quatrième "
    "cinq/cinquième six/sixième sept/septième huit/huitième neuf/neuvième dix/dixième onze douze"
)
_SPELLED["es"] = _small(
    "uno/un/una/primer/primero/primera dos/segundo/segunda/doble/ambos tres/tercer/tercero/tercera "
    "cuatro/cuarto cinco/quinto seis/sexto siete/séptimo ocho/octavo nueve/noveno diez/décimo once "
    "doce"
)
_SPELLED["ja"] = _SPELLED["zh"]
#: Numbers up to here are mostly written as words.
_SMALL: Final = 12


def spelled(value: str, visible: str, language: str) -> bool:
    """Whether a text has the number in words, “two”, “second”, “两”, or in a name."""
    if re.search(rf"[A-Za-z][-_ ]?{re.escape(value)}(?![0-9])", visible):
        return True  # part of a name there: “FlashAttention-2 和 -3”
    table = _SPELLED.get(primary_subtag(language))
    if table is None:
        # Nobody told us this language's words: a small number may well be one of them.
        return len(value) < 3 and value.isdecimal() and int(value) <= _SMALL
    forms = table.get(value, "").split()
    if not forms:
        return False
    if forms[0][0].isascii():
        return re.search(rf"\b(?:{'|'.join(forms)})s?\b", visible, re.IGNORECASE) is not None
    return any(form in visible for form in forms)
