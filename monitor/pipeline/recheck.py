"""Re-check: ask each platform what became of the posts that are stored, and erase what is gone or grew too old.

A page's changes, what it checked and the re-check's own cursor are one transaction. Knows the collector's optional
verb and the store; nothing of scoring. A re-check that fails is reported, and makes no source blind: reading goes on.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.domain import Coverage, Page, Terms
from monitor.errors import MonitorError, RateLimited, StoreError
from monitor.pipeline.failpoints import reach
from monitor.pipeline.program import Program, Source, Stop, never
from monitor.ports import Rechecker
from monitor.store.polls import RECHECK
from monitor.store.rechecks import Due
from monitor.store.states import LONGEST_WAIT

EVERY = timedelta(minutes=10)  # so long at most a post that is due waits, or an answer that comes later
MOST_BATCHES = 500  # of one run: the next one goes on there
PATIENCE = 144  # runs (a day of them) in which the same posts get no answer, before the others are asked about
Turn = AbstractContextManager[object]  # a lock, or nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class RecheckReport:
    """What one re-check of a source did."""

    source: str
    asked: int = 0
    checked: int = 0  # of these, the platform gave its answer
    edited: int = 0
    deleted: int = 0
    overdue: int = 0  # could not be refreshed for as long as the platform's terms allow, and were erased
    rejected: int = 0
    error: str | None = None
    waiting: bool = False  # the platform asked us to wait: nothing was asked

    def plus(self, other: "RecheckReport") -> "RecheckReport":
        """This report and the next page's."""
        return replace(
            self, asked=self.asked + other.asked, checked=self.checked + other.checked,
            edited=self.edited + other.edited, deleted=self.deleted + other.deleted,
            overdue=self.overdue + other.overdue, rejected=self.rejected + other.rejected,
        )  # fmt: skip


def owes(source: Source) -> bool:
    """Whether there is anything to do: the collector can ask again, or its platform's terms end."""
    return isinstance(source.collector, Rechecker) or terms_of(source).keep is not None


def every(source: Source) -> timedelta:
    """How often a source is looked after; what is due lies in the store."""
    collector = source.collector
    return min(EVERY, collector.recheck_every) if isinstance(collector, Rechecker) else EVERY


def terms_of(source: Source) -> Terms:
    """What the platform's rules ask; a collector that names none is bound by none."""
    found = getattr(source.collector, "terms", None)
    return found if isinstance(found, Terms) else Terms()


def run(
    program: Program, source: Source, *, now: datetime, stop: Stop = never, turn: Turn | None = None
) -> RecheckReport:
    """Ask about every post of a source that is due, then erase those that stayed unknown for longer than the terms.

    Each question is asked within `turn`, so that a poll of the same collector can go between.
    """
    report = RecheckReport(source=source.name)
    if isinstance(source.collector, Rechecker):
        report = _ask_all(program, source, source.collector, report, now=now, stop=stop, turn=turn or nullcontext())
    keep = terms_of(source).keep
    if keep is None:
        return report
    program.store.rechecks.bind(source.name, keep)
    return _expire(program, source.name, keep, report, now=now, stop=stop)


def run_all(program: Program, *, now: datetime, stop: Stop = never) -> tuple[RecheckReport, ...]:
    """Every source that owes something, one after another, and those that are no longer in the settings."""
    known = tuple(run(program, source, now=now, stop=stop) for source in program.sources if owes(source))
    return (*known, *abandoned(program, now=now, stop=stop))


def abandoned(program: Program, *, now: datetime, stop: Stop = never) -> tuple[RecheckReport, ...]:
    """Nobody asks again about posts of sources that were taken out or switched off; the platforms' terms still end."""
    known = {source.name for source in program.sources}
    reports = [
        _expire(program, name, keep, RecheckReport(source=name), now=now, stop=stop)
        for name, keep in program.store.rechecks.bound().items()
        if name not in known
    ]
    return tuple(report for report in reports if report.overdue)


def _expire(
    program: Program, name: str, keep: timedelta, report: RecheckReport, *, now: datetime, stop: Stop
) -> RecheckReport:
    while not stop():
        with program.store.transaction():
            gone = program.store.mentions.delete_overdue(name, now - keep, now=now)
        reach("recheck.expired")
        if not gone:
            break
        report = report.plus(RecheckReport(source=name, overdue=gone))
    return report


