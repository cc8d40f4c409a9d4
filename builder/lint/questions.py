"""A3, B1 to B4: one question, that forces the learner to recall, and stands alone."""

import re
from collections.abc import Iterable, Iterator
from operator import add
from typing import Final

from builder.lint.content import Content, Finding
from builder.lint.text import HAN, is_countable, primary_subtag

_MARK = re.compile(r"[?？؟՞፧\u037e]+")
#: Greek asks with what looks like a semicolon.
_MARKS: Final = {"el": re.compile(r"[;?\u037e]+")}
_COMPOUND: Final = {
    "en": re.compile(r"(?:, and| and) (?:how|why|when|what|where|which|who)\b", re.IGNORECASE),
    "zh": re.compile(
        r"(?:以及|并(?:且)?|，又|，且)[^？?，]{0,4}(?:为什么|为何|怎么|如何|什么|哪些)|分别[^？?]*为什么"
    ),
}


def one_question(content: Content) -> Iterator[Finding]:
    """A question asks exactly one thing, and says so with one question mark."""
    for language in content.languages:
        pattern = _MARKS.get(primary_subtag(language), _MARK)
        compound = _COMPOUND.get(primary_subtag(language))
        for text in content.of("question", language):
            marks = list(pattern.finditer(text.shown))
            if not marks and is_countable(language):  # Thai and its like have no such mark
                yield text.overall(
                    "no-question",
                    "the question asks nothing: it has no question mark",
                    "end it with `？` or `?`; "
                    "a task such as “prove …” is better asked: “why is …?”",
                )
            for mark in marks[1:]:
                yield text.finding(
                    "several-questions",
                    "this is a second question; a card asks one",
                    "make it an item of its own",
                    *mark.span(),
                )
            match = compound.search(text.shown) if compound else None
            if match and len(marks) == 1:
                yield text.finding(
                    "compound-question",
                    f"“{match[0].strip(' ,，')}” asks a second thing",
                    "make it an item of its own, or a fact",
                    *match.span(),
                    warning=True,
                )


_YES_NO: Final = {
    "en": re.compile(
        r"^(?:is|are|does|do|did|can|could|should|will|would|has|have|was|were|must)\b"
        r"(?!.*\bor\b)",
        re.IGNORECASE | re.DOTALL,
    ),
    "zh": re.compile(
        r"吗[？?]|(?<![什怎那多这])么[？?]|是不是|是否|能否|能不能|可否|会不会|有没有"
    ),
}


# 如何判断模型是否收敛 asks how, not whether.
_EMBEDDED: Final = ("是不是", "是否", "能否", "能不能", "可否", "会不会", "有没有")
_OPEN_WORD = re.compile("什么|为何|如何|怎么|怎样|哪|多少|几")


def yes_no(content: Content) -> Iterator[Finding]:
    """A question that yes or no answers is half answered by guessing."""
    for language in content.languages:
        pattern = _YES_NO.get(primary_subtag(language))
        if pattern is None:
            continue
        for text in content.of("question", language):
            match = pattern.search(text.shown)
            if match and not (match[0] in _EMBEDDED and _OPEN_WORD.search(text.shown)):
                yield text.finding(
                    "yes-no-question",
                    "yes or no answers this question",
                    "ask for the reason or the condition: “What makes X exact?”, “X 为什么精确？”",
                    match.start(),
                    match.start() + len(match[0].split()[0]),
                )


