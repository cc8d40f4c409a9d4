"""The same items in Typst: the quickest typesetter that can be installed from PyPI.

The pages hold what ours hold of each item, in a layout as close as a short template gets: columns
with coloured headings, or a row a language with contents and page numbers. Without tags for
accessibility beyond Typst's own, glossary, index and references.
"""

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from bench.peers import install
from builder import fonts
from builder.cache import Cache, default_folder
from builder.model import Deck, Item

VERSION: Final = "0.15.2"
#: Compiles `main.typ` of a folder; prints what it cost, without the import.
_PROGRAM: Final = """
import json, pathlib, sys, time, typst
folder = pathlib.Path(sys.argv[1])
start = time.process_time()
made = typst.compile(folder / "main.typ", font_paths=[folder / "fonts"], ignore_system_fonts=True)
print(json.dumps({"cpu": time.process_time() - start, "kB": len(made) // 1000}))
(folder / "main.pdf").write_bytes(made)
"""

_HEAD: Final = {
    "sheet": """#set page("a4", flipped: true, margin: 8mm, columns: 3)
#set text(font: ("Source Sans 3", "Noto Sans SC"), size: 7pt, hyphenate: true)
#set par(leading: 0.45em, spacing: 0.5em)
#set columns(gutter: 4mm)
#show heading: it => block(fill: rgb("#1f4e79"), inset: 2pt, width: 100%, text(white, it.body))
""",
    "handout": """#set page("a4", margin: (inside: 22mm, outside: 16mm, y: 20mm), numbering: "1")
#set text(font: ("Source Sans 3", "Noto Sans SC"), size: 9pt, hyphenate: true)
#show heading.where(level: 1): it => pagebreak(weak: true) + it
#outline(depth: 2)
""",
}
_COMMON: Final = """#set document(title: "Bench")
#show raw: set text(font: ("JetBrains Mono", "Noto Sans SC"))
"""


def compile_pages(deck: Deck, kind: str, languages: Sequence[str], folder: Path) -> dict[str, Any]:
    """Write the items and let Typst make the PDF `main.pdf` of them once.

    Args:
        deck: The deck of `printing_content`.
        kind: `sheet` or `handout`.
        languages: The languages to print.
        folder: A scratch folder.

    Returns:
        `cpu` in seconds, of all threads, and `kB`.
    """
    programs = install("typst", VERSION, Path(__file__).parent.parent / "build" / "peers")
    (folder / "fonts").mkdir()
    for face in fonts.FACES:
        data = fonts.font_data(face.name, Cache(default_folder()))
        (folder / "fonts" / f"{face.name}.otf").write_bytes(data)
    lines = [_HEAD[kind], _COMMON]
    for topic in deck.topics:
        lines.append("= " + _text(" ".join(topic.title[language] for language in languages)))
        for item in topic.items.values():
            lines += _pairs(item, languages) if kind == "handout" else _run(item, languages)
            lines += _neutral(item)
    (folder / "main.typ").write_text("\n\n".join(lines), "utf-8")
    command = [str(programs / "python"), "-c", _PROGRAM, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _run(item: Item, languages: Sequence[str]) -> Iterator[str]:
    for language in languages:
        yield f"*{_text(item.question[language])}* {_text(item.answer[language])}"
        for fact in item.facts.values():
            yield "- " + _text(fact[language])


def _pairs(item: Item, languages: Sequence[str]) -> Iterator[str]:
    yield "== " + _text(item.question[languages[-1]])
    cells = []
    for language in languages:
        facts = "\n".join("- " + _text(fact[language]) for fact in item.facts.values())
        cells.append(
            f"[*{_text(item.question[language])}*\n\n{_text(item.answer[language])}\n{facts}]"
        )
    yield f"#grid(columns: (1fr,) * {len(cells)}, column-gutter: 6mm, {', '.join(cells)})"


def _neutral(item: Item) -> Iterator[str]:
    """What is the same in all languages."""
    if item.formula:
        yield f"$ {_math(item.formula.strip())} $"
    if item.code:
        yield f"```{item.code.language}\n{item.code.source.strip()}\n```"
    if item.table:
        rows = [line for line in next(iter(item.table.values())).splitlines() if line.strip()]
        cells = [
            f"[{_text(cell.strip())}]"
            for row in rows
            if "---" not in row
            for cell in row.strip().strip("|").split("|")
        ]
        columns = rows[0].strip().strip("|").count("|") + 1
        yield f"#table(columns: {columns}, {', '.join(cells)})"


_PARTS = re.compile(r"\$([^$]+)\$|\{\{c\d+::(.*?)\}\}")
_SPECIAL = re.compile(r"([\\#$*_`<>@\[\]~=+/\-\"'])")


def _text(text: str) -> str:
    """Markdown of the generator as Typst: plain words, clozes and formulas."""
    made: list[str] = []
    at = 0
    for match in _PARTS.finditer(text):
        made.append(_escaped(text[at : match.start()]))
        if match[1]:
            made.append(f"${_math(match[1])}$")
        else:
            made.append(f"#strong[{_escaped(match[2])}]")
        at = match.end()
    return "".join([*made, _escaped(text[at:])])


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


#: The generator's formulas and the same in Typst's own notation; `§` stands for its numbers.
_FORMULAS: Final = (
    (r"\\operatorname\{softmax\}.*d_\{(\d+)\}.*", 'op("softmax")((Q K^top)/sqrt(d_§) + M) V'),
    (
        r"\\mathcal\{L\}.*\^\{(\d+)\}.*",
        "cal(L) = -1/N sum_(t=1)^§ log p_theta (x_t | x_(< t))",
    ),
    (
        r"\\theta.*\^\{-(\d+)\}.*",
        "theta_(t+1) = theta_t - eta hat(m)_t / (sqrt(hat(v)_t) + 10^(-§))",
    ),
    (
        r"\\begin\{aligned\}.*\{(\d+)\} BAx.*",
        "h &= W_0 x + alpha/§ B A x \\\\ Delta W &= B A",
    ),
    (r"x_\{(\d+)\} = \\alpha_\{(\d+)\} y", "x_§ = alpha_§ y"),
)


def _math(latex: str) -> str:
    """A formula of the generator in Typst's own notation.

    Raises:
        LookupError: It is none of them.
    """
    for pattern, typst in _FORMULAS:
        match = re.fullmatch(pattern, latex)
        if match:
            return _numbered(typst, iter(match.groups()))
    raise LookupError(latex)


def _numbered(typst: str, numbers: Iterator[str]) -> str:
    return re.sub("§", lambda _: next(numbers), typst)
