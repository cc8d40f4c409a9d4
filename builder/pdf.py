"""HTML to PDF. The only module that imports WeasyPrint, and only when something is to be printed.

It draws formulas itself: WeasyPrint takes 25 to 50 ms for a formula's SVG, but 2 for an object that
knows how to draw itself. Such objects reach it through the `cache` that it offers for pictures:
`<img src="math:KEY">` finds an object of ours there. In the file each distinct formula and each
distinct glyph stands once.

Nothing but the given text, fonts of ours and pictures from the given folders gets into a PDF, and
the same input gives the same bytes. WeasyPrint's warnings are errors: a page that is not what the
style sheet says must not be published.
"""

import contextlib
import copy
import hashlib
import io
import logging
import os
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

from builder import figures, fonts, imposition, native, painting, tagging, tuning
from builder.cache import Cache, key
from builder.diagnostics import EnvironmentProblem
from builder.fitting import Misfit, fit
from builder.typeset import Drawing, Formula

#: The line that mends a Debian or Ubuntu without WeasyPrint's native libraries.
APT = "apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"

#: The packages whose versions have a part in a PDF, besides those of fonts and formulas.
PACKAGES = ("weasyprint", "pydyf", "fonttools", "deflate")

#: Where relative URLs of the HTML seem to point. Nothing is there: the fetcher knows what it means.
_BASE = "file:///deckwright-project/"

#: How far ink may reach beyond a formula's box, in 1/1000 em: slanted letters, wide accents.
_MARGIN = 1000


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


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished PDF and its number of pages."""

    pdf: bytes
    pages: int


def math_key(formula: Formula) -> str:
    """The name of a formula in URLs: depends on nothing but the formula."""
    return key("math", formula.latex, formula.display)[:16]


def math_img(formula: Formula, drawing: Drawing) -> str:
    """The `<img>` that stands for a formula in the HTML given to `render_pdf`.

    Its size and its place on the baseline are in em, so it follows the text around it. A formula
    on a line of its own shrinks if the column is narrower.
    """
    style = f"width:{_em(drawing.width)};"
    if formula.display:
        style += "max-width:100%;height:auto"
    else:
        style += f"height:{_em(drawing.height + drawing.depth)};"
        style += f"vertical-align:{_em(-drawing.depth)}"
    kind = "math display" if formula.display else "math"
    alt = escape(" ".join(formula.latex.split()))
    return f'<img class="{kind}" src="math:{math_key(formula)}" alt="{alt}" style="{style}">'


def _em(length: float) -> str:
    return f"{length:.4f}".rstrip("0").rstrip(".") + "em"


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
        variant: The PDF standard to follow, by WeasyPrint's name; None for plain PDF.
        duplex: Ask printers to use both sides, turned over the long edge, and to scale nothing.

    Raises:
        EnvironmentProblem: A native library is missing.
        PrintError: Something could not be printed as asked.
    """
    weasyprint = _weasyprint()
    from cssselect2 import ElementWrapper

    families = fonts.named(css + html)
    fonts.prepare(families, cache)
    fetcher = _fetcher(folders, cache)
    with (
        tempfile.TemporaryDirectory(prefix="deckwright-") as folder,
        _complaints() as problems,
        fonts.without_gc(),
        _our_fontconfig(),
        tuning.tuned(),
    ):
        config = weasyprint.text.fonts.FontConfiguration()
        # Where it puts the fonts. Left to itself it leaves them there, since nobody collects it.
        config._folder = Path(folder)
        sheet = weasyprint.CSS(
            string=f"{css}\n{fonts.font_face_css(families)}",  # so that lines count from the css
            base_url=_BASE,
            font_config=config,
            url_fetcher=fetcher,
        )
        _check_characters(unescape(re.sub("<[^>]*>", "", html)), families, cache, problems)
        cached = {f"math:{name}": _Math(name, drawing) for name, drawing in drawings.items()}
        misfits: list[Misfit] = []

        def lay_out(text: str) -> Any:
            root = tuning.parse(text)
            source = weasyprint.HTML(
                string=text if root is None else "", base_url=_BASE, url_fetcher=fetcher
            )
            source._ua_stylesheets = tuning.user_agent_sheets

            def render(tree: Any) -> Any:
                page = copy.copy(source)
                page.wrapper_element = ElementWrapper.from_html_root(tree, content_language=None)
                page.etree_element = page.wrapper_element.etree_element
                return page.render(
                    stylesheets=[sheet], font_config=config, pdf_variant=variant, cache=cached
                )

            document, found = fit(source.etree_element if root is None else root, render)
            misfits.extend(found)
            return document

        ink = painting.Ink()

        def paint(pages: Sequence[Any], strips: int) -> list[Any]:
            return [] if problems or misfits else ink.painted(pages, strips)

        def finish(_: Any, file: Any) -> None:
            _finish(file, front=front, duplex=duplex)

        try:
            with tagging.tagged():
                document, front = imposition.assemble(html, lay_out, paint)
                document.fonts = ink.fonts
                if not (problems or misfits):
                    identifier = hashlib.blake2b((html + css).encode(), digest_size=16).digest()
                    pdf = document.write_pdf(
                        finisher=finish, pdf_variant=variant, pdf_identifier=identifier
                    )
        except Exception as error:
            problems.append(f"WeasyPrint failed on the page's HTML and CSS: {error!r}")
    if problems or misfits:
        raise PrintError(tuple(dict.fromkeys(problems)), tuple(misfits))
    return Rendered(pdf, len(document.pages))


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
    """Collect what the libraries log or warn of, instead of showing it."""
    problems: list[str] = []
    listener = _Listener(problems)
    loggers = [logging.getLogger(name) for name in ("weasyprint", "fontTools", "pydyf", "PIL")]
    before = [(logger, logger.propagate, logger.level) for logger in loggers]
    for logger in loggers:
        logger.addHandler(listener)
        logger.propagate = False
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            yield problems
            problems.extend(
                str(warning.message)
                for warning in caught
                if not issubclass(warning.category, (DeprecationWarning, ResourceWarning))
            )
    finally:
        for logger, propagate, level in before:
            logger.removeHandler(listener)
            logger.propagate = propagate
            logger.setLevel(level)


