"""What printing costs: the cheat sheet and the handout, Chromium printing the same HTML, and Typst.

Usage: python -m bench.printing [ITEMS …], by default 50 200. Every document is drawn in a
process of its own, as the build does: CPU seconds and peak memory are that process's, without the
second that imports take. The caches of formulas and fonts are warm, finished PDFs are not used.
Chromium gets the same page and style sheet with formulas as SVG and the same fonts as files; its
CPU time is that of all its processes. Typst sets the same items by a short template of its own
(`bench.typst_pages`).
"""

import base64
import gc
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench import printing_content, typst_pages
from builder import fonts, forms, pdf
from builder.build import check
from builder.cache import Cache, default_folder
from builder.lock import Lock
from builder.model import Output
from builder.project import Project
from builder.targets import Context, PrintJob, handout, sheet
from builder.typeset import Drawing, typeset

COUNTS = (50, 200)
ROUNDS = 2
NOW = 1_790_000_000
_RENDER = {"sheet": sheet.render, "handout": handout.render}
#: Name -> target and languages.
DOCUMENTS: dict[str, tuple[str, list[str]]] = {
    "sheet zh": ("sheet", ["zh"]),
    "sheet en": ("sheet", ["en"]),
    "sheet zh+en": ("sheet", ["zh", "en"]),
    "handout": ("handout", ["zh", "en"]),
}


def main(counts: Iterable[int]) -> None:
    """Measure and print."""
    print(f"best of {ROUNDS}; CPU seconds without imports, peak memory of the process")
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            project = Project(Path(name))
            printing_content.write(project.root, count)
            # Warms the caches and tells whether the content is fit to print.
            check(project, _cache(), NOW)
            for kind in DOCUMENTS:
                ours = _best([_run("draw", name, kind) for _ in range(ROUNDS)])
                theirs = _best([_run("chromium", name, kind) for _ in range(ROUNDS)])
                by_typst = _best([_run("typst", name, kind) for _ in range(ROUNDS)])
                print(
                    f"{count:5} items  {kind:11} deckwright {ours['cpu']:6.2f} s "
                    f"{ours['memory']:4.0f} MiB {ours['pages']:4} pages {ours['kB']:6} kB"
                    f"   chromium {theirs['cpu']:6.2f} s {theirs['kB']:6} kB"
                    f"   ratio {ours['cpu'] / theirs['cpu']:.2f}"
                    f"   typst {by_typst['cpu']:6.2f} s {by_typst['kB']:6} kB",
                    flush=True,
                )


def _best(results: list[dict[str, Any]]) -> dict[str, Any]:
    return min(results, key=lambda result: float(result["cpu"]))


