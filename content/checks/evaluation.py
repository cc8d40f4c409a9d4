"""Proofs of the topics "Evaluation and honesty", "Prompt learning" and "Training data"."""

import math
from itertools import combinations
from statistics import NormalDist, harmonic_mean

import numpy as np

#: Relative to numbers of about 1, in double precision.
EXACT = 1e-9


def _same(a, b):
    return np.allclose(a, b, rtol=0, atol=EXACT)


def _quantile(probability):
    """The quantile of the standard normal distribution."""
    return NormalDist().inv_cdf(probability)


def _half_width(accuracy, items):
    """Half the 95 % interval of an accuracy, in percentage points."""
    return 100 * _quantile(0.975) * math.sqrt(accuracy * (1 - accuracy) / items)


def full_copy_size(card):
    """175B parameters of two bytes (FP16) are 350 GB.

    Source: the size in arXiv:2005.14165 §2.1; FP16 has 16 bits.
    """
    bytes_each = np.dtype(np.float16).itemsize
    card.says(f"{175 * bytes_each} GB", "175B")


def prompt_file_size(card):
    """100 vectors of width 4096 in FP32 take 1.6 MB, over ten thousand times less than 42 GiB.

    Source: the default length and the size of a copy in arXiv:2104.08691 §3 and §6; the width of
    T5-XXL in its published configuration.
    """
    prompt = np.zeros((100, 4096), np.float32)
    card.says(f"{prompt.nbytes / 1e6:.1f} MB", "42 GiB", "100")
    assert prompt.nbytes == 1_638_400
    assert round(42 * 2**30 / prompt.nbytes) == 27_525


def prompt_tuning_share(card):
    """5 vectors of width 4096 are 20,480 numbers; even 100 are below 1/20,000 of 11B.

    Source: arXiv:2104.08691 §1 (length 5), §3 (default length 100) and §3.1.
    """
    five, default = np.zeros((5, 4096)).size, np.zeros((100, 4096)).size
    card.says(f"{five:,}", "4096", "0.001%", "1/20,000", "11B")
    assert [round(11e9 / size) for size in (five, default)] == [537_109, 26_855]


def prompt_vs_prefix_params(card):
    """With length 10, GPT-2 medium has 10,240 prompt and 491,520 prefix parameters: 2L times more.

    Source: arXiv:2104.08691 §2 and arXiv:2101.00190 §4.2, with the published configuration of GPT-2
    medium. The arrays that the two methods train are laid out and counted.
    """
    length, layers, width = 10, 24, 1024
    prompt = np.zeros((length, width))
    prefix = [{"key": prompt.copy(), "value": prompt.copy()} for _ in range(layers)]
    count = sum(array.size for layer in prefix for array in layer.values())
    card.says(f"{prompt.size:,}", f"{count:,}", f"{100 * count / 345e6:.2f}%", "2L")
    assert count == 2 * layers * prompt.size
    assert (prompt.size, count) == (10_240, 491_520)


def ppl_exp_ce():
    """Perplexity is exp of the mean negative log-likelihood; a uniform guess over V tokens has V.

    Source: the definition on the card. It is also the inverse geometric mean of the probabilities.
    """

    def perplexity(probabilities):
        return math.exp(-np.log(probabilities).mean())

    assert _same(perplexity(np.full(7, 1 / 50)), 50)
    assert _same(perplexity([1 / 2, 1 / 8]), 4), "not the geometric mean of 2 and 8"
    assert _same(perplexity([1.0, 1.0]), 1), "certainty has not perplexity 1"


def bits_per_byte():
    """Two tokenizers, one probability of the text: bits per byte agree, perplexities do not.

    Source: BPB = total NLL / (ln 2 * bytes), which depends on the text's probability alone. Here
    8 bytes of probability 2^-12 are cut into two tokens or into four.
    """
    text = b"eval me!"
    tokenizers = [2.0 ** -np.array([8, 4]), 2.0 ** -np.array([5, 3, 3, 1])]
    nats = [-np.log(tokens) for tokens in tokenizers]
    bpb = [nll.sum() / (math.log(2) * len(text)) for nll in nats]
    assert _same(bpb, 1.5)
    assert _same([math.exp(nll.mean()) for nll in nats], [64, 8]), "perplexities agree"


def _pass_at_k(n, c, k):
    return 1 - math.comb(n - c, k) / math.comb(n, k)


def pass_at_k(card):
    """pass@k counts the subsets with a success and is unbiased; 1-(1-c/n)^k is too low on average.

    Source: arXiv:2107.03374 §2.1. All subsets of the card's example are listed; then both
    estimators are averaged over the binomial distribution of c.
    """
    n, c, k = 10, 3, 5
    samples = [True] * c + [False] * (n - c)
    share = np.mean([any(subset) for subset in combinations(samples, k)])
    assert _same(_pass_at_k(n, c, k), share), "the formula does not count the subsets"
    card.says(str(n), str(c), "pass@5", f"{share:.3f}", f"{1 - (1 - c / n) ** k:.3f}")
    card.says(r"1-\binom{n-c}{k}\Big/\binom{n}{k}", "1-(1-c/n)^k")

    rate = 0.3
    chance = [math.comb(n, c) * rate**c * (1 - rate) ** (n - c) for c in range(n + 1)]
    exact = np.dot(chance, [_pass_at_k(n, c, k) for c in range(n + 1)])
    plugged = np.dot(chance, [1 - (1 - c / n) ** k for c in range(n + 1)])
    assert _same(exact, 1 - (1 - rate) ** k), "biased"
    assert round(exact - plugged, 3) == 0.072, "the plug-in estimate is not too low"


