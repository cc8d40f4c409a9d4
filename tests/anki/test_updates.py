"""What an update does to someone who has studied for weeks, in the real Anki.

An author publishes releases of a small deck through the ordinary build; a learner imports them with
the dialogue's default options, on other days, and studies in between. docs/learners.md promises
what is proved here. The older versions of Anki are marked slow.
"""

import copy
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import genanki
import pytest
import yaml

from builder.build import build
from builder.cache import Cache
from builder.diff import compare, snapshot
from builder.project import Project
from tests.anki.versions import CURRENT, OLDER, Step, run

EVERY = [CURRENT, *(pytest.param(anki, marks=pytest.mark.slow) for anki in OLDER)]
#: These give an updated note the time of the import instead of the author's.
STAMPING = ("24.11", "23.12.1", "2.1.54")

DECK = {
    "id": "demo",
    "title": {"zh": "演示", "en": "Demo"},
    "languages": ["zh", "en"],
    "licence": "CC0",
    "description": {"zh": "说明", "en": "About"},
    "topics": ["first"],
    "outputs": {
        "both.apkg": {"target": "anki"},
        "zh.apkg": {"target": "anki", "languages": ["zh"]},
        "en.apkg": {"target": "anki", "languages": ["en"]},
    },
}
# b1 to b8 are questions; b1 to b4 have a fact each, of two clozes.
NOTES, CARDS = 12, 16
STUDIED = ["b1/1", "b2/1", "b3/1", "b5/1", "b6/1", "b7/1", "b1.f/1", "b1.f/2", "b2.f/1"]


def question(number: int, edition: int = 1) -> dict[str, str]:
    return {
        "zh": f"第 {number} 种水果叫什么（第 {edition} 版）？",
        "en": f"What is fruit number {number} (edition {edition})?",
    }


def answer(number: int, edition: int = 1) -> dict[str, str]:
    return {
        "zh": f"第 {number} 个答案（第 {edition} 版）。",
        "en": f"Answer number {number} (edition {edition}).",
    }


def fact(number: int, *, pears: bool = False) -> dict[str, str]:
    zh, en = ("、{{c3::梨子}}", ", {{c3::pears}}") if pears else ("", "")
    return {
        "zh": f"{{{{c1::苹果}}}}、{{{{c2::香蕉}}}}{zh}都在第 {number} 组。",
        "en": f"{{{{c1::Apples}}}}, {{{{c2::bananas}}}}{en} are all in group {number}.",
    }


class Author:
    """A project that grows from release to release."""

    def __init__(self, folder: Path, cache: Cache) -> None:
        self.folder = folder
        self.cache = cache
        self.retired: dict[str, dict[str, str]] = {}
        self.style = ""
        self.deck: dict[str, Any] = copy.deepcopy(DECK)
        self.title = {"zh": "其一", "en": "First"}
        self.items: dict[str, Any] = {}
        for number in range(1, 9):
            item: dict[str, Any] = {
                "level": "core",
                "question": question(number),
                "answer": answer(number),
                "refs": ["arXiv:1706.03762"],
            }
            if number <= 4:
                item["facts"] = {"f": fact(number)}
            self.items[f"b{number}"] = item
        self.releases = 0

    def translate(self, language: str) -> None:
        """Say everything in one more language."""
        self.deck["languages"].append(language)
        for part in (self.deck["title"], self.deck["description"], self.title):
            part |= {language: part["en"]}
        for item in self.items.values():
            for texts in (item["question"], item["answer"], *item.get("facts", {}).values()):
                texts |= {language: f"{language} {texts['en']}"}

    def release(self, day: str, name: str = "both.apkg") -> str:
        """Publish what there is now; the package's path."""
        content = self.folder / "content"
        (content / "topics").mkdir(parents=True, exist_ok=True)
        topic = {"title": self.title, "items": self.items}
        for file, data in (
            ("deck.yaml", self.deck),
            ("topics/first.yaml", topic),
            ("retired.yaml", self.retired),
        ):
            text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
            (content / file).write_text(text, "utf-8")
        if self.style:
            own = self.folder / "templates" / "anki"
            own.mkdir(parents=True, exist_ok=True)
            (own / "style.css").write_text(self.style, "utf-8")
        now = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
        built = build(Project(self.folder), self.cache, now=now)
        [made] = [artifact for artifact in built.artifacts if artifact.name == name]
        self.releases += 1
        package = self.folder / f"{self.releases}-{name}"
        package.write_bytes(made.data)
        return str(package)


