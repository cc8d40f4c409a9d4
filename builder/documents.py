"""The documents of a build: which must be drawn, all at once, and why one cannot be.

Drawing takes seconds and all of a processor, so each document is drawn in a process of its own.
"""

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from builder import press, style
from builder.cache import Cache
from builder.diagnostics import ContentError, Diagnostic
from builder.fitting import Misfit
from builder.load import Loaded
from builder.project import Project
from builder.targets import Artifact, PrintJob

#: What may stay in the cache, in bytes: some hundred PDFs beside the fonts and formulas.
MAX_CACHE = 512 * 1024 * 1024


def made(
    jobs: Sequence[PrintJob],
    project: Project,
    loaded: Loaded,
    cache: Cache,
    drawing: Callable[[Sequence[str]], None],
    drawn: Callable[[str], None],
) -> Iterator[tuple[str, Artifact]]:
    """Each document's name and PDF, drawn now or kept from the last time; first done, first given.

    Args:
        jobs: The documents.
        project: Where their style sheets are.
        loaded: Where their notes are, for what is said of them.
        cache: Keeps what was drawn.
        drawing: Told of the documents that must be drawn, before they are.
        drawn: Told of each of them when it is.

    Raises:
        ContentError: What keeps any of them from being drawn, of all, after the last.
        EnvironmentProblem: A native library is missing.
    """
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


def _misfit(name: str, misfit: "Misfit", loaded: Loaded) -> Diagnostic:
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


def _drawn(jobs: Sequence[PrintJob], cache: Cache) -> Iterator[tuple[PrintJob, press.Printed]]:
    if not jobs:
        return
    press.prepare(jobs, cache)
    workers = min(len(jobs), os.cpu_count() or 1)
    if workers > 1:
        with ProcessPoolExecutor(max_workers=workers, initializer=gc.disable) as pool:
            # The longest first, or at the end one process works and the others wait.
            longest = sorted(jobs, key=lambda job: -len(job.html))
            started = {pool.submit(press.draw, job, cache): job for job in longest}
            for done in as_completed(started):
                yield started[done], done.result()
    else:
        yield from ((job, press.draw(job, cache)) for job in jobs)
    cache.prune(MAX_CACHE)