def eval_standard_error(card):
    """At 50 % the 95 % interval is +-7.7 points for 164 items and +-0.8 for 14,042.

    Source: sqrt(p(1-p)/n) as in arXiv:2411.00640; the sizes of HumanEval (arXiv:2107.03374) and
    of MMLU's test set.
    """
    humaneval, mmlu = _half_width(0.5, 164), _half_width(0.5, 14_042)
    card.says(f"±{humaneval:.1f}", f"±{mmlu:.1f}", "164", "14,042", "50%")
    assert [round(humaneval, 2), round(mmlu, 5)] == [7.65, 0.827]


def accuracy_interval(card):
    """At 80 % the 95 % interval of 100 items is +-7.8 points; half of it takes 400 items.

    Source: sqrt(p(1-p)/n) as in arXiv:2411.00640. By the binomial distribution itself, 95 % of
    scores on 400 items are that near to the truth.
    """
    width = _half_width(0.8, 100)
    card.says(f"±{width:.1f}", "80%", "100", "400")
    assert round(width, 2) == 7.84
    assert _same(_half_width(0.8, 400), width / 2), "400 items do not halve it"
    n = 400
    near = [right for right in range(n) if abs(100 * right / n - 80) < width / 2]
    chance = sum(math.comb(n, right) * 0.8**right * 0.2 ** (n - right) for right in near)
    assert round(chance, 3) == 0.948, "the normal approximation is off"


def f1_harmonic(card):
    """F1 is the harmonic mean of precision TP/(TP+FP) and recall TP/(TP+FN).

    Source: the definitions on the card. Counted on a small example.
    """
    truth = np.array([1] * 10 + [0] * 5, bool)
    found = np.array([1] * 6 + [0] * 4 + [1] * 2 + [0] * 3, bool)
    tp, fp, fn = (truth & found).sum(), (~truth & found).sum(), (truth & ~found).sum()
    precision, recall = tp / (tp + fp), tp / (tp + fn)
    f1 = harmonic_mean([precision, recall])
    assert _same([precision, recall, f1], [3 / 4, 3 / 5, 2 / 3])
    assert _same(f1, 2 * tp / (2 * tp + fp + fn))
    card.says(r"\frac{TP}{TP+FP}", r"\frac{TP}{TP+FN}")


def ab_sample_size(card):
    """2 (1.96 + 0.84)^2 is about 15.7, hence 16; 10 % and 2 points need 3,600 users per arm.

    Source: the usual two-sample formula for a 5 % level and 80 % power, in
    doi:10.1017/9781108653985. Those 3,600 users do find the difference at least 80 % of the time.
    """
    level, power = _quantile(0.975), _quantile(0.8)
    factor = 2 * (level + power) ** 2
    card.says(f"2({level:.2f}+{power:.2f})^2", f"{factor:.1f}", r"\frac{16\,\sigma^2}{\delta^2}")
    assert math.ceil(factor) == 16
    variance, delta = 0.1 * (1 - 0.1), 0.02
    users = round(16 * variance / delta**2)
    card.says(f"{users:,}", "10%", "2")
    found = NormalDist().cdf(delta / math.sqrt(2 * variance / users) - level)
    assert round(found, 3) == 0.807, "not the promised power"


def peeking_inflates(card):
    """Stopping at the first of five looks that is below 5 % is wrong 14 % of the time.

    Source: the known result for five equally spaced looks, doi:10.2307/2343787. A random walk
    without drift is looked at five times and once.
    """
    looks = 5
    steps = np.random.default_rng(0).standard_normal((40_000, looks))
    z = steps.cumsum(axis=1) / np.sqrt(np.arange(1, looks + 1))
    wrong = abs(z) > _quantile(0.975)
    share = wrong.any(axis=1).mean()
    assert abs(share - 0.142) < 0.006
    card.says(str(looks), "5%", f"{100 * share:.0f}%")
    assert abs(wrong[:, -1].mean() - 0.05) < 0.004, "a single look is not at the 5 % level"


def ranking_pairs(card):
    """K ranked answers give C(K, 2) preference pairs: 6 for four, 36 for nine; the loss sees gaps.

    Source: arXiv:2203.02155 §3.5. The loss is unchanged when all scores shift and is ln 2 at a tie.
    """
    pairs = {k: len(list(combinations(range(k), 2))) for k in (4, 9)}
    assert pairs == {k: math.comb(k, 2) for k in pairs}
    assert pairs == {4: 6, 9: 36}
    card.says(r"\binom{K}{2}", f"{min(pairs)}–{max(pairs)}")
    card.says(r"-\log\sigma\bigl(r_\theta(x,y_w)-r_\theta(x,y_l)\bigr)")

    def loss(better, worse):
        return -math.log(1 / (1 + math.exp(-(better - worse))))

    assert _same(loss(7.5, 7.5), math.log(2))
    assert _same(loss(3, 1), loss(13, 11)), "the loss depends on more than the gap"
    assert _same(loss(1, 3) - loss(3, 1), 2), "a wrong order does not cost the gap more"
