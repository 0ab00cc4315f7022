"""Invented small brands of which little is known yet: a service crisis in the second week, or two calm weeks.

Counts are soft votes, as the program makes them: one an author, so there is little clustering; the model's doubt and
its mistakes make some negatives look like others. In a crisis people also ask and explain, so others rise as well. It
begins at night or in the morning, at once or over hours. Half of the brands have not told their time zone. Everything
follows from a seed. Knows no detector.
"""

from zoneinfo import ZoneInfo

import numpy as np

from benchmarks._simulator import DAY, HOUR, START, WEEK, ZONES, Brand, Crisis, Floats, rhythm, talk, wander

CRISIS_DAYS, CALM_DAYS = 8, 14


def simulate_short(seed: int, crisis: bool) -> Brand:
    """A brand of 1 to 15 negatives an hour: with a crisis of 1.5 to 4 times after 5 to 7 days, or calm."""
    random = np.random.default_rng([seed, 77])
    count = (CRISIS_DAYS if crisis else CALM_DAYS) * DAY
    rate = float(np.exp(random.uniform(0.0, np.log(15.0))))
    zone = ZONES[seed % len(ZONES)]
    shape = _shape(random, count, zone)
    brand = Brand(f"short-{seed}", zone if random.random() < 0.5 else "UTC", rate, shape, shape, shape * rate / HOUR)
    share = random.uniform(0.25, 0.75)
    lift, other_lift = np.ones(count), np.ones(count)
    if crisis:
        brand.crises.append(_crisis(random, zone, lift, other_lift))
    elif random.random() < 0.35:
        _campaign(random, brand, lift, other_lift)
    shared, own = (np.exp(wander(random, count, hours * HOUR, random.uniform(0.1, 0.3))) for hours in (2, 3))
    unhappy = _posts(random, brand.expected * lift * shared * own)
    others = _posts(random, brand.expected * (1 - share) / share * np.maximum(other_lift, 0.3) * shared)
    talk(random, unhappy, others, rate * 0.5)
    recall, wrong = random.uniform(0.65, 0.9), random.uniform(0.05, 0.15)
    brand.negatives = _soft(random, unhappy, recall) + _soft(random, others, wrong)
    brand.mentions = unhappy + others
    return brand


def _shape(random: np.random.Generator, count: int, zone: str) -> Floats:
    """Day and week from a random weekday on, and a level that wanders over days."""
    first = int(random.integers(7)) * DAY
    shape = rhythm(random, count + WEEK, zone)[first : first + count]
    wandering = np.exp(wander(random, count, 3 * DAY, random.uniform(0.05, 0.2)))
    return np.asarray(shape / shape[: min(count, WEEK)].mean() * wandering)


def _crisis(random: np.random.Generator, zone: str, lift: Floats, other_lift: Floats) -> Crisis:
    ahead = (START.astimezone(ZoneInfo(zone)).utcoffset() or START - START).total_seconds() / 3600
    day = int(random.integers(5, 7))
    onset = int(((day - 1) * 24 + random.uniform(22, 34) - ahead) * HOUR)  # 22:00 to 10:00 in its own time
    times = float(np.exp(random.uniform(np.log(1.5), np.log(4.0))))
    kind = ("step", "ramp")[int(random.integers(2))]
    at = np.arange(int(random.uniform(14, 30) * HOUR)) / HOUR
    form = np.ones(len(at)) if kind == "step" else np.minimum(1.0, at / random.uniform(4, 12))
    form = form[: len(lift) - onset]
    end = onset + len(form)
    lift[onset:end] = 1 + (times - 1) * form
    other_lift[onset:end] = 1 + (times * random.uniform(0.5, 1.5) - 1) * form
    return Crisis(kind, times, onset, end, onset)


def _campaign(random: np.random.Generator, brand: Brand, lift: Floats, other_lift: Floats) -> None:
    begin = int(random.integers(3 * DAY, len(lift) - DAY))
    end = begin + int(random.uniform(3, 12) * HOUR)
    times = random.uniform(2, 5)
    other_lift[begin:end] = times
    lift[begin:end] = 1 + (times - 1) * 0.6 * random.uniform(0.0, 0.8)
    brand.nuisances.append(("campaign", begin, end))


def _posts(random: np.random.Generator, rate: Floats) -> Floats:
    """Posts, a tenth of them replies that follow within half an hour."""
    first = random.poisson(rate * 0.9).astype(float)
    total = first.copy()
    for lag in range(1, 7):
        total[lag:] += random.poisson(first[:-lag] * (1 / 60))
    return total


def _soft(random: np.random.Generator, posts: Floats, mean: float) -> Floats:
    """What a model says of so many posts, added up: probabilities round a mean."""
    found = np.zeros(len(posts))
    for at in np.flatnonzero(posts):
        found[at] = random.beta(2 * mean, 2 * (1 - mean), int(posts[at])).sum()
    return found
