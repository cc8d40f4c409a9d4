"""The time of a build, which new and changed notes get."""

import os
import time

#: 2001-09-09. An older time is a clock that was never set; Anki takes note id 0 and then panics.
EARLIEST = 1_000_000_000
#: The end of 2099, the last time that a lock can hold.
LATEST = 4_102_444_799


def now() -> int:
    """Unix time in seconds; SOURCE_DATE_EPOCH stands in for the clock (reproducible-builds.org).

    Raises:
        ValueError: It is no time of this century; the message says whose.
    """
    stated = os.environ.get("SOURCE_DATE_EPOCH")
    if stated is None:
        found, said = int(time.time()), "the clock is wrong: it"
    else:
        plausible = stated.isdecimal() and len(stated) <= len(str(LATEST))
        found, said = int(stated) if plausible else 0, "SOURCE_DATE_EPOCH"
    if not EARLIEST <= found <= LATEST:
        raise ValueError(
            f"{said} must be seconds since 1970, at least {EARLIEST} and at most {LATEST}"
        )
    return found
