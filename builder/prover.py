"""The program that runs the proofs of `content/checks`, in a process of its own.

`proofs.py` starts it with `python -I` and talks to it in JSON: a list of proofs on stdin, one line
per result on stdout. It imports nothing of Deckwright, so that a proof sees only numpy and the
standard library, and it refuses sockets: what needs the network proves nothing tomorrow.
"""

import importlib.util
import inspect
import json
import os
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any


@dataclass(frozen=True, slots=True)
class Card:
    """What the item says that a proof belongs to, so that the proof and the card cannot part.

    Attributes:
        item: The item's id.
        code: Its `code:` block, empty if it has none.
        texts: Language -> all its texts, formulas, tables and code, clozes filled in.
    """

    item: str
    code: str = ""
    texts: dict[str, str] = field(default_factory=dict)

    def says(self, *phrases: str) -> None:
        """Check that the card still states each of these, in every language.

        A number must stand by itself: `256` is not found in `25600` or `0.256`.

        Raises:
            AssertionError: One of them is missing.
        """
        for phrase in phrases:
            before = r"(?<![\d.,])" if phrase[:1].isdigit() else ""
            after = r"(?!\d|[.,]\d)" if phrase[-1:].isdigit() else ""
            pattern = re.compile(before + re.escape(phrase) + after)
            missing = [name for name, text in self.texts.items() if not pattern.search(text)]
            if missing:
                raise AssertionError(
                    f"'{self.item}' does not say '{phrase}' in {', '.join(missing)}"
                )


def load(path: Path) -> ModuleType:
    """Import a file of proofs."""
    spec = importlib.util.spec_from_file_location(f"checks_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot import {path.name}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def call(proof: Callable[..., None], cards: Iterable[Card]) -> None:
    """Run a proof: once, or once for each card that names it if it wants to see the card."""
    if inspect.signature(proof).parameters:
        for card in cards:
            proof(card)
    else:
        proof()


def results(job: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Run proofs one after the other.

    Args:
        job: For each proof its `id`, `file`, `function`, and `cards` as keywords of `Card`.
    """
    modules: dict[Path, ModuleType] = {}
    for entry in job:
        path = Path(entry["file"])
        try:
            if path not in modules:
                modules[path] = load(path)
            proof = getattr(modules[path], entry["function"])
            call(proof, [Card(**card) for card in entry["cards"]])
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a proof may even call exit()
            yield {"id": entry["id"], "error": _describe(error, path.parent)}
        else:
            yield {"id": entry["id"], "error": None}


def _describe(error: BaseException, folder: Path) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).parent == folder]
    return {
        "kind": type(error).__name__,
        "message": str(error),
        "module": getattr(error, "name", None) if isinstance(error, ImportError) else None,
        "file": Path(own[-1].filename).name if own else "",
        "line": own[-1].lineno if own else 0,
        "source": own[-1].line if own else "",
    }


def _offline(event: str, _: tuple[object, ...]) -> None:
    if event.startswith("socket."):
        raise PermissionError("a proof may not use the network")


def main() -> None:
    """Read a job on stdin, write results on stdout; what proofs print goes to stderr."""
    job = json.load(sys.stdin)
    # A stream that only we know: programs that a proof starts print, too.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    sys.path += sorted({str(Path(entry["file"]).parent) for entry in job})
    sys.addaudithook(_offline)
    warnings.simplefilter("error")  # a division by zero is no proof
    for result in results(job):
        out.write(json.dumps(result) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
