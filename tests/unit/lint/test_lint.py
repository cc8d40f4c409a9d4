"""Waivers, settings of the deck, other languages; and no content makes the linter fail."""

from collections.abc import Mapping
from pathlib import Path

import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from builder import lint as linter
from builder import source
from builder.diagnostics import ContentError
from builder.lint import CODES, Report
from builder.model import DeckFile, Term, Topic, TopicFile

DECK = {
    "id": "d",
    "title": "T",
    "languages": ["zh", "en"],
    "licence": "CC0",
    "description": "D",
    "topics": ["t"],
    "outputs": {"d.apkg": {"target": "anki"}},
}
REFS = ["arXiv:2104.09864"]


def item(question: object, answer: object, **more: object) -> dict[str, object]:
    return {"level": "core", "question": question, "answer": answer, "refs": REFS, **more}


class Dumper(yaml.SafeDumper):
    def ignore_aliases(self, _data: object) -> bool:
        return True


def dump(data: object) -> str:
    return yaml.dump(data, Dumper=Dumper, allow_unicode=True, sort_keys=False, default_style="'")


def run(
    root: Path,
    items: Mapping[str, object],
    languages: tuple[str, ...] = ("en",),
    glossary: tuple[Term, ...] = (),
    **lint: object,
) -> Report:
    """Lint one topic of a deck, as `load` does."""

    def text(value: str) -> object:
        return dict.fromkeys(languages, value)

    deck_data = {
        **DECK,
        "title": text("T"),
        "description": text("D"),
        "languages": list(languages),
        "lint": lint,
    }
    deck_source = source.parse(dump(deck_data), "content/deck.yaml")
    topic_data = {"title": text("T"), "items": items}
    parsed = source.parse(dump(topic_data), "content/topics/t.yaml")
    context = {"languages": languages}
    file = TopicFile.model_validate(parsed.data(), context=context)
    deck = DeckFile.model_validate(deck_source.data(), context=context)
    topic = Topic(id="t", title=file.title, items=file.items)
    report = linter.lint_topic(topic, parsed, deck, (), glossary, "2026-11")
    return linter.lint_deck([report], deck, deck_source, ())


def codes(report: Report) -> list[tuple[str, str]]:
    return [(d.code, d.severity) for d in report.diagnostics]


def test_a_waiver_takes_back_all_breaches_of_its_rule(tmp_path: Path) -> None:
    bad = {"en": "Is search exact? Is search fast?"}
    assert run(tmp_path, {"a": item(bad, {"en": "Yes."})}).waived == 0
    waived = run(
        tmp_path,
        {
            "a": item(
                bad,
                {"en": "Yes."},
                allow={"yes-no-question": "a quote", "several-questions": "a quote"},
            )
        },
    )
    assert (codes(waived), waived.waived) == ([], 2)


def test_a_waiver_holds_for_its_item_only(tmp_path: Path) -> None:
    bad = item({"en": "Is search exact?"}, {"en": "Yes."})
    items = {"a": {**bad, "allow": {"yes-no-question": "a quote"}}, "b": bad}
    report = run(tmp_path, items)
    assert report.waived == 1
    assert ("yes-no-question", "error") in codes(report)


def test_the_deck_sets_severities_and_thresholds(tmp_path: Path) -> None:
    items = {"a": item({"en": "Is binary search exact?"}, {"en": "It is, for sorted arrays."})}
    assert codes(run(tmp_path, items)) == [("yes-no-question", "error")]
    lenient = run(tmp_path, items, rules={"yes-no-question": "warning"})
    assert codes(lenient) == [("yes-no-question", "warning")]
    assert codes(run(tmp_path, items, rules={"yes-no-question": "off"})) == []
    strict = run(tmp_path, items, rules={"yes-no-question": "off"}, answer_words="3")
    assert codes(strict) == [("long-answer", "warning")]
    stricter = run(
        tmp_path, items, rules={"yes-no-question": "off"}, answer_words="2", answer_words_max="4"
    )
    assert codes(stricter) == [("long-answer", "error")]


def test_other_languages_get_what_applies(tmp_path: Path) -> None:
    long = "mot " * 60
    items = {
        "a": item(
            {"fr": "Est-ce exact ? Pourquoi ?", "de": "Warum ist es genau?"},
            {"fr": long, "de": "Weil 3 genügt， oder 4."},
        )
    }
    found = codes(run(tmp_path, items, ("fr", "de")))
    assert sorted(set(found)) == [
        ("long-answer", "error"),
        ("mixed-punctuation", "error"),
        ("number-mismatch", "error"),
        ("several-questions", "error"),
    ]


def test_the_longest_term_of_the_glossary_is_meant(tmp_path: Path) -> None:
    """Whatever the order of a set of texts, which differs from run to run."""
    pairs = [(f"cross-{name}", name) for name in "attention entropy product ratio graph".split()]
    names = [name for pair in pairs for name in pair]
    context = {"languages": ("en",)}
    glossary = tuple(Term.model_validate({"en": name}, context=context) for name in names)
    question = f"Why do {', '.join(long for long, _ in pairs)} need a slow warm start?"
    answer = f"A slow warm start helps {', '.join(long for long, _ in pairs)} converge."
    found = run(tmp_path, {"a": item({"en": question}, {"en": answer})}, glossary=glossary)
    messages = [d.message for d in found.diagnostics if d.code == "answer-in-question"]
    assert messages == ["the question already holds 3 of the answer's 5 terms"]


