"""Facts that age are looked at again in time."""

from collections.abc import Iterator

from builder.lint.content import Content, Finding


def _months(month: str) -> int:
    year, number = month.split("-")
    return int(year) * 12 + int(number)


def review_due(content: Content) -> Iterator[Finding]:
    """A fact whose month of review has passed, or that was true long ago."""
    now = _months(content.month)
    for entry in content.entries:
        item = entry.item
        if item.review_by is not None:
            if _months(item.review_by) < now:
                yield Finding(
                    "review-due",
                    f"this was to be looked at again by {item.review_by}",
                    (*entry.path, "review_by"),
                    "check the facts, then move `as_of` and `review_by`",
                    warning=True,
                )
        elif item.as_of is not None and now - _months(item.as_of) > content.limits.ages_after:
            yield Finding(
                "review-due",
                f"this was true in {item.as_of}, {now - _months(item.as_of)} months ago",
                (*entry.path, "as_of"),
                "check the facts and move `as_of`, or say in `review_by` when to look again",
                warning=True,
            )


def future_date(content: Content) -> Iterator[Finding]:
    """Nobody knows yet what is true next year."""
    now = _months(content.month)
    for entry in content.entries:
        as_of = entry.item.as_of
        if as_of is not None and _months(as_of) > now:
            yield Finding(
                "date-in-future",
                f"`as_of` is the month in which the fact was true; {as_of} is still to come",
                (*entry.path, "as_of"),
                "`review_by` says when to look again",
                warning=True,
            )
