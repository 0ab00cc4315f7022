"""The rules that people use: fixed numbers, ratios, standard scores of the last hour; and the windowed Gaussian.

Each is a figure a bucket with the limit it is used with. Knows no truth.
"""

import numpy as np

from benchmarks._method import Method, hourly, past, past_week, shifted
from benchmarks._simulator import WEEK, Brand, Floats

GAUSSIAN_ROWS = 1000  # window of the benchmark's own windowed Gaussian


def twice_the_week(brand: Brand) -> Floats:
    """The last hour over the mean of the seven days before."""
    last = hourly(brand)
    return np.asarray(last / np.maximum(past_week(last)[0], 1e-9))


def twice_last_week(brand: Brand) -> Floats:
    """The last hour over the same hour last week, where it holds at least five."""
    last = hourly(brand)
    before = shifted(last, WEEK, np.inf)
    return np.asarray(np.where(last >= 5, (last - 1e-6) / np.maximum(before, 1.0), 0.0))


def standard_score(brand: Brand) -> Floats:
    """How many standard deviations the last hour lies above the seven days before."""
    last = hourly(brand)
    mean, spread = past_week(last)
    return np.asarray((last - mean) / np.maximum(spread, 1e-6))


def windowed_gaussian(brand: Brand) -> Floats:
    """How many standard deviations one bucket lies above the thousand before (Ahmad et al. 2017, baseline)."""
    values = np.nan_to_num(brand.negatives)
    mean, spread = past(values, GAUSSIAN_ROWS)
    return np.asarray((values - mean) / np.maximum(spread, 1e-6))


METHODS = (
    Method("at least 10 negatives in an hour", hourly, usual_limit=10.0, group="used today"),
    Method("last hour over twice the 7-day mean", twice_the_week, usual_limit=2.0, group="used today"),
    Method(
        "over twice the same hour last week, and 5", twice_last_week, warm=WEEK, usual_limit=2.0, group="used today"
    ),
    Method("z > 3, last hour against 7 days", standard_score, usual_limit=3.0, group="used today"),
    Method("windowed Gaussian", windowed_gaussian, warm=GAUSSIAN_ROWS // 2),
)