_VAGUE: Final = {
    "en": re.compile(
        r"^(?:(?:please|briefly|can you|could you)\s+)*(?:explain|discuss|describe|talk about|"
        r"tell (?:me|us)(?: about)?|introduce|elaborate|comment on|walk (?:me|us) through|"
        r"give (?:me )?an overview|summari[sz]e|what do you (?:know|think) (?:about|of))\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        r"^(?:请你?|简单|简要|详细|能否|可以)*(?:介绍|谈谈|谈一谈|讲讲|讲一讲|讲一下|说说|说一说|说一下"
        r"|聊聊|聊一聊|阐述|论述|概述|描述一下|解释一下|说明一下)|(?:介绍|谈|讲|说)一下|谈谈你|有什么了解"
        r"|了解多少"
    ),
}


def vague(content: Content) -> Iterator[Finding]:
    """“Explain X” has no answer that one can fail to give."""
    for language in content.languages:
        pattern = _VAGUE.get(primary_subtag(language))
        if pattern is None:
            continue
        for text in content.of("question", language):
            match = pattern.search(text.shown)
            if match:
                yield text.finding(
                    "vague-question",
                    f"“{match[0]}” leaves open what the answer is",
                    "ask what, why, when or how much",
                    *match.span(),
                )


_ORPHAN_START: Final = {
    "en": re.compile(
        r"^(?:it|its|this|these|those|they|their|such an?|the (?:above|former|latter))\b"
        r"(?!\s+is called)",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        r"^(?:它们?|其(?=[^余他它中实次一]|$)|该|此(?![外时前后处])|上述|以上|前者|后者"
        r"|这(?:个|种|些|类|样|是)|那(?:个|种|些|么))"
    ),
}
_ORPHAN_ANYWHERE: Final = {
    "en": re.compile(
        r"\b(?:(?:this|these) (?:methods?|approach(?:es)?|techniques?|models?|papers?|algorithms?"
        r"|formulas?)|the above|aforementioned|mentioned (?:above|before)"
        r"|does it|is it|do they|are they)"
        r"(?=\W)",
        re.IGNORECASE,
    ),
    "zh": re.compile(r"上述|上文|前面提到|该(?:方法|模型|技术|算法|公式|论文|机制)"),
}


def orphan(content: Content) -> Iterator[Finding]:
    """A card is met alone, in any order: its subject has a name."""
    for language in content.languages:
        start = _ORPHAN_START.get(primary_subtag(language))
        anywhere = _ORPHAN_ANYWHERE.get(primary_subtag(language))
        if start is None or anywhere is None:
            continue
        for text in (*content.of("question", language), *content.of("fact", language)):
            match = start.match(text.shown)
            if match is None and text.field == "question":
                match = anywhere.search(text.shown)
                # “When X is trained, why is it …?” names X before the pronoun.
                if match and match[0].lower().endswith((" it", " they")) and match.start() > 12:
                    match = None
            if match:
                yield text.finding(
                    "orphan-pronoun",
                    f"“{match[0]}” refers to something that is not on this card",
                    "name it: cards are shown alone and in any order",
                    *match.span(),
                )


_TERM = re.compile(rf"[{HAN}]+|[^\W\d_{HAN}][\w+-]{{2,}}")
_STOP: Final = frozenset(
    "the and for with from into that this which what why how when where who than then does are is "
    "was were its their one two not but only per each all any has have been more most less very "
    "use uses used using can may must will would should between both over under about after before "
    "model models".split()
)


def terms(text: str, glossary: Iterable[str]) -> set[str]:
    """The rare terms of a visible text: words that carry meaning, or pairs of Chinese characters.

    Args:
        text: The text.
        glossary: Names that do not count, the longest first.
    """
    for known in glossary:
        if known in text:
            text = text.replace(known, " ")
    found = set(_TERM.findall(text.lower()))
    chinese = {word for word in found if word[0] >= "\u3000"}
    found = found - _STOP - chinese
    for word in chinese:
        found.update(map(add, word, word[1:]))
    return found


#: Fewer rare terms than this say nothing about a ratio.
_ENOUGH_TERMS: Final = 4
#: More than half of them.
_ENOUGH_SHARED: Final = 3


def given_away(content: Content) -> Iterator[Finding]:
    """An answer that repeats the question's words tests reading, not memory."""
    for language in content.languages:
        glossary = content.terms[language]
        for entry in content.entries:
            question, answer = entry.field("question", language), entry.field("answer", language)
            if question is None or answer is None:
                continue
            asked = terms(question.shown, glossary)
            inside = answer.shown.lower()
            if sum(map(inside.__contains__, asked)) < _ENOUGH_SHARED:
                continue
            needed = terms(answer.shown, glossary)
            shared = needed & asked
            if len(needed) >= _ENOUGH_TERMS and len(shared) * 2 > len(needed):
                yield answer.overall(
                    "answer-in-question",
                    f"the question already holds {len(shared)} of the answer's {len(needed)} terms",
                    "ask without the words that are to be recalled",
                    warning=True,
                )
