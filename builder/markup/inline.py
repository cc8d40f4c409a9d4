"""markdown-it's inline parser with a richer state, as subclasses: nothing global is patched."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline, RuleFuncInlineType
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token
from markdown_it.utils import EnvType

from builder.diagnostics import Severity
from builder.markup import cjk

if TYPE_CHECKING:
    from builder.markup.cloze import Pair


@dataclass(frozen=True, slots=True)
class Note:
    """A problem seen while parsing; offsets are in the inline content, not yet in the text."""

    code: str
    message: str
    help: str
    start: int
    end: int
    severity: Severity = "error"


class InlineState(StateInline):
    """The state of one inline run, with what our own rules must remember.

    Attributes:
        notes: Problems found.
        pairs: Start of each well-formed cloze -> its parts.
        emitted: Starts of the clozes that became tokens.
        dollars: Positions of `$` that opened no formula.
        in_cell: Whether this is the content of a table's cell.
        present: The characters of the text at which rules can match.
    """

    def __init__(
        self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token], notes: list[Note]
    ) -> None:
        super().__init__(src, md, env, tokens)
        self.notes = notes
        self.pairs: dict[int, Pair] = {}
        self.emitted: set[int] = set()
        self.dollars: list[int] = []
        self.in_cell = False
        self.present = _SPECIAL.intersection(src)

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803 - overrides
        """Let emphasis open and close beside full-width punctuation; else as CommonMark says."""
        found = super().scanDelims(start, canSplitWord)
        if canSplitWord and not (found.can_open and found.can_close):
            return cjk.flanking(self.src, start, self.posMax, found)
        return found


#: The characters at which a rule of markdown-it or of ours can match; others are tried everywhere.
_TRIGGERS: Final = {
    "newline": "\n",
    "cloze": "{",
    "math": "$",
    "escape": "\\",
    "backticks": "`",
    "strikethrough": "~",
    "emphasis": "*_",
    "link": "[",
    "image": "!",
    "autolink": "<",
    "raw_html": "<",
    "html_inline": "<",
    "entity": "&",
}
_SPECIAL: Final = frozenset("".join(_TRIGGERS.values()))
#: Rules after the others, which only turn delimiters that `emphasis` and `strikethrough` left.
_AFTER: Final = frozenset("*_~")


class InlineParser(ParserInline):
    """Parses with `InlineState`, pairs the clozes first and judges what is left over at the end.

    Only the rules whose characters a text has are tried, and only at those: a third of the time,
    and the same tokens (a test compares).
    """

    def __init__(self) -> None:
        super().__init__()
        self._chosen: dict[frozenset[str], tuple[list[RuleFuncInlineType], re.Pattern[str]]] = {}

    def _rules(self, present: frozenset[str]) -> tuple[list[RuleFuncInlineType], re.Pattern[str]]:
        """The rules that can match in a text with these special characters, and where."""
        chosen = self._chosen.get(present)
        if chosen is None:
            active = set(self.ruler.get_active_rules()) - {"text"}
            named = {rule.name: rule.fn for rule in self.ruler.__rules__}
            rules = [
                fn
                for name, fn in named.items()
                if name in active and not present.isdisjoint(_TRIGGERS[name])
            ]
            pattern = re.compile(f"[{re.escape(''.join(sorted(present)))}]" if present else r"(?!)")
            chosen = self._chosen[present] = rules, pattern
        return chosen

    def tokenize(self, state: StateInline) -> None:
        """Generate tokens for the input, as markdown-it's own does."""
        rules, special = self._rules(cast("InlineState", state).present)
        end, maximum = state.posMax, state.md.options["maxNesting"]
        while state.pos < end:
            found = special.search(state.src, state.pos, end)
            at = found.start() if found else end
            if at > state.pos:
                state.append_pending(state.src[state.pos : at])
                state.pos = at
            if found is None:
                break
            if not (state.level < maximum and any(rule(state, False) for rule in rules)):
                state.append_pending(state.src[state.pos])
                state.pos += 1
        if state.pending:
            state.pushPending()

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        """Parse inline content into `tokens`.

        The core rule leaves a list of notes in `env`; an image's alternative text is parsed from
        inside a rule, finds none there, and its notes (with their foreign offsets) are dropped.
        """
        from builder.markup import cloze, math

        found = env.pop("notes", None)
        notes: list[Note] = [] if found is None else found
        state = InlineState(src, md, env, tokens, notes)
        state.in_cell = env.pop("in_cell", False)
        if "{{" in src or "}}" in src:
            cloze.pair(state)
        self.tokenize(state)
        if not state.present.isdisjoint(_AFTER):
            for rule in self.ruler2.getRules(""):
                rule(state)
        if state.pairs:
            cloze.check_emitted(state)
        if state.dollars:
            math.check_dollars(state)
        return state.tokens


def positioned(token: Token, start: int, end: int) -> None:
    """Remember where in the inline content a token came from."""
    token.meta["start"], token.meta["end"] = start, end


def with_position(rule: RuleFuncInlineType) -> RuleFuncInlineType:
    """The same inline rule, noting on its first new token where it matched."""

    def positioned_rule(state: StateInline, silent: bool) -> bool:
        start, count = state.pos, len(state.tokens)
        pending = bool(state.pending) if not silent else False
        if not rule(state, silent):
            return False
        if not silent:
            positioned(state.tokens[count + pending], start, state.pos)
        return True

    return positioned_rule


def shortened(piece: str) -> str:
    """A piece of text as a message can quote it."""
    piece = " ".join(piece.split())
    return piece if len(piece) <= 40 else piece[:39] + "…"
