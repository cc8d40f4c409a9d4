"""Proofs of the topic "Inference, decoding and quantisation": repetition."""

import zlib

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


def distinct_n():
    """Distinct-n, unique n-grams over length, falls in a loop, and so does the compressed size.

    Source: arXiv:1510.03055 §5.1 (for n = 2, divided by the number of tokens). A loop of two tokens
    in a text of 400 has 2 different bigrams.
    """

    def distinct(tokens, n=2):
        return len({tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)}) / len(tokens)

    loop = [0, 1] * 200
    various = np.random.default_rng(0).integers(0, 50, 400).tolist()
    assert distinct(loop) == 2 / 400
    assert distinct(loop, n=1) == 0.005
    assert distinct(various) > 0.9
    assert distinct(list(range(100))) == 0.99
    assert len(zlib.compress(bytes(loop))) < len(zlib.compress(bytes(various))) / 10


def induction_copies(card):
    """Two attention layers that look for an earlier A and copy what followed it make greedy loops.

    Source: arXiv:2209.11895 §2: the first layer tells each place its predecessor's token, the
    second attends to places whose predecessor is the current token. Weights are made by hand; once
    a bigram has come back, the text repeats with its period for ever.
    """
    vocabulary = 5

    def following(tokens):
        one_hot = np.eye(vocabulary)[tokens]
        previous = np.vstack([np.zeros(vocabulary), one_hot[:-1]])
        scores = 30 * previous @ one_hot[-1] + np.arange(len(tokens)) / len(tokens)
        return _softmax(scores) @ one_hot

    p = following([3, 0, 4, 1, 3])
    assert p.argmax() == 0, "A B ... A is not continued with B"
    assert p[0] > 0.99
    tokens = [2, 0, 1, 3, 0]
    for _ in range(12):
        tokens.append(int(following(tokens).argmax()))
    assert tokens[1:] == [0, 1, 3] * 5 + [0]
    card.says("A B")


def high_inflow():
    """The more words lead to one word with high probability, the more often a text comes round.

    Source: arXiv:2012.14660 §3. A chain over ten words: a share of each word's probability goes to
    word 0, the rest is spread evenly. The chance to be back within four steps is taken exactly.
    """
    n = 10

    def back(inflow):
        chain = np.full((n, n), (1 - inflow) / n)
        chain[:, 0] += inflow
        assert _same(chain.sum(axis=1), 1)
        stationary = np.linalg.matrix_power(chain, 50)[0]
        chance = 0.0
        for word in range(n):
            away = chain.copy()
            away[:, word] = 0
            chance += stationary[word] * (1 - np.linalg.matrix_power(away, 4)[word].sum())
        return chance

    assert _same(back(0), 1 - 0.9**4)
    chances = [back(inflow) for inflow in (0, 0.3, 0.6, 0.9)]
    assert (np.diff(chances) > 0).all()
    assert [round(chance, 2) for chance in chances] == [0.34, 0.47, 0.68, 0.91]


def repetition_penalty(card):
    """The two cases of the card lower any logit; CTRL's own division would raise negative ones.

    Source: arXiv:1909.05858 §4.1 and the published code of transformers. At 1.2 a logit of 1.2
    becomes 1, one of -1 becomes -1.2; divided it would become -0.83. The unlikelihood loss falls
    with the candidate's probability, and its slope on the candidate's logit is that probability.
    """
    theta = 1.2

    def penalise(z):
        return np.where(z > 0, z / theta, theta * z)

    z = np.array([-1.0, 0.0, 1.2])
    assert _same(penalise(z), [-1.2, 0, 1])
    many = _normal(100)
    assert (penalise(many) < many).all()
    assert (many / theta > many).any(), "dividing would do"
    assert _same((z / theta)[0], -0.8333333333)
    logits = _normal(5)

    def unlikelihood(step):
        moved = logits + step * np.eye(5)[2]
        return -np.log(1 - _softmax(moved)[2])

    slope = (unlikelihood(1e-5) - unlikelihood(-1e-5)) / 2e-5
    assert np.isclose(slope, _softmax(logits)[2], rtol=0, atol=1e-8)
    counts = np.array([0, 1, 5])
    assert _same(0.5 * counts, [0, 0.5, 2.5]), "frequency: in proportion to the count"
    assert _same(0.5 * (counts > 0), [0, 0.5, 0.5]), "presence: once"
    card.says(r"z_i/\theta,&z_i>0\\ \theta z_i,&z_i\le0", f"{theta}")
    card.says(r"-\sum_{c\in C}\log\bigl(1-p(c\mid x_{<t})\bigr)")
