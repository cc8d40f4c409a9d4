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
from collections.abc import Iterator, Mapping, Sequence
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
#: What is said of elements by name, not by text.
_NAMED = ("O", "Scope")
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


class Link:
    """What WeasyPrint wants of the box of a link: a place to leave the annotation."""

    link_annotation: Any = None


@dataclass(slots=True)
class Node:
    """An element of the structure.

    Attributes:
        kind: Its type in PDF, such as `P`.
        attributes: What else is said of it, in PDF's terms.
        kids: Numbers of pieces of content, and elements below it.
        link: The link that it is.
    """

    kind: str
    attributes: dict[str, Any]
    kids: list["int | Node"]
    link: Link | None = None


def nodes(pages: Sequence[Any], height: float, tags: Any, links: Mapping[Any, Any]) -> Node:
    """The structure of a page that is painted.

    Args:
        pages: The boxes of the page, or of each column.
        height: The page's, in CSS pixels.
        tags: What is painted: box -> number of the piece of content. It is emptied.
        links: The boxes that are links, and what will know the annotation.
    """
    root = Node("Document", {}, [])
    tree = _Tree(height, tags, links)
    for page in pages:
        tree.walk(page, _Place(root, page.children[0].element.get("lang", "")))
    if tags:
        raise RuntimeError("something was drawn that is in no box")
    return root


def _add_tags(pdf: Any, document: Any, pdf_version: Any, page_streams: Any) -> None:
    """In place of the function of WeasyPrint's `pdf.tags`; all pages are painted ones."""
    import pydyf

    del pdf_version, page_streams
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
    links: list[tuple[bytes, Any]] = []
    for number, page in enumerate(document.pages):
        owners: dict[int, bytes] = {}
        writer = _Writer(pdf, pdf.page_references[number], owners, links)
        for node in page.tags.kids:
            writer.write(node, whole)
        parents["Nums"].extend((number, pydyf.Array(ref for _, ref in sorted(owners.items()))))
    for number, (reference, annotation) in enumerate(links, len(document.pages)):
        parents["Nums"].extend((number, reference))
        annotation["StructParent"] = number


class _Writer:
    """Makes the objects of a page's elements."""

    def __init__(
        self, pdf: Any, page: bytes, owners: dict[int, bytes], links: list[tuple[bytes, Any]]
    ) -> None:
        self._pdf, self._page, self._owners, self._links = pdf, page, owners, links

    def write(self, node: Node, parent: Any) -> None:
        """Add an element and what is below it."""
        import pydyf

        kids = pydyf.Array()
        element = pydyf.Dictionary({"Type": "/StructElem", "S": f"/{node.kind}", "K": kids})
        element["P"], element["Pg"] = parent.reference, self._page
        for name, value in node.attributes.items():
            element[name] = _object(name, value)
        self._pdf.add_object(element)
        reference = element.reference
        parent["K"].append(reference)
        if node.link is not None and node.link.link_annotation is not None:
            annotation = node.link.link_annotation
            kid = pydyf.Dictionary({"Type": "/OBJR", "Obj": annotation.reference})
            kid["Pg"] = self._page
            self._pdf.add_object(kid)
            kids.append(kid.reference)
            self._links.append((reference, annotation))
        for each in node.kids:
            if isinstance(each, Node):
                self.write(each, element)
            else:
                kids.append(each)
                self._owners[each] = reference


def _object(name: str, value: Any) -> Any:
    """What is said of an element as PDF has it."""
    import pydyf

    if isinstance(value, dict):
        return pydyf.Dictionary({inner: _object(inner, said) for inner, said in value.items()})
    if isinstance(value, tuple):
        return pydyf.Array(value)
    if isinstance(value, str):
        return f"/{value}" if name in _NAMED else pydyf.String(value)
    return value


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

    parent: Node
    language: str
    html: Any = None
    laid_out: bool = False
    item: Node | None = None


