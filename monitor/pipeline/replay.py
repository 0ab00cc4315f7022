"""Replay: posts of a file go through the real stages in event time, as if each had been known when it was published.

Knows rows and stages; nothing of where the rows come from. The same rows give the same alerts whatever the chunk size
and, where they come in order of time, whether they are inspected as they come or at the end, and whether they come in
one file or in several, one after another. A replay that was killed goes on when it is called again.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.clock import floor
from monitor.domain import BUCKET, Mention, Page, Reject
from monitor.pipeline import alert, collect, deliver, detect, tell
from monitor.pipeline.program import Program
from monitor.pipeline.tick import score_pending

CHUNK = 1000  # rows that are stored, scored and inspected together


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a replay has come."""

    rows: int = 0
    added: int = 0
    scored: int = 0  # rows that went through the model; where they come in no order, that begins when all are stored
    rejected: int = 0
    alerts: int = 0
    at: datetime | None = None  # event time


def run(
    program: Program,
    rows: Iterable[Mention | Reject],
    *,
    name: str,
    shown: Callable[[Progress], None] = lambda progress: None,
    chunk: int = CHUNK,
    in_order: bool = False,
    more: bool = False,
) -> Progress:
    """Send rows through collect, score, detect, alert and deliver; return what was done.

    With `in_order` (the rows ascend by time) each chunk is inspected as it comes; else all of them at the end.
    Posts of the newest moment wait for the next chunk, which may hold more of it: of posts of one moment, which one's
    vote counts must not hang on where a chunk ends. With `more`, so does the newest post's own bucket.
    """
    progress = Progress()
    newest: datetime | None = None
    for page in collect.pages_of(_lived(rows), chunk):
        newest = max([*(m.published_at for m in page.mentions), *([newest] if newest else [])], default=newest)
        progress = _store(program, page, name, progress, newest)
        if newest is not None and in_order:
            score_pending(program, now=newest, before=newest)
            end = floor(newest, BUCKET)
            progress = _tell(program, _judge(program, replace(progress, scored=progress.rows), end), end)
        shown(progress)
    if newest is not None:
        progress = _score(program, progress, newest, shown, before=newest if more else None)
        # One bucket on, the last post's own bucket is complete.
        end = floor(newest, BUCKET) + (not more) * BUCKET + program.settle
        progress = _tell(program, _judge(program, progress, end), end)
        shown(progress)
    return progress


@contextmanager
def as_if_over(program: Program, progress: Progress) -> Iterator[Progress]:
    """The store as it would be if the newest post's bucket were over; afterwards it is as it was before.

    So the alerts of a file are written to its end, and rows that come later find nothing inspected too early. Nobody is
    told: that could not be taken back.
    """
    with suppress(_Enough), program.store.transaction():
        if progress.at is not None:
            score_pending(program, now=progress.at)
            progress = _judge(program, progress, floor(progress.at, BUCKET) + BUCKET + program.settle)
        yield progress
        raise _Enough


class _Enough(Exception):
    """What was only tried is taken back."""


def _store(program: Program, page: Page, name: str, progress: Progress, newest: datetime | None) -> Progress:
    now = newest or program.clock.now()
    done = collect.keep(program.store, program.matcher, page, source=name, now=now)
    return replace(
        progress, rows=progress.rows + len(page.mentions) + len(page.rejects), added=progress.added + done.added,
        rejected=progress.rejected + done.rejected, at=newest,
    )  # fmt: skip


def _score(
    program: Program,
    progress: Progress,
    now: datetime,
    shown: Callable[[Progress], None],
    before: datetime | None = None,
) -> Progress:
    """Score what waits, in order of time, whatever the order of the rows was: whose vote counts hangs on it."""
    waiting = program.store.scores.pending_count()

    def stop() -> bool:
        done = progress.rows * (1 - program.store.scores.pending_count() / waiting) if waiting else progress.rows
        shown(replace(progress, scored=max(progress.scored, int(done))))
        return False

    score_pending(program, now=now, stop=stop, before=before)
    return replace(progress, scored=progress.rows)


def _judge(program: Program, progress: Progress, now: datetime) -> Progress:
    """Detect and decide, at the event time that has been reached; what was inspected before is not looked at again."""
    done = program.store.detection.reached()
    now = now if done is None else max(now, done + program.settle)
    detect.run(program, now=now)
    found = alert.run(program, now=now, stale=None)
    return replace(progress, alerts=progress.alerts + found.opened)


def _tell(program: Program, progress: Progress, now: datetime) -> Progress:
    tell.run(program, now=now, event_time=True)
    deliver.run(program, now=lambda: now)
    return progress


def _lived(rows: Iterable[Mention | Reject]) -> Iterator[Mention | Reject]:
    """Each post as known when it was published, where it does not say better."""
    for item in rows:
        yield replace(item, known_at=item.known_at or item.published_at) if isinstance(item, Mention) else item
