"""What an import did, for the author: what was mapped, what was kept, what could not be."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from builder import kept as keeping
from builder.importing.convert import Imported
from builder.importing.records import Source, SourceType
from builder.load import Loaded
from builder.lock import SPARE


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did.

    Attributes:
        title: The deck's name in Anki.
        notes: How many notes it has.
        cards: How many cards they make.
        items: How many notes became items.
        types: Note type -> its notes that became items, and those that were kept.
        markdown: Fields of kept notes that are Markdown now.
        html: Fields of kept notes that stay HTML.
        media: How many media files were taken over.
        notices: What the author should know or look at.
        losses: What could not be taken over -> how often.
    """

    title: str
    notes: int
    cards: int
    items: int
    types: Mapping[str, tuple[int, int]]
    markdown: int
    html: int
    media: int
    notices: tuple[str, ...]
    losses: Mapping[str, int]

    @classmethod
    def of(
        cls,
        title: str,
        made: Imported,
        loaded: Loaded,
        source: Source,
        rules: Mapping[str, str],
        *,
        prints: bool,
    ) -> "Report":
        """Count what was made."""
        mapped: Counter[str] = Counter(n.type.source.name for n in made.notes if n.item)
        kept: Counter[str] = Counter(n.type.source.name for n in made.notes if not n.item)
        names = [kind.source.name for kind in made.types]
        notices: list[str] = []
        if any(not kind.source.id and not kind.source.own for kind in made.types):
            notices.append(
                "a text file does not tell Anki's ids of note types: learners of the deck keep "
                "their progress only if you import its .apkg instead"
            )
        if any(_is_ours(kind.source) for kind in made.types):
            notices.append("Deckwright made this deck: its own source, if you have it, says more")
        active = [
            kind.source.name
            for kind in made.types
            if any(
                _ACTIVE.search(side)
                for template in kind.source.templates
                for side in (template.front, template.back)
            )
        ]
        if active:
            notices.append(f"templates hold scripts, which run on learners' cards: {_few(active)}")
        named = {
            reference
            for note in made.notes
            for text in note.source.fields
            for reference in keeping.references(text)
        }
        gone = sorted(name for name in named if keeping.found(name, source.media) is None)
        gone = [name for name in gone if "//" not in name and not name.startswith("data:")]
        if gone:
            notices.append(f"the file lacks {len(gone)} media files that notes name: {_few(gone)}")
        if not prints:
            notices.append("no sheet and no handout: the fonts lack characters of this deck")
        off = [code for code, level in rules.items() if level == "off"]
        if off:
            notices.append(f"rules of style that the deck does not follow are off: {_few(off, 40)}")
        return cls(
            title=title,
            notes=len(made.notes),
            cards=sum(len(note.numbers) for note in loaded.notes),
            items=sum(mapped.values()),
            types={name: (mapped[name], kept[name]) for name in names},
            markdown=sum(len(note.fields) for note in made.notes),
            html=sum(len(note.html) for note in made.notes),
            media=len({*made.media, *made.figures}),
            notices=tuple(notices),
            losses=dict(made.losses),
        )

    def as_text(self) -> str:
        """A few lines for a terminal."""
        lines = [
            f"'{self.title}': {self.notes} notes, {self.cards} cards, {self.media} media files"
        ]
        for name, (items, kept) in self.types.items():
            parts = [f"{items} to items"] if items else []
            parts += [f"{kept} kept field by field"] if kept else []
            lines.append(f"  note type '{name}': {', '.join(parts)}")
        if self.markdown or self.html:
            lines.append(f"  fields of kept notes: {self.markdown} Markdown, {self.html} HTML")
        lines += [f"  note: {notice}" for notice in self.notices]
        lines += [f"  not taken over: {count} {what}" for what, count in self.losses.items()]
        return "\n".join(lines)


#: A script, or an attribute that is one.
_ACTIVE = re.compile(r"<script|\bon[a-z]+\s*=|javascript:", re.IGNORECASE)


def _is_ours(kind: SourceType) -> bool:
    """Whether a note type is one of those that every project makes."""
    names = [part.name for part in kind.fields]
    return names[:1] == ["Key"] and any(name.startswith(SPARE) for name in names)


def _few(names: list[str], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown}, …"
