"""From a project to files in `dist/`: load, let each target render, write all or nothing.

Everything is made in memory first. Only when every output is there are files replaced, each
atomically, so a failed or killed build leaves the previous one whole.
"""

import gc
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from builder import unchanged
from builder.cache import Cache
from builder.diagnostics import (
    ContentError,
    Diagnostic,
    EnvironmentProblem,
    Span,
    did_you_mean,
)
from builder.project import Project
from builder.targets import Artifact, Context, PrintJob

if TYPE_CHECKING:
    # A build with nothing to do imports none of these: they take a quarter of a second.
    from builder import press
    from builder.fitting import Misfit
    from builder.load import Loaded
    from builder.lock import Lock
    from builder.model import Deck, Output

#: What may stay in the cache, in bytes: some hundred PDFs beside the fonts and formulas.
MAX_CACHE = 512 * 1024 * 1024

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
    for name, artifact in _print(jobs, project, loaded, cache, drawing, drawn):
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


def _print(
    jobs: Sequence[PrintJob],
    project: Project,
    loaded: "Loaded",
    cache: Cache,
    drawing: Drawing,
    drawn: Progress,
) -> Iterator[tuple[str, Artifact]]:
    """Draw the PDFs, each in a process of its own if there are several; first done, first given."""
    if not jobs:
        return
    from builder import press

    waiting: list[PrintJob] = []
    for job in jobs:
        data = press.cached(job, cache)
        if data is None:
            waiting.append(job)
        else:
            yield job.name, Artifact(job.name, data, press.note(job, cache))
    problems: list[Diagnostic] = []
    if waiting:
        drawing([job.name for job in waiting])
    for job, printed in _drawn(waiting, cache):
        problems += (_complaint(job, problem, project) for problem in printed.problems)
        problems += (_misfit(job.name, misfit, loaded) for misfit in printed.misfits)
        if printed.data:
            drawn(job.name)
            yield job.name, Artifact(job.name, printed.data, printed.note)
        elif printed.pages:
            problems.append(_overrun(job, printed.pages))
    if problems:
        raise ContentError(problems)


def _complaint(job: PrintJob, problem: str, project: Project) -> Diagnostic:
    from builder import style

    located = style.located(problem, job.css, project.template_folders("print"))
    return located or Diagnostic("print", f"{job.name}: {problem}", None)


def _overrun(job: PrintJob, pages: int) -> Diagnostic:
    limit = job.max_pages or 0
    return Diagnostic(
        "too-many-pages",
        f"{job.name} has {pages} pages even with its shortest content, "
        f"{pages - limit} more than its max_pages, {limit}",
        None,
        "raise `max_pages`, add `columns`, choose `levels`, or make fewer items core",
    )


def _misfit(name: str, misfit: "Misfit", loaded: "Loaded") -> Diagnostic:
    if misfit.side == "table":
        return Diagnostic(
            "does-not-fit",
            f"the table of '{misfit.note}' is too wide for {name}, even with its words broken: "
            f"{misfit.excess:.0f} mm too much",
            loaded.spans.get(misfit.note),
            "give it fewer columns, or its cells shorter words and formulas",
        )
    return Diagnostic(
        "does-not-fit",
        f"'{misfit.note}' does not fit the {misfit.side or 'box'} of a card in {name}, even at the "
        f"smallest size that can be read: {misfit.excess:.0f} mm too much",
        loaded.spans.get(misfit.note),
        "shorten the text, or choose a larger `card` for this output",
    )


def _drawn(jobs: Sequence[PrintJob], cache: Cache) -> "Iterator[tuple[PrintJob, press.Printed]]":
    from builder import press

    if not jobs:
        return
    press.prepare(jobs, cache)
    workers = min(len(jobs), os.cpu_count() or 1)
    if workers > 1:
        from concurrent.futures import ProcessPoolExecutor, as_completed

        with ProcessPoolExecutor(max_workers=workers, initializer=gc.disable) as pool:
            # The longest first, or at the end one process works and the others wait.
            longest = sorted(jobs, key=lambda job: -len(job.html))
            started = {pool.submit(press.draw, job, cache): job for job in longest}
            for done in as_completed(started):
                yield started[done], done.result()
    else:
        yield from ((job, press.draw(job, cache)) for job in jobs)
    cache.prune(MAX_CACHE)


#: The checksums of a folder of files, in the form that `sha256sum --check` reads.
SUMS = "SHA256SUMS"


def sums_text(files: Iterable[Path]) -> str:
    """`SHA256SUMS` of those files that are there, sorted by name."""
    return "".join(
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
        for file in sorted(files, key=lambda file: file.name)
        if file.is_file()
    )


#: Files being written. What a killed build left behind is deleted after an hour, by when no other
#: build can still be writing it.
_PREFIX = ".deckwright-"
_ABANDONED = 3600


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file so that a reader, a crash or a full disk sees the old one or the new one.

    Raises:
        EnvironmentProblem: It cannot be written.
    """
    try:
        _replace(path, data)
    except OSError as error:
        raise EnvironmentProblem(f"cannot write '{path}': {error.strerror or error}") from None


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError):  # another build ended meanwhile
            if left.stat().st_mtime < time.time() - _ABANDONED:
                left.unlink()
    with _temporary(path.parent) as (descriptor, name):
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        name.chmod(0o644)
        name.replace(path)


@contextmanager
def _temporary(folder: Path) -> Iterator[tuple[int, Path]]:
    descriptor, name = tempfile.mkstemp(prefix=_PREFIX, dir=folder)
    try:
        yield descriptor, Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def sums(artifacts: Iterable[Artifact]) -> dict[str, str]:
    """File name -> SHA-256, for machine output."""
    return {a.name: hashlib.sha256(a.data).hexdigest() for a in artifacts}
