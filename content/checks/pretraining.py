"""Proofs of the topics "Pre-training", "Fine-tuning and SFT" and "Model families"."""

import itertools

import numpy as np

#: Relative to numbers of about 1, in double precision.
EXACT = 1e-9


def _normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def _same(a, b):
    return np.allclose(a, b, rtol=0, atol=EXACT)


def initial_loss(card):
    """A uniform guess over V tokens costs ln V: 10.82 for V = 50,257. GPT-2's head starts near it.

    Source: cross-entropy of softmax, on random logits with the scale of GPT-2's published code:
    a normalised state of width 768 and weights of deviation 0.02 give them a deviation of 0.55. A
    head of deviation 1 starts more than 100 above ln V: that is how a wrong scale shows.
    """
    vocabulary, width = 50_257, 768
    least = np.log(vocabulary)

    def loss(logits):
        """Mean over all tokens as the target, each as likely as the other."""
        top = logits.max()
        return top + np.log(np.exp(logits - top).sum()) - logits.mean()

    assert _same(loss(np.zeros(vocabulary)), least), "a uniform guess costs something else"
    logits = np.sqrt(width) * _normal(vocabulary)
    assert round(loss(0.02 * logits) - least, 2) == 0.15
    assert loss(logits) - least > 100, "a head that is too large goes unnoticed"
    card.says(f"V={vocabulary}", f"{least:.2f}", r"\ln V")


def six_nd(card):
    """A linear layer takes 2 operations a weight and token forward and 4 backward: together 6.

    Source: arXiv:2001.08361 §2.1, here counted: one matrix product forward, two backward, each
    with a multiplication and an addition. That the two are the gradients is seen by moving single
    entries. Chinchilla (arXiv:2203.15556) trains 70B parameters on 1.4T tokens, 20 for each.
    """
    x, w, g = _normal(7, 5), _normal(5, 3, seed=1), _normal(7, 3, seed=2)

    def product(a, b):
        assert a.shape[1] == b.shape[0]
        return a @ b, 2 * a.shape[0] * a.shape[1] * b.shape[1]

    out, forward = product(x, w)
    down, one = product(g, w.T)
    step, other = product(x.T, g)
    moved_x, moved_w = x.copy(), w.copy()
    moved_x[0, 0] += 1
    moved_w[0, 0] += 1
    assert _same((g * (moved_x @ w - out)).sum(), down[0, 0]), "not the gradient of the input"
    assert _same((g * (x @ moved_w - out)).sum(), step[0, 0]), "not the gradient of the weights"
    each = w.size * len(x)
    assert [forward / each, (one + other) / each] == [2, 4]
    assert (forward + one + other) / each == 6
    assert 1.4e12 / 70e9 == 20
    card.says(r"C&\approx 6ND", r"t&=\frac{6ND}{n\,P\cdot\mathrm{MFU}}")


def mfu_llama_7b(card):
    """LLaMA-7B: 6ND over 82,432 hours of an A100's 312 TFLOP/s in BF16 is an MFU of 44 %.

    Source: arXiv:2302.13971 Tables 2 and 15 (32 layers, width 4096, 1T tokens, GPU-hours) and the
    published configuration (FFN 11,008, 32,000 tokens), counted to 6,738,415,616 parameters.
    """
    d, ff, layers, vocabulary = 4096, 11_008, 32, 32_000
    block = 4 * d**2 + 3 * d * ff + 2 * d
    n = layers * block + d + 2 * vocabulary * d
    assert n == 6_738_415_616, "not the published size"
    hours = 82_432
    mfu = 6 * n * 1e12 / (hours * 3600 * 312e12)
    assert round(mfu, 4) == 0.4367
    card.says(f"{hours:,}", f"{mfu:.0%}", "1T")


def minhash_jaccard(card):
    """Over all hashes (orders) two sets share their minimum as often as their Jaccard similarity.

    Source: arXiv:2107.06499 §4.2. All 120 orders of the five elements are gone through, so the
    probability is exact. A signature of two such hashes agrees wholly less often: 0.4 squared.
    """
    a, b = {0, 1, 2, 3}, {2, 3, 4}
    jaccard = len(a & b) / len(a | b)
    assert jaccard == 0.4
    orders = list(itertools.permutations(range(len(a | b))))
    assert len(orders) == 120
    shared = np.array([min(rank[i] for i in a) == min(rank[i] for i in b) for rank in orders])
    assert shared.mean() == jaccard, "the chance is not the Jaccard similarity"
    assert _same(np.outer(shared, shared).mean(), 0.16)
    card.says("MinHash", "Jaccard")


