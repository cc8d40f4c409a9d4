"""The executable proofs of a deck: which there are, and whether they hold.

A proof is a public function in a file of `content/checks`; its id is its name with hyphens for
underscores. Items name it in `check:`. It proves by returning: a failed `assert`, or any other
exception, is a problem of the item. A proof that takes a parameter gets the `prover.Card` of each
item that names it.

Which proofs there are is read from the source; nothing of `content/checks` runs but in `prove`.
"""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from builder import markup
from builder.diagnostics import Diagnostic, EnvironmentProblem, Span, did_you_mean
from builder.model import Deck, Item
from builder.project import Project

#: Seconds for all proofs of a deck; they should take a few.
TIME_LIMIT = 60.0

#: (item id, proof id) -> the place where the item names the proof.
Places = Mapping[tuple[str, str], Span]


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that there is.

    Attributes:
        id: What items call it.
        function: The function's name.
        file: The file that holds it.
        span: The place of its name.
    """

    id: str
    function: str
    file: Path
    span: Span


@dataclass(frozen=True, slots=True)
class Found:
    """The proofs of a project by id, and what is wrong with their files."""

    proofs: Mapping[str, Proof]
    problems: tuple[Diagnostic, ...]


def find(project: Project) -> Found:
    """Read which proofs there are, without running anything.

    Files and functions whose names begin with an underscore are helpers, not proofs.
    """
    proofs: dict[str, Proof] = {}
    problems: list[Diagnostic] = []
    for file in sorted((project.content / "checks").glob("[!_]*.py")):
        name = project.name(file)
        try:
            functions = _functions(file.read_bytes(), file.name)
        except (SyntaxError, ValueError) as error:
            problems.append(_unreadable(error, name))
            continue
        for function, line, column in functions:
            span = Span(name, line, column, line, column + len(function))
            proof = Proof(function.replace("_", "-"), function, file, span)
            first = proofs.setdefault(proof.id, proof)
            if first is not proof:
                problems.append(
                    Diagnostic(
                        "duplicate-proof",
                        f"the proof '{proof.id}' is already in {first.span.path}:{first.span.line}",
                        span,
                        "rename one of them",
                    )
                )
    return Found(proofs, tuple(problems))


@lru_cache(maxsize=256)
def _functions(source: bytes, name: str) -> tuple[tuple[str, int, int], ...]:
    """Name, line and column of every proof in a file; a preview asks again at every save.

    Raises:
        SyntaxError, ValueError: Python cannot read it.
    """
    return tuple(
        (node.name, node.lineno, node.col_offset + len("def ") + 1)
        for node in ast.parse(source, name).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    )


def _unreadable(error: SyntaxError | ValueError, name: str) -> Diagnostic:
    line, column = 1, 1
    if isinstance(error, SyntaxError):
        line, column = error.lineno or 1, error.offset or 1
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    return Diagnostic(
        "bad-proof-file",
        f"Python cannot read the file: {message}",
        Span(name, line, column, line, column + 1),
        "correct the file",
    )


def unknown(found: Found, places: Places) -> Iterator[Diagnostic]:
    """A problem for each proof that an item names and that is not there."""
    if any(problem.code == "bad-proof-file" for problem in found.problems):
        return  # it may be there
    for (_, proof), span in places.items():
        if proof not in found.proofs:
            function = proof.replace("-", "_")
            yield Diagnostic(
                "unknown-check",
                f"there is no proof '{proof}' in content/checks",
                span,
                did_you_mean(proof, found.proofs)
                or f"write a function `{function}` in a file there",
            )


def unused(found: Found, places: Places) -> Iterator[Diagnostic]:
    """A warning for each proof that no item names."""
    named = {proof for _, proof in places}
    for proof in found.proofs.values():
        if proof.id not in named:
            yield Diagnostic(
                "unused-proof",
                f"no item names the proof '{proof.id}'",
                proof.span,
                f"add `check: {proof.id}` to an item; a helper's name begins with an underscore",
                "warning",
            )


def job(found: Found, deck: Deck) -> list[dict[str, Any]]:
    """What `prover.py` is to run: each proof that is named, with the cards that name it."""
    cards: dict[str, list[dict[str, Any]]] = {}
    for _, item_id, item in deck.items():
        for proof in item.check:
            cards.setdefault(proof, []).append(_card(item_id, item, deck.languages))
    return [
        {"id": p.id, "file": str(p.file), "function": p.function, "cards": cards[p.id]}
        for p in found.proofs.values()
        if p.id in cards
    ]


def _card(item_id: str, item: Item, languages: tuple[str, ...]) -> dict[str, Any]:
    code = item.code.source if item.code else ""
    texts: dict[str, str] = {}
    for language in languages:
        parts = [item.question, item.answer, item.detail, *item.facts.values(), item.pitfall]
        parts += [item.table, *item.where.values()]
        plain = [markup.plain(markup.parse(part[language])) for part in parts if part]
        texts[language] = "\n".join([*plain, item.formula or "", code])
    return {"item": item_id, "code": code, "texts": texts}


def prove(
    project: Project, deck: Deck, places: Places, time_limit: float = TIME_LIMIT
) -> tuple[Diagnostic, ...]:
    """Run the proofs that items name, in a process of their own.

    This executes the project's code: never do it for content that nobody has read.

    Args:
        project: The project.
        deck: Its checked deck.
        places: Where the items name their proofs.
        time_limit: Seconds for all proofs together.

    Returns:
        A problem at each `check:` whose proof fails, and warnings about unused proofs.

    Raises:
        EnvironmentProblem: The proofs need numpy, which is not installed.
    """
    found = find(project)
    entries = job(found, deck)
    failures = dict(_run(project, entries, time_limit)) if entries else {}
    return (
        *found.problems,
        *unused(found, places),
        *(
            Diagnostic(kind, message, span, help_)
            for (_, proof), span in places.items()
            if proof in failures
            for kind, message, help_ in [failures[proof]]
        ),
    )


#: Code of the problem, message, help.
_Failure = tuple[str, str, str]


def _run(
    project: Project, entries: list[dict[str, Any]], time_limit: float
) -> Iterator[tuple[str, _Failure]]:
    """The proofs that fail. Each reports as it ends, so that the one that never does is known."""
    program = [sys.executable, "-I", "-B", str(Path(__file__).with_name("prover.py"))]
    # One thread: the same sums in the same order everywhere.
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - our own program; proofs run only when asked for
            program,
            input=json.dumps(entries).encode(),
            capture_output=True,
            cwd=project.root,
            env={**os.environ, **threads},
            timeout=time_limit,
            check=False,
        )
        output, end = done.stdout, f"ends the program with status {done.returncode}"
    except subprocess.TimeoutExpired as error:
        output, end = error.stdout or b"", f"is not done after {time_limit:g} seconds"
    reported: set[str] = set()
    for line in output.decode("utf-8", "replace").splitlines():
        result = json.loads(line)
        reported.add(result["id"])
        if result["error"] is not None:
            yield result["id"], _explain(result["id"], result["error"])
    silent = [entry["id"] for entry in entries if entry["id"] not in reported]
    for proof in silent[:1]:
        yield proof, ("proof-failed", f"the proof '{proof}' {end}", "make it end by itself")
    for proof in silent[1:]:
        yield proof, ("proof-failed", f"the proof '{proof}' did not run after '{silent[0]}'", "")


def _explain(proof: str, error: Mapping[str, Any]) -> _Failure:
    module = str(error["module"] or "").partition(".")[0]
    if module == "numpy":
        raise EnvironmentProblem(
            "the proofs in content/checks need numpy: install `deckwright[proofs]`"
        )
    place = f"content/checks/{error['file']}:{error['line']}: {error['source']}"
    if module:
        return (
            "proof-failed",
            f"the proof '{proof}' imports '{module}', which is not there",
            "a proof uses numpy and the standard library only",
        )
    if error["kind"] == "AssertionError":
        reason = f": {error['message']}" if error["message"] else ""
        return "proof-failed", f"the proof '{proof}' fails{reason}", place
    message = f"the proof '{proof}' stops with {error['kind']}: {error['message']}"
    return "proof-failed", message, place if error["file"] else "correct the proof"
