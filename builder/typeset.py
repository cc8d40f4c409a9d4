r"""LaTeX to outlines, by the very MathJax that Anki ships, without a browser or Node.

Why MathJax 3.2.2: what a card shows and what is printed must be the same formula, and a formula
that MathJax refuses must be refused here, before a learner sees red text. It runs inside Python
in QuickJS; results are kept in the cache, so a build without new formulas starts no JavaScript.

Every formula stands alone: commands that define others are not known here, since on a card a
definition would reach other cards in one order of study and not in another.
"""

import difflib
import json
import math
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from builder.cache import Cache, key

if TYPE_CHECKING:
    from builder.outlines import Outliner

#: Raise it when the drawings that this module makes, or the formulas that it refuses, change.
_VERSION = 2

#: Bounds on a formula and on what drawing it may cost. They are far from what anyone writes: the
#: longest formula of 944 in real interview notes has 700 characters.
MAX_LENGTH = 5000
MAX_DEPTH = 40
_MAX_SIZE = 200.0  # em
_MAX_SECONDS = 5
_MAX_MEMORY = 256 << 20
_MAX_STACK = 16 << 20

Matrix: TypeAlias = tuple[float, float, float, float, float, float]


class Formula(NamedTuple):
    """One formula as written; a tuple, since it is looked up more often than made.

    Attributes:
        latex: The source, without its dollars.
        display: Whether it stands on a line of its own, in large style.
    """

    latex: str
    display: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """A typeset formula. Lengths are in em of the text around it.

    Attributes:
        width: Advance width.
        height: How far it reaches above the baseline.
        depth: How far it reaches below the baseline.
        outlines: Glyph name -> path, in PDF path operators, 1000 units an em, y upwards. Equal
            names are equal paths in all drawings.
        content: PDF operators that paint the formula, 1000 units an em, y upwards, the origin at
            the left end of the baseline. `/NAME Do` paints an outline. Whatever has no colour of
            its own takes the current one.
    """

    width: float
    height: float
    depth: float
    outlines: Mapping[str, str]
    content: str


@dataclass(frozen=True, slots=True)
class MathProblem:
    """Why a formula cannot be shown, and what to do about it."""

    message: str
    help: str = ""


def typeset(formulas: Iterable[Formula], cache: Cache) -> dict[Formula, Drawing | MathProblem]:
    """Typeset formulas, each on its own.

    Args:
        formulas: What to typeset; repetitions cost nothing.
        cache: Where results are kept.

    Returns:
        For each formula its drawing, or why there is none.
    """
    results: dict[Formula, Drawing | MathProblem] = {}
    missing: dict[Formula, str] = {}
    version = engine_version()
    for formula in dict.fromkeys(formulas):
        name = key(version, formula.latex, formula.display)
        try:
            results[formula] = _stored(cache, name)
            continue
        except LookupError:
            problem = _refuse(formula.latex)
        if problem is not None:
            results[formula] = problem
        else:
            missing[formula] = name
    if missing:
        for formula, result, lasting in _in_deep_thread(list(missing)):
            results[formula] = result
            if lasting:
                cache.put("typeset", missing[formula], _pack(result))
    return results


@lru_cache(maxsize=4096)
def _stored(cache: Cache, name: str) -> Drawing | MathProblem:
    """From the cache, and from memory if another topic has the formula too.

    Raises:
        LookupError: It is not there.
    """
    stored = cache.get("typeset", name)
    if stored is None:
        raise LookupError
    return _unpack(stored)


def _in_deep_thread(
    formulas: Sequence[Formula],
) -> list[tuple[Formula, Drawing | MathProblem, bool]]:
    """Run MathJax where there is stack enough for what `MAX_DEPTH` allows, on every system.

    All of QuickJS happens in that one thread, as it demands.
    """
    from concurrent.futures import ThreadPoolExecutor

    before = threading.stack_size(2 * _MAX_STACK)
    try:
        with ThreadPoolExecutor(max_workers=1) as thread:
            return thread.submit(_typeset, formulas).result()
    finally:
        threading.stack_size(before)


