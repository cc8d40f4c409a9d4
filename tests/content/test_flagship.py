"""Promises about the deck in content/, kept by its real content."""

import re
import tempfile
from html import unescape
from pathlib import Path

import genanki
import pytest

from builder import lock
from builder.build import check, package
from builder.cache import Cache
from builder.load import Loaded
from builder.project import Project
from builder.targets import anki, faces

ROOT = Path(__file__).parents[2]
PROJECT = Project(ROOT)
NOW = 1_790_000_000
#: Formulas, which MathJax reads, and code, where any sign is itself.
_UNREAD = re.compile(r"\\\(.*?\\\)|\\\[.*?\\\]|<pre.*?</pre>|<code>.*?</code>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


@pytest.fixture(scope="module")
def loaded(cache: Cache) -> Loaded:
    return check(PROJECT, cache, NOW)


def test_the_lock_is_up_to_date(loaded: Loaded) -> None:
    """`build --locked`, which releases use, must not fail on what is committed."""
    path = PROJECT.content / "deck.lock"
    old = lock.read(path, "deck.lock")
    new, problems = anki.next_lock(loaded.deck, loaded.notes, PROJECT, old, NOW, loaded.spans.get)
    assert problems == []
    assert new.text == path.read_text("utf-8"), "run `python3 make.py build`, commit the lock"


def test_the_package_is_a_quarter_of_what_genanki_writes(
    loaded: Loaded, cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # genanki never deletes its own
    models: dict[str, genanki.Model] = {}
    deck = genanki.Deck(1, "plain")
    for note in loaded.notes:
        if note.kind not in models:
            models[note.kind] = genanki.Model(
                2 + len(models),
                note.kind,
                fields=[{"name": name} for name in faces.field_names(note.kind, ("zh", "en"))],
                templates=[{"name": "Card", "qfmt": "{{Key}}", "afmt": "{{Key}}"}],
            )
        fields = models[note.kind].fields
        deck.add_note(
            genanki.Note(models[note.kind], [note.fields.get(f["name"], "") for f in fields])
        )
    genanki.Package(deck).write_to_file(tmp_path / "plain.apkg")
    _, ours = package(PROJECT, cache, NOW)
    theirs = (tmp_path / "plain.apkg").stat().st_size
    assert theirs >= 4 * len(ours), f"{theirs / len(ours):.2f} times smaller"


def test_nothing_of_the_source_shows_on_cards(loaded: Loaded) -> None:
    for note in loaded.notes:
        for name, html in note.fields.items():
            text = _UNREAD.sub("", html)
            assert "$" not in text, f"{note.key} {name}"
            assert "**" not in text, f"{note.key} {name}"
            if not name.startswith("Text"):
                assert "{{" not in text, f"{note.key} {name}"
                assert "}}" not in text, f"{note.key} {name}"


def test_every_item_has_a_source_and_both_languages(loaded: Loaded) -> None:
    for _, item_id, item in loaded.deck.items():
        assert item.refs, item_id
        assert set(item.question) == set(item.answer) == {"zh", "en"}
        assert item.facts, item_id


def test_apostrophes_are_those_of_print(loaded: Loaded) -> None:
    """Curly, as the quotation marks are: one form in the source, on cards and on paper."""
    for note in loaded.notes:
        for name, html in note.fields.items():
            text = unescape(_TAG.sub("", _UNREAD.sub("", html)))
            assert not re.search(r"\w'\w", text), f"{note.key} {name}"
