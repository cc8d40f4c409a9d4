"""Proofs of the topic "Inference, decoding and quantisation": decoding and serving."""

import math
from itertools import product
from types import SimpleNamespace

import numpy as np

#: Relative to numbers of about 1, in double precision.
EXACT = 1e-9


def _normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def _same(a, b):
    return np.allclose(a, b, rtol=0, atol=EXACT)


def _softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def spec_exact():
    """Accepting a draft x with min(1, p/q), else drawing from max(0, p - q), yields exactly p.

    Source: arXiv:2211.17192 §2.3 and Appendix A.1; arXiv:2302.01318 Theorem 1. p and q are random
    distributions over six tokens. The rate of acceptance is the sum of min(p, q): one less half
    the distance of p and q.
    """
    p, q = _softmax(2 * _normal(2, 6))
    accept = np.minimum(1, p / q)
    rest = np.maximum(0, p - q)
    rejected = (q * (1 - accept)).sum()
    output = q * accept + rejected * rest / rest.sum()
    assert _same(output, p), "the distribution changes"
    assert _same((q * accept).sum(), np.minimum(p, q).sum())
    assert _same((q * accept).sum(), 1 - np.abs(p - q).sum() / 2)
    assert not _same(q * accept + rejected * p, p), "drawing again from p would do"


def spec_expected():
    """A pass over g drafts yields (1 - a^(g+1)) / (1 - a) tokens: 3.36 at a = 0.8 and g = 4.

    Source: arXiv:2211.17192 Eq. 1. All patterns of accepted and rejected drafts are listed; what
    follows the first rejection is lost, and the large model adds one token of its own.
    """
    rate, drafts = 0.8, 4
    expected = 0.0
    for pattern in product([True, False], repeat=drafts):
        chance = math.prod(rate if accepted else 1 - rate for accepted in pattern)
        expected += chance * ([*pattern, False].index(False) + 1)
    assert _same(expected, (1 - rate ** (drafts + 1)) / (1 - rate))
    assert round(expected, 2) == 3.36


def static_batch_waste():
    """A static batch of 512, 64, 64, 64 tokens uses 34.4 % of its slots; per iteration none idles.

    Source: the schedules that Yu et al. (OSDI 2022) §3 describe, stepped through. Two such
    batches on four places take 1,024 steps; with a place refilled at once it is 576.
    """
    first = [512, 64, 64, 64]
    assert round(100 * sum(first) / (len(first) * max(first)), 1) == 34.4

    def run(requests, places, refill):
        waiting, active, steps = list(requests), [], 0
        while waiting or active:
            if refill or not active:
                while waiting and len(active) < places:
                    active.append(waiting.pop(0))
            active = [left - 1 for left in active if left > 1]
            steps += 1
        return steps

    requests = first * 2
    assert [run(requests, 4, refill) for refill in (False, True)] == [1024, 576]
    assert run([8] * 8, 4, refill=False) == run([8] * 8, 4, refill=True) == 16


def beam_len_bias():
    """Each token lowers the sum of log-probabilities; divided by the length, longer may win.

    Source: arXiv:1609.08144 §7. Sums of any prefixes are compared; then an answer of two tokens at
    0.5 beats one of ten at 0.8 by the sum and loses by the mean.
    """
    steps = np.log(_softmax(_normal(30)))
    assert (np.diff(np.cumsum(steps)) < 0).all()
    short, long = np.log(np.full(2, 0.5)), np.log(np.full(10, 0.8))
    assert short.sum() > long.sum()
    assert short.mean() < long.mean()
    assert _same(np.exp([short.sum(), long.sum()]), [0.25, 0.1073741824])


def softmax_temp_limits(card):
    """T -> 0 is greedy search, T -> infinity uniform; T < 1 is sharper, T > 1 flatter.

    Source: the softmax with temperature on the card. A constant added to all logits changes
    nothing, and the entropy rises with T throughout.
    """
    z = _normal(7)

    def p(temperature):
        return _softmax(z / temperature)

    assert _same(p(EXACT), np.eye(7)[z.argmax()])
    assert _same(p(10 / EXACT), 1 / 7)
    assert _same(_softmax(z + 5), _softmax(z))
    assert _same(p(1.0), np.exp(z) / np.exp(z).sum())
    temperatures = 2.0 ** np.arange(-2, 3)
    entropy = [-(p(t) * np.log(p(t))).sum() for t in temperatures]
    assert (np.diff(entropy) > 0).all()
    highest = [p(t).max() for t in temperatures]
    assert (np.diff(highest) < 0).all()
    card.says(r"p_i=\frac{\exp(z_i/T)}{\sum_j\exp(z_j/T)}", r"T\to0", r"T\to\infty")


