"""The structure that makes a PDF readable aloud: PDF/UA-1 (ISO 14289-1), from WeasyPrint's boxes.

WeasyPrint 70 tags PDFs itself, but this is done in its place:

* 7.1: what stands in margins, such as running heads, is an artifact, read on no page.
* 7.2: passages that are not in the document's language name theirs.
* 7.5: header cells have a scope. WeasyPrint names headers by ids, without the table of ids that
  ISO 32000-1, 14.7.2 demands with them. Tables without a header cell only set columns side by
  side: to a reader they are groups.
* Only what means something is an element. WeasyPrint has one for every box and every piece of a
  line, which are half of the objects of a file and a tenth of the time it takes. Pieces of text
  that follow each other in one element are one piece of content.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

#: HTML elements with an equivalent. `span` is one only where it has a language.
_TAGS = {
    **{name: name.upper() for name in ("p", "h1", "h2", "h3", "h4", "h5", "h6", "th", "td", "tr")},
    **dict.fromkeys(("ul", "ol", "dl"), "L"),
    **dict.fromkeys(("li", "dt", "dd"), "LI"),
    **dict.fromkeys(("caption", "figcaption"), "Caption"),
    "thead": "THead",
    "tbody": "TBody",
    "tfoot": "TFoot",
    "table": "Table",
    "div": "Div",
    "main": "Part",
    "article": "Art",
    "section": "Sect",
    "blockquote": "BlockQuote",
    "a": "Link",
    "img": "Figure",
    "{http://www.w3.org/2000/svg}svg": "Figure",
}
#: Elements that say nothing without content.
_HOLLOW = ("Span", "Div", "P")
#: The parts of a table that only sets columns side by side; its cells are groups.
_LAID_OUT = {"Table": None, "THead": None, "TBody": None, "TFoot": None, "TR": None, "TD": "Div"}
#: Points in a pixel of CSS.
_POINTS = 0.75
#: The end of a piece of text; unlike that of an artifact, though the bytes are the same.
_END = bytes(bytearray(b"EMC"))


@contextmanager
def tagged() -> Iterator[None]:
    """While inside, WeasyPrint marks and tags the pages that it draws as described above.

    It takes the place of a few functions of the pinned version; that they are there, tests see.
    """
    import weasyprint.draw as draw
    import weasyprint.pdf as pdf
    from weasyprint.formatting_structure.boxes import MarginBox

    before = pdf.add_tags, pdf.Stream.marked, draw.draw_stacking_context

    def draw_stacking_context(stream: Any, context: Any) -> None:
        outer = stream.__dict__.get("is_margin", False)
        stream.is_margin = outer or isinstance(context.box, MarginBox)
        before[2](stream, context)
        stream.is_margin = outer

    pdf.add_tags, pdf.Stream.marked = _add_tags, _marked
    draw.draw_stacking_context = draw_stacking_context
    try:
        yield
    finally:
        pdf.add_tags, pdf.Stream.marked, draw.draw_stacking_context = before


def _marked(stream: Any, box: Any, tag: str) -> "_Marked":
    """In place of a method of WeasyPrint's `Stream`."""
    return _Marked(stream, box, tag)


class _Marked:
    """What is drawn inside is a piece of content of a box."""

    def __init__(self, stream: Any, box: Any, tag: str) -> None:
        self._stream, self._box, self._tag = stream, box, tag

    def __enter__(self) -> None:
        stream, box = self._stream, self._box
        tags = stream._tags
        if tags is None:
            return
        drawn = stream.stream
        whose = (box.element, box.element_tag) if self._tag == "Span" else None
        if stream.__dict__.get("is_margin"):
            drawn.append(b"/Artifact BMC")
        elif drawn and drawn[-1] is _END and whose and stream.marked_last == whose:
            drawn.pop()
            tags[box] = None
        else:
            tags[box] = number = stream.__dict__.get("marked_count", 0)
            stream.marked_count = number + 1
            # Each line of a link has a link of its own.
            stream.marked_last = None if box.element_tag == "a" else whose
            drawn.append(b"/%s <</MCID %d>> BDC" % (self._tag.encode(), number))

    def __exit__(self, *_: object) -> None:
        if self._stream._tags is not None:
            self._stream.stream.append(_END)


