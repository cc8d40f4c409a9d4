"""Is a downloaded release what it says it is? Sums, a trial import into Anki, a build to compare.

Three questions that stand apart: are the files whole (`SHA256SUMS`), do their readers take them
(Anki, for packages), and does the published source give the same bytes? What cannot be asked here
is said to be unchecked, never passed over in silence.
"""

import hashlib
import re
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

from builder import diff
from builder.archive import DAMAGES
from builder.build import UPDATE, check, make
from builder.cache import Cache
from builder.diagnostics import ContentError, EnvironmentProblem
from builder.files import SUMS
from builder.gates import release_before
from builder.project import Project

Outcome = Literal["ok", "failed", "unchecked"]

#: What is a zip file inside: each member carries a checksum of its own.
_ZIPPED = (".apkg", ".zip", ".whl")
#: Bytes. A small file can unpack to more than a machine has; decks are far from this.
_MAX_UNPACKED = 2 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question.

    Attributes:
        name: The file it is about.
        outcome: `unchecked` is no failure: the question could not be asked.
        what: What was found, or why it was not checked.
    """

    name: str
    outcome: Outcome
    what: str


def verify(
    folder: Path,
    project: Project | None,
    cache: Cache,
    *,
    now: int,
    since: str | None = None,
    prefix: str = "v",
    prints: bool = True,
) -> Iterator[Finding]:
    """Ask everything that can be asked here, the quick questions first.

    Args:
        folder: The files of the release.
        project: The source they were made from, at the release's commit; None if it is not at hand.
        cache: Results of slow pure functions.
        now: Unix time in seconds; only the lint of dates reads it.
        since: The release before, to compare `update.txt` as well; by default that of the tags.
        prefix: What stands before the version in those tags.
        prints: Whether to build the PDFs. They are the same bytes only where Pango and HarfBuzz
            are the same.

    Raises:
        OSError: A file cannot be read.
    """
    files = {file.name: file for file in sorted(folder.iterdir()) if not file.name.startswith(".")}
    yield from _sums(files)
    contents = {name: file.read_bytes() for name, file in files.items() if file.is_file()}
    for name, data in contents.items():
        yield from _readable(name, data)
    if project is None:
        yield Finding("rebuild", "unchecked", "no project here; run this inside one, or name it")
        return
    yield from _rebuilt(contents, project, cache, now, since, prefix, prints=prints)


def healthy(findings: tuple[Finding, ...]) -> bool:
    """Whether nothing failed."""
    return not any(finding.outcome == "failed" for finding in findings)


def as_text(findings: tuple[Finding, ...]) -> str:
    """A table, and how it ended."""
    width = max(len(finding.name) for finding in findings)
    marks = {"ok": "ok     ", "failed": "FAILED ", "unchecked": "-      "}
    lines = [f"{marks[f.outcome]} {f.name:{width}}  {f.what}" for f in findings]
    failed = sum(finding.outcome == "failed" for finding in findings)
    unchecked = sum(finding.outcome == "unchecked" for finding in findings)
    end = f"{failed} failed, see above" if failed else "verified"
    return "\n".join([*lines, "", end + (f"; {unchecked} not checked" if unchecked else "")])


# Sums

_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def _sums(files: Mapping[str, Path]) -> Iterator[Finding]:
    if SUMS not in files:
        yield Finding(SUMS, "failed", "is missing: nothing says what the files should be")
        return
    listed: set[str] = set()
    whole = 0
    for number, line in enumerate(files[SUMS].read_text("utf-8", "replace").splitlines(), 1):
        found = _LINE.fullmatch(line)
        if not found:
            yield Finding(SUMS, "failed", f"line {number} is not a checksum and a name")
            continue
        digest, name = found.groups()
        listed.add(name)
        # Only names out of the folder's own listing: no sum may point elsewhere.
        if name not in files or not files[name].is_file():
            yield Finding(name, "failed", f"is in {SUMS} but not in the folder")
        elif hashlib.sha256(files[name].read_bytes()).hexdigest() != digest:
            yield Finding(name, "failed", f"is not the file that {SUMS} vouches for")
        else:
            whole += 1
    for name in sorted(files.keys() - listed - {SUMS}):
        yield Finding(name, "failed", f"is not in {SUMS}: nothing vouches for it")
    if whole:
        yield Finding(SUMS, "ok", f"{whole} file{'s' if whole > 1 else ''} as listed")


# Readers


def _readable(name: str, data: bytes) -> Iterator[Finding]:
    if name.endswith(_ZIPPED):
        try:
            with zipfile.ZipFile(BytesIO(data)) as archive:
                if sum(member.file_size for member in archive.infolist()) > _MAX_UNPACKED:
                    yield Finding(name, "failed", "is too large when unpacked")
                    return
                damaged = archive.testzip()
        except DAMAGES as error:
            yield Finding(name, "failed", f"cannot be unpacked: {error}")
            return
        if damaged is not None:
            yield Finding(name, "failed", f"'{damaged}' inside is damaged")
            return
    if name.endswith(".apkg"):
        yield _package(name, data)
    elif name.endswith(".pdf") and not (
        data.startswith(b"%PDF-") and data.rstrip().endswith(b"%%EOF")
    ):
        yield Finding(name, "failed", "is no whole PDF")


def _package(name: str, data: bytes) -> Finding:
    try:
        snapshot = diff.snapshot(data)
    except ValueError as error:
        return Finding(name, "failed", str(error))
    notes = len(snapshot.notes)
    cards = sum(len(note.cards) for note in snapshot.notes.values())
    holds = f"{notes} notes, {cards} cards"
    try:
        problem = _problem_in_anki(data, notes, cards)
    except ImportError:
        install = "pip install 'deckwright[anki]'"
        return Finding(name, "unchecked", f"{holds}; not imported, there is no Anki: {install}")
    if problem:
        return Finding(name, "failed", f"{holds}; Anki: {problem}")
    return Finding(name, "ok", f"{holds}; Anki imports them all, and a second time changes nothing")


def _problem_in_anki(data: bytes, notes: int, cards: int) -> str:
    """What goes wrong when a learner without the deck imports it twice; empty if nothing does.

    Raises:
        ImportError: The package `anki` is not installed.
    """
    from anki.collection import Collection, ImportAnkiPackageOptions, ImportAnkiPackageRequest
    from anki.errors import AnkiException

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "deck.apkg"
        file.write_bytes(data)
        collection = Collection(str(Path(folder) / "collection.anki2"))
        try:
            request = ImportAnkiPackageRequest(
                package_path=str(file), options=ImportAnkiPackageOptions()
            )
            first = collection.import_anki_package(request).log
            if len(first.new) != notes or collection.card_count() != cards:
                return f"took {len(first.new)} notes and {collection.card_count()} cards"
            second = collection.import_anki_package(request).log
            if second.new or second.updated or collection.card_count() != cards:
                return "a second import changes the collection"
            empty = collection.get_empty_cards().notes
            return f"{len(empty)} notes have cards without a front" if empty else ""
        except AnkiException as error:
            return str(error)
        finally:
            collection.close()


# The source


def _rebuilt(
    contents: Mapping[str, bytes],
    project: Project,
    cache: Cache,
    now: int,
    since: str | None,
    prefix: str,
    *,
    prints: bool,
) -> Iterator[Finding]:
    """Build the outputs from the source, deck.lock as it stands, and compare bytes."""
    try:
        file = check(project, cache, now).deck.file
        outputs = file.outputs
        if since is None and UPDATE in contents:
            since = release_before(project, file.version, prefix)
        decks = [name for name, output in outputs.items() if output.target == "anki"]
        printed = [name for name in outputs if name not in decks]
        made = make(project, cache, now=now, names=decks, locked=True, since=since) if decks else ()
        artifacts = [*made.artifacts] if made else []
        if printed and prints:
            try:
                artifacts += make(project, cache, now=now, names=printed, locked=True).artifacts
            except EnvironmentProblem as problem:
                reason = str(problem).partition("\n")[0]
                yield from (Finding(n, "unchecked", f"not built: {reason}") for n in printed)
        elif printed:
            yield from (Finding(n, "unchecked", "not built, as told") for n in printed)
    except ContentError as error:
        first = error.diagnostics[0]
        yield Finding("rebuild", "failed", f"the source does not build: {first.message}")
        return
    for artifact in artifacts:
        yield _compared(artifact.name, artifact.data, contents.get(artifact.name))
    if UPDATE in contents and since is None:
        reason = "no release before has a tag here; name it with --since"
        yield Finding(UPDATE, "unchecked", f"not built: {reason}")


def _compared(name: str, made: bytes, published: bytes | None) -> Finding:
    if published is None:
        return Finding(name, "failed", "is made by the source but not in the folder")
    if made == published:
        return Finding(name, "ok", "the source gives the same bytes")
    why = "is the source that of the release?"
    if name.endswith(".pdf"):
        why += " And PDFs are the same only with the same Pango and HarfBuzz: see --no-print"
    return Finding(name, "failed", f"the source gives other bytes; {why}")
