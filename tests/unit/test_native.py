"""Native libraries on systems other than this one: where they are looked for."""

import ctypes
import ctypes.util
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder import native


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    native.prepare.cache_clear()
    yield
    native.prepare.cache_clear()


def test_what_is_here_loads_and_says_its_version() -> None:
    assert native.load("pango-1.0") is not None
    assert re.fullmatch(r"1\.\d+\.\d+", native.version("pango-1.0", "pango_version_string"))
    assert native.load("no-such-library") is None
    assert native.version("no-such-library", "f") == ""
    assert native.version("pango-1.0", "no_such_function") == ""


def test_homebrew_on_apple_silicon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The linker there does not look into /opt/homebrew/lib; `find_library` does if told to."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delenv("DYLD_FALLBACK_LIBRARY_PATH", raising=False)
    opened: list[str] = []

    def find(name: str) -> str | None:
        folder = os.environ["DYLD_FALLBACK_LIBRARY_PATH"].split(":")[0]
        return f"{folder}/lib{name}.dylib" if name == "pango-1.0" else None

    def cdll(name: str) -> str:
        opened.append(name)
        if not name.startswith("/"):
            raise OSError(name)
        return name

    monkeypatch.setattr(ctypes.util, "find_library", find)
    monkeypatch.setattr(ctypes, "CDLL", cdll)
    found: object = native.load("pango-1.0")
    assert found == "/opt/homebrew/lib/libpango-1.0.dylib"
    assert "libpango-1.0.0.dylib" in opened
    assert native.load("other") is None


def test_a_path_that_the_user_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("DYLD_FALLBACK_LIBRARY_PATH", "/opt/local/lib")
    native.prepare()
    assert os.environ["DYLD_FALLBACK_LIBRARY_PATH"] == "/opt/local/lib"


def test_msys2_on_windows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("WEASYPRINT_DLL_DIRECTORIES", f"{tmp_path}/bin;{tmp_path}/none")
    added: list[str] = []
    monkeypatch.setattr(os, "add_dll_directory", added.append, raising=False)
    native.prepare()
    assert added == [f"{tmp_path}/bin"]
