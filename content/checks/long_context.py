"""Proofs of the topic "Length extrapolation and long context"."""

import numpy as np

#: Relative to numbers of about 1, in double precision.
EXACT = 1e-9
#: RoPE's usual head width and base.
WIDTH, BASE = 128, 10_000


def _normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def _same(a, b):
    return np.allclose(a, b, rtol=EXACT, atol=EXACT)


def _softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def _frequencies(base=BASE, width=WIDTH):
    """Angles per token of RoPE, from fastest to slowest."""
    return float(base) ** (-np.arange(0, width, 2) / width)


def _wavelengths(base=BASE):
    return 2 * np.pi / _frequencies(base)


def attention_entropy(card):
    """More tokens raise the entropy of attention: by ln 8 from 2,048 to 16,384 of the same scores.

    Source: arXiv:2308.16137 §3.2. Equal scores give ln n exactly; here standard normal ones, whose
    entropy is about ln n - 1/2, and whose highest weight falls with n.
    """
    scores = _normal(16_384)
    entropies, highest = [], []
    for n in (2048, 16_384):
        weights = _softmax(scores[:n])
        entropies.append(-(weights * np.log(weights)).sum())
        highest.append(weights.max())
        flat = _softmax(np.zeros(n))
        assert _same(-(flat * np.log(flat)).sum(), np.log(n))
        assert abs(entropies[-1] - np.log(n) + 1 / 2) < 0.05
    assert abs(entropies[1] - entropies[0] - np.log(8)) < 0.05
    assert highest[1] < highest[0]
    card.says("2,048", "131,072")


def rope_wavelengths():
    """RoPE of width 128: wavelengths from 2 pi to 54,410 tokens; to 2.6M with Llama 3's base.

    Source: arXiv:2104.09864 §3.2.2. Past the trained length, pairs that have not turned once meet
    angles that training never showed: 18 of 64 pairs for 4,096 tokens.
    """
    waves = _wavelengths()
    assert _same(waves[0], 2 * np.pi)
    assert round(waves[-1], -1) == 54_410
    assert round(_wavelengths(500_000)[-1] / 1e6, 1) == 2.6
    trained = 4096
    unseen = waves > trained
    assert [unseen.sum(), unseen.size] == [18, 64]
    angles = np.outer([trained, 2 * trained], 1 / waves[unseen])
    assert (angles[0] < 1).all()
    assert (angles[1] > angles[0]).all()
    assert np.linalg.norm(angles[0][-1] - 4096 / 54_410) < 1e-5


def rope_pi(card):
    """Rotating by m L/L' leaves scores of position m what m L/L' had: no angle is beyond L.

    Source: arXiv:2306.15595 §2.3. The price: neighbours are s times closer in every pair of
    dimensions, the fastest included.
    """
    trained, target = 2048, 8192
    s = target / trained

    def angles(m, scale=1.0):
        return m * scale * _frequencies()

    for m in (1, 4, 8191, 8192):
        assert _same(angles(m, trained / target), angles(m / 4))
    assert (angles(target, 1 / s) <= angles(trained)).all(), "beyond the trained angles"
    assert not (angles(target) <= angles(trained)).any()
    apart = angles(1, 1 / s) / angles(1)
    assert _same(apart, 1 / 4), "not the same in all dimensions"
    card.says("mL/L'", "s=L'/L")


def rope_ntk_base(card):
    """Base b s^(d/(d-2)) stretches the slowest wavelength s times and leaves the fastest alone.

    Source: arXiv:2309.00071 §3.1. In between the stretch grows from pair to pair, so that fast
    dimensions hardly change; position interpolation stretches all of them s times.
    """
    s, d = 8.0, WIDTH
    stretch = _wavelengths(BASE * s ** (d / (d - 2))) / _wavelengths()
    assert _same(stretch[0], 1), "the fastest changes"
    assert _same(stretch[-1], 8), "the slowest is not stretched s times"
    assert (np.diff(stretch) > 0).all()
    assert _same(stretch, 8 ** (np.arange(64) / 63))
    plain = _wavelengths(BASE * s) / _wavelengths()
    assert plain[-1] < 8, "the base times s would do"
    card.says(r"b\,s^{d/(d-2)}")


def yarn_by_frequency(card):
    """YaRN keeps pairs that turn 32 times in the trained length, interpolates those under one turn.

    Source: arXiv:2309.00071 §3.2, with LLaMA's alpha = 1, beta = 32, and §3.3 for the temperature:
    1/t = (0.1 ln s + 1)^2, which both sides of the product share. Llama 3.1 ramps the same way from
    4 turns of 8,192 to one, with factor 8, as its published code does.
    """

    def scaled(base, trained, factor, low, high):
        frequency = _frequencies(base)
        turns = trained * frequency / (2 * np.pi)
        keep = np.clip((turns - low) / (high - low), 0, 1)
        return ((1 - keep) / factor + keep), turns

    yarn, turns = scaled(BASE, 4096, 16, 1, 32)
    assert _same(yarn[turns >= 32], 1), "high frequencies change"
    assert _same(yarn[turns <= 1], 1 / 16), "low frequencies are not interpolated"
    assert (np.diff(yarn) <= 0).all(), "not smooth in between"
    assert [(yarn == 1).sum(), np.isclose(yarn, 1 / 16).sum()] == [21, 18]
    q, k = _normal(2, WIDTH)
    side = 0.1 * np.log(16) + 1
    assert round(side, 4) == 1.2773
    assert _same((side * q) @ (side * k), side**2 * (q @ k))
    llama, turns = scaled(500_000, 8192, 8, 1, 4)
    assert [(llama == 1).sum(), np.isclose(llama, 1 / 8).sum()] == [29, 29]
    card.says("YaRN", "500,000", "8")


