"""Proofs of the topic "Memory and hardware": the KV cache."""

import numpy as np

#: Relative to numbers of about 1, in double precision.
EXACT = 1e-9
KIB, MIB, GIB = 2**10, 2**20, 2**30


def _normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def _same(a, b):
    return np.allclose(a, b, rtol=0, atol=EXACT)


def _kv(layers, kv_heads, head, tokens=1):
    """Bytes of a 16-bit KV cache, laid out as keys and values of each layer."""
    return 2 * layers * kv_heads * head * tokens * np.dtype(np.float16).itemsize


def kv_llama2_7b(card):
    """Llama-2-7B: 32 layers, 32 KV heads of 128 take 0.5 MiB per token, 2 GiB for 4,096 tokens.

    Source: the published configuration of Llama-2-7B; arrays of one token are laid out and counted.
    """
    token = [np.zeros((2, 32, 128), np.float16) for _ in range(32)]
    each = sum(array.nbytes for array in token)
    assert each == _kv(32, 32, 128) == 524_288
    card.says(f"{each / MIB:g}", f"{4096 * each // GIB} GiB")


def kv_llama3_8b(card):
    """Llama-3.1-8B's 8 KV heads for 32 query heads take 128 KiB per token, 16 GiB for 131,072.

    Source: the published configuration. MHA would need 4 times as much. Runs the very code of the
    card, its assertions included.
    """
    names = {}
    exec(card.code, names)  # noqa: S102 - the code block is what is proved
    size = names["kv_cache_bytes"]
    each = size(32, 8, 128, 1)
    assert each == _kv(32, 8, 128) == 131_072
    assert size(32, 32, 128, 1) == 4 * each
    assert size(32, 8, 128, 1, width=1) == each / 2
    card.says(f"{each // KIB} KiB", f"{131_072 * each // GIB} GiB", "131072")
    card.says(r"2\,L\,n_{kv}\,d_h\,s\,b\,p")


def kv_mla_vs_gqa(card):
    """DeepSeek-V3 caches 512 + 64 numbers a layer: 70,272 bytes a token; 405B with GQA 516,096.

    Source: arXiv:2412.19437 §4.2 (61 layers, latent 512, RoPE key 64) and the published
    configuration of Llama-3.1-405B (126 layers, 8 KV heads of 128). A cache of 128 heads of 128 and
    their values would be 57 times the latent.
    """
    latent = 61 * (512 + 64) * 2
    assert latent == 70_272
    assert _kv(126, 8, 128) == 516_096
    assert round(_kv(61, 128, 128) / latent) == 57
    card.says("61", "512+64", f"{latent}")


def kv_qwen3_head_dim(card):
    """Qwen3-32B's heads are 128 wide, not 5120 / 64 = 80: 256 KiB per token instead of 160.

    Source: the published configuration of Qwen3-32B: width 5120, 64 layers, 64 heads, 8 KV heads,
    head_dim 128.
    """
    width, heads, head = 5120, 64, 128
    wrong = width // heads
    assert [_kv(64, 8, size) // KIB for size in (head, wrong)] == [256, 160]
    card.says(f"{width}", f"{heads}", f"{wrong}", f"{head}")


def linear_attn_recurrent():
    """Causal linear attention is a recurrence whose state is d by d, however long the text.

    Source: arXiv:2006.16236 §3.4: sums of k v^T and of k replace the cache. A sliding window of w
    tokens keeps w keys at most.
    """
    n, d = 9, 4
    q, k = np.exp(_normal(2, n, d))
    v = _normal(n, d, seed=1)
    scores = np.tril(q @ k.T)
    exact = scores @ v / scores.sum(axis=1, keepdims=True)
    state, norm, steps = np.zeros((d, d)), np.zeros(d), []
    for t in range(n):
        state, norm = state + np.outer(k[t], v[t]), norm + k[t]
        steps.append(q[t] @ state / (q[t] @ norm))
    assert _same(steps, exact)
    assert [state.size, k.size] == [16, 36]
    window = [list(range(max(0, t - 3 + 1), t + 1)) for t in range(n)]
    assert max(map(len, window)) == 3
