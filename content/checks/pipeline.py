"""Proofs of the topic "Distributed training": pipelines, run step by step."""

import numpy as np

#: Relative to numbers of about 1, in double precision.
EXACT = 1e-9


def _same(a, b):
    return np.allclose(a, b, rtol=0, atol=EXACT)


def _pipeline(p, order, chunks=1):
    """Steps a schedule takes, and the most micro-batches whose activations one GPU keeps.

    `order(gpu)` lists ("F" or "B", chunk, micro-batch); chunk c of GPU g is stage c p + g. A step
    is a forward; a backward takes two.
    """
    jobs, done, clock, kept = [list(order(gpu)) for gpu in range(p)], {}, [0] * p, [0] * p
    last, most = p * chunks - 1, 0
    while any(jobs):
        for gpu in range(p):
            while jobs[gpu]:
                kind, chunk, micro = jobs[gpu][0]
                stage = chunk * p + gpu
                needs = [("F", stage, micro)] if kind == "B" else []
                if kind == "F" and stage > 0:
                    needs.append(("F", stage - 1, micro))
                if kind == "B" and stage < last:
                    needs.append(("B", stage + 1, micro))
                if not all(need in done for need in needs):
                    break
                start = max([clock[gpu], *(done[need] for need in needs)])
                clock[gpu] = done[kind, stage, micro] = start + (1 if kind == "F" else 2)
                kept[gpu] += 1 if kind == "F" else -1
                most = max(most, kept[gpu])
                jobs[gpu].pop(0)
    return max(clock), most


def _gpipe(_, m):
    return lambda _: [("F", 0, i) for i in range(m)] + [("B", 0, i) for i in range(m)]


def _one_f_one_b(p, m):
    def order(gpu):
        ahead = min(p - gpu, m)
        jobs = [("F", 0, i) for i in range(ahead)]
        for i in range(m):
            jobs.append(("B", 0, i))
            if ahead + i < m:
                jobs.append(("F", 0, ahead + i))
        return jobs

    return order


def _interleaved(p, m, v):
    """All forwards, then all backwards, in groups of p micro-batches, chunk after chunk."""

    def jobs(kind, chunks):
        return [
            (kind, chunk, i) for g in range(0, m, p) for chunk in chunks for i in range(g, g + p)
        ]

    return lambda _: jobs("F", range(v)) + jobs("B", range(v)[::-1])


def pipeline_bubble(card):
    """Both schedules idle (p-1)/m of the ideal time, 27.3 % of all for p = 4, m = 8; 1F1B keeps p.

    Source: arXiv:1811.06965 §2.3 and arXiv:2104.04473 §2.2, by running the schedules with backward
    twice as long as forward. GPipe keeps the activations of m micro-batches, 1F1B of p at most.
    Interleaving v chunks a GPU divides the bubble by v.
    """
    for p, m in ((2, 3), (4, 8), (5, 20)):
        for schedule, kept in ((_gpipe, m), (_one_f_one_b, min(p, m))):
            total, most = _pipeline(p, schedule(p, m))
            ideal = 3 * m
            assert _same((total - ideal) / ideal, (p - 1) / m)
            assert _same((total - ideal) / total, (p - 1) / (m + p - 1))
            assert most == kept
    p, m = 4, 8
    card.says(f"{100 * (p - 1) / (m + p - 1):.1f}%", f"{m}", r"\frac{p-1}{m+p-1}", r"\frac{p-1}{m}")
    for v in (1, 2, 3):
        total, _ = _pipeline(p, _interleaved(p, m, v), chunks=v)
        assert _same(total / (3 * m * v) - 1, (p - 1) / m / v)
    card.says(r"\frac1v\cdot\frac{p-1}{m}")
