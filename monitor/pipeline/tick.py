"""One pass through everything: collect → recheck → score → detect → alert → deliver. The program's order is this file.

Knows the stages; nothing of when it is called.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from monitor.pipeline import alert, collect, deliver, detect, recheck, score
from monitor.pipeline.alert import AlertReport
from monitor.pipeline.collect import CollectReport
from monitor.pipeline.deliver import DeliverReport
from monitor.pipeline.detect import DetectReport
from monitor.pipeline.program import Program, Stop, never
from monitor.pipeline.recheck import RecheckReport
from monitor.pipeline.score import ScoreReport


@dataclass(frozen=True, slots=True, kw_only=True)
class TickReport:
    """What each stage did."""

    collect: tuple[CollectReport, ...]
    recheck: tuple[RecheckReport, ...]
    score: ScoreReport
    detect: DetectReport
    alert: AlertReport
    deliver: DeliverReport


def run(program: Program, *, now: datetime, stop: Stop = never) -> TickReport:
    """Every stage once, each until nothing is pending."""
    return TickReport(
        collect=collect_all(program, now=now, stop=stop),
        recheck=recheck.run_all(program, now=now, stop=stop),
        score=score_pending(program, now=now, stop=stop),
        detect=detect.run(program, now=now, stop=stop),
        alert=alert.run(program, now=now, stop=stop),
        deliver=deliver.run(program.store, program.receivers, now=program.clock.now, stop=stop),
    )


def collect_all(program: Program, *, now: datetime, stop: Stop = never) -> tuple[CollectReport, ...]:
    """Every source once, one after another."""
    return tuple(collect.run(program, source, now=now, stop=stop) for source in program.sources)


def score_pending(program: Program, *, now: datetime, stop: Stop = never) -> ScoreReport:
    """Everything that waits for its score, with the settings' models."""
    return score.run(
        program.store, program.router, now=now, settle=program.settle, stop=stop,
        unsure_below=program.settings.model.unsure_below,
    )  # fmt: skip


def work(program: Program, *, now: datetime, stop: Stop = never) -> Iterator[Callable[[], object]]:
    """The stages between collecting and delivering, one by one, so that a caller can stop between them."""
    yield lambda: score_pending(program, now=now, stop=stop)
    yield lambda: detect.run(program, now=now, stop=stop)
    yield lambda: alert.run(program, now=now, stop=stop)
