"""Proofs of the first topic."""


def pythagoras() -> None:
    """A right triangle with legs of 3 and 4 has a hypotenuse of 5."""
    assert 3**2 + 4**2 == 5**2