# Files -------------------------------------------------------------------------------------------

_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


def _fetcher(folders: Mapping[str, Path], cache: Cache) -> Any:
    """What answers WeasyPrint's requests: our fonts and the pictures of the folders only."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Fetcher(URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> Any:
            del headers
            if url.startswith("font:"):
                data = fonts.font_data(url.removeprefix("font:"), cache)
                return URLFetcherResponse(url, data, {"Content-Type": "font/sfnt"})
            path = _picture(url, folders)
            suffix = Path(figures.path(path.name)).suffix.lower()
            kind = _TYPES.get(suffix, "application/octet-stream")
            return URLFetcherResponse(url, figures.read(path), {"Content-Type": kind})

    return Fetcher()


def _picture(url: str, folders: Mapping[str, Path]) -> Path:
    if not url.startswith(_BASE):
        raise PermissionError("only pictures of the project can be printed")
    first, _, rest = unquote(url.removeprefix(_BASE)).partition("/")
    if first not in folders or not rest:
        raise PermissionError("there is no such folder of pictures")
    folder = folders[first].resolve()
    file = (folder / figures.path(rest)).resolve()  # follows links, which could lead out too
    if not file.is_relative_to(folder):
        raise PermissionError("the picture is outside its folder")
    return folder / rest


# Formulas ----------------------------------------------------------------------------------------


class _Glyph:
    """One glyph, written once into the file however many formulas use it."""

    def __init__(self, name: str, path: str) -> None:
        self.id = name
        self._path = path

    def get_x_object(self, interpolate: bool, dpi_ratio: float) -> Any:
        """Called by WeasyPrint when it writes the file."""
        del interpolate, dpi_ratio
        return _form(f"{self._path} f", (-_REACH, -_REACH, _REACH, _REACH), {})


#: Larger than any glyph, stretched ones included, in 1/1000 em.
_REACH = 10_000


class _Math:
    """A formula as WeasyPrint's layout wants its pictures: these three methods and an id."""

    def __init__(self, name: str, drawing: Drawing) -> None:
        self.id = f"math{name}"
        self._drawing = drawing
        self._names: dict[str, str] = {}

    def get_intrinsic_size(
        self, image_resolution: float, font_size: float
    ) -> tuple[float, float, float | None]:
        """Width and height in CSS pixels, and their ratio."""
        del image_resolution
        width = self._drawing.width * font_size
        height = (self._drawing.height + self._drawing.depth) * font_size
        return width, height, width / height if height else None

    def draw(self, stream: Any, concrete_width: float, concrete_height: float, style: Any) -> None:
        """Paint at the current origin, the upper left corner, in the colour of the text."""
        drawing = self._drawing
        total = drawing.height + drawing.depth
        if not drawing.content or total <= 0:
            return
        for name, path in drawing.outlines.items():
            self._names[name] = stream.add_image(_Glyph(name, path), False, 1)
        x = concrete_width / drawing.width / 1000 if drawing.width > 0 else 0.0
        y = concrete_height / total / 1000
        with stream.stacked():
            stream.set_color(style["color"])
            stream.set_color(style["color"], stroke=True)
            stream.transform(a=x or y, d=-y, f=concrete_height * drawing.height / total)
            stream.draw_x_object(stream.add_image(self, False, 1))

    def get_x_object(self, interpolate: bool, dpi_ratio: float) -> Any:
        """Called by WeasyPrint when it writes the file."""
        del interpolate, dpi_ratio
        drawing = self._drawing
        content = drawing.content
        for name, resource in self._names.items():
            content = content.replace(f"/{name} Do", f"/{resource} Do")
        box = (
            -_MARGIN,
            -1000 * drawing.depth - _MARGIN,
            1000 * drawing.width + _MARGIN,
            1000 * drawing.height + _MARGIN,
        )
        return _form(content, box, dict.fromkeys(self._names.values()))


def _form(content: str, box: tuple[float, ...], glyphs: Mapping[str, None]) -> Any:
    """A piece of page. WeasyPrint replaces the None of each glyph by its object."""
    import pydyf

    extra = {
        "Type": "/XObject",
        "Subtype": "/Form",
        "BBox": pydyf.Array([round(side, 1) for side in box]),
    }
    if glyphs:
        extra["Resources"] = pydyf.Dictionary({"XObject": pydyf.Dictionary(glyphs)})
    return pydyf.Stream([content.encode("ascii")], extra, compress=True)
