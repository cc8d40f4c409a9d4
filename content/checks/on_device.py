"""Proofs of the topic "On-device deployment"."""


def on_device_bandwidth(card):
    """64 bits at 8533 MT/s move 68.3 GB/s; 4 GB of weights take 59 ms, so at most 17 tokens/s.

    Source: arithmetic: each generated token reads all weights once. The card's range is that of a
    64-bit bus at 6400 (LPDDR5) to 10667 MT/s (LPDDR5X).
    """

    def bandwidth(transfers):
        return 64 / 8 * transfers / 1000

    beta = bandwidth(8533)
    assert round(beta, 1) == 68.3
    assert round(1000 * 4 / beta) == 59
    assert round(beta / 4) == round(68 / 4) == 17
    assert [round(bandwidth(rate)) for rate in (6400, 10_667)] == [51, 85]
    assert 7 * 4 / 8 == 3.5
    card.says("68.3 GB/s", "59", "17", "8533 MT/s", "50–85 GB/s", "3.5–4 GB")