def vocabulary_rows(card):
    """17,953 new tokens of width 4096 add 147M parameters to input embedding and output layer.

    Source: arXiv:2304.08177 (32,000 and 49,953 tokens); arXiv:2302.13971 Table 2 for the width.
    """
    old, new, width = 32_000, 49_953, 4096
    rows = new - old
    parameters = 2 * rows * width
    assert parameters == 147_070_976
    card.says(f"{old:,}", f"{new:,}", f"{rows:,}", str(width), f"{parameters / 1e6:.0f}M")


def grad_accum():
    """Gradients summed over micro-batches and divided by all tokens are those of the full batch.

    Source: https://huggingface.co/blog/gradient_accumulation. A mean of micro-batch means is right
    for equal lengths only: beside a micro-batch of 10 tokens, each of 2 tokens counts five times.
    """
    x, y, w = _normal(12, 3), _normal(12, seed=1), _normal(3, seed=2)
    gradients = (x @ w - y)[:, None] * x
    whole = gradients.mean(axis=0)

    def summed(parts):
        return sum(part.sum(axis=0) for part in parts) / sum(map(len, parts))

    def averaged(parts):
        return np.mean([part.mean(axis=0) for part in parts], axis=0)

    equal, unequal = (np.split(gradients, [cut]) for cut in (6, 2))
    assert _same(summed(equal), whole)
    assert _same(summed(unequal), whole)
    assert _same(averaged(equal), whole), "equal lengths are biased as well"
    assert not _same(averaged(unequal), whole), "unequal lengths are not biased"
    short, long = (averaged(np.split(np.eye(12), [2]))[token] for token in (0, 2))
    assert _same(short / long, 5)


def multi_turn_tokens(card):
    """Under a causal mask one sequence gives all n prefix samples, with 2/(n+1) of their tokens.

    Source: the formula of attention, arXiv:1706.03762 §3.2.3, on random weights and inputs; the
    prefixes of n equal turns have 1 + 2 + … + n turns. Without the mask the answers differ.
    """
    turn, turns = 3, 4
    x = _normal(turn * turns, 8)
    w_q, w_k, w_v = _normal(3, 8, 8, seed=1)

    def attend(x, causal=True):
        scores = (x @ w_q) @ (x @ w_k).T / np.sqrt(8)
        scores = np.where(np.tri(len(x)) if causal else True, scores, -np.inf)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return weights @ (x @ w_v) / weights.sum(axis=-1, keepdims=True)

    once = attend(x)
    samples = [x[:end] for end in range(turn, len(x) + 1, turn)]
    assert len(samples) == 4
    for sample in samples:
        answer = slice(len(sample) - turn, len(sample))
        assert _same(attend(sample)[answer], once[answer]), "a turn sees what follows it"
    assert not _same(attend(samples[0], causal=False), attend(x, causal=False)[:turn])
    assert sum(map(len, samples)) == 30
    for n in range(1, 20):
        assert _same(n / sum(range(1, n + 1)), 2 / (n + 1))
    card.says("2/(n+1)")


def multi_turn_code(card):
    """The card's code keeps every token once and trains on the assistant's, end token included.

    Source: the card's own code, run on four turns; PyTorch's cross-entropy ignores -100 by default.
    """
    end = 7
    words = {"system": [11], "user": [12, 13], "assistant": [14, 15, 16]}
    roles = ["system", "user", "assistant", "user", "assistant"]

    def render(turn):
        return [len(turn["role"]), 1], [*turn["content"], end]

    dialogue = [{"role": role, "content": words[role]} for role in roles]
    names = {"dialogue": dialogue, "render": render}
    exec(card.code, names)  # noqa: S102 - the code block is what is proved
    ids, labels = names["ids"], names["labels"]
    assert ids == [token for turn in dialogue for part in render(turn) for token in part]
    assert len(labels) == len(ids) == 26
    trained = [label for label in labels if label != -100]
    assert trained == [14, 15, 16, 7] * 2, "not the assistant's tokens and its end token"
    assert all(label in (-100, token) for token, label in zip(ids, labels, strict=True))


