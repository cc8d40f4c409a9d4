"""Styles of pages: computed once for all pages that the same rules apply to.

WeasyPrint computes the styles of a page and of the sixteen boxes in its margins for each page anew,
since a rule may name the number of a page.
"""

from typing import Any

from builder.tuning.cascade import rule, shared


def functions() -> dict[Any, Any]:
    """A function of WeasyPrint -> what does the same sooner."""
    from weasyprint.layout import page

    compute = page.set_page_type_computed_styles
    return {compute: _sharing(compute)}


def _sharing(compute: Any) -> Any:
    def share(page_type: Any, html: Any, style_for: Any) -> None:
        styles = style_for.get_computed_styles()
        root = styles[html.etree_element, None]
        rules = (
            id(root),
            *(
                (*specificity, pseudo, rule(sheet, origin, place, declarations))
                for sheet, origin, _ in style_for._sheets
                for place, (_, selectors, declarations) in enumerate(sheet.page_rules)
                for specificity, pseudo, selector in selectors
                if style_for._page_type_match(selector, page_type)
            ),
        )
        common = shared(style_for._sheets)
        own = style_for.__dict__.setdefault("pages", {})
        known = common.pages if id(root) in common.lasting else own
        if rules not in known:
            compute(page_type, html, style_for)
            known[rules] = [
                (pseudo, style)
                for (whose, pseudo), style in style_for.get_computed_styles().items()
                if whose == page_type
            ]
            return
        for pseudo, style in known[rules]:
            styles[page_type, pseudo] = style

    return share
