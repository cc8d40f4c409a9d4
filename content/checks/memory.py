"""Proofs of the topic "Memory and hardware"."""

import numpy as np

#: Relative to numbers of about 1, in double precision.
EXACT = 1e-9
GB, GIB = 10**9, 2**30
FP16, FP32 = np.dtype(np.float16).itemsize, np.dtype(np.float32).itemsize


def _normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def _same(a, b):
    return np.allclose(a, b, rtol=0, atol=EXACT)


def adam_16_bytes(card):
    """Weights and gradients in 16 bits, master weights and two moments in 32: 16 bytes; 7B 112 GB.

    Source: arXiv:1910.02054 §3.1, which has 120 GB for 7.5B. Twelve of them are the optimiser's;
    FP32 gradients make 18; two moments in BF16, as in DeepSeek-V3, take 4 bytes instead of 8.
    """
    optimiser = FP32 + FP32 + FP32
    each = FP16 + FP16 + optimiser
    assert 7.5 * each == 120
    assert each - FP16 + FP32 == 18
    assert [FP32 + FP32, FP16 + FP16] == [8, 4]
    card.says(f"{each}", f"{optimiser}", "18", "8", "4", "(2+2+4+4+4)")
    card.says(*(f"{size * each} GB" for size in (7, 13, 14, 30, 70)), f"{70 * each / 1000:.2f} TB")
    card.says(r"16\Psi/N")


def lora_params_llama7b(card):
    """LoRA of rank 8 on q and v of LLaMA-7B: 4,194,304 parameters, 67 MB at 16 bytes; base 14 GB.

    Source: arXiv:2106.09685 §4.2; arXiv:2302.13971 Table 2. They are 0.062 % of the model. A base
    in 16, 8 or 4 bits takes 2, 1 or 0.5 GB for each 1B; full fine-tuning in BF16 alone 8 bytes.
    """
    layers, d, rank = 32, 4096, 8
    adapters = layers * 2 * rank * (d + d)
    assert adapters == 4_194_304
    assert round(100 * adapters / 6_738_415_616, 3) == 0.062
    assert [bits / 8 for bits in (16, 8, 4)] == [2, 1, 0.5]
    bf16 = 4 * FP16
    card.says(f"r={rank}", f"{adapters / 1e6:.1f}M", f"{16 * adapters / 1e6:.0f} MB", f"{bf16}")
    card.says(f"{7 * FP16} GB", "16–18 GB", "2 GB", "1 GB", "0.5 GB")


def chunked_cross_entropy():
    """Cross-entropy taken chunk by chunk of tokens is the same, and holds a chunk of logits only.

    Source: the definition of the loss: it is a mean over tokens. Random states and head. For 8,192
    tokens and a vocabulary of 128,256 the whole in FP32 would be 4.2 GB.
    """
    states, head, targets = _normal(12, 8), _normal(8, 20, seed=1), np.arange(12) % 5
    largest = 0

    def total(part):
        nonlocal largest
        logits = states[part] @ head
        largest = max(largest, logits.size)
        norm = np.log(np.exp(logits).sum(axis=1))
        return (norm - logits[np.arange(len(logits)), targets[part]]).sum()

    parts = sum(total(slice(start, start + 4)) for start in range(0, 12, 4))
    assert largest == 4 * 20
    assert _same(parts, total(slice(12))), "the chunks change the loss"
    assert largest == 12 * 20
    assert round(8192 * 128_256 * FP32 / GB, 1) == 4.2


def adam_8bit(card):
    """Two moments of one byte instead of four: 2 bytes for 8; blocks confine a large value's error.

    Source: arXiv:2110.02861 §2.1: blocks of 2,048 with a scale each cost 0.002 bytes a value. A
    value 1,000 times as large spoils the other blocks only if all share one scale.
    """
    byte = np.dtype(np.int8).itemsize
    assert [2 * byte, 2 * FP32] == [2, 8]
    card.says("2", "8")
    assert round(FP32 / 2048, 3) == 0.002
    x = np.linspace(-1, 1, 4096).reshape(2, 2048)
    x[0, 0] = 1000

    def error(axis):
        scale = np.abs(x).max(axis=axis, keepdims=True) / 127
        return np.abs(scale * np.round(x / scale) - x)[1].max()

    assert error(axis=1) <= 1 / 127 / 2 + EXACT
    assert error(axis=None) == 1


