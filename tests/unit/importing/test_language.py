"""Scripts tell languages apart, roughly."""

import pytest

from builder.importing.language import guess


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is <b>attention</b>?", "en"),
        ("什么是 attention？", "zh"),
        ("東京はどこですか", "ja"),
        ("서울은 어디입니까", "ko"),
        ("A deck in English that names 北京 once, as many of them do in some place", "en"),
        ("", "en"),
        (r"\alpha 12 <div class='中文'>", "en"),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert guess([text]) == language
