"""Deckwright against what people would use instead, on the same content in the same run.

Usage: python -m bench [NOTES …], by default 1000 10000 and, for our own growth, 100000. Prints a
table in Markdown: medians of alternating runs. Every package is opened in the real Anki, which
counts its notes. Peers are installed into environments of their own under `build/peers`.
"""

import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import genanki

from bench import generate
from bench.measure import Cost, FailedError, run
from bench.peers import PEERS, Peer, install
from builder.build import check
from builder.cache import Cache
from builder.load import Loaded
from builder.project import Project
from builder.targets import faces
from tests.anki.harness import imported

ROOT: Final = Path(__file__).parent.parent
NOW: Final = 1_790_000_000
ROUNDS: Final = 3
#: Beyond this only our own growth is measured, once: peers take minutes.
_ALONE: Final = 20_000
#: Seconds. What takes longer is not run again.
_LONG: Final = 20


@dataclass(slots=True)
class Row:
    """A line of the table and its runs so far."""

    name: str
    measure: Callable[[], Cost]
    costs: list[Cost] = field(default_factory=list)
    failed: str = ""

    def once(self) -> None:
        """Run, unless an earlier run failed or took so long that it says enough."""
        if not self.failed and not any(cost.wall > _LONG for cost in self.costs):
            try:
                self.costs.append(self.measure())
            except (FailedError, OSError, subprocess.CalledProcessError) as error:
                self.failed = str(error)

    def median(self) -> Cost:
        """The median of each measure."""
        return Cost(
            statistics.median(cost.wall for cost in self.costs),
            statistics.median(cost.cpu for cost in self.costs),
            statistics.median(cost.memory for cost in self.costs),
        )


@dataclass(frozen=True, slots=True)
class Bench:
    """Where a size is measured.

    Attributes:
        folder: A scratch folder.
        project: The generated project in it.
        loaded: The same, loaded.
    """

    folder: Path
    project: Project
    loaded: Loaded

    @property
    def environment(self) -> dict[str, str]:
        """A cache of our own, and byte code kept, as an installation has it."""
        return {
            "DECKWRIGHT_CACHE": str(self.folder / "cache"),
            "PYTHONPYCACHEPREFIX": str(self.folder / "bytecode"),
            "PYTHONDONTWRITEBYTECODE": "",
        }

    def deckwright(self, *arguments: str) -> Cost:
        """Run our command in the project."""
        command = [sys.executable, "-m", "builder", *arguments, "-C", str(self.project.root)]
        return run(command, ROOT, self.environment)


def main(counts: Sequence[int]) -> None:
    """Measure and print."""
    print(f"{time.strftime('%Y-%m-%d', time.gmtime())}, {_machine()}\n")
    growth: list[tuple[int, float]] = []
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            bench = _prepare(Path(name), count)
            rows = _ours(bench)
            rounds = 1
            if count <= _ALONE:
                rows += [_genanki(bench), *_peers(bench)]
                rounds = ROUNDS
            for _ in range(rounds):
                for row in rows:
                    row.once()
            _print(len(bench.loaded.notes), rows)
            growth.append((len(bench.loaded.notes), rows[0].median().cpu))
    first, *others = growth
    for notes, cpu in others:
        linear = cpu / notes / (first[1] / first[0])
        print(
            f"From {first[0]:,} to {notes:,} notes a cold build takes {linear:.2f} times its share."
        )


def _prepare(folder: Path, count: int) -> Bench:
    project = Project(folder / "project")
    generate.write(project.root, count)
    # Formulas are typeset once in the life of a cache, not once a build.
    loaded = check(project, Cache(folder / "cache"), NOW, os.cpu_count() or 1)
    bench = Bench(folder, project, loaded)
    bench.deckwright("build")
    return bench


