"""HTML to PDF. The only module that imports WeasyPrint, and only when something is to be printed.

A document is drawn part by part, and a part that did not change is taken as it was drawn before.

Nothing but the given text, fonts of ours and pictures from the given folders gets into a PDF, and
the same input gives the same bytes. WeasyPrint's warnings are errors: a page that is not what the
style sheet says must not be published.
"""

import contextlib
import copy
import gc
import hashlib
import io
import logging
import os
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from types import ModuleType
from typing import Any

from builder import (
    fetching,
    fonts,
    forms,
    imposition,
    levelling,
    native,
    painting,
    parts,
    tagging,
    tuning,
)
from builder.cache import JSON, Cache, code_version, key
from builder.diagnostics import EnvironmentProblem
from builder.fitting import Misfit, fit
from builder.parts import Part
from builder.typeset import Drawing

#: The line that mends a Debian or Ubuntu without WeasyPrint's native libraries.
APT = "apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"

#: The packages whose versions have a part in a PDF, besides those of fonts and formulas.
PACKAGES = ("weasyprint", "pydyf", "fonttools", "deflate")


class PrintError(Exception):
    """WeasyPrint, or the fonts, could not do what the HTML and CSS ask for.

    Attributes:
        problems: One line each, without repetitions.
        misfits: Texts that do not fit the boxes made for them.
    """

    def __init__(self, problems: tuple[str, ...], misfits: tuple[Misfit, ...] = ()) -> None:
        super().__init__("\n".join([*problems, *map(str, misfits)]))
        self.problems = problems
        self.misfits = misfits


