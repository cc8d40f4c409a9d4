"""From a project to files in `dist/`: load, let each target render, write all or nothing.

Everything is made in memory first. Only when every output is there are files replaced, each
atomically, so a failed or killed build leaves the previous one whole.
"""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from builder import unchanged
from builder.cache import Cache
from builder.diagnostics import (
    ContentError,
    Diagnostic,
    Span,
    did_you_mean,
)
from builder.files import SUMS, sums_text, write_atomically
from builder.project import Project
from builder.targets import Artifact, Context, PrintJob

if TYPE_CHECKING:
    # A build with nothing to do imports none of these: they take a quarter of a second.
    from builder.load import Loaded
    from builder.lock import Lock
    from builder.model import Deck, Output

#: Told of a file by its name.
Progress = Callable[[str], None]
#: Told of the documents that take a while, before they are drawn.
Drawing = Callable[[Sequence[str]], None]


#: What an update changes, as a text file for Anki: written beside the outputs by `--since`.
UPDATE = "update.txt"


@dataclass(frozen=True, slots=True)
class Made:
    """What a build would write.

    Attributes:
        artifacts: Every file for `dist/`, in the order of deck.yaml; then `update.txt`, if any.
        warnings: Problems that did not stop the build.
        outputs: The names of all outputs of deck.yaml, made now or not.
        lock: The new text of deck.lock; None if it stays as it is.
    """

    artifacts: tuple[Artifact, ...]
    warnings: tuple[Diagnostic, ...]
    outputs: tuple[str, ...]
    lock: str | None


@dataclass(frozen=True, slots=True)
class Built:
    """What a build made.

    Attributes:
        artifacts: Every file written to `dist/`, in the order of deck.yaml.
        warnings: Problems that did not stop the build.
        lock_changed: Whether deck.lock was written.
    """

    artifacts: tuple[Artifact, ...]
    warnings: tuple[Diagnostic, ...]
    lock_changed: bool


def check(project: Project, cache: Cache, now: int, workers: int = 1) -> "Loaded":
    """Everything that can be wrong with the content, without making anything.

    Raises:
        ContentError: With every problem.
    """
    from builder.load import load

    loaded = load(project, cache, _month(now), workers)
    _next_lock(project, loaded, cache, now)
    return loaded


def lock_is_current(project: Project, loaded: "Loaded", cache: Cache, now: int) -> bool:
    """Whether a build would leave content/deck.lock as it is."""
    lock, before = _next_lock(project, loaded, cache, now)
    return lock.text == before


def _month(now: int) -> str:
    """The month of a time, in UTC, as content writes it."""
    return time.strftime("%Y-%m", time.gmtime(now))


def build(
    project: Project,
    cache: Cache,
    *,
    now: int,
    names: Sequence[str] = (),
    locked: bool = False,
    since: str | None = None,
    progress: Progress = lambda _: None,
    drawing: Drawing = lambda _: None,
    drawn: Progress = lambda _: None,
) -> Built:
    """Make the outputs and write them to `dist/`.

    Args:
        project: The project.
        cache: Results of slow pure functions.
        now: Unix time in seconds given to notes that are new or changed; its month tells which
            facts may have aged.
        names: Outputs to make; all of deck.yaml's by default.
        locked: Refuse to change deck.lock, as a release must.
        since: A commit, tag or branch; `update.txt` then lists what changed after it.
        progress: Told of each file when it is there.
        drawing: Told of the documents that must be drawn, before they are.
        drawn: Told of each of them when it is.

    Raises:
        ContentError: The content, the lock or a name is wrong; nothing was written.
        EnvironmentProblem: A library that print needs is missing, or a file cannot be written.
    """
    options = (_month(now), *names)
    before = unchanged.inputs(project)
    if since is None:
        present = unchanged.recall(cache, before, options, project.dist)
        if present is not None:
            *artifacts, _ = present.files
            for artifact in artifacts:
                progress(artifact.name)
            return Built(tuple(artifacts), present.warnings, False)
    made = make(
        project,
        cache,
        now=now,
        names=names,
        locked=locked,
        since=since,
        drawing=drawing,
        drawn=drawn,
    )
    if made.lock is not None:
        write_atomically(project.content / "deck.lock", made.lock.encode())
    for artifact in made.artifacts:
        write_atomically(project.dist / artifact.name, artifact.data)
        progress(f"{artifact.name}: {artifact.note}" if artifact.note else artifact.name)
    if since is None:
        # One of an earlier build would tell of another update.
        (project.dist / UPDATE).unlink(missing_ok=True)
    sums = sums_text(project.dist / name for name in (*made.outputs, UPDATE))
    write_atomically(project.dist / SUMS, sums.encode())
    after = unchanged.inputs(project)
    if since is None and unchanged.same(before, after):
        files = (*made.artifacts, Artifact(SUMS, sums.encode()))
        unchanged.remember(cache, after, options, unchanged.Present(files, made.warnings))
    return Built(made.artifacts, made.warnings, made.lock is not None)


