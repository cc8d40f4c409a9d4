"""Proofs of the topic "Inference, decoding and quantisation": numbers in few bits, and speed."""

import numpy as np

#: Relative to numbers of about 1, in double precision.
EXACT = 1e-9


def _normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def _same(a, b):
    return np.allclose(a, b, rtol=0, atol=EXACT)


def _absmax(x, bits=8, axis=None):
    """Symmetric quantisation with one scale for all, or one along an axis; the restored values."""
    top = 2 ** (bits - 1) - 1
    scale = np.abs(x).max(axis=axis, keepdims=True) / top
    return scale * np.round(x / scale)


def _error(restored, exact):
    return np.sqrt(((restored - exact) ** 2).mean())


def decode_bandwidth(card):
    """Each token reads all weights: bandwidth over 14 GB gives 146, 72 and 6.4 tokens a second.

    Source: arithmetic with the bandwidths of the named data sheets; two channels of 64 bits at 5600
    MT/s move 89.6 GB/s. The GPUs' limits are 23 and 11 times the CPU's; at 4 bits, 3.5 GB, all are
    4 times as high.
    """
    weights = 7 * 2
    bandwidth = {"A100": 2039, "RTX 4090": 1008, "DDR5-5600": 2 * 64 / 8 * 5.6}
    a100, rtx, cpu = (speed / weights for speed in bandwidth.values())
    card.says(*bandwidth, f"{weights} GB", *(f"{speed:g} GB/s" for speed in bandwidth.values()))
    card.says(f"{a100:.0f}", f"{rtx:.0f}", f"{cpu:.1f}", f"{rtx / cpu:.0f}", f"{a100 / cpu:.0f}")
    four_bits = 7 * 4 / 8
    assert weights / four_bits == 4
    card.says(f"{four_bits}–4 GB")


def roofline_a100(card):
    """312 TFLOPS over 2039 GB/s are 153 FLOPs a byte: 150 sequences in FP16 turn compute-bound.

    Source: Williams et al. 2009 (the roofline) with the A100's data sheet. A product of b rows with
    a d by d matrix of 2-byte weights has 2 b d^2 FLOPs for 2 d^2 bytes: b a byte, if the rows
    themselves are left out. AMX: 56 cores, 2 GHz and 1024 operations are 115 TFLOPS.
    """
    ridge = 312e12 / 2039e9
    d = 4096

    def intensity(rows, bytes_each=2):
        return 2 * rows * d**2 / (bytes_each * d**2)

    assert intensity(1) == 1
    assert intensity(1, bytes_each=1) == 2
    assert intensity(150) < ridge < intensity(154)
    card.says("312", f"{ridge:.0f}", "150")
    card.says("56", "2 GHz", "1024", f"{56 * 2e9 * 1024 / 1e12:.0f}")


def fp16_weights(card):
    """Llama-2-7B counts 6,738,415,616 parameters, 13.5 GB in FP16; a round 7B makes 14 GB.

    Source: arXiv:2307.09288 §2.2 and the published configuration (32 layers, width 4096, FFN 11008,
    32,000 tokens), counted. Logits of 4096 places in FP32 are 0.5 GB on top.
    """
    d, ff, layers, vocabulary = 4096, 11_008, 32, 32_000
    parameters = layers * (4 * d**2 + 3 * d * ff + 2 * d) + d + 2 * vocabulary * d
    assert parameters == 6_738_415_616
    each = np.dtype(np.float16).itemsize
    assert round(4096 * vocabulary * 4 / 1e9, 1) == 0.5
    card.says(f"{each * parameters / 1e9:.1f} GB", f"{each}", f"{7 * each}")


def llm_int8_outliers(card):
    """Eight bits for all but the outlier dimensions, FP16 for those, lose far less than INT8 alone.

    Source: arXiv:2208.07339 §3.2, on random activations two of whose 64 dimensions are 60 times as
    large. The parts add up to the product exactly, before rounding; both take half the bytes of
    FP16, but for the outliers.
    """
    x, w = _normal(32, 64), _normal(64, 48, seed=1)
    x[:, [5, 40]] *= 60
    outlier = np.abs(x).max(axis=0) >= 6
    assert outlier.sum() == 2
    exact = x @ w
    large = x[:, outlier] @ w[outlier]
    assert _same(large + x[:, ~outlier] @ w[~outlier], exact)
    plain = _absmax(x, axis=1) @ _absmax(w, axis=0)
    mixed = large + _absmax(x[:, ~outlier], axis=1) @ _absmax(w[~outlier], axis=0)
    assert round(_error(plain, exact) / _error(mixed, exact)) == 25
    assert np.dtype(np.int8).itemsize / np.dtype(np.float16).itemsize == 1 / 2
    card.says("LLM.int8()", "FP16")


