"""A7, B5, C4: an item has the cards it needs, from more than one side, and proof of its formula."""

import re
from collections.abc import Iterator
from typing import Final

from builder.lint.content import Content, Finding
from builder.lint.text import primary_subtag


def few_or_many(content: Content) -> Iterator[Finding]:
    """A question that stands for several has a card for each, and no item is a whole chapter."""
    core, most = content.limits.cards_min, content.limits.cards_max
    for entry in content.entries:
        item = entry.item
        count = 1 + len(item.facts)
        least = max(core if item.level == "core" else 1, 1 + len(item.covers))
        if count < least:
            reason = (
                f"it covers {len(item.covers)} more questions"
                if least == 1 + len(item.covers)
                else "it is `core`"
            )
            yield Finding(
                "too-few-cards",
                f"'{entry.id}' has {count} {'card' if count == 1 else 'cards'}; {reason}, "
                f"so at least {least}",
                entry.path,
                "add `facts`: each point that must be known is a card of its own",
                warning=True,
                on_key=True,
            )
        elif count > most:
            yield Finding(
                "too-many-cards",
                f"'{entry.id}' has {count} cards; better no more than {most}",
                entry.path,
                "make two items of it",
                warning=True,
                on_key=True,
            )


def unproved(content: Content) -> Iterator[Finding]:
    """A formula that code can check is checked, if the deck wants that."""
    for entry in content.entries if content.limits.formulas_proved else ():
        if entry.item.formula is not None and not entry.item.check:
            yield Finding(
                "unproved-formula",
                "no proof checks this formula",
                (*entry.path, "formula"),
                "write a proof in content/checks and name it under `check:`",
                warning=True,
                on_key=True,
            )


_WHAT: Final = {
    "en": re.compile(
        r"^(?:what (?:is|are|was|were) (?:an? |the )?(?:formula|definition|meaning|idea|name)\b"
        r"|what (?:is|are) (?:an? )?[^,;:]{1,40}\?\s*$|what does [^,;:]{1,40} mean\b"
        r"|how is [^,;:]{1,40} defined\b|define\b)",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        r"^什么是|(?:公式|定义|含义|意思|思路|思想)(?:是什么|怎么写|如何写)|^何谓|指(?:的是)?什么"
    ),
}
_OTHER_ANGLE: Final = {
    "en": re.compile(
        r"\b(?:why|when|how|which|where)\b|\bwhat (?:happens|makes|causes|goes wrong|changes|"
        r"limits|follows|if)\b|\b(?:differ\w*|trade-offs?|costs?|instead|compared|versus)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        r"为什么|为何|何时|什么时候|什么(?:情况|条件|场景)|怎样|怎么|如何|哪[个种些里]|区别|不同|差[别异]"
        r"|代价|好处|优势|优缺点|缺点|取舍|原因|后果|影响|作用|改变|相比|会"
    ),
}


_REASON: Final = {
    "en": re.compile(
        r"\b(?:because|since|so that|in order to|therefore|hence|thus|avoids?|prevents?|causes?|"
        r"why|when|if|unless|in case)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        "因为|由于|因此|所以|为了|为何|为什么|从而|以便|以免|避免|防止|导致|使得|当|若|如果|才"
    ),
}


def one_angle(content: Content) -> Iterator[Finding]:
    """A topic that only says what things are is known by heart and not understood.

    Judged in the deck's first language that has words for it here. A fact that gives a reason or
    a condition is such a card, too.
    """
    language = next((x for x in content.languages if primary_subtag(x) in _WHAT), None)
    if language is None or not content.limits.angles:
        return
    what, other, reason = (
        table[primary_subtag(language)] for table in (_WHAT, _OTHER_ANGLE, _REASON)
    )
    questions = content.of("question", language)
    definitions = [text for text in questions if what.search(text.shown)]
    if len(definitions) <= _FEW_DEFINITIONS:
        return
    others = sum(
        other.search(text.shown) is not None and not what.search(text.shown) for text in questions
    ) + sum(reason.search(text.shown) is not None for text in content.of("fact", language))
    allowed = max(100 * others // content.limits.angles, _FEW_DEFINITIONS)
    if len(definitions) > allowed:
        yield definitions[allowed].overall(
            "one-angle",
            f"{len(definitions)} questions of this topic ask what something is; "
            f"{others} cards say why or when",
            "ask of one of them why it is so, or when to use it",
            warning=True,
        )


#: So many definitions need no other angle: a topic may just begin.
_FEW_DEFINITIONS: Final = 2