def _typeset(formulas: Sequence[Formula]) -> list[tuple[Formula, Drawing | MathProblem, bool]]:
    from builder.outlines import Outliner

    with Outliner() as outliner:
        engine = _Engine(outliner)
        return [(formula, *engine.typeset(formula)) for formula in formulas]


@lru_cache(maxsize=1)
def engine_version() -> str:
    """What drawings depend on besides the formula; part of every key."""
    from importlib.metadata import version

    packages = ("django-static-mathjax", "quickjs-ng", "pylopdf-fonts-zh-cn")
    return " ".join([str(_VERSION), *(version(package) for package in packages)])


def _pack(result: Drawing | MathProblem) -> bytes:
    if isinstance(result, MathProblem):
        data: list[Any] = [result.message, result.help]
    else:
        data = [result.width, result.height, result.depth, result.outlines, result.content]
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def _unpack(stored: bytes) -> Drawing | MathProblem:
    data = json.loads(stored)
    return MathProblem(*data) if len(data) == 2 else Drawing(*data)


# Refused before MathJax sees it -----------------------------------------------------------------

#: Commands that MathJax knows but a card or a page must not depend on.
_DEFINES = "each formula stands alone, on a card as in print: write it out in full"
_NUMBERS = "name the formula in the text; cards and sheets do not number formulas"
_FORBIDDEN: dict[str, str] = {
    **dict.fromkeys(
        [
            *("def", "gdef", "edef", "xdef", "let", "newcommand", "renewcommand"),
            *("providecommand", "newenvironment", "renewenvironment", "DeclareMathOperator"),
            *("DeclarePairedDelimiter", "DeclarePairedDelimiters", "DeclarePairedDelimiterX"),
            *("DeclarePairedDelimitersX", "DeclarePairedDelimiterXPP", "Newextarrow"),
            *("DeclarePairedDelimitersXPP", "definecolor", "mathtoolsset", "newtagform"),
            *("renewtagform", "usetagform"),
        ],
        _DEFINES,
    ),
    **dict.fromkeys(["tag", "label", "ref", "eqref", "refeq", "noeqref", "notag"], _NUMBERS),
    **dict.fromkeys(["require", "href", "class", "style", "cssId", "data"], "delete it"),
    **dict.fromkeys(["mmlToken", "unicode", "toggle", "mathtip", "texttip"], "delete it"),
}

#: Unknown commands whose replacement cannot be guessed from the spelling.
_REPLACEMENTS = {
    "bm": r"\boldsymbol",
    "mathds": r"\mathbb",
    "mathbbm": r"\mathbb",
    "argmax": r"\operatorname*{argmax}",
    "argmin": r"\operatorname*{argmin}",
    "softmax": r"\operatorname{softmax}",
    "R": r"\mathbb{R}",
    "E": r"\mathbb{E}",
    "norm": r"\lVert … \rVert",
    "abs": r"\lvert … \rvert",
    "degree": r"^\circ",
}

_CONTROL = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff]")
_COMMAND = re.compile(r"\\([A-Za-z]+|.)", re.DOTALL)


def _refuse(latex: str) -> MathProblem | None:
    if not latex.strip():
        return MathProblem("the formula is empty", "write it, or delete its dollars")
    if len(latex) > MAX_LENGTH:
        return MathProblem(
            f"the formula has {len(latex)} characters, more than {MAX_LENGTH}",
            "split it into several formulas",
        )
    if _CONTROL.search(latex):
        return MathProblem("the formula has a control character", "delete it")
    commands = _COMMAND.findall(latex)
    for command in commands:
        if command in _FORBIDDEN:
            return MathProblem(rf"\{command} has no place in a formula", _FORBIDDEN[command])
    if re.search(r"(?<!\\)(?:\\\\)*%", _TEXT.sub("", latex)):
        return MathProblem("a % hides the rest of the line", r"write \%, or \text{50%} in text")
    return _structure(latex)


