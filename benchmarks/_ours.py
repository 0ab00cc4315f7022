"""The shipped detector `counts` as a rule of the comparison, on invented brands and on rows of a real series."""

from collections.abc import Sequence
from math import exp, log

from benchmarks._count_series import CountSeries
from benchmarks._judging import Tally, judge
from benchmarks._simulator import START, STEP, Brand
from monitor.clock import parse
from monitor.detectors.counts import Counts, Options
from monitor.domain import Bucket, Phase, Series

RATES = (0.05, 0.10, 0.25, 0.50)


def as_series(brand: Brand) -> Series:
    """A brand's counts as the program hands them to a detector: a slot without data has no bucket."""
    buckets = tuple(
        Bucket(start=START + at * STEP, mentions=float(mentions), negatives=float(negatives))
        for at, (negatives, mentions) in enumerate(zip(brand.negatives, brand.mentions, strict=True))
        if negatives == negatives
    )
    return Series(brand=brand.name, step=STEP, timezone=brand.zone, buckets=buckets)


def ours(brand: Brand, options: Options) -> list[int]:
    """Messages of the detector `counts`."""
    found = Counts("counts", options).inspect(as_series(brand), None)
    return [(spike.fired_at - START) // STEP for spike in found.spikes if spike.phase is not Phase.CLOSED]


def scored(series: CountSeries, options: Options) -> list[float]:
    """The detector's score of every row of a real series."""
    buckets = tuple(
        Bucket(start=parse(time), mentions=float("nan"), negatives=value)
        for time, value in zip(series.times, series.values, strict=True)
    )
    found = Counts("counts", options).inspect(
        Series(brand=series.name, step=STEP, timezone="UTC", buckets=buckets), None
    )
    return [reading.anomaly_score for reading in found.readings]


def asked(brands: Sequence[Brand], rate: float) -> Tally:
    """What it does where so many false alarms a week are asked for."""
    options = Options(false_alarms_per_week=rate)
    return sum((judge(lambda brand: ours(brand, options), brand) for brand in brands), Tally())


def knob(training: Sequence[Brand], rate: float) -> float:
    """What must be asked for so that `rate` is measured on these brands; between three settings on a log scale."""
    points = []
    for setting in (rate / 2, rate, 2 * rate):
        tally = asked(training, setting)
        points.append((log(setting), log(max(tally.false, 0.5) / tally.weeks)))
    (x0, y0), (x1, y1), (x2, y2) = points
    low, high = ((x0, y0), (x1, y1)) if log(rate) <= y1 else ((x1, y1), (x2, y2))
    slope = (high[1] - low[1]) / (high[0] - low[0]) or 1.0
    at = low[0] + (log(rate) - low[1]) / max(slope, 0.2)
    return exp(min(max(at, x0 - log(2.0)), x2 + log(2.0)))