def remapped_positions(card):
    """ReRoPE caps the offset, Self-Extend groups far ones: both stay within the trained length.

    Source: https://github.com/bojone/rerope and arXiv:2401.01325 §3.2. A window of 512, groups of
    8, trained for 4,096: ReRoPE takes any length, Self-Extend (4096 - 512) * 8 + 512 tokens or so.
    """
    trained, window, group = 4096, 512, 8
    length = (trained - window) * group
    assert length == 28_672
    query = length - 1
    key = np.arange(length)
    offset = query - key
    capped = np.minimum(offset, window)
    grouped = np.where(
        offset < window, offset, query // group - key // group + window - window // group
    )
    assert [offset.max(), capped.max(), grouped.max()] == [28_671, 512, 4031]
    assert grouped.max() < trained <= offset.max()
    near = offset < window
    assert near.sum() == 512
    assert (grouped[near] == offset[near]).all()
    assert (np.diff(grouped) <= 0).all(), "the order of far tokens is lost"
    card.says("ReRoPE", "Self-Extend")


def window_sizes(card):
    """Qwen2's 32,768 times a YaRN factor of 4 is 131,072; so is 128k, 16 times Llama 3's 8,192.

    Source: arXiv:2407.10671 §3.2 and arXiv:2407.21783 §3.4.2: k is 1,024 here.
    """
    target = 128 * 1024
    assert target == 131_072
    qwen2 = target // 4
    assert qwen2 * 4 == 8192 * 16 == target
    card.says(f"{qwen2:,}", f"{target:,}", "128k", "8k")


def attention_growth(card):
    """Twice the tokens: four times the scores, twice the cache; any two tokens are one step apart.

    Source: arXiv:1706.03762 §4 Table 1. Scores are counted without the mask, which halves both.
    Paths are counted in graphs of who reads whom: in an RNN the ends of n tokens are n - 1 apart.
    """

    def cost(n, width=8):
        x = np.zeros((n, width))
        return (x @ x.T).size, 2 * x.size

    (scores, cache), (more, longer) = cost(100), cost(200)
    assert [more / scores, longer / cache] == [4, 2]

    def longest_path(reads):
        reached, steps = np.eye(len(reads), dtype=bool), 0
        while not reached[-1, 0]:
            reached, steps = reached @ (reads | np.eye(len(reads), dtype=bool)), steps + 1
        return steps

    for n in (5, 9):
        assert longest_path(np.tri(n) > 0) == 1
        assert longest_path(np.eye(n, k=-1) > 0) == n - 1
    card.says("O(1)")


def flash_online_softmax():
    """Softmax taken block by block with a running maximum and sum is exact, in any order of blocks.

    Source: arXiv:2205.14135 §3.1, Algorithm 1, and arXiv:2310.01889 §3 for the ring. No more than
    one block of scores is ever stored, so memory grows linearly with length.
    """
    n, block, d = 12, 4, 5
    q, k, v = _normal(3, n, d)
    exact = _softmax(q @ k.T) @ v

    def streamed(starts):
        top, total, out = np.full((n, 1), -np.inf), np.zeros((n, 1)), np.zeros((n, d))
        for start in starts:
            part = slice(start, start + block)
            scores = q @ k[part].T
            assert scores.shape == (12, 4)
            new = np.maximum(top, scores.max(axis=-1, keepdims=True))
            weights = np.exp(scores - new)
            total = total * np.exp(top - new) + weights.sum(axis=-1, keepdims=True)
            out = out * np.exp(top - new) + weights @ v[part]
            top = new
        return out / total

    assert _same(streamed([0, 4, 8]), exact), "an approximation"
    assert _same(streamed([8, 0, 4]), exact), "the order of the ring matters"
    assert not _same(streamed([0, 8]), exact)


def paged_waste(card):
    """Pages of 16 tokens leave at most 15 slots of a sequence unused; reserving 2,048 most of them.

    Source: arXiv:2309.06180 §4.1 and §3.1: 16 is vLLM's default. All lengths up to 2,048 are tried.
    """
    lengths = np.arange(1, 2049)
    page = 16
    wasted = -lengths % page
    assert [wasted.max(), wasted.min()] == [15, 0]
    assert _same(wasted.mean(), 7.5)
    assert (2048 - lengths).mean() == 1023.5
    card.says("PagedAttention")