def _run(step: str, folder: str, kind: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.printing", step, folder, kind]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _cache() -> Cache:
    return Cache(default_folder())


def job(folder: Path, kind: str) -> PrintJob:
    """The document as the build would print it."""
    project = Project(folder)
    deck = check(project, _cache(), NOW).deck
    target, languages = DOCUMENTS[kind]
    output = Output.model_validate({"target": target, "languages": languages})
    return _RENDER[target](deck, Context(project, f"{kind}.pdf", output, Lock(), _cache()))


def _drawings(task: PrintJob) -> dict[str, Drawing]:
    return {
        forms.math_key(formula): drawing
        for formula, drawing in typeset(task.formulas, _cache()).items()
        if isinstance(drawing, Drawing)
    }


def draw(folder: Path, kind: str) -> dict[str, Any]:
    """Draw once, in this process."""
    task = job(folder, kind)
    drawings = _drawings(task)
    pdf.versions()  # imports WeasyPrint
    gc.disable()  # as in the processes of a build
    start = time.process_time()
    done = pdf.render_pdf(
        task.html, css=task.css, drawings=drawings, folders=task.folders, cache=_cache()
    )
    return {
        "cpu": time.process_time() - start,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "pages": done.pages,
        "kB": len(done.pdf) // 1000,
    }


def typst(folder: Path, kind: str) -> dict[str, Any]:
    """Let Typst set the same items once."""
    deck = check(Project(folder), _cache(), NOW).deck
    target, languages = DOCUMENTS[kind]
    with tempfile.TemporaryDirectory() as name:
        return typst_pages.compile_pages(deck, target, languages, Path(name))


# Chromium ----------------------------------------------------------------------------------------


def chromium(folder: Path, kind: str) -> dict[str, Any]:
    """Let a new headless Chromium print the same page once."""
    from tests.browser.reviewer import chromium as program

    task = job(folder, kind)
    drawings = {name: _svg(drawing) for name, drawing in _drawings(task).items()}
    with tempfile.TemporaryDirectory() as name:
        page, made = Path(name, "page.html"), Path(name, "page.pdf")
        html = re.sub('src="math:([^"]+)"', lambda m: f'src="{drawings[m[1]]}"', task.html)
        style = f"<style>{_font_files(task, Path(name))}{task.css}</style></head>"
        page.write_text(html.replace("</head>", style), "utf-8")
        command = [
            *(program(), *"--headless --no-sandbox --disable-gpu --no-pdf-header-footer".split()),
            *(f"--user-data-dir={name}/profile", "--disable-quic", "--proxy-server=127.0.0.1:9"),
            *(f"--print-to-pdf={made}", page.as_uri()),
        ]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        ) as running:
            used = _watched(running)
        return {"cpu": used, "kB": made.stat().st_size // 1000}


def _watched(running: "subprocess.Popen[bytes]") -> float:
    """CPU seconds of a process and all that it starts, which Linux tells only while they live."""
    used: dict[str, float] = {}
    tick = os.sysconf("SC_CLK_TCK")
    while running.poll() is None:
        for status in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError, IndexError):
                fields = status.read_text().rpartition(")")[2].split()
                if int(fields[3]) == running.pid:
                    used[status.parent.name] = (int(fields[11]) + int(fields[12])) / tick
        time.sleep(0.02)
    return sum(used.values())


def _font_files(task: PrintJob, folder: Path) -> str:
    families = fonts.named(task.css + task.html)
    for face in fonts.FACES:
        if face.family in families:
            (folder / f"{face.name}.otf").write_bytes(fonts.font_data(face.name, _cache()))
    return re.sub(r"url\(font:([^)]+)\)", r"url(\1.otf)", fonts.font_face_css(families))


def _svg(drawing: Drawing) -> str:
    """A formula as a data URL. Its few PDF operators become the same drawing in SVG."""
    height = drawing.height + drawing.depth
    paths = {name: _path(path) for name, path in drawing.outlines.items()}
    body: list[str] = []
    depth = [0]
    for operands, operator in re.findall(
        r"((?:[-+.\d/\[\]]\S*\s+)*)([A-Za-z]+\*?)", drawing.content
    ):
        values = operands.split()
        if operator == "q":
            depth.append(0)
        elif operator == "Q":
            body.append("</g>" * depth.pop())
        elif operator == "cm":
            body.append(f'<g transform="matrix({" ".join(values)})">')
            depth[-1] += 1
        elif operator == "Do":
            body.append(f'<path d="{paths[values[0][1:]]}"/>')
        elif operator == "re":
            x, y, width, tall = values
            body.append(f'<path d="M{x} {y}h{width}v{tall}h-{width}z"/>')
    body.append("</g>" * sum(depth))
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 {-1000 * drawing.height:.1f} '
        f'{1000 * drawing.width:.1f} {1000 * height:.1f}"><g transform="scale(1 -1)">'
        f"{''.join(body)}</g></svg>"
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(text.encode()).decode()}"


def _path(operators: str) -> str:
    """PDF path operators as an SVG path: the operator stands before its numbers."""
    found = re.findall(r"((?:[-+.\d]+\s+)*)([mlch])", operators)
    return "".join({"h": "Z"}.get(name, name.upper()) + numbers for numbers, name in found)


if __name__ == "__main__":
    steps = {"draw": draw, "chromium": chromium, "typst": typst}
    if sys.argv[1:2] and sys.argv[1] in steps:
        step = steps[sys.argv[1]]
        print(json.dumps(step(Path(sys.argv[2]), sys.argv[3])))
    else:
        main([int(argument) for argument in sys.argv[1:]] or COUNTS)