def make(
    project: Project,
    cache: Cache,
    *,
    now: int,
    names: Sequence[str] = (),
    locked: bool = False,
    since: str | None = None,
    drawing: Drawing = lambda _: None,
    drawn: Progress = lambda _: None,
) -> Made:
    """Make the outputs and write nothing; arguments and errors are those of `build`."""
    from builder.load import load

    present = lru_cache(partial(_present_lock, project))
    loaded = load(
        *(project, cache, _month(now), os.cpu_count() or 1),
        later=True,
        meanwhile=partial(_prepare_package, present),
    )
    lock, before = _next_lock(project, loaded, cache, now, present)
    changed = lock.text != before
    if changed and locked:
        raise _refused(
            loaded,
            [
                Diagnostic(
                    "stale-lock",
                    "content/deck.lock does not match the content, and --locked forbids writing it",
                    Span("content/deck.lock", 1, 1, 1, 1),
                    "run `deckwright build` and commit content/deck.lock",
                )
            ],
        )
    chosen = _choose(loaded, names)
    artifacts = _render(project, loaded, chosen, lock, cache, drawing, drawn)
    if since is not None:
        artifacts = (*artifacts, _update_text(project, loaded, lock, since))
    return Made(
        artifacts,
        loaded.warnings,
        tuple(loaded.deck.file.outputs),
        lock.text if changed else None,
    )


def _refused(loaded: "Loaded", problems: Iterable[Diagnostic]) -> ContentError:
    """Why there is no build, unless the content itself has errors: those come first."""
    _ = loaded.warnings  # raises if so
    return ContentError(problems)


def _update_text(project: Project, loaded: "Loaded", lock: "Lock", since: str) -> Artifact:
    from builder import history
    from builder import lock as locks
    from builder.targets import anki

    text = history.lock_text(project, since)
    old = locks.parse(text, f"{since}:content/deck.lock") if text else locks.Lock()
    return Artifact(UPDATE, anki.update_text(loaded.deck, loaded.notes, lock, old).encode())


def package(project: Project, cache: Cache, now: int) -> "tuple[Deck, bytes]":
    """The deck and its first `.apkg` as a build would make it now; writes nothing.

    Raises:
        ContentError: The content or the lock is wrong, or no output is a package.
    """
    from builder.load import load

    loaded = load(project, cache)
    lock, _ = _next_lock(project, loaded, cache, now)
    return loaded.deck, _package(project, loaded, lock, cache)


def package_at(project: Project, ref: str, cache: Cache) -> bytes:
    """The `.apkg` of the content as it was at a commit, tag or branch.

    Raises:
        ContentError: There is no such commit, or the content there cannot be built.
    """
    from builder import clock, history
    from builder.load import load

    with history.checkout(project, ref) as old:
        loaded = load(old, cache)
        lock, _ = _next_lock(old, loaded, cache, clock.EARLIEST)
        return _package(old, loaded, lock, cache)


