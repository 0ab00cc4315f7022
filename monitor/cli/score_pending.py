"""Score every stored post that waits for it.

Knows the stage and the settings; prints the stage's report as JSON.
"""

from typing import Annotated

import typer

from monitor.cli._common import ConfigOption, DbOption, VerboseOption, new_app
from monitor.cli._stage import once
from monitor.pipeline import tick
from monitor.pipeline.program import Program

app = new_app()


@app.command()
def main(
    config: ConfigOption = None,
    db: DbOption = None,
    again: Annotated[
        bool, typer.Option("--again", help="Score every stored post anew, as after a change of the model.")
    ] = False,
    verbose: VerboseOption = False,
) -> None:
    """Score every stored post that waits for it."""
    once(config, db, lambda program: _score(program, again=again), verbose=verbose)


def _score(program: Program, *, again: bool) -> object:
    if again:
        program.store.scores.rescore_all()
    return tick.score_pending(program, now=program.clock.now())