@pytest.fixture
def author(tmp_path: Path, cache: Cache) -> Author:
    return Author(tmp_path / "project", cache)


def get(package: str, day: str, **options: str) -> Step:
    return {"at": f"{day} 10:00:00", "do": "import", "package": package, **options}


def look(name: str, day: str) -> Step:
    return {"at": f"{day} 23:00:00", "do": "state", "name": name}


def study(cards: Sequence[str] = STUDIED) -> list[Step]:
    """Six reviews of each card: two the first day, then ever farther apart."""
    days = ["02 11:00", "02 12:00", "03 11:00", "06 11:00", "13 11:00", "28 11:00"]
    return [{"at": f"2026-01-{day}:00", "do": "answer", "cards": list(cards)} for day in days]


def settle_in(day: str = "2026-01-29 12:00:00") -> list[Step]:
    """All that learners do to make a deck their own; nothing of it touches b1 or b8."""
    own: list[Step] = [
        {"do": "suspend", "cards": ["b4/1", "b2.f/2"]},
        {"do": "flag", "cards": ["b7/1"], "flag": 3},
        {"do": "move", "cards": ["b3/1"], "deck": "My own"},
        {"do": "tag", "note": "b5", "tag": "mine"},
        {"do": "tag", "note": "b7", "tag": "marked"},
        {"do": "edit", "note": "b6", "field": "Answer en", "text": "in my own words"},
        {"do": "style", "css": "\n.card { color: purple; }"},
    ]
    return [{"at": day, **step} for step in own]


LIFE = [*study(), *settle_in(), look("before", "2026-01-30")]


