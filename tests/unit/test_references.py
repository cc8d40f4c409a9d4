import pytest

from builder.references import address, parts


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("arXiv:1706.03762 §3.2.1", "https://arxiv.org/abs/1706.03762"),
        ("arXiv:2104.09864v5", "https://arxiv.org/abs/2104.09864v5"),
        ("arXiv:hep-th/9901001", "https://arxiv.org/abs/hep-th/9901001"),
        ("arXiv:math.GT/0309136 §2", "https://arxiv.org/abs/math.GT/0309136"),
        ("doi:10.1000/182", "https://doi.org/10.1000/182"),
        ("https://example.org/a?b=1 §2", "https://example.org/a?b=1"),
        ("A book without an address", ""),
    ],
)
def test_references_know_their_address(reference: str, expected: str) -> None:
    assert address(reference) == expected


def test_what_is_no_link_stays_text() -> None:
    assert list(parts("arXiv:2104.09864 §3.2 (RoFormer)")) == [
        ("arXiv:2104.09864", "https://arxiv.org/abs/2104.09864"),
        (" §3.2 (RoFormer)", ""),
    ]
    assert list(parts("see https://example.org/a/，第 2 节")) == [
        ("see ", ""),
        ("example.org/a", "https://example.org/a/"),
        ("，第 2 节", ""),
    ]
    assert list(parts("")) == []
