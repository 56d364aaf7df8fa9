"""How well somebody who only watches the clock can tell answers apart: two-sample tests, and a classifier."""

import bisect
import math
import random
from collections.abc import Mapping, Sequence

Times = Sequence[float]


def distance(one: Times, other: Times) -> float:
    """The Kolmogorov-Smirnov distance of two samples."""
    first, second = sorted(one), sorted(other)

    def gap(at: float) -> float:
        return abs(bisect.bisect_right(first, at) / len(first) - bisect.bisect_right(second, at) / len(second))

    return max(gap(at) for at in (*first, *second))


def likelihood(apart: float, one: int, other: int) -> float:
    """How likely samples of this size of one distribution are so far apart (the asymptotic form of Smirnov)."""
    size = math.sqrt(one * other / (one + other))
    scaled = (size + 0.12 + 0.11 / size) * apart
    if scaled < 0.2:
        return 1.0
    terms = ((-1) ** (k - 1) * math.exp(-2 * k * k * scaled * scaled) for k in range(1, 101))
    return min(1.0, max(0.0, 2 * sum(terms)))


def told_apart(likely: Mapping[str, float], level: float) -> list[str]:
    """What differs at this level, of several that were tested together (Holm's procedure)."""
    found = []
    for number, (name, p) in enumerate(sorted(likely.items(), key=lambda each: each[1])):
        if p > level / (len(likely) - number):
            break
        found.append(name)
    return found


def guessed(one: Times, other: Times, folds: int = 5, bins: int = 20, seed: int = 7) -> float:
    """The share that a classifier gets right which it has not seen; one half is chance.

    It learns which of the two is more frequent in each of so many bands of time (any threshold is among these), both
    counted as equally many.
    """
    dealt = random.Random(seed)  # noqa: S311  -- for dealing into folds
    rows = [(at, 0) for at in one] + [(at, 1) for at in other]
    dealt.shuffle(rows)
    right = [0, 0]
    for fold in range(folds):
        learned = [row for number, row in enumerate(rows) if number % folds != fold]
        guess = _learn(learned, bins)
        for at, kind in rows[fold::folds]:
            right[kind] += guess(at) == kind
    return (right[0] / len(one) + right[1] / len(other)) / 2


def _learn(rows: Sequence[tuple[float, int]], bins: int):
    times = sorted(at for at, _ in rows)
    borders = [times[len(times) * number // bins] for number in range(1, bins)]
    counts = [[0, 0] for _ in range(bins)]
    totals = [0, 0]
    for at, kind in rows:
        counts[bisect.bisect_right(borders, at)][kind] += 1
        totals[kind] += 1
    said = [int(second * totals[0] > first * totals[1]) for first, second in counts]
    return lambda at: said[bisect.bisect_right(borders, at)]
