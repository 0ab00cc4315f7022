"""Replay: posts of a file go through the real stages in event time, as if each had been known when it was published.

Knows rows and stages; nothing of where the rows come from. The same rows give the same alerts whatever the chunk size
and, where they come in order of time, whether they are inspected as they come or at the end.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.clock import floor
from monitor.domain import BUCKET, Mention, Page, Reject
from monitor.pipeline import alert, collect, deliver, detect
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
) -> Progress:
    """Send rows through collect, score, detect, alert and deliver; return what was done.

    With `in_order` (the rows ascend by time) each chunk is inspected as it comes; else all of them at the end.
    """
    progress = Progress()
    newest: datetime | None = None
    for page in collect.pages_of(_lived(rows), chunk):
        newest = max([*(m.published_at for m in page.mentions), *([newest] if newest else [])], default=newest)
        progress = _store(program, page, name, progress, newest)
        if newest is not None and in_order:
            score_pending(program, now=newest)
            progress = _judge(program, replace(progress, scored=progress.rows), floor(newest, BUCKET))
        shown(progress)
    if newest is not None:
        progress = _score(program, progress, newest, shown)
        # One bucket on, the last post's own bucket is complete.
        progress = _judge(program, progress, floor(newest, BUCKET) + BUCKET + program.settle)
        shown(progress)
    return progress


def _store(program: Program, page: Page, name: str, progress: Progress, newest: datetime | None) -> Progress:
    now = newest or program.clock.now()
    done = collect.keep(program.store, program.matcher, page, source=name, now=now)
    return replace(
        progress, rows=progress.rows + len(page.mentions) + len(page.rejects), added=progress.added + done.added,
        rejected=progress.rejected + done.rejected, at=newest,
    )  # fmt: skip


def _score(program: Program, progress: Progress, now: datetime, shown: Callable[[Progress], None]) -> Progress:
    """Score what waits, in order of time, whatever the order of the rows was: whose vote counts hangs on it."""
    waiting = program.store.scores.pending_count()

    def stop() -> bool:
        done = progress.rows * (1 - program.store.scores.pending_count() / waiting) if waiting else progress.rows
        shown(replace(progress, scored=int(done)))
        return False

    score_pending(program, now=now, stop=stop)
    return replace(progress, scored=progress.rows)


def _judge(program: Program, progress: Progress, now: datetime) -> Progress:
    """Detect and tell, at the event time that has been reached."""
    detect.run(program, now=now)
    told = alert.run(program, now=now, stale=None)
    deliver.run(program.store, program.receivers, now=lambda: now)
    return replace(progress, alerts=progress.alerts + told.opened)


def _lived(rows: Iterable[Mention | Reject]) -> Iterator[Mention | Reject]:
    """Each post as known when it was published, where it does not say better."""
    for item in rows:
        yield replace(item, known_at=item.known_at or item.published_at) if isinstance(item, Mention) else item
