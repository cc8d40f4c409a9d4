def add_up():
    """One and one is two."""
    assert 1 + 1 == 2
