"""Makes a small deck in whichever Anki its interpreter finds, and exports it in all its formats.

Runs by itself, with nothing but `anki`; the argument is an empty folder.
"""

import sys

from anki.collection import Collection

NOTES = (
    ("Basic", ["Question <b>one</b>?", "a"], "Root::B"),
    ("Cloze", ["{{c1::x}} y", "e"], "Root"),
    ("Basic (and reversed card)", ["Hund", '<img src="p.png"> dog'], "Root::C"),
)


def main(folder: str) -> None:
    """Write `old.apkg`, `new.apkg` and, by the exporter that add-ons use, `python.apkg`."""
    collection = Collection(f"{folder}/collection.anki2")
    for kind, fields, deck in NOTES:
        note_type, deck_id = collection.models.by_name(kind), collection.decks.id(deck)
        assert note_type is not None, kind
        assert deck_id is not None, deck
        note = collection.new_note(note_type)
        note.fields[:2] = fields
        note.tags = ["tag::below"]
        collection.add_note(note, deck_id)
    collection.media.write_data("p.png", b"a picture")
    export(collection, f"{folder}/old.apkg", legacy=True)
    export(collection, f"{folder}/new.apkg", legacy=False)
    from anki.exporting import AnkiPackageExporter  # type: ignore[attr-defined]  # deprecated

    exporter = AnkiPackageExporter(collection)
    exporter.includeSched = False
    exporter.exportInto(f"{folder}/python.apkg")
    collection.close()


def export(collection: Collection, file: str, *, legacy: bool) -> None:
    """Export everything."""
    try:
        from anki.collection import ExportAnkiPackageOptions
    except ImportError:  # before 23.10
        collection.export_anki_package(  # type: ignore[call-arg]  # what it took
            out_path=file, limit=None, with_scheduling=False, with_media=True, legacy_support=legacy
        )
        return
    options = ExportAnkiPackageOptions(
        with_scheduling=False, with_deck_configs=False, with_media=True, legacy=legacy
    )
    collection.export_anki_package(out_path=file, options=options, limit=None)


main(sys.argv[1])
