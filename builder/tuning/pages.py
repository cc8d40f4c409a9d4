"""Styles of pages: computed once for all pages that the same rules apply to.

WeasyPrint computes the styles of a page and of the sixteen boxes in its margins for each page anew,
since a rule may name the number of a page.
"""

from typing import Any


def functions() -> dict[Any, Any]:
    """A function of WeasyPrint -> what does the same sooner."""
    from weasyprint.layout import page

    compute = page.set_page_type_computed_styles
    return {compute: _sharing(compute)}


def _sharing(compute: Any) -> Any:
    def share(page_type: Any, html: Any, style_for: Any) -> None:
        rules = tuple(
            style_for._page_type_match(selector, page_type)
            for sheet, _, _ in style_for._sheets
            for _, selectors, _ in sheet.page_rules
            for _, _, selector in selectors
        )
        known = style_for.__dict__.setdefault("page_styles", {})
        styles = style_for.get_computed_styles()
        if rules in known:
            for pseudo_type, style in known[rules]:
                styles[page_type, pseudo_type] = style
            return
        compute(page_type, html, style_for)
        known[rules] = [
            (pseudo_type, style)
            for (element, pseudo_type), style in styles.items()
            if element == page_type
        ]

    return share
