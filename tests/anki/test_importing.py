"""Decks of the real Anki become projects, and the projects' packages are the same decks again."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from anki.collection import Collection, ExportAnkiPackageOptions
from anki.consts import CARD_TYPE_REV, QUEUE_TYPE_REV

from builder.build import build
from builder.build import package as built_package
from builder.cache import Cache
from builder.importing.canonical import canonical
from builder.importing.project import Choices, create
from builder.kept import clean
from builder.project import Project
from tests.anki import versions
from tests.anki.harness import import_package, imported, new_collection
from tests.conftest import ROOT

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


def add_type(
    collection: Collection, name: str, fields: Sequence[str], *sides: tuple[str, str]
) -> None:
    """A note type of somebody's own."""
    models = collection.models
    model = models.new(name)
    for field in fields:
        models.add_field(model, models.new_field(field))
    for number, (front, back) in enumerate(sides, 1):
        template = models.new_template(f"Card {number}")
        template["qfmt"], template["afmt"] = front, back
        models.add_template(model, template)
    model["css"] = ".card { background: url('_paper.png'); }"
    models.add(model)


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002"
    "00000500010d0a2db40000000049454e44ae426082"
)


def add_media(collection: Collection) -> dict[str, bytes]:
    """Files as people name them."""
    files = {
        "map of france.png": PNG,
        "übung_é.png": PNG + b"2",
        "hello (1).mp3": b"ID3 hello",
        "_paper.png": PNG + b"3",
        "100%.png": PNG + b"4",
    }
    return {collection.media.write_data(name, data): data for name, data in files.items()}


PLAIN = (
    basic("What is <b>x</b>?", "y<br>z", "Root::B", "a::b", "c"),
    basic("A formula", r"\(\frac{a}{b}\)", "Root::B"),
    basic("Bad formula", r"\(\nosuchmacro{a}\)", "Root::B"),
    basic("Water", "H<sub>2</sub>O", "Root"),
    basic("LaTeX", "[latex]\\begin{math}a\\end{math}[/latex] [$]x[/$]"),
    basic("Twice the same", "one"),
    basic("Twice the same", "two"),
    basic("A list", "<ul><li>one</li><li>two <i>three</i></li></ul>"),
    basic("<div>Lines</div><div><br></div><div>of Anki</div>", "&lt;b&gt; &amp; *stars* # $5"),
    basic("Script", '<script>alert(1)</script>kept <img src="https://example.org/x.png">'),
    Given("Basic (and reversed card)", "Root", {"Front": "Hund", "Back": "dog"}),
    Given(
        "Basic (optional reversed card)",
        "Root",
        {"Front": "Katze", "Back": "cat", "Add Reverse": "y"},
    ),
    Given("Basic (optional reversed card)", "Root", {"Front": "Maus", "Back": "mouse"}),
    Given("Basic (type in the answer)", "Root", {"Front": "1 + 1", "Back": "2"}),
)
CLOZES = (
    Given(
        "Cloze",
        "Clozes::Cities of France::Paris",
        {"Text": "{{c1::Paris}} is the {{c2::capital::what}}", "Back Extra": "<i>really</i>"},
        ("france",),
    ),
    Given("Cloze", "Clozes", {"Text": "{{c1::outer {{c2::inner}} }} and {{c4::<b>bold</b>}}"}),
    Given("Cloze", "Clozes", {"Text": r"\({{c1::\frac{a}{b} }}\) {{c2::\(x^2\)}}"}),
    Given(
        "Cloze", "Clozes", {"Text": "{{c1::std:<!-- -->:vector}} a::b", "Back Extra": "{{c3::x}}"}
    ),
    Given(
        "Image Occlusion",
        "Clozes",
        {
            "Occlusion": "{{c1::image-occlusion:rect:left=.1:top=.2:width=.3:height=.4}}<br>"
            "{{c2::image-occlusion:rect:left=.5:top=.2:width=.3:height=.4}}",
            "Image": '<img src="gone.png">',
        },
    ),
    Given("Cloze", "Other root", {"Text": "<pre>{{c1::print}}(x)</pre>"}),
)
#: Characters that Anki would read, written so that it does not.
LITERAL = (
    *(
        Given("Cloze", "Literal", {"Text": text})
        for text in (
            "{{c3::std&#58;&#58;x}}",
            "{{c1::a&#125;&#125;b}}",
            "{{c1::a&#58;&#58;b::h}}",
            "<code>&#123;&#123;c2::z&#125;&#125;</code> {{c1::y}}",
            "{{c1::p}} &#92;(no&#92;)",
            "{{c1::q &#123;&#123;c4::r&#125;&#125;}}",
        )
    ),
    basic("A literal", "&#92;(no&#92;)", "Literal"),
    basic("A sound?", "&#91;sound:no.mp3&#93;", "Literal"),
)
MEDIA = (
    basic("A picture", '<img src="map of france.png">', "Media"),
    basic("Another", 'two <img src="übung_é.png" width="30"> wide', "Media::Deep::Deeper"),
    basic("A percent sign", '<img src="100%.png">', "Media"),
    basic("A sound", "[sound:hello (1).mp3]", "Media"),
    basic("No such file", '<img src="gone.png"> [sound:gone.mp3]', "Media"),
    Given("Geo", "Media::Geo", {"Country": "France", "Capital": "Paris", "Map": ""}),
    Given(
        "Geo",
        "Media::Geo",
        {"Country": "Spain", "Capital": "Madrid", "Map": '<img src="map of france.png">'},
    ),
)
GEO = (
    ("{{Country}}", "{{FrontSide}}<hr id=answer>{{Capital}}{{Map}}"),
    ("{{#Map}}{{Map}}{{/Map}}", "{{Country}}"),
    ("{{type:Capital}}", "{{hint:Country}}"),
)
DECKS = {"plain": PLAIN, "clozes": CLOZES, "media": MEDIA, "literal": LITERAL}


