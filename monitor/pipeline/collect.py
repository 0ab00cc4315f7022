"""Collect: read a source page by page; a page's rows, its cursor and its coverage are one transaction.

Knows the collector's port and the store; nothing of scoring. A source that fails is written down and reported,
and never raises: the others go on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from monitor.analysis.brands import Matcher
from monitor.domain import Coverage, Mention, Page, Reject
from monitor.errors import CollectorError, MonitorError, RateLimited, StoreError
from monitor.pipeline.failpoints import reach
from monitor.pipeline.program import Program, Source, Stop, never
from monitor.store import Store
from monitor.store.sources import SourceHealth


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

    def plus(self, other: "CollectReport") -> "CollectReport":
        """This report and the next page's."""
        return replace(
            self, added=self.added + other.added, edited=self.edited + other.edited,
            repeated=self.repeated + other.repeated, deleted=self.deleted + other.deleted,
            unmatched=self.unmatched + other.unmatched, rejected=self.rejected + other.rejected,
            more_available=other.more_available,
        )  # fmt: skip


def run(program: Program, source: Source, *, now: datetime, stop: Stop = never) -> CollectReport:
    """Poll one source until it has nothing more, or until asked to stop."""
    store, report = program.store, CollectReport(source=source.name)
    health = store.sources.health().get(source.name)
    if health and _asked_to_wait(health, now):
        return replace(report, waiting=True, error=health.last_error)
    try:
        for page in source.collector.pages(source.query, store.sources.cursor(source.name), now=now):
            reach("collect.page_read")
            report = report.plus(keep(store, program.matcher, page, source=source.name, now=now))
            if stop():
                return report
    except CollectorError as error:
        wait = error.wait if isinstance(error, RateLimited) else None
        store.sources.failed(source.name, str(error), now=now, wait=wait)
        return replace(report, error=str(error))
    except StoreError:
        raise  # the store's, not the source's
    except MonitorError as error:
        store.sources.failed(source.name, str(error), now=now)
        return replace(report, error=str(error))
    except Exception as error:  # noqa: BLE001 - a fault in one collector must be seen as such, and stop no other
        reason = f"{source.name}: the collector broke ({type(error).__name__}); please report this."
        store.sources.failed(source.name, reason, now=now)
        return replace(report, error=reason)
    store.sources.succeeded(source.name, now=now, patience=source.patience)
    return report


def _asked_to_wait(health: SourceHealth, now: datetime) -> bool:
    """Whether the platform's wait is still running; a clock that was set back does not make it longer."""
    if health.not_before is None or health.last_poll is None:
        return False
    return health.last_poll <= now < health.not_before


def pages_of(rows: Iterable[Mention | Reject], size: int) -> Iterator[Page]:
    """Rows of a file that a person gives, so many to a page: every post is wanted, whomever it names."""
    remaining = iter(rows)
    while batch := list(islice(remaining, size)):
        mentions = tuple(item for item in batch if isinstance(item, Mention))
        rejects = tuple(item for item in batch if isinstance(item, Reject))
        yield Page(mentions=mentions, rejects=rejects, coverage=Coverage(returned=len(mentions)), keep_unmatched=True)


def keep(store: Store, matcher: Matcher, page: Page, *, source: str, now: datetime) -> CollectReport:
    """Store one page, whole or not at all.

    A collected post that names no brand is what the platform's looser search brought along: it is counted, not kept.
    Where the page says so (files that a person gives) it is kept, as about nobody.
    """
    brands = [matcher.match(mention) for mention in page.mentions]
    kept = [
        (mention, about) for mention, about in zip(page.mentions, brands, strict=True) if about or page.keep_unmatched
    ]
    with store.transaction():
        done = store.mentions.upsert([m for m, _ in kept], [about for _, about in kept], source=source, now=now)
        deleted = store.mentions.delete(page.deletions, now=now)
        store.sources.reject(source, page.rejects, now=now)
        reach("collect.rows_written")
        if page.cursor is not None:
            store.sources.advance(source, page.cursor, now=now)
        reach("collect.cursor_moved")
        if page.coverage != Coverage() or page.rejects:
            store.sources.record(source, page.coverage, added=done.added, rejected=len(page.rejects), now=now)
        _note_gap(store, page, source, now)
    reach("collect.committed")
    return CollectReport(
        source=source, added=done.added, edited=done.edited, repeated=done.repeated, deleted=deleted,
        unmatched=len(page.mentions) - len(kept), rejected=len(page.rejects),
        more_available=page.coverage.more_available,
    )  # fmt: skip


def _note_gap(store: Store, page: Page, source: str, now: datetime) -> None:
    coverage = page.coverage
    if coverage.more_available and page.cursor is None and coverage.since and coverage.until:
        store.sources.gap(source, coverage.since, coverage.until, "more than the platform gives", now=now)
