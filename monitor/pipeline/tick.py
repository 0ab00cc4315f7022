"""One pass through everything: collect → recheck → score → detect → alert → tell → watch → deliver. The program's
order is this file.

A stage that fails stops no other: what it left is pending still, and the next pass goes on there. Knows the stages;
nothing of when it is called.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from monitor.pipeline import alert, collect, deliver, detect, drill, recheck, score, tell, watch
from monitor.pipeline.alert import AlertReport
from monitor.pipeline.collect import CollectReport
from monitor.pipeline.deliver import DeliverReport
from monitor.pipeline.detect import DetectReport
from monitor.pipeline.program import Program, Stop, never
from monitor.pipeline.recheck import RecheckReport
from monitor.pipeline.score import ScoreReport
from monitor.pipeline.tell import TellReport
from monitor.pipeline.watch import WatchReport

Report = TypeVar("Report")


@dataclass(frozen=True, slots=True, kw_only=True)
class TickReport:
    """What each stage did."""

    collect: tuple[CollectReport, ...]
    recheck: tuple[RecheckReport, ...]
    score: ScoreReport
    detect: DetectReport
    alert: AlertReport
    tell: TellReport
    watch: WatchReport
    deliver: DeliverReport


@dataclass(slots=True)
class _Pass:
    """One pass: the first fault is kept until every stage had its turn."""

    faults: list[Exception] = field(default_factory=list)

    def each(self, stage: Callable[[], Report], nothing: Report) -> Report:
        """What a stage reports; `nothing` where it failed."""
        try:
            return stage()
        except Exception as error:  # noqa: BLE001 - whatever it is, the other stages have their turn before it is raised
            self.faults.append(error)
            return nothing


def run(program: Program, *, now: datetime, stop: Stop = never) -> TickReport:
    """Every stage once, each until nothing is pending. Raises what the first failing stage raised, after all others."""
    once = _Pass()
    once.each(lambda: drill.end_old(program, now=now), 0)
    report = TickReport(
        collect=once.each(lambda: collect_all(program, now=now, stop=stop), ()),
        recheck=once.each(lambda: recheck.run_all(program, now=now, stop=stop), ()),
        score=once.each(lambda: score_pending(program, now=now, stop=stop), ScoreReport()),
        detect=once.each(lambda: detect.run(program, now=now, stop=stop), DetectReport()),
        alert=once.each(lambda: alert.run(program, now=now, stop=stop), AlertReport()),
        tell=once.each(lambda: tell.run(program, now=now, stop=stop), TellReport()),
        watch=once.each(lambda: watch.run(program, now=now, stop=stop), WatchReport()),
        deliver=once.each(lambda: deliver_all(program, stop=stop), DeliverReport()),
    )
    if once.faults:
        raise once.faults[0]
    return report


def collect_all(program: Program, *, now: datetime, stop: Stop = never) -> tuple[CollectReport, ...]:
    """Every source once, one after another."""
    return tuple(collect.run(program, source, now=now, stop=stop) for source in program.sources)


def score_pending(
    program: Program, *, now: datetime, stop: Stop = never, before: datetime | None = None
) -> ScoreReport:
    """Everything that waits for its score, with the settings' models; `before`: of what was known by then."""
    return score.run(
        program.store, program.router, now=now, settle=program.settle, stop=stop, before=before,
        unsure_below=program.settings.model.unsure_below,
    )  # fmt: skip


def deliver_all(program: Program, *, stop: Stop = never) -> DeliverReport:
    """Everything that is due, to every receiver."""
    return deliver.run(program, now=program.clock.now, stop=stop)


def work(program: Program, *, now: datetime, stop: Stop = never) -> Iterator[Callable[[], object]]:
    """The stages between collecting and delivering, one by one, so that a caller can stop between them.

    A drill that nobody ended is ended first: nothing of it is inspected again, and its end is told in the same pass.
    """
    yield lambda: drill.end_old(program, now=now)
    yield lambda: score_pending(program, now=now, stop=stop)
    yield lambda: detect.run(program, now=now, stop=stop)
    yield lambda: alert.run(program, now=now, stop=stop)
    yield lambda: tell.run(program, now=now, stop=stop)
