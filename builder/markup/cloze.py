r"""The cloze rule: `{{c1::answer}}` and `{{c1::answer::hint}}`.

Anki's own parser is crude: the first `}}` closes, the first `::` splits. Authors need not know:
here formulas, code, automatic links and backslash escapes are skipped whole, single braces balance,
clozes nest, and the Anki writer escapes whatever Anki would misread. A literal `{{`, `}}` or `::`
is written with a backslash (`\::`) or inside code.

`pair` finds all clozes of an inline run in one pass, so thousands of unclosed ones stay linear.
Whatever looks like a cloze and is not one becomes a problem rather than text.
"""

import re
from dataclasses import dataclass, field
from typing import Final, cast

from markdown_it.rules_inline import StateInline

from builder.markup.inline import InlineState, Note, positioned, shortened

#: Anki clamps larger numbers to this one (measured on 26.9.3).
MAX_NUMBER: Final = 500
#: How deep Anki lets clozes nest.
MAX_DEPTH: Final = 10

_OPEN = re.compile(r"\{\{c([0-9]+)::")
_LOOKS_LIKE = re.compile(r"\{\{\s*[cC]\s*([0-9][0-9,，、\s-]*)?\s*([:：]{0,2})")
# What the pairing must look at; everything else is skipped by the regex engine.
_STOP = re.compile(r"[{}:\\`$<]")
# Names that stand before `::` in code, so hardly ever an answer with a hint.
_NAMESPACES: Final = frozenset(
    "std torch at aten c10 cuda boost absl cv tf tensorflow thrust cub cute cutlass eigen ggml "
    "llama nccl nvinfer onnxruntime rust core alloc tokio crate self super".split()
)


@dataclass(frozen=True, slots=True)
class Pair:
    """The parts of a well-formed cloze, as offsets in the inline content."""

    number: int
    start: int
    answer: int
    answer_end: int
    hint: int | None
    hint_end: int
    end: int


@dataclass(slots=True)
class _Frame:
    """An open cloze, or the text outside all clozes (`start` is -1).

    `braces` counts the open `{` inside, `inner` tells whether any were closed.
    """

    start: int = -1
    answer: int = 0
    digits: str = ""
    braces: int = 0
    inner: bool = False
    colons: list[int] = field(default_factory=list)


def pair(state: InlineState) -> None:
    """Find the clozes of `state.src`; fill `state.pairs` and note what is wrong."""
    src, end = state.src, state.posMax
    frames = [_Frame()]
    pos = 0
    while match := _STOP.search(src, pos, end):
        pos = match.start()
        char = match.group()
        top = frames[-1]
        if char == "{":
            pos = _opening(state, frames, pos)
        elif char == "}":
            if top.braces:
                top.braces -= 1
                top.inner = True
                pos += 1
            elif not src.startswith("}}", pos):
                pos += 1
            else:
                _closing(state, frames, pos)
                pos += 2
        elif char == ":":
            if src.startswith("::", pos):
                top.colons.append(pos)
                pos += 1
            pos += 1
        else:
            state.pos = pos
            state.md.inline.skipToken(state)
            pos = state.pos
    state.pos = 0
    for frame in frames[1:]:
        inner = frame.braces or frame.inner
        state.notes.append(
            Note(
                "cloze-unclosed",
                f"the cloze `{{{{c{frame.digits[:4]}::` is never closed",
                "add `}}` after the answer"
                + ("; each `{` inside it needs its own `}`, or a backslash" if inner else ""),
                frame.start,
                frame.answer,
            )
        )


def _opening(state: InlineState, frames: list[_Frame], pos: int) -> int:
    """Handle a `{`; give the position to go on from."""
    src = state.src
    if match := _OPEN.match(src, pos, state.posMax):
        frames.append(_Frame(pos, match.end(), match.group(1)))
        return match.end()
    match = _LOOKS_LIKE.match(src, pos, state.posMax)
    if match and (match.group(1) or match.group(2)):
        state.notes.append(_malformed(match, pos))
        frames[-1].braces += 2
        return max(match.end(), pos + 2)
    frames[-1].braces += 1
    return pos + 1


def _malformed(match: re.Match[str], pos: int) -> Note:
    """Why something that looks like a cloze is none."""
    text, digits, colons = match.group(), (match.group(1) or "").strip(), match.group(2)
    number = re.match("[0-9]*", digits)
    first = number.group() if number else ""
    good = f"write `{{{{c{first or '1'}::answer}}}}`"
    if not digits:
        reason = "a cloze needs a number"
    elif first != digits:
        reason = "a cloze has one number only"
        good = "nest two clozes: `{{c1::{{c2::answer}}}}`"
    elif "C" in text:
        reason = "a cloze begins with a lower-case `c`; Anki shows this as text"
    elif "：" in colons:
        reason = "the colons of a cloze are the ASCII ones, not full-width"
    elif colons != "::":
        reason = "two colons come after the number of a cloze"
    else:
        reason = "a cloze begins with `{{c1::`, without spaces"
    return Note("cloze-syntax", reason, good, pos, max(pos + len(text.rstrip()), pos + 2))


