"""Ask the platforms what became of the stored posts that are due, and erase what is gone.

Knows the stage and the settings; prints the stage's reports as JSON.
"""

from monitor.cli._common import ConfigOption, DbOption, VerboseOption, new_app
from monitor.cli._stage import once
from monitor.pipeline import recheck

app = new_app()


@app.command()
def main(config: ConfigOption = None, db: DbOption = None, verbose: VerboseOption = False) -> None:
    """Ask the platforms what became of the stored posts that are due, and erase what is gone."""
    once(config, db, lambda program: recheck.run_all(program, now=program.clock.now()), verbose=verbose)
