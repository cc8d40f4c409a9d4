"""Proofs of the topic "Alignment and RLHF"."""

from itertools import product

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


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _slope(function, at, step=1e-5):
    """Central difference, whose error is of the order of 1e-10."""
    return (function(at + step) - function(at - step)) / (2 * step)


def _kl(p, q):
    return (p * np.log(p / q)).sum()


def bt_shift_invariant(card):
    """The reward model's loss is -log P(y_w beats y_l), P = e^r_w / (e^r_w + e^r_l): shifts cancel.

    Source: Bradley and Terry 1952, as used in arXiv:2203.02155 §3.5. So a reward is known up to a
    constant per prompt only, and equal rewards cost ln 2.
    """
    won, lost = _normal(2, 9)

    def loss(won, lost):
        return -np.log(_sigmoid(won - lost))

    assert _same(np.exp(-loss(won, lost)), np.exp(won) / (np.exp(won) + np.exp(lost)))
    assert _same(loss(won + 7, lost + 7), loss(won, lost)), "a constant per prompt matters"
    assert not _same(loss(won + 7, lost), loss(won, lost))
    assert _same(loss(won, won), np.log(2))
    assert _same(np.exp(-loss(won, lost)) + np.exp(-loss(lost, won)), 1)
    card.says(r"-\log\sigma\bigl(r(x,y_w)-r(x,y_l)\bigr)")


def kl_rl_optimum(card):
    """E[r] - beta KL(pi || ref) is greatest, beta log Z, at pi ~ ref e^(r/beta), and nowhere else.

    Source: arXiv:2305.18290 §4 and Appendix A.1. Any other policy falls short by beta times its KL
    to the optimum. A large beta stays at the reference, a small one takes the best answer only.
    """
    reward, reference = _normal(6), _softmax(_normal(6, seed=1))
    beta = 0.5

    def objective(policy):
        return policy @ reward - beta * _kl(policy, reference)

    def optimum(beta):
        weights = reference * np.exp(reward / beta)
        return weights / weights.sum(), beta * np.log(weights.sum())

    best, value = optimum(beta)
    assert _same(objective(best), value), "the value is not beta log Z"
    for policy in _softmax(_normal(20, 6)):
        assert _same(value - objective(policy), beta * _kl(policy, best))
        assert objective(policy) < value
    assert _same(np.round(optimum(1000)[0] - reference, 3), 0)
    assert round(optimum(1 / 50)[0][reward.argmax()], 3) == 1
    card.says(r"J(\pi)={}&\mathbb E\,[r(x,y)]-\beta\,\mathrm{KL}(\pi\,\|\,\pi_{\mathrm{ref}})")


def dpo_partition_cancels():
    """The optimum's reward is beta log(pi / ref) + beta log Z, and Z cancels between two answers.

    Source: arXiv:2305.18290 Eq. 5 and 6. So a preference's probability under Bradley-Terry is the
    sigmoid of the difference of the log-ratios: no reward model, no sum over all answers.
    """
    reward, reference = _normal(6), _softmax(_normal(6, seed=1))
    beta = 0.3
    weights = reference * np.exp(reward / beta)
    z = weights.sum()
    implicit = beta * np.log(weights / z / reference)
    assert _same(implicit + beta * np.log(z), reward)
    assert not _same(implicit, reward), "there is no constant"
    for w, l in product(range(6), repeat=2):  # noqa: E741 - the card's name of the worse answer
        preference = np.exp(reward[w]) / (np.exp(reward[w]) + np.exp(reward[l]))
        assert _same(_sigmoid(implicit[w] - implicit[l]), preference)