def _closing(state: InlineState, frames: list[_Frame], pos: int) -> None:
    """Handle a `}}` that no inner brace claims."""
    if len(frames) == 1:
        state.notes.append(
            Note(
                "cloze-stray-close",
                "`}}` closes a cloze, but none is open here",
                "delete it, or write it as code",
                pos,
                pos + 2,
            )
        )
        return
    frame = frames.pop()
    end = pos + 2
    src = state.src
    number = int(frame.digits) if len(frame.digits) <= 4 else MAX_NUMBER + 1
    if not 1 <= number <= MAX_NUMBER:
        state.notes.append(
            Note(
                "cloze-number",
                f"cloze numbers run from 1 to {MAX_NUMBER}",
                "write `{{c1::`",
                frame.start,
                frame.answer,
            )
        )
        return
    if len(frames) > MAX_DEPTH:
        if any(note.code == "cloze-depth" for note in state.notes):
            return  # one of many levels, one message
        state.notes.append(
            Note(
                "cloze-depth",
                f"clozes nest at most {MAX_DEPTH} deep",
                "take the inner one out",
                frame.start,
                end,
            )
        )
        return
    split = frame.colons[0] if frame.colons else None
    answer_end = pos if split is None else split
    answer = src[frame.answer : answer_end]
    if not answer.strip():
        state.notes.append(
            Note(
                "cloze-empty",
                "the cloze hides nothing",
                "write the answer between `::` and `}}`",
                frame.start,
                end,
            )
        )
        return
    if split is not None:
        why = _not_a_hint(answer, src[split + 2 : pos], len(frame.colons))
        if why:
            state.notes.append(
                Note(
                    "cloze-double-colon",
                    f"`::` begins the hint of a cloze, {why}",
                    "put the answer in backticks, or write the colons as `\\::`",
                    split,
                    split + 2,
                )
            )
    state.pairs[frame.start] = Pair(
        number,
        frame.start,
        frame.answer,
        answer_end,
        None if split is None else split + 2,
        pos,
        end,
    )


def _not_a_hint(answer: str, hint: str, count: int) -> str:
    """Why `answer::hint` looks like an answer that holds `::`, or an empty string."""
    word = answer.strip()
    if not hint.strip():
        return "but nothing comes after it"
    if count > 1:
        return "and there is more than one"
    if word.lower() in _NAMESPACES:
        return f"but `{word}::{shortened(hint)}` looks like code"
    for opener, closer in ("()", "[]", ("<", ">")):
        if answer.count(opener) > answer.count(closer) and closer in hint:
            return f"but it stands between `{opener}` and `{closer}`"
    if answer.count("**") % 2 and hint.count("**") % 2:
        return "but it stands inside an emphasis"
    return ""


def rule(state: StateInline, silent: bool) -> bool:
    """Inline rule: turn a paired cloze into tokens `cloze_open` … `cloze_close`.

    A hint follows the answer between `hint_open` and `hint_close`.
    """
    start = state.pos
    if not state.src.startswith("{{c", start):
        return False
    own = cast("InlineState", state)
    found = own.pairs.get(start)
    if found is None or found.end > state.posMax:
        return False
    if not silent:
        own.emitted.add(start)
        maximum = state.posMax
        token = state.push("cloze_open", "", 1)
        token.info = str(found.number)
        positioned(token, start, found.end)
        token.meta["pair"] = found
        state.pos, state.posMax = found.answer, found.answer_end
        state.md.inline.tokenize(state)
        if found.hint is not None:
            state.push("hint_open", "", 1)
            state.pos, state.posMax = found.hint, found.hint_end
            state.md.inline.tokenize(state)
            state.push("hint_close", "", -1)
        state.push("cloze_close", "", -1).info = token.info
        state.posMax = maximum
    state.pos = found.end
    return True


def check_emitted(state: InlineState) -> None:
    """Note the clozes that stand where no cloze can be: an image's text, a link's address."""
    for start, found in state.pairs.items():
        if start not in state.emitted:
            state.notes.append(
                Note(
                    "cloze-misplaced",
                    "a cloze cannot stand in an address or in an image's text",
                    "put the cloze around the whole link or image",
                    start,
                    found.end,
                )
            )
