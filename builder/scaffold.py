"""A new project: small, complete, in the languages that its author wants.

The sample is `templates/new`, written in English and Chinese. In another language the English
texts stand, to be replaced.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from builder import fonts, markup, schema
from builder.cache import Cache
from builder.project import packaged

#: Files whose real names would mean something in this repository too.
_HIDDEN = {"gitignore": ".gitignore", "gitattributes": ".gitattributes", "github": ".github"}

#: Where Deckwright's own repository is on GitHub: projects take its action from there.
REPOSITORY = "deckwright/deckwright"


class NotEmptyError(Exception):
    """There is something already where the project should be."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What an author decides about a new project.

    Attributes:
        name: The folder's name; the deck's id and its files' names come from it.
        title: The deck's name for learners.
        languages: BCP 47 tags, the first the main one.
    """

    name: str
    title: str
    languages: tuple[str, ...]


def create(folder: Path, choices: Choices) -> tuple[str, ...]:
    """Make the project; all of it or nothing.

    Args:
        folder: Where; it may be there already if it is empty.
        choices: What the author decided.

    Returns:
        The files' paths within the folder.

    Raises:
        NotEmptyError: The folder, or a file of that name, holds something.
        OSError: The folder cannot be written.
    """
    folder = folder.resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NotEmptyError
    made = files(choices)
    # An empty folder that is there is filled, not replaced: it may be the one that we are in.
    exists = folder.exists()
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".deckwright-", dir=folder if exists else folder.parent))
    try:
        for name, text in made.items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).write_bytes(text.encode())
        if exists:
            for entry in sorted(draft.iterdir()):
                entry.rename(folder / entry.name)
        else:
            draft.chmod(0o755)  # temporary folders are private
            draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return tuple(made)


def files(choices: Choices) -> dict[str, str]:
    """Path -> text of every file of the project."""
    values = _values(choices)
    sample = packaged("templates") / "new"
    made: dict[str, str] = {}
    for file in sorted(path for path in sample.rglob("*") if path.is_file()):
        first, *rest = file.relative_to(sample).parts
        if file.suffix == ".pyc":
            continue  # somebody ran the sample's proofs
        name = "/".join((_HIDDEN.get(first, first), *rest))
        text = file.read_text("utf-8")
        if file.suffix == ".yaml":
            text = _modeline(name) + in_languages(text, choices.languages)
        made[name] = re.sub(r"\[\[(\w+)\]\]", lambda match: values[match[1]], text)
    for kind in schema.SCHEMAS:
        made[f"schema/{kind}.json"] = schema.text(kind, choices.languages)
    made[".vscode/settings.json"] = schema.editor_settings("schema")
    return made


def identifier(name: str) -> str:
    """A permanent id from a folder's name."""
    return "-".join(re.findall(r"[a-z0-9]+", name.lower()))[:60].strip("-") or "deck"


def plain_title(name: str) -> str:
    """A name as a deck's title, which is Markdown: without what `check` would refuse."""
    document = markup.parse(name)
    if document.problems or document.clozes or document.images or "](" in name:
        name = " ".join(re.sub(r"[^\w :.,'-]", " ", name).split())
    return name or "Deck"


#: A letter of languages whose script few fonts have; without them, a language is thought to print.
_LETTERS: Final = {
    "am": "አ",
    "ar": "ب",
    "bn": "ক",
    "fa": "پ",
    "gu": "ક",
    "he": "א",
    "hi": "क",
    "hy": "Հ",
    "ka": "ქ",
    "km": "ក",
    "kn": "ಕ",
    "ko": "한",
    "lo": "ກ",
    "ml": "ക",
    "mr": "क",
    "my": "က",
    "ne": "क",
    "pa": "ਕ",
    "ps": "ټ",
    "sa": "क",
    "si": "ක",
    "ta": "த",
    "te": "త",
    "th": "ก",
    "ti": "አ",
    "ug": "ئ",
    "ur": "ٹ",
    "yi": "א",
    "bo": "ཀ",
    "dz": "ཀ",
}


def _prints(language: str) -> bool:
    """Whether the fonts have the language's letters."""
    letter = _LETTERS.get(language.partition("-")[0], "")
    return not fonts.missing_glyphs(letter, fonts.FAMILIES, Cache(None))


