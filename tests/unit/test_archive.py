"""Zip files: readable by others, the same bytes everywhere."""

import hashlib
import subprocess
import sys
import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder import archive
from builder.archive import member, zipped
from tests.unit.damage import damaged

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/\\"), min_size=1, max_size=20)


@given(st.dictionaries(NAMES, st.binary(max_size=5000), max_size=5))
def test_python_reads_what_was_put_in(members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(BytesIO(zipped(members))) as made:
        assert made.testzip() is None
        assert {name: made.read(name) for name in made.namelist()} == members
        assert made.namelist() == list(members)


@given(st.dictionaries(NAMES, st.binary(max_size=5000), max_size=5))
def test_a_member_is_read_back(members: dict[str, bytes]) -> None:
    made = zipped(members)
    assert {name: member(made, name) for name in members} == members


@pytest.mark.parametrize("at", [40, 45, 50])
def test_a_damaged_member_is_refused(at: int) -> None:
    made = bytearray(zipped({"a.txt": bytes(range(256)) * 9}))
    made[at] ^= 0xFF
    with pytest.raises(archive.DAMAGES):
        member(bytes(made), "a.txt")
    with pytest.raises(KeyError):
        member(bytes(made), "b.txt")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_damage_of_every_compression_is_known(method: int) -> None:
    packed = damaged(method)
    with zipfile.ZipFile(BytesIO(packed)) as file, pytest.raises(archive.DAMAGES):
        file.read("collection.anki2")


def test_members_have_one_date_and_an_ordinary_mode() -> None:
    (info,) = zipfile.ZipFile(BytesIO(zipped({"a/ü.txt": b"x" * 1000}))).infolist()
    assert info.date_time == (1980, 1, 1, 0, 0, 0)
    assert info.external_attr >> 16 == 0o100644
    assert info.filename == "a/ü.txt"
    assert info.compress_size < 30


def test_bytes_do_not_follow_from_the_systems_zlib() -> None:
    """Another zlib compresses otherwise; the sum below is that of every machine."""
    data = "".join(f"{n * n} is a square. " for n in range(3000)).encode()
    made = zipped({"squares": data})
    assert hashlib.sha256(made).hexdigest() == SQUARES
    program = (
        "import sys, zlib\n"
        "def other(*a, **k): raise SystemExit('the system zlib compressed')\n"
        "zlib.compress = zlib.compressobj = other\n"
        "from builder.archive import zipped\n"
        "import hashlib\n"
        "data = ''.join(f'{n * n} is a square. ' for n in range(3000)).encode()\n"
        "print(hashlib.sha256(zipped({'squares': data})).hexdigest())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == SQUARES


SQUARES = "688c4b4208fd23f36e5af8d1aa1c2b2455e4ada1b0283d238f4bffbf91f36580"


def test_what_the_format_cannot_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_MAX_MEMBERS", 2)
    with pytest.raises(ValueError, match="too large"):
        zipped({"a": b"", "b": b"", "c": b""})
    monkeypatch.setattr(archive, "_MAX_SIZE", 100)
    with pytest.raises(ValueError, match="too large"):
        zipped({"a": b"x" * 101})
