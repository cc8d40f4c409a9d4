"""A print job to a finished PDF, or to the one made last time from the same input.

Drawing takes seconds, so a PDF is kept under a hash of everything it depends on: page, style,
formulas, pictures, fonts, our code and the versions of what draws it. Finding it again must not
cost the second that importing WeasyPrint takes, hence the look at the native libraries by hand.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version

from builder import fonts, forms, native, pdf
from builder.cache import JSON, Cache, code_version, key
from builder.fitting import Misfit
from builder.targets import PrintJob
from builder.typeset import Drawing, engine_version, typeset


@dataclass(frozen=True, slots=True)
class Printed:
    """A PDF, or why there is none. Plain data: it comes back from another process."""

    data: bytes
    problems: tuple[str, ...] = ()
    misfits: tuple[Misfit, ...] = ()
    note: str = ""
    pages: int = 0


def cached(job: PrintJob, cache: Cache) -> bytes | None:
    """The PDF of this very job if it was drawn before."""
    return cache.get("pdf", _key(job))


def note(job: PrintJob, cache: Cache) -> str:
    """What was said of the PDF of this very job when it was drawn."""
    return (cache.get("pdf-note", _key(job)) or b"").decode() if job.shorter else ""


def prepare(jobs: Sequence[PrintJob], cache: Cache) -> None:
    """Make what several documents share, before they are drawn in processes of their own."""
    families = {family for job in jobs for family in fonts.named(job.css + job.html)}
    fonts.prepare(families, cache)


def draw(job: PrintJob, cache: Cache) -> Printed:
    """Draw the PDF and keep it.

    Raises:
        EnvironmentProblem: A native library is missing.
    """
    asked = _key(job)
    drawings = {
        forms.math_key(formula): drawing
        for formula, drawing in typeset(job.formulas, cache).items()
        if isinstance(drawing, Drawing)
    }

    def render(page: PrintJob) -> pdf.Rendered:
        return pdf.render_pdf(
            page.html,
            css=page.css,
            drawings=drawings,
            folders=page.folders,
            cache=cache,
            shelf=cache,
            duplex=page.duplex,
        )

    try:
        made, chosen = _within(job, render)
    except pdf.PrintError as error:
        return Printed(b"", error.problems, error.misfits)
    if job.max_pages is not None and made.pages > job.max_pages:
        return Printed(b"", pages=made.pages)
    said = f"{chosen.holds}, {made.pages} of {job.max_pages} pages" if chosen.holds else ""
    # A picture that was saved meanwhile is in the PDF or not, nobody knows.
    if _key(job) == asked:
        if job.shorter:
            cache.put("pdf-note", asked, said.encode())
        cache.put("pdf", asked, made.pdf)
    return Printed(made.pdf, note=said, pages=made.pages)


def _within(
    job: PrintJob, render: Callable[[PrintJob], pdf.Rendered]
) -> tuple[pdf.Rendered, PrintJob]:
    """The fullest form of a document that keeps its pages; the shortest one if none does.

    Drawing takes seconds, and pages go with the length of the text: the shortest form, which is
    drawn soonest, tells which of the others to try, and at most its neighbours are drawn too.
    """
    if job.max_pages is None or not job.shorter:
        return render(job), job
    forms = (job, *job.shorter)
    last = len(forms) - 1
    made = {last: render(forms[last])}
    allowed = len(forms[last].html) / made[last].pages * job.max_pages
    place = next((n for n, form in enumerate(forms) if len(form.html) <= allowed), last)

    def fits(place: int) -> bool:
        if place not in made:
            made[place] = render(forms[place])
        return made[place].pages <= (job.max_pages or 0)

    while place < last and not fits(place):
        place += 1
    while place > 0 and fits(place) and fits(place - 1):
        place -= 1
    return made[place], forms[place]


def _key(job: PrintJob) -> str:
    formulas: list[JSON] = [[f.latex, f.display] for f in job.formulas]
    return key(
        f"pdf {code_version()} {versions()}",
        job.html,
        job.css,
        job.duplex,
        job.max_pages,
        [shorter.html for shorter in job.shorter],
        formulas,
        list(_pictures(job)),
    )


def _pictures(job: PrintJob) -> Iterator[tuple[str, str]]:
    """Name and hash of every file that the HTML can refer to."""
    for name, folder in sorted(job.folders.items()):
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            digest = hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest()
            yield f"{name}/{file.relative_to(folder).as_posix()}", digest


@lru_cache(maxsize=1)
def versions() -> str:
    """Everything outside Deckwright that has a part in a PDF."""
    packages = [f"{name} {version(name)}" for name in pdf.PACKAGES]
    pango = native.version("pango-1.0", "pango_version_string")
    harfbuzz = native.version("harfbuzz", "hb_version_string")
    if not (pango and harfbuzz):
        return pdf.versions()
    return " ".join([*packages, pango, harfbuzz, engine_version(), fonts.version()])