def affine_quantisation(card):
    """q = clip(round(x/s) + z): within its range x comes back to s/2; outside it stops at the ends.

    Source: arXiv:1712.05877 §2.1, the formulas of the card. Eight bits for the range -1 to 4, whose
    zero point is 51; zero is exact. A100: 624 TOPS in INT8 are twice the 312 TFLOPS of FP16.
    """
    low, high = 0, 255
    s = 5 / 255
    z = round(1 / s)
    assert z == 51

    def restore(x):
        return s * (np.clip(np.round(x / s) + z, low, high) - z)

    x = np.linspace(-1, 4, 1001)
    errors = np.abs(restore(x) - x)
    assert errors.max() <= s / 2 + EXACT
    assert errors.max() > 0.49 * s
    assert _same(restore(np.array([0.0, 9.0, -9.0])), [0, 4, -1])
    assert 2 * 312 == 624
    card.says(r"\mathrm{clip}\bigl(\mathrm{round}(x/s)+z,\;q_{\min},\;q_{\max}\bigr)")
    card.says(r"\hat x=s\,(q-z)", "624 TOPS", "312 TFLOPS")


def absmax_error():
    """Symmetric INT8: errors up to half the scale, max |x| / 127; one outlier spoils all others.

    Source: arXiv:2208.07339 §2. A value of 100 beside ones up to 1 makes their errors 92
    times as large; a scale per channel, or group, keeps it out of the others.
    """
    x = np.linspace(-1, 1, 1001)[:, None]
    errors = np.abs(_absmax(x) - x)
    assert errors.max() <= 1 / 127 / 2 + EXACT
    assert round(127 * errors.max(), 2) == 0.5
    both = np.hstack([x, 0.01 * x])
    spoilt = both.copy()
    spoilt[0, 1] = 100
    whole, channels = (_absmax(spoilt, axis=axis) - spoilt for axis in (None, 0))
    assert round(_error(whole[:, 0], 0) / _error(errors, 0)) == 92
    assert _same(channels[:, 0], _absmax(x)[:, 0] - x[:, 0]), "another channel suffers"


def smoothquant_identity(card):
    """(X / s)(s W) = X W exactly; with s from both ranges, activations shrink and INT8 errs less.

    Source: arXiv:2211.10438 §4, with alpha = 1/2. The outlier channels' scale moves from the
    activations, where tokens share it, to the weights. Weights alone in INT8 leave the number of
    operations as it was.
    """
    x, w = _normal(32, 64), _normal(64, 48, seed=1)
    x[:, [5, 40]] *= 60
    s = np.sqrt(np.abs(x).max(axis=0) / np.abs(w).max(axis=1))
    smooth, scaled = x / s, s[:, None] * w
    assert _same(smooth @ scaled, x @ w), "another function"
    assert _same(np.abs(smooth).max(axis=0), np.abs(scaled).max(axis=1))

    def spread(a):
        channels = np.abs(a).max(axis=0)
        return channels.max() / np.median(channels)

    assert spread(smooth) < spread(x) / 5
    plain, better = (_absmax(a) @ _absmax(b) for a, b in ((x, w), (smooth, scaled)))
    assert round(_error(plain, x @ w) / _error(better, x @ w)) == 3
    card.says("SmoothQuant")


def kivi_axes(card):
    """Where single channels are large, as in keys, 2 bits per channel err less; else per token.

    Source: arXiv:2402.02750 §3. Random keys with three large channels, random values with tokens of
    different size; each group has its own minimum and step, so 2 bits have four values.
    """

    def restore(x, axis, bits=2):
        low, high = x.min(axis=axis, keepdims=True), x.max(axis=axis, keepdims=True)
        step = (high - low) / (2**bits - 1)
        levels = np.round((x - low) / step)
        assert levels.max() == 3
        return low + step * levels

    keys, values = _normal(32, 16), _normal(32, 16, seed=1)
    keys[:, [2, 9, 11]] *= 20
    values *= np.exp(_normal(32, 1, seed=2))
    by_channel, by_token = 0, 1
    assert _error(restore(keys, by_channel), keys) < _error(restore(keys, by_token), keys)
    assert _error(restore(values, by_token), values) < _error(restore(values, by_channel), values)
    card.says("KIVI", "2")
