"""The authoring rules: one small function each, run over a deck that loaded.

A rule sees a topic (`Content`) and answers with findings; it knows nothing of files, severities set
in deck.yaml, or waivers: all that happens here. `explain` says what each code means.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from builder.diagnostics import Diagnostic, Severity, Span, did_you_mean
from builder.lint import (
    cards,
    clozes,
    copies,
    dates,
    formulas,
    graph,
    lengths,
    parity,
    quantities,
    questions,
    references,
    terms,
)
from builder.lint.content import Content, Finding
from builder.lint.graph import Summary
from builder.lint.latex import names
from builder.model import DeckFile, Term, Topic
from builder.source import Source

#: Rules that look at a topic.
RULES: Final[tuple[Callable[[Content], Iterator[Finding]], ...]] = (
    lengths.long_text,
    lengths.long_list,
    lengths.wide_code,
    questions.one_question,
    questions.yes_no,
    questions.vague,
    questions.orphan,
    questions.given_away,
    clozes.too_many,
    clozes.long_cloze,
    clozes.leak,
    formulas.undefined_symbol,
    formulas.long_formula,
    formulas.money,
    quantities.bare,
    parity.number_parity,
    parity.formula_parity,
    parity.code_parity,
    parity.list_parity,
    parity.length_ratio,
    terms.avoided,
    terms.untranslated,
    terms.traditional,
    terms.punctuation,
    references.references,
    references.unknown_paper,
    references.no_place,
    cards.few_or_many,
    cards.unproved,
    cards.one_angle,
    copies.copied,
    dates.review_due,
    dates.future_date,
)
#: Rules that look at the whole deck.
DECK_RULES: Final[tuple[Callable[[Sequence[Summary]], graph.Found], ...]] = (
    graph.confusable,
    graph.similar,
)
#: Codes that an item may waive by `allow:`; all but `unused-figure` can be set in deck.yaml too.
ITEM_CODES: Final = frozenset(
    "long-question long-answer long-detail long-list no-question several-questions "
    "compound-question yes-no-question vague-question orphan-pronoun answer-in-question "
    "too-many-clozes long-cloze large-cloze-share trivial-cloze cloze-leak undefined-symbol "
    "long-formula money-as-formula bare-number number-mismatch formula-mismatch code-mismatch "
    "list-mismatch length-ratio mixed-punctuation traditional-character no-reference "
    "bad-reference secondary-reference unknown-paper no-place review-due date-in-future "
    "too-few-cards too-many-cards one-angle unproved-formula copied-text "
    "one-sided-confusable similar-questions avoided-term untranslated-term wide-code".split()
)
CODES: Final = ITEM_CODES | {"unused-figure"}


@dataclass(frozen=True, slots=True)
class Waiver:
    """An entry of an item's `allow:`."""

    item: str
    code: str
    span: Span


@dataclass(frozen=True, slots=True)
class TopicReport:
    """What the rules found in one topic.

    Attributes:
        diagnostics: The findings, in no order.
        waivers: Every waiver of the topic.
        used: The waivers that took back a finding, once for each.
        items: What the rules for the whole deck need.
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    used: tuple[tuple[str, str], ...] = ()
    items: tuple[Summary, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What the rules found in a deck.

    Attributes:
        diagnostics: The findings, in no order.
        waived: How many findings an item's `allow:` took back.
    """

    diagnostics: tuple[Diagnostic, ...]
    waived: int


