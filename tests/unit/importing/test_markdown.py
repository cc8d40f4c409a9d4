"""HTML becomes Markdown only where nothing is lost."""

import re
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder import markup
from builder.importing.canonical import canonical, clozes, texts, with_clozes
from builder.importing.markdown import to_markdown
from builder.importing.printable import printable
from builder.kept import clean
from builder.targets.notes import field_style

PLAIN, CLOZE = field_style(cloze=False), field_style(cloze=True)


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("hi <b>x</b> <i>y</i>", "hi **x** *y*"),
        ("a<br>b<div>c</div>", "a\\\nb\\\nc"),
        ("<div>a</div><div><br></div><div>b</div>", "a\\\n\\\nb"),
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<ul><li>a</li><li>b <i>x</i><ul><li>n</li></ul></li></ul>", "- a\n- b *x*\n  - n"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ("text<ul><li>a</li></ul>more", "text\n\n- a\n\nmore"),
        (r"\(\frac{a}{b}\) and \[x&lt;y\]", r"$\frac{a}{b}$ and $$x<y$$"),
        ("5 &lt; 6 &amp; *a* snake_case #h $5", r"5 < 6 & \*a\* snake_case #h \$5"),
        ("# no", r"\# no"),
        ("1. no", r"1\. no"),
        ("<b><i>both</i></b>", "**_both_**"),
        ("<b>a </b>b&nbsp;", "**a** b"),
        ("[sound:a_b.mp3]", "[sound:a_b.mp3]"),
        ('<img src="a b_c.png">', "![](<a b_c.png>)"),
        ("<pre>x = 1\n  y</pre>", "```\nx = 1\n  y\n```"),
        ("<code>a`b</code>", "``a`b``"),
        ('<a href="https://x.org/?a=1&amp;b=2">l</a>', "[l](<https://x.org/?a=1&b=2>)"),
        ("&lt;b&gt;", r"\<b>"),
        ("中文<b>重点。</b>后面", "中文**重点。**后面"),
        ("<blockquote>q</blockquote>", "> q"),
        ("<h2>t</h2>", "## t"),
        ("<table><thead><tr><th>a</th></tr></thead></table>", "| a |\n| --- |"),
    ],
)
def test_what_markdown_can_say(html: str, markdown: str) -> None:
    assert to_markdown(html, PLAIN) == markdown


@pytest.mark.parametrize(
    "html",
    [
        "<u>x</u>",
        "H<sub>2</sub>O",
        '<span style="color: red">x</span>',
        '<img src="a.png" width="30">',
        "<table><tbody><tr><td>no head</td></tr></tbody></table>",
        "<pre>a<b>b</b></pre>",
        '<div class="x">y</div>',
        '<a href="javascript:x()">y</a>',
        '<a href="https://x.org" target="_blank">y</a>',
        "\\(a % note\nb\\)",
        "{{c1::no cloze here}}<u>x</u>",
        "",
        "<br>",
        "x" * 60_000,
        "<b>" * 5000,
        "&#92;(no&#92;)",
        r"\&lsqb;no\&rsqb;",
        "&#91;sound:no.mp3&#93;",
        "&lbrack;$]no[/$]",
    ],
)
def test_what_stays_html(html: str) -> None:
    assert to_markdown(html, PLAIN) is None


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("{{c1::Paris}} is {{c2::<b>big</b>::hint}}", "{{c1::Paris}} is {{c2::**big**::hint}}"),
        (r"{{c1::\(\frac{a}{b}\)}} x", r"{{c1::$\frac{a}{b}$}} x"),
        ("{{c1::a {{c2::b}} }}", "{{c1::a {{c2::b}} }}"),
        ("a::b {{c1::x}}", "a::b {{c1::x}}"),
        ("{{c1::std:<!-- -->:vector}}", None),
        (r"\({{c1::\frac{a}{b} }}\)", None),
        ("{{c1::x::}}", None),
        ("{{c1,2::x}}", None),
        ("<pre>{{c1::x}}</pre>", None),
        ("{{c3::std&#58;&#58;x}}", None),
        ("{{c1::a&#125;&#125;b}}", None),
        ("{{c1::a&#58;&#58;b::h}}", None),
        ("<code>&#123;&#123;c2::z&#125;&#125;</code> {{c1::y}}", None),
        ("{{c1::y}} &#92;(no&#92;)", None),
        ("{{c1::a{&#123;x}&#125;b}} &#33;", r"{{c1::a\{{x}}b}} !"),
    ],
)
def test_clozes(html: str, markdown: str | None) -> None:
    assert to_markdown(html, CLOZE) == markdown


