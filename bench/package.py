"""The package step against genanki's own writer, on the same notes in the same run.

Usage: python -m bench.package [NOTES]. Prints medians of alternating runs, CPU seconds. The notes
are the flagship's, repeated under new guids with a word of their own, so that text repeats no more
than a large deck's would.
"""

import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import genanki

from builder.build import check
from builder.cache import Cache, default_folder
from builder.lock import KINDS, Part
from builder.project import Project
from builder.targets import apkg, faces
from builder.targets.notes import Note

ROUNDS = 5
NOW = 1_790_000_000


def main(count: int) -> None:
    """Measure and print."""
    project = Project(Path(__file__).parent.parent)
    loaded = check(project, Cache(default_folder()), NOW)
    deck = loaded.deck
    rows = _rows(loaded.notes, count)
    ours, theirs, sizes = [], [], (0, 0)
    for _ in range(ROUNDS):
        arguments = _ours(rows, deck.languages)
        start = time.process_time()
        data = apkg.package(*arguments, {}).data
        ours.append(time.process_time() - start)
        plain = _theirs(rows, deck.languages)
        with tempfile.TemporaryDirectory() as folder:
            tempfile.tempdir = folder  # genanki leaves its database behind
            start = time.process_time()
            plain.write_to_file(Path(folder) / "deck.apkg")
            theirs.append(time.process_time() - start)
            tempfile.tempdir = None
            sizes = (len(data), (Path(folder) / "deck.apkg").stat().st_size)
    mine, other = statistics.median(ours), statistics.median(theirs)
    print(f"{count:,} notes, medians of {ROUNDS} alternating runs, CPU seconds")
    print(f"  deckwright  {mine:.2f} s  {sizes[0]:>12,} bytes")
    print(f"  genanki     {other:.2f} s  {sizes[1]:>12,} bytes")
    print(f"  time {mine / other:.2f} times, size 1/{sizes[1] / sizes[0]:.1f}")


Row = tuple[str, str, dict[str, str], tuple[int, ...]]


def _rows(notes: tuple[Note, ...], count: int) -> list[Row]:
    """Guid, kind, fields and card numbers of `count` notes."""
    draw = random.Random(1)
    rows: list[Row] = []
    for index in range(count):
        note = notes[index % len(notes)]
        words = " ".join(f"{draw.getrandbits(64):x}" for _ in range(12))
        fields = dict(note.fields)
        fields["Key"] = f"{fields['Key']}-{index}"
        fields["Detail en"] = f"{fields.get('Detail en', '')}<p>{words}</p>"
        rows.append((f"guid{index:010}", note.kind, fields, note.numbers))
    return rows


Arguments = tuple[apkg.PackedDeck, list[apkg.NoteType], list[apkg.PackedNote]]


def _ours(rows: list[Row], languages: tuple[str, ...]) -> Arguments:
    names = {kind: faces.field_names(kind, languages) for kind in KINDS}
    types = {
        kind: apkg.NoteType(
            1 << 40 | at,
            kind,
            kind == "cloze",
            tuple(Part(at * 1000 + i + 1, name) for i, name in enumerate(names[kind])),
            (apkg.CardTemplate(Part(at + 1, "Card"), _front(kind), _front(kind)),),
            "",
            1,
            NOW,
        )
        for at, kind in enumerate(KINDS)
    }
    notes = [
        apkg.PackedNote(
            NOW * 1000 + place,
            guid,
            types[kind],
            "\x1f".join(fields.get(name, "") for name in names[kind]).encode(),
            (),
            {number - 1: NOW * 1000 + place * 8 + number for number in numbers},
            place,
            NOW,
        )
        for place, (guid, kind, fields, numbers) in enumerate(rows)
    ]
    return apkg.PackedDeck(1 << 40, "deck", "", NOW), list(types.values()), notes


def _theirs(rows: list[Row], languages: tuple[str, ...]) -> genanki.Package:
    models = {
        kind: genanki.Model(
            2 + at,
            kind,
            fields=[{"name": name} for name in faces.field_names(kind, languages)],
            templates=[{"name": "Card", "qfmt": _front(kind), "afmt": _front(kind)}],
            model_type=genanki.Model.CLOZE if kind == "cloze" else genanki.Model.FRONT_BACK,
        )
        for at, kind in enumerate(KINDS)
    }
    deck = genanki.Deck(1, "deck")
    for guid, kind, fields, _ in rows:
        values = [fields.get(field["name"], "") for field in models[kind].fields]
        deck.add_note(genanki.Note(models[kind], values, guid=guid))
    return genanki.Package(deck)


def _front(kind: str) -> str:
    return "{{cloze:Text zh}}{{cloze:Text en}}" if kind == "cloze" else "{{Question zh}}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
