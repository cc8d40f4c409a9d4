"""Proofs of the topic "LLM architecture basics"."""

from itertools import product

import numpy as np

#: Relative to numbers of about 1, in double precision.
EXACT = 1e-9
#: LLaMA-7B as published: width, FFN width, layers, vocabulary.
LLAMA_7B = 4096, 11_008, 32, 32_000


def _normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def _same(a, b):
    return np.allclose(a, b, rtol=0, atol=EXACT)


def _softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def _attend(x, visible, weights):
    """One head of attention; `visible[i, j]`: query i may look at key j."""
    q, k, v = (x @ w for w in weights)
    scores = np.where(visible, q @ k.T / np.sqrt(k.shape[-1]), -np.inf)
    return _softmax(scores) @ v


def attn_scale_var(card):
    """Var(q.k) = d_k for entries of mean 0 and variance 1, hence the division by sqrt(d_k).

    Source: arXiv:1706.03762 §3.2.1, footnote 4. All vectors with entries -1 and 1 are gone through,
    so mean and variance are exact. Undivided, heads of width 128 make one weight nearly 1, where
    the softmax has next to no gradient.
    """
    for d_k in range(1, 6):
        vectors = np.array(list(product([-1, 1], repeat=d_k)))
        scores = vectors @ vectors.T
        assert scores.mean() == 0
        assert scores.var() == d_k, "the variance is not d_k"
        assert _same((scores / np.sqrt(d_k)).var(), 1)
    assert d_k == 5
    scores = np.sqrt(128) * _normal(1000, 16)
    undivided, divided = (_softmax(s).max(axis=1).mean() for s in (scores, scores / np.sqrt(128)))
    assert [round(undivided, 2), round(divided, 2)] == [0.89, 0.24], "heads of width 128"
    card.says(r"\sqrt{d_k}")


def ce_grad(card):
    """The loss -log p(x_t) has the gradient softmax(z) - onehot, zero on average at the data's p.

    Source: the loss on the card, written with the softmax; the gradient is compared with central
    differences of step 1e-5, whose error is about 1e-10. So the least expected loss is the data's
    entropy. Summed over a sequence it is -log of the sequence's probability, by the chain rule.
    """
    z, target = _normal(5), 2

    def loss(z):
        return -np.log(_softmax(z))

    onehot = np.eye(5)
    slopes = [(loss(z + 1e-5 * e)[target] - loss(z - 1e-5 * e)[target]) / 2e-5 for e in onehot]
    assert np.allclose(slopes, _softmax(z) - onehot[target], rtol=0, atol=1e-8)
    data = np.array([0.5, 0.25, 0.25])
    best = np.log(data)
    assert _same(data @ (_softmax(best) - np.eye(3)), 0), "the data's p is not stationary"
    assert _same(data @ loss(best), 1.5 * np.log(2)), "the least loss is not the entropy"
    first, then = _normal(3), _normal(3, 3, seed=1)
    nll = loss(first)[:, None] + loss(then)
    assert _same(np.exp(-nll), _softmax(first)[:, None] * _softmax(then)), "not the chain rule"
    assert _same(np.exp(-nll).sum(), 1), "no distribution over sequences"
    card.says(r"-\sum_t\log p_\theta(x_t\mid x_{<t})")


def causal_mask(card):
    """Adding 0 or minus infinity hides what follows: no later token can change an earlier output.

    Source: arXiv:1706.03762 §3.2.3. The card's formula on random weights; the last of six tokens is
    replaced. Without M the earlier outputs change.
    """
    x, weights = _normal(6, 8), _normal(3, 8, 8, seed=1)
    changed = x.copy()
    changed[-1] += 1
    i, j = np.indices((6, 6))
    mask = np.where(j <= i, 0, -np.inf)

    def attend(x, m):
        q, k, v = (x @ w for w in weights)
        return _softmax(q @ k.T / np.sqrt(8) + m) @ v

    assert _same(attend(x, mask)[:5], attend(changed, mask)[:5]), "a token sees what follows"
    assert not _same(attend(x, mask)[5], attend(changed, mask)[5])
    assert not _same(attend(x, 0)[:5], attend(changed, 0)[:5]), "no mask is needed"
    assert _same(attend(x, mask)[0], x[0] @ weights[2]), "the first token does not see itself only"
    card.says(r"0,&j\le i\\-\infty,&j>i")


