"""A print job to a finished PDF, or to the one made last time from the same input.

Drawing takes seconds, so a PDF is kept under a hash of everything it depends on: page, style,
formulas, pictures, fonts and the versions of what draws it. Finding it again must not cost the
second that importing WeasyPrint takes, hence the look at the native libraries by hand.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version

from builder import fonts, native, pdf
from builder.cache import JSON, Cache, key
from builder.fitting import Misfit
from builder.targets import PrintJob
from builder.typeset import Drawing, engine_version, typeset

#: Raise it when `pdf.py` makes something else of the same input.
_VERSION = 2


@dataclass(frozen=True, slots=True)
class Printed:
    """A PDF, or why there is none. Plain data: it comes back from another process."""

    data: bytes
    problems: tuple[str, ...] = ()
    misfits: tuple[Misfit, ...] = ()


def cached(job: PrintJob, cache: Cache) -> bytes | None:
    """The PDF of this very job if it was drawn before."""
    return cache.get("pdf", _key(job))


def prepare(jobs: Sequence[PrintJob], cache: Cache) -> None:
    """Make what several documents share, before they are drawn in processes of their own."""
    families = {family for job in jobs for family in fonts.named(job.css + job.html)}
    fonts.prepare(families, cache)


def draw(job: PrintJob, cache: Cache) -> Printed:
    """Draw the PDF and keep it.

    Raises:
        EnvironmentProblem: A native library is missing.
    """
    drawings = {
        pdf.math_key(formula): drawing
        for formula, drawing in typeset(job.formulas, cache).items()
        if isinstance(drawing, Drawing)
    }
    try:
        rendered = pdf.render_pdf(
            job.html,
            css=job.css,
            drawings=drawings,
            folders=job.folders,
            cache=cache,
            duplex=job.duplex,
        )
    except pdf.PrintError as error:
        return Printed(b"", error.problems, error.misfits)
    cache.put("pdf", _key(job), rendered.pdf)
    return Printed(rendered.pdf)


def _key(job: PrintJob) -> str:
    formulas: list[JSON] = [[f.latex, f.display] for f in job.formulas]
    return key(
        f"pdf {_VERSION} {versions()}",
        job.html,
        job.css,
        job.duplex,
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
    packages = [f"{name} {version(name)}" for name in ("weasyprint", "pydyf", "fonttools")]
    pango = native.version("pango-1.0", "pango_version_string")
    harfbuzz = native.version("harfbuzz", "hb_version_string")
    if not (pango and harfbuzz):
        return pdf.versions()
    return " ".join([*packages, pango, harfbuzz, engine_version(), fonts.version()])
