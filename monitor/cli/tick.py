"""Every stage once: collect, re-check, score, detect, alert, tell, watch, deliver.

For cron and for looking closely; `run` does the same on a schedule. Knows the order's one function and the settings.
"""

from monitor.cli._common import ConfigOption, DbOption, VerboseOption, new_app
from monitor.cli._stage import once
from monitor.pipeline import tick

app = new_app()


@app.command()
def main(config: ConfigOption = None, db: DbOption = None, verbose: VerboseOption = False) -> None:
    """Every stage once: collect, re-check, score, detect, alert, tell, watch, deliver."""
    once(config, db, lambda program: tick.run(program, now=program.clock.now()), verbose=verbose)
