"""A real Anki collection to import packages into."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from anki.collection import (
    Collection,
    ImportAnkiPackageOptions,
    ImportAnkiPackageRequest,
)
from anki.import_export_pb2 import ImportAnkiPackageUpdateCondition as Condition
from anki.notes import Note

#: The choices of Anki's import dialogue "Update notes" and "Update note types".
WHEN = {
    "newer": Condition.IMPORT_ANKI_PACKAGE_UPDATE_CONDITION_IF_NEWER,
    "always": Condition.IMPORT_ANKI_PACKAGE_UPDATE_CONDITION_ALWAYS,
    "never": Condition.IMPORT_ANKI_PACKAGE_UPDATE_CONDITION_NEVER,
}


@dataclass(frozen=True, slots=True)
class ImportLog:
    """How many notes an import put under each heading of Anki's log."""

    new: int
    updated: int
    duplicate: int
    conflicting: int
    first_field_match: int
    missing_notetype: int
    missing_deck: int
    empty_first_field: int

    def counts(self) -> dict[str, int]:
        """The headings that are not zero."""
        pairs = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: count for name, count in pairs.items() if count}


@contextmanager
def new_collection() -> Iterator[Collection]:
    """An empty collection that goes away afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        collection = Collection(str(Path(folder) / "collection.anki2"))
        try:
            yield collection
        finally:
            collection.close()


def new_note(collection: Collection, kind: str, *fields: str) -> Note:
    """A note of one of Anki's own note types, not added yet; fields not given stay empty."""
    note_type = collection.models.by_name(kind)
    assert note_type is not None, kind
    note = collection.new_note(note_type)
    note.fields[: len(fields)] = fields
    return note


def import_package(
    collection: Collection,
    apkg: bytes,
    *,
    notes: str = "newer",
    note_types: str = "newer",
    merge: bool = False,
) -> ImportLog:
    """Import a package as Anki's dialogue does; the defaults are the dialogue's."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "deck.apkg"
        file.write_bytes(apkg)
        options = ImportAnkiPackageOptions(
            update_notes=WHEN[notes],
            update_notetypes=WHEN[note_types],
            merge_notetypes=merge,
        )
        request = ImportAnkiPackageRequest(package_path=str(file), options=options)
        log = collection.import_anki_package(request).log
    return ImportLog(*(len(getattr(log, field.name)) for field in fields(ImportLog)))


@contextmanager
def imported(apkg: bytes, **options: Any) -> Iterator[tuple[Collection, ImportLog]]:
    """A collection into which a package was just imported, and the log of that."""
    with new_collection() as collection:
        yield collection, import_package(collection, apkg, **options)
