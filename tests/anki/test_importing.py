"""Decks of the real Anki become projects, and the projects' packages are the same decks again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from anki.collection import Collection, ExportAnkiPackageOptions

from builder.build import build
from builder.cache import Cache
from builder.importing.project import Choices, create
from builder.project import Project
from tests.anki.harness import import_package, imported, new_collection

NOW = 1_900_000_000


@dataclass(frozen=True, slots=True)
class Given:
    """A note to make: note type, deck, fields, tags."""

    kind: str
    deck: str
    fields: Mapping[str, str]
    tags: Sequence[str] = ()


def basic(front: str, back: str, deck: str = "Root", *tags: str) -> Given:
    return Given("Basic", deck, {"Front": front, "Back": back}, tags)


def fill(collection: Collection, notes: Sequence[Given]) -> None:
    for given in notes:
        model = collection.models.by_name(given.kind)
        assert model is not None
        note = collection.new_note(model)
        for name, text in given.fields.items():
            note[name] = text
        note.tags = list(given.tags)
        deck = collection.decks.id(given.deck)
        assert deck is not None
        collection.add_note(note, deck)


def export(collection: Collection, folder: Path, *, legacy: bool) -> Path:
    file = folder / ("old.apkg" if legacy else "new.apkg")
    options = ExportAnkiPackageOptions(
        with_scheduling=False, with_deck_configs=False, with_media=True, legacy=legacy
    )
    collection.export_anki_package(out_path=str(file), options=options, limit=None)
    return file


def rebuilt(file: Path, folder: Path, cache: Cache) -> bytes:
    """The package of the project that a file becomes."""
    create(file, folder, Choices("again"), cache, NOW)
    project = Project(folder)
    built = build(project, cache, now=NOW + 1, names=("again.apkg",), locked=True)
    return built.artifacts[0].data


def cards(collection: Collection) -> set[tuple[str, int, str]]:
    """Guid, card and deck of every card."""
    database = collection.db
    assert database is not None
    rows = database.all("select n.guid, c.ord, c.did from cards c join notes n on n.id = c.nid")
    return {(guid, number, collection.decks.name(deck)) for guid, number, deck in rows}


def tags(collection: Collection) -> dict[str, set[str]]:
    notes = [collection.get_note(note) for note in collection.find_notes("")]
    return {note.guid: set(note.tags) for note in notes}


NOTES = (
    basic("What is <b>x</b>?", "y<br>z", "Root::B", "a::b", "c"),
    basic("A formula", r"\(\frac{a}{b}\)", "Root::B"),
    basic("Water", "H<sub>2</sub>O", "Root"),
    Given(
        "Cloze",
        "Root::C",
        {"Text": "{{c1::Paris}} is the {{c2::capital::what}}", "Back Extra": "<i>really</i>"},
        ("france",),
    ),
    Given("Basic (and reversed card)", "Root", {"Front": "Hund", "Back": "dog"}),
)


@pytest.mark.parametrize("legacy", [True, False])
def test_a_deck_stays_the_deck_that_learners_have(
    tmp_path: Path, cache: Cache, legacy: bool
) -> None:
    with new_collection() as learner:
        fill(learner, NOTES)
        package = rebuilt(export(learner, tmp_path, legacy=legacy), tmp_path / "project", cache)
        before, tagged = cards(learner), tags(learner)
        assert import_package(learner, package).counts() == {"duplicate": len(NOTES)}
        assert (cards(learner), tags(learner)) == (before, tagged)
    with imported(package) as (fresh, log):
        assert log.counts() == {"new": len(NOTES)}
        assert (cards(fresh), tags(fresh)) == (before, tagged)
