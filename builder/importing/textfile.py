"""Text files: stub."""

from pathlib import Path

from builder.importing.records import Source, UnreadableError


def read(file: Path) -> Source:
    """Read."""
    raise UnreadableError(f"{file}: not yet")
