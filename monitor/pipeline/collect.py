"""Collect: read a source page by page; all that a page says, its cursor and its coverage are one transaction.

Knows the collector's port and the store; nothing of scoring. A source that fails is written down and reported,
and never raises: the others go on. Whether it may be asked is decided in limits.py, how it does in health.py.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice

from monitor.analysis.brands import Matcher
from monitor.domain import Coverage, Cursor, Mention, Page, Reject
from monitor.errors import AnswerUnreadable, MonitorError, RateLimited, StoreError
from monitor.pipeline import health, limits
from monitor.pipeline.failpoints import reach
from monitor.pipeline.limits import Leave
from monitor.pipeline.program import Program, Source, Stop, never
from monitor.ports import Listener
from monitor.store import Store
from monitor.store.sources import SourceHealth
from monitor.store.states import LONGEST_WAIT, UNREADABLE

MOST_FIELDS = 500  # names of fields that are looked at in one poll


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectReport:
    """What one poll of a source did."""

    source: str
    added: int = 0
    edited: int = 0
    repeated: int = 0
    deleted: int = 0
    unmatched: int = 0
    rejected: int = 0
    more_available: bool = False
    error: str | None = None
    waiting: bool = False  # the platform asked us to wait: nothing was asked
    held: str | None = None  # why less was asked, or nothing, though the platform would answer: money is short

    def plus(self, other: "CollectReport") -> "CollectReport":
        """This report and the next page's."""
        return replace(
            self, added=self.added + other.added, edited=self.edited + other.edited,
            repeated=self.repeated + other.repeated, deleted=self.deleted + other.deleted,
            unmatched=self.unmatched + other.unmatched, rejected=self.rejected + other.rejected,
            more_available=other.more_available,
        )  # fmt: skip


@dataclass(slots=True)
class _Poll:
    """One poll while it runs."""

    report: CollectReport
    before: SourceHealth | None
    leave: Leave
    cost: float = 0.0
    recorded: bool = False
    reason: str | None = None  # why a row was set aside
    unseen: int = 0  # rows set aside that never were before
    names: set[str] = field(default_factory=set)

    def take(self, page: Page, kept: CollectReport) -> None:
        """Add up what a page brought."""
        self.report = self.report.plus(kept)
        self.cost += page.coverage.cost or 0.0
        self.recorded = self.recorded or _says_something(page)
        self.reason = page.rejects[-1].reason if page.rejects else self.reason
        if len(self.names) < MOST_FIELDS:
            self.names.update(name for mention in page.mentions for name in mention.extra)


def run(program: Program, source: Source, *, now: datetime, stop: Stop = never) -> CollectReport:
    """Poll one source until it has nothing more, until a limit is reached, or until asked to stop."""
    store, report = program.store, CollectReport(source=source.name)
    before = store.sources.health().get(source.name)
    leave = limits.leave(store, source, before, now=now)
    if leave.query is None and leave.waiting:
        return replace(report, waiting=True, error=leave.words)
    poll = _Poll(replace(report, held=leave.words), before, leave)
    if leave.query is None:
        return poll.report
    cut = None
    try:
        since = store.sources.cursor(source.name)
        _release(source, since)
        for page in source.collector.pages(leave.query, since, now=now):
            reach("collect.page_read")
            poll.unseen += store.sources.unseen(source.name, page.rejects) if page.rejects else 0
            poll.take(page, keep(store, program.matcher, page, source=source.name, now=now))
            if stop():
                store.sources.polls.broke_off(source.name, now=now)
                return poll.report
            _release(source, page.cursor)
            cut = limits.enough(store, source, page.coverage, leave, poll.cost, now=now)
            if cut:
                break
    except StoreError:
        raise  # the store's, not the source's
    except MonitorError as error:
        return _failed(store, source, poll, str(error), error, now=now)
    except Exception as error:  # noqa: BLE001 - a fault in one collector must be seen as such, and stop no other
        reason = f"{source.name}: the collector broke ({type(error).__name__}); please report this."
        return _failed(store, source, poll, reason, error, now=now)
    return _ended(store, source, poll, cut, now=now)


def _release(source: Source, cursor: Cursor | None) -> None:
    """Tell a source that posts are pushed to what is committed: it keeps them no longer."""
    if isinstance(source.collector, Listener) and cursor is not None:
        source.collector.stored(cursor)


