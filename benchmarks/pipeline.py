"""How fast posts are kept, and how fast stored ones are replayed through detection and alerting.

    python -m benchmarks.pipeline [--posts N] [--rows N] [--seed N] [--folder FOLDER] [--json FILE]

Ingest is measured from parsed mentions to durable rows: brands matched, targets, full-text index, one commit a page.
In the same run the same columns are inserted plainly (no brands, no search), once with a commit a page and once with a
commit a row: the first says what the rest costs, the second what pages gain. Replay starts from posts that are stored
and scored already.
"""

import argparse
import json
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.demo_posts import stream
from models import Prediction, Sentiment
from monitor.clock import SystemClock, parse, to_ms
from monitor.domain import BUCKET, Mention, Page
from monitor.pipeline import alert, collect, detect
from monitor.pipeline.program import Program, build
from monitor.pipeline.tick import score_pending
from monitor.post_fields import Reading, to_mention
from monitor.settings import Settings, brand_cards, load
from monitor.store import Store

PAGE = 1000
CRISIS = "Down again:"  # begins each post of the crisis
CONFIG = Path("config")
COLUMNS = "platform, native_id, text, url, lang, author, followers, likes, reposts, replies, published_at"


@dataclass(frozen=True, slots=True)
class Result:
    """One figure."""

    name: str
    value: float
    unit: str
    goal: str = ""


class DrawnScorer:
    """Draws a feeling for each text from the text itself: what is measured is the pipeline, not a model."""

    name = "drawn"

    def predict(self, texts: Sequence[str], targets: Sequence[str | None] | None = None) -> list[Prediction]:
        """One prediction a text; the same text, the same numbers."""
        return [Prediction(sentiment=_drawn(text)) for text in texts]


def _drawn(text: str) -> Sentiment:
    negative = 0.88 if text.startswith(CRISIS) else random.Random(text).random() ** 2 * 0.9
    return Sentiment(negative, 0.9 - negative, 0.1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=__doc__)
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=300, help="rows of the one-commit-a-row comparison")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="where the databases lie: the disk that is measured")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args(arguments)
    mentions = read(asked.posts, asked.seed)
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="benchmark-") as folder:
        results = [*ingest(mentions, Path(folder), asked.rows), *replay(mentions, Path(folder))]
    show(results)
    if asked.json:
        asked.json.write_text(json.dumps([_record(each) for each in results], indent=2) + "\n", "utf-8")
    return 0


def read(count: int, seed: int) -> list[Mention]:
    """Invented posts, as a collector hands them over: a fifth by people who post often, three weeks of them."""
    reading = Reading(parse("2027-01-01"), event_time=True)
    return [to_mention(post, reading) for post in stream(count, seed)]


def ingest(mentions: Sequence[Mention], folder: Path, rows: int) -> Iterator[Result]:
    """Posts a second, with everything that keeping a post means, and beside it plain inserts."""
    with Store(folder / "ingest.db") as store:
        program = _program(store)
        began = time.perf_counter()
        for page in _pages(mentions):
            collect.keep(store, program.matcher, page, source="benchmark", now=program.clock.now())
        ours = len(mentions) / (time.perf_counter() - began)
        began = time.perf_counter()
        for page in islice(_pages(mentions), 10):
            collect.keep(store, program.matcher, page, source="benchmark", now=program.clock.now())
        again = min(len(mentions), 10 * PAGE) / (time.perf_counter() - began)
    by_page = plain_insert(mentions, folder / "page.db", PAGE)
    by_row = plain_insert(mentions[:rows], folder / "row.db", 1)
    yield Result("ingest, 1,000 posts a commit", ours, "posts/s", "≥ 10,000")
    yield Result("the same posts once more (all known)", again, "posts/s")
    yield Result("plain insert, a commit a page", by_page, "posts/s")
    yield Result("plain insert, a commit a row", by_row, "posts/s")
    yield Result("ingest against a commit a row", ours / by_row, "times")
    yield Result("ingest against plain pages", ours / by_page, "times")


