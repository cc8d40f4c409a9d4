"""Every text's markup, checked where it stands: Markdown, clozes, formulas, figures, code."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from builder import figures, markup, source
from builder.cache import Cache
from builder.diagnostics import Diagnostic, Span, and_more
from builder.source import Location, Source
from builder.typeset import Formula, MathProblem, typeset


@dataclass(slots=True)
class Texts:
    """Checks every text's markup; `folder` is `content/figures`.

    Works on the source rather than the model, so that a file with one bad key still has all its
    markup problems reported.
    """

    problems: list[Diagnostic]
    folder: Path
    # Places are worked out for the few that have a problem.
    formulas: "list[tuple[Formula, Callable[[], Span]]]" = field(default_factory=list)

    def title(self, parsed: Source, languages: tuple[str, ...]) -> None:
        """Check a title in every language."""
        for language in languages:
            self.markdown(parsed, ("title", language), clozes=False)

    def symbols(self, parsed: Source, languages: tuple[str, ...]) -> None:
        """Check a table of symbols."""
        if isinstance(parsed.root, source.Mapping):
            self._legend(parsed, (), parsed.root, languages)

    def items(self, parsed: Source, languages: tuple[str, ...]) -> None:
        """Check every item's texts, formulas, figure and code."""
        for item_id, (_, node) in parsed.section("items").items():
            if isinstance(node, source.Mapping):
                self._item(parsed, ("items", item_id), node, languages)

    def _item(
        self, parsed: Source, at: Location, node: source.Mapping, languages: tuple[str, ...]
    ) -> None:
        for name in ("question", "answer", "detail", "pitfall", "table"):
            below = node.items.get(name, (None, None))[1]
            for language in languages if below else ():
                text = below
                if isinstance(below, source.Mapping):  # not a table that all languages share
                    text = below.items.get(language, (None, None))[1]
                location = (*at, name, language)
                document = self._markdown(parsed, location, text, clozes=False)
                if name == "table" and document and not _holds_table(document):
                    self._no_table(parsed, location, text)
        facts = node.items.get("facts", (None, None))[1]
        if isinstance(facts, source.Mapping):
            for fact_id, (_, fact) in facts.items.items():
                self._fact(parsed, (*at, "facts", fact_id), fact, languages)
        where = node.items.get("where", (None, None))[1]
        if isinstance(where, source.Mapping):
            self._legend(parsed, (*at, "where"), where, languages)
        formula = node.items.get("formula", (None, None))[1]
        if isinstance(formula, source.Scalar) and formula.value:
            place = partial(parsed.value_span, (*at, "formula"))
            self.formulas.append((Formula(formula.value.strip(), display=True), place))
            self._ends_in_backslash(formula.value.strip(), place)
            if "$" in formula.value:
                self.problems.append(
                    Diagnostic(
                        "dollar-in-formula",
                        "`formula` is LaTeX already; dollars do not belong in it",
                        parsed.text_span(
                            (*at, "formula"),
                            formula.value.index("$"),
                            formula.value.index("$") + 1,
                        ),
                        "delete the dollars",
                    )
                )
        self._figure(parsed, at, node, languages)
        self._code(parsed, at, node)

    def _no_table(self, parsed: Source, at: Location, node: source.Node | None) -> None:
        """Say what keeps a text from being a table, as far as one can tell."""
        text = (node.value or "") if isinstance(node, source.Scalar) else ""
        delimiters = _DELIMITERS.search(text)
        if delimiters is None:
            self.problems.append(
                Diagnostic(
                    "no-table",
                    "this is no table: no line below its first parts the columns' names from rows",
                    parsed.value_span(at),
                    "write `| name | name |`, below it `| --- | --- |`, and below that the rows",
                )
            )
            return
        names, columns = _columns(delimiters["names"]), _columns(delimiters["line"])
        start, end = delimiters.span("names")
        if names == columns:
            message = "this is no table: its first line must not be indented or part of a text"
            fix = "leave a blank line above the table and begin its lines with `|`"
        else:
            message = f"this is no table: {names} columns in its first line, {columns} in the next"
            fix = "give both as many columns; a `|` within a cell, even in code, is written `\\|`"
        self.problems.append(Diagnostic("no-table", message, parsed.text_span(at, start, end), fix))

    def _ends_in_backslash(self, latex: str, place: Callable[[], Span]) -> None:
        """MathJax lets it pass, but on a card it would eat the delimiter that follows."""
        if latex.endswith("\\") and (len(latex) - len(latex.rstrip("\\"))) % 2:
            self.problems.append(
                Diagnostic(
                    "bad-math",
                    "the formula ends with a backslash that begins nothing",
                    place(),
                    "delete it",
                )
            )

    def _figure(
        self, parsed: Source, at: Location, node: source.Mapping, languages: tuple[str, ...]
    ) -> None:
        figure = node.items.get("figure", (None, None))[1]
        if not isinstance(figure, source.Scalar) or not figure.value:
            return
        span = parsed.value_span((*at, "figure"))
        if self._image(figure.value, span):
            spoken = figures.spoken(self.folder, figure.value)
            missing = [language for language in languages if language not in spoken]
            if spoken and missing:
                message = f"'{figure.value}' has words in {', '.join(sorted(spoken))}"
                fix = f'add `<text lang="{missing[0]}">`, or delete `lang` if words serve everyone'
                self.problems.append(
                    Diagnostic("figure-language", f"{message} but not in {missing[0]}", span, fix)
                )

    def _image(self, name: str, span: Span) -> bool:
        """Whether the picture can be used."""
        problem = figures.problem(self.folder, name)
        if problem is not None:
            self.problems.append(Diagnostic(problem.code, problem.message, span, problem.help))
        return problem is None

    def _code(self, parsed: Source, at: Location, node: source.Mapping) -> None:
        language = parsed.node((*at, "code", "language")) if "code" in node.items else None
        if isinstance(language, source.Scalar) and language.value:
            fix = markup.unknown_language(language.value)
            if fix is not None:
                self.problems.append(
                    Diagnostic(
                        "unknown-code-language",
                        f"no highlighter knows the language '{language.value}'",
                        parsed.value_span((*at, "code", "language")),
                        fix,
                    )
                )

    def _legend(
        self, parsed: Source, at: Location, node: source.Mapping, languages: tuple[str, ...]
    ) -> None:
        for symbol in node.items:
            formula = Formula(symbol, display=False)
            place = partial(parsed.key_span, (*at, symbol))
            self.formulas.append((formula, place))
            self._ends_in_backslash(symbol.strip(), place)
            for language in languages:
                self.markdown(parsed, (*at, symbol, language), clozes=False)

    def _fact(
        self, parsed: Source, at: Location, fact: source.Node, languages: tuple[str, ...]
    ) -> None:
        numbers: dict[str, list[int]] = {}
        texts = fact.items if isinstance(fact, source.Mapping) else {}
        for language in languages:
            text = texts.get(language, (None, None))[1]
            document = self._markdown(parsed, (*at, language), text, clozes=True)
            if document is not None and not document.problems:
                numbers[language] = sorted({cloze.number for cloze in document.clozes})
                if not document.clozes:
                    self.problems.append(
                        Diagnostic(
                            "no-cloze",
                            "a fact without a cloze makes no card",
                            parsed.value_span((*at, language)),
                            "put `{{c1::` and `}}` around what the learner must recall",
                        )
                    )
        first = languages[0]
        if not numbers.get(first):
            return
        for language in languages[1:]:
            if numbers.get(language, numbers[first]) not in ([], numbers[first]):
                self.problems.append(
                    Diagnostic(
                        "cloze-mismatch",
                        f"the clozes are {_clozes(numbers[language])} in '{language}' "
                        f"but {_clozes(numbers[first])} in '{first}'",
                        parsed.value_span((*at, language)),
                        "both languages share their cards, so both carry the same numbers",
                    )
                )

    def markdown(self, parsed: Source, at: Location, *, clozes: bool) -> markup.Document | None:
        """Parse one text and report its problems; None if there is no such text."""
        return self._markdown(parsed, at, parsed.node(at), clozes=clozes)

    def _markdown(
        self, parsed: Source, at: Location, node: source.Node | None, *, clozes: bool
    ) -> markup.Document | None:
        if not isinstance(node, source.Scalar) or not node.value:
            return None
        document = markup.parse(node.value)
        for problem in _few_of_each(document.problems) if document.problems else ():
            self.problems.append(
                Diagnostic(
                    problem.code,
                    problem.message,
                    parsed.text_span(at, problem.start, problem.end),
                    problem.help,
                    problem.severity,
                )
            )
        # Most begin with a letter, which is seen; a blank text is reported by the model.
        plain = node.value[0].isalnum() or node.value.isspace()
        if not plain and markup.shows_nothing(document):
            self.problems.append(
                Diagnostic(
                    "empty-text",
                    "the text shows nothing: no word, sign, formula or picture",
                    parsed.value_span(at),
                    "write the text, or delete the key",
                )
            )
        if not clozes and document.clozes:
            cloze = document.clozes[0]
            self.problems.append(
                Diagnostic(
                    "misplaced-cloze",
                    "a cloze only works in `facts`",
                    parsed.text_span(at, cloze.start, cloze.end),
                    "move the sentence to `facts`, or delete the cloze's braces",
                )
            )
        for math in document.maths:
            place = partial(parsed.text_span, at, math.start, math.end)
            self.formulas.append((Formula(math.latex, math.display), place))
        for image in document.images:
            self._image(image.src, parsed.text_span(at, image.start, image.end))
        return document

    def check_math(self, cache: Cache) -> None:
        """Typeset every formula: what MathJax refuses here it would refuse on the card."""
        results = typeset(dict.fromkeys(formula for formula, _ in self.formulas), cache)
        for formula, place in self.formulas:
            result = results[formula]
            if isinstance(result, MathProblem):
                self.problems.append(Diagnostic("bad-math", result.message, place(), result.help))


def _holds_table(document: markup.Document) -> bool:
    return any(token.type == "table_open" for token in document.tokens)


#: A line of names and the one below it that makes it the head of a table: `| --- | :-: |`.
_DELIMITERS = re.compile(
    r"^[ \t]*(?P<names>\S.*)\n[ \t]*(?P<line>(?=[^\n]*-)(?=[^\n]*[|:])[-:|][-:| \t]*)$",
    re.MULTILINE,
)


def _columns(line: str) -> int:
    """How many cells a row of a table has."""
    return len(re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|")))


def _few_of_each(problems: Iterable[markup.Problem]) -> Iterator[markup.Problem]:
    """The first problems of each kind: a text that was pasted wrong repeats one mistake."""
    told: dict[str, list[markup.Problem]] = {}
    for problem in problems:
        told.setdefault(problem.code, []).append(problem)
    for same in told.values():
        *first, last = same[: source.MAX_SAME]
        yield from first
        yield replace(last, message=and_more(last.message, len(same) - len(first) - 1))


def _clozes(numbers: list[int]) -> str:
    return ", ".join(f"c{number}" for number in numbers) or "none"
