"""Kleinberg's two-state bursts (2003) as a stream, and the oracle that knows the true rate. Knows no other method.

The state machine is the paper's: the upper state emits twice the base rate, going up costs gamma ln n, going down
nothing; of the cheapest path only the forward pass is kept, so that nothing looks ahead. The figure is the weight of
the running burst: how much cheaper the upper state has made it so far.
"""

import numpy as np

from benchmarks._method import Method, past_week, sums
from benchmarks._simulator import HOUR, Brand, Floats

RATE_UP = 2.0
GAMMA = 1.0
WINDOWS = (1, HOUR // 2, HOUR, 3 * HOUR, 6 * HOUR)
CLUSTERS, DAYS = 0.5, 0.06  # the oracle's own scatter


def kleinberg(brand: Brand) -> Floats:
    """Weight of the running burst; the base rate is that of the seven days before."""
    values = np.nan_to_num(brand.negatives)
    base = np.maximum(past_week(values)[0], 1e-3)
    gain = values * np.log(RATE_UP) - (RATE_UP - 1.0) * base
    toll = GAMMA * float(np.log(len(values)))
    ahead, weight = -toll, 0.0  # by how much the upper state is cheaper
    found = np.zeros(len(values))
    for at, step in enumerate(gain.tolist()):
        ahead = max(-toll, min(ahead, 0.0)) + step
        if weight > 0.0:
            weight = max(0.0, weight + step) if ahead > -toll else 0.0
        elif ahead > 0.0:
            weight = ahead
        found[at] = weight
    return found


def oracle(brand: Brand) -> Floats:
    """Largest deviance of five windows against the true rate; told of every outage and of what follows it."""
    known = np.isfinite(brand.negatives)
    for kind, begin, end in brand.nuisances:
        if kind in {"missing", "zeros", "backfill"}:
            known[begin : end + 1] = False
    best = np.zeros(len(known))
    for length in WINDOWS:
        seen, usual = sums(np.where(known, brand.negatives, 0.0), length), sums(brand.expected * known, length)
        best = np.maximum(best, deviance(seen, usual))
    return best


def deviance(seen: Floats, usual: Floats) -> Floats:
    """Signed root of the negative-binomial deviance; 0 at and below the usual."""
    usual = np.maximum(usual, 1e-6)
    size = 1.0 / (DAYS + CLUSTERS / usual)
    above = np.maximum(seen - 0.5, usual)
    half = above * np.log(above / usual) - (above + size) * np.log((above + size) / (usual + size))
    return np.asarray(np.where((seen >= 3) & (above > usual), np.sqrt(np.maximum(2.0 * half, 0.0)), 0.0))


METHODS = (Method("Kleinberg, two states", kleinberg),)
ORACLE = Method("oracle that knows the true rate", oracle, group="oracle")