def test_traditional_decks_may_be_traditional(tmp_path: Path) -> None:
    items = {"a": item({"zh-Hant": "為什麼要學習？"}, {"zh-Hant": "為了進步。"})}
    assert codes(run(tmp_path, items, ("zh-Hant",))) == []
    items = {"a": item({"zh": "為什麼要學習？"}, {"zh": "为了进步。"})}
    assert {code for code, _ in codes(run(tmp_path, items, ("zh",)))} == {"traditional-character"}


def test_a_text_with_broken_markup_is_left_alone(tmp_path: Path) -> None:
    broken = {"en": "It is {{c1::broken, and it is a very long text that hides a great deal"}
    items = {"a": item({"en": "What is one?"}, {"en": "One."}, facts={"f": broken})}
    assert codes(run(tmp_path, items)) == []


def test_many_questions_of_one_pattern_are_told_apart(tmp_path: Path) -> None:
    kinds = [
        item({"en": f"What is the formula of the {name} function?"}, {"en": "One."})
        for name in ("sine", "cosine", "tangent", "error", "gamma")
    ]
    items = {f"i{n}": each for n, each in enumerate(kinds)}
    assert codes(run(tmp_path, items, angles="0")) == []


def test_languages_without_question_marks_or_with_their_own(tmp_path: Path) -> None:
    items = {
        "a": item(
            {"th": "ทำไมฟ้าสีฟ้า", "el": "Γιατί είναι μπλε ο ουρανός;", "ar": "لماذا السماء زرقاء؟"},
            {"th": "แสง", "el": "Το φως.", "ar": "الضوء."},
        )
    }
    assert codes(run(tmp_path, items, ("th", "el", "ar"))) == []
    items["a"] = item({"el": "Γιατί; Πώς;"}, {"el": "Το φως."})
    assert codes(run(tmp_path, items, ("el",))) == [("several-questions", "error")]


def test_numbers_of_each_language_are_compared_by_value(tmp_path: Path) -> None:
    items = {
        "a": item(
            {"de": "Wie groß ist der Anteil?", "en": "How large is the share?"},
            {"de": "0,5 % von 1.000 Teilen", "en": "0.5% of 1,000 parts"},
        )
    }
    assert codes(run(tmp_path, items, ("de", "en"))) == []


PIECES = st.sampled_from(
    ["词元", "注意力", "word ", "It ", "是否", "吗？", "?", "；", "; ", "$x_i=1$", "$a$",
     "$5 for b$", "{{c1::", "{{c2::", "}}", "::hint}}", "`code`", "``", "12,000 ", "1 万",
     "GPT-2", "\n", "- ",
     "1) ", "| a | b |\n| - | - |\n", "體", ",", "，", "(", "）", "**", "\\", "https://x.org/ ",
     "$", "![a](b.svg)", "~~~\n", "9" * 50, "\u0301", "\U0001f600"]
)  # fmt: skip  # one a line would fill a page
TEXTS = st.lists(PIECES, min_size=1, max_size=12).map("".join).filter(str.strip)
BOTH = st.fixed_dictionaries({"zh": TEXTS, "en": TEXTS})
ITEMS = st.fixed_dictionaries(
    {"level": st.just("core"), "question": BOTH, "answer": BOTH},
    optional={
        "detail": BOTH,
        "pitfall": BOTH,
        "table": BOTH,
        "formula": TEXTS,
        "facts": st.dictionaries(st.sampled_from(["f", "g"]), BOTH, max_size=2),
        "where": st.dictionaries(TEXTS, BOTH, max_size=2),
        "refs": st.lists(TEXTS, max_size=3),
        "confusable": st.lists(st.sampled_from(["a", "b", "c"]), max_size=2),
        "as_of": st.sampled_from(["2020-01", "2026-11", "2099-12"]),
        "review_by": st.sampled_from(["2020-01", "2026-11", "2099-12"]),
        "allow": st.dictionaries(st.sampled_from([*sorted(CODES), "nonsense"]), TEXTS, max_size=2),
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(items=st.dictionaries(st.sampled_from(["a", "b", "c"]), ITEMS, min_size=1, max_size=3))
def test_no_content_makes_the_linter_fail(items: dict[str, object], tmp_path: Path) -> None:
    try:
        report = run(tmp_path, items, ("zh", "en"))
    except ContentError:
        assume(False)  # a text that YAML can only hold in double quotes
    for problem in report.diagnostics:
        assert problem.code in CODES | {"unknown-rule", "unused-waiver"}
        assert problem.span is not None
        assert (problem.span.line, problem.span.column) <= (
            problem.span.end_line,
            problem.span.end_column,
        )
        assert problem.message
        assert problem.help