def dpo_ln2(card):
    """At pi = ref the DPO loss is ln 2, its slope beta/2: up for the better, down for the worse.

    Source: arXiv:2305.18290 Eq. 7 and §4. The weight is beta times the sigmoid of how wrong the
    implicit rewards are, so a pair that is right already hardly counts. SFT's loss has neither the
    reference nor the worse answer.
    """
    beta, reference = 0.1, np.array([-12.0, -11.0])

    def loss(policy):
        ratio = beta * (policy - reference)
        return -np.log(_sigmoid(ratio[0] - ratio[1]))

    def slopes(policy):
        better, worse = np.eye(2)
        return [
            _slope(lambda step: loss(policy + step * better), 0.0),
            _slope(lambda step: loss(policy + step * worse), 0.0),
        ]

    assert _same(loss(reference), np.log(2))
    assert np.allclose(slopes(reference), [-0.05, 0.05], rtol=0, atol=1e-8)
    right, wrong = (reference + np.array([1, -1]) * shift for shift in (20, -20))
    for policy, gap in ((right, 40), (wrong, -40)):
        assert np.allclose(slopes(policy)[1], beta * _sigmoid(-beta * gap), rtol=0, atol=1e-8)
    assert abs(slopes(wrong)[1]) > 50 * abs(slopes(right)[1])
    card.says(r"\beta\log\tfrac{\pi(y_w\mid x)}{\pi_{\mathrm{ref}}(y_w\mid x)}", r"-\log\sigma")


def kl_per_token(card):
    """KL between sequences is the expected sum of KL per token: both models must share the tokens.

    Source: the chain rule of relative entropy, on all sequences of two tokens out of three. A score
    of finished text needs no such thing.
    """
    first, after = _softmax(_normal(2, 3)), _softmax(_normal(2, 3, 3, seed=1))
    policy, reference = (a[:, None] * b for a, b in zip(first, after, strict=True))
    assert _same([policy.sum(), reference.sum()], 1)
    later = [_kl(after[0][token], after[1][token]) for token in range(3)]
    assert _same(_kl(policy, reference), _kl(*first) + first[0] @ later)
    ratios = np.log(policy / reference)
    assert _same(ratios, np.log(first[0] / first[1])[:, None] + np.log(after[0] / after[1]))
    card.says("KL")


def length_average():
    """A sum of log-probabilities falls with every token; SimPO's average does not depend on length.

    Source: arXiv:2405.14734 §2.2 and §2.3. Twice the same tokens: the sum doubles, the average
    stays. The margin asks for more than being better: without it the loss at a tie is ln 2.
    """
    tokens = np.log(_softmax(_normal(8)))
    assert (np.diff(np.cumsum(tokens)) < 0).all()
    twice = np.tile(tokens, 2)
    assert _same([twice.sum(), twice.mean()], [2 * tokens.sum(), tokens.mean()])
    beta, margin = 2.0, 1.0

    def loss(better, worse, margin=margin):
        return -np.log(_sigmoid(beta * (better.mean() - worse.mean()) - margin))

    assert _same(loss(tokens, twice, margin=0), np.log(2))
    assert _same(loss(tokens, twice), np.log(1 + np.e))
    assert _same(loss(tokens + 1 / 2, twice), np.log(2)), "the margin is not met"


def orpo_odds_ratio():
    """ORPO's penalty -log sigma(log odds ratio) is that of odds p/(1-p); its slope halves at a tie.

    Source: arXiv:2403.07691 §4.1 and §4.2. odds 3 to 1 against 1 to 1: the loss is ln(4/3). It
    falls as the better answer's probability rises and as the worse one's falls.
    """

    def loss(better, worse):
        odds = [p / (1 - p) for p in (better, worse)]
        return -np.log(_sigmoid(np.log(odds[0] / odds[1])))

    assert _same(loss(0.75, 0.5), np.log(4 / 3))
    assert _same(loss(0.4, 0.4), np.log(2))
    assert _slope(lambda p: loss(p, 0.4), 0.3) < 0 < _slope(lambda p: loss(0.4, p), 0.3)


