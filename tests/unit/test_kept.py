"""Note types of imported decks: their cards, their HTML, and what can be wrong with them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder import kept
from builder.cache import Cache
from builder.diagnostics import ContentError
from builder.load import load
from builder.project import Project


@pytest.mark.parametrize(
    ("fronts", "fields", "numbers"),
    [
        (["{{A}}"], {"A": "x"}, (1,)),
        (["{{A}}", "{{B}}"], {"A": "x", "B": " <br><div></div>"}, (1,)),
        (["{{A}}", "{{B}}"], {"A": "", "B": "x"}, (2,)),
        (["{{#C}}{{B}}{{/C}}", "{{^C}}{{B}}{{/C}}"], {"B": "x", "C": "y"}, (1,)),
        (["{{#C}}{{B}}{{/C}}", "{{^C}}{{B}}{{/C}}"], {"B": "x"}, (2,)),
        (["{{type:A}}", "{{hint: B}}", "text"], {"A": "x", "B": "y"}, (1, 2)),
        (["<!-- {{A}} -->", "{{FrontSide}}"], {"A": "x"}, (1,)),
        (["{{#A}}{{#B}}{{C}}{{/B}}{{/A}}"], {"A": "x", "C": "z"}, (1,)),
        (["{{X}}", "{{#A}}{{#B}}{{/B}}{{C}}{{/A}}"], {"A": "x", "C": "z"}, (2,)),
        (["{{A"], {"A": "x"}, (1,)),
    ],
)
def test_cards_are_those_that_anki_makes(
    fronts: list[str], fields: dict[str, str], numbers: tuple[int, ...]
) -> None:
    assert kept.card_numbers(fronts, fields) == numbers


def test_references_are_read_as_anki_does() -> None:
    html = (
        """<img alt='x' src="a b.png"><IMG src='c.png'><img src=d.png><img src="e&amp;f.png">"""
        """[sound:g (1).mp3]<audio src="h.ogg"></audio><a href="i.png">i</a>"""
    )
    assert list(kept.references(html)) == [
        "a b.png",
        "c.png",
        "d.png",
        "e&f.png",
        "h.ogg",
        "g (1).mp3",
    ]
    assert kept.found("a%20b.png", {"a b.png"}) == "a b.png"
    assert kept.found("100%.png", {"100%.png"}) == "100%.png"
    assert kept.found("c.png", {"a b.png"}) is None


@pytest.mark.parametrize(
    "html",
    [
        "plain",
        "a &lt; b &amp; c",
        '<div class="x" style="color: red">H<sub>2</sub>O</div>',
        "{{c1::std:<!-- -->:vector}}",
        '<img src="a b.png" width="3">[sound:x.mp3]',
        '<a href="https://example.org/?a=1&amp;b=2">x</a>',
        r"\(a &lt; b\)",
        "{{c3::std&#58;&#58;x}} {{c1::a&#125;&#125;b}}",
        "<code>&#123;&#123;c2::z&#125;&#125;</code> &#92;(no&#92;) &#91;sound:x&#93;",
        '{{c1::<a href="https&#58;//x.org/a&#58;&#58;b">x</a>}}',
    ],
)
def test_clean_html_stays_as_it_is(html: str) -> None:
    assert kept.clean(html) == html


@pytest.mark.parametrize(
    ("html", "cleaned"),
    [
        ("<script>x()</script>a", "a"),
        ('<b onclick="x()">a</b>', "<b>a</b>"),
        ('<img src="https://example.org/a.png">', "<img>"),
        ('<img src="//example.org/a.png">', "<img>"),
        ('<img src="data:image/png;base64,AA">', "<img>"),
        ('<img src="..\\a.png">', "<img>"),
        ('<img src="a/b.png">', "<img>"),
        ('<a href="javascript:x()">a</a>', "<a>a</a>"),
        ('<p style="background: url(//example.org)">a</p>', "<p>a</p>"),
        ('<p style="background: u\\72l(x)">a</p>', "<p>a</p>"),
        ('<iframe src="x.html"></iframe>a', "a"),
        ("<svg><script>x()</script></svg>a", "a"),
        ("<b>a", "<b>a</b>"),
        ("a & b", "a &amp; b"),
        ("a > b", "a &gt; b"),
        ('<a href="javascript&colon;x()">a</a>', "<a>a</a>"),
        ('<a href="java\tscript&#58;x&#40;&#41;">a</a>', "<a>a</a>"),
        ('<a href="javascript\x03x()">a</a>', "<a>a</a>"),
        ('<img src="data&#x3a;image/png;base64,AA">', "<img>"),
        ('<img src="..&bsol;a.png">', "<img>"),
        ('<p style="background: u&#0092;72l(x)">a</p>', "<p>a</p>"),
    ],
)
def test_what_runs_or_reaches_out_is_taken_away(html: str, cleaned: str) -> None:
    assert kept.clean(html) == cleaned


@pytest.mark.parametrize(
    ("html", "cleaned"),
    [
        ("&lcub;&#0123;&#x7B;", "&#123;" * 3),
        ("std&colon;&#58:", "std&#58;&#58;:"),
        ("&amp;#58; &colonx; &#580;", "&amp;#58; &amp;colonx; \u0244"),
    ],
)
def test_what_anki_would_read_stays_a_reference(html: str, cleaned: str) -> None:
    assert kept.clean(html) == cleaned


@given(st.text(st.sampled_from("<>/&;=\"' abdisvxl!-{}\\:()\n#58")))
def test_cleaning_twice_is_cleaning_once(html: str) -> None:
    once = kept.clean(html)
    assert kept.clean(once) == once


DECK = """
id: demo
title: Demo
languages: [en]
licence: MIT
description: Demo.
topics: [first]
outputs: {demo.apkg: {target: anki}}
note_types:
  geo:
    name: Geo
    fields: [Country, Capital]
    cards: [Card 1]
    %s
