"""Pictures of the content: found, checked and read in one place.

Content may come from strangers, so a figure must lie in `content/figures`, be of a known kind, and
an SVG may hold neither scripts nor references to anything outside itself.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from xml.parsers import expat

from builder.diagnostics import did_you_mean

#: What Anki's webviews and WeasyPrint both draw.
KINDS = (".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp")
MAX_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FigureProblem:
    """Why a figure cannot be used."""

    code: str
    message: str
    help: str


def problem(folder: Path, name: str) -> FigureProblem | None:
    """What is wrong with the figure `name`, or None if it can be used.

    Args:
        folder: `content/figures`.
        name: Path below the folder, with forward slashes.
    """
    if re.match(r"[a-z][a-z0-9+.-]*:|//", name, re.IGNORECASE):
        return FigureProblem(
            "remote-image",
            f"'{name}' is an address; nothing is loaded from a network",
            f"put the picture into content/{folder.name} and give its file name",
        )
    file = (folder / name).resolve()
    if "\\" in name or name.startswith("/") or not file.is_relative_to(folder.resolve()):
        return FigureProblem(
            "escaping-path",
            f"'{name}' leads out of content/{folder.name}",
            f"put the picture into content/{folder.name} and give its file name",
        )
    if file.suffix.lower() not in KINDS:
        return FigureProblem(
            "bad-image", f"'{name}' is not one of {', '.join(KINDS)}", "convert it, SVG is best"
        )
    if not file.is_file():
        known = (p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file())
        return FigureProblem(
            "missing-image",
            f"there is no file content/{folder.name}/{name}",
            did_you_mean(name, known) or "add the file, or correct the name",
        )
    if file.stat().st_size > MAX_BYTES:
        return FigureProblem(
            "bad-image", f"'{name}' is larger than {MAX_BYTES >> 20} MiB", "make it smaller"
        )
    if file.suffix.lower() == ".svg":
        return _svg_problem(name, file.read_bytes())
    return None


@lru_cache(maxsize=256)
def _svg_problem(name: str, data: bytes) -> FigureProblem | None:
    """Refused rather than repaired: what is drawn is what was reviewed."""
    found: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        local = tag.rpartition(":")[2].lower()
        if local in ("script", "foreignobject", "iframe", "audio", "video", "handler", "listener"):
            found.append(f"the element <{tag}>")
        for key, value in attributes.items():
            plain = key.rpartition(":")[2].lower()
            if plain.startswith("on"):
                found.append(f"the attribute {key}")
            if plain in ("href", "src") and not value.strip().startswith("#"):
                found.append(f"the reference {key}='{value[:40]}'")
            if _outside(value):
                found.append(f"the reference in {key}")

    def text(value: str) -> None:
        if "@import" in value.lower() or _outside(value):
            found.append("a style sheet that loads another file")

    def doctype(*_: object) -> None:
        found.append("a document type, which can hide entities")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = doctype
    parser.ProcessingInstructionHandler = lambda target, _: found.append(f"<?{target}?>")
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        return FigureProblem("bad-image", f"'{name}' is not valid SVG: {error}", "export it again")
    if found:
        return FigureProblem(
            "unsafe-image", f"'{name}' holds {found[0]}", "delete it from the SVG file"
        )
    return None


def _outside(value: str) -> bool:
    """Whether CSS text refers to anything but a part of the same file."""
    return any(
        not target.strip(" '\"").startswith("#")
        for target in re.findall(r"url\(([^)]*)", value, re.IGNORECASE)
    )
