import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from builder.cache import Cache, default_folder, key


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def entry(cache: Cache, name: str) -> Path:
    path = cache.path("f", name)
    assert path is not None
    return path


def test_a_result_comes_back_as_it_was(cache: Cache) -> None:
    name = key("1", "x")
    assert cache.get("f", name) is None
    cache.put("f", name, b"\x00data")
    assert cache.get("f", name) == b"\x00data"
    assert Cache(cache.folder).get("f", name) == b"\x00data"


def test_an_empty_result_is_a_result(cache: Cache) -> None:
    cache.put("f", key("1"), b"")
    assert cache.get("f", key("1")) == b""


def test_functions_do_not_see_each_others_results(cache: Cache) -> None:
    cache.put("f", key("1"), b"f")
    assert cache.get("g", key("1")) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[:0],
        lambda data: data[:3],
        lambda data: data + b"x",
        lambda data: b"some other program's file"[: len(data)],
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    ],
    ids=["cut", "empty", "cut in the header", "longer", "foreign", "one bit"],
)
def test_a_damaged_entry_is_missing_and_can_be_replaced(
    cache: Cache, damage: Callable[[bytes], bytes]
) -> None:
    name = key("1")
    cache.put("f", name, b"data")
    path = entry(cache, name)
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get("f", name) is None
    cache.put("f", name, b"data")
    assert cache.get("f", name) == b"data"


def test_writing_leaves_nothing_else_behind(cache: Cache) -> None:
    name = key("1")
    cache.put("f", name, b"one")
    cache.put("f", name, b"two")
    assert [p.name for p in entry(cache, name).parent.iterdir()] == [name]
    assert cache.get("f", name) == b"two"


def test_without_a_folder_nothing_is_kept() -> None:
    cache = Cache(None)
    cache.put("f", key("1"), b"data")
    assert cache.get("f", key("1")) is None
    assert cache.path("f", key("1")) is None
    assert cache.prune(0) == 0


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    cache = Cache(tmp_path / "cache")
    cache.put("f", key("1"), b"data")
    assert cache.get("f", key("1")) is None


def _refuse(*_: object, **__: object) -> NoReturn:
    raise PermissionError(13, "Permission denied")


def test_a_result_that_only_others_may_change_is_a_result(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.put("f", key("1"), b"data")
    monkeypatch.setattr(os, "utime", _refuse)
    assert cache.get("f", key("1")) == b"data"


def test_what_cannot_be_deleted_stays(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("1", "2"):
        cache.put("f", key(name), b"data")
    monkeypatch.setattr(Path, "unlink", _refuse)
    assert cache.prune(0) == 0
    assert cache.get("f", key("1")) == b"data"


def test_a_folder_that_cannot_be_changed_any_more(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "replace", _refuse)
    monkeypatch.setattr(Path, "unlink", _refuse)
    cache.put("f", key("1"), b"data")
    assert cache.get("f", key("1")) is None


def test_pruning_keeps_what_was_used_last(cache: Cache) -> None:
    names = [key("1", number) for number in range(4)]
    for age, name in enumerate(names):
        cache.put("f", name, b"x" * 100)
        os.utime(entry(cache, name), (age, age))
    assert cache.get("f", names[0]) is not None  # used again: now the youngest
    size = entry(cache, names[0]).stat().st_size
    assert cache.prune(2 * size) == 2 * size
    assert [cache.get("f", name) is not None for name in names] == [True, False, False, True]
    assert cache.prune(2 * size) == 0


def test_keys_depend_on_everything_but_the_order_of_maps() -> None:
    assert key("1", {"a": 1, "b": [2]}) == key("1", {"b": [2], "a": 1})
    different = [key("1"), key("2"), key("1", "2"), key("1", 2), key("1", ["2"]), key("1", None)]
    assert len(set(different)) == len(different)


def test_keys_take_any_text() -> None:
    assert key("1", "注意力\ud800") != key("1", "注意力")


def test_the_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DECKWRIGHT_CACHE", str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.delenv("DECKWRIGHT_CACHE")
    assert default_folder().name == "deckwright"
