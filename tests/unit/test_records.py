"""Records come back from bytes, and nothing else does."""

import pickle
from fractions import Fraction

import pytest

from builder import records
from builder.diagnostics import Span

SPAN = Span("a.yaml", 1, 2, 3, 4)
ALLOWED = {("builder.diagnostics", "Span")}


def test_a_record_comes_back() -> None:
    assert records.unpacked(records.packed(SPAN), Span, ALLOWED) == SPAN
    assert records.unpacked(records.packed((SPAN, {"a": 1})), tuple, ALLOWED) == (SPAN, {"a": 1})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text",
        records.packed(SPAN)[:-4],
        pickle.dumps("another kind"),
        pickle.dumps(Fraction(1, 2)),
        b"cbuiltins\neval\n(S'1'\ntR.",
    ],
    ids=["nothing", "text", "truncated", "another-kind", "another-class", "code"],
)
def test_nothing_else_does(data: bytes) -> None:
    with pytest.raises(records.ForeignError):
        records.unpacked(data, Span, ALLOWED)
