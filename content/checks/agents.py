"""Proofs of the topic "Agents and application patterns"."""

from math import comb


def agent_compounding(card):
    """Twenty independent steps at 95 % all succeed with 36 %; more than half of the runs fail.

    Source: probability; the chances of 0 to 20 failures must add up to one.
    """
    steps, success = 20, 0.95
    chances = [
        comb(steps, failures) * success ** (steps - failures) * (1 - success) ** failures
        for failures in range(steps + 1)
    ]
    assert round(sum(chances), 9) == 1
    assert round(100 * chances[0]) == 36
    assert sum(chances[1:]) > 0.6
    card.says("95%", "20", "36%")
