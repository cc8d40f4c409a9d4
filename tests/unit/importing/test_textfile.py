"""Text files, with and without Anki's header lines."""

from pathlib import Path

import pytest

from builder.importing.records import Source, UnreadableError
from builder.importing.textfile import read


def reading(tmp_path: Path, text: str | bytes) -> Source:
    file = tmp_path / "deck.txt"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(file)


def test_an_export_of_anki(tmp_path: Path) -> None:
    source = reading(
        tmp_path,
        "#separator:tab\n#html:true\n#guid column:1\n#notetype column:2\n#deck column:3\n"
        "#tags column:6\n"
        'k8+u)2\tBasic\tA::B\tq\t"an ""answer""<br>x"\tone two\n'
        "# no note\n"
        '"#guid"\tCloze\tA\t{{c1::x}}\t\t\n',
    )
    first, second = source.notes
    assert (first.guid, first.fields, first.tags) == (
        "k8+u)2",
        ("q", 'an "answer"<br>x'),
        ("one", "two"),
    )
    assert (first.decks, second.decks) == ({0: "A::B"}, {0: "A"})
    assert second.guid == "#guid"
    kinds = [source.types[note.type] for note in source.notes]
    assert [(kind.name, kind.cloze, kind.own) for kind in kinds] == [
        ("Basic", False, False),
        ("Cloze", True, False),
    ]
    assert [part.name for part in kinds[1].fields] == ["Text", "Back Extra"]


def test_global_headers(tmp_path: Path) -> None:
    source = reading(
        tmp_path,
        "#separator:;\n#html:false\n#tags:x y\n#columns:Country;Capital;Note\n#notetype:Geo\n"
        "#deck:World\nFrance;Paris <3;\n",
    )
    [note] = source.notes
    assert note.fields == ("France", "Paris &lt;3", "")
    assert note.tags == ("x", "y")
    assert note.decks == {0: "World"}
    kind = source.types[note.type]
    assert [part.name for part in kind.fields] == ["Country", "Capital", "Note"]
    assert (kind.name, kind.own) == ("Geo", True)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_spreadsheet(tmp_path: Path, delimiter: str) -> None:
    rows = [["Front", "Back", "Tags"], ["1 < 2?", '"two\nlines"', "maths"], ["q", "a", ""]]
    source = reading(tmp_path, "\n".join(delimiter.join(row) for row in rows))
    assert [note.fields for note in source.notes] == [("1 &lt; 2?", "two<br>lines"), ("q", "a")]
    assert [note.tags for note in source.notes] == [("maths",), ()]


def test_a_first_row_of_content_is_content(tmp_path: Path) -> None:
    source = reading(tmp_path, "hello,hallo\nworld,Welt\n")
    assert [note.fields[0] for note in source.notes] == ["hello", "world"]


def test_clozes_without_a_note_type(tmp_path: Path) -> None:
    [kind] = reading(tmp_path, "{{c1::a}} b\n{{c1::c}} d\n").types.values()
    assert kind.cloze


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    [note] = reading(tmp_path, "é\tü\n".encode(encoding)).notes
    assert note.fields == ("é", "ü")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "no rows"),
        (b"#separator:tab\n", "no rows"),
        (b"\xff\xfa", "no text in UTF-8"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b"a\0b,c", "no text"),
        (b'"' + b"x" * 2_100_000, "quotation mark"),
        (b"#guid column:1\nabc\n", "no fields"),
        (b"," * 30, "no rows"),
        (b"a" + b"," * 300, "columns"),
    ],
)
def test_what_is_no_deck(tmp_path: Path, text: bytes, message: str) -> None:
    with pytest.raises(UnreadableError, match=message):
        reading(tmp_path, text)


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ('q1;a1\n"q2;a2\nq3;a3\n', 5),  # all rows below
        ('q1;a1\nq2;"a2', 5),  # the last row
        ('q1;a1\nq2;"a2\n', 5),
        ('q1;a1\n\n"q2;a2\n"q3";a3\nq4;a4\n', 6),  # up to the next quotation mark
        ('# a comment\nq1;a1\n"q2;a2\r\nq3;a3', 6),
    ],
)
def test_a_quotation_mark_that_is_not_closed(tmp_path: Path, rows: str, line: int) -> None:
    """Anki imports the rows below as a part of the field, and says nothing."""
    with pytest.raises(UnreadableError, match=f"begins in line {line} opens a quotation mark"):
        reading(tmp_path, f"#separator:;\n#html:false\n#tags:x\n{rows}")


def test_quotation_marks_that_mean_no_harm(tmp_path: Path) -> None:
    rows = 'q1;"one\ntwo ""three"" \n\n"\n"q2" and more;a2\n5" disk;a "word"\nq4;"a4"'
    source = reading(tmp_path, f"#separator:;\n#html:true\n{rows}")
    assert [note.fields for note in source.notes] == [
        ("q1", 'one\ntwo "three" \n\n'),
        ("q2 and more", "a2"),
        ('5" disk', 'a "word"'),
        ("q4", "a4"),
    ]


def test_a_long_text_is_no_open_quotation_mark(tmp_path: Path) -> None:
    """Python's own limit for a cell is 131,072 characters."""
    long = "word " * 50_000
    source = reading(tmp_path, f"#separator:tab\n#html:true\nq\t{long.strip()}\n")
    assert source.notes[0].fields == ("q", long.strip())
    with pytest.raises(UnreadableError, match="is a quotation mark open"):
        reading(tmp_path, '#separator:tab\nq\t"a\n' + "next\trow\n" * 300_000)


@pytest.mark.parametrize(
    "head",
    [
        f"#separator:tab\n#guid column:{'9' * 5000}\n",
        '#separator:"\n#columns:a"b\n',
        "#separator:\\r\n",
    ],
)
def test_headers_that_say_nothing_sensible_are_passed_over(tmp_path: Path, head: str) -> None:
    assert len(reading(tmp_path, f"{head}q\ta\n").notes) == 1


def test_columns_that_cannot_be_parted(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="its line of columns"):
        reading(tmp_path, b"#separator:tab\n#columns:a\rb\tc\nq\ta\n")


def test_names_of_columns_are_names_of_fields(tmp_path: Path) -> None:
    """In a template `{{#c}}` begins a condition and `{{a:b}}` is a filter."""
    text = '#separator:comma\n#columns:a:b,{{x}},#c,/d,A,A 6,A\n"1","2","3","4","5","6","7"\n'
    source = reading(tmp_path, text)
    [kind] = source.types.values()
    names = [part.name for part in kind.fields]
    assert names == ["ab", "x", "c", "d", "A", "A 6", "A 7"]
    source = reading(tmp_path, "#separator:comma\n#columns:A,A 3,A\n1,2,3\n")
    [kind] = source.types.values()
    assert [part.name for part in kind.fields] == ["A", "A 3", "A 4"]