class _Tree:
    """Makes the elements of one page."""

    def __init__(self, height: float, tags: Any, links: Mapping[Any, Any]) -> None:
        from weasyprint.formatting_structure.boxes import InlineBox, MarginBox, ReplacedBox, TextBox

        self._inline, self._margin = InlineBox, MarginBox
        self._replaced, self._text = ReplacedBox, TextBox
        self._height, self._tags, self._links = height, tags, links

    def walk(self, box: Any, place: _Place) -> None:
        """Add what stands in a box to an element."""
        box = getattr(box, "_box", box)  # what stands in the place of a positioned box
        if isinstance(box, self._text):
            self._put(box, place.parent)
            return
        if isinstance(box, self._margin):
            # What a link in a margin says is no content, but it can be followed.
            links = [self._links[inner] for inner in box.descendants() if inner in self._links]
            place.parent.kids.extend(Node("Link", {}, [], link) for link in links)
            return
        html, inside = box.element, place
        if box.element_tag == "li::marker" and place.item is not None:
            label = Node("Lbl", {}, [])
            place.item.kids.insert(0, label)
            inside = replace(place, parent=label)
        elif html is not None and html is not place.html and box.element_tag == html.tag:
            inside = self._opened(box, html, place)
        if isinstance(box, self._replaced):
            self._put(box, inside.parent)
            return
        for child in box.children:
            self.walk(child, inside)
        made = inside.parent
        if made.kind in _HOLLOW and not made.kids and place.parent.kids[-1:] == [made]:
            place.parent.kids.pop()

    def _opened(self, box: Any, html: Any, place: _Place) -> _Place:
        """The place inside of a box, which is another one if its HTML element means something."""
        language = html.get("lang") or place.language
        laid_out, item = place.laid_out, place.item
        kind = _TAGS.get(html.tag)
        link = self._links.get(box)
        if kind == "Table":
            laid_out = html.find(".//th") is None or not any(
                inner.element_tag == "th" for inner in box.descendants()
            )
        if laid_out and kind in _LAID_OUT:
            kind = _LAID_OUT[kind]
        if kind == "Link":
            kind = None  # it leads nowhere, or see below
        if kind is None and language != place.language:
            kind = "Span" if isinstance(box, self._inline) else "Div"
        parent = place.parent
        if link is not None:
            parent.kids.append(parent := Node("Link", {}, [], link))
        if kind is None:
            return replace(place, parent=parent, html=html, laid_out=laid_out)
        node = Node(kind, {}, [])
        parent.kids.append(node)
        if language != place.language:
            node.attributes["Lang"] = language
        if kind in ("TH", "TD"):
            node.attributes |= _cell(box, kind)
        elif kind == "Figure":
            node.attributes |= self._figure(box)
        elif kind == "LI":
            item, body = node, Node("LBody", {}, [])
            node.kids.append(body)
            node = body
        return _Place(node, language, html, laid_out, item)

    def _put(self, box: Any, node: Node) -> None:
        number = self._tags.pop(box, None)
        if number is not None:
            node.kids.append(number)

    def _figure(self, box: Any) -> dict[str, Any]:
        left, top = box.content_box_x(), box.content_box_y()
        right, bottom = left + box.width, top + box.height
        corners = (left, self._height - bottom, right, self._height - top)
        said: dict[str, Any] = {
            "A": {"O": "Layout", "BBox": tuple(_POINTS * side for side in corners)}
        }
        title = box.element.find("{http://www.w3.org/2000/svg}title")
        alt = box.element.get("alt") if title is None else title.text
        if alt:
            said["Alt"] = alt
        else:
            source = box.element.get("src", "unknown")
            logging.getLogger("weasyprint").error("Image %r has no alt text", source)
        return said


def _cell(box: Any, kind: str) -> dict[str, Any]:
    spans = {"ColSpan": box.colspan, "RowSpan": box.rowspan}
    said: dict[str, Any] = {name: count for name, count in spans.items() if count != 1}
    if kind == "TH":
        said["Scope"] = "Column"
    return {"A": {"O": "Table", **said}} if said else {}