def _ask_all(
    program: Program, source: Source, collector: Rechecker, report: RecheckReport, *, now: datetime, stop: Stop,
    turn: Turn,
) -> RecheckReport:  # fmt: skip
    rechecks, platform = program.store.rechecks, source.collector.kind
    if (waits := _asked_to_wait(program, source, now)) is not None:
        return replace(report, waiting=True, error=waits)
    for number in range(MOST_BATCHES):
        due = rechecks.due(source.name, platform, now - collector.recheck_every, limit=collector.recheck_batch)
        if not due and rechecks.in_the_middle(source.name):
            rechecks.go_on_after(source.name, None)
            if number == 0:
                continue
        if not due:
            break
        with turn:
            if stop():
                break
            report = _ask(program, source, collector, due, report, now=now, stop=stop)
        if not report.waiting and not _went_on(program, source, due):
            break
        if report.error is not None:
            break
    return report


def _asked_to_wait(program: Program, source: Source, now: datetime) -> str | None:
    """Why nothing may be asked now: the platform asked this source, or its re-checks, to wait."""
    waits = program.store.sources.states.waits(now=now)
    return next((waits[key].reason for key in (source.limit, source.limit + RECHECK) if key in waits), None)


def _ask(
    program: Program, source: Source, collector: Rechecker, due: list[Due], report: RecheckReport, *, now: datetime,
    stop: Stop,
) -> RecheckReport:  # fmt: skip
    """One question and its answer, page by page. Whatever the collector raises is told, and stops nothing else."""
    report = replace(report, asked=report.asked + len(due))
    try:
        since = program.store.rechecks.cursor(source.name)
        for page in collector.recheck(tuple(each.native_id for each in due), since, now=now):
            reach("recheck.page_read")
            report = report.plus(_keep(program, source, page, now))
            if stop():
                break
    except StoreError:
        raise
    except RateLimited as error:
        # A wait of its own: what limits questions about old posts need not limit reading.
        limit = source.limit + RECHECK
        program.store.sources.states.wait(limit, now + min(error.wait, LONGEST_WAIT), str(error), now=now)
        return replace(report, error=str(error), waiting=True)
    except MonitorError as error:
        return replace(report, error=str(error))
    except Exception as error:  # noqa: BLE001 - a fault in one collector must be seen as such, and stop no other
        return replace(
            report, error=f"{source.name}: the collector broke ({type(error).__name__}); please report this."
        )
    return report


def _went_on(program: Program, source: Source, due: list[Due]) -> bool:
    """Whether any of the posts got its answer, so that the next ones' turn has come.

    Where none did, the platform answers later, or shows nothing for now: they are asked about again, for a while.
    """
    rechecks = program.store.rechecks
    answered = not rechecks.all_wait(due)
    if answered or rechecks.idle(source.name) >= PATIENCE:
        rechecks.go_on_after(source.name, due[-1])
    return answered


def _keep(program: Program, source: Source, page: Page, now: datetime) -> RecheckReport:
    """Store one page, whole or not at all. Posts that are not ours are no business of a re-check."""
    store, name = program.store, source.name
    about = [program.matcher.match(mention) for mention in page.mentions]
    with store.transaction():
        store.mentions.delete([gone for gone in page.deletions if gone.restored], now=now)
        done = store.mentions.upsert(page.mentions, about, source=name, now=now, only_known=True)
        deleted = store.mentions.delete(page.deletions, now=now)
        checked = store.rechecks.checked(name, source.collector.kind, page.checked, now=now)
        store.sources.reject(name, page.rejects, now=now)
        reach("recheck.rows_written")
        if page.cursor is not None:
            store.rechecks.keep_cursor(name, page.cursor)
        if page.coverage != Coverage():
            store.sources.record(name + RECHECK, page.coverage, added=0, rejected=len(page.rejects), now=now)
    reach("recheck.committed")
    return RecheckReport(
        source=name, checked=checked + deleted, edited=done.edited, deleted=deleted, rejected=len(page.rejects)
    )