def _values(choices: Choices) -> dict[str, str]:
    name = identifier(choices.name)
    title = _quoted(choices.title)
    several = len(choices.languages) > 1
    titles = "".join(f"\n  {language}: {title}" for language in choices.languages)
    paper = "paper: A4 landscape, columns: 3"
    outputs = {f"{name}.apkg": "{target: anki}"}
    if several:
        # The same notes with one language shown: learners can switch and keep all history.
        for tag in choices.languages:
            outputs[f"{name}-{tag}.apkg"] = f"{{target: anki, languages: [{tag}]}}"
    unprinted = [tag for tag in choices.languages if not _prints(tag)]
    if not unprinted:
        for tag in choices.languages if several else ():
            outputs[f"sheet-{tag}.pdf"] = f"{{target: sheet, languages: [{tag}], {paper}}}"
        if not several:
            outputs["sheet.pdf"] = f"{{target: sheet, {paper}}}"
        outputs["handout.pdf"] = "{target: handout, paper: A4}"
    lines = [f"  {file}: {what}" for file, what in outputs.items()]
    if unprinted:
        lacking = ", ".join(unprinted)
        lines.append(
            f"  # No PDFs: the fonts that Deckwright prints with lack letters of {lacking}."
        )
    return {
        "id": name,
        "title": titles if several else f" {title}",
        "name": choices.title,
        "languages": f"[{', '.join(choices.languages)}]",
        "outputs": "\n".join(lines),
        "options": " ".join(f"--language {language}" for language in choices.languages),
        "repository": REPOSITORY,
        "version": version("deckwright"),
    }


def _quoted(text: str) -> str:
    """A text as a YAML scalar that cannot be taken for anything else."""
    shown = "".join(c for c in " ".join(text.split()) if c.isprintable())
    return "'" + shown.replace("'", "''") + "'"


def _modeline(name: str) -> str:
    """What tells an editor the schema of a file, whatever its settings are."""
    for kind, (_, pattern) in schema.SCHEMAS.items():
        if Path(name).match(pattern):
            up = "../" * name.count("/")
            return f"# yaml-language-server: $schema={up}schema/{kind}.json\n"
    raise ValueError(f"no schema is for the sample's file {name}")


# Languages


def in_languages(text: str, languages: Sequence[str]) -> str:
    """A YAML text of ours, written in `en` and `zh`, in other languages.

    With one language plain texts take the place of the maps, as authors would write.
    """
    lines = text.splitlines(keepends=True)
    made: list[str] = []
    at = 0
    while at < len(lines):
        found = _texts(lines, at)
        if not found:
            made.append(lines[at])
            at += 1
            continue
        at += sum(len(block) for block in found.values())
        blocks = {language: found[_sample_language(language)] for language in languages}
        made += _alone(made, found, languages[0]) if len(languages) == 1 else _all(blocks)
    return "".join(made)


_EN = re.compile(r"( *(?:- )?)en: ")


def _texts(lines: Sequence[str], at: int) -> Mapping[str, list[str]]:
    """The lines of the text in `en` at a place, and of the one in `zh` below it; or nothing."""
    start = _EN.match(lines[at])
    if not start:
        return {}
    indent = " " * len(start[1])
    found: dict[str, list[str]] = {}
    for language in ("en", "zh"):
        begin = f"{start[1] if language == 'en' else indent}{language}: "
        if not lines[at].startswith(begin):
            raise ValueError(f"line {at + 1} of a sample lacks the text in {language}")
        end = at + 1
        while end < len(lines) and lines[end].startswith(indent + " "):
            end += 1
        found[language] = [lines[at], *lines[at + 1 : end]]
        at = end
    return found


def _sample_language(language: str) -> str:
    """Which of the sample's texts serves a language; what it has is simplified Chinese."""
    primary, *subtags = language.lower().split("-")
    return "zh" if primary == "zh" and not {"hant", "tw", "hk", "mo"} & set(subtags) else "en"


def _all(blocks: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """A map with a text per language, or the names of a glossary's term."""
    bullet = next((b[0][: b[0].index("- ") + 2] for b in blocks.values() if "- en: " in b[0]), "")
    for place, (language, (first, *rest)) in enumerate(blocks.items()):
        head, _, value = first.partition(": ")
        indent = " " * (len(head) - 2)
        yield f"{bullet if bullet and place == 0 else indent}{language}: {value}"
        yield from rest


def _alone(made: list[str], found: Mapping[str, Sequence[str]], language: str) -> Iterator[str]:
    """One text in place of the map; a glossary's term keeps its language as a key."""
    first, *rest = found[_sample_language(language)]
    value = first.partition(": ")[2]
    if found["en"][0].lstrip().startswith("- "):
        yield f"{found['en'][0].partition('en: ')[0]}{language}: {value}"
        yield from rest
        return
    yield f"{made.pop().rstrip()} {value}"
    yield from (line[2:] for line in rest)
