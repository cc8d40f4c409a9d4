"""The fonts of print: which files, from which packages, under which names.

Why not the system's: a build is a function of the source, and two machines rarely have the same
fonts. Why odd names: fontconfig hijacks familiar ones, and WeasyPrint mixes up two files of one
family and weight. Why static files: a variable font costs WeasyPrint two seconds per document, so
those that packages only offer as variable are pinned to one weight once and kept in the cache.
"""

import gc
import json
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.cache import JSON, Cache, key

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

#: Raise it when the code below makes other fonts from the same files.
_VERSION = 2


@dataclass(frozen=True, slots=True)
class Face:
    """One face of a family.

    Attributes:
        family: The name that style sheets use.
        weight: CSS weight: 400 is regular, 700 bold.
        italic: Whether it is slanted.
        package: The Python package that carries the file, and its distribution's name.
        file: The file inside the package.
        axes: Where to pin a variable font: axis -> value. Empty for a static font.
        characters: Which characters to keep of a font that is pinned: `all`, or `chinese` for
            what simplified and common traditional Chinese text needs.
    """

    family: str
    weight: int
    italic: bool
    package: tuple[str, str]
    file: str
    axes: tuple[tuple[str, float], ...] = ()
    characters: str = "all"

    @property
    def name(self) -> str:
        """The face in a URL, such as `DW-Serif-400-italic`."""
        slant = "-italic" if self.italic else ""
        return f"{self.family.replace(' ', '-')}-{self.weight}{slant}"

    def source(self) -> Path:
        """The file in the installed package.

        Raises:
            ModuleNotFoundError: The package is not installed.
        """
        from importlib.resources import files

        return Path(str(files(self.package[0]))) / self.file


_CHINESE = ("pylopdf_fonts_zh_cn", "pylopdf-fonts-zh-cn")
_CHINESE_BOLD = ("justmytype_intl_cjk", "justmytype-intl-cjk")
_SERIF = ("fontpkg_source_serif_4", "fontpkg-source-serif-4")
_SANS = ("fontpkg_source_sans_3", "fontpkg-source-sans-3")
_MONO = ("fontpkg_jetbrains_mono", "fontpkg-jetbrains-mono")


def _pinned(
    family: str, weight: int, package: tuple[str, str], file: str, *, italic: bool = False
) -> Face:
    axes: tuple[tuple[str, float], ...] = (("wght", weight),)
    if "opsz" in file:
        axes = (*axes, ("opsz", 10))  # drawn for 10 pt, the size of printed text
    return Face(family, weight, italic, package, f"files/{file}", axes)


#: Every face there is. A language with a script of its own needs a family here.
FACES: tuple[Face, ...] = (
    Face("DW Sans SC", 400, False, _CHINESE, "NotoSansSC-Regular.otf"),
    Face(
        "DW Sans SC",
        700,
        False,
        _CHINESE_BOLD,
        "fonts/ofl/notosanssc/NotoSansSC[wght].ttf",
        (("wght", 700),),
        "chinese",
    ),
    Face("DW Serif SC", 400, False, _CHINESE, "NotoSerifSC-Regular.otf"),
    _pinned("DW Serif", 400, _SERIF, "SourceSerif4[opsz,wght].ttf"),
    _pinned("DW Serif", 400, _SERIF, "SourceSerif4-Italic[opsz,wght].ttf", italic=True),
    _pinned("DW Serif", 700, _SERIF, "SourceSerif4[opsz,wght].ttf"),
    _pinned("DW Sans", 400, _SANS, "SourceSans3[wght].ttf"),
    _pinned("DW Sans", 400, _SANS, "SourceSans3-Italic[wght].ttf", italic=True),
    _pinned("DW Sans", 700, _SANS, "SourceSans3[wght].ttf"),
    _pinned("DW Mono", 400, _MONO, "JetBrainsMono[wght].ttf"),
    _pinned("DW Mono", 700, _MONO, "JetBrainsMono[wght].ttf"),
)

FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(face.family for face in FACES))


def face(family: str, weight: int, *, italic: bool = False) -> Face:
    """The face of a family.

    Raises:
        KeyError: There is none of that weight and slant.
    """
    for candidate in FACES:
        if (candidate.family, candidate.weight, candidate.italic) == (family, weight, italic):
            return candidate
    raise KeyError(f"no face {family} {weight}{' italic' if italic else ''}")


#: A family's name; the longest first, since "DW Sans SC" is no mention of "DW Sans".
_NAMED = re.compile("|".join(sorted(FAMILIES, key=len, reverse=True)))


def named(text: str) -> tuple[str, ...]:
    """The families that a style sheet mentions, in the order of `FAMILIES`."""
    found = set(_NAMED.findall(text))
    return tuple(family for family in FAMILIES if family in found)


def font_face_css(families: Collection[str] = FAMILIES) -> str:
    """`@font-face` rules; their `font:` URLs are served by `pdf.render_pdf` alone."""
    return "".join(
        f'@font-face {{ font-family: "{face.family}"; font-weight: {face.weight}; '
        f"font-style: {'italic' if face.italic else 'normal'}; src: url(font:{face.name}) }}\n"
        for face in FACES
        if face.family in families
    )


