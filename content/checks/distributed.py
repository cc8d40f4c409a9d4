"""Proofs of the topic "Distributed training"."""

import numpy as np

#: Relative to numbers of about 1, in double precision.
EXACT = 1e-9


def _normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def _same(a, b):
    return np.allclose(a, b, rtol=0, atol=EXACT)


def _silu(x):
    return x / (1 + np.exp(-x))


def _softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def parallel_product(card):
    """Degrees multiply: TP 8, PP 16 and DP 64 place 8,192 GPUs, each with one of each index.

    Source: arXiv:2104.04473 §3. Ranks are numbered with TP innermost, so that its groups are
    neighbours within a node of 8; a pipeline's stages lie 8 * 64 ranks apart, across nodes.
    """
    tp, pp, dp = 8, 16, 64
    ranks = np.arange(tp * pp * dp).reshape(pp, dp, tp)
    assert set((ranks // 8).max(axis=2).ravel()) == set((ranks // 8).min(axis=2).ravel())
    assert ranks[1, 0, 0] == 512
    card.says(f"{ranks.size}", f"{tp}", f"{pp}", f"{dp}")


def ulysses_heads(card):
    """All-to-all turns shards of the sequence into shards of heads: each GPU attends exactly.

    Source: arXiv:2309.14509 §3. Four GPUs, eight heads, sixteen tokens, a causal mask; the way back
    is the same exchange.
    """
    gpus, heads, tokens, width = 4, 8, 16, 3
    q, k, v = _normal(3, heads, tokens, width)

    def attend(q, k, v):
        scores = np.where(np.tri(tokens), q @ k.transpose(0, 2, 1), -np.inf)
        return _softmax(scores) @ v

    def all_to_all(blocks, split, join):
        """`blocks[g]` is cut along one axis for the receivers, who join along another."""
        cut = [np.split(block, gpus, axis=split) for block in blocks]
        return [np.concatenate([cut[g][to] for g in range(gpus)], axis=join) for to in range(gpus)]

    shards = [np.split(x, gpus, axis=1) for x in (q, k, v)]
    assert shards[0][0].shape == (8, 4, 3)
    by_head = [all_to_all(blocks, split=0, join=1) for blocks in shards]
    assert by_head[0][0].shape == (2, 16, 3), "not all tokens of some heads"
    outputs = [attend(*(x[g] for x in by_head)) for g in range(gpus)]
    back = all_to_all(outputs, split=1, join=0)
    assert _same(np.concatenate(back, axis=1), attend(q, k, v))
    card.says("Ulysses", "all-to-all")


def ddp_gradients(card):
    """Averaged gradients of equal micro-batches are the full batch's, so replicas stay identical.

    Source: arXiv:2006.15704 §2. B = b k N samples: 2 each, accumulated 3 times on 4 replicas. Each
    makes the same update from the same start; without the all-reduce they part.
    """
    b, k, n = 2, 3, 4
    batch = b * k * n
    assert batch == 24
    x, y, start = _normal(batch, 5), _normal(batch, seed=1), _normal(5, seed=2)

    def gradient(w, part):
        return ((x[part] @ w - y[part])[:, None] * x[part]).mean(axis=0)

    shards = np.arange(batch).reshape(n, k, b)
    local = [np.mean([gradient(start, micro) for micro in shard], axis=0) for shard in shards]
    average = np.mean(local, axis=0)
    assert _same(average, gradient(start, slice(None))), "not the gradient of the batch"
    assert not _same(local[0], local[1]), "replicas need no communication"
    card.says(r"B=b\,k\,N", "16")


def _ring(buffers):
    """Ring all-reduce, step by step: the buffers after reduce-scatter, after all, elements sent."""
    n = len(buffers)
    chunks = [np.split(buffer.copy(), n) for buffer in buffers]
    sent = np.zeros(n, int)

    def turn(step, offset, combine):
        moving = [(rank, (rank + offset - step) % n) for rank in range(n)]
        data = [chunks[rank][chunk].copy() for rank, chunk in moving]
        for (rank, chunk), values in zip(moving, data, strict=True):
            sent[rank] += values.size
            to = (rank + 1) % n
            chunks[to][chunk] = combine(chunks[to][chunk], values)

    for step in range(n - 1):
        turn(step, 0, lambda own, received: own + received)
    scattered = [chunks[rank][(rank + 1) % n].copy() for rank in range(n)]
    half = sent.copy()
    for step in range(n - 1):
        turn(step, 1, lambda _, received: received)
    return scattered, [np.concatenate(parts) for parts in chunks], half, sent


def ring_allreduce(card):
    """Reduce-scatter, then all-gather: all ranks get the sum, each sends 2 (N-1)/N of the buffer.

    Source: Patarasu and Yuan 2009, run step by step on integers. Each half sends (N-1)/N, so
    that the whole stays below 2.
    """
    for n in range(2, 6):
        size = 3 * n
        buffers = np.arange(n * size).reshape(n, size)
        total = buffers.sum(axis=0)
        scattered, gathered, half, sent = _ring(buffers)
        for rank in range(n):
            assert (scattered[rank] == np.split(total, n)[(rank + 1) % n]).all()
            assert (gathered[rank] == total).all(), "not the sum"
        assert set(half / size) == {(n - 1) / n}
        assert set(sent / size) == {2 * (n - 1) / n}
    card.says(r"2\frac{N-1}{N}")


def collectives(card):
    """An all-reduce is a reduce-scatter and an all-gather; 400 Gb/s are 50 GB/s, one way.

    Source: the definitions in NCCL's documentation, on four ranks of twelve integers; NVLink's 900
    GB/s count both ways. All-to-all is a transposition of blocks, its own inverse.
    """
    data = np.arange(48).reshape(4, 12) ** 2
    reduced = [shard.sum(axis=0) for shard in np.split(data, 4, axis=1)]
    assert (np.concatenate(reduced) == data.sum(axis=0)).all()
    blocks = data.reshape(4, 4, 3)
    swapped = blocks.transpose(1, 0, 2)
    assert (swapped[2, 1] == blocks[1, 2]).all()
    assert (swapped.transpose(1, 0, 2) == blocks).all()
    rates = (200, 400, 800)
    card.says(*(f"{rate}" for rate in rates), *(f"{rate // 8}" for rate in rates))
    card.says("600", "900", "1800", "Gb/s", "GB/s")


def zero_stages(card):
    """ZeRO on 64 GPUs takes 7.5B from 120 GB to 31.4, 16.6 and 1.9 GB; traffic 2, 2, 2 and 3 Psi.

    Source: arXiv:1910.02054 §5 and §7, Fig. 1. Bytes: 12 of optimiser states, 2 of gradients, 2 of
    parameters; each stage divides one more of them by N. Traffic counts reduce-scatters and
    all-gathers, of Psi elements each for many GPUs.
    """
    size, gpus = 7.5, 64
    states = {"parameters": 2, "gradients": 2, "optimiser": 12}
    stages = [(), ("optimiser",), ("optimiser", "gradients"), tuple(states)]
    memory = [
        sum(size * each / (gpus if name in sharded else 1) for name, each in states.items())
        for sharded in stages
    ]
    card.says(f"{memory[0]:.0f} GB", *(f"{gb:.1f} GB" for gb in memory[1:]))
    assert _same(memory[1], 4 * size + 12 * size / gpus)
    assert _same(memory[2], 2 * size + 14 * size / gpus)
    assert _same(memory[3], 16 * size / gpus)
    card.says(r"4\Psi+12\Psi/N", r"2\Psi+14\Psi/N", r"16\Psi/N", r"16\Psi", "64")
    reduce_scatter = all_gather = 1
    update = reduce_scatter + all_gather
    stage3 = all_gather + all_gather + reduce_scatter
    assert stage3 / update == 1.5
    card.says("1.5", rf"{update}\Psi", rf"{stage3}\Psi")


def zero_equals_dp():
    """Sharded Adam makes the very update of the replicated one: each GPU updates its own shard.

    Source: arXiv:1910.02054 §5. Reduce-scatter the gradients of four replicas, let each keep the
    moments of its quarter, gather: three steps of Adam end at the same parameters.
    """
    gpus, size = 4, 8

    def adam(w, m, v, g, t):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        return w - 0.01 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v

    whole = _normal(size), np.zeros(size), np.zeros(size)
    shards = [tuple(np.split(x, gpus)[g] for x in whole) for g in range(gpus)]
    for t in range(1, 4):
        gradients = _normal(gpus, size, seed=t)
        whole = adam(*whole, gradients.mean(axis=0), t)
        scattered = np.split(gradients.mean(axis=0), gpus)
        shards = [adam(*shards[g], scattered[g], t) for g in range(gpus)]
    assert _same(np.concatenate([shard[0] for shard in shards]), whole[0])
    assert [shard[1].size for shard in shards] == [2, 2, 2, 2], "the moments are not sharded"


def tp_column_row(card):
    """f(X W1) W2 is the sum over GPUs of f(X W1_i) W2_i: one all-reduce; rows first would need two.

    Source: arXiv:1909.08053 §3. Columns of W1, rows of W2, on random matrices; so too for SwiGLU
    and for heads, whose output projection is split by rows. Two sub-layers, two all-reduces.
    """
    gpus, d, ff = 4, 6, 16
    x, w1, gate, w2 = _normal(3, d), _normal(d, ff), _normal(d, ff, seed=1), _normal(ff, d, seed=2)
    columns, rows = np.split(w1, gpus, axis=1), np.split(w2, gpus)
    parts = [_silu(x @ a) @ b for a, b in zip(columns, rows, strict=True)]
    assert _same(sum(parts), _silu(x @ w1) @ w2), "the split changes the FFN"
    gated = np.split(gate, gpus, axis=1)
    swiglu = [_silu(x @ g) * (x @ a) @ b for g, a, b in zip(gated, columns, rows, strict=True)]
    assert _same(sum(swiglu), _silu(x @ gate) * (x @ w1) @ w2)
    inner = zip(np.split(x, 2, axis=1), np.split(w1, 2), strict=True)
    first = [a @ b for a, b in inner]
    assert _same(sum(first), x @ w1)
    assert not _same(sum(_silu(part) for part in first), _silu(x @ w1)), "rows first would do"
    heads = [_softmax(np.where(np.tri(3), _normal(3, 3, seed=h), -np.inf)) @ x for h in range(4)]
    out = _normal(4 * d, d, seed=3)
    joined = np.concatenate(heads, axis=1) @ out
    assert _same(sum(h @ o for h, o in zip(heads, np.split(out, 4), strict=True)), joined)
    card.says(r"Y=\sum_{i=1}^{t}f\bigl(XW_1^{(i)}\bigr)\,W_2^{(i)}", "2")


def vocab_parallel_ce():
    """Cross-entropy over a split vocabulary needs per token a maximum, a sum and a logit, no more.

    Source: arXiv:1909.08053 §3. Four shards of a vocabulary of 20; the owner of the target gives
    its logit, the others 0. Three numbers a token are exchanged instead of 20.
    """
    logits, targets, gpus = 5 * _normal(6, 20), np.array([0, 4, 5, 11, 19, 7]), 4
    token = np.arange(6)
    whole = np.log(np.exp(logits).sum(axis=1)) - logits[token, targets]
    shards = np.split(logits, gpus, axis=1)
    top = np.max([shard.max(axis=1) for shard in shards], axis=0)
    total = sum(np.exp(shard - top[:, None]).sum(axis=1) for shard in shards)
    own = [
        np.where(targets // 5 == g, shard[token, targets % 5], 0) for g, shard in enumerate(shards)
    ]
    exchanged = [top, total, sum(own)]
    assert _same(top + np.log(total) - sum(own), whole)
    assert [sum(map(len, exchanged)) / len(token), logits.shape[1]] == [3, 20]


def sequence_parallel(card):
    """Reduce-scatter and all-gather in place of an all-reduce: same traffic, norms of own tokens.

    Source: arXiv:2205.05198 §4.2.2. LayerNorm works token by token, so it may run on a shard of the
    sequence; each half of a ring all-reduce sends (t-1)/t.
    """
    gpus = 4
    parts = _normal(gpus, 8, 6)

    def norm(x):
        return (x - x.mean(axis=-1, keepdims=True)) / x.std(axis=-1, keepdims=True)

    everywhere = norm(parts.sum(axis=0))
    scattered = [sum(part) for part in zip(*(np.split(p, gpus) for p in parts), strict=True)]
    assert scattered[0].shape == (2, 6)
    assert _same(np.concatenate([norm(shard) for shard in scattered]), everywhere)
    _, _, half, sent = _ring(parts.reshape(gpus, -1))
    assert (2 * half == sent).all()
    card.says("reduce-scatter", "all-gather")


def llama3_degrees(card):
    """Llama 3 405B on 16,384 GPUs: TP 8, PP 16 and DP 128, or with CP 16 for long text DP 8.

    Source: arXiv:2407.21783 Table 4 and §3.3.2. Of 131,072 tokens each rank of CP holds 8,192.
    ZeRO-3 under a pipeline would gather the parameters for every micro-batch.
    """
    gpus = 16_384
    tp, pp, cp, length = 8, 16, 16, 131_072
    assert tp * pp * 128 == gpus
    assert tp * pp * cp * 8 == gpus
    assert length // cp == 8192
    card.says(f"{tp}", f"{pp}", f"{cp}", f"{length}")