def best_of_n(card):
    """Keeping the best of n samples raises the expected score; SFT on it moves the policy there.

    Source: arXiv:2304.06767 §3. All samples of size n from four answers are gone through: the best
    answer's share rises from p to 1 - (1-p)^n, and the worst's falls to p^n.
    """
    policy, reward = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0, 1, 2, 3])
    previous = policy @ reward
    for n in (2, 3, 4):
        kept = np.zeros(4)
        for sample in product(range(4), repeat=n):
            kept[max(sample)] += policy[list(sample)].prod()
        assert _same(kept.sum(), 1)
        assert _same(kept[[3, 0]], [1 - (1 - 0.1) ** n, 0.4**n])
        assert kept @ reward > previous
        previous = kept @ reward
    card.says("RAFT")


def ppo_model_memory(card):
    """PPO's two trained models take 16 bytes a parameter and two frozen ones 2: 36, of which 89 %.

    Source: arXiv:1910.02054 §3.1 for the 16; all four models of one size. Without the critic it is
    20, DPO 18, and a policy with rule rewards and no KL 16.
    """
    trained, frozen = 2 + 2 + 4 + 4 + 4, 2
    methods = {"PPO": (2, 2), "GRPO": (1, 2), "DPO": (1, 1), "alone": (1, 0)}
    memory = {name: a * trained + b * frozen for name, (a, b) in methods.items()}
    assert memory == {"PPO": 36, "GRPO": 20, "DPO": 18, "alone": 16}
    assert round(100 * 2 * trained / memory["PPO"]) == 89
    card.says(f"{trained}", f"{frozen}")


def grpo_advantage(card):
    """GRPO's advantages have mean 0 and deviation 1; at pass rate p a right one gets sqrt((1-p)/p).

    Source: arXiv:2402.03300 §4.1. With rewards 0 and 1, wrong ones get -sqrt(p/(1-p)). Where all
    are right or all wrong, rewards and their mean are equal: there is nothing to learn.
    """

    def advantages(rewards):
        return (rewards - rewards.mean()) / rewards.std()

    scores = advantages(_normal(8))
    assert _same([scores.mean(), scores.std()], [0, 1])
    assert _same(advantages(3 * _normal(8) + 5), scores), "the scale of rewards matters"
    for right in range(1, 8):
        rewards = np.repeat([1.0, 0.0], [right, 8 - right])
        p = right / 8
        got = advantages(rewards)
        assert _same([got[0], got[-1]], [np.sqrt((1 - p) / p), -np.sqrt(p / (1 - p))])
    for same in (0, 1):
        rewards = np.full(8, same)
        assert (rewards - rewards.mean() == 0).all()
    card.says(r"A_i=\frac{r_i-\mathrm{mean}(r_1,\dots,r_G)}{\mathrm{std}(r_1,\dots,r_G)}")


def rloo(card):
    """RLOO's r_i - mean(others) is G/(G-1) (r_i - mean), and leaves the expected gradient as it is.

    Source: arXiv:2402.14740 §2. All pairs of samples are gone through: with the mean of the others
    the expected gradient is exact; with the mean of all it is 1 - 1/G of it. ReMax's baseline, one
    greedy answer, does not depend on the sample either.
    """
    rewards = _normal(5)
    others = (rewards.sum() - rewards) / 4
    assert _same(rewards - others, 5 / 4 * (rewards - rewards.mean()))
    policy, reward = _softmax(_normal(3, seed=1)), _normal(3, seed=2)
    score = np.eye(3) - policy
    exact = policy @ (reward[:, None] * score)
    expected = {"others": 0, "all": 0, "greedy": 0}
    for a, b in product(range(3), repeat=2):
        chance = policy[a] * policy[b]
        expected["others"] += chance * (reward[a] - reward[b]) * score[a]
        expected["all"] += chance * (reward[a] - (reward[a] + reward[b]) / 2) * score[a]
        expected["greedy"] += chance * (reward[a] - reward[policy.argmax()]) * score[a]
    assert _same(expected["others"], exact)
    assert _same(expected["greedy"], exact)
    assert _same(expected["all"], exact / 2)
    card.says("RLOO", "ReMax")
