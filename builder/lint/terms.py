"""D3: one term for each concept, in the right script, with the language's own punctuation."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeVar

from builder.lint.content import Content, Finding
from builder.lint.text import HAN, counts_characters, is_han

Value = TypeVar("Value")


def _present(content: Content, forms: Mapping[str, Value], language: str) -> dict[str, Value]:
    """Those of the forms that occur in the language at all: most never do."""
    if not forms:
        return {}
    everything = "\n".join(text.value for text in content.texts_in(language)).casefold()
    return {form: value for form, value in forms.items() if form.casefold() in everything}


@lru_cache(maxsize=1024)
def _pattern(form: str) -> re.Pattern[str]:
    """The form; as a whole word if it is one of letters."""
    before = r"(?<![\w-])" if form[0].isascii() and form[0].isalnum() else ""
    after = r"(?:s|es)?(?![A-Za-z0-9_-])" if form[-1].isascii() and form[-1].isalnum() else ""
    return re.compile(before + re.escape(form) + after, re.IGNORECASE)


def avoided(content: Content) -> Iterator[Finding]:
    """Forms that the glossary rules out."""
    for language in content.languages:
        forms = {f: t for t in content.glossary for f in t.avoid}
        for form, term in _present(content, forms, language).items():
            good = term.name(language)
            allowed = (good, *term.unless)
            for text in content.texts_in(language):
                for match in _pattern(form).finditer(text.shown):
                    if not _within(allowed, text.shown, *match.span()):
                        yield text.finding(
                            "avoided-term",
                            f"the glossary rules out “{match[0]}”",
                            f"write “{good}”",
                            *match.span(),
                        )


def _within(phrases: Sequence[str], text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]` is part of one of the phrases there, whatever their case."""
    for phrase in phrases:
        around = text[max(0, end - len(phrase)) : start + len(phrase)]
        if phrase.casefold() in around.casefold():
            return True
    return False


_LOWER = re.compile(r"[a-z][a-z -]{3,}")
_GLOSS = re.compile(r"[（(“‘「《\"'][^（()）“”‘’「」《》\"']*$")


def untranslated(content: Content) -> Iterator[Finding]:
    """An ordinary foreign word in Chinese or Japanese for which the glossary has a term.

    Names, abbreviations and terms marked `keep` may stand; so may a word in brackets or quotes
    after the term, as on first use.
    """
    for language in content.languages:
        if not counts_characters(language):
            continue
        forms: dict[str, str] = {}
        for term in content.glossary:
            good = term.name(language)
            for other in content.languages:
                name = term.name(other)
                kept = term.keep or name.casefold() in good.casefold()
                if other != language and not kept and _LOWER.fullmatch(name):
                    forms[name] = good
        for form, good in _present(content, forms, language).items():
            for text in content.texts_in(language):
                visible = text.shown
                for match in _pattern(form).finditer(visible):
                    if not match[0].islower():
                        continue  # a name
                    before = visible[max(0, match.start() - 60) : match.start()]
                    part_of_name = re.search(r"[A-Za-z0-9] ?$", before) or re.match(
                        r" ?[A-Za-z0-9]", visible[match.end() : match.end() + 2]
                    )
                    if part_of_name or _GLOSS.search(before):
                        continue
                    yield text.finding(
                        "untranslated-term",
                        f"the glossary has a term for “{match[0]}”",
                        f"write “{good}”, or “{good}（{match[0]}）” on first use; "
                        "`keep: true` in the glossary lets it stand",
                        *match.span(),
                    )


_FULL_WIDTH: Final = dict(zip(",;:?!.()", "，；：？！。（）", strict=True))
_HALF = re.compile(r"[,;:?!.()]")
_CLOSING: Final = frozenset("”’）》」")
_OPENING: Final = frozenset("“「《")
_BRACKET = re.compile(r"[()\n]")
#: Characters of a bracket in which Chinese is looked for.
_NEAR: Final = 81
_FULL = re.compile("[，。；：？！（）、]")
# Made when it is needed: it takes 3 ms.
_FULL_IN_LATIN = rf"(?<![{HAN}])[，。；：？！（）、]+(?![{HAN}])"


