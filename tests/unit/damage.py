"""Zip files that were damaged on their way."""

import zipfile
from io import BytesIO


def damaged(method: int, name: str = "collection.anki2") -> bytes:
    """A zip file whose only member, compressed by this method, is not whole."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w", compression=method) as file:
        file.writestr(name, " ".join(str(n * n) for n in range(2000)))
    data = bytearray(made.getvalue())
    body = data.index(name.encode()) + len(name)
    for place in range(body + 12, body + 30):
        data[place] ^= 0xFF
    return bytes(data)