def lint_topic(
    topic: Topic,
    parsed: Source,
    file: DeckFile,
    symbols: Iterable[str],
    glossary: tuple[Term, ...],
    month: str,
    papers: Mapping[str, str] | None = None,
    phrases: frozenset[str] = frozenset(),
) -> TopicReport:
    """Check one topic against the authoring rules, as far as it can be judged alone.

    Args:
        topic: A valid topic; texts whose markup has errors are left out.
        parsed: Its file.
        file: deck.yaml.
        symbols: LaTeX of the symbols that the deck's table defines.
        glossary: The deck's terms.
        month: The present month, as `2026-11`, for facts that age.
        papers: arXiv number -> title of the papers that may be cited; none if any may.
        phrases: Hashes of phrases of other texts, which the deck must not share.
    """
    content = Content(
        topic,
        file,
        frozenset[str]().union(*map(names, symbols)),
        glossary,
        month,
        papers or {},
        phrases,
    )
    problems: list[Diagnostic] = []
    used: list[tuple[str, str]] = []
    for item_id, finding in _findings(content):
        if finding.code in topic.items[item_id].allow:
            used.append((item_id, finding.code))
            continue
        severity: Severity = "warning" if finding.warning else "error"
        span = finding.span(parsed)
        problems.append(Diagnostic(finding.code, finding.message, span, finding.help, severity))
    waivers = (
        Waiver(entry.id, code, parsed.key_span((*entry.path, "allow", code)))
        for entry in content.entries
        for code in entry.item.allow
    )
    items = (graph.summary(entry, parsed, file.languages) for entry in content.entries)
    return TopicReport(tuple(_as_set(problems, file)), tuple(waivers), tuple(used), tuple(items))


def lint_deck(
    topics: Sequence[TopicReport], file: DeckFile, deck_source: Source, figures: Iterable[str]
) -> Report:
    """What was found in the topics, and what only the whole deck shows.

    Args:
        topics: The reports of all topics.
        file: deck.yaml.
        deck_source: The parsed deck.yaml.
        figures: Names of the files in `content/figures`.
    """
    items = [item for topic in topics for item in topic.items]
    waivers = [waiver for topic in topics for waiver in topic.waivers]
    allowed = {(waiver.item, waiver.code) for waiver in waivers}
    used = [each for topic in topics for each in topic.used]
    problems = [*graph.unused_figures(items, figures)]
    for rule in DECK_RULES:
        for item, problem in rule(items):
            if (item.id, problem.code) in allowed:
                used.append((item.id, problem.code))
            else:
                problems.append(problem)
    return Report(
        (
            *_unknown_rules(file, deck_source),
            *(problem for topic in topics for problem in topic.diagnostics),
            *_as_set(problems, file),
            *_unused(waivers, set(used)),
        ),
        len(used),
    )


#: Of one rule in one item: a text that was pasted wrong may break a rule a thousand times.
_MOST_FINDINGS: Final = 20


def _findings(content: Content) -> Iterator[tuple[str, Finding]]:
    """What the rules find, each with the item's id."""
    for rule in RULES:
        seen: Counter[str] = Counter()
        for finding in rule(content):
            item_id = str(finding.path[1])
            seen[item_id] += 1
            if seen[item_id] <= _MOST_FINDINGS:
                yield item_id, finding


def _as_set(problems: Iterable[Diagnostic], file: DeckFile) -> Iterator[Diagnostic]:
    """The problems as deck.yaml's `lint: rules:` wants them."""
    rules = file.lint.rules
    for problem in problems:
        setting = rules.get(problem.code)
        if setting is None or problem.code not in CODES:
            yield problem
        elif setting != "off":
            yield replace(problem, severity=setting)


def _unknown_rules(file: DeckFile, deck_source: Source) -> Iterator[Diagnostic]:
    for code in file.lint.rules:
        if code not in CODES:
            yield Diagnostic(
                "unknown-rule",
                f"there is no authoring rule '{code}'",
                deck_source.key_span(("lint", "rules", code)),
                did_you_mean(code, sorted(CODES)) or "`deckwright explain` lists all",
            )


def _unused(waivers: Iterable[Waiver], used: set[tuple[str, str]]) -> Iterator[Diagnostic]:
    """Waivers that waive nothing: a typing mistake, or a rule that is kept by now."""
    for waiver in waivers:
        if waiver.code not in ITEM_CODES:
            yield Diagnostic(
                "unknown-rule",
                f"'{waiver.code}' is no rule that an item can waive",
                waiver.span,
                did_you_mean(waiver.code, sorted(ITEM_CODES)) or "`deckwright explain` lists all",
            )
        elif (waiver.item, waiver.code) not in used:
            yield Diagnostic(
                "unused-waiver",
                f"'{waiver.item}' does not break the rule '{waiver.code}'",
                waiver.span,
                "delete the waiver",
                "warning",
            )
