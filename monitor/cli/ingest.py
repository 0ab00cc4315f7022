"""Store the posts of a file, for scoring and detection later.

Knows the file format and the store. Reading the same file again changes nothing.
"""

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli._common import (
    SHOWN_REJECTS,
    ConfigOption,
    DbOption,
    JsonOption,
    count_lines,
    emit_json,
    new_app,
    opened,
    progress,
    readable,
    say_rejects,
    talk,
)
from monitor.domain import Reject
from monitor.errors import InputError
from monitor.pipeline.collect import CollectReport, keep, pages_of
from monitor.posts import read_posts

app = new_app()
PAGE = 1000  # rows committed together


@app.command()
def main(
    file: Annotated[Path, typer.Argument(help="JSONL or CSV.")],
    config: ConfigOption = None,
    db: DbOption = None,
    as_json: JsonOption = False,
) -> None:
    """Store the posts of a file, for scoring and detection later."""
    rejects: list[Reject] = []
    with opened(config, db) as program, progress("storing", count_lines(file)) as shown:
        name = readable(file.name)
        report = CollectReport(source=name)
        done = 0
        for page in pages_of(read_posts(file, now=program.clock.now()), PAGE):
            report = report.plus(keep(program.store, program.matcher, page, source=name, now=program.clock.now()))
            rejects = (rejects + list(page.rejects))[:SHOWN_REJECTS]
            done += len(page.mentions) + len(page.rejects)
            shown(done)
    say_rejects(rejects, report.rejected, str(file))
    if report.rejected == done and done:
        raise InputError(f"{file}: no row could be stored. Each line needs a field `text`.")
    if as_json:
        emit_json(report)
    else:
        talk.print(f"{report.added} new, {report.edited} edited, {report.repeated} known already.", markup=False)