def galore_rank(card):
    """A projected gradient has rank r and needs moments of r by n; over time all weights move.

    Source: arXiv:2403.03507 §3.3 and §4.1. Two subspaces, one after the other, give an update of
    rank 2r, which one LoRA of rank r could not. At 4096 by 4096 and r = 128 the moments shrink 32
    times.
    """
    rank, shape = 2, (8, 6)
    update = np.zeros(shape)
    for step in range(2):
        gradient = _normal(*shape, seed=step)
        basis = np.linalg.svd(gradient)[0][:, :rank]
        moments = basis.T @ gradient
        assert moments.shape == (2, 6)
        assert np.linalg.matrix_rank(basis @ moments) == 2
        update += basis @ moments
    assert np.linalg.matrix_rank(update) == 4, "it stays in one subspace"
    assert (update != 0).all()
    assert 4096 * 4096 / (128 * 4096) == 32
    card.says("GaLore")


def mezo_spsa(card):
    """Two forward passes at w + e z and w - e z give the slope along z; z times it is unbiased.

    Source: arXiv:2305.17333 §2, on a quadratic loss, where the difference is exact: over all signs
    the mean of z (f(w + e z) - f(w - e z)) / 2e is the gradient. Nothing is kept for a backward.
    """
    a, b, w = _normal(4, 4), _normal(4, seed=1), _normal(4, seed=2)

    def loss(w):
        return w @ a @ w / 2 + b @ w

    step = 0.01
    signs = np.array(np.meshgrid(*[[-1, 1]] * 4)).reshape(4, -1).T
    assert len(signs) == 16
    slopes = [(loss(w + step * z) - loss(w - step * z)) / (2 * step) for z in signs]
    gradient = (a + a.T) @ w / 2 + b
    assert _same(signs.T @ slopes / 16, gradient), "biased"
    assert not _same(signs[0] * slopes[0], gradient)
    card.says("MeZO")


def weights_by_format(card):
    """Bytes times billions: 28, 14, 7 GB for 7B, ten times that for 70B; 65B in FP16 are 121 GiB.

    Source: arithmetic; INT4 with a 16-bit scale for each 32 values has 4.5 bits. Four V100s of 32
    GiB would have less than 2 GiB each left. DeepSeek-V3 (arXiv:2412.19437) stores all its 671B in
    FP8, though 37B of them work on a token.
    """
    for size in (7, 70):
        card.says(*(f"{size * each} GB" for each in (FP32, FP16, 1)))
    card.says("3.5–4 GB", "35–40 GB", f"{65 * FP16} GB", "65 GB", f"{65 * FP16 * GB / GIB:.0f} GiB")
    left = (4 * 32 - 65 * FP16 * GB / GIB) / 4
    assert 1.5 < left < 2
    small, scaled = 4 / 8, (4 + 16 / 32) / 8
    assert [7 * small, round(7 * scaled, 1)] == [3.5, 3.9]
    assert [70 * small, round(70 * scaled)] == [35, 39]
    assert round(scaled, 2) == 0.56
    card.says("0.5–0.56", "671 GB", "37B")


def four_bit_70b(card):
    """70B at 4 to 4.5 bits are 35 to 39.4 GB: one card of 48 GB, or two of 24, hold them.

    Source: arithmetic; 4.5 bits count a 16-bit scale for each 32 weights.
    """
    weights = [70 * bits / 8 for bits in (4, 4.5)]
    assert weights == [35, 39.375]
    assert max(weights) < 48 == 2 * 24
    card.says("35–40 GB", "48 GB", "24 GB")


def act_memory_gpt3(card):
    """A layer's activations: s b h (34 + 5 a s / h) bytes; for GPT-3 5 a s / h = 80, 70 % of all.

    Source: arXiv:2205.05198 §4.1, tensor by tensor: 2 bytes each, masks of dropout 1 byte. What
    selective recomputation redoes is the part with s squared.
    """
    a, s, b, h = 96, 2048, 1, 12_288
    token, score, mask = 2 * s * b * h, 2 * a * s**2 * b, 1
    attention = {"input": token, "q and k": 2 * token, "v": token, "projection": token}
    attention["dropout"] = mask * s * b * h
    square = {"softmax": score, "dropout": mask * a * s**2 * b, "dropped out": score}
    ffn = {"input": token, "GELU": 4 * token, "second": 4 * token, "dropout": mask * s * b * h}
    norms = 2 * token
    unit = s * b * h
    parts = [sum(part.values()) / unit for part in (attention, ffn)]
    assert parts == [11, 19]
    assert norms / unit == 4
    linear = sum(parts) + norms / unit
    quadratic = sum(square.values()) / unit
    assert linear == 34
    assert quadratic == 5 * a * s / h
    card.says(f"a={a}", f"s={s}", f"h={h}", f"{quadratic:.0f}")
    card.says(f"{100 * quadratic / (linear + quadratic):.0f}%")
    card.says("11sbh+5as^2b", "19sbh", "4sbh", r"sbh\left(34+5\,\frac{as}{h}\right)\ \to\ 2sbh")


