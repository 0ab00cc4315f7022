"""What the counts detector asks for before it speaks: the table's threshold, the brand's own, and what youth adds.

Knows the tracker's parts and the options; no bucket."""

from datetime import timedelta
from typing import NamedTuple

from monitor.analysis.calibration import threshold
from monitor.analysis.ladder import FOOT, RUNGS, Ladder
from monitor.detectors._tracker import Tracker
from monitor.ports import Knob

GRACE_BUCKETS = 8  # where a bucket is long, grace lasts so many at least
_EARLY = 2.0  # evidence asked for on top in the first days
_YOUNG, _YOUNG_HOURS = 0.35, 504.0  # the same, fading within three weeks: what is not yet learned looks unusual
_HOUR = timedelta(hours=1)


class Thresholds(NamedTuple):
    """What the table says for one number of windows."""

    asked: float
    foot: float  # where the tails of all brands are still alike
    rungs: list[float]


def thresholds(rate: float, windows: int) -> Thresholds:
    """For an asked rate of false alarms a brand and week."""
    asked, foot, *rungs = (threshold(each, windows) for each in (rate, FOOT, *RUNGS))
    return Thresholds(asked, foot, rungs)


def early_hours(early: timedelta, step: float) -> float:
    """How long little is known of a brand whose buckets are `step` hours long."""
    return max(early / _HOUR, 2 * GRACE_BUCKETS * step)


def extra(age: float, early: float) -> float:
    """Evidence asked for on top where so many hours were seen; `early` are the first ones, of which little is known."""
    return _YOUNG * max(0.0, 1.0 - age / _YOUNG_HOURS) + (_EARLY if age <= early else 0.0)


def knob(rate: float, early: timedelta, windows: int, tracker: Tracker | None) -> Knob:
    """The threshold in force, and its reasons; `windows` counts where there is no tracker yet."""
    ladder = Ladder() if tracker is None else tracker.ladder
    table = thresholds(rate, windows if tracker is None else len(tracker.recent.lengths))
    counted, promised = ladder.account()
    return Knob(
        asked=rate,
        prior=table.asked,
        own=ladder.threshold(table.asked, table.foot),
        early=extra(0.0, early_hours(early, 0.0)) if tracker is None else _extra_of(tracker, early),
        weeks=ladder.weeks,
        counted=counted,
        promised=promised,
        real=ladder.real,
        false_alarms=ladder.false_alarms,
    )


def _extra_of(tracker: Tracker, early: timedelta) -> float:
    return extra(tracker.seen, early_hours(early, tracker.step))
