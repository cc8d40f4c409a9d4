"""Whether a text shows anything."""

import pytest

from builder import markup


@pytest.mark.parametrize(
    "text",
    [
        "&nbsp;",
        "\u200b",
        "- ",
        "#",
        "> ",
        "[](https://x.org)",
        "` `",
        "| |\n|-|",
        "{{c1::&#8203;}}",
    ],
)
def test_what_nobody_sees(text: str) -> None:
    assert markup.shows_nothing(markup.parse(text))


@pytest.mark.parametrize(
    "text",
    ["a", "。", "\ue000", "$x$", "$$\nx\n$$", "```\na\n```", "![](a.svg)", "---", "- \n- a", "`0`"],
)
def test_what_is_seen(text: str) -> None:
    assert not markup.shows_nothing(markup.parse(text))