def ewc_quadratic(card):
    """EWC's term is the change of the old outputs to second order; it holds important weights only.

    Source: arXiv:1612.00796 §2. A Bernoulli output with logit theta has the Fisher information
    p (1 - p), and half of it times a small step squared is the divergence. With a quadratic new
    loss the best compromise is known: weights with Fisher information 4 and 0 move by 0.2 and 1.
    """

    def probabilities(logit):
        p = 1 / (1 + np.exp(-logit))
        return np.array([p, 1 - p])

    theta, step = 0.7, 1e-3
    old, new = probabilities(theta), probabilities(theta + step)
    score = np.array([old[1], -old[0]])
    fisher = (old * score**2).sum()
    assert _same(fisher, old[0] * old[1])
    divergence = (old * np.log(old / new)).sum()
    assert abs(divergence / (fisher / 2 * step**2) - 1) < 1e-3, "not its second-order part"

    strength, important = 1, np.array([4, 0])
    target, start = np.ones(2), np.zeros(2)

    def loss(weights):
        drift = (important * (weights - start) ** 2).sum()
        return ((weights - target) ** 2).sum() / 2 + strength / 2 * drift

    best = np.array([0.2, 1])
    for direction in _normal(20, 2):
        assert loss(best + 1e-3 * direction) > loss(best), "there is a better compromise"
    card.says(r"\frac{\lambda}{2}\sum_i F_i")


def sft_token_budget(card):
    """50,000 samples of 400 tokens in 3 epochs have 60M with loss; with prompts 3.8e18 FLOPs at 7B.

    Source: the card's own example by T = n l e and C = 6ND, arXiv:2001.08361 §2.1.
    """
    samples, response, prompt, epochs = 50_000, 400, 200, 3
    with_loss = samples * response * epochs
    processed = samples * (prompt + response) * epochs
    assert processed == 9e7
    assert 6 * 7e9 * processed == 3.78e18
    card.says(f"{samples:,}", str(response), str(prompt), f"{with_loss / 1e6:.0f}M")
    card.says(r"6\cdot7\cdot10^9\cdot9\cdot10^7\approx3.8\cdot10^{18}")


def _gpt(layers, d, vocabulary, positions):
    """Parameters of a GPT whose output layer is its token embedding, final norm left out."""
    attention = 4 * d**2 + 4 * d
    ffn = 2 * d * (4 * d) + 4 * d + d
    norms = 2 * 2 * d
    return layers * (attention + ffn + norms) + (vocabulary + positions) * d


def params_gpt1(card):
    """GPT-1 has 116.5M parameters by its configuration, which GPT-2's paper gives as 117M.

    Source: Radford et al. 2018 §4.1 (12 layers, width 768, 512 positions) and the published
    vocabulary of 40,478 tokens; Radford et al. 2019 Table 2 for 117M. It has no final norm.
    """
    parameters = _gpt(12, 768, 40_478, 512)
    assert parameters == 116_534_784
    card.says(f"{parameters / 1e6:.1f}M", f"{parameters / 1e6:.0f}M")


def params_gpt2_small(card):
    """The smallest GPT-2 has 124,439,808 parameters, where its paper says 117M.

    Source: the published configuration (12 layers, width 768, 50,257 tokens, 1024 positions, a
    final norm), counted; Radford et al. 2019 Table 2 for 117M.
    """
    d = 768
    parameters = _gpt(12, d, 50_257, 1024) + 2 * d
    assert parameters == 124_439_808
    card.says(f"{parameters / 1e6:.0f}M")


def params_bert(card):
    """BERT counts 109.5M and 335.1M, which its paper rounds to 110M and 340M; ModernBERT 149M.

    Source: arXiv:1810.04805 §3 with its 30,522 tokens; the published configuration of
    ModernBERT-base (arXiv:2412.13663): no biases, gated FFN, norms with a gain only, and none
    before the first attention.
    """

    def bert(layers, d):
        ff = 4 * d
        block = 4 * d**2 + 4 * d + 2 * d * ff + ff + d + 2 * 2 * d
        embeddings = (30_522 + 512 + 2) * d + 2 * d
        return layers * block + embeddings + d**2 + d

    base, large = bert(12, 768), bert(24, 1024)
    assert [base, large] == [109_482_240, 335_141_888], "not the published sizes"
    assert [round(base, -7), round(large, -7)] == [110e6, 340e6]
    d, ff, layers, vocabulary = 768, 1152, 22, 50_368
    modern = layers * (4 * d**2 + 3 * d * ff + 2 * d) - d + (vocabulary + 2) * d
    assert modern == 149_014_272
    card.says("110M", "340M", f"{modern / 1e6:.0f}M")
