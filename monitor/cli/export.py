"""Write mentions, trends or alerts to a file, as CSV or JSON lines.

Knows the store's reports and the exporters by kind; decides no column itself. What others may be given of posts, the
platforms' terms decide.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from monitor import plugins
from monitor.cli import _alerts_file
from monitor.cli._common import ConfigOption, DbOption, counted, duration, moment, new_app, readable, reading, talk
from monitor.cli._share import Sharing
from monitor.clock import parse
from monitor.domain import BUCKET
from monitor.errors import InputError
from monitor.store import Store
from monitor.store.reports import IDS, MENTIONS, TRENDS, Rows

app = new_app()


class What(StrEnum):
    """What can be exported."""

    MENTIONS = "mentions"
    TRENDS = "trends"
    ALERTS = "alerts"


@app.command()
def main(
    what: Annotated[What, typer.Argument(help="mentions, trends or alerts.")],
    kind: Annotated[str, typer.Option("--format", help="csv, jsonl, or another exporter's kind.")] = "csv",
    out: Annotated[Path | None, typer.Option("--out", help="Where to write; standard output if left out.")] = None,
    brand: Annotated[str | None, typer.Option(help="Only this brand.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Published (alerts: fired) at or after.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Published (alerts: fired) before.")] = None,
    bucket: Annotated[str, typer.Option(help="Length of a bucket of the trends.")] = "1h",
    share: Annotated[
        bool, typer.Option("--share", help="Mentions as they may be handed to others, by each platform's terms.")
    ] = False,
    ids_only: Annotated[
        bool, typer.Option("--ids-only", help="Mentions as ids and what the models say: no text, no author.")
    ] = False,
    drills: Annotated[bool, typer.Option("--drills", help="Alerts with rehearsals, which are marked.")] = False,
    config: ConfigOption = None,
    db: DbOption = None,
) -> None:
    """Write mentions, trends or alerts to a file, as CSV or JSON lines."""
    exporter = plugins.load("exporters", kind)
    sharing = _sharing(what, share=share, ids_only=ids_only)
    with reading(config, db) as store:
        columns, rows = _rows(store, what, kind, brand and readable(brand), (since, until), bucket, drills=drills)
        if sharing is not None:
            columns, rows = IDS if sharing.only_ids else columns, sharing.rows(rows)
        count = exporter(kind, exporter.Options()).write(rows, columns, out)
    for sentence in sharing.told() if sharing is not None else ():
        talk.print(sentence, markup=False)
    talk.print(f"{counted(count, 'row')} written.", markup=False)


def _sharing(what: What, *, share: bool, ids_only: bool) -> Sharing | None:
    if not share and not ids_only:
        return None
    if what is not What.MENTIONS:
        option = "--share" if share else "--ids-only"
        raise InputError(f"{option} is for mentions; {what.value} are not handed on by a platform's terms.")
    return Sharing(only_ids=ids_only, limited=share)


def _rows(
    store: Store,
    what: What,
    kind: str,
    brand: str | None,
    between: tuple[str | None, str | None],
    bucket: str,
    *,
    drills: bool = False,
) -> tuple[tuple[str, ...], Rows]:
    since, until = moment(between[0], "--from"), moment(between[1], "--to")
    if what is What.MENTIONS:
        return MENTIONS, store.reports.mentions(brand=brand, since=since, until=until)
    if what is What.TRENDS:
        return TRENDS, store.reports.trends(brand=brand, since=since, until=until, bucket=_bucket(bucket))
    between_them = (row for row in _alerts_file.rows(store, drills=drills) if _fired_between(row, since, until))
    return _alerts_file.columns(kind, _alerts_file.PEOPLE), (
        row for row in between_them if brand in (None, row["brand"])
    )


def _fired_between(row: dict[str, Any], since: datetime | None, until: datetime | None) -> bool:
    fired = parse(row["fired_at"])
    return (since is None or fired >= since) and (until is None or fired < until)


def _bucket(text: str) -> timedelta:
    length = duration(text, "--bucket")
    if length % BUCKET:
        raise InputError(f'--bucket "{text}" must be a whole number of {BUCKET.seconds // 60} minutes, as in 15m.')
    return length
