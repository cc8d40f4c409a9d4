"""Proofs of the topic "RAG and document QA"."""

import itertools
import re

import numpy as np

#: Relative to numbers of about 1, in double precision.
EXACT = 1e-9
#: Number and width of random vectors where any would do.
MANY = 200, 8


def _normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def _same(a, b):
    return np.allclose(a, b, rtol=0, atol=EXACT)


def _length(x):
    return np.sqrt((x**2).sum(axis=-1))


def _unit(x):
    return x / _length(x)[..., None]


def _best_first(scores):
    return np.argsort(-np.asarray(scores), kind="stable").tolist()


def cos_euclid(card):
    """For unit vectors |a-b|^2 = 2 - 2 cos, so cosine, inner product and distance rank alike.

    Source: the expansion |a|^2 + |b|^2 - 2ab, at four angles and on random vectors. The
    rankings of the same vectors before they get unit length differ, so the condition is needed.
    """
    for degrees, cosine, squared in [(0, 1, 0), (60, 0.5, 1), (90, 0, 2), (180, -1, 4)]:
        angle = np.radians(degrees)
        a, b = np.array([1, 0]), np.array([np.cos(angle), np.sin(angle)])
        assert _same(a @ b, cosine)
        assert _same(_length(a - b) ** 2, squared)
    long_query, *rest = _normal(*MANY)
    long = np.array(rest)
    query, unit = _unit(long_query), _unit(long)
    inner = unit @ query
    cosine = inner / (_length(unit) * _length(query))
    assert _same(_length(unit - query) ** 2, 2 - 2 * cosine), "the identity does not hold"
    order = _best_first(cosine)
    assert order == _best_first(inner), "cosine and inner product rank differently"
    assert order == _best_first(-_length(unit - query)), "cosine and distance rank differently"
    assert order != _best_first(long @ long_query), "the inner product needs no unit length"
    assert order != _best_first(-_length(long - long_query)), "distance needs no unit length"
    card.says(r"\|a-b\|^2=2-2\cos(a,b)")


def unnormalised_inner_product():
    """With vectors of other lengths the inner product may rank a long one first, cosine does not.

    Source: the definitions, on the smallest case: one vector in the query's direction, and one at
    45 degrees that is longer.
    """
    query = np.array([1, 0])
    parallel, long = np.array([1, 0]), np.array([2, 2])
    documents = np.array([parallel, long])
    inner = documents @ query
    cosine = inner / (_length(documents) * _length(query))
    assert _same(cosine, [1, np.cos(np.pi / 4)])
    assert inner.tolist() == [1, 2]
    assert _best_first(cosine) == [0, 1]
    assert _best_first(inner) == [1, 0], "length does not matter"


def _rrf(*searches, constant):
    """The score of each document: 1 / (constant + rank) over the searches that found it."""
    scores = {}
    for search in searches:
        for rank, document in enumerate(search, 1):
            scores[document] = scores.get(document, 0) + 1 / (constant + rank)
    return scores


def rrf_example(card):
    """Ranks 1 and 3 give 1/61 + 1/63 = 0.0323, more than a single first place, 0.0164.

    Source: doi:10.1145/1571941.1572114, with its constant 60. The fusion sees ranks alone: scores
    on another scale, in the same order, change nothing.
    """
    scores = _rrf("abc", "dea", constant=60)
    assert _same(scores["a"], 1 / 61 + 1 / 63), "not the card's two terms"
    assert round(scores["a"], 4) == 0.0323
    assert round(scores["d"], 4) == 0.0164
    assert max(scores, key=scores.get) == "a"
    bm25, cosine = np.array([9, 4, 1]), np.array([0.1, 0.2, 0.4])
    assert _best_first(bm25 + cosine) == [0, 1, 2], "here the larger scale decides a plain sum"
    assert _best_first(bm25 / 100 + cosine) == [2, 1, 0]
    fused = _rrf(_best_first(bm25), _best_first(cosine), constant=60)
    assert fused == _rrf(_best_first(bm25 / 100), _best_first(cosine), constant=60)
    card.says(r"\frac{1}{60+\mathrm{rank}_i(d)}", r"\tfrac1{61}+\tfrac1{63}\approx0.0323", "0.0164")


def rag_sequence(card):
    """The card's sum is a distribution over answers; RAG-Token's product of sums is another one.

    Source: arXiv:2005.11401 §2.1. Random probabilities of passages and of answers of two tokens;
    with one token the two models agree, so the passage must matter across tokens.
    """
    passages, words = 3, 4

    def distribution(*shape, seed):
        weights = np.exp(_normal(*shape, seed=seed))
        return weights / weights.sum(axis=-1, keepdims=True)

    passage = distribution(passages, seed=1)
    first = distribution(passages, words, seed=2)
    second = distribution(passages, words, words, seed=3)
    sequence, token = {}, {}
    for i, j in itertools.product(range(words), repeat=2):
        sequence[i, j] = (passage * (first[:, i] * second[:, i, j])).sum()
        token[i, j] = (passage * first[:, i]).sum() * (passage * second[:, i, j]).sum()
    assert len(sequence) == 16
    assert _same(sum(sequence.values()), 1), "not a distribution"
    assert _same(sum(token.values()), 1)
    assert not _same(list(sequence.values()), list(token.values())), "one passage or many: alike"
    one = [sum(model[i, j] for j in range(words)) for model in (sequence, token) for i in range(4)]
    assert _same(one[:4], one[4:]), "they differ for a single token"
    card.says(r"\sum_{z\in\text{top-}k}p_\eta(z\mid x)\,p_\theta(y\mid x,z)")


def rag_prompt_code(card):
    """The card's code numbers the passages from 1, keeps their order and puts in the question.

    Source: the card's own code, run as it stands.
    """
    names = {}
    exec(card.code, names)  # noqa: S102 - the code block is what is proved
    prompt = names["build_prompt"]("{context}|{question}", "How?", ["one", "two", "three"])
    context, question = prompt.split("|")
    passages = re.findall(r'<doc id="(\d+)">\n(\w+)\n</doc>', context)
    assert passages == [(str(1), "one"), (str(2), "two"), (str(3), "three")]
    assert question == "How?"
