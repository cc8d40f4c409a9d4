"""The files of the page: its own, and the MathJax that print uses too. A fixed list of names."""

from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from builder.project import packaged

#: Kinds of files that are served or exported, and what browsers call them.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".otf": "font/otf",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".ogv": "video/ogg",
    ".webm": "video/webm",
    ".pdf": "application/pdf",
}

#: What a card has no use for. Decks that people share bring programs for Anki's pages; a card could
#: have them run here, in a frame of its own.
_NOT_SHOWN = {".html", ".js", ".json", ".pdf"}


def may_be_shown(name: str) -> bool:
    """Whether a deck's file may be among the pictures, sounds and styles of cards."""
    suffix = Path(name).suffix.lower()
    return suffix in TYPES and suffix not in _NOT_SHOWN


@lru_cache(maxsize=1)
def assets() -> dict[str, Path]:
    """Name below the site's root -> file, sorted."""
    found = {file.name: file for file in packaged("templates").joinpath("preview").iterdir()}
    mathjax = Path(str(files("mathjax"))) / "static" / "mathjax" / "es5"
    # What Anki loads: the program with its accessible MathML, and the fonts.
    program = mathjax / "tex-chtml-full.js"
    fonts = (mathjax / "output" / "chtml" / "fonts" / "woff-v2").glob("*.woff")
    for file in (program, *fonts):
        found[f"mathjax/{file.relative_to(mathjax).as_posix()}"] = file
    return {name: found[name] for name in sorted(found) if Path(name).suffix in TYPES}