def without(state: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {**state, "notes": {k: v for k, v in state["notes"].items() if k not in keys}}


def test_the_learner_really_lives_for_weeks(author: Author) -> None:
    """The simulation is worth something only if there is something to lose."""
    story = run(CURRENT, [get(author.release("2026-01-01"), "2026-01-02"), *LIFE])
    state = story.states["before"]
    assert story.imports == [{"new": NOTES}]
    assert len(state["cards"]) == CARDS
    assert len(state["reviews"]) == 6 * len(STUDIED)
    assert min(state["cards"][card]["ivl"] for card in STUDIED) > 20
    assert state["cards"]["b4/1"]["queue"] == -1
    assert state["cards"]["b7/1"]["flags"] == 3
    assert state["cards"]["b3/1"]["deck"] == "My own"
    assert "mine" in state["notes"]["b5"]["tags"]
    assert "marked" in state["notes"]["b7"]["tags"]
    assert all("purple" in kind["css"] for kind in state["note types"].values())


@pytest.mark.parametrize("anki", EVERY)
def test_two_corrections_touch_two_notes(anki: str, author: Author) -> None:
    first = author.release("2026-01-01")
    author.items["b1"]["answer"] = answer(1, 2)
    author.items["b8"]["question"] = question(8, 2)
    second = author.release("2026-02-10")
    story = run(
        anki,
        [
            get(first, "2026-01-02"),
            *LIFE,
            get(second, "2026-02-15"),
            look("after", "2026-02-15"),
            {"at": "2026-02-15 23:30:00", "do": "check_database"},
            look("checked", "2026-02-16"),
        ],
    )
    before, after = story.states["before"], story.states["after"]
    assert story.imports[1] == {"updated": 2, "duplicate": NOTES - 2}
    assert after["notes"]["b1"]["fields"]["Answer en"] == answer(1, 2)["en"]
    assert after["notes"]["b8"]["fields"]["Question en"] == question(8, 2)["en"]
    assert without(after, "b1", "b8") == without(before, "b1", "b8")
    assert after["empty cards"] == 0
    assert without(story.states["checked"], "b1", "b8") == without(before, "b1", "b8")


@pytest.mark.slow
def test_the_importer_that_2_1_54_offers_by_default(author: Author) -> None:
    first = author.release("2026-01-01")
    author.items["b1"]["answer"] = answer(1, 2)
    author.items["b4"]["facts"]["f"] = fact(4, pears=True)
    second = author.release("2026-02-10")
    story = run(
        "2.1.54",
        [
            get(first, "2026-01-02", importer="old"),
            *LIFE,
            get(second, "2026-02-15", importer="old"),
            look("after", "2026-02-15"),
        ],
    )
    before, after = story.states["before"], story.states["after"]
    assert story.imports[1] == {"updated": 2, "duplicate": NOTES - 2}
    assert after["notes"]["b1"]["fields"]["Answer en"] == answer(1, 2)["en"]
    assert after["cards"].pop("b4.f/3")["reps"] == 0
    assert without(after, "b1", "b4.f") == without(before, "b1", "b4.f")


@pytest.mark.parametrize("anki", EVERY)
def test_the_same_content_built_a_month_later_changes_nothing(anki: str, author: Author) -> None:
    first = author.release("2026-01-01")
    second = author.release("2026-02-01")
    assert Path(first).read_bytes() == Path(second).read_bytes()
    story = run(
        anki,
        [get(first, "2026-01-02"), *LIFE, get(second, "2026-02-15"), look("after", "2026-02-15")],
    )
    assert story.imports[1] == {"duplicate": NOTES}
    assert story.states["after"] == story.states["before"]


@pytest.mark.parametrize("anki", EVERY)
def test_a_new_cloze_is_a_new_card_beside_the_old(anki: str, author: Author) -> None:
    first = author.release("2026-01-01")
    author.items["b1"]["facts"]["f"] = fact(1, pears=True)
    second = author.release("2026-02-10")
    story = run(
        anki,
        [get(first, "2026-01-02"), *LIFE, get(second, "2026-02-15"), look("after", "2026-02-15")],
    )
    before, after = story.states["before"], story.states["after"]
    assert story.imports[1] == {"updated": 1, "duplicate": NOTES - 1}
    new = after["cards"].pop("b1.f/3")
    assert (new["type"], new["reps"], new["deck"]) == (0, 0, "演示")
    assert without(after, "b1.f") == without(before, "b1.f")
    assert after["empty cards"] == 0


@pytest.mark.parametrize("anki", EVERY)
def test_new_questions_arrive_and_withdrawn_ones_stay(anki: str, author: Author) -> None:
    first = author.release("2026-01-01")
    author.items["b9"] = {**copy.deepcopy(author.items["b8"]), "question": question(9)}
    del author.items["b2"]
    author.retired["b2"] = {"reason": "outdated", "on": "2026-02"}
    second = author.release("2026-02-10")
    story = run(
        anki,
        [get(first, "2026-01-02"), *LIFE, get(second, "2026-02-15"), look("after", "2026-02-15")],
    )
    before, after = story.states["before"], story.states["after"]
    assert story.imports[1] == {"new": 1, "duplicate": NOTES - 2}
    assert after["cards"].pop("b9/1")["deck"] == "演示"
    assert without(after, "b9") == before


@pytest.mark.parametrize("anki", EVERY)
def test_other_languages_are_the_same_notes(anki: str, author: Author) -> None:
    """From both languages to one, to the other, and back; the notes never notice."""
    packages = [author.release("2026-01-01", name) for name in ("both.apkg", "zh.apkg", "en.apkg")]
    options = {} if anki == "2.1.54" else {"note_types": "always"}
    story = run(
        anki,
        [
            get(packages[0], "2026-01-02"),
            *LIFE,
            get(packages[1], "2026-02-15", **options),
            look("zh", "2026-02-15"),
            get(packages[2], "2026-02-16", **options),
            look("en", "2026-02-16"),
            get(packages[0], "2026-02-17", **options),
            look("both", "2026-02-17"),
        ],
    )
    before = story.states["before"]
    for name in ("zh", "en", "both"):
        assert {**story.states[name], "note types": 0} == {**before, "note types": 0}
    assert story.imports[1:] == [{"duplicate": NOTES}] * 3
    if options:  # 2.1.54 has no such choice: there a learner's style that is newer stays
        hidden = {name: hides(story.states[name]) for name in ("zh", "en", "both")}
        assert hidden == {"zh": ["en-US"], "en": ["zh-Hans"], "both": []}


def hides(state: dict[str, Any]) -> list[str]:
    """The languages that the cards' style hides."""
    styles = {kind["css"] for kind in state["note types"].values()}
    [css] = styles
    return [code for code in ("zh-Hans", "en-US") if f'[lang="{code}"] {{ display: none; }}' in css]


@pytest.mark.parametrize("anki", EVERY)
def test_one_more_language_takes_spare_fields(anki: str, author: Author) -> None:
    """Fields are renamed under the same ids, which Anki follows since 23.12; before, it refuses."""
    first = author.release("2026-01-01")
    author.translate("fr")
    second = author.release("2026-02-10")
    story = run(
        anki,
        [get(first, "2026-01-02"), *LIFE, get(second, "2026-02-15"), look("after", "2026-02-15")],
    )
    before, after = story.states["before"], story.states["after"]
    assert (after["cards"], after["reviews"]) == (before["cards"], before["reviews"])
    report = compare(snapshot(Path(first).read_bytes()), snapshot(Path(second).read_bytes()))
    assert report.verdict == "safe"
    assert all("23.12 and later follow" in reason for reason in report.reasons)
    if anki == "2.1.54":
        assert story.imports[1] == {"conflicting": NOTES}
        assert after["notes"] == before["notes"]
    else:
        assert story.imports[1] == {"updated": NOTES}
        assert after["notes"]["b1"]["fields"]["Answer fr"] == f"fr {answer(1)['en']}"
        assert set(after["note types"]) == set(before["note types"])


@pytest.mark.parametrize("anki", EVERY)
def test_a_release_imported_late(anki: str, author: Author) -> None:
    """The known limit of versions up to 24.11, and the option that answers it.

    They give an updated note the time of the import; a correction that was published before that
    import then looks older than the learner's note.
    """
    first = author.release("2026-01-01")
    author.items["b1"]["answer"] = answer(1, 2)
    second = author.release("2026-02-10")
    author.items["b1"]["answer"] = answer(1, 3)
    third = author.release("2026-02-20")
    late = [get(first, "2026-01-02"), *LIFE, get(second, "2026-03-01"), get(third, "2026-03-02")]
    steps = [*late, look("late", "2026-03-02")]
    if anki != "2.1.54":  # which has no options; there only a later correction arrives
        steps += [get(third, "2026-03-03", notes="always"), look("always", "2026-03-03")]
    story = run(anki, steps)
    shown = {n: s["notes"]["b1"]["fields"]["Answer en"] for n, s in story.states.items()}
    latest = answer(1, 3)["en"]
    if anki in STAMPING:
        assert story.imports[2] == {"duplicate": NOTES}
        assert shown["late"] == answer(1, 2)["en"]
    else:
        assert story.imports[2] == {"updated": 1, "duplicate": NOTES - 1}
        assert shown["late"] == latest
    assert shown.get("always", latest) == latest
    for state in story.states.values():
        assert state["cards"] == story.states["before"]["cards"]
        assert state["reviews"] == story.states["before"]["reviews"]


def test_a_corrected_note_gets_the_authors_text_and_tags(author: Author) -> None:
    """The price of a correction, as docs/learners.md says: paid by that note alone."""
    first = author.release("2026-01-01")
    for number in (5, 6, 7):
        author.items[f"b{number}"]["answer"] = answer(number, 2)
    second = author.release("2026-02-10")
    story = run(
        CURRENT,
        [get(first, "2026-01-02"), *LIFE, get(second, "2026-02-15"), look("after", "2026-02-15")],
    )
    before, after = story.states["before"], story.states["after"]
    assert after["notes"]["b6"]["fields"]["Answer en"] == answer(6, 2)["en"]
    assert after["notes"]["b5"]["tags"] == after["notes"]["b6"]["tags"]
    assert "marked" not in after["notes"]["b7"]["tags"]
    assert after["cards"] == before["cards"]
    assert after["reviews"] == before["reviews"]


def test_a_learners_style_stays_until_the_deck_changes_its_own(author: Author) -> None:
    author.style = ".card { color: navy; }"
    first = author.release("2026-01-01")
    author.style = ".card { color: teal; }"
    second = author.release("2026-02-10")
    story = run(
        CURRENT,
        [get(first, "2026-01-02"), *LIFE, get(second, "2026-02-15"), look("after", "2026-02-15")],
    )
    before, after = story.states["before"], story.states["after"]
    styles = {kind["css"] for kind in after["note types"].values()}
    assert styles == {".card { color: teal; }"}
    assert {**after, "note types": 0} == {**before, "note types": 0}


def test_deleted_notes_come_back(author: Author) -> None:
    package = author.release("2026-01-01")
    story = run(
        CURRENT,
        [
            get(package, "2026-01-02"),
            {"at": "2026-01-03 10:00:00", "do": "delete", "note": "b2"},
            get(package, "2026-01-04"),
        ],
    )
    assert story.imports[1] == {"new": 1, "duplicate": NOTES - 1}


def test_a_field_of_ones_own_stops_the_updates(author: Author) -> None:
    """Why docs/learners.md advises to clone the note type first."""
    first = author.release("2026-01-01")
    author.items["b1"]["answer"] = answer(1, 2)
    second = author.release("2026-02-10")
    story = run(
        CURRENT,
        [
            get(first, "2026-01-02"),
            {"at": "2026-01-03 10:00:00", "do": "add_field", "name": "Mine"},
            get(second, "2026-02-15"),
        ],
    )
    assert story.imports[1] == {"conflicting": NOTES}


def test_what_this_guards_against(tmp_path: Path) -> None:
    """genanki alone stamps every note with the build's time, so an update costs tags and edits."""
    packages = []
    for day in ("2026-01-01", "2026-02-10"):
        fields = [{"name": name} for name in ("Key", "Question en", "Answer en")]
        face = {"name": "Card", "qfmt": "{{Question en}}", "afmt": "{{Answer en}}"}
        model = genanki.Model(1_600_000_001, "Plain", fields=fields, templates=[face])
        deck = genanki.Deck(1_600_000_002, "Plain")
        for number in range(1, 9):
            key = f"b{number}"
            deck.add_note(genanki.Note(model, [key, "Question?", "Answer"], guid=key))
        packages.append(str(tmp_path / f"{day}.apkg"))
        stamp = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
        genanki.Package(deck).write_to_file(packages[-1], timestamp=stamp)
    own = [step for step in settle_in() if step["do"] in ("tag", "edit", "style")]
    first, second = packages
    steps = [get(first, "2026-01-02"), *own, get(second, "2026-02-15"), look("after", "2026-02-15")]
    story = run(CURRENT, steps)
    after = story.states["after"]
    assert story.imports[1] == {"updated": 8}
    assert after["notes"]["b5"]["tags"] == after["notes"]["b7"]["tags"] == []
    assert after["notes"]["b6"]["fields"]["Answer en"] == "Answer"
    assert "purple" not in after["note types"]["Plain"]["css"]
