"""C1, C2 and money: a formula explains its symbols, is short, and is a formula."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from builder.lint import latex
from builder.lint.content import Content, Entry, Finding, Text

# `$5 a month or 6$`: a number, then words. A formula has words only in \text.
_MONEY: Final = re.compile(r"^[0-9][0-9.,]*(?:[a-zA-Z]{0,2})?\s+[^\\]*[^\W\d_]{2}")


def undefined_symbol(content: Content) -> Iterator[Finding]:
    """Every symbol is in the deck's table, in `where:`, or introduced in the item's own words.

    A text introduces a symbol that stands alone between dollars, since words around it say what it
    is, and one that an inline formula defines: `$x_i=e_i+p_i$`. The formula of an item stands
    apart from all words, so only what the tables or the words define counts for it.
    """
    for entry in content.entries:
        texts = [text for text in entry.all if text.document.maths]
        if texts or entry.item.formula is not None:
            yield from _undefined_symbols(entry, texts, content.symbols)


def _undefined_symbols(
    entry: Entry, texts: Sequence[Text], symbols: frozenset[str]
) -> Iterator[Finding]:
    known = set(symbols).union(*(latex.names(key) for key in entry.item.where))
    for text in texts:
        for math in text.document.maths:
            reading = latex.read(math.latex)
            names = [symbol.name for symbol in reading.letters]
            if len(names) == 1:
                known.update(names)
            left, equals, _ = math.latex.partition("=")
            if equals:
                lone = latex.read(left).letters
                if len(lone) == 1:
                    known.add(lone[0].name)
            known |= reading.indices
    reported: set[str] = set()
    defined = frozenset(known)
    formula = entry.item.formula
    if formula is not None:
        path = (*entry.path, "formula")
        for symbol in latex.undefined(latex.read(formula), defined):
            reported.add(symbol.name)
            yield _undefined(symbol.name, path, symbol.start, symbol.end)
    for text in texts:
        for math in text.document.maths:
            if _MONEY.match(math.latex):
                continue
            for symbol in latex.undefined(latex.read(math.latex), defined):
                if symbol.name not in reported:
                    reported.add(symbol.name)
                    at = text.value.find(math.latex, math.start, math.end)
                    start, end = (
                        (at + symbol.start, at + symbol.end) if at >= 0 else (math.start, math.end)
                    )
                    yield _undefined(symbol.name, text.path, start, end)


def _undefined(name: str, path: tuple[str | int, ...], start: int, end: int) -> Finding:
    return Finding(
        "undefined-symbol",
        f"nothing says what `{name}` means",
        path,
        "add it to the item's `where`, or to content/symbols.yaml; "
        "a name of several letters is written `\\mathrm{…}`",
        start,
        end,
    )


def long_formula(content: Content) -> Iterator[Finding]:
    """A formula that is a derivation is read, not recalled."""
    relations, operators = content.limits.formula_relations, content.limits.formula_operators
    for entry in content.entries:
        if entry.item.formula is None:
            continue
        reading = latex.read(entry.item.formula)
        parts = []
        if reading.relations > relations:
            parts.append(f"{reading.relations} relations in a row, at most {relations}")
        if reading.operators > operators:
            parts.append(f"{reading.operators} operators, at most {operators}")
        if parts:
            yield Finding(
                "long-formula",
                f"the formula has {' and '.join(parts)}",
                (*entry.path, "formula"),
                "keep the result; steps go to `detail` or to an item of their own",
                warning=True,
            )


def money(content: Content) -> Iterator[Finding]:
    """`$5 a month or 6$` is two amounts of money, set as a formula."""
    for text in content.texts:
        for math in text.document.maths:
            if not math.display and _MONEY.match(math.latex):
                yield _money(text, math.start, math.end)


def _money(text: Text, start: int, end: int) -> Finding:
    return Finding(
        "money-as-formula",
        f"“{text.value[start:end]}” is set as a formula",
        text.path,
        "write an amount as `\\$5` or `5 USD`",
        start,
        end,
        warning=True,
    )