def _kept(code, probabilities, **settings):
    """What the card's `sample` would draw from: token -> probability."""
    names = {}
    exec(code, names)  # noqa: S102 - the code block is what is proved
    drawn = {}

    def choice(tokens, p):
        drawn.update(zip(tokens.tolist(), p.tolist(), strict=True))

    names["rng"] = SimpleNamespace(choice=choice)
    names["sample"](np.log(probabilities), **settings)
    return drawn


def top_p_minimal(card):
    """Top-p keeps the fewest tokens whose mass reaches p, top-k always k: the card's code does.

    Source: arXiv:1904.09751 §3.1, by comparing with all sets of tokens. Runs the very code of the
    card, on its example: 0.8 keeps 3 tokens, after T = 2 it keeps 4; tiny p and k = 1 keep one.
    """
    example = np.array([0.5, 0.2, 0.15, 0.1, 0.05])

    def fewest(p, mass):
        sets = [np.array(keep) for keep in product([0, 1], repeat=p.size)]
        return min(int(keep.sum()) for keep in sets if keep @ p >= mass - EXACT)

    for mass in (0.1, 0.5, 0.6, 0.8, 0.9, 0.97, 1.0):
        kept = _kept(card.code, example, top_p=mass)
        assert len(kept) == fewest(example, mass), "not the smallest set"
        assert _same(list(kept.values()), example[: len(kept)] / example[: len(kept)].sum())
    kept, flat = (_kept(card.code, example, top_p=0.8, temperature=t) for t in (1.0, 2.0))
    assert [len(kept), len(flat)] == [3, 4]
    assert list(_kept(card.code, example[::-1], top_k=2)) == [4, 3]
    assert _same(list(_kept(card.code, example, top_k=2).values()), [5 / 7, 2 / 7])
    for greedy in ({"top_k": 1}, {"top_p": 1e-9}):
        assert _kept(card.code, example, **greedy) == {0: 1.0}
    card.says(*(f"{p:g}" for p in example), "p=0.8", "T=2", f"{len(kept)}", f"{len(flat)}")


def temp_before_topp(card):
    """Temperature first and top-p second is not top-p first: raising T lets more tokens through.

    Source: arXiv:1904.09751 §3.1 and the order in the published code of transformers. The example:
    0.8 of 0.5, 0.2, 0.15, 0.1, 0.05 is 3 tokens, and after T = 2 it is 4. For random distributions
    of fifty tokens the number rises as well.
    """

    def nucleus(p, mass=0.8):
        return int(np.searchsorted(np.cumsum(np.sort(p)[::-1]), mass)) + 1

    example = np.array([10, 4, 3, 2, 1]) / 20
    assert _same(np.cumsum(example), [0.5, 0.7, 0.85, 0.95, 1])
    assert [nucleus(_softmax(np.log(example) / t)) for t in (1, 2)] == [3, 4]
    for z in 3 * _normal(20, 50):
        assert nucleus(_softmax(z)) < nucleus(_softmax(z / 2))
    card.says("top-p")


def min_p():
    """Min-p keeps tokens of at least base times the highest probability: the surer, the fewer.

    Source: arXiv:2407.01082 §3. At 0.1 a peaked distribution keeps one token, a flat one all.
    """

    def kept(p, base=0.1):
        return int((p >= base * p.max()).sum())

    assert kept(np.array([60, 30, 6, 4])) == 3
    assert kept(np.array([91, 4, 3, 2])) == 1
    assert kept(np.ones(7)) == 7
    z = _normal(40)
    assert kept(_softmax(z)) > kept(_softmax(2 * z)) > kept(_softmax(4 * z))


def constrained_decoding(card):
    """Minus infinity for what a grammar forbids: only valid outputs, whatever the model prefers.

    Source: arXiv:2307.09702 §3. Balanced brackets of at most 6 symbols, every path with a positive
    probability followed: all are valid, none of the valid ones is lost, and cut short they are not
    complete. What the model would say in the brackets remains its own affair.
    """
    longest = 6

    def allowed(text):
        depth = text.count("(") - text.count(")")
        left = longest - len(text)
        return [depth + 1 <= left - 1, depth > 0, depth == 0]

    outputs = {}

    def walk(text, chance):
        logits = _normal(3, seed=len(text)) - [0, 0, 8]
        p = _softmax(np.where(allowed(text), logits, -np.inf))
        for symbol, share in zip(["(", ")", "."], p, strict=True):
            if symbol == "." and share:
                outputs[text] = chance * share
            elif share:
                walk(text + symbol, chance * share)

    walk("", 1.0)
    assert _same(sum(outputs.values()), 1)
    valid = {"", "()", "(())", "()()", "((()))", "(()())", "(())()", "()(())", "()()()"}
    assert set(outputs) == valid
    assert "()()"[:3] not in outputs
    card.says("logit")