def _package(project: Project, loaded: "Loaded", lock: "Lock", cache: Cache) -> bytes:
    from builder.targets import anki

    for name, output in loaded.deck.file.outputs.items():
        if output.target == "anki":
            context = Context(project, name, output, lock, cache, loaded.notes)
            return anki.render(loaded.deck, context)[0].data
    raise ContentError([Diagnostic("no-package", "deck.yaml has no output of target anki", None)])


def _prepare_package(present: "Callable[[], Lock]") -> None:
    """What a package needs besides the content: half of it is imports."""
    from builder import templating  # noqa: F401 - only to have it, as the next two
    from builder.targets import anki, apkg  # noqa: F401

    with suppress(ContentError):  # said when the lock is asked for
        present()


def _present_lock(project: Project) -> "Lock":
    from builder import lock as locks

    path = project.content / "deck.lock"
    name = project.name(path)
    if not path.exists():
        from builder import history

        if history.is_committed(project, name):
            raise locks.missing(name)
    return locks.read(path, name)


def _next_lock(
    project: Project,
    loaded: "Loaded",
    cache: Cache,
    now: int,
    present: "Callable[[], Lock] | None" = None,
) -> "tuple[Lock, str]":
    """The lock that this content gives, and the text of the present one."""
    from builder.targets import anki

    path = project.content / "deck.lock"
    try:
        old = present() if present else _present_lock(project)
        lock, problems = anki.next_lock(
            loaded.deck, loaded.notes, project, old, now, loaded.spans.get, cache
        )
    except ContentError as error:
        raise _refused(loaded, error.diagnostics) from None
    if any(problem.severity == "error" for problem in problems):
        raise ContentError([*loaded.warnings, *problems])
    return lock, path.read_text("utf-8") if path.is_file() else ""


def _choose(loaded: "Loaded", names: Sequence[str]) -> "dict[str, Output]":
    outputs = loaded.deck.file.outputs
    unknown = [name for name in names if name not in outputs]
    if unknown:
        raise _refused(
            loaded,
            [
                Diagnostic(
                    "unknown-output",
                    f"deck.yaml has no output '{name}'",
                    None,
                    did_you_mean(name, outputs) or f"there are {', '.join(outputs)}",
                )
                for name in unknown
            ],
        )
    return {name: output for name, output in outputs.items() if not names or name in names}


def _render(
    project: Project,
    loaded: "Loaded",
    chosen: "dict[str, Output]",
    lock: "Lock",
    cache: Cache,
    drawing: Drawing,
    drawn: Progress,
) -> tuple[Artifact, ...]:
    """Every chosen output's bytes; PDFs that must be drawn are drawn at the same time."""
    made: dict[str, list[Artifact]] = {name: [] for name in chosen}
    jobs: list[PrintJob] = []
    for name, output in chosen.items():
        context = Context(project, name, output, lock, cache, loaded.notes, lambda: loaded.warnings)
        result = _target(output)(loaded.deck, context)
        _ = loaded.warnings  # or it raises: nothing is shown of content with errors
        if isinstance(result, PrintJob):
            jobs.append(result)
        else:
            made[name].extend(result)
    if jobs:
        from builder import documents

        for name, artifact in documents.made(jobs, project, loaded, cache, drawing, drawn):
            made[name].append(artifact)
    return tuple(artifact for results in made.values() for artifact in results)


def _target(
    output: "Output",
) -> "Callable[..., PrintJob | Sequence[Artifact]]":
    if output.target == "anki":
        from builder.targets import anki

        return anki.render
    if output.target == "sheet":
        from builder.targets import sheet

        return sheet.render
    if output.target == "cards":
        from builder.targets import cards

        return cards.render
    if output.target == "worksheet":
        from builder.targets import worksheet

        return worksheet.render
    from builder.targets import handout

    return handout.render
