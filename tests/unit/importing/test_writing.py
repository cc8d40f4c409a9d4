"""What is written is what is read."""

from hypothesis import example, given
from hypothesis import strategies as st

from builder import source
from builder.importing.names import Names, words
from builder.importing.package import safe_name
from builder.importing.printable import printable
from builder.importing.writing import dump
from builder.kept import is_portable

TEXT = (
    st.text(
        st.one_of(
            st.characters(), st.sampled_from("\n \t#:-{}[]'\"\\|>&*!%@`,?~\xa0\x85\u2028\ufeff")
        )
    )
    .map(printable)
    .filter(bool)
)


@given(TEXT, TEXT)
def test_every_text_comes_back(name: str, text: str) -> None:
    data = {"items": {"a": {" ".join(name.split()): text}}}
    parsed = source.decode(dump(data).encode(), "topic.yaml")
    assert parsed.data() == data
    assert not parsed.warnings


def test_ids_are_the_first_words() -> None:
    assert words("What is the <b>Capital</b> of France?") == "what-is-the-capital-of-france"
    assert words("{{c1::Élysée::palace}} in Paris") == "elysee-in-paris"
    assert words("中文") == ""
    assert len(words("word " * 40)) <= 44


def test_ids_are_given_once() -> None:
    names = Names(["a"])
    assert [names.free(name) for name in ("a", "b", "b", "b-2", "b")] == [
        "a-2",
        "b",
        "b-2",
        "b-2-2",
        "b-3",
    ]


@given(st.text(max_size=200))
@example("x" * 130 + ".abcdefghi jkl")
@example(".hidden")
def test_a_safe_name_is_one_on_every_system(name: str) -> None:
    assert is_portable(safe_name(name))
