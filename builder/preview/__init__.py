"""Every card as Anki draws it and every printed page, in the browser: live, or as a static site."""

from builder.preview.export import export
from builder.preview.server import DEFAULT_PORT, serve

__all__ = ["DEFAULT_PORT", "export", "serve"]
