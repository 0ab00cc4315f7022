"""Invented brands with a known truth: counts every five minutes, crises of known size and onset, and nuisances.

Everything follows from a seed. Knows no detector.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
START = datetime(2026, 2, 23, tzinfo=UTC)  # a Monday; clocks change in the weeks that follow
STEP = timedelta(minutes=5)
HOUR, DAY, WEEK = 12, 288, 2016  # buckets
ZONES = ("UTC", "America/New_York", "Europe/Berlin")
KINDS = ("step", "ramp", "viral")
NUISANCES = ("missing", "zeros", "backfill", "holiday", "campaign")


@dataclass(frozen=True)
class Crisis:
    """A real rise of negatives: places are buckets, `end` is past its last one."""

    kind: str
    times: float
    onset: int
    end: int
    peak: int
    confirmed: int | None = None  # when a test that knows rate and onset is sure


@dataclass
class Brand:
    """A brand's counts (NaN: no data) and what truly happened."""

    name: str
    zone: str
    rate: float
    negatives: Floats
    mentions: Floats
    expected: Floats
    crises: list[Crisis] = field(default_factory=list)
    nuisances: list[tuple[str, int, int]] = field(default_factory=list)


def simulate(seed: int, weeks: int = 10, rate: float | None = None) -> Brand:
    """One brand; without a rate, 0.2 to 500 negatives an hour (log-uniform)."""
    random = np.random.default_rng(seed)
    count = weeks * WEEK
    usual = rate if rate is not None else float(np.exp(random.uniform(np.log(0.2), np.log(500.0))))
    zone = ZONES[seed % len(ZONES)]
    shape = rhythm(random, count, zone) * np.exp(wander(random, count, 10 * DAY, 0.15))
    brand = Brand(f"brand-{seed}", zone, usual, shape, shape, shape)
    others = shape * usual * float(np.exp(random.normal(0.7, 0.7)))
    expected = shape * usual
    found = places(random, weeks)
    for place, calm in found:
        if calm:
            _disturb(random, brand, place, expected, others)
    lift, other_lift = np.ones(count), np.ones(count)
    for place, calm in found:
        if not calm:
            brand.crises.append(crisis_at(random, place, lift, other_lift))
    shared = np.exp(wander(random, count, 2 * HOUR, random.uniform(0.1, 0.3)))
    own = np.exp(wander(random, count, 3 * HOUR, random.uniform(0.1, 0.3)))
    y = _posts(random, expected * lift * shared * own / HOUR)
    o = _posts(random, others * other_lift * shared / HOUR)
    talk(random, y, o, usual)
    brand.expected = expected / HOUR
    brand.crises = [confirmed(crisis, y, brand.expected) for crisis in brand.crises]
    brand.negatives, brand.mentions = y, y + o
    for kind, begin, end in brand.nuisances:
        lose(brand, kind, begin, end)
    return brand


