"""E3: own words. Runs of words that a text shares with texts of others, known by hashes alone."""

from collections.abc import Iterator

from builder.lint.content import Content, Finding, Text


def copied(content: Content) -> Iterator[Finding]:
    """No text shares a phrase with those that the deck lists."""
    known = content.phrases
    if not known:
        return
    from builder.phrases import phrases

    for text in content.texts:
        start = end = -1
        for phrase in phrases(text.shown):
            if phrase.hash not in known:
                continue
            if start < 0:
                start, end = phrase.start, phrase.end
            elif phrase.start <= end:
                end = phrase.end
            else:
                yield _finding(text, start, end)
                start, end = phrase.start, phrase.end
        if start >= 0:
            yield _finding(text, start, end)


def _finding(text: Text, start: int, end: int) -> Finding:
    return text.finding(
        "copied-text",
        "these words stand in a text of others, one after the other",
        "facts are free, sentences are not: say it in your own words",
        start,
        end,
    )
