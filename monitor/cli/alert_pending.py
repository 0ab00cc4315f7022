"""Turn pending spikes into alerts, say who is told, and carry the messages that are due.

Knows the stages and the settings; prints their reports as JSON.
"""

from monitor.cli._common import ConfigOption, DbOption, VerboseOption, new_app
from monitor.cli._stage import once
from monitor.pipeline import alert, deliver, tell
from monitor.pipeline.program import Program

app = new_app()


@app.command()
def main(config: ConfigOption = None, db: DbOption = None, verbose: VerboseOption = False) -> None:
    """Turn pending spikes into alerts, say who is told, and carry the messages that are due."""
    once(config, db, _alert, verbose=verbose)


def _alert(program: Program) -> dict[str, object]:
    return {
        "alert": alert.run(program, now=program.clock.now()),
        "tell": tell.run(program, now=program.clock.now()),
        "deliver": deliver.run(program, now=program.clock.now),
    }