def params_llama_7b(card):
    """LLaMA-7B: 12 L d^2 is 6.44B, with both embeddings 6.70B; the exact count is 6,738,415,616.

    Source: arXiv:2302.13971 Table 2 and the published configuration. What the estimate lacks is
    SwiGLU's 0.8 % of width and the gains of the norms.
    """
    d, ff, layers, vocabulary = LLAMA_7B
    estimate, embeddings = 12 * layers * d**2, 2 * vocabulary * d
    exact = layers * (4 * d**2 + 3 * d * ff + 2 * d) + d + embeddings
    assert exact == 6_738_415_616
    numbers = estimate, embeddings, estimate + embeddings, exact
    card.says("LLaMA-7B", *(f"{number / 1e9:.2f}B" for number in numbers))


def params_12ld2(card):
    """With an FFN of width 4d and MHA a block holds 12 d^2: GPT-3's 96 blocks come to 173.9B.

    Source: arXiv:2005.14165 Table 2.1 (96 layers, width 12,288, 96 heads of 128), its matrices laid
    out; with embeddings of 50,257 tokens and 2048 positions the total is the 175B of its name.
    """
    d, layers, heads, head = 12_288, 96, 96, 128
    attention = [(d, heads * head)] * 3 + [(heads * head, d)]
    block = sum(rows * columns for rows, columns in [*attention, (d, 4 * d), (4 * d, d)])
    assert block == 12 * d**2
    assert round(layers * block / 1e9, 1) == 173.9
    assert round((layers * block + (50_257 + 2048) * d) / 1e9) == 175
    card.says("12Ld^2", "4d")


def forward_two_flops(card):
    """A forward pass takes 2 FLOPs per weight and token; an expert that is not chosen takes none.

    Source: arXiv:2001.08361 §2.1, here counted over the matrix products of a block: each weight is
    multiplied once and added once per token. An MoE of 8 experts, 2 chosen, costs what is active.
    """
    d, tokens = 4, 3
    flops = 0

    def multiply(x, w):
        nonlocal flops
        flops += 2 * x.shape[0] * x.shape[1] * w.shape[1]
        return x @ w

    def run(experts):
        nonlocal flops
        flops = 0
        x, attention = _normal(tokens, d), _normal(4, d, d)
        for w in attention:
            x = multiply(x, w)
        up, down = _normal(experts, d, 4 * d), _normal(experts, 4 * d, d)
        for expert in range(experts):
            multiply(multiply(x, up[expert]), down[expert])
        return flops / tokens, attention.size + up.size + down.size

    cost, dense = run(1)
    assert dense == 12 * d**2
    assert cost == 2 * dense
    cost, active = run(2)
    assert cost / active == 2, "not twice the active parameters"
    assert run(8)[1] > active
    card.says("2")


