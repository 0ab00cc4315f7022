"""The detector's memory as bytes: JSON with a tag, exact to the last bit.

Knows the tracker's parts, not their meaning."""

import json
from dataclasses import fields, is_dataclass
from typing import Any

from monitor.analysis.baseline import Baseline
from monitor.analysis.calibration import ShortTail
from monitor.analysis.episode import Episode
from monitor.analysis.ladder import Ladder, Opening, Said
from monitor.analysis.series import Recent
from monitor.analysis.tail import Scatter
from monitor.detectors._tracker import Chunk, Tracker

TAG = "counts 3"  # rises with every change of what is kept, or of how it is used


def freeze(tracker: Tracker) -> bytes:
    """The tracker as bytes that `thaw` turns into an equal one."""
    return json.dumps([TAG, _plain(tracker)], separators=(",", ":")).encode()


def thaw(state: bytes) -> Tracker:
    """The tracker that was frozen. Raises ValueError for bytes of another version."""
    try:
        found, parts = json.loads(state)
        if found != TAG:
            raise ValueError(f'it says "{found}", not "{TAG}"')
        return _tracker(*parts)
    except (ValueError, TypeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"This detector cannot go on from that state: {error}. Start again from history.") from error


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return [_plain(getattr(value, part.name)) for part in fields(value)]
    return [_plain(item) for item in value] if isinstance(value, list) and value and is_dataclass(value[0]) else value


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
