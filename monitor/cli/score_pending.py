"""Score every stored post that waits for it.

Knows the stage and the settings; prints the stage's report as JSON.
"""

from monitor.cli._common import ConfigOption, DbOption, VerboseOption, new_app
from monitor.cli._stage import once
from monitor.pipeline import tick

app = new_app()


@app.command()
def main(config: ConfigOption = None, db: DbOption = None, verbose: VerboseOption = False) -> None:
    """Score every stored post that waits for it."""
    once(config, db, lambda program: tick.score_pending(program, now=program.clock.now()), verbose=verbose)