#: Arguments that are text, in which `%` is a character.
_TEXT = re.compile(r"\\(?:text\w*|mbox|verb)\s*\{[^{}]*\}")
_TOKEN = re.compile(
    r"(\\begin\s*\{[^{}]*\}|\\left(?![A-Za-z])|\{)"
    r"|(\\end\s*\{[^{}]*\}|\\right(?![A-Za-z])|\})"
    r"|(\\.)",
    re.DOTALL,
)


def _structure(latex: str) -> MathProblem | None:
    """Bounds nesting, and refuses a line break that MathJax would ignore."""
    depth = deepest = 0
    for opening, closing, command in _TOKEN.findall(latex):
        if opening:
            depth += 1
            deepest = max(deepest, depth)
        elif closing:
            depth -= 1
        elif command == r"\\" and depth == 0:
            return MathProblem(
                r"\\ breaks no line outside an environment, neither on a card nor in print",
                r"put the lines into \begin{aligned} … \end{aligned}",
            )
    if deepest > MAX_DEPTH:
        return MathProblem(f"the formula is nested deeper than {MAX_DEPTH}", "simplify it")
    return None


# MathJax ---------------------------------------------------------------------------------------

_FILES = (
    "startup",
    "core",
    "adaptors/liteDOM",
    "input/tex-full",
    "output/svg",
    "output/svg/fonts/tex",
)

_PREPARE = """
globalThis.global = globalThis;
globalThis.console = {log() {}, warn() {}, error() {}, info() {}};
globalThis.setTimeout = () => 0;
globalThis.clearTimeout = () => {};
globalThis.MathJax = {startup: {typeset: false, ready() {}}};
"""

# Anki's packages without those that define commands, load code, write HTML or hide errors.
_START = r"""
const {_} = MathJax;
const adaptor = _.adaptors.liteAdaptor.liteAdaptor();
_.handlers.html_ts.RegisterHTMLHandler(adaptor);
const tex = new _.input.tex_ts.TeX({
  packages: ['base', 'ams', 'amscd', 'bbox', 'boldsymbol', 'braket', 'bussproofs', 'cancel',
    'cases', 'centernot', 'color', 'colortbl', 'empheq', 'enclose', 'extpfeil', 'gensymb',
    'mathtools', 'mhchem', 'textcomp', 'upgreek', 'verb'],
  maxBuffer: 20 * 1024,
  maxMacros: 1000,
  formatError(jax, error) { throw error; },
});
const font = new _.output.svg.fonts.tex_ts.TeXFont();
const svg = new _.output.svg_ts.SVG({fontCache: 'none', font});
const page = _.mathjax.mathjax.document('', {InputJax: tex, OutputJax: svg});
const tree = node => node.kind === '#text'
  ? node.value : [node.kind, node.attributes, node.children.map(tree)];
function draw(latex, display) {
  try {
    tex.reset();
    return JSON.stringify({tree: tree(page.convert(latex, {display}).children[0])});
  } catch (error) {
    if (!error.id) throw error;
    return JSON.stringify({id: error.id, message: error.message});
  }
}
function commands(kind) {
  const names = [];
  for (const {item} of tex.parseOptions.handlers.get(kind)._configuration.items) {
    if (item.map) names.push(...[...item.map.keys()].map(name => name.replace(/^\\/, '')));
  }
  return JSON.stringify(names.filter(name => /^[A-Za-z]+\*?$/.test(name)).sort());
}
"""


