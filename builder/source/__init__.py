"""YAML text to plain data that remembers where everything stands.

PyYAML's C event stream is used rather than its loaders: one pass gives the data, the positions and
every guard, in about half the time of `CSafeLoader` (measured), and no value is ever converted:
`no`, `3.10`, `2024-01-01` and `0123` stay the text that the author typed. The model decides types.

YAML's traps are refused here, each with its place: duplicate keys, anchors, aliases, tags, merges,
several documents, backslashes that double quotes eat, an unquoted `{{`, a lost ` #` comment,
nesting deep enough to crash a parser, and files that are not UTF-8 text.
"""

from builder.source.reading import MAX_BYTES, MAX_SAME, contents, decode, parse, plain, read, text
from builder.source.tree import Location, Mapping, Node, Scalar, Sequence, Source, scalars

__all__ = [
    "MAX_BYTES",
    "MAX_SAME",
    "Location",
    "Mapping",
    "Node",
    "Scalar",
    "Sequence",
    "Source",
    "contents",
    "decode",
    "parse",
    "plain",
    "read",
    "scalars",
    "text",
]
