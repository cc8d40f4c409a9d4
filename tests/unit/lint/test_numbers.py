"""Numbers are worth the same in every language, and names are no numbers."""

import pytest

from builder.lint.numbers import numbers, spelled


def values(text: str, language: str = "zh") -> list[str]:
    return [number.value for number in numbers(text, language)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10,000 and 1 万", ["10000", "10000"]),
        ("1.3B, 13 亿, 1.3 billion", ["1300000000"] * 3),
        ("128k 与 128K", ["128000"] * 2),
        ("1.50 and 1.5", ["1.5", "1.5"]),
        ("7%–64%", ["7", "64"]),
        ("GPT-2, FP32, Qwen2.5, LLaMA-13B, v1-3b", []),
        ("8 GB of Mixtral-8x7B", ["8"]),
        ("2:4 sparsity", ["2", "4"]),
        ("3.1.2", ["3.1"]),
        ("9" * 60, ["9" * 60]),
        ("no digits", []),
    ],
)
def test_numbers(text: str, expected: list[str]) -> None:
    assert values(text) == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("de", "1.000 und 0,5 und 2,5 Milliarden", ["1000", "0.5", "2500000000"]),
        ("de", "Python 3.11 mit 1 Billion", ["3.11", "1000000000000"]),
        ("fr", "10\u202f000 fois, 3,14", ["10000", "3.14"]),
        ("es", "2 mil millones", ["2000000000"]),
        ("en", "10,000 and 3.14 and 1 billion", ["10000", "3.14", "1000000000"]),
        ("zh-Hant", "3 億", ["300000000"]),
        ("ja", "2 兆", ["2000000000000"]),
        ("ko", "5억", ["500000000"]),
        ("sw", "1.5 million", ["1500000"]),
    ],
)
def test_every_language_writes_numbers_its_own_way(
    language: str, text: str, expected: list[str]
) -> None:
    assert values(text, language) == expected


def test_numbers_know_their_place() -> None:
    text = "共 1,024 个"
    (number,) = numbers(text, "zh")
    assert text[number.start : number.end] == number.shown == "1,024"


@pytest.mark.parametrize(
    ("value", "text", "language", "expected"),
    [
        ("2", "two heads", "en", True),
        ("2", "the second", "en", True),
        ("2", "两个头", "zh", True),
        ("2", "stone", "en", False),
        ("5", "in May 2024", "en", True),
        ("3", "FlashAttention-2 和 -3", "zh", False),
        ("3", "FlashAttention-3", "en", True),
        ("3", "FlashAttention-30", "en", False),
        ("77", "seventy-seven", "en", False),
        ("2", "deux", "fr", True),
        ("5", "fünf Pixel", "de", True),
        ("2", "dois", "pt", True),
        ("13", "treze", "pt", False),
        ("77", "soixante-dix-sept", "fr", False),
    ],
)
def test_spelled(value: str, text: str, language: str, expected: bool) -> None:
    assert spelled(value, text, language) is expected
