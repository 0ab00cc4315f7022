"""What a rule's messages are worth on brands whose truth is known: false alarms, crises found, found early, delay.

"Detected" is the share of the crises that a test knowing the true rate and onset could confirm; "early" is within
max(30 min, twice that test's own delay). A false alarm is a message outside a crisis and the twelve hours after it.
Knows no rule.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from benchmarks._simulator import HOUR, WEEK, Brand

AFTER = 12 * HOUR  # messages so long after a crisis are no false alarms

Rule = Callable[[Brand], list[int]]  # places (bucket ends) of messages


@dataclass(frozen=True)
class Tally:
    """What one rule did on some brands."""

    weeks: float = 0.0
    false: int = 0
    worst: float = 0.0  # false alarms a week of the worst brand
    crises: int = 0
    found: int = 0
    early: int = 0
    big: int = 0  # crises of three times and more
    big_found: int = 0
    big_early: int = 0
    growing: int = 0
    before_peak: int = 0
    delays: tuple[float, ...] = ()  # minutes
    seconds: float = 0.0
    buckets: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        pairs = {name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__}
        return Tally(**{**pairs, "worst": max(self.worst, other.worst)})


def judge(rule: Rule, brand: Brand) -> Tally:
    """What a rule did on one brand, against the truth."""
    began = time.process_time()
    messages = rule(brand)
    return weigh(messages, brand, time.process_time() - began)


def weigh(messages: Sequence[int], brand: Brand, seconds: float = 0.0) -> Tally:
    """What these messages (places of bucket ends, rising) are worth on one brand."""
    spans = [(crisis.onset, crisis.end + AFTER) for crisis in brand.crises]
    weeks = (len(brand.negatives) - sum(end - begin for begin, end in spans)) / WEEK
    false = false_alarms(messages, brand)
    tally = Tally(weeks, false, false / weeks, seconds=seconds, buckets=len(brand.negatives))
    for crisis in brand.crises:
        if crisis.confirmed is None:
            continue
        at = next((at for at in messages if crisis.onset < at <= crisis.end), None)
        late = None if at is None else at - crisis.onset
        early = late is not None and late <= max(6, 2 * (crisis.confirmed - crisis.onset))
        big, growing = crisis.times >= 3, crisis.kind != "step"
        told = at is not None
        tally += Tally(
            crises=1,
            found=told,
            early=early,
            big=big,
            big_found=big and told,
            big_early=big and early,
            growing=growing,
            before_peak=growing and at is not None and at <= crisis.peak,
            delays=() if late is None else (late * 5.0,),
        )
    return tally


def false_alarms(messages: Sequence[int], brand: Brand) -> int:
    """How many messages lie outside of every crisis and the hours after it."""
    spans = [(crisis.onset, crisis.end + AFTER) for crisis in brand.crises]
    return sum(not any(begin < at <= end for begin, end in spans) for at in messages)


def summary(tally: Tally) -> dict[str, float]:
    """The figures of one rule, shares as 0 … 1."""

    def share(part: int, whole: int) -> float:
        return part / whole if whole else 0.0

    return {
        "false_alarms_per_brand_week": tally.false / tally.weeks if tally.weeks else 0.0,
        "worst_brand": tally.worst,
        "detected": share(tally.found, tally.crises),
        "early": share(tally.early, tally.crises),
        "detected_3x": share(tally.big_found, tally.big),
        "early_3x": share(tally.big_early, tally.big),
        "before_peak": share(tally.before_peak, tally.growing),
        "median_delay_minutes": median(tally.delays) if tally.delays else 0.0,
        "microseconds_per_bucket": 1e6 * tally.seconds / max(1, tally.buckets),
    }


@dataclass(frozen=True)
class Young:
    """What one rule did on brands of which little was known."""

    weeks: float = 0.0  # without a crisis
    false: int = 0
    crises: int = 0
    delays: tuple[float, ...] = ()  # hours, of the crises that were told

    def __add__(self, other: "Young") -> "Young":
        return Young(**{name: getattr(self, name) + getattr(other, name) for name in asdict(self)})


def judge_young(rule: Rule, brand: Brand) -> Young:
    """What a rule did on one brand with a short history, against the truth."""
    messages = rule(brand)
    if not brand.crises:
        return Young(len(brand.negatives) / WEEK, len(messages))
    crisis = brand.crises[0]
    at = next((at for at in messages if crisis.onset < at <= crisis.end), None)
    delays = () if at is None else ((at - crisis.onset) / HOUR,)
    return Young(crisis.onset / WEEK, sum(at <= crisis.onset for at in messages), 1, delays)


def young_summary(young: Young) -> dict[str, float]:
    """The figures of one rule on brands with a short history, shares as 0 … 1."""
    within = {f"within_{hours}_h": sum(delay <= hours for delay in young.delays) / young.crises for hours in (3, 6, 10)}
    return {
        "false_alarms_per_brand_week": young.false / young.weeks,
        "detected": len(young.delays) / young.crises,
        **within,
        "median_delay_hours": median(young.delays) if young.delays else 0.0,
    }
