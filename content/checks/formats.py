"""Proofs of the topic "Memory and hardware": floating-point formats."""

import numpy as np

#: Exponent and mantissa bits, as the card has them.
FORMATS = {
    "FP32": (8, 23),
    "TF32": (8, 10),
    "FP16": (5, 10),
    "BF16": (8, 7),
    "FP8 E4M3": (4, 3),
    "FP8 E5M2": (5, 2),
}


def _largest(exponent, mantissa, reserved=True):
    """The largest finite value; E4M3 reserves no exponent, just the last mantissa, for NaN."""
    bias = 2 ** (exponent - 1) - 1
    if reserved:
        return (2 - 2.0**-mantissa) * 2.0**bias
    return (2 - 2 * 2.0**-mantissa) * 2.0 ** (bias + 1)


def _round(x, mantissa):
    """To the nearest number with so many mantissa bits, ties to even, exponents unbounded."""
    fraction, exponent = np.frexp(x)
    scale = 2.0 ** (mantissa + 1)
    return np.ldexp(np.round(fraction * scale) / scale, exponent)


def fp_formats(card):
    """From the bits alone: FP16 reaches 65504, E4M3 448, E5M2 57344, 8 exponent bits 3.4e38.

    Source: IEEE 754-2019 §3.3 and, for FP8, arXiv:2209.05433 §3. numpy knows FP16 and FP32; a sign
    bit comes on top. The smallest subnormal of FP16 is 2^-24, hence the loss scaling.
    """
    largest = {name: _largest(*bits) for name, bits in FORMATS.items()}
    largest["FP8 E4M3"] = _largest(4, 3, reserved=False)
    assert largest["FP16"] == np.finfo(np.float16).max == 65504
    assert largest["FP32"] == np.finfo(np.float32).max
    assert float(np.finfo(np.float16).smallest_subnormal) == 2.0**-24
    for name, (exponent, mantissa) in FORMATS.items():
        card.says(name, f"1/{exponent}/{mantissa}")
        if exponent == 8:
            assert f"{largest[name]:.1e}" == "3.4e+38"
        else:
            card.says(f"{largest[name]:.0f}")
    card.says(r"3.4\times10^{38}", f"{1 + sum(FORMATS['TF32'])}")
    bits = {1 + sum(FORMATS[name]) for name in ("FP32", "FP16", "BF16", "FP8 E4M3", "FP8 E5M2")}
    assert bits == {32, 16, 8}


def bf16_update_lost(card):
    """BF16 keeps 7 mantissa bits: 1 + 2^-9 is 1 again, a thousand such updates vanish; not in FP16.

    Source: arXiv:1710.03740 §3.1 and the rounding of IEEE 754-2019 §4.3.1. FP32 master weights keep
    the sum. So BF16 has the wider range and the larger error: eight times that of FP16.
    """
    step = 2.0**-9
    assert _round(1 + step, 7) == 1
    assert _round(1 + step, 10) == 1 + step
    assert _round(1 + 2.0**-7, 7) == 1 + 2.0**-7
    assert np.float16(1 + step) == _round(1 + step, 10), "not what FP16 does"
    assert np.float32(1.1) == _round(1.1, 23)
    lost, kept = 1.0, np.float32(1)
    for _ in range(1024):
        lost, kept = _round(lost + step, 7), kept + np.float32(step)
    assert [lost, kept] == [1, 3]
    assert 2.0**-7 / 2.0**-10 == 8
    card.says("BF16", "FP32")


def loss_scaling(card):
    """A gradient of 2^-26 is 0 in FP16; scaled by 1024 it survives; BF16 reaches down to 2^-126.

    Source: arXiv:1710.03740 §3.2. BF16 has the exponents of FP32: normal numbers down to 2^-126.
    """
    gradient = 2.0**-26
    assert np.float16(gradient) == 0
    scaled = np.float16(gradient * 1024)
    assert np.float32(scaled) / 1024 == gradient
    smallest = 2.0 ** (2 - 2 ** (FORMATS["BF16"][0] - 1))
    assert smallest == np.finfo(np.float32).tiny == 2.0**-126
    card.says("FP16", "BF16")