#: Where nothing is kept.
_NO_SHELF = Cache(None)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished PDF and its number of pages."""

    pdf: bytes
    pages: int


def versions() -> str:
    """What PDFs depend on besides their input; for keys of a cache of finished PDFs.

    Raises:
        EnvironmentProblem: WeasyPrint does not work here.
    """
    from importlib.metadata import version

    from builder.typeset import engine_version

    _weasyprint()
    from weasyprint.text.ffi import harfbuzz, pango

    return " ".join(
        [
            *(f"{name} {version(name)}" for name in PACKAGES),
            f"pango {pango.pango_version()}",
            f"harfbuzz {_harfbuzz_version(harfbuzz)}",
            engine_version(),
            fonts.version(),
        ]
    )


def _harfbuzz_version(library: Any) -> str:
    """Counted up, since WeasyPrint only declares the function that compares."""
    parts = [0, 0, 0]
    for index in range(3):
        while library.hb_version_atleast(*parts[:index], parts[index] + 1, *(0, 0)[index:]):
            parts[index] += 1
    return ".".join(str(part) for part in parts)


def render_pdf(
    html: str,
    *,
    css: str = "",
    drawings: Mapping[str, Drawing],
    folders: Mapping[str, Path],
    cache: Cache,
    shelf: Cache = _NO_SHELF,
    variant: str | None = "pdf/ua-1",
    duplex: bool = False,
) -> Rendered:
    """Typeset a document.

    Args:
        html: The document. Title, author and language become the PDF's metadata.
        css: Style sheets; `@font-face` rules for the families they name are added here.
        drawings: `math_key` -> the formula's drawing.
        folders: First part of a picture's relative URL -> the folder it is in. Nothing outside
            these folders is read.
        cache: Keeps the fonts that take seconds to make.
        shelf: Keeps the document's parts as they are drawn; by default nothing does.
        variant: The PDF standard to follow, by WeasyPrint's name; None for plain PDF.
        duplex: Ask printers to use both sides, turned over the long edge, and to scale nothing.

    Raises:
        EnvironmentProblem: A native library is missing.
        PrintError: Something could not be printed as asked.
    """
    weasyprint = _weasyprint()
    families = fonts.named(css + html)
    fonts.prepare(families, cache)
    with (
        tempfile.TemporaryDirectory(prefix="deckwright-") as folder,
        _complaints() as problems,
        fonts.without_gc(),
        _our_fontconfig(),
        tuning.tuned(),
        tagging.tagged(),
        levelling.levelled(),
    ):
        _check_characters(unescape(re.sub("<[^>]*>", "", html)), families, cache, problems)
        config = weasyprint.text.fonts.FontConfiguration()
        # Where it puts the fonts. Left to itself it leaves them there, since nobody collects it.
        config._folder = Path(folder)
        fetcher = fetching.fetcher(folders, cache)
        sheet = weasyprint.CSS(
            string=f"{css}\n{fonts.font_face_css(families)}",  # so that lines count from the css
            base_url=fetching.BASE,
            font_config=config,
            url_fetcher=fetcher,
        )
        studio = _Studio(sheet, config, fetcher, drawings, problems, variant)
        read: JSON = dict(fetcher.pictures)  # by the style sheet itself
        style = key("style", versions(), code_version(), css, families, variant, read)

        def draw(text: str) -> Part:
            formulas = [_about(drawings[name]) for name in _named(text) if name in drawings]
            entry = key("part", style, text, formulas)
            known = parts.kept(shelf, entry, lambda url: fetching.digest(url, folders))
            part = known or studio.draw(text)
            if not known and not (problems or studio.misfits):
                parts.keep(part, shelf, entry)
            drawn.append(part)
            return part

        drawn: list[Part] = []
        pdf = b""
        try:
            pages, front = imposition.assemble(html, draw)
            if not (problems or studio.misfits):
                ink = painting.Ink(drawn, forms.drawn(drawings), config.font_map)
                document = weasyprint.Document(
                    pages,
                    weasyprint.document.DocumentMetadata(**drawn[-1].metadata),
                    *(fetcher, config, {}, None),
                )
                document.fonts = ink.fonts
                pdf = document.write_pdf(
                    finisher=lambda _, file: _finish(file, front=front, duplex=duplex),
                    pdf_variant=variant,
                    pdf_identifier=hashlib.blake2b((html + css).encode(), digest_size=16).digest(),
                )
        except Exception as error:
            problems.append(f"WeasyPrint failed on the page's HTML and CSS: {error!r}")
    if problems or studio.misfits:
        raise PrintError(tuple(dict.fromkeys(problems)), tuple(studio.misfits))
    return Rendered(pdf, len(pages))


#: After so many pages what is left of their boxes, a tenth, is worth looking for.
_MANY = 100


class _Studio:
    """Lays out and paints parts of one document, all with the same styles and fonts."""

    def __init__(
        self,
        sheet: Any,
        config: Any,
        fetcher: Any,
        drawings: Mapping[str, Drawing],
        problems: list[str],
        variant: str | None,
    ) -> None:
        self._sheet, self._config, self._fetcher = sheet, config, fetcher
        self._drawings, self._problems, self._variant = drawings, problems, variant
        self._brush = painting.Brush(forms.drawn(drawings))
        self._pages = 0
        self.misfits: list[Misfit] = []

    def draw(self, html: str) -> Part:
        """A painted part; empty when there are problems, since nobody will see it."""
        self._fetcher.pictures = {}
        document = self._laid_out(html)
        if self._problems or self.misfits:
            return Part()
        columns = int(document.metadata.custom.get("strips", "1"))
        self._pages += len(document.pages)
        part = self._brush.painted(html, document, columns)
        part.pictures = self._fetcher.pictures
        del document
        if self._pages >= _MANY:
            gc.collect()
            self._pages = 0
        return part

    def _laid_out(self, html: str) -> Any:
        import weasyprint
        from cssselect2 import ElementWrapper

        root = tuning.parse(html)
        source = weasyprint.HTML(
            string=html if root is None else "",
            base_url=fetching.BASE,
            url_fetcher=self._fetcher,
        )
        source._ua_stylesheets = tuning.user_agent_sheets
        own = {name: self._drawings[name] for name in _named(html) if name in self._drawings}
        pictures = forms.pictures(own)  # and those that it reads, of this part only

        def render(tree: Any) -> Any:
            page = copy.copy(source)
            page.wrapper_element = ElementWrapper.from_html_root(tree, content_language=None)
            page.etree_element = page.wrapper_element.etree_element
            return page.render(
                stylesheets=[self._sheet],
                font_config=self._config,
                pdf_variant=self._variant,
                cache=pictures,
            )

        document, misfits = fit(source.etree_element if root is None else root, render)
        self.misfits.extend(misfits)
        return document


def _named(html: str) -> list[str]:
    """The formulas of a page."""
    return list(dict.fromkeys(re.findall(r'"math:(\w+)"', html)))


def _about(drawing: Drawing) -> JSON:
    return [drawing.width, drawing.height, drawing.depth, drawing.content]


def _finish(pdf: Any, *, front: int, duplex: bool) -> None:
    """Complete the structure; preset the print dialog, since cards only meet at full size."""
    imposition.label_pages(pdf, front)
    if duplex:
        import pydyf

        preferences = pdf.catalog.setdefault("ViewerPreferences", pydyf.Dictionary())
        preferences["Duplex"] = "/DuplexFlipLongEdge"
        preferences["PrintScaling"] = "/None"
    tuning.freeze(pdf)


def _check_characters(
    text: str, families: Sequence[str], cache: Cache, problems: list[str]
) -> None:
    missing = sorted(fonts.missing_glyphs(text, families, cache))
    problems.extend(
        f"no font of this document has the character '{c}' (U+{ord(c):04X})" for c in missing
    )


# WeasyPrint and the machine ----------------------------------------------------------------------


def _weasyprint() -> ModuleType:
    """WeasyPrint, or a message that says how to make it work."""
    native.prepare()
    printed = io.StringIO()
    try:
        with (
            contextlib.redirect_stdout(printed),  # it prints its advice instead of raising it
            warnings.catch_warnings(),
            _our_fontconfig(),
        ):
            # True, and as it should be: no font of the system takes part.
            warnings.filterwarnings("ignore", "No fonts configured in FontConfig")
            # Said better below.
            warnings.filterwarnings("ignore", ".*[Hh]arf[Bb]uzz")
            import weasyprint
            import weasyprint.text.ffi
            import weasyprint.text.fonts
    except OSError as error:
        raise EnvironmentProblem(
            f"WeasyPrint cannot load its native libraries: {error}\nOn Debian or Ubuntu run: {APT}"
        ) from error
    if weasyprint.text.ffi.harfbuzz_subset is None:
        raise EnvironmentProblem(
            "the library harfbuzz-subset is missing, without which fonts take seconds to embed\n"
            f"On Debian or Ubuntu run: {APT}"
        )
    module: ModuleType = weasyprint
    return module


@contextlib.contextmanager
def _our_fontconfig() -> Iterator[None]:
    """Show fontconfig a configuration without any font, so that none can slip in."""
    before = os.environ.get("FONTCONFIG_FILE")
    os.environ["FONTCONFIG_FILE"] = str(Path(__file__).with_name("fonts.conf"))
    try:
        yield
    finally:
        if before is None:
            del os.environ["FONTCONFIG_FILE"]
        else:
            os.environ["FONTCONFIG_FILE"] = before


class _Listener(logging.Handler):
    def __init__(self, problems: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._problems = problems

    def emit(self, record: logging.LogRecord) -> None:
        self._problems.append(record.getMessage())


@contextlib.contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect what the libraries log or warn of, as soon as they do, instead of showing it."""
    problems: list[str] = []
    listener = _Listener(problems)
    loggers = [logging.getLogger(name) for name in ("weasyprint", "fontTools", "pydyf", "PIL")]
    before = [(logger, logger.propagate, logger.level) for logger in loggers]
    for logger in loggers:
        logger.addHandler(listener)
        logger.propagate = False
        logger.setLevel(logging.WARNING)

    def warned(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
        if not issubclass(category, (DeprecationWarning, ResourceWarning)):
            problems.append(str(message))

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.showwarning = warned
            yield problems
    finally:
        for logger, propagate, level in before:
            logger.removeHandler(listener)
            logger.propagate = propagate
            logger.setLevel(level)
