"""Store the posts of a file, for scoring and detection later.

Knows the file format and the store. Reading the same file again changes nothing.
"""

from collections.abc import Iterator
from itertools import islice
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
from monitor.domain import Coverage, Mention, Page, Reject
from monitor.errors import InputError
from monitor.pipeline.collect import CollectReport, keep
from monitor.pipeline.program import Program
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
        for page in pages(file, program):
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


def pages(file: Path, program: Program) -> Iterator[Page]:
    """The rows of a file, a page at a time."""
    rows = read_posts(file, now=program.clock.now())
    while batch := list(islice(rows, PAGE)):
        mentions = tuple(item for item in batch if isinstance(item, Mention))
        rejects = tuple(item for item in batch if isinstance(item, Reject))
        yield Page(mentions=mentions, rejects=rejects, coverage=Coverage(returned=len(mentions)), keep_unmatched=True)
