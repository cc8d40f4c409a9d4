"""The cascade: worked out once for all elements that the same rules apply to.

WeasyPrint puts together the declarations of every element, and then finds that an element styled
alike has its computed style already. Here this is looked up by the rules that match, so the work is
done for one element of hundreds; for pseudo-elements as well; and parts of a document, which have a
style sheet in common, share styles, and with them whatever was worked out for a style.

Styles that name an anchor, and those below them, belong to one place: they go with its part.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import cached_property
from math import inf
from typing import Any


class _Styles:
    """Computed styles of an element and its pseudo-elements, and the anchors they name."""

    __slots__ = ("anchors", "by_pseudo")

    def __init__(self, by_pseudo: dict[str | None, Any]) -> None:
        self.by_pseudo = by_pseudo
        self.anchors = [style["anchor"] for style in by_pseudo.values() if style["anchor"]]


class Shared:
    """What the parts of a document share."""

    def __init__(self) -> None:
        #: What applies to an element -> its styles.
        self.styles: dict[Hashable, _Styles] = {}
        #: Their identities, which are their own while they last.
        self.lasting: set[int | None] = {None}
        #: What applies to a page -> its styles and those of its margins.
        self.pages: dict[Hashable, list[tuple[str | None, Any]]] = {}
        #: The size of the first page, on which lengths may depend.
        self.page_sizes: dict[str, Any] = {}


def shared(sheets: Any) -> Shared:
    """What all that has the last of some style sheets, the document's own, has in common."""
    known: Shared = sheets[-1][0].__dict__.setdefault("shared", Shared())
    return known


def rule(sheet: Any, origin: str, place: Hashable, declarations: Iterable[Any]) -> Hashable:
    """A rule as part of a key: its place, or what it says if only a part has the style sheet."""
    if origin == "author":
        said = tuple(declarations)
        try:
            hash(said)
        except TypeError:
            return sheet, place
        return said
    return sheet, place


def changes() -> Iterator[tuple[Any, str, Any]]:
    """Classes of WeasyPrint and its selectors, a name in each, and what does the same sooner."""
    from cssselect2 import ElementWrapper
    from weasyprint.css import StyleFor

    yield StyleFor, "__init__", _start
    for name, value in vars(ElementWrapper).items():
        if isinstance(value, cached_property):
            yield ElementWrapper, name, _Once(name, value.func)


class _Once:
    """In place of `cached_property`, which in Python 3.11 takes a lock each time."""

    def __init__(self, name: str, work_out: Callable[[Any], Any]) -> None:
        self._name, self._work_out = name, work_out

    def __get__(self, owner: Any, kind: type) -> Any:
        value = owner.__dict__[self._name] = self._work_out(owner)
        return value


def _start(
    self: Any,
    html: Any,
    sheets: Any,
    presentational_hints: bool,
    font_config: Any,
    target_collector: Any,
) -> None:
    """In place of `StyleFor.__init__`."""
    common = shared(sheets)
    self._cascaded_styles = {}  # of pages, later
    computed: dict[tuple[Any, str | None], Any] = {}
    self._computed_styles = computed
    self._sheets = sheets
    self.font_config = font_config
    self.initial_page_sizes = common.page_sizes
    common.page_sizes.update(box=None, area=None)
    attributes = _attributes(html, presentational_hints)
    own: dict[Hashable, _Styles] = {}
    collected: set[int] = set()
    for wrapper in html.wrapper_element.iter_subtree():
        element = wrapper.etree_element
        parent = computed[wrapper.parent.etree_element, None] if wrapper.parent else None
        declared = attributes.get(element, ())
        matched = [
            (sheet, origin, weight, sheet.matcher.match(wrapper))
            for sheet, origin, weight in sheets
        ]
        key = (
            None if parent is None else id(parent),
            *((weight, said) for weight, said, _ in declared),
            *(
                (weight or specificity, pseudo, layer, rule(sheet, origin, order, declarations))
                for sheet, origin, weight, found in matched
                for specificity, order, pseudo, (declarations, layer) in found
            ),
        )
        styles = common.styles.get(key) or own.get(key)
        if styles is None:
            cascaded = _cascaded(declared, matched)
            styles = _Styles(_computed(self, html, parent, cascaded))
            if styles.anchors or key[0] not in common.lasting or _is_clipped(wrapper, styles):
                own[key] = styles
            else:
                common.styles[key] = styles
                common.lasting.add(id(styles.by_pseudo[None]))
        if styles.anchors and id(styles) not in collected:
            collected.add(id(styles))
            for anchor in styles.anchors:
                target_collector.collect_anchor(anchor)
        for pseudo, style in styles.by_pseudo.items():
            computed[element, pseudo] = style


def _is_clipped(wrapper: Any, styles: _Styles) -> bool:
    """Whether WeasyPrint will hand a style's `overflow` on to the page and change the style."""
    style = styles.by_pseudo[None]
    return wrapper.local_name in ("html", "body") and style["overflow"] != "visible"


def _attributes(html: Any, hints: bool) -> dict[Any, list[tuple[Any, tuple[Any, ...], str]]]:
    """Element -> what its attributes declare: specificity, declarations and base address."""
    from weasyprint.css import find_style_attributes

    found: dict[Any, list[tuple[Any, tuple[Any, ...], str]]] = {}
    for weight, element, declarations, base in find_style_attributes(
        html.etree_element, hints, html.base_url
    ):
        found.setdefault(element, []).append((weight, tuple(declarations), base))
    return found


def _cascaded(declared: Any, matched: Any) -> dict[str | None, dict[str, Any]]:
    """Pseudo-element, None for the element itself -> property -> value and weight."""
    from weasyprint.css import declaration_precedence
    from weasyprint.css.validation import preprocess_declarations

    cascaded: dict[str | None, dict[str, Any]] = {None: {}}

    def add(pseudo: str | None, origin: str, weights: Any, declarations: Any) -> None:
        style = cascaded.setdefault(pseudo, {})
        for name, values, importance in declarations:
            weight = (declaration_precedence(origin, importance), *weights)
            if name not in style or style[name][1] <= weight:
                style[name] = values, weight

    for weight, said, base in declared:
        add(None, "author", (inf, weight), preprocess_declarations(base, said))
    for sheet, origin, weight, found in matched:
        for specificity, _, pseudo, (declarations, layer) in found:
            layer_order = inf if layer is None else sheet.layers.index(layer)
            add(pseudo, origin, (layer_order, weight or specificity), declarations)
    return cascaded


def _computed(
    style_for: Any, html: Any, parent: Any, cascaded: dict[str | None, dict[str, Any]]
) -> dict[str | None, Any]:
    """Pseudo-element, None for the element itself -> computed style."""
    from weasyprint.css import ComputedStyle, InitialStyle

    root = html.etree_element
    rest = html.base_url, style_for.font_config, style_for.initial_page_sizes
    above = style_for._computed_styles.get((root, None))
    initial = InitialStyle(style_for.font_config) if above is None else above
    style = ComputedStyle(parent, cascaded[None], None, initial, *rest)
    above = style if above is None else above
    found: dict[str | None, Any] = {None: style}
    for pseudo, declarations in cascaded.items():
        if pseudo:
            found[pseudo] = ComputedStyle(style, declarations, pseudo, above, *rest)
    return found
