"""Changes every number of every proof in turn and sees whether the proof notices.

A program of its own, for it hangs, overflows and divides by zero on purpose: a job of `proofs.job`
on stdin; on stdout one JSON list per mutant: proof (empty for code that a file's proofs share),
file, line, column, the number, and whether a proof caught the change.
"""

import ast
import importlib.util
import json
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

#: Seconds for a mutant: all proofs of a file together take less than one.
LIMIT = 3.0


class OverTimeError(Exception):
    """The mutant does not end; that is noticed as well."""


def stop(_: int, __: FrameType | None) -> None:
    raise OverTimeError


def numbers(tree: ast.Module) -> Iterator[tuple[str, ast.Constant]]:
    """Every number with the top-level function that it stands in, in source order."""
    for statement in tree.body:
        name = statement.name if isinstance(statement, ast.FunctionDef) else ""
        for node in ast.walk(statement):
            if isinstance(node, ast.Constant) and type(node.value) in (int, float, complex):
                yield name, node


def changed(value: Any) -> Any:
    return value + 1 if isinstance(value, int) else value * 1.1 if value else 1.0


def caught(tree: ast.Module, file: Path, proofs: list[dict[str, Any]], prover: ModuleType) -> bool:
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        names: dict[str, Any] = {"__name__": file.stem}
        exec(compile(tree, str(file), "exec"), names)  # noqa: S102 - that is its purpose
        for proof in proofs:
            cards = [prover.Card(**card) for card in proof["cards"]]
            prover.call(names[proof["function"]], cards)
    except BaseException:
        return True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return False


def main() -> None:
    spec = importlib.util.spec_from_file_location("prover", sys.argv[1])
    assert spec is not None
    assert spec.loader is not None
    prover = importlib.util.module_from_spec(spec)
    sys.modules["prover"] = prover
    spec.loader.exec_module(prover)
    signal.signal(signal.SIGALRM, stop)
    warnings.simplefilter("error")
    job = json.load(sys.stdin)
    for file in sorted({Path(entry["file"]) for entry in job}):
        sys.path.append(str(file.parent))
        proofs = [entry for entry in job if Path(entry["file"]) == file]
        original = ast.parse(file.read_bytes(), str(file))
        assert not caught(original, file, proofs, prover), f"{file.name} fails as it is"
        functions = {entry["function"] for entry in proofs}
        trees = {"": original}
        for name in functions:  # a proof without the others, which takes a tenth of the time
            parts = [
                part
                for part in original.body
                if getattr(part, "name", name) not in functions - {name}
            ]
            trees[name] = ast.Module(parts, [])
            own = [entry for entry in proofs if entry["function"] == name]
            assert not caught(trees[name], file, own, prover), f"{name} needs another proof"
        for name, node in list(numbers(original)):
            touched = [entry for entry in proofs if entry["function"] == name]
            proof = touched[0]["id"] if touched else ""
            before, node.value = node.value, changed(node.value)
            noticed = caught(trees[name if touched else ""], file, touched or proofs, prover)
            node.value = before
            row = [proof, file.name, node.lineno, node.col_offset + 1, repr(before), noticed]
            sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