def rhythm(random: np.random.Generator, count: int, zone: str) -> Floats:
    """Day and week shape in local time, clock changes included."""
    tz = ZoneInfo(zone)
    half = [(START + 6 * place * STEP).astimezone(tz) for place in range(count // 6 + 1)]
    hour = np.repeat([moment.hour + moment.minute / 60 for moment in half], 6)[:count]
    day = np.repeat([moment.weekday() for moment in half], 6)[:count]
    first, second = random.uniform(0.4, 1.2), random.uniform(0.0, 0.35)
    peak, dip = random.normal(15.0, 2.0), random.uniform(0, 12)
    log_shape = first * np.cos(2 * np.pi * (hour - peak) / 24) + second * np.cos(4 * np.pi * (hour - dip) / 24)
    week = np.concatenate([random.normal(1.0, 0.08, 5), np.full(2, random.uniform(0.55, 1.05))])
    shape = np.exp(log_shape) * week[day]
    return np.asarray(shape / shape[: min(count, WEEK)].mean())


def wander(random: np.random.Generator, count: int, memory: float, spread: float) -> Floats:
    """A log rate that wanders round zero and forgets in so many buckets (drawn every half hour, then joined)."""
    keep = np.exp(-6.0 / memory)
    noise = random.normal(0.0, spread * np.sqrt(1 - keep * keep), count // 6 + 2)
    path = np.empty_like(noise)
    value = random.normal(0.0, spread)
    for at, shock in enumerate(noise):
        value = keep * value + shock
        path[at] = value
    return np.asarray(np.interp(np.arange(count) / 6.0, np.arange(len(path)), path))


def places(random: np.random.Generator, weeks: int) -> list[tuple[int, bool]]:
    """Where something happens, at least three days apart: (bucket, True for a nuisance)."""
    found = []
    place = 9 * DAY + int(random.integers(DAY))
    while place < (weeks * 7 - 3) * DAY:
        found.append((place, bool(random.random() < 0.44)))
        place += int((3.0 + random.exponential(5.0)) * DAY)
    return found


def _disturb(random: np.random.Generator, brand: Brand, place: int, expected: Floats, others: Floats) -> None:
    """A nuisance: holidays and campaigns change the rates, the rest is applied to the counts later."""
    kind = NUISANCES[int(random.integers(len(NUISANCES)))]
    end = place + int(random.uniform(1, 8) * HOUR)
    if kind == "holiday":
        place, end = place // DAY * DAY, (place // DAY + 1) * DAY
        expected[place:end] *= 0.5
        others[place:end] *= 0.5
    elif kind == "campaign":
        times = random.uniform(2, 8)
        others[place:end] *= times
        expected[place:end] *= 1 + 0.7 * (times - 1) * random.uniform(0.2, 1.0)
    brand.nuisances.append((kind, place, end))


def lose(brand: Brand, kind: str, begin: int, end: int) -> None:
    """Apply to the counts what the nuisance does to them: an outage, zeros, everything at once afterwards."""
    if kind in {"missing", "backfill"}:
        held = [float(column[begin:end].sum()) for column in (brand.negatives, brand.mentions)]
        brand.negatives[begin:end] = brand.mentions[begin:end] = np.nan
        if kind == "backfill" and end < len(brand.negatives):
            brand.negatives[end] += held[0]
            brand.mentions[end] += held[1]
    elif kind == "zeros":
        brand.negatives[begin:end] = brand.mentions[begin:end] = 0.0


def crisis_at(random: np.random.Generator, onset: int, lift: Floats, other_lift: Floats) -> Crisis:
    """A crisis of 1.5 to 20 times, at once, growing or viral; the rates are lifted in place."""
    kind = KINDS[int(random.integers(3))]
    times = float(np.exp(random.uniform(np.log(1.5), np.log(20.0))))
    hours = random.uniform(4, 24)
    count = int(hours * HOUR)
    at = np.arange(count) / count
    if kind == "step":
        form, peak = np.ones(count), 0
    elif kind == "ramp":
        form, peak = np.where(at < 0.6, at / 0.6, (1 - at) / 0.4), int(0.6 * count)
    else:
        form, peak = (
            np.where(at < 0.15, (np.exp(3 * at / 0.15) - 1) / (np.e**3 - 1), np.exp(-(at - 0.15) / 0.25)),
            int(0.15 * count),
        )
    form = form[: len(lift) - onset]
    lift[onset : onset + len(form)] *= 1 + (times - 1) * form
    other_lift[onset : onset + len(form)] *= 1 + (times - 1) * form * random.uniform(0.0, 0.3)
    return Crisis(kind, times, onset, onset + len(form), onset + peak)


def _posts(random: np.random.Generator, rate: Floats) -> Floats:
    """Posts, a quarter of them replies that follow within half an hour."""
    first = random.poisson(rate * 0.75).astype(float)
    total = first.copy()
    for lag in range(1, 7):
        total[lag:] += random.poisson(first[:-lag] * (1 / 18))
    return total


def talk(random: np.random.Generator, y: Floats, o: Floats, usual: float) -> None:
    """Threads that flare up for half an hour about every five days, heavy-tailed in size: noise, not crises."""
    for place in random.integers(0, len(y) - HOUR, random.poisson(len(y) / (5 * DAY))):
        size = min(0.3 * usual * random.pareto(1.6) + 1.0, 3.0 * usual + 4.0)
        fade = np.exp(-np.arange(HOUR) / random.uniform(1.0, 4.0))
        posts = random.poisson(size * fade / fade.sum())
        unhappy = random.binomial(posts, random.uniform(0.2, 0.9))
        y[place : place + HOUR] += unhappy
        o[place : place + HOUR] += posts - unhappy


def confirmed(crisis: Crisis, y: Floats, expected: Floats, scatter: tuple[float, float] = (1.5, 0.06)) -> Crisis:
    """When a test that knows the onset and the usual rate is sure (z of 3.5, on at least three posts).

    `scatter`: the variance it allows for, per mean and per squared mean.
    """
    seen = np.cumsum(y[crisis.onset : crisis.end])
    mean = np.cumsum(expected[crisis.onset : crisis.end])
    z = (seen - mean) / np.sqrt(scatter[0] * mean + scatter[1] * mean * mean)
    sure = np.flatnonzero((z >= 3.5) & (seen >= 3))
    at = crisis.onset + int(sure[0]) + 1 if len(sure) else None
    return Crisis(crisis.kind, crisis.times, crisis.onset, crisis.end, crisis.peak, at)
