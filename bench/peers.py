"""Other tools that turn a text source into `.apkg`, fed with as much of a deck as they know.

Each gets the same texts, both languages on one card, in its own format: of an item all that our
Basic note says but its figure, of a fact the sentence alone. None has several languages, languages
to switch, figures, anything checked, or a lock.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.model import Deck, Item

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool.

    Attributes:
        name: Its name on PyPI.
        version: The one measured.
        python: The least Python that it runs on.
        lacks: What of the deck it cannot hold.
        write: Writes its source into a folder.
        command: Its command in a folder of programs; makes `deck.apkg` or the like.
    """

    name: str
    version: str
    python: tuple[int, int]
    lacks: str
    write: Callable[[Deck, Path], None]
    command: Callable[[Path], Sequence[str]]


def _questions(deck: Deck) -> list[Pair]:
    """Front and back of each question as Markdown."""
    return [
        (" / ".join(item.question[language] for language in deck.languages), _back(deck, item))
        for _, _, item in deck.items()
    ]


def _back(deck: Deck, item: Item) -> str:
    """All that stands behind a question, in the order of our cards."""
    texts = [" / ".join(item.answer[language] for language in deck.languages)]
    texts += [f"$${item.formula.strip()}$$"] if item.formula else []
    texts += [f"```{item.code.language}\n{item.code.source.strip()}\n```"] if item.code else []
    for part in (item.table, item.pitfall, item.detail):
        texts += [part[language].strip() for language in deck.languages] if part else []
    return "\n\n".join([*texts, *item.refs])


def _clozes(deck: Deck) -> list[str]:
    return [
        " / ".join(fact[language] for language in deck.languages)
        for _, _, item in deck.items()
        for fact in item.facts.values()
    ]


def _without_cloze(text: str) -> Pair:
    """A fact as a question, for tools that have no clozes."""
    return text.replace("{{c1::", "[").replace("}}", "]"), text.replace("{{c1::", "").replace(
        "}}", ""
    )


def _yaml2anki(deck: Deck, folder: Path) -> None:
    pairs = [*_questions(deck), *map(_without_cloze, _clozes(deck))]
    lines = [
        f"  - front: {json.dumps(front, ensure_ascii=False)}\n"
        f"    back: {json.dumps(back, ensure_ascii=False)}\n    tags: [bench]\n"
        for front, back in pairs
    ]
    (folder / "deck.yaml").write_text("deck_name: Bench\ncards:\n" + "".join(lines), "utf-8")


def _anki_yaml_tool(deck: Deck, folder: Path) -> None:
    pairs = [*_questions(deck), *map(_without_cloze, _clozes(deck))]
    lines = [
        f"- front: {json.dumps(front, ensure_ascii=False)}\n"
        f"  back: {json.dumps(back, ensure_ascii=False)}\n  tags: [bench]\n"
        for front, back in pairs
    ]
    head = (
        "config:\n  name: Bench\n  fields: [Front, Back]\n  templates:\n"
        "  - {name: Card, qfmt: '{{Front}}', afmt: '{{Back}}'}\n"
        "  css: ''\ndeck-name: Bench\ndata:\n"
    )
    (folder / "deck.yaml").write_text(head + "".join(lines), "utf-8")


def _ankcompiler(deck: Deck, folder: Path) -> None:
    bodies = [f"{front} ::: {back}" for front, back in _questions(deck)] + _clozes(deck)
    blocks = (f"---\n\n{body}\n\n---\n[^uid]: n{number:09}\n" for number, body in enumerate(bodies))
    (folder / "deck.md").write_text("---\ndeck: Bench\n---\n\n" + "\n".join(blocks), "utf-8")


PEERS = (
    Peer(
        "yaml2anki",
        "0.1.4",
        (3, 13),
        "clozes, Markdown, formulas, figures",
        _yaml2anki,
        lambda bin: [str(bin / "yaml2anki"), "deck.yaml", "-o", "deck.apkg"],
    ),
    Peer(
        "anki-yaml-tool",
        "0.4.0",
        (3, 11),
        "clozes beside questions, Markdown, formulas, figures",
        _anki_yaml_tool,
        lambda bin: [
            str(bin / "anki-yaml-tool"),
            *("build", "--file", "deck.yaml", "--output", "deck.apkg"),
        ],
    ),
    Peer(
        "ankcompiler",
        "0.6.0",
        (3, 11),
        "figures",
        _ankcompiler,
        lambda bin: [str(bin / "ankc"), "build", "--all", "--path", ".", "--output", "."],
    ),
)


def install(name: str, version: str, folder: Path, python: tuple[int, int] = (3, 11)) -> Path:
    """Install a tool into an environment of its own, once.

    Args:
        name: Its name on PyPI.
        version: Which version.
        folder: Where the environments are.
        python: The least Python that it runs on.

    Returns:
        The folder of its programs.

    Raises:
        subprocess.CalledProcessError: There is no such Python, or the installation failed.
    """
    environment = folder / f"{name}-{version}"
    programs = environment / "bin"
    done = environment / "installed"
    if not done.exists():
        subprocess.run([_python(python), "-m", "venv", "--clear", environment], check=True)
        subprocess.run(
            [programs / "python", "-m", "pip", "install", "-q", f"{name}=={version}"],
            check=True,
        )
        done.touch()
    return programs


def _python(least: tuple[int, int]) -> str:
    """A Python that is new enough: this one, or one on the path."""
    if sys.version_info >= least:
        return sys.executable
    return f"python{least[0]}.{least[1]}"
