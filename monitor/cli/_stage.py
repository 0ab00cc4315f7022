"""One stage, one pass: what `collect`, `score-pending`, `detect-pending`, `alert-pending` and `tick` share."""

from collections.abc import Callable
from pathlib import Path

from monitor.cli._common import emit_json, logs, opened
from monitor.pipeline.program import Program


def once(config: Path | None, db: Path | None, stage: Callable[[Program], object], *, verbose: bool = False) -> None:
    """Run a stage on the configured database and print its report as JSON."""
    logs(verbose=verbose)
    with opened(config, db) as program:
        program.store.outbox.recover()
        emit_json(stage(program))
