"""The detector's memory as bytes, and its parts put together again. Knows the tracker's parts, not their meaning."""

from typing import Any

from monitor.analysis.baseline import Baseline
from monitor.analysis.calibration import ShortTail
from monitor.analysis.episode import Episode
from monitor.analysis.ladder import Ladder, Opening, Said
from monitor.analysis.series import Recent
from monitor.analysis.tail import Scatter
from monitor.detectors import _bytes
from monitor.detectors._tracker import Chunk, Tracker

TAG = "counts 4"  # rises with every change of what is kept, or of how it is used


def freeze(tracker: Tracker) -> bytes:
    """The tracker as bytes that `thaw` turns into an equal one."""
    return _bytes.freeze(TAG, tracker)


def thaw(state: bytes) -> Tracker:
    """The tracker that was frozen. Raises ValueError for bytes of another version."""
    return _bytes.thaw(TAG, state, _tracker)


def _tracker(*parts: Any) -> Tracker:
    step, baseline, recent, scatters, tails, episode, chunks, *rest = parts
    rest[-1] = _ladder(*rest[-1])
    return Tracker(
        step,
        Baseline(*baseline),
        Recent(*recent),
        [Scatter(*scatter) for scatter in scatters],
        [ShortTail(*tail) for tail in tails],
        Episode(*episode),
        [Chunk(*chunk) for chunk in chunks],
        *rest,
    )


def _ladder(machines: Any, counts: Any, openings: Any, waiting: Any, *rest: Any) -> Ladder:
    return Ladder(
        [Episode(*machine) for machine in machines],
        counts,
        [Opening(*opening) for opening in openings],
        [Said(*said) for said in waiting],
        *rest,
    )