def made_deck(collection: Collection, name: str) -> dict[str, bytes]:
    media = add_media(collection) if name == "media" else {}
    add_type(collection, "Geo", ["Country", "Capital", "Map"], *GEO)
    fill(collection, DECKS[name])
    return media


def fields(collection: Collection) -> dict[str, list[Any]]:
    """What each note shows."""
    notes = [collection.get_note(note) for note in collection.find_notes("")]
    return {note.guid: [canonical(clean(text)) for text in note.fields] for note in notes}


def types(collection: Collection) -> dict[str, Any]:
    database = collection.db
    assert database is not None
    used = database.list("select distinct mid from notes")
    models = [model for model in collection.models.all() if model["id"] in used]
    return {
        model["name"]: (
            model["id"],
            [(part["id"], part["name"]) for part in model["flds"]],
            [(t["id"], t["name"], t["qfmt"], t["afmt"]) for t in model["tmpls"]],
            model["css"],
            model.get("originalStockKind"),
        )
        for model in models
    }


@pytest.mark.parametrize("legacy", [True, False], ids=["old format", "new format"])
@pytest.mark.parametrize("name", DECKS)
def test_a_deck_stays_the_deck_that_learners_have(
    name: str, tmp_path: Path, cache: Cache, legacy: bool
) -> None:
    with new_collection() as learner:
        media = made_deck(learner, name)
        package = rebuilt(export(learner, tmp_path, legacy=legacy), tmp_path / "project", cache)
        before = (cards(learner), tags(learner), fields(learner), types(learner))
        count = len(DECKS[name])
        assert import_package(learner, package).counts() == {"duplicate": count}
        assert (cards(learner), tags(learner), fields(learner), types(learner)) == before
    with imported(package) as (fresh, log):
        assert log.counts() == {"new": count}
        assert (cards(fresh), tags(fresh)) == before[:2]
        decks = {deck for _, _, deck in before[0]}
        above = {name.rpartition("::")[0] for name in decks} - {""}
        assert {deck.name for deck in fresh.decks.all_names_and_ids()} - {
            "Default"
        } >= decks | above
        assert list(fresh.get_empty_cards().notes) == []
        folder = Path(fresh.media.dir())
        arrived = {file.name: file.read_bytes() for file in folder.iterdir()}
        assert set(media.values()) == set(arrived.values())
        missing = [name for name in fresh.media.check().missing if not name.startswith("latex-")]
        assert missing == {"plain": [], "literal": [], "clozes": ["gone.png"]}.get(
            name, ["gone.mp3", "gone.png"]
        )


def test_text_that_looks_like_a_cloze_is_shown_as_text(tmp_path: Path, cache: Cache) -> None:
    """And what looks like a formula or a sound is neither."""

    def shown(collection: Collection) -> dict[tuple[str, int], tuple[Any, ...]]:
        made: dict[tuple[str, int], tuple[Any, ...]] = {}
        for card_id in collection.find_cards(""):
            card = collection.get_card(card_id)
            output = card.render_output()
            made[card.note().guid, card.ord] = (
                canonical(output.question_text),
                canonical(output.answer_text),
                len(output.answer_av_tags),
            )
        return made

    with new_collection() as learner:
        made_deck(learner, "literal")
        before = (cards(learner), shown(learner))
        file = export(learner, tmp_path, legacy=True)
    with imported(rebuilt(file, tmp_path / "project", cache)) as (fresh, _):
        assert (cards(fresh), shown(fresh)) == before