def _half_in_cjk(text: str) -> Iterator[re.Match[str]]:
    """The half-width marks that stand beside Chinese, or around it."""
    for match in _HALF.finditer(text):
        mark, at = match[0], match.start()
        before, after = text[max(at - 1, 0) : at], text[at + 1 : at + 2]
        if mark == "(":
            inside = _BRACKET.split(text[at + 1 : at + 1 + _NEAR], maxsplit=1)[0]
            wrong = any(map(is_han, inside))
        elif mark == ")":
            wrong = is_han(before)
        elif mark == ".":
            wrong = is_han(before) and (not after or after.isspace() or is_han(after))
        else:
            beside = before in _CLOSING or after in _OPENING
            wrong = beside or is_han(before) or is_han(after)
        if wrong:
            yield match


def punctuation(content: Content) -> Iterator[Finding]:
    """Full-width marks in Chinese and Japanese, half-width marks elsewhere."""
    for text in content.texts:
        visible = text.shown
        if counts_characters(text.language):
            for match in _half_in_cjk(visible):
                yield text.finding(
                    "mixed-punctuation",
                    f"a half-width `{match[0]}` beside Chinese",
                    f"write `{_FULL_WIDTH[match[0]]}`",
                    *match.span(),
                )
        elif not visible.isascii() and _FULL.search(visible):
            for match in re.finditer(_FULL_IN_LATIN, visible):
                yield text.finding(
                    "mixed-punctuation",
                    f"full-width `{match[0]}` in '{text.language}'",
                    "write the half-width mark",
                    *match.span(),
                )


_TRADITIONAL_TAGS: Final = ("hant", "tw", "hk", "mo")
# In the first level of Big5 and not in GB 2312, yet standard in Simplified Chinese too.
_BOTH: Final = frozenset(
    "佺昇塽墦奭惇愒敔昤晞暍枓梡楛汍沘沬泜洸浥浬湣湩煆玥珪琯璘璟祇祐睪瞋穋箄芣蘗觼谿迆郃鄗釆霤阬堉瞭"
)
# In GB 2312 as rare surnames, but common words in Traditional Chinese.
_SURNAMES: Final = frozenset("於後")


@lru_cache(maxsize=16384)
def is_traditional(char: str) -> bool:
    """Whether a character is written otherwise in Simplified Chinese.

    The common characters of Taiwan (the first level of Big5, its codes A440 to C67E) that the
    standard of the mainland (GB 2312) does not have. Both tables are codecs of Python, so no list
    is needed. Compared with OpenCC's table it calls nothing common wrong.
    """
    if char in _SURNAMES:
        return True
    if char in _BOTH or not "\u4e00" <= char <= "\u9fff":
        return False
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        try:
            code = int.from_bytes(char.encode("big5"), "big")
        except UnicodeEncodeError:
            return False
        return 0xA440 <= code <= 0xC67E
    return False


def traditional(content: Content) -> Iterator[Finding]:
    """Simplified Chinese has no Traditional characters."""
    for language in content.languages:
        parts = language.casefold().split("-")
        if parts[0] != "zh" or any(part in _TRADITIONAL_TAGS for part in parts[1:]):
            continue
        texts = content.texts_in(language)
        used = set[str]().union(*(text.shown for text in texts))
        foreign = set(filter(is_traditional, used))
        if not foreign:
            continue
        for text in texts:
            for index, char in enumerate(text.shown):
                if char in foreign:
                    yield text.finding(
                        "traditional-character",
                        f"`{char}` is Traditional Chinese",
                        "write the Simplified character",
                        index,
                        index + 1,
                    )
