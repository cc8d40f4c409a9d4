"""Zip files that are the same bytes everywhere.

Python's own compress with the system's zlib, and its output differs between zlib, zlib-ng (Windows,
Fedora) and Apple's. libdeflate's follows from its version alone, which pyproject.toml pins
(ebiggers/libdeflate, issue 400); at this level it is also quicker and makes smaller files than
zlib's level 3.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module

import deflate

_LEVEL = 6
#: 1 January 1980, the earliest that a zip file can say, as its date field holds it.
_DATE = 1 << 5 | 1
#: "Version needed": 2.0, deflate. "Made by" adds 3 in the high byte: Unix, for the mode below.
_VERSION = 20
_UTF_8 = 1 << 11
_DEFLATED = 8
_MODE = 0o100644 << 16
#: Bytes before a member's name.
_LOCAL = 30
_MAX_SIZE = 0xFFFFFFFF
_MAX_MEMBERS = 0xFFFF
#: Of a package that others made: no deck that people share comes near.
MAX_DATABASE = 1 << 30


def _other_damages() -> Iterator[type[Exception]]:
    """What modules raise that a Python may lack, which then cannot unpack such a member either."""
    for module, name in (("lzma", "LZMAError"), ("compression.zstd", "ZstdError")):
        with suppress(ImportError):
            yield getattr(import_module(module), name)


#: What the standard library raises for a file that is damaged, or no zip file as ours are.
DAMAGES: tuple[type[Exception], ...] = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError),
    *(NotImplementedError, RuntimeError),
    *_other_damages(),
)


def zipped(members: Mapping[str, bytes | bytearray]) -> bytes:
    """A zip file with these members, in this order (APPNOTE.TXT of PKWARE, 4.3).

    Raises:
        ValueError: It would be too large for the format without its 64-bit extension: 4 GiB, or
            65,535 members.
    """
    body = bytearray()
    directory = bytearray()
    for name, data in members.items():
        path = name.encode()
        packed = deflate.deflate_compress(data, _LEVEL)
        # What both headers say: flags, method, time, date, checksum, sizes, length of the name.
        sizes = (zlib.crc32(data), len(packed), len(data), len(path))
        if max(sizes[1:3]) > _MAX_SIZE or len(body) + len(packed) > _MAX_SIZE:
            raise ValueError(f"the zip file is too large: {name}")
        common = struct.pack("<HHHHHIIIHH", _VERSION, _UTF_8, _DEFLATED, 0, _DATE, *sizes, 0)
        directory += b"PK\x01\x02" + struct.pack("<H", 3 << 8 | _VERSION) + common
        directory += struct.pack("<HHHII", 0, 0, 0, _MODE, len(body)) + path
        body += b"PK\x03\x04" + common + path + packed
    count = len(members)
    if count > _MAX_MEMBERS or len(body) > _MAX_SIZE:
        raise ValueError("the zip file is too large")
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)
    return bytes(body + directory + b"PK\x05\x06" + end)


def member(data: bytes, name: str) -> bytearray:
    """What a member of a file of `zipped` holds; several times as quick as the standard library.

    Raises:
        KeyError: There is no such member.
        Exception: One of `DAMAGES`.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        found = file.getinfo(name)
    start = found.header_offset + _LOCAL + len(name.encode())
    try:
        made = deflate.deflate_decompress(
            data[start : start + found.compress_size], found.file_size
        )
    except deflate.DeflateError as error:
        raise zipfile.BadZipFile(str(error)) from None
    if zlib.crc32(made) != found.CRC:
        raise zipfile.BadZipFile(f"the checksum of {name} is wrong")
    return made