def test_the_same_look_is_the_same() -> None:
    same = (
        "a<br>b",
        "<div>a</div><div>b</div>",
        "a<div>b</div>",
        "<p>a<br>b</p>",
        " a <br/>\n b<br>",
    )
    assert len({canonical(html) for html in same}) == 1
    assert canonical("a<br>b") != canonical("a b")
    assert canonical("<b>a</b>") == canonical("<strong>a</strong>") != canonical("a")


def test_clozes_are_compared_as_anki_reads_them() -> None:
    assert clozes("{{c1::a::b::c}} }} ::") == ("{{c1::", "::", "}}")
    assert clozes("{{c1::a:<!-- -->:b}}") == ("{{c1::", "}}")


LINES = st.text(
    st.one_of(
        st.characters(categories=["L", "N", "P", "S"]),
        st.sampled_from(" \n#:-{}[]'\"\\|>&*!%@`,?~<$_=+.)1a\xa0"),
    )
).map(printable)


@given(LINES.filter(str.strip))
def test_any_plain_text_becomes_markdown(text: str) -> None:
    html = escape(text, quote=False)
    markdown = to_markdown(html, PLAIN)
    if not canonical(html) or "\\(" in text or "\\[" in text:
        return
    assert markdown is not None
    rendered = markup.render(markup.parse(markdown), PLAIN)
    assert "".join(texts(canonical(rendered))) == "".join(texts(canonical(html)))


TAGS = st.sampled_from("b i strong s u code div p ul ol li blockquote h2 span pre table".split())
HTML = st.recursive(
    LINES.map(lambda text: escape(text, quote=False)),
    lambda inner: st.one_of(
        st.builds("<{0}>{1}</{0}>".format, TAGS, inner),
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.builds("{}<br>{}".format, inner, inner),
        st.builds("{{{{c{}::{}}}}}".format, st.integers(1, 3), inner),
    ),
    max_leaves=8,
)


@given(HTML, st.booleans())
def test_markdown_gives_back_the_html_it_was_made_of(html: str, cloze: bool) -> None:
    style = CLOZE if cloze else PLAIN
    html = clean(html)
    markdown = to_markdown(html, style)
    if markdown is None:
        return
    document = markup.parse(markdown)
    assert not document.problems
    rendered = markup.render(document, style).strip()
    assert canonical(rendered) == canonical(html)
    if cloze:
        assert markup.card_ordinals([rendered]) == markup.card_ordinals([html])


READ_BY_ANKI = st.lists(
    st.sampled_from(
        [
            *"{}:\\()ab ",
            *(f"&#{ord(char)};" for char in "{}:\\()[a"),
            *("{{c1::", "{{c2::", "{&#123;", "}}", "::", "[sound:", "<b>x</b>", "<code>}}</code>"),
        ]
    )
).map("".join)


def read_by_anki(html: str) -> tuple[object, ...]:
    """What Anki does with a field: its clozes, formulas and sounds, and the text that is left."""
    special = re.compile(r"\{\{c\d+::|\}\}|::|\\[()\[\]]|\[sound:")
    cards = markup.card_ordinals([html])
    return (
        cards,
        clozes(html),
        [match[0] for match in special.finditer(html) if match[0][0] in "\\["],
    )


@given(READ_BY_ANKI)
def test_anki_reads_the_same_in_what_is_kept(html: str) -> None:
    kept = clean(html)
    assert read_by_anki(kept) == read_by_anki(html)
    assert with_clozes(kept) == with_clozes(html)


@given(READ_BY_ANKI.map(clean), st.booleans())
def test_anki_reads_the_same_in_what_becomes_markdown(html: str, cloze: bool) -> None:
    style = CLOZE if cloze else PLAIN
    markdown = to_markdown(html, style)
    if markdown is None:
        return
    rendered = markup.render(markup.parse(markdown), style).strip()
    assert "".join(texts(canonical(rendered))) == "".join(texts(canonical(html)))
    if cloze:
        assert with_clozes(rendered) == with_clozes(html)
        assert read_by_anki(rendered)[:2] == read_by_anki(html)[:2]
