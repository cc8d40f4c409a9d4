"""Native libraries by name, wherever a system keeps them.

Linux has one place. Homebrew on Apple silicon keeps its libraries where the linker does not look,
and MSYS2 on Windows where it does not either; WeasyPrint finds the latter by itself.
"""

import ctypes
import ctypes.util
import os
import sys
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

#: Read by `ctypes.util.find_library`, and through it by WeasyPrint, in this very process.
_MACOS = ("DYLD_FALLBACK_LIBRARY_PATH", "/opt/homebrew/lib:/usr/local/lib:/usr/lib")
#: As WeasyPrint does, and under the name of its variable.
_WINDOWS = (
    "WEASYPRINT_DLL_DIRECTORIES",
    r"C:\msys64\ucrt64\bin;C:\msys64\mingw64\bin;C:\Program Files\GTK3-Runtime Win64\bin",
)


@lru_cache(maxsize=1)
def prepare() -> None:
    """Tell this process where libraries are; to be called before WeasyPrint is imported."""
    if sys.platform == "darwin":
        os.environ.setdefault(*_MACOS)
    elif sys.platform == "win32":
        for folder in os.environ.get(*_WINDOWS).split(";"):
            if Path(folder).is_dir():
                os.add_dll_directory(folder)


def load(library: str, number: str = "0") -> ctypes.CDLL | None:
    """A library, or None if it is not there or does not load.

    Args:
        library: Its name without prefix and suffix: `pango-1.0`.
        number: The version of its interface.
    """
    prepare()
    names = [
        f"lib{library}.so.{number}",
        f"lib{library}.{number}.dylib",
        f"lib{library}-{number}.dll",
    ]
    if sys.platform == "darwin":  # elsewhere this takes a sixth of a second and finds no more
        names += filter(None, [ctypes.util.find_library(library)])
    for name in names:
        with suppress(OSError):
            return ctypes.CDLL(name)
    return None


def version(library: str, function: str) -> str:
    """What a library says of its version; empty if it is not there or does not say."""
    loaded = load(library)
    if loaded is None:
        return ""
    with suppress(AttributeError):
        call = getattr(loaded, function)
        call.restype = ctypes.c_char_p
        return bytes(call()).decode("ascii", "replace")
    return ""
