"""From a file to a project: read, convert, write, and let the project's own checks judge.

What the checks refuse in a note's Markdown (a formula that MathJax does not know, say) is written
as HTML instead, so an imported project always builds. The lock is made last, of what the loader
makes of the written files: with the guids, ids and times that learners have.
"""

import os
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from builder import kept as keeping
from builder import markup, schema, source
from builder.cache import Cache
from builder.diagnostics import ContentError, Diagnostic
from builder.importing import package, textfile
from builder.importing.convert import (
    Imported,
    ImportedNote,
    convert,
    keep_as_fields,
    keep_as_html,
)
from builder.importing.identity import learners_lock
from builder.importing.language import guess
from builder.importing.markdown import to_markdown
from builder.importing.printable import one_line, printable
from builder.importing.records import Source, UnreadableError
from builder.importing.report import Report
from builder.importing.writing import text_files
from builder.lint import CODES
from builder.load import Loaded, load
from builder.project import Project
from builder.scaffold import NotEmptyError, identifier
from builder.targets.notes import field_style


@dataclass(frozen=True, slots=True)
class Choices:
    """What an author decides.

    Attributes:
        name: The folder's name; the project's id comes from it.
        language: BCP 47 tag of the deck's texts; by default what their script tells.
        title: Name of the deck in Anki; by default what all of its decks have in common.
    """

    name: str
    language: str | None = None
    title: str | None = None


def create(file: Path, folder: Path, choices: Choices, cache: Cache, now: int) -> Report:
    """Make a project of a deck; all of it or nothing.

    Args:
        file: An Anki package, or a text file.
        folder: Where; it may be there already if it is empty.
        choices: What the author decided.
        cache: Results of slow pure functions.
        now: Unix time in seconds: no note changed after it.

    Raises:
        NotEmptyError: The folder, or a file of that name, holds something.
        UnreadableError: The file is damaged, or no deck.
        EnvironmentProblem: The file's format needs the `anki` package.
        OSError: A file cannot be read or written.
    """
    folder = folder.resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NotEmptyError
    exists = folder.exists()
    with tempfile.TemporaryDirectory(prefix="deckwright-", ignore_cleanup_errors=True) as work:
        read = _read(file, Path(work))
        title = _title(choices.title or _root(read) or file.stem)
        language = choices.language or guess(t for note in read.notes for t in note.fields)
        choices = replace(choices, language=language)
        made = convert(read, package.safe_name, title)
        if not made.notes:
            raise UnreadableError("it holds no notes")
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(
            tempfile.mkdtemp(prefix=".deckwright-", dir=folder if exists else folder.parent)
        )
        try:
            report = _Import(file, read, made, choices, title, draft, cache, now).run()
            if exists:
                for entry in sorted(draft.iterdir()):
                    entry.rename(folder / entry.name)
            else:
                draft.chmod(0o755)  # temporary folders are private
                draft.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return report


def _read(file: Path, work: Path) -> Source:
    with file.open("rb") as opened:
        start = opened.read(4)
    if start == b"PK\x03\x04" or file.suffix.lower() in (".apkg", ".colpkg", ".zip"):
        return package.read(file, work)
    if file.suffix.lower() in (".md", ".markdown"):
        # Read as rows of fields, its headings would be comments and its lines notes.
        raise UnreadableError(
            "it is Markdown, which does not tell questions from answers; an .apkg can be imported, "
            "and a .csv or .txt with a note a row (`deckwright new` begins a deck in Markdown)"
        )
    return textfile.read(file)


def _title(name: str) -> str:
    """A deck's name as deck.yaml can hold it, where it is Markdown, too.

    If that is another name, all topics say what their decks are called in Anki.
    """
    title = one_line(name)
    for unwanted in ("(?!)", r"[^\w :.,'-]", r"[^\w ]"):
        tried = " ".join(re.sub(unwanted, " ", title).split())
        document = markup.parse(tried)
        marked = document.problems or document.clozes or document.maths or document.images
        if not marked and not markup.shows_nothing(document):
            return tried
    return "Deck"


def _root(read: Source) -> str:
    """The deck above all of the decks, or the first one if there is none."""
    decks = list(dict.fromkeys(deck for note in read.notes for deck in note.decks.values() if deck))
    if not decks:
        return ""
    common = decks[0].split("::")
    for deck in decks:
        parts = deck.split("::")
        while parts[: len(common)] != common:
            common.pop()
    return "::".join(common) or decks[0]


