"""Invented brands that are harder than most real ones, so that figures measured on them carry over to other data.

Beside what benchmarks/_simulator.py does: rates wander more and on two scales, each brand with its own restlessness;
single buckets burst with a heavy tail (up to hundreds of posts, as copied offers and bots make them); the level drifts
for days or settles somewhere else; a source reports late, in lumps, or only in part; bots flood for an hour; zones lie
half an hour beside the full one. Counts are soft votes: the model overlooks and mistakes. Crises are as there, but
people who ask and explain come along. Everything follows from a seed. Knows no detector.
"""

import numpy as np

from benchmarks._simulator import (
    DAY,
    HOUR,
    WEEK,
    Brand,
    Floats,
    confirmed,
    crisis_at,
    lose,
    places,
    rhythm,
    wander,
)

ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Sydney", "America/Sao_Paulo")
NUISANCES = ("missing", "zeros", "backfill", "holiday", "campaign", "flood", "partial", "lumps")
SCATTER = (2.0, 0.12)  # what the test that knows the truth allows for, per mean and per squared mean
LARGEST_BURST = 400.0


def simulate_harsh(seed: int, weeks: int = 10, rate: float | None = None) -> Brand:
    """One brand; without a rate, 0.2 to 500 negatives an hour (log-uniform)."""
    random = np.random.default_rng([seed, 4242])
    count = weeks * WEEK
    usual = rate if rate is not None else float(np.exp(random.uniform(np.log(0.2), np.log(500.0))))
    zone = ZONES[int(random.integers(len(ZONES)))]
    shape = rhythm(random, count, zone) * _level(random, count)
    expected, others = shape * usual, shape * usual * float(np.exp(random.normal(0.7, 0.9)))
    brand = Brand(f"harsh-{seed}", zone, usual, expected, expected, expected)
    lift, other_lift = np.ones(count), np.ones(count)
    extra = np.zeros(count)
    for place, calm in places(random, weeks):
        if calm:
            extra += _disturb(random, brand, place, expected, others)
        else:
            brand.crises.append(crisis_at(random, place, lift, other_lift))
    restless = random.uniform(0.15, 0.5)
    shared = np.exp(wander(random, count, 2 * HOUR, restless) + wander(random, count, 18 * HOUR, restless / 2))
    own = np.exp(wander(random, count, 3 * HOUR, random.uniform(0.1, 0.4)))
    unhappy = _posts(random, expected * lift * shared * own / HOUR)
    rest = _posts(random, others * np.sqrt(lift) * other_lift * shared / HOUR)
    _bursts(random, unhappy, rest, usual)
    unhappy += extra
    _votes(random, brand, (unhappy, rest), (expected, others))
    brand.crises = [confirmed(crisis, brand.negatives, brand.expected, SCATTER) for crisis in brand.crises]
    for kind, begin, end in brand.nuisances:
        lose(brand, kind, begin, end)
        _mangle(random, brand, kind, begin, end)
    return brand


def _level(random: np.random.Generator, count: int) -> Floats:
    """A level that wanders over days, and in one brand of three drifts to somewhere else within three to ten days."""
    path = wander(random, count, 6 * DAY, random.uniform(0.1, 0.25))
    if random.random() < 1 / 3:
        begin, length = random.uniform(10 * DAY, count), random.uniform(3, 10) * DAY
        size = random.uniform(-0.7, 0.7)
        path = path + size * np.clip((np.arange(count) - begin) / length, 0.0, 1.0)
    return np.asarray(np.exp(path))


def _disturb(random: np.random.Generator, brand: Brand, place: int, expected: Floats, others: Floats) -> Floats:
    """A nuisance: what it adds to the negatives; rates are changed in place, losses are applied later."""
    kind = NUISANCES[int(random.integers(len(NUISANCES)))]
    end = min(place + int(random.uniform(1, 10) * HOUR), len(expected))
    extra = np.zeros(len(expected))
    if kind == "holiday":
        place, end = place // DAY * DAY, min((place // DAY + 1) * DAY, len(expected))
        expected[place:end] *= random.uniform(0.3, 0.7)
        others[place:end] *= random.uniform(0.3, 0.7)
    elif kind == "campaign":
        times = random.uniform(2, 10)
        others[place:end] *= times
        expected[place:end] *= 1 + 0.7 * (times - 1) * random.uniform(0.2, 1.0)
    elif kind == "flood":
        end = min(place + int(random.integers(1, HOUR)), len(expected))
        extra[place:end] = random.poisson(random.uniform(0.2, 1.5) * (brand.rate / HOUR + 0.5), end - place)
    brand.nuisances.append((kind, place, end))
    return extra


def _posts(random: np.random.Generator, rate: Floats) -> Floats:
    """Posts, a fifth of them replies that follow within the hour."""
    first = random.poisson(rate * 0.8).astype(float)
    total = first.copy()
    for lag in range(1, HOUR + 1):
        total[lag:] += random.poisson(first[:-lag] * (0.25 / HOUR))
    return total


def _bursts(random: np.random.Generator, unhappy: Floats, rest: Floats, usual: float) -> None:
    """Bursts of a single bucket up to half an hour with a heavy tail, some brands often and some hardly ever."""
    every = float(np.exp(random.uniform(np.log(0.5), np.log(10.0)))) * DAY
    tail = random.uniform(1.1, 2.0)
    for place in random.integers(0, len(unhappy) - HOUR, random.poisson(len(unhappy) / every)).tolist():
        size = min(0.3 * usual * random.pareto(tail) + 1.0, 2.0 * usual + 8.0, LARGEST_BURST)
        fade = np.exp(-np.arange(HOUR) / random.uniform(0.2, 3.0))
        posts = random.poisson(size * fade / fade.sum())
        bad = random.binomial(posts, random.beta(1.0, 1.5))
        unhappy[place : place + HOUR] += bad
        rest[place : place + HOUR] += posts - bad


def _votes(
    random: np.random.Generator, brand: Brand, posts: tuple[Floats, Floats], usual: tuple[Floats, Floats]
) -> None:
    """Turn posts into what the program counts: probabilities round the model's recall and its mistakes, added up."""
    recall, wrong = random.uniform(0.65, 0.95), random.uniform(0.01, 0.08)
    brand.negatives = _soft(random, posts[0], recall) + _soft(random, posts[1], wrong)
    brand.mentions = posts[0] + posts[1]
    brand.expected = (recall * usual[0] + wrong * usual[1]) / HOUR


def _soft(random: np.random.Generator, posts: Floats, mean: float) -> Floats:
    """The sum of so many probabilities, each Beta(2 mean, 2 (1 - mean)); many together as their normal limit."""
    spread = np.sqrt(posts * mean * (1 - mean) / 3.0)
    return np.clip(posts * mean + spread * random.normal(size=len(posts)), 0.0, posts)


def _mangle(random: np.random.Generator, brand: Brand, kind: str, begin: int, end: int) -> None:
    """A source that brings only a part, or brings an hour's posts at once."""
    if kind == "partial":
        part = random.uniform(0.1, 0.6)
        brand.negatives[begin:end] *= part
        brand.mentions[begin:end] *= part
    elif kind == "lumps":
        for column in (brand.negatives, brand.mentions):
            for first in range(begin, end - HOUR + 1, HOUR):
                total = float(column[first : first + HOUR].sum())
                column[first : first + HOUR] = 0.0
                column[first + HOUR - 1] = total
