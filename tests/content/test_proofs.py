"""The proofs of content/checks hold, and would notice if a number in them were another.

A proof that survives every change proves nothing, so each number of each is changed in turn (a
whole number by one, any other by a tenth). Some changes cannot matter: tolerances, seeds, the size
of a random input, the places of an example. Hence shares, not all.
"""

import ast
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from builder import proofs
from builder.cache import Cache
from builder.load import Loaded, load
from builder.project import Project

HERE = Path(__file__).parent
PROJECT = Project(HERE.parents[1])

#: Of all changes; of a single proof's changes, and the share of proofs that must reach it.
ALL, MOST, PROOFS = 0.7, 0.5, 0.9


@pytest.fixture(scope="module")
def loaded(cache: Cache) -> Loaded:
    return load(PROJECT, cache)


@pytest.fixture(scope="module")
def found() -> proofs.Found:
    return proofs.find(PROJECT)


def test_all_hold_and_each_is_named(loaded: Loaded) -> None:
    assert proofs.prove(PROJECT, loaded.deck, loaded.checks) == ()
    assert len(loaded.checks) >= 25


def test_each_says_what_it_proves_and_from_which_source(found: proofs.Found) -> None:
    for proof in found.proofs.values():
        tree = ast.parse(proof.file.read_text("utf-8"))
        function = next(
            node
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and node.name == proof.function
        )
        text = ast.get_docstring(function) or ""
        assert "\nSource: " in text, f"{proof.id}: its docstring names no source"


def test_they_import_numpy_and_the_standard_library_only() -> None:
    folder = PROJECT.content / "checks"
    allowed = {"numpy", *sys.stdlib_module_names, *(file.stem for file in folder.glob("_*.py"))}
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or "."] if isinstance(node, ast.ImportFrom) else []
            assert {name.partition(".")[0] for name in names} <= allowed, file.name


@pytest.mark.skipif(sys.platform == "win32", reason="mutants are stopped by SIGALRM")
def test_changed_numbers_are_caught(loaded: Loaded, found: proofs.Found) -> None:
    # One thread, as for the proofs themselves: on a busy machine threads wait for one another.
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-I", "-B", HERE / "mutants.py", HERE.parents[1] / "builder/prover.py"],
        input=json.dumps(proofs.job(found, loaded.deck)),
        env={**os.environ, **threads},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    caught: dict[str, list[bool]] = defaultdict(list)
    survivors: dict[str, list[str]] = defaultdict(list)
    for line in done.stdout.splitlines():
        proof, file, row, column, number, noticed = json.loads(line)
        caught[proof].append(noticed)
        if not noticed:
            survivors[proof].append(f"content/checks/{file}:{row}:{column} {number}")
    changes = [noticed for list_ in caught.values() for noticed in list_]
    own = {proof: list_ for proof, list_ in caught.items() if proof}
    assert set(own) == set(found.proofs), "a proof without a number proves no number"
    none = [proof for proof, list_ in own.items() if not any(list_)]
    assert not none, f"these notice nothing: {[survivors[proof] for proof in none]}"
    weak = [proof for proof, list_ in own.items() if sum(list_) < MOST * len(list_)]
    assert len(weak) <= (1 - PROOFS) * len(own), {proof: survivors[proof] for proof in weak}
    assert sum(changes) >= ALL * len(changes), dict(survivors)
