"""A learner, as a program: reads what to do as JSON, does it in Anki, writes what came of it.

Runs by itself in whichever Anki its interpreter finds, 2.1.54 or later, and so uses nothing but
`anki` and the standard library. libfaketime moves its clock: each step says when it happens.

Input: `{"folder": …, "clock": …, "steps": [{"at": "2026-01-02 10:00:00", "do": …, …}, …]}`, where
`clock` is the file that libfaketime reads. A card is `"KEY/NUMBER"`: the first field of its note
and its number from 1. Output: `{"imports": […], "states": {…}}`.
"""

from __future__ import annotations

import calendar
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anki.collection import Collection

if TYPE_CHECKING:  # in some versions not the first of Anki's modules to import
    from anki.cards import Card
    from anki.collection import ImportLogWithChanges
    from anki.models import NotetypeDict
    from anki.notes import Note

State = dict[str, Any]

#: Of Anki's import log.
HEADINGS = (
    "new",
    "updated",
    "duplicate",
    "conflicting",
    "first_field_match",
    "missing_notetype",
    "missing_deck",
    "empty_first_field",
)


class Learner:
    """Does the steps, each a method of the same name."""

    collection: Collection

    def __init__(self, folder: str, clock: str) -> None:
        self.clock = Path(clock)
        self.folder = Path(folder)
        self.imports: list[dict[str, int]] = []
        self.states: dict[str, State] = {}

    def perform(self, steps: list[dict[str, Any]]) -> dict[str, Any]:
        self.set_clock(steps[0]["at"])  # the collection keeps the day it was made
        self.open()
        for step in steps:
            arguments = dict(step)
            self.set_clock(arguments.pop("at"))
            getattr(self, "do_" + arguments.pop("do"))(**arguments)
        self.collection.close()
        return {"imports": self.imports, "states": self.states}

    def open(self) -> None:
        self.collection = Collection(str(self.folder / "collection.anki2"))
        if not self.collection.v3_scheduler():  # the default since 23.10
            self.collection.upgrade_to_v2_scheduler()
            self.collection.set_v3_scheduler(True)

    def set_clock(self, moment: str) -> None:
        self.clock.write_text("@" + moment, "ascii")
        expected = calendar.timegm(time.strptime(moment, "%Y-%m-%d %H:%M:%S"))
        if abs(time.time() - expected) > 60:
            raise SystemExit("libfaketime does not move the clock: it shows " + time.ctime())

    # What a learner does

    def do_import(
        self,
        package: str,
        notes: str = "newer",
        note_types: str = "newer",
        merge: bool = False,
        importer: str = "new",
    ) -> None:
        if importer == "old":  # what the desktop used by default up to 2.1.54
            from anki.importing.apkg import AnkiPackageImporter
            from anki.lang import set_lang

            set_lang("en_US")  # as the desktop does at its start
            old = AnkiPackageImporter(self.collection, package)
            old.run()
            counts = {"new": old.added, "updated": old.updated, "duplicate": old.dupes}
        else:
            log = self.new_import(package, notes, note_types, merge).log
            counts = {name: len(getattr(log, name)) for name in HEADINGS}
        self.imports.append({name: count for name, count in counts.items() if count})
        self.collection.close()  # else the Python side keeps the note types that it has seen
        self.open()

    def new_import(
        self, package: str, notes: str, note_types: str, merge: bool
    ) -> ImportLogWithChanges:
        try:
            from anki.collection import ImportAnkiPackageOptions, ImportAnkiPackageRequest
            from anki.import_export_pb2 import ImportAnkiPackageUpdateCondition as Condition
        except ImportError:  # before 23.10 there were no options
            if (notes, note_types, merge) != ("newer", "newer", False):
                raise SystemExit("this Anki has no import options") from None
            return self.collection.import_anki_package(package)  # type: ignore[arg-type]  # all it took
        choices = {
            "newer": Condition.IMPORT_ANKI_PACKAGE_UPDATE_CONDITION_IF_NEWER,
            "always": Condition.IMPORT_ANKI_PACKAGE_UPDATE_CONDITION_ALWAYS,
            "never": Condition.IMPORT_ANKI_PACKAGE_UPDATE_CONDITION_NEVER,
        }
        options = ImportAnkiPackageOptions(
            update_notes=choices[notes],
            update_notetypes=choices[note_types],
            merge_notetypes=merge,
        )
        request = ImportAnkiPackageRequest(package_path=package, options=options)
        return self.collection.import_anki_package(request)

    def do_answer(self, cards: list[str]) -> None:
        from anki.scheduler.v3 import CardAnswer, Scheduler

        scheduler = self.collection.sched
        assert isinstance(scheduler, Scheduler), "`open` chose it"
        for card in self.cards(cards):
            backend = self.collection._backend
            ask = (
                backend.get_next_card_states  # 2.1.54
                if hasattr(backend, "get_next_card_states")
                else backend.get_scheduling_states
            )
            states = ask(card.id)
            scheduler.answer_card(
                CardAnswer(
                    card_id=card.id,
                    current_state=states.current,
                    new_state=states.good,
                    rating=CardAnswer.GOOD,
                    answered_at_millis=int(time.time() * 1000) + len(self.reviews()),
                    milliseconds_taken=5000,
                )
            )

    def do_suspend(self, cards: list[str]) -> None:
        self.collection.sched.suspend_cards([card.id for card in self.cards(cards)])

    def do_bury(self, cards: list[str]) -> None:
        self.collection.sched.bury_cards([card.id for card in self.cards(cards)])

    def do_flag(self, cards: list[str], flag: int) -> None:
        self.collection.set_user_flag_for_cards(flag, [card.id for card in self.cards(cards)])

    def do_move(self, cards: list[str], deck: str) -> None:
        deck_id = self.collection.decks.id(deck)
        assert deck_id is not None, deck
        self.collection.set_deck([card.id for card in self.cards(cards)], deck_id)

    def do_tag(self, note: str, tag: str) -> None:
        self.collection.tags.bulk_add([self.note(note).id], tag)

    def do_edit(self, note: str, field: str, text: str) -> None:
        changed = self.note(note)
        changed[field] = text
        self.collection.update_note(changed)

    def do_delete(self, note: str) -> None:
        self.collection.remove_notes([self.note(note).id])

    def do_style(self, css: str) -> None:
        for note_type in self.note_types():
            note_type["css"] += css
            self.collection.models.update_dict(note_type)

    def do_add_field(self, name: str) -> None:
        for note_type in self.note_types():
            models = self.collection.models
            models.add_field(note_type, models.new_field(name))
            models.update_dict(note_type)

    # What came of it

    def do_state(self, name: str) -> None:
        """Everything that a learner could lose."""
        names = {}
        cards = {}
        for card_id in self.collection.find_cards(""):
            card = self.collection.get_card(card_id)
            names[card_id] = self.name(card)
            kept = ("type", "queue", "ivl", "due", "factor", "reps", "lapses", "left", "flags")
            cards[names[card_id]] = {
                "deck": self.collection.decks.name(card.did),
                **{attribute: getattr(card, attribute) for attribute in kept},
            }
        self.states[name] = {
            "notes": {
                note.fields[0]: {
                    "guid": note.guid,
                    "changed": note.mod,
                    "tags": sorted(note.tags),
                    "fields": {field: text for field, text in note.items() if text},
                }
                for note in map(self.collection.get_note, self.collection.find_notes(""))
            },
            "cards": cards,
            "reviews": [[names.get(row[0], "deleted"), *row[1:]] for row in self.reviews()],
            "note types": {
                note_type["name"]: {
                    "id": note_type["id"],
                    "changed": note_type["mod"],
                    "css": note_type["css"],
                    "fields": [field["name"] for field in note_type["flds"]],
                }
                for note_type in self.note_types()
            },
            "decks": sorted(deck.name for deck in self.collection.decks.all_names_and_ids()),
            "empty cards": len(self.collection.get_empty_cards().notes),
        }

    def do_check_database(self) -> None:
        problems, fine = self.collection.fix_integrity()
        if not fine:
            raise SystemExit(problems)

    # How things are found

    def reviews(self) -> list[Sequence[Any]]:
        rows = "select cid, id, ease, ivl, lastIvl, factor, time, type from revlog order by id"
        assert self.collection.db is not None
        return self.collection.db.all(rows)

    def note(self, key: str) -> Note:
        for note_id in self.collection.find_notes(""):
            note = self.collection.get_note(note_id)
            if note.fields[0] == key:
                return note
        raise KeyError(key)

    def name(self, card: Card) -> str:
        return f"{card.note().fields[0]}/{card.ord + 1}"

    def cards(self, names: list[str]) -> list[Card]:
        all_cards = map(self.collection.get_card, self.collection.find_cards(""))
        by_name = {self.name(card): card for card in all_cards}
        return [by_name[name] for name in names]

    def note_types(self) -> list[NotetypeDict]:
        """The imported ones: Anki's own have ids that it drew when the collection was made."""
        models = self.collection.models
        return [model for model in models.all() if models.use_count(model)]


if __name__ == "__main__":
    scenario = json.load(sys.stdin)
    # Anki prints remarks, such as that it blocked the main thread on a busy machine.
    output, sys.stdout = sys.stdout, sys.stderr
    learner = Learner(scenario["folder"], scenario["clock"])
    json.dump(learner.perform(scenario["steps"]), output)