class _Engine:
    """MathJax in QuickJS, started when first needed, restarted after it ran out of anything."""

    def __init__(self, outliner: "Outliner") -> None:
        self._context: Any = None
        self._outliner = outliner

    def typeset(self, formula: Formula) -> tuple[Drawing | MathProblem, bool]:
        """The result, and whether it is worth keeping: what a slow machine gives is not."""
        from builder.svg import UnsupportedError, convert

        try:
            answer = json.loads(self._call("draw", formula.latex, formula.display))
        except _ExhaustedError:
            self._context = None
            return MathProblem("the formula is too much to typeset", "simplify it"), False
        if "tree" not in answer:
            return self._explain(answer["id"], answer["message"]), True
        try:
            drawing = convert(answer["tree"], self._outliner)
        except UnsupportedError as error:
            return MathProblem(str(error), error.help), True
        size = (drawing.width, drawing.height, drawing.depth)
        if not all(math.isfinite(length) and abs(length) <= _MAX_SIZE for length in size):
            return MathProblem(f"the formula is larger than {_MAX_SIZE:.0f} em", "shorten it"), True
        return drawing, True

    def _call(self, function: str, *arguments: Any) -> str:
        import quickjs

        if self._context is None:
            self._context = _start()
        # Arguments travel as JSON in the program's text: nothing to convert, nothing to escape.
        text = f"{function}({', '.join(json.dumps(argument) for argument in arguments)})"
        try:
            result = self._context.eval(text)
        except (quickjs.JSException, quickjs.StackOverflow, MemoryError) as error:
            raise _ExhaustedError from error
        if not isinstance(result, str):
            raise _ExhaustedError
        return result

    def _explain(self, code: str, message: str) -> MathProblem:
        if code == "UndefinedControlSequence":
            name = message.rpartition("\\")[2]
            if name in _REPLACEMENTS:
                return MathProblem(rf"unknown command \{name}", f"write {_REPLACEMENTS[name]}")
            known = json.loads(self._call("commands", "macro"))
            close = _close(name, known)
            return MathProblem(
                rf"unknown command \{name}",
                rf"did you mean \{close}?" if close else r"for upright words use \operatorname{…}",
            )
        if code == "UnknownEnv":
            name = message.partition("'")[2].rpartition("'")[0]
            known = json.loads(self._call("commands", "environment"))
            close = _close(name, known)
            return MathProblem(
                f"unknown environment '{name}'", f"did you mean '{close}'?" if close else ""
            )
        return MathProblem(message[:1].lower() + message[1:], _HELP.get(code, ""))


def _close(name: str, known: Sequence[str]) -> str:
    """The known name that was probably meant. Short names are all alike: ask for much likeness."""
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.75)), "")


#: MathJax's error -> what to do, where its message does not say so.
_HELP = {
    "ExtraOpenMissingClose": "add the `}` that is missing",
    "ExtraCloseMissingOpen": "delete the `}` that is too many, or add the `{`",
    "MissingCloseBrace": "add the `}` that is missing",
    "DoubleExponent": "put braces around the part that has the exponent, such as `{x^a}^b`",
    "DoubleSubscripts": "put braces around the part that has the index, such as `{x_a}_b`",
    "Misplaced": r"`&` belongs in an environment such as `aligned`; a literal one is `\&`",
    "MissingArgFor": r"write what it applies to in braces, such as `\sqrt{x}`",
    "EnvMissingEnd": r"every `\begin{…}` has its `\end{…}`",
    "EnvBadEnd": r"write the same name after `\begin` and `\end`",
    "CantUseHash1": r"a literal # is `\#`",
}


class _ExhaustedError(Exception):
    """A formula used up time, memory or stack."""


def _start() -> Any:
    from importlib.resources import files

    import quickjs

    context = quickjs.Context()
    context.set_memory_limit(_MAX_MEMORY)
    context.set_max_stack_size(_MAX_STACK)
    context.eval(_PREPARE)
    folder = files("mathjax") / "static" / "mathjax" / "es5"
    for name in _FILES:
        context.eval((folder / f"{name}.js").read_text("utf-8"))
    context.eval(_START)
    context.set_time_limit(_MAX_SECONDS)
    return context
