"""Text as YAML can hold it without escapes, which this project's content never has."""

import re

_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff\U0010ffff]"
)


def printable(html: str) -> str:
    """HTML that looks the same without control characters, tabs and blanks at the ends of lines."""
    text = re.sub(r"\r\n?|[\x85\u2028\u2029]", "\n", html)
    text = _CONTROL.sub("", text.replace("\t", "    " if "<pre" in text else " "))
    return re.sub(r" +(?=\n|\Z)", "", text).strip()


def one_line(text: str) -> str:
    """A name on one line."""
    return " ".join(printable(text).split())