def checkpoint_cost(card):
    """One more forward adds 2N to 6N, 33 %; with n layers, sqrt(n) segments keep least: 2 sqrt(n).

    Source: arXiv:1604.06174 §4.1: k segments store k inputs and, in backward, n/k layers. The same
    gradients come out: checked on a chain of matrices, recomputed from its segments' inputs.
    """
    assert 2 + 4 == 6
    card.says("2N", "6N", f"{100 * 2 / 6:.0f}%", r"O(\sqrt n)")
    n = 144
    kept = {k: k + n / k for k in range(1, n + 1)}
    assert min(kept, key=kept.get) == 12
    assert kept[12] == 24
    weights = 0.5 * _normal(6, 3, 3)

    def forward(x, first, last):
        states = [x]
        for w in weights[first:last]:
            states.append(np.tanh(states[-1] @ w))
        return states

    def backward(states, grad, first, last):
        found = []
        for layer in reversed(range(first, last)):
            into, out = states[layer - first], states[layer - first + 1]
            local = grad * (1 - out**2)
            found.append(into.T @ local)
            grad = local @ weights[layer].T
        return found, grad

    x, grad = _normal(2, 3, seed=1), _normal(2, 3, seed=2)
    everything = forward(x, 0, 6)
    exact, _ = backward(everything, grad, 0, 6)
    again = []
    for first in (3, 0):
        found, grad = backward(forward(everything[first], first, first + 3), grad, first, first + 3)
        again += found
    assert _same(again, exact), "other gradients"


def mfu_llama_65b(card):
    """LLaMA-65B: 6N times 380 tokens a second over 312 TFLOPS is 48 %; Llama 3's 380-430 are 38-43.

    Source: arXiv:2302.13971 §2.4 and Table 2, 65.2B parameters; arXiv:2407.21783 Table 4, over the
    989 of an H100.
    """
    mfu = 6 * 65.2e9 * 380 / 312e12
    low, high = 380 / 989, 430 / 989
    card.says("380", f"{100 * mfu:.0f}%", f"{100 * low:.0f}%–{100 * high:.0f}%")
    assert round(mfu, 3) == 0.476


def attn_flops_share(card):
    """Scores and weighted sums take 12 L s d FLOPs a token: 8 % of LLaMA-7B's 6N at 2,048 tokens.

    Source: arXiv:2204.02311 Appendix B, counted without the causal mask: two products of s by d
    forward, two each backward. At 128 tokens it is half a percent, for LLaMA-65B at 2,048 4 %.
    """
    layers, d, s = 32, 4096, 2048

    def product(rows, inner, columns):
        return 2 * rows * inner * columns

    forward = product(1, d, s) + product(1, s, d)
    token = layers * 3 * forward
    assert token == 12 * layers * s * d
    share = token / (6 * 6_738_415_616)
    assert [round(share, 4), round(share * 128 / s, 4)] == [0.0797, 0.005]
    assert round(12 * 80 * 2048 * 8192 / (6 * 65.2e9), 4) == 0.0412
    card.says(r"\frac{(6N+12Lsd)\,\tau}{n\,F}", "12Lsd")


def peak_ladder(card):
    """Half the bits, twice the dense peak: 989 and 1979, 2250, 4500 and 9000; sparse doubles again.

    Source: the data sheets named on the card; 624 is what the A100's states with sparsity.
    """
    bf16 = {"A100": 312, "H100": 989, "H200": 989, "B200": 2250}
    card.says(*(str(peak) for peak in bf16.values()))
    assert 624 / bf16["A100"] == 2
    assert round(1979 / bf16["H100"], 2) == round(4500 / bf16["B200"], 2) == 2
    assert 9000 / bf16["B200"] == 4
    assert round(4.8 / 3.35, 2) == 1.43
    card.says("1979", "4500", "9000", "4.8", "3.35")