def plain_insert(mentions: Sequence[Mention], path: Path, size: int) -> float:
    """Rows a second of an executemany into one table with a unique key, as durable as ours."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute(f"create table posts ({COLUMNS}, unique (platform, native_id))")
    began = time.perf_counter()
    for page in _batches(mentions, size):
        connection.execute("begin immediate")
        connection.executemany(f"insert into posts values ({', '.join('?' * 11)})", [_columns(each) for each in page])
        connection.execute("commit")
    seconds = time.perf_counter() - began
    connection.close()
    return len(mentions) / seconds


def replay(mentions: Sequence[Mention], folder: Path) -> Iterator[Result]:
    """Seconds for detection and alerting over posts that are stored and scored."""
    with Store(folder / "replay.db") as store:
        program = _program(store)
        for page in _pages(_with_crisis(mentions)):
            collect.keep(store, program.matcher, page, source="benchmark", now=program.clock.now())
        until = _end(mentions)
        began = time.perf_counter()
        score_pending(program, now=until)
        counted = time.perf_counter() - began
        began = time.perf_counter()
        found = detect.run(program, now=until)
        told = alert.run(program, now=until)
        seconds = time.perf_counter() - began
    yield Result(f"replay of {len(mentions):,} scored posts", seconds, "s", "< 20")
    yield Result("buckets inspected", found.buckets, "")
    yield Result("alerts opened", told.opened, "")
    yield Result("keeping scores, votes and counts", len(mentions) / counted, "posts/s")


def _with_crisis(mentions: Sequence[Mention]) -> Iterator[Mention]:
    """The posts, and half a day in which one brand's are four times as many: alerting has something to do."""
    middle = mentions[len(mentions) // 2].published_at
    for mention in mentions:
        yield mention
        if middle <= mention.published_at < middle + timedelta(hours=12) and "tarnwave" in mention.text.casefold():
            for copy in range(3):
                author = replace(mention.author, handle=f"{mention.author.handle}-{copy}")
                text = f"{CRISIS} {mention.text} {copy}"
                yield replace(mention, native_id=f"{mention.native_id}-{copy}", author=author, text=text)


def _program(store: Store) -> Program:
    settings = replace(_settings(), sources=(), receivers=(), routes=())
    return build(settings, store, SystemClock(), scorer=DrawnScorer())


def _settings() -> Settings:
    return replace(load(CONFIG), brands=brand_cards(CONFIG / "demo" / "brands.toml"))


def _pages(mentions: Sequence[Mention] | Iterator[Mention]) -> Iterator[Page]:
    for batch in _batches(mentions, PAGE):
        yield Page(mentions=tuple(batch), keep_unmatched=True)


def _batches(mentions: Sequence[Mention] | Iterator[Mention], size: int) -> Iterator[list[Mention]]:
    each = iter(mentions)
    while batch := list(islice(each, size)):
        yield batch


def _columns(mention: Mention) -> tuple[object, ...]:
    seen = mention.engagement
    return (
        mention.platform, mention.native_id, mention.text, mention.url, mention.lang, mention.author.handle,
        mention.author.followers, seen.likes, seen.reposts, seen.replies, to_ms(mention.published_at),
    )  # fmt: skip


def _end(mentions: Sequence[Mention]) -> datetime:
    return max(mention.published_at for mention in mentions) + 2 * BUCKET


def _record(result: Result) -> dict[str, object]:
    return {"name": result.name, "value": result.value, "unit": result.unit, "goal": result.goal}


def show(results: Sequence[Result]) -> None:
    """The table on stdout."""
    table = Table("figure", "value", "unit", "goal", title="Pipeline", title_justify="left")
    for each in results:
        table.add_row(
            each.name, f"{each.value:,.1f}" if each.value < 100 else f"{each.value:,.0f}", each.unit, each.goal
        )
    Console(highlight=False).print(table)


if __name__ == "__main__":
    raise SystemExit(main())
