"""One stage, one pass: what `tick` and the verbs of its single stages share."""

from collections.abc import Callable, Iterator
from pathlib import Path

from monitor.cli._common import emit_json, logs, opened
from monitor.errors import CollectorError
from monitor.pipeline.collect import CollectReport
from monitor.pipeline.program import Program
from monitor.pipeline.recheck import RecheckReport
from monitor.pipeline.tick import TickReport


def once(config: Path | None, db: Path | None, stage: Callable[[Program], object], *, verbose: bool = False) -> None:
    """Run a stage on the configured database and print its report as JSON.

    Raises CollectorError, after all is done and printed, where a source could not be read.
    """
    logs(verbose=verbose)
    with opened(config, db) as program:
        program.store.outbox.recover()
        report = stage(program)
        emit_json(report)
    if errors := tuple(_errors(report)):
        raise CollectorError("\n".join(errors))


def _errors(report: object) -> Iterator[str]:
    """Why sources could not be read."""
    if isinstance(report, TickReport):
        yield from _errors((*report.collect, *report.recheck))
    elif isinstance(report, tuple):
        yield from (each.error for each in report if isinstance(each, CollectReport | RecheckReport) and each.error)
