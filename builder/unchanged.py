"""Whether everything that a build would make is there already.

A build is a function: if no file of the content, no template, no code and no library changed since
a build that succeeded, and `dist/` still holds what it made, there is nothing to do. Knowing that
takes reading and hashing the files, tens of milliseconds, instead of loading the deck.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from builder.cache import Cache, code_version, key
from builder.diagnostics import Diagnostic, Span
from builder.project import Project, packaged
from builder.targets import Artifact

_LOCK = "content/deck.lock"
_LIBRARIES = (
    *("deflate", "genanki", "jinja2", "markdown-it-py", "mdit-py-plugins", "pydantic", "pygments"),
    *("nh3", "pyyaml", "django-static-mathjax", "quickjs-ng", "pylopdf-fonts-zh-cn"),
)


def inputs(project: Project) -> dict[str, str]:
    """Name -> hash of every file that a build reads, but what it keeps in the cache."""
    found: dict[str, str] = {}
    for label, folder in (
        ("content", project.content),
        ("templates", project.root / "templates"),
        ("packaged", packaged("templates")),
    ):
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.suffix != ".pyc":
                data = file.read_bytes()
                name = f"{label}/{file.relative_to(folder).as_posix()}"
                found[name] = hashlib.blake2b(data, digest_size=20).hexdigest()
    return found


def same(before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """Whether nothing but the lock, which a build writes itself, differs."""
    return {**before, _LOCK: ""} == {**after, _LOCK: ""}


@dataclass(frozen=True, slots=True)
class Present:
    """What a build made.

    Attributes:
        files: Every file in `dist/`.
        warnings: Problems that did not stop it.
    """

    files: tuple[Artifact, ...]
    warnings: tuple[Diagnostic, ...]


def remember(
    cache: Cache, found: Mapping[str, str], options: Sequence[str], present: Present
) -> None:
    """Keep what a build made of these inputs: the files' hashes and the warnings."""
    record = {
        "files": [[each.name, _sha256(each.data)] for each in present.files],
        "drawn_by": _drawn_by([each.name for each in present.files]),
        "warnings": [asdict(warning) for warning in present.warnings],
    }
    cache.put("build", _key(found, options), json.dumps(record).encode())


def recall(
    cache: Cache, found: Mapping[str, str], options: Sequence[str], folder: Path
) -> Present | None:
    """What a build would make, if `folder` holds all of it; else None.

    Args:
        cache: Where `remember` kept it.
        found: The inputs.
        options: What else the outputs depend on: the month, the names of the outputs.
        folder: `dist/`.
    """
    packed = cache.get("build", _key(found, options))
    if packed is None:
        return None
    record = json.loads(packed)
    if record["drawn_by"] != _drawn_by([name for name, _ in record["files"]]):
        return None
    artifacts: list[Artifact] = []
    for name, digest in record["files"]:
        file = folder / name
        data = file.read_bytes() if file.is_file() else b""
        if _sha256(data) != digest:
            return None
        artifacts.append(Artifact(name, data))
    warnings = tuple(
        Diagnostic(**{**warning, "span": Span(*warning["span"]) if warning["span"] else None})
        for warning in record["warnings"]
    )
    return Present(tuple(artifacts), warnings)


def _key(found: Mapping[str, str], options: Sequence[str]) -> str:
    return key(code_version(*_LIBRARIES), dict(found), tuple(options))


def _drawn_by(names: Iterable[str]) -> str:
    """What PDFs depend on besides; nothing if there are none, as a deck needs no print library."""
    if not any(name.endswith(".pdf") for name in names):
        return ""
    from builder import press

    return press.versions()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
