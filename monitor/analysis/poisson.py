"""Poisson counts: how unlikely one is, and the range of rates that one speaks for. Pure maths."""

from math import exp, lgamma, log

_TINY = 1e-300
_STEPS = 200  # of a bisection: more than a float can tell apart


def tail(count: float, mean: float) -> float:
    """P(X >= count) for a Poisson variable of this mean; count may be fractional, as where both were scaled.

    It is the regularised lower incomplete gamma function P(count, mean) (DLMF 8.2.4 and 8.4.10).

    >>> round(tail(1, 0.5), 4)  # 1 - exp(-0.5)
    0.3935
    >>> tail(0, 3.0), tail(4, 0.0)
    (1.0, 0.0)
    """
    if count <= 0.0:
        return 1.0
    if mean <= 0.0:
        return 0.0
    front = exp(count * log(mean) - mean - lgamma(count))
    if mean < count + 1.0:
        return min(1.0, front * _series(count, mean))
    return max(0.0, 1.0 - front * _fraction(count, mean))


def interval(count: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact confidence interval of a Poisson mean of which `count` events were seen (Garwood 1936).

    >>> [round(bound, 3) for bound in interval(0)], [round(bound, 3) for bound in interval(10)]
    ([0.0, 3.689], [4.795, 18.39])
    """
    rest = (1.0 - confidence) / 2.0
    low = 0.0 if count == 0 else _mean_where(count, rest)
    return low, _mean_where(count + 1, 1.0 - rest)


def _mean_where(count: int, probability: float) -> float:
    """The mean at which `tail(count, mean)` is that probability; the tail grows with the mean."""
    low, high = 0.0, 2.0 * count + 40.0
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        low, high = (middle, high) if tail(count, middle) < probability else (low, middle)
    return high


def _series(a: float, x: float) -> float:
    """Sum of x^n / (a (a+1) … (a+n)): DLMF 8.7.1."""
    term = total = 1.0 / a
    n = a
    while term > total * 1e-16:
        n += 1.0
        term *= x / n
        total += term
    return total


def _fraction(a: float, x: float) -> float:
    """Continued fraction of the upper incomplete gamma function by Lentz's method (DLMF 8.9.2)."""
    b = x + 1.0 - a
    c, d = 1.0 / _TINY, 1.0 / b
    value = d
    for n in range(1, 10_000):
        factor = n * (a - n)
        b += 2.0
        d = factor * d + b
        d = 1.0 / (d if abs(d) > _TINY else _TINY)
        c = b + factor / c
        c = c if abs(c) > _TINY else _TINY
        value *= d * c
        if abs(d * c - 1.0) < 1e-14:
            break
    return value
