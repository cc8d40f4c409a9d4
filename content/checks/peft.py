"""Proofs of the topic "Parameter-efficient fine-tuning (PEFT)"."""

import math
from statistics import NormalDist
from types import SimpleNamespace

import numpy as np
from _torch import Linear, Module, tensor

#: Relative to numbers of about 1, in double precision.
EXACT = 1e-9


def _normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def _same(a, b):
    return np.allclose(a, b, rtol=0, atol=EXACT)


def _lora(rank, *matrices):
    """Trainable parameters of LoRA on matrices given as (inputs, outputs)."""
    return sum(rank * (inputs + outputs) for inputs, outputs in matrices)


def bitfit_share(card):
    """Biases are 0.09 % of BERT-base and 0.08 % of BERT-large, both below the card's 0.1 %.

    Source: the shapes of arXiv:1810.04805 §3 with its vocabulary of 30,522, counted; the shares are
    those of arXiv:2106.10199. LayerNorm's shift counts as a bias, its gain does not.
    """

    def count(layers, d):
        ff = 4 * d
        block_biases = 4 * d + ff + d + 2 * d
        block = 4 * d**2 + 2 * d * ff + block_biases + 2 * d
        embeddings = (30_522 + 512 + 2) * d + 2 * d
        return layers * block_biases + 2 * d, layers * block + embeddings + d**2 + d

    base, large = count(12, 768), count(24, 1024)
    assert base[1] == 109_482_240, "not the published size of BERT-base"
    assert large[1] == 335_141_888, "not the published size of BERT-large"
    assert [round(100 * biases / total, 2) for biases, total in (base, large)] == [0.09, 0.08]
    card.says("0.1%")