@dataclass(slots=True)
class _Import:
    """One import under way: writes a draft until the checks accept it."""

    file: Path
    read: Source
    made: Imported
    choices: Choices
    title: str
    draft: Path
    cache: Cache
    now: int
    rules: "dict[str, str] | None" = None
    prints: bool = True

    @property
    def language(self) -> str:
        return self.choices.language or "en"

    def run(self) -> Report:
        self._write_media()
        project = Project(self.draft)
        loaded = self._settle(project)
        lock = learners_lock(project, loaded, self.made, self.now)
        (project.content / "deck.lock").write_bytes(lock.text.encode())
        return Report.of(
            self.title, self.made, loaded, self.read, self.rules or {}, prints=self.prints
        )

    def _write_media(self) -> None:
        """Copy the media; those that only items show are figures, the others stay as they are."""
        kept = {
            reference
            for note in self.made.notes
            if not note.item
            for text in (*note.html.values(), *note.source.fields)
            for reference in keeping.references(text)
        }
        shown = {old for new, old in self.made.figures.items()} - kept
        for folder, files in (("media", self.made.media), ("figures", self.made.figures)):
            for new, old in files.items():
                if folder == "media" and old in shown:
                    continue
                target = self.draft / "content" / folder / new
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.read.media[old], target)

    # The text files

    def _write(self) -> None:
        files = text_files(
            self.made,
            identity=identifier(self.choices.name),
            title=self.title,
            language=self.language,
            description=self._description(),
            rules=self.rules or {},
            prints=self.prints,
        )
        for kind in schema.SCHEMAS:
            files[f"schema/{kind}.json"] = schema.text(kind, (self.language,))
        files[".vscode/settings.json"] = schema.editor_settings("schema")
        shutil.rmtree(self.draft / "content" / "topics", ignore_errors=True)
        for name, text in files.items():
            path = self.draft / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())

    def _description(self) -> str:
        """That of the deck, if Markdown can say it: learners have it already."""
        text = printable(self.read.descriptions.get(self.title, ""))[:20_000]
        document = markup.parse(text)
        simple = "<" not in text and not document.problems
        found = text if simple else to_markdown(text, field_style(cloze=False)) or ""
        made = markup.parse(found)
        fine = found and not (made.problems or made.maths or made.images or made.clozes)
        return found if fine else "An imported deck."

    def _settle(self, project: Project) -> Loaded:
        """Write until the checks accept it: each round keeps more as it was."""
        month = time.strftime("%Y-%m", time.gmtime(self.now))
        for _ in range(6):
            self._write()
            try:
                loaded = load(project, self.cache, None, os.cpu_count() or 1)
            except ContentError as error:
                self._give_way(project, error.diagnostics)
                continue
            if self.rules is None:
                self.rules = self._relaxed(project, month)
                if self.rules:
                    continue
            return loaded
        raise UnreadableError("its notes cannot be written as a project")

    def _give_way(self, project: Project, problems: Iterable[Diagnostic]) -> None:
        """Write the notes that have errors in another way."""
        errors = [problem for problem in problems if problem.severity == "error"]
        notes = {note.key: note for note in self.made.notes}
        guilty = _guilty(project, errors)
        glyphs = {key for problem, key in guilty if problem.code == "missing-glyph"}
        items = sum(1 for note in self.made.notes if note.item)
        if any(p.code == "missing-glyph" and key is None for p, key in guilty) or (
            self.prints and len(glyphs) > max(3, items // 20)
        ):
            self.prints = False
        changed = not self.prints
        for problem, key in guilty:
            note = notes.get(key or "")
            if problem.code == "missing-glyph" and not self.prints:
                continue
            if note is not None:
                self._unfigure(note)
                if problem.code == "missing-glyph":
                    keep_as_fields(note)
                else:
                    keep_as_html(note, self.made)
                changed = True
        if not changed:
            raise UnreadableError(f"it cannot become a project: {errors[0].message}")

    def _unfigure(self, note: ImportedNote) -> None:
        """The pictures of a note that is no item any more are media."""
        if not note.item:
            return
        for text in note.source.fields:
            for reference in keeping.references(text):
                for new, old in self.made.figures.items():
                    if reference in (new, old):
                        target = self.draft / "content" / "media" / new
                        target.parent.mkdir(parents=True, exist_ok=True)
                        shutil.copyfile(self.read.media[old], target)

    def _relaxed(self, project: Project, month: str) -> dict[str, str]:
        """How to take the authoring rules in a deck that was not written by them."""
        try:
            problems = load(project, self.cache, month, os.cpu_count() or 1).warnings
        except ContentError as error:
            problems = error.diagnostics
        items = sum(1 for note in self.made.notes if note.item)
        found = Counter(problem.code for problem in problems if problem.code in CODES)
        errors = {problem.code for problem in problems if problem.severity == "error"}
        many = max(3, items // 10)
        return {
            code: "off" if count > many else "warning"
            for code, count in sorted(found.items())
            if (count > many or code in errors) and code != "unused-figure"
        }


def _guilty(project: Project, errors: Iterable[Diagnostic]) -> list[tuple[Diagnostic, str | None]]:
    """Each error and the note that it is in."""
    starts: dict[str, list[tuple[int, str]]] = {}
    found: list[tuple[Diagnostic, str | None]] = []
    for error in errors:
        span = error.span
        if span is None or not span.path.startswith("content/topics/"):
            found.append((error, None))
            continue
        if span.path not in starts:
            starts[span.path] = _note_lines(project.root / span.path, span.path)
        before = [key for line, key in starts[span.path] if line <= span.line]
        found.append((error, before[-1] if before else None))
    return found


def _note_lines(file: Path, name: str) -> list[tuple[int, str]]:
    """The line of each note's id in a topic's file."""
    try:
        parsed = source.read(file, name)
    except ContentError:
        return []
    lines: list[tuple[int, str]] = []
    for section in ("items", "notes"):
        below = parsed.root.items.get(section) if isinstance(parsed.root, source.Mapping) else None
        if below and isinstance(below[1], source.Mapping):
            for key, (scalar, _) in below[1].items.items():
                lines.append((parsed.span(scalar.start, scalar.end).line, key))
    return lines
