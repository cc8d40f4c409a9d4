"""The structure that makes a PDF readable aloud, where WeasyPrint's leaves something out.

It tags paragraphs, headings, lists, tables and figures. What PDF/UA-1 (ISO 14289-1) also wants:

* 7.2: the language of each passage that is not in the document's; WeasyPrint writes only that.
* 7.5: header cells with a scope. WeasyPrint names headers by ids, without the table of ids that
  ISO 32000-1, 14.7.2 demands with them; a scope says the same in less room.
* 7.5: tables for data alone. Ours that set columns side by side have no header cell; to a reader
  they are groups.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def languages(tags: Any) -> Iterator[None]:
    """Note the `lang` of elements while WeasyPrint makes the structure.

    Args:
        tags: Its module `pdf.tags`. One private function of it is wrapped for the time; that it
            is there in the pinned version, tests see.
    """
    build = tags._build_box_tree

    def noting(box: Any, *arguments: Any) -> Iterator[Any]:
        for element in build(box, *arguments):
            html = getattr(box, "element", None)
            language = None if html is None else html.get("lang")
            if language:
                element.setdefault("Lang", _string(language))
            yield element

    tags._build_box_tree = noting
    try:
        yield
    finally:
        tags._build_box_tree = build


def _string(text: str) -> Any:
    import pydyf

    return pydyf.String(text)


def mend(pdf: Any) -> None:
    """Give header cells their scope, make tables of layout groups, and say each language once."""
    root = pdf.catalog.get("StructTreeRoot")
    if root is not None:
        for child in _children(pdf, _object(pdf, root)):
            _mend(pdf, child, pdf.catalog.get("Lang"))


def _mend(pdf: Any, element: Any, language: Any) -> None:
    own = element.get("Lang")
    if own is not None and language is not None and own.string == language.string:
        del element["Lang"]
    if element.get("S") == "/Table" and not _has_header(pdf, element):
        _make_group(pdf, element)
    elif element.get("S") in ("/TH", "/TD"):
        _mend_cell(element)
    for child in _children(pdf, element):
        _mend(pdf, child, own or language)


def _mend_cell(cell: Any) -> None:
    cell.pop("ID", None)
    attributes = cell.get("A", {})
    attributes.pop("Headers", None)
    if cell["S"] == "/TH":
        attributes["Scope"] = "/Column"
    elif len(attributes) == 1:
        cell.pop("A", None)


def _has_header(pdf: Any, element: Any) -> bool:
    return element.get("S") == "/TH" or any(
        _has_header(pdf, child) for child in _children(pdf, element)
    )


_TABLE = {"/Table", "/THead", "/TBody", "/TFoot", "/TR", "/TD"}


def _make_group(pdf: Any, element: Any) -> None:
    element["S"] = "/Div"
    element.pop("A", None)
    for child in _children(pdf, element):
        if child.get("S") in _TABLE:
            _make_group(pdf, child)


def _children(pdf: Any, element: Any) -> Iterator[Any]:
    """The elements below one, without text and links."""
    for kid in element.get("K", ()):
        if isinstance(kid, bytes):
            child = _object(pdf, kid)
            if "S" in child:
                yield child


def _object(pdf: Any, reference: bytes) -> Any:
    return pdf.objects[int(reference.split()[0])]
