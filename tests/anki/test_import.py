"""Packages in the real Anki: everything arrives, again changes nothing, updates are gentle."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from anki.collection import Collection, ImportCsvRequest

from builder.lock import Lock
from builder.model import Deck
from builder.project import Project
from builder.targets import anki, faces
from builder.targets.notes import notes
from tests.anki.harness import import_package, new_collection
from tests.unit.targets.test_anki import FULL, SIMPLE, lock_of, make_deck, render

NOW = 1_790_000_000
ITEMS: dict[str, dict[str, Any]] = {
    "full": FULL,
    "nested": SIMPLE
    | {"facts": {"f": {"zh": "{{c1::甲{{c3::乙}}}}", "en": "{{c1::A {{c3::B}}}}"}}},
    **{f"simple-{n}": SIMPLE for n in range(8)},
}
NOTES, CARDS = 13, 15


@pytest.fixture
def project(tmp_path: Path) -> Project:
    figures = tmp_path / "content" / "figures" / "sub"
    figures.mkdir(parents=True)
    (figures / "My dot.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    return Project(tmp_path)


@pytest.fixture
def collection() -> Iterator[Collection]:
    with new_collection() as made:
        yield made


@pytest.fixture
def deck() -> Deck:
    return make_deck(ITEMS)


@pytest.fixture
def lock(deck: Deck, project: Project) -> Lock:
    return lock_of(deck, project, now=NOW)


def corrected() -> Deck:
    """The next release: two questions reworded."""
    new = {"question": {"zh": "新问", "en": "New"}}
    return make_deck(ITEMS | {"simple-1": SIMPLE | new, "simple-2": SIMPLE | new})


def state(collection: Collection) -> dict[str, list[Any]]:
    """Everything that a learner could lose."""
    database = collection.db
    assert database is not None
    return {
        "notes": database.all("select guid, mod, tags, flds from notes order by guid"),
        "cards": database.all("select id, nid, did, ord, due, queue, ivl, flags from cards"),
        "reviews": database.all("select * from revlog"),
        "note types": database.all("select id, name, mtime_secs from notetypes order by id"),
        "decks": database.all("select id, name from decks"),
    }


def test_everything_arrives_and_again_nothing(
    collection: Collection, deck: Deck, project: Project, lock: Lock
) -> None:
    names = {n.name for n in collection.models.all_names_and_ids()}
    package = render(deck, project, lock)
    assert import_package(collection, package).counts() == {"new": NOTES}
    assert (collection.note_count(), collection.card_count()) == (NOTES, CARDS)
    assert {n.name for n in collection.models.all_names_and_ids()} - names == {
        "demo · Q&A",
        "demo · Cloze",
    }
    assert {d.name for d in collection.decks.all_names_and_ids()} == {"Default", "演示"}
    assert list(collection.get_empty_cards().notes) == []
    media = collection.media.check()
    assert (list(media.missing), list(media.unused)) == ([], [])
    before = state(collection)
    assert import_package(collection, package).counts() == {"duplicate": NOTES}
    assert state(collection) == before
    assert collection.fix_integrity()[1]
    assert (collection.note_count(), collection.card_count()) == (NOTES, CARDS)


def test_ids_and_times_are_those_of_the_lock(
    collection: Collection, deck: Deck, project: Project, lock: Lock
) -> None:
    import_package(collection, render(deck, project, lock))
    for kind, entry in lock.note_types.items():
        made = collection.models.by_name(entry.name)
        assert made is not None
        assert made["id"] == entry.id, kind
        assert made["mod"] == entry.changed_at
        assert [(f["id"], f["name"]) for f in made["flds"]] == [
            (f.id, f.name) for f in entry.fields
        ]
        assert [t["id"] for t in made["tmpls"]] == [t.id for t in entry.templates]
        assert made["sortf"] == faces.SORT_FIELD
    for note_id in collection.find_notes(""):
        note = collection.get_note(note_id)
        kept = lock.notes[note["Key"]]
        assert (note.guid, note.mod) == (kept.guid, kept.changed_at)
        assert tuple(sorted(card.ord + 1 for card in note.cards())) == kept.numbers


def test_cards_come_in_the_order_of_the_source(
    collection: Collection, deck: Deck, project: Project, lock: Lock
) -> None:
    import_package(collection, render(deck, project, lock))
    cards = [collection.get_card(card) for card in collection.find_cards("", order="c.due, c.ord")]
    keys = list(dict.fromkeys(card.note()["Key"] for card in cards))
    assert keys == [note.key for note in notes(deck, project)]


def test_no_side_shows_markup(
    collection: Collection, deck: Deck, project: Project, lock: Lock
) -> None:
    import_package(collection, render(deck, project, lock))
    for card_id in collection.find_cards("-Key:full"):
        output = collection.get_card(card_id).render_output()
        for side in (output.question_text, output.answer_text):
            assert "{{" not in side
            assert "problem" not in side
            assert "No cloze" not in side


def test_only_corrected_notes_are_touched(
    collection: Collection, deck: Deck, project: Project, lock: Lock
) -> None:
    import_package(collection, render(deck, project, lock))
    [mine] = collection.find_notes("Key:simple-3")
    note = collection.get_note(mine)
    note.tags += ["marked", "mine"]
    note["Answer en"] = "my own words"
    collection.update_note(note)
    later = corrected()
    new_lock = lock_of(later, project, lock, NOW + 86_400)
    log = import_package(collection, render(later, project, new_lock))
    assert log.counts() == {"updated": 2, "duplicate": NOTES - 2}
    assert len(collection.find_notes('"Question en:New"')) == 2
    kept = collection.get_note(mine)
    assert {"marked", "mine"} <= set(kept.tags)
    assert kept["Answer en"] == "my own words"


def test_a_language_variant_switches_the_style_and_nothing_else(
    collection: Collection, deck: Deck, project: Project, lock: Lock
) -> None:
    import_package(collection, render(deck, project, lock))
    before = state(collection)
    variant = render(deck, project, lock, "en")
    log = import_package(collection, variant, note_types="always")
    assert log.counts() == {"duplicate": NOTES}
    after = state(collection)
    assert {k: v for k, v in after.items() if k != "note types"} == {
        k: v for k, v in before.items() if k != "note types"
    }
    made = collection.models.by_name("demo · Q&A")
    assert made is not None
    assert '[lang="zh-Hans"] { display: none; }' in made["css"]


def test_a_new_language_is_no_conflict(
    collection: Collection, deck: Deck, project: Project, lock: Lock
) -> None:
    import_package(collection, render(deck, project, lock))
    items = {
        "simple-1": {
            k: v if isinstance(v, str) else v | {"ja": "日本語"} for k, v in SIMPLE.items()
        }
    }
    later = make_deck(items, ("zh", "en", "ja"))
    old = Lock(lock.deck, lock.note_types, {"simple-1": lock.notes["simple-1"]})
    new_lock = lock_of(later, project, old, NOW + 86_400)
    log = import_package(collection, render(later, project, new_lock))
    assert log.counts() == {"updated": 1}
    [note_id] = collection.find_notes("Key:simple-1")
    assert collection.get_note(note_id)["Answer ja"] == "日本語"
    assert len([n for n in collection.models.all_names_and_ids() if "demo" in n.name]) == 2


def test_the_text_update_is_gentler_still(
    collection: Collection, deck: Deck, project: Project, lock: Lock, tmp_path: Path
) -> None:
    import_package(collection, render(deck, project, lock))
    [mine] = collection.find_notes("Key:simple-1")
    note = collection.get_note(mine)
    note.tags += ["marked", "mine"]
    collection.update_note(note)
    added = {"new": FULL | {"question": {"zh": '引"号', "en": "a\n\n- b\n- c"}}}
    changed = {"simple-1": SIMPLE | {"answer": {"zh": "改", "en": "Changed"}}}
    later = make_deck(ITEMS | changed | added)
    new_lock = lock_of(later, project, lock, NOW + 86_400)
    file = tmp_path / "update.txt"
    file.write_text(anki.update_text(later, notes(later, project), new_lock, lock), "utf-8")
    request = ImportCsvRequest(
        path=str(file), metadata=collection.get_csv_metadata(str(file), None)
    )
    log = collection.import_csv(request).log
    assert (len(log.updated), len(log.new), len(log.conflicting)) == (1, 3, 0)
    kept = collection.get_note(mine)
    assert kept["Answer en"] == "Changed"
    assert {"marked", "mine", "demo::level::deep"} <= set(kept.tags)
    for written in notes(later, project):
        [note_id] = collection.find_notes(f"Key:{written.key}")
        arrived = {name: text for name, text in collection.get_note(note_id).items() if text}
        assert arrived == {name: text for name, text in written.fields.items() if text}


def test_no_guid_makes_a_comment_of_a_note(
    collection: Collection, deck: Deck, project: Project, lock: Lock, tmp_path: Path
) -> None:
    """Guids of imported notes are Anki's own, and those may begin with `#`."""
    import_package(collection, render(deck, project, lock))
    note = replace(lock.notes["simple-1"], guid="#abc!x")
    strange = Lock(lock.deck, lock.note_types, {**lock.notes, "simple-1": note})
    since = Lock(lock.deck, lock.note_types, {k: v for k, v in lock.notes.items() if k != note.key})
    file = tmp_path / "update.txt"
    file.write_text(anki.update_text(deck, notes(deck, project), strange, since), "utf-8")
    request = ImportCsvRequest(
        path=str(file), metadata=collection.get_csv_metadata(str(file), None)
    )
    assert collection.import_csv(request).log.found_notes == 1
    assert collection.db is not None
    assert collection.db.scalar("select count() from notes where guid = '#abc!x'") == 1
