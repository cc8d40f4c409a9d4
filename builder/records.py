"""Records as bytes that can be kept, and back: no file in a cache must be able to run code."""

import io
import pickle
from collections.abc import Set
from typing import Any, TypeVar

Record = TypeVar("Record")

#: Module and name of a class.
Name = tuple[str, str]


class ForeignError(Exception):
    """These bytes are not a record of the kind that was asked for."""


def packed(record: object) -> bytes:
    """A record as bytes.

    Raises:
        pickle.PicklingError: It holds what cannot be kept; so do the next two.
        AttributeError: Likewise.
        TypeError: Likewise.
    """
    return pickle.dumps(record, protocol=pickle.HIGHEST_PROTOCOL)


def unpacked(data: bytes, kind: type[Record], allowed: Set[Name]) -> Record:
    """The record that bytes stand for.

    Args:
        data: What `packed` gave, or anything at all.
        kind: What it must be.
        allowed: The classes that it may be made of, besides Python's own plain types.

    Raises:
        ForeignError: It is something else.
    """
    try:
        record = _Unpickler(data, allowed).load()
    except _DAMAGES as error:
        raise ForeignError(str(error)) from error
    if not isinstance(record, kind):
        raise ForeignError(type(record).__name__)
    return record


#: What reading damaged or foreign bytes raises.
_DAMAGES = (pickle.UnpicklingError, AttributeError, TypeError, ValueError, EOFError, LookupError)


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes, allowed: Set[Name]) -> None:
        super().__init__(io.BytesIO(data))
        self._allowed = allowed

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in self._allowed:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name}")