def kv_heads_shared(card):
    """GQA is MHA whose key-value heads repeat within a group; MQA is the case of one group.

    Source: arXiv:1911.02150 §3 and arXiv:2305.13245 §2.2. Eight query heads share 8, 2 or 1 cached
    heads: as if each had a copy, at 1, 1/4 and 1/8 of the cache.
    """
    tokens, heads, width = 5, 8, 4
    q = _normal(heads, tokens, width)

    def attend(k, v):
        scores = np.einsum("hid,hjd->hij", q, k)
        return _softmax(np.where(np.tri(tokens), scores, -np.inf)) @ v

    for groups, share in ((8, 1), (2, 1 / 4), (1, 1 / 8)):
        k, v = _normal(2, groups, tokens, width, seed=1)
        grouped = np.concatenate(
            [
                _softmax(np.where(np.tri(tokens), q[h] @ k[g].T, -np.inf)) @ v[g]
                for h in range(heads)
                for g in [h * groups // heads]
            ]
        )
        copies = attend(*(np.repeat(cached, heads // groups, axis=0) for cached in (k, v)))
        assert _same(grouped, copies.reshape(grouped.shape)), "not MHA with repeated heads"
        assert k.size / q.size == share
    card.says("MQA", "GQA")


def prefix_lm_mask(card):
    """j <= max(i, p) is: all of the prefix sees all of it, the rest looks left; p <= 1 is causal.

    Source: arXiv:1910.10683 §3.2.1. Both masks are written out from their words. A longer prefix
    changes what earlier tokens compute, so the cache of a chat is void; a causal one stays.
    """
    n, p = 6, 3
    i, j = np.indices((n, n)) + 1
    formula = j <= np.maximum(i, p)
    words = np.zeros((n, n), bool)
    words[:p, :p] = True
    for position in range(p, n):
        words[position, : position + 1] = True
    assert (formula == words).all()
    causal = j <= i
    for short in (0, 1):
        assert (causal == (j <= np.maximum(i, short))).all()
    x, weights = _normal(n, 8), _normal(3, 8, 8, seed=1)
    longer = j <= np.maximum(i, 5)
    assert not _same(_attend(x, formula, weights)[:3], _attend(x, longer, weights)[:3])
    again = _attend(x[:4], causal[:4, :4], weights)
    assert _same(_attend(x, causal, weights)[:4], again), "the causal cache is void as well"
    card.says(r"\max(i,p)", r"j\le\max(i,p)", r"j\le i")


def causal_full_rank(card):
    """QK^T has rank d at most, causal softmax attention rank n; deep pure attention collapses.

    Source: the argument on the card, on random heads; arXiv:2103.03404 for the last. A triangular
    matrix with a positive diagonal has a positive determinant. What
    tells tokens apart is gone after ten layers of attention alone; residuals keep some of it.
    """
    n, d = 12, 3
    q, k = _normal(2, n, d)
    assert np.linalg.matrix_rank(q @ k.T) == d
    weights = _softmax(np.where(np.tri(n), q @ k.T, -np.inf))
    assert (np.triu(weights, 1) == 0).all()
    assert (np.diag(weights) > 0).all()
    assert np.linalg.matrix_rank(weights, tol=1e-12) == 12
    flat = _softmax(np.where(np.tri(n), 0.0, -np.inf))
    assert _same(np.linalg.slogdet(flat)[1], -np.log(np.arange(1.0, 13)).sum())

    def apart(x):
        return np.linalg.norm(x - x.mean(axis=0)) / np.linalg.norm(x)

    bare = kept = _normal(n, 8)
    for layer in range(10):
        heads = _normal(3, 8, 8, seed=layer + 1) / np.sqrt(8)
        seen = np.ones((n, n), bool)
        bare, kept = _attend(bare, seen, heads), kept + _attend(kept, seen, heads)
        bare, kept = (x / np.linalg.norm(x) * np.sqrt(bare.size) for x in (bare, kept))
    assert apart(bare) < 1e-12, "depth does not collapse it"
    assert apart(kept) > 1e-2, "residuals do not help"
    card.says("QK^", "1")


def kv_cache_exact(card):
    """Decoding with cached keys and values gives what attention over the whole text would give.

    Source: arXiv:1706.03762 §3.2.3 with a causal mask, two layers, random weights: token after
    token, old keys and values kept, one row computed at a time.
    """
    n, layers = 7, _normal(2, 3, 8, 8) / np.sqrt(8)
    x = _normal(n, 8, seed=1)
    whole = x
    for weights in layers:
        whole = whole + _attend(whole, np.tri(n) > 0, weights)
    caches = [([], []) for _ in layers]
    steps = []
    for token in x:
        state = token
        for (keys, values), (w_q, w_k, w_v) in zip(caches, layers, strict=True):
            keys.append(state @ w_k)
            values.append(state @ w_v)
            scores = np.array(keys) @ (state @ w_q) / np.sqrt(8)
            state = state + _softmax(scores) @ np.array(values)
        steps.append(state)
    assert _same(steps, whole), "the cache changes the result"
    assert [len(keys) for keys, _ in caches] == [7, 7]
    card.says("KV")


def exact_match_jump(card):
    """Ten steps that must all be right: 0.9 a step gives 35 %, 0.99 gives 90 %; P = p^k.

    Source: the card's formula, by going through all 1024 outcomes of independent steps. The mean
    share of right steps, a continuous metric, moves from 90 % to 99 % only.
    """
    k = 10
    outcomes = np.array(list(product([0, 1], repeat=k)))

    def measure(p):
        chance = np.prod(np.where(outcomes, p, 1 - p), axis=1)
        return chance @ outcomes.all(axis=1), chance @ outcomes.mean(axis=1)

    before, after = measure(0.9), measure(0.99)
    assert _same([before[0], after[0]], [0.9**10, 0.99**10]), "not p^k"
    assert _same([before[1], after[1]], [0.9, 0.99])
    card.says("P=p^k", f"{k}", "0.9", "0.99", f"{before[0]:.0%}", f"{after[0]:.0%}")