"""


def problems(tmp_path: Path, topic: str, note_type: str = "question: Country") -> list[str]:
    """Code and place of everything that is wrong with a topic."""
    files = {
        "content/deck.yaml": DECK % note_type,
        "content/topics/first.yaml": f"title: First\nitems: {{}}\n{topic}",
        "templates/anki/geo/front-1.html": "{{Country}}",
        "templates/anki/geo/back-1.html": "{{Capital}}",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    try:
        loaded = load(Project(tmp_path), Cache(None))
    except ContentError as error:
        return [f"{d.code} {d.span}" for d in error.diagnostics]
    return [f"{d.code} {d.span}" for d in loaded.warnings]


FILE = "content/topics/first.yaml"
#: A note, so that the deck has something.
NOTES = "notes: {france: {type: geo, fields: {Country: France}}}"


@pytest.mark.parametrize(
    ("topic", "found"),
    [
        ("notes: {a: {type: geo, fields: {Country: x}}}", []),
        ("notes: {a: {type: go}}", [f"unknown-note-type {FILE}:3:19"]),
        ("notes: {a: {type: geo, fields: {Contry: x}}}", [f"unknown-field {FILE}:3:33"]),
        (
            "notes: {a: {type: geo, fields: {Country: x}, html: {Country: x}}}",
            [f"unknown-field {FILE}:3:53"],
        ),
        (
            "notes: {a: {type: geo, html: {Country: <b onclick=x>y</b>}}}",
            [f"unsafe-html {FILE}:3:40"],
        ),
        (
            "notes: {a: {type: geo, html: {Country: '[sound:x.mp3]'}}}",
            [f"missing-media {FILE}:3:40"],
        ),
        (
            "notes: {a: {type: geo, fields: {Country: '![](x.png)'}}}",
            [f"missing-image {FILE}:3:43"],
        ),
        (
            "notes: {a: {type: geo, fields: {Country: '{{c1::x}}'}}}",
            [f"misplaced-cloze {FILE}:3:43"],
        ),
        ("notes: {a: {type: geo, colour: x}}", [f"unknown-key {FILE}:3:24"]),
    ],
)
def test_what_is_wrong_with_a_note(tmp_path: Path, topic: str, found: list[str]) -> None:
    assert problems(tmp_path, topic) == found


def test_what_is_wrong_with_an_item(tmp_path: Path) -> None:
    item = "level: core, question: q, answer: a"
    topic = (
        f"items: {{a: {{{item}, type: geo}}, b: {{{item}, type: go}}}}\nnotes: {{a: {{type: geo}}}}"
    )
    files = problems(tmp_path, NOTES)
    assert files == []
    (tmp_path / FILE).write_text(f"title: First\n{topic}\n", "utf-8")
    with pytest.raises(ContentError) as caught:
        load(Project(tmp_path), Cache(None))
    assert [d.code for d in caught.value.diagnostics] == [
        "unknown-field",
        "unknown-note-type",
        "duplicate-id",
    ]


def test_only_an_item_can_be_confused(tmp_path: Path) -> None:
    """A note of another's has no number on paper by which readers find it."""
    item = "level: core, question: q, answer: a, confusable: [france]"
    assert problems(tmp_path, NOTES) == []
    (tmp_path / FILE).write_text(f"title: First\nitems: {{a: {{{item}}}}}\n{NOTES}\n", "utf-8")
    with pytest.raises(ContentError) as caught:
        load(Project(tmp_path), Cache(None))
    assert [(d.code, str(d.span)) for d in caught.value.diagnostics] == [
        ("unknown-item", f"{FILE}:2:63")
    ]


@pytest.mark.parametrize("name", ["why?.png", "a:b.png", "x .", "a\\b.png"])
def test_a_media_file_must_have_a_name_that_every_system_takes(tmp_path: Path, name: str) -> None:
    assert problems(tmp_path, NOTES) == []
    media = tmp_path / "content" / "media"
    media.mkdir()
    (media / name).write_bytes(b"x")
    (media / "fine name (1).png").write_bytes(b"x")
    with pytest.raises(ContentError) as caught:
        load(Project(tmp_path), Cache(None))
    (problem,) = caught.value.diagnostics
    assert problem.code == "bad-media-name"
    assert str(problem.span) == f"content/media/{name}:1:1"


def test_our_own_note_types_keep_their_names(tmp_path: Path) -> None:
    assert problems(tmp_path, NOTES) == []
    deck = tmp_path / "content" / "deck.yaml"
    deck.write_text(deck.read_text("utf-8").replace("  geo:", "  basic:"), "utf-8")
    with pytest.raises(ContentError, match="one of our own note types"):
        load(Project(tmp_path), Cache(None))


def test_a_template_that_is_missing(tmp_path: Path) -> None:
    assert problems(tmp_path, NOTES, "cloze: true") == []
    (tmp_path / "templates/anki/geo/back-1.html").unlink()
    with pytest.raises(ContentError) as caught:
        load(Project(tmp_path), Cache(None))
    assert [str(d.span) for d in caught.value.diagnostics] == ["templates/anki/geo/back-1.html:1:1"]