def _add_tags(pdf: Any, document: Any, pdf_version: Any, page_streams: Any) -> None:
    """In place of the function of WeasyPrint's `pdf.tags`."""
    import pydyf

    del pdf_version
    parents = pydyf.Dictionary({"Nums": pydyf.Array()})
    pdf.add_object(parents)
    root = pydyf.Dictionary({"Type": "/StructTreeRoot", "ParentTree": parents.reference})
    pdf.add_object(root)
    whole = pydyf.Dictionary({"Type": "/StructElem", "S": "/Document", "P": root.reference})
    whole["K"] = pydyf.Array()
    pdf.add_object(whole)
    root["K"] = pydyf.Array([whole.reference])
    pdf.catalog["StructTreeRoot"] = root.reference
    pdf.catalog["ViewerPreferences"] = pydyf.Dictionary({"DisplayDocTitle": "true"})
    pdf.catalog["MarkInfo"] = pydyf.Dictionary({"Marked": "true"})
    language = pdf.catalog["Lang"].string if "Lang" in pdf.catalog else ""
    links: list[tuple[Any, Any]] = []
    for number, (page, stream) in enumerate(zip(document.pages, page_streams, strict=True)):
        tree = _Page(pdf, pdf.page_references[number], page.height, stream._tags, links)
        tree.walk(page._page_box, _Place(whole, language))
        if stream._tags:
            raise RuntimeError("something was drawn that is in no box")
        parents["Nums"].extend((number, pydyf.Array(ref for _, ref in sorted(tree.owners.items()))))
    for number, (reference, annotation) in enumerate(links, len(document.pages)):
        parents["Nums"].extend((number, reference))
        annotation["StructParent"] = number


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the structure the content of a box belongs.

    Attributes:
        parent: The element.
        language: Its language.
        html: The HTML element that it stands for.
        laid_out: Whether it is in a table that only sets columns side by side.
        item: The element of the list item that it is in.
    """

    parent: Any
    language: str
    html: Any = None
    laid_out: bool = False
    item: Any = None


class _Page:
    """Makes the elements of one page."""

    def __init__(
        self, pdf: Any, reference: bytes, height: float, tags: Any, links: list[tuple[Any, Any]]
    ) -> None:
        self._pdf, self._reference, self._height = pdf, reference, height
        self._tags, self._links = tags, links
        #: Number of a piece of content -> the element that it is in.
        self.owners: dict[int, bytes] = {}

    def walk(self, box: Any, place: _Place) -> None:
        """Add what stands in a box to an element."""
        from weasyprint.formatting_structure.boxes import MarginBox, ReplacedBox, TextBox

        box = getattr(box, "_box", box)  # what stands in the place of a positioned box
        if isinstance(box, TextBox):
            self._put(box, place.parent)
            return
        if isinstance(box, MarginBox):
            self._links_of(box, place)
            return
        html, inner = box.element, place
        if box.element_tag == "li::marker":
            label = self._element("Lbl", place.item)
            place.item["K"].insert(0, place.item["K"].pop())
            inner = replace(place, parent=label)
        elif html is not None and html is not place.html and box.element_tag == html.tag:
            inner = self._opened(box, html, place)
        if isinstance(box, ReplacedBox):
            self._put(box, inner.parent)
            return
        for child in box.children:
            self.walk(child, inner)
        made = inner.parent
        hollow = made is not place.parent and not made["K"] and made["S"][1:] in _HOLLOW
        if hollow and self._pdf.objects[-1] is made:
            self._pdf.objects.pop()
            place.parent["K"].pop()

    def _opened(self, box: Any, html: Any, place: _Place) -> _Place:
        """The place inside of a box, which is another one if its HTML element means something."""
        from weasyprint.formatting_structure.boxes import InlineBox

        language = html.get("lang") or place.language
        laid_out, item = place.laid_out, place.item
        kind = _TAGS.get(html.tag)
        if kind == "Table":
            laid_out = html.find(".//th") is None or not any(
                inner.element_tag == "th" for inner in box.descendants()
            )
        if laid_out and kind in _LAID_OUT:
            kind = _LAID_OUT[kind]
        if kind == "Link" and not box.link_annotation:
            kind = None
        if kind is None and language != place.language:
            kind = "Span" if isinstance(box, InlineBox) else "Div"
        if kind is None:
            return replace(place, html=html, laid_out=laid_out)
        element = self._element(kind, place.parent)
        if language != place.language:
            element["Lang"] = _string(language)
        if kind in ("TH", "TD"):
            self._cell(element, box)
        elif kind == "Figure":
            self._figure(element, box)
        elif kind == "LI":
            item, element = element, self._element("LBody", element)
        if box.link_annotation:
            self._link(element, box)
        return _Place(element, language, html, laid_out, item)

    def _element(self, kind: str, parent: Any) -> Any:
        import pydyf

        element = pydyf.Dictionary({"Type": "/StructElem", "S": f"/{kind}", "K": pydyf.Array()})
        element["P"], element["Pg"] = parent.reference, self._reference
        self._pdf.add_object(element)
        parent["K"].append(element.reference)
        return element

    def _put(self, box: Any, element: Any) -> None:
        number = self._tags.pop(box, None)
        if number is not None:
            element["K"].append(number)
            self.owners[number] = element.reference

    def _cell(self, element: Any, box: Any) -> None:
        import pydyf

        spans = {"ColSpan": box.colspan, "RowSpan": box.rowspan}
        said = {name: count for name, count in spans.items() if count != 1}
        if element["S"] == "/TH":
            said["Scope"] = "/Column"
        if said:
            element["A"] = pydyf.Dictionary({"O": "/Table", **said})

    def _figure(self, element: Any, box: Any) -> None:
        import pydyf

        left, top = box.content_box_x(), box.content_box_y()
        right, bottom = left + box.width, top + box.height
        corners = (left, self._height - bottom, right, self._height - top)
        element["A"] = pydyf.Dictionary(
            {"O": "/Layout", "BBox": pydyf.Array(_POINTS * side for side in corners)}
        )
        title = box.element.find("{http://www.w3.org/2000/svg}title")
        alt = box.element.get("alt") if title is None else title.text
        if alt:
            element["Alt"] = _string(alt)
        else:
            source = box.element.get("src", "unknown")
            logging.getLogger("weasyprint").error("Image %r has no alt text", source)

    def _link(self, element: Any, box: Any) -> None:
        import pydyf

        annotation = box.link_annotation
        kid = pydyf.Dictionary({"Type": "/OBJR", "Obj": annotation.reference})
        kid["Pg"] = self._reference
        self._pdf.add_object(kid)
        element["K"].append(kid.reference)
        self._links.append((element.reference, annotation))

    def _links_of(self, box: Any, place: _Place) -> None:
        """Links in a margin: what they say is no content, but they can be followed."""
        for inner in box.descendants():
            if inner.link_annotation:
                self._link(self._element("Link", place.parent), inner)


def _string(text: str) -> Any:
    import pydyf

    return pydyf.String(text)