def font_data(name: str, cache: Cache) -> bytes:
    """The file of a face, made if need be.

    Args:
        name: The face's name, as in the URLs of `font_face_css`.
        cache: Keeps the fonts that take seconds to make.

    Raises:
        KeyError: There is no such face.
    """
    found = {face.name: face for face in FACES}[name]
    if not found.axes:
        return found.source().read_bytes()
    entry = _key("static", found)
    data = cache.get("fonts", entry)
    if data is None:
        data = _pin(found)
        cache.put("fonts", entry, data)
    return data


def prepare(families: Collection[str], cache: Cache) -> None:
    """Make the fonts of some families that are not in the cache yet, as many at once as can be.

    Why: it takes a quarter of a minute, once on a machine, and documents drawn in processes of
    their own would each do it again.
    """
    if cache.folder is None:
        return
    missing = [
        face.name
        for face in FACES
        if face.axes
        and face.family in families
        and cache.get("fonts", _key("static", face)) is None
    ]
    if missing:
        from concurrent.futures import ProcessPoolExecutor

        with ProcessPoolExecutor() as pool:
            list(pool.map(_make, missing, [cache] * len(missing)))


def _make(name: str, cache: Cache) -> None:
    font_data(name, cache)


def missing_glyphs(text: str, families: Iterable[str], cache: Cache) -> set[str]:
    """The characters of a text that none of the families can show.

    Args:
        text: Any text. Spaces and invisible characters are never missing.
        families: Names from `FAMILIES`; the regular face decides.
        cache: Keeps what characters a font has.
    """
    missing = {c for c in set(text) if c.isprintable() and not c.isspace()}
    for family in families:
        if not missing:
            break
        covered = _covered(family, cache)
        missing = {c for c in missing if ord(c) not in covered}
    return missing


@lru_cache(maxsize=32)
def _covered(family: str, cache: Cache) -> frozenset[int]:
    regular = face(family, 400)
    entry = _key("coverage", regular)
    stored = cache.get("fonts", entry)
    if stored is not None:
        return frozenset(
            code for start, count in json.loads(stored) for code in range(start, start + count)
        )
    from fontTools.ttLib import TTFont

    with TTFont(regular.source(), lazy=True) as font:
        codes = sorted(font.getBestCmap())
    runs: list[list[int]] = []
    for code in codes:
        if runs and code == sum(runs[-1]):
            runs[-1][1] += 1
        else:
            runs.append([code, 1])
    cache.put("fonts", entry, json.dumps(runs, separators=(",", ":")).encode())
    return frozenset(codes)


@lru_cache(maxsize=1)
def version() -> str:
    """What the fonts depend on, for keys of what is made with them."""
    return key("fonts", *(_key("static", face) for face in FACES))


@lru_cache(maxsize=64)
def _key(kind: str, face: Face) -> str:
    from importlib import metadata

    versions: JSON = {name: metadata.version(name) for name in (face.package[1], "fonttools")}
    return key(f"{kind} {_VERSION}", versions, face.name, face.file, face.axes, face.characters)


@contextmanager
def without_gc() -> Iterator[None]:
    """For work that makes millions of objects: searching them for garbage all the time is waste.

    Who knows that many of them are gone may call `gc.collect`, which then looks at new ones only.
    """
    enabled = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        if enabled:
            gc.enable()


@lru_cache(maxsize=len(FACES))
def _pin(face: Face) -> bytes:
    """A static font from a variable one, under our name: the same bytes every time."""
    from io import BytesIO

    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    options = Options(
        layout_features=list(_FEATURES),
        name_IDs=["*"],
        notdef_outline=True,
        recalc_timestamp=False,
    )
    chinese = face.characters == "chinese"
    buffer = BytesIO()
    with without_gc(), TTFont(face.source(), recalcTimestamp=False, lazy=True) as font:
        subsetter = Subsetter(options)
        codes = font.getBestCmap()
        subsetter.populate(unicodes=[code for code in codes if not chinese or _chinese(code)])
        subsetter.subset(font)
        instantiateVariableFont(font, dict(face.axes), inplace=True)
        _rename(font, face)
        font.save(buffer, reorderTables=False)
    return buffer.getvalue()


#: OpenType features kept in fonts that are pinned. Small capitals would double the time it takes.
_FEATURES = (
    *("kern", "mark", "mkmk", "ccmp", "locl", "liga", "calt", "halt"),
    *("lnum", "onum", "pnum", "tnum", "zero", "frac", "sups", "subs"),
)


def _chinese(code: int) -> bool:
    """Whether Chinese text needs a character: GB 2312, level 1 of Big5, and all that is no Han."""
    if not 0x3400 <= code < 0xA000 and code < 0x20000:
        return code < 0xAC00 or code >= 0xD800  # Hangul syllables are a fifth of the font
    character = chr(code)
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        try:
            return character.encode("big5") < b"\xc6\x80"
        except UnicodeEncodeError:
            return False
    return True


def _rename(font: "TTFont", face: Face) -> None:
    """Give a changed font a name of its own, as the Open Font Licence asks for some of them."""
    style = {400: "Regular", 700: "Bold"}[face.weight] if not face.italic else "Italic"
    names: Any = font["name"]
    wanted = {
        1: face.family,
        2: style,
        3: face.name,
        4: f"{face.family} {style}",
        6: face.name,
        16: None,
        17: None,
        21: None,
        22: None,
        25: None,
    }
    for identifier, text in wanted.items():
        names.removeNames(nameID=identifier)
        if text is not None:
            names.setName(text, identifier, 3, 1, 0x409)
    if "STAT" in font:
        del font["STAT"]