def test_our_own_deck_stays_what_it_is(tmp_path: Path, cache: Cache) -> None:
    _, package = built_package(Project(ROOT), cache, NOW)
    file = tmp_path / "own.apkg"
    file.write_bytes(package)
    again = rebuilt(file, tmp_path / "project", cache)
    with imported(package) as (learner, _):
        before = (cards(learner), tags(learner), types(learner))
        count = learner.note_count()
        assert import_package(learner, again).counts() == {"duplicate": count}
        assert (cards(learner), tags(learner), types(learner)) == before
        shown = fields(learner)
    with imported(again) as (fresh, log):
        assert log.counts() == {"new": count}
        assert (cards(fresh), tags(fresh)) == before[:2]
        assert fields(fresh) == shown


def test_a_correction_reaches_learners_and_costs_them_nothing(tmp_path: Path, cache: Cache) -> None:
    with new_collection() as learner:
        made_deck(learner, "plain")
        folder = tmp_path / "project"
        create(export(learner, tmp_path, legacy=True), folder, Choices("again"), cache, NOW)
        [card_id] = learner.find_cards('"Front:What is*"')
        learner.decks.select(learner.get_card(card_id).did)
        card = learner.get_card(card_id)
        card.type, card.queue = CARD_TYPE_REV, QUEUE_TYPE_REV
        card.ivl, card.due, card.reps = 40, 50, 7
        learner.update_card(card)
        before = cards(learner)
        topic = folder / "content" / "topics" / "b.yaml"
        topic.write_text(
            topic.read_text("utf-8").replace("What is **x**?", "What is `x`?"), "utf-8"
        )
        built = build(Project(folder), cache, now=NOW + 60, names=("again.apkg",))
        log = import_package(learner, built.artifacts[0].data)
        assert log.counts() == {"updated": 1, "duplicate": len(PLAIN) - 1}
        card = learner.get_card(card_id)
        assert card.note()["Front"] == "What is <code>x</code>?"
        assert (card.type, card.ivl, card.due, card.reps) == (2, 40, 50, 7)
        assert set(card.note().tags) == {"a::b", "c"}
        assert cards(learner) == before


@pytest.mark.slow
@pytest.mark.parametrize("anki", versions.OLDER)
def test_every_format_of_older_versions(anki: str, tmp_path: Path, cache: Cache) -> None:
    subprocess.run(
        [sys.executable, "-P", "-S", str(versions.HERE / "exporter.py"), str(tmp_path)],
        env={"PYTHONPATH": str(versions.packages(anki)), "PATH": os.environ["PATH"]},
        check=True,
    )
    for name in ("old", "new", "python"):
        package = rebuilt(tmp_path / f"{name}.apkg", tmp_path / name, cache)
        with new_collection() as learner:
            original = (tmp_path / f"{name}.apkg").read_bytes()
            assert import_package(learner, original).counts() == {"new": 3}
            before = (cards(learner), tags(learner))
            assert import_package(learner, package).counts() == {"duplicate": 3}
            assert (cards(learner), tags(learner)) == before
        with imported(package) as (fresh, _):
            assert (cards(fresh), tags(fresh)) == before
            assert b"a picture" in [f.read_bytes() for f in Path(fresh.media.dir()).iterdir()]


def test_no_deck_arrives_empty(tmp_path: Path, cache: Cache) -> None:
    with new_collection() as learner:
        fill(learner, [basic("q?", "a", "One <b>"), basic("r?", "b", "Two::Three")])
        package = rebuilt(export(learner, tmp_path, legacy=True), tmp_path / "project", cache)
    with imported(package) as (fresh, _):
        names = {deck.name for deck in fresh.decks.all_names_and_ids()}
        assert names == {"Default", "One <b>", "Two", "Two::Three"}


def test_a_text_file_that_anki_exports(tmp_path: Path, cache: Cache) -> None:
    with new_collection() as learner:
        made_deck(learner, "plain")
        file = tmp_path / "notes.txt"
        learner.export_note_csv(
            out_path=str(file),
            limit=None,
            with_html=True,
            with_tags=True,
            with_deck=True,
            with_notetype=True,
            with_guid=True,
        )
        before = (cards(learner), tags(learner), fields(learner))
    with imported(rebuilt(file, tmp_path / "project", cache)) as (fresh, _):
        assert tags(fresh) == before[1]
        # A text file does not tell of templates: each note has its first card.
        assert cards(fresh) == {card for card in before[0] if card[1] == 0}
        shown = fields(fresh)
        assert {guid: texts[:2] for guid, texts in shown.items()} == {
            guid: texts[:2] for guid, texts in before[2].items()
        }
