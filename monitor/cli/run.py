"""Listen, score and alert until you stop it (Ctrl-C).

Knows the scheduler and the signals; where it was, lies in the database, so a stop at any moment loses nothing.
"""

import os
import signal
import sys
import threading
from types import FrameType

from monitor.cli._common import ConfigOption, DbOption, VerboseOption, logs, new_app, opened, talk
from monitor.errors import MonitorError, StoreFull
from monitor.pipeline.program import Program
from monitor.pipeline.schedule import Runner

app = new_app()


@app.command()
def main(config: ConfigOption = None, db: DbOption = None, verbose: VerboseOption = False) -> None:
    """Listen, score and alert until you stop it (Ctrl-C)."""
    logs(verbose=verbose)
    with opened(config, db) as program:
        talk.print(
            f"Listening: {', '.join(source.name for source in program.sources) or 'no source is enabled'};"
            f" rules: {', '.join(rule.name for rule in program.rules) or 'none'}; database: {program.store.path}."
            " Stop with Ctrl-C.",
            markup=False,
        )
        serve(program)
    leave()


def leave() -> None:
    """End at once, whatever other threads wait for (a platform's answer, a receiver that drips).

    The database is closed and all that was committed is safe; Python itself would wait for them for ever.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    if threading.active_count() > 1:
        os._exit(0)


def serve(program: Program) -> None:
    """Run until SIGTERM or SIGINT."""
    asked = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        asked.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    runner = Runner(program, failed=_say)
    try:
        runner.start()
        asked.wait()
        talk.print("Stopping …")
        runner.stop()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(error: MonitorError) -> None:
    talk.print(str(error) + (" The next round tries again." if isinstance(error, StoreFull) else ""), markup=False)