class _Base(Linear):
    """`nn.Linear` as far as the card's code uses it."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)
        self.in_features, self.out_features = inputs, outputs
        self.frozen = False

    def requires_grad_(self, flag):
        self.frozen = not flag
        return self


def lora_code(card):
    """The card's layer starts as its base, adds (alpha/r) B A x, and trains r (d_in + d_out).

    Source: arXiv:2106.09685 §4.1. Runs the very code of the card. The gradients are the chain rule
    for y = x A^T B^T with an upstream gradient g: one matrix at zero lets the other learn, two not.
    """

    def fill(parameter, a):
        assert _same(a**2, 5), "not PyTorch's default for linear layers"
        parameter[...] = _normal(*parameter.shape, seed=1)

    nn = SimpleNamespace(Module=Module, Linear=Linear, Parameter=lambda value: value)
    nn.init = SimpleNamespace(kaiming_uniform_=fill)
    torch = SimpleNamespace(
        empty=lambda *shape: tensor(np.full(shape, np.nan), np.float64),
        zeros=lambda *shape: tensor(np.zeros(shape), np.float64),
    )
    names = {"__name__": "card", "math": math, "torch": torch, "nn": nn}
    exec(card.code, names)  # noqa: S102 - the code block is what is proved
    base = _Base(12, 10)
    layer = names["LoRALinear"](base)
    x, g = _normal(3, 12), _normal(3, 10, seed=2)
    assert base.frozen, "the base would be trained"
    assert layer.A.shape == (8, 12)
    assert layer.B.shape == (10, 8)
    assert _same(layer(x), base(x)), "training does not start at the base"

    def gradients(a, b):
        return b.T @ g.T @ x, g.T @ (x @ a.T)

    down, up = gradients(layer.A, layer.B)
    assert _same(down, 0)
    assert not _same(up, 0), "B would never leave zero"
    assert _same(gradients(0 * layer.A, layer.B)[1], 0), "two zero matrices would learn"
    layer.B[...] = _normal(10, 8, seed=3)
    assert _same(layer(x), base(x) + 2 * x @ (layer.B @ layer.A).T), "not the formula, 16/8 = 2"
    assert layer.A.size + layer.B.size == _lora(8, (12, 10)), "not r (d_in + d_out)"
    assert _lora(8, (4096, 4096)) == 65_536
    assert round(100 * 65_536 / 4096**2, 2) == 0.39
    card.says("r(d_{in}+d_{out})", "65,536", "0.39%")


def lora_merge():
    """Merged and separate LoRA agree; shape stays; the update has rank r, two of them up to 2r.

    Source: arXiv:2106.09685 §4.1. Random matrices prove it: an identity that did not hold would
    fail for almost all of them. Subtracting the update restores the base.
    """
    w, x = _normal(10, 12), _normal(6, 12, seed=1)
    a, b = _normal(3, 12, seed=2), _normal(10, 3, seed=3)
    update = (6 / 3) * b @ a
    merged = w + update
    assert merged.shape == (10, 12), "another shape than the base"
    assert _same(x @ merged.T, x @ w.T + 2 * (x @ a.T) @ b.T), "merging changes the output"
    assert _same(merged - update, w), "merging cannot be undone"
    assert np.linalg.matrix_rank(w) == 10, "the base is not of full rank"
    assert np.linalg.matrix_rank(update) == 3
    second = _normal(10, 3, seed=4) @ _normal(3, 12, seed=5)
    assert np.linalg.matrix_rank(update + second) == 6, "two stages stay within one rank"


def lora_params_gpt3(card):
    """LoRA on W_Q and W_V of GPT-3: 4.72M parameters at r = 1, 18.9M at r = 4, or 36 MiB in FP16.

    Source: the sizes of arXiv:2005.14165 Table 2.1; arXiv:2106.09685 §4.2 says roughly 35 MB and
    10,000 times less than the model's 350 GB.
    """
    d, layers = 12_288, 96
    one, four = (layers * _lora(rank, (d, d), (d, d)) for rank in (1, 4))
    assert one == 4_718_592
    assert four == 18_874_368
    assert round(2 * four / 2**20) == 36, "not 36 MiB"
    assert 2 * 175e9 == 350e9
    assert round(350e9 / (2 * four), -2) == 9300, "not roughly 10,000 times"
    card.says("18,874,368", "350 GB", "35 MB")


def lora_size(card):
    """r = 8 on ChatGLM-6B's fused QKV: 131,072 a layer, 3,670,016 in all, 0.06 % of the model.

    Source: the published configuration of ChatGLM-6B (28 layers, width 4096, FFN 16384, 130,528
    tokens, one matrix for input and output embeddings), counted.
    """
    d, ff, layers = 4096, 16_384, 28
    layer = _lora(8, (d, 3 * d))
    assert 3 * d == 12_288
    assert layer == 131_072
    total = layers * layer
    assert total == 3_670_016
    block = 4 * d**2 + 4 * d + 2 * d * ff + ff + d + 2 * 2 * d
    model = layers * block + 2 * d + 130_528 * d
    assert model == 6_173_286_400, "not the published size"
    assert round(100 * total / model, 2) == 0.06
    assert [round(width * total / 1e6, 1) for width in (4, 2)] == [14.7, 7.3]
    assert round(2 * model / 1e9, 1) == 12.3
    card.says("3,670,016", "0.06%", "14.7 MB", "7.3 MB", "131,072")
    card.says(r"28\cdot8\cdot(4096+12288)")


def qlora_double_quant(card):
    """Constants cost 32/64 = 0.5 bit, doubly quantised 8/64 + 32/(64 * 256) = 0.127: 0.373 less.

    Source: arXiv:2305.14314 §3. At 65B the saving is 3.0 GB.
    """
    once = 32 / 64
    twice = 8 / 64 + 32 / (64 * 256)
    assert once == 0.5
    assert twice == 0.126953125
    assert once - twice == 0.373046875
    assert round(65e9 * (once - twice) / 8 / 1e9, 1) == 3.0
    card.says("0.5", "0.127", "0.373", "3.0 GB", "64", "256")


def nf4_codebook(card):
    """Normal quantiles give the published 16 values: -1 to 1, an exact zero, 7 below and 8 above.

    Source: arXiv:2305.14314 §3 and Appendix E; the outermost probability is that of its code, the
    mean of 1 - 1/32 and 1 - 1/30. The published values were computed in single precision.
    """
    quantile = np.vectorize(NormalDist().inv_cdf)
    outermost = 1 - (1 / 32 + 1 / 30) / 2
    above = quantile(np.linspace(outermost, 0.5, 9)[:-1])
    below = -quantile(np.linspace(outermost, 0.5, 8)[:-1])
    values = np.sort(np.concatenate([below, [0], above])) / above.max()
    published = [-1, -0.69619, -0.52507, -0.39492, -0.28444, -0.18477, -0.09105, 0]
    published += [0.07958, 0.16093, 0.24611, 0.33792, 0.44071, 0.56262, 0.72296, 1]
    assert np.allclose(values, published, rtol=0, atol=1e-5), "not the published codebook"
    assert values.size == 2**4
    assert [(values < 0).sum(), (values == 0).sum(), (values > 0).sum()] == [7, 1, 8]
    steps = np.diff(values)
    assert round(steps.max() / steps.min(), 1) == 3.8, "integers would be evenly spaced"
    card.says("16", "7", "8")


def qlora_full_memory(card):
    """Weights and gradients in 16 bits and two FP32 Adam states are 12 bytes: 65B take 780 GB.

    Source: arXiv:2305.14314 §1, which states more than 780 GB; activations come on top. Four bits
    and the doubly quantised constants take 34 GB of the 48.
    """
    assert 65 * (2 + 2 + 4 + 4) == 780
    base = 65 * (4 + 8 / 64 + 32 / (64 * 256)) / 8
    assert round(base, 3) == 33.531
    assert base < 48
    card.says("780 GB", "48 GB")


def qlora_base_memory(card):
    """A frozen 7B base: 14 GB in 16 bits, 3.5 GB at 4 bits flat, 3.9 GB with all that goes with it.

    Source: arithmetic; the last is LLaMA-7B (arXiv:2302.13971) with linear layers in NF4, constants
    doubly quantised, embeddings and head left in 16 bits. The weights alone shrink by 75 %.
    """
    d, ff, layers, vocabulary = 4096, 11_008, 32, 32_000
    linear = layers * (4 * d**2 + 3 * d * ff)
    rest = 2 * vocabulary * d + (2 * layers + 1) * d
    assert linear + rest == 6_738_415_616, "not the published size"
    real = linear * (4 + 0.127) / 8 + 2 * rest
    assert round(real / 1e9, 1) == 3.9
    assert 7 * 2 == 14
    assert 7 * 4 / 8 == 3.5
    assert 1 - 4 / 16 == 0.75
    card.says("14 GB", "3.5–4 GB", "75%")


def adapter_module(card):
    """An adapter has 2md + d + m parameters, is nearly the identity near zero, and is not affine.

    Source: arXiv:1902.00751 §2.1. With weights of size s and biases of zero it starts s^2 away from
    the identity. Only an affine map could be merged into the layer before it.
    """
    m, d = 3, 8
    rng = np.random.default_rng(0)
    down, up = rng.standard_normal((m, d)), rng.standard_normal((d, m))
    down_bias, up_bias = rng.standard_normal(m), rng.standard_normal(d)
    assert sum(part.size for part in (down, down_bias, up, up_bias)) == 2 * m * d + d + m == 59

    def adapt(h):
        return h + np.maximum(h @ down.T + down_bias, 0) @ up.T + up_bias

    def change_at_start(scale):
        return np.maximum(h @ (scale * down).T, 0) @ (scale * up).T

    h, other = rng.standard_normal((2, 5, d))
    assert _same(change_at_start(0.02), 4 * change_at_start(0.01)), "not of second order"
    assert abs(change_at_start(0.01)).max() < 0.002, "not nearly the identity"
    assert not _same(adapt(h) + adapt(other), adapt(h + other) + adapt(0 * h)), "it is affine"
    card.says("2md+d+m")


def prefix_as_gate():
    """Attention over keys and a prefix is (1 - lambda) attention + lambda attention to the prefix.

    Source: arXiv:2110.04366 §3.1. lambda is the share of the softmax on the prefix; a query that
    prefers nothing gives two prefix vectors beside six keys a quarter.
    """

    def attend(q, keys, values):
        weights = np.exp(keys @ q)
        return weights @ values / weights.sum()

    keys, values = _normal(6, 4), _normal(6, 4, seed=1)
    prefix_keys, prefix_values = _normal(2, 4, seed=2), _normal(2, 4, seed=3)
    both = np.vstack([keys, prefix_keys]), np.vstack([values, prefix_values])
    shares = []
    for q in (_normal(4, seed=4), np.zeros(4)):
        share = attend(q, both[0], np.repeat([0, 1], [6, 2]))
        own, prefix = attend(q, keys, values), attend(q, prefix_keys, prefix_values)
        assert _same(attend(q, *both), (1 - share) * own + share * prefix), "not a gated sum"
        shares.append(share)
    assert _same(shares[1], 0.25)
    assert not _same(*shares), "the gate does not depend on the query"


def lora_step_flops(card):
    """A step of LoRA takes (2 + 2) / (2 + 4) = 2/3 of the operations, and a little for its branch.

    Source: the chain rule: a d by d layer multiplies for its output, for the gradient of its input
    and for that of its weight, 2 d^2 per token each; LoRA drops the last for the frozen weight.
    """

    def step(inputs, outputs, frozen=False):
        return (2 if frozen else 3) * 2 * inputs * outputs

    d, r = 4096, 8
    full = step(d, d)
    assert full == 6 * d**2
    assert step(d, d, frozen=True) / full == 2 / 3
    lora = step(d, d, frozen=True) + step(d, r) + step(r, d)
    assert round(lora / full, 7) == 0.6705729
    card.says(r"\frac{2N+2N}{2N+4N}=\frac23")
