"""How fast a network's whole stream is taken in: read, sieved, matched and kept, and how much memory that takes.

    python -m benchmarks.ingest [--posts N] [--terms N] [--matching SHARE] [--seed N] [--folder FOLDER] [--json FILE]

Another process sends an invented stream as Jetstream does (benchmarks/_jetstream.py) over a websocket on loopback. The
collector `bluesky` as it ships reads it; each page is matched and kept as the program does it, in a database on disk,
one commit a page. What is counted is lines of the stream from the first byte to the last commit. Memory is this
process's resident set, looked at every 100,000 lines: of a stream that is read in pieces it must not grow.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks._jetstream import brand_terms
from monitor import plugins
from monitor.analysis.brands import Matcher, query
from monitor.clock import SystemClock
from monitor.domain import Brand
from monitor.pipeline.collect import keep
from monitor.store import Store

STEP = 100_000
HOUR = timedelta(hours=1)
A_CARD = 4  # terms on one brand card


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one reading of the stream came to. Memory is in MiB, by thousands of lines read."""

    lines: int
    terms: int
    kept: int
    seconds: float
    per_second: float
    pages: int
    memory: dict[int, float | None]

    @property
    def growth(self) -> float | None:
        """MiB between the second look and the last; None where there were fewer than three, or none can be had."""
        seen = [each for each in list(self.memory.values())[1:] if each is not None]
        return seen[-1] - seen[0] if len(seen) > 1 else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=__doc__)
    parser.add_argument("--posts", type=int, default=100_000, help="lines of the stream")
    parser.add_argument("--terms", type=int, default=200)
    parser.add_argument("--matching", type=float, default=0.02, help="share of the posts that name a brand, 0 to 1")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="where the database lies: the disk that is measured")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="benchmark-") as folder, stream(asked) as port:
        result = read(port, Path(folder), asked)
    show(result, asked.matching)
    if asked.json:
        asked.json.write_text(json.dumps(asdict(result) | {"growth": result.growth}, indent=2) + "\n", "utf-8")
    return 0


@contextmanager
def stream(asked: argparse.Namespace) -> Iterator[int]:
    """A process that serves the stream; its port."""
    told = {"lines": asked.posts, "matching": asked.matching, "terms": asked.terms, "seed": asked.seed}
    words = [word for name, value in told.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "benchmarks._jetstream", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.kill()


def read(port: int, folder: Path, asked: argparse.Namespace) -> Result:
    """Take in the whole stream through the collector, the matcher and the store."""
    cards = cards_of(brand_terms(asked.terms))
    kind = plugins.load("collectors", "bluesky")
    host = f"127.0.0.1:{port}"
    options = kind.Options(
        stream_url=f"ws://{host}/subscribe", allow_private_hosts=(host,), max_messages=10**9, max_seconds=3600.0,
        idle_seconds=60.0, replay_hours=1.0,
    )  # fmt: skip
    now, watch = SystemClock().now(), _Watch()
    with Store(folder / "ingest.db") as store:
        matcher, pages = Matcher(cards), 0
        began = time.perf_counter()
        for page in kind("stream", options).pages(query(cards), None, now=now):
            pages += 1
            keep(store, matcher, page, source="stream", now=now)
            watch.look(page.coverage.until - now + HOUR if page.coverage.until else timedelta(0), asked.posts)
        seconds = time.perf_counter() - began
        kept = store.mentions.count()
    return Result(
        lines=asked.posts, terms=asked.terms, kept=kept, seconds=seconds, per_second=asked.posts / seconds,
        pages=pages, memory=watch.seen,
    )  # fmt: skip


class _Watch:
    """Looks at the memory as the reading gets on; how far it is, the stream's times tell."""

    def __init__(self) -> None:
        self.seen: dict[int, float | None] = {}

    def look(self, read: timedelta, lines: int) -> None:
        done = int(read / timedelta(minutes=50) * lines) // STEP * STEP
        if done and done not in self.seen:
            self.seen[done] = resident()


def resident() -> float | None:
    """MiB of memory that this process has now; None where the system does not tell."""
    try:
        told = Path("/proc/self/status").read_text("ascii")
    except OSError:
        return None
    return int(told.partition("VmRSS:")[2].split()[0]) / 1024


def cards_of(terms: Sequence[str]) -> list[Brand]:
    """Brand cards with a few names each."""
    groups = [terms[start : start + A_CARD] for start in range(0, len(terms), A_CARD)]
    return [Brand(name=group[0], names=tuple(group[1:])) for group in groups]


def show(result: Result, matching: float) -> None:
    """The table on stdout."""
    table = Table("figure", "value", title="Ingest", title_justify="left")
    table.add_row("lines of the stream", f"{result.lines:,}")
    table.add_row("terms watched for", f"{result.terms:,}")
    table.add_row("posts that were to match", f"{matching:.1%}")
    table.add_row("posts kept", f"{result.kept:,}")
    table.add_row("commits", f"{result.pages:,}")
    table.add_row("seconds", f"{result.seconds:,.1f}")
    table.add_row("lines/s", f"{result.per_second:,.0f}")
    for lines, memory in result.memory.items():
        table.add_row(f"memory after {lines:,}", "—" if memory is None else f"{memory:,.1f} MiB")
    table.add_row("growth since the second look", "—" if result.growth is None else f"{result.growth:+.1f} MiB")
    Console(highlight=False).print(table)


if __name__ == "__main__":
    raise SystemExit(main())