def _ours(bench: Bench) -> list[Row]:
    edits = iter(range(1_000_000))

    def cold(command: str) -> Cost:
        for kind in ("topic", "apkg", "latest", "template", "build"):
            shutil.rmtree(bench.folder / "cache" / kind, ignore_errors=True)
        return bench.deckwright(command)

    def complete_cold() -> Cost:
        cost = cold("build")
        _verify(bench.project.dist / "deck.apkg", len(bench.loaded.notes))
        return cost

    def edited() -> Cost:
        file = bench.project.content / "topics" / "topic-0000.yaml"
        first, _, rest = file.read_text("utf-8").partition("      en: Why does the ")
        edit = f"      en: Why does the edited{next(edits)} "
        file.write_text(f"{first}{edit}{rest.partition(' ')[2]}", "utf-8")
        return bench.deckwright("build")

    return [
        Row("`deckwright build`, cold", complete_cold),
        Row("`deckwright build`, nothing changed", lambda: bench.deckwright("build")),
        Row("`deckwright build`, one item edited", edited),
        Row("`deckwright check`, cold", lambda: cold("check")),
        Row("`deckwright check`, nothing changed", lambda: bench.deckwright("check")),
    ]


def _genanki(bench: Bench) -> Row:
    """Genanki alone, given the rendered fields: the floor, since all tools here end with it."""
    loaded = bench.loaded

    def measure() -> Cost:
        names = {
            kind: faces.field_names(kind, loaded.deck.languages) for kind in ("basic", "cloze")
        }
        models = {
            kind: genanki.Model(
                1 << 30 | number,
                kind,
                fields=[{"name": name} for name in names[kind]],
                templates=[{"name": "Card", "qfmt": front, "afmt": front}],
                model_type=number,
            )
            for number, (kind, front) in enumerate(
                (("basic", "{{Key}}{{Question en}}"), ("cloze", "{{cloze:Text en}}"))
            )
        }
        rows = [(note, note.fields) for note in loaded.notes]
        file = bench.folder / "genanki.apkg"
        tempfile.tempdir = str(bench.folder)  # genanki leaves its database behind
        wall, cpu = time.perf_counter(), time.process_time()
        deck = genanki.Deck(1, "Bench")
        for note, rendered in rows:
            fields = [rendered.get(name, "") for name in names[note.kind]]
            deck.add_note(genanki.Note(models[note.kind], fields, tags=list(note.tags)))
        genanki.Package(deck).write_to_file(file)
        cost = Cost(time.perf_counter() - wall, time.process_time() - cpu, float("nan"))
        tempfile.tempdir = None
        _verify(file, len(loaded.notes))
        return cost

    return Row("genanki alone, writing fields rendered before", measure)


def _peers(bench: Bench) -> list[Row]:
    return [Row(_title(peer), _measured(peer, bench)) for peer in PEERS]


def _title(peer: Peer) -> str:
    return f"{peer.name} {peer.version} (without {peer.lacks})"


def _measured(peer: Peer, bench: Bench) -> Callable[[], Cost]:
    def measure() -> Cost:
        programs = install(peer.name, peer.version, ROOT / "build" / "peers", peer.python)
        folder = bench.folder / peer.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        peer.write(bench.loaded.deck, folder)
        environment = {key: value for key, value in bench.environment.items() if "PY" in key}
        cost = run(peer.command(programs), folder, environment)
        (package,) = folder.glob("*.apkg")
        _verify(package, len(bench.loaded.notes))
        return cost

    return measure


def _verify(package: Path, notes: int) -> None:
    """No speed by omission: the real Anki finds every note."""
    with imported(package.read_bytes()) as (collection, _):
        found = collection.note_count()
    if found != notes:
        raise FailedError(f"{package.name} has {found:,} of {notes:,} notes")


def _print(notes: int, rows: Iterable[Row]) -> None:
    rows = list(rows)
    ours = rows[0].median().wall
    print(f"| {notes:,} notes | seconds | CPU | memory | cold build = 1 |")
    print("| --- | --: | --: | --: | --: |")
    for row in rows:
        if row.failed:
            print(f"| {row.name} | could not be run: {row.failed} | | | |")
            continue
        cost = row.median()
        memory = "" if cost.memory != cost.memory else f"{cost.memory:.0f} MiB"
        ratio = f"{cost.wall / ours:.2f}"
        print(f"| {row.name} | {cost.wall:.2f} | {cost.cpu:.2f} | {memory} | {ratio} |")
    print(flush=True)


def _machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    python = platform.python_version()
    return f"{os.cpu_count()} cores of {model}, {platform.system()}, Python {python}"


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or [1_000, 10_000, 100_000])