def _ended(store: Store, source: Source, poll: _Poll, cut: str | None, *, now: datetime) -> CollectReport:
    """Write down that the source is read, how far, and what that says of its state."""
    report, leave = poll.report, poll.leave
    whole = cut is None and not report.more_available
    with store.transaction():
        if cut:
            store.sources.polls.broke_off(source.name, now=now)
        elif not poll.recorded:
            store.sources.polls.nothing(source.name, now=now)
        patience = source.patience + max(timedelta(0), leave.every - source.every)
        store.sources.succeeded(source.name, now=now, patience=patience, whole=whole and leave.unasked is None)
        if leave.unasked and poll.before and poll.before.last_success:
            store.sources.gap(source.name, poll.before.last_success, now, leave.unasked, now=now)
        seen = health.Reading(
            fresh=report.added + report.edited + report.unmatched, repeated=report.repeated,
            rejected=report.rejected, unseen=poll.unseen, reason=poll.reason, fields=frozenset(poll.names),
            narrow=leave.unasked is not None,
        )  # fmt: skip
        health.after(store, source, seen, now=now)
    return replace(report, held=cut or report.held)


def _failed(
    store: Store, source: Source, poll: _Poll, reason: str, error: Exception, *, now: datetime
) -> CollectReport:
    """Write down that the source could not be read, and why."""
    wait = error.wait if isinstance(error, RateLimited) else None
    last = poll.before.last_success if poll.before and poll.before.last_success else now
    with store.transaction():
        store.sources.polls.broke_off(source.name, now=now)
        if wait is not None:
            limits.refused(store, source, reason, wait, now=now)
            wait = min(wait, LONGEST_WAIT)
        store.sources.failed(source.name, reason, now=now, wait=wait)
        if isinstance(error, AnswerUnreadable):
            store.sources.states.open(source.name, UNREADABLE, min(last, now), reason)
    return replace(poll.report, error=reason)


def pages_of(rows: Iterable[Mention | Reject], size: int) -> Iterator[Page]:
    """Rows of a file that a person gives, so many to a page: every post is wanted, whomever it names."""
    remaining = iter(rows)
    while batch := list(islice(remaining, size)):
        mentions = tuple(item for item in batch if isinstance(item, Mention))
        rejects = tuple(item for item in batch if isinstance(item, Reject))
        yield Page(mentions=mentions, rejects=rejects, coverage=Coverage(returned=len(mentions)), keep_unmatched=True)


def keep(store: Store, matcher: Matcher, page: Page, *, source: str, now: datetime) -> CollectReport:
    """Store one page, whole or not at all.

    A collected post that names no brand is what the platform's looser search brought along: it is counted, not kept,
    unless it is stored already: then an edit took the name away. Where the page says so (files that a person gives)
    it is kept, as about nobody. Posts that may be shown again are let in before the page's posts are stored.
    """
    brands = [matcher.match(mention) for mention in page.mentions]
    at = page.at or now
    with store.transaction():
        kept = _kept(store, page, brands)
        restored = [each for each in page.deletions if each.restored]
        deleted = store.mentions.delete(restored, now=at)
        done = store.mentions.upsert([m for m, _ in kept], [about for _, about in kept], source=source, now=at)
        deleted += store.mentions.delete([each for each in page.deletions if not each.restored], now=at)
        store.sources.reject(source, page.rejects, now=at)
        reach("collect.rows_written")
        if page.cursor is not None:
            store.sources.advance(source, page.cursor, now=now)
        reach("collect.cursor_moved")
        if _says_something(page):
            told = _told(page)
            store.sources.record(source, told, added=done.added, rejected=len(page.rejects), now=now)
        _note_gaps(store, page, source, now)
    reach("collect.committed")
    return CollectReport(
        source=source, added=done.added, edited=done.edited, repeated=done.repeated, deleted=deleted,
        unmatched=len(page.mentions) - len(kept), rejected=len(page.rejects),
        more_available=page.coverage.more_available,
    )  # fmt: skip


def _kept(store: Store, page: Page, brands: list[tuple[str, ...]]) -> list[tuple[Mention, tuple[str, ...]]]:
    """The posts that are stored, in the page's order, with the brands that they are about."""
    pairs = list(zip(page.mentions, brands, strict=True))
    if page.keep_unmatched:
        return pairs
    named = {mention.key for mention, about in pairs if about}
    unnamed = {mention.key for mention, about in pairs if not about} - named
    named |= store.mentions.known_keys(unnamed) if unnamed else set()
    return [(mention, about) for mention, about in pairs if about or mention.key in named]


def _says_something(page: Page) -> bool:
    return bool(page.coverage != Coverage() or page.rejects or page.mentions)


def _told(page: Page) -> Coverage:
    """What the page says of itself; where it says nothing, its rows are counted."""
    if page.coverage != Coverage():
        return page.coverage
    return Coverage(returned=len(page.mentions) + len(page.rejects))


def _note_gaps(store: Store, page: Page, source: str, now: datetime) -> None:
    """What could not be read, then what of it was read after all."""
    coverage = page.coverage
    if not page.gaps and coverage.more_available and page.cursor is None and coverage.since and coverage.until:
        store.sources.gap(source, coverage.since, coverage.until, "more than the platform gives", now=now)
    for gap in page.gaps:
        store.sources.gap(source, gap.since, gap.until, gap.reason, now=now)
    for since, until in page.filled:
        store.sources.ranges.fill(source, since, until, now=now)
