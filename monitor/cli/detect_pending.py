"""Inspect everything that became known since the last look.

Knows the stage and the settings; prints the stage's report as JSON.
"""

from monitor.cli._common import ConfigOption, DbOption, VerboseOption, new_app
from monitor.cli._stage import once
from monitor.pipeline import detect

app = new_app()


@app.command()
def main(config: ConfigOption = None, db: DbOption = None, verbose: VerboseOption = False) -> None:
    """Inspect everything that became known since the last look."""
    once(config, db, lambda program: detect.run(program, now=program.clock.now()), verbose=verbose)
