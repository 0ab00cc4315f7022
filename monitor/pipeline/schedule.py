"""The scheduler: says when, and nothing else. What there is to do lies in the store, so a lost wake-up is harmless.

Each source has its own job and its own thread, and another for its re-checks, with which it takes turns; scoring,
detection, alerting and telling are one job, in which a stage that fails stops no other; each receiver has one; looking
after the program itself is one, and so is telling a watchdog elsewhere that all is well.
APScheduler is a timer here: jobs in memory, one run at a time for each job, missed runs coalesced, none dropped for
being late. Knows the stages; nothing of platforms.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from math import inf

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from monitor.errors import MonitorError
from monitor.pipeline import collect, deliver, recheck, watch
from monitor.pipeline.program import Program, Source
from monitor.pipeline.tick import work

log = structlog.get_logger("schedule")
PRUNE_EVERY = timedelta(days=1)
FOLD_EVERY = timedelta(hours=1)  # so long at most what was erased stays in the log
WATCH_EVERY = timedelta(minutes=1)
RECENTLY = timedelta(minutes=15)  # so long ago at most every stage came to its end, where all is well
PATIENCE = timedelta(seconds=4)  # for running jobs, after somebody asked to stop


@dataclass(slots=True)
class Runner:
    """Wakes every stage at its time until it is stopped."""

    program: Program
    skipped: dict[str, int] = field(default_factory=dict)  # wake-ups that found the job still running, by job
    failed: Callable[[MonitorError], None] = lambda error: None
    ping: Callable[[], None] | None = None  # tells a watchdog elsewhere that all is well; it never raises
    _stopping: threading.Event = field(default_factory=threading.Event)
    _running: set[str] = field(default_factory=set)
    _worked: dict[str, float] = field(default_factory=dict)  # when each job last came to its end, by its name
    _turns: dict[str, threading.Lock] = field(
        default_factory=dict
    )  # by source: a collector is asked one thing at a time
    _scheduler: BackgroundScheduler | None = None

    def start(self) -> None:
        """Begin; every job runs at once, then at its interval."""
        self.program.store.outbox.recover()
        settings = self.program.settings.schedule
        jobs = 2 * len(self.program.sources) + len(self.program.receivers) + 5
        scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(max(settings.workers, jobs))},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        scheduler.add_listener(self._heard, EVENT_JOB_ERROR | EVENT_JOB_MAX_INSTANCES | EVENT_JOB_MISSED)
        for source in self.program.sources:
            self._turns[source.name] = threading.Lock()
            job = partial(self._collect, source)
            self._add(scheduler, f"collect {source.name}", job, source.every, settings.jitter)
            if recheck.owes(source):
                job = partial(self._recheck, source)
                self._add(scheduler, f"recheck {source.name}", job, recheck.every(source), None)
        self._add(scheduler, "work", self._work, settings.work_every, None)
        self._add(scheduler, "watch", self._watch, WATCH_EVERY, None, first=WATCH_EVERY)
        if self.ping is not None:
            self._add(scheduler, "ping", self._ping, WATCH_EVERY, None, first=WATCH_EVERY)
        self._add(scheduler, "prune", self._prune, PRUNE_EVERY, None)
        self._add(scheduler, "fold", self._fold, FOLD_EVERY, None)
        for name in self.program.receivers:
            self._add(scheduler, f"deliver {name}", partial(self._deliver, name), settings.work_every, None)
        self._scheduler = scheduler
        scheduler.start()

    def stop(self) -> bool:
        """Ask every job to stop; True when all did in time. What was committed stays, the rest is done again."""
        self._stopping.set()
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
        deadline = time.monotonic() + PATIENCE.total_seconds()
        while self._running and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self._running

    def _add(
        self,
        scheduler: BackgroundScheduler,
        name: str,
        job: Callable[[], None],
        every: timedelta,
        jitter: timedelta | None,
        *,
        first: timedelta = timedelta(0),
    ) -> None:
        most = None if jitter is None else min(jitter.total_seconds(), every.total_seconds() / 2)
        trigger = IntervalTrigger(seconds=every.total_seconds(), jitter=most, timezone="UTC")
        begin = self.program.clock.now() + first
        scheduler.add_job(self._guarded, trigger, args=(name, job), id=name, name=name, next_run_time=begin)

    def _guarded(self, name: str, job: Callable[[], None]) -> None:
        self._running.add(name)
        try:
            if not self._stopping.is_set():
                job()
                self._worked[name] = time.monotonic()
        except MonitorError as error:
            self.failed(error)
            log.error("stage failed", job=name, error=str(error))
        finally:
            self._running.discard(name)

    def _collect(self, source: Source) -> None:
        with self._turns[source.name]:
            report = collect.run(self.program, source, now=self.program.clock.now(), stop=self._stopping.is_set)
        say = log.warning if report.error or report.held else log.info
        say(
            "collected", source=source.name, added=report.added, repeated=report.repeated, error=report.error,
            held=report.held,
        )  # fmt: skip

    def _recheck(self, source: Source) -> None:
        report = recheck.run(
            self.program,
            source,
            now=self.program.clock.now(),
            stop=self._stopping.is_set,
            turn=self._turns[source.name],
        )
        say = log.warning if report.error or report.overdue else log.info
        say(
            "re-checked", source=source.name, checked=report.checked, deleted=report.deleted, overdue=report.overdue,
            error=report.error,
        )  # fmt: skip

    def _work(self) -> None:
        """Every stage has its turn, also after one that failed; then the first fault is raised."""
        faults: list[Exception] = []
        for stage in work(self.program, now=self.program.clock.now(), stop=self._stopping.is_set):
            if self._stopping.is_set():
                return
            try:
                log.debug("worked", report=str(stage()))
            except Exception as error:  # noqa: BLE001 - whatever it is, the other stages have their turn first
                faults.append(error)
        for fault in faults[1:]:
            log.error("stage failed", job="work", error=str(fault))
        if faults:
            raise faults[0]

    def _watch(self) -> None:
        report = watch.run(self.program, now=self.program.clock.now(), stop=self._stopping.is_set)
        for error in report.errors:
            log.error("stage failed", job="watch", error=error)

    def _ping(self) -> None:
        """Only while the stages came to their end lately: of a program that only seems to run, a watchdog is told."""
        if self.ping is not None and self.well():
            self.ping()

    def well(self) -> bool:
        """Whether scoring, detection, alerting and watching came to their end lately, without a fault."""
        since = time.monotonic() - RECENTLY.total_seconds()
        return all(self._worked.get(name, -inf) > since for name in ("work", "watch"))

    def _prune(self) -> None:
        for report in recheck.abandoned(self.program, now=self.program.clock.now(), stop=self._stopping.is_set):
            log.warning("erased for a source that is no more", source=report.source, overdue=report.overdue)
        gone = self.program.store.maintenance.prune(now=self.program.clock.now())
        log.info("pruned", rows=gone)

    def _fold(self) -> None:
        self.program.store.maintenance.fold()

    def _deliver(self, name: str) -> None:
        report = deliver.to_receiver(self.program, name, now=self.program.clock.now, stop=self._stopping.is_set)
        for error in report.errors:  # the one way to learn that nobody hears the alerts
            log.warning("not delivered", receiver=name, error=error, given_up=report.dead)

    def _heard(self, event: JobEvent) -> None:
        if event.code == EVENT_JOB_ERROR:
            log.error("job broke", job=event.job_id, error=repr(event.exception))
        else:
            self.skipped[event.job_id] = self.skipped.get(event.job_id, 0) + 1
