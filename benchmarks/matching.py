"""How fast brands are found in texts, by how many names are watched for, and what the automaton takes of memory.

    python -m benchmarks.matching [--texts N] [--rounds N] [--seed N] [--json FILE]

Texts are those of the invented stream (benchmarks/_jetstream.py): one in fifty names one of the first ten brands, so
that each number of names finds the same. The figure is the best of several rounds, in seconds of the processor; memory
is what the resident set grew by as the matcher was made, in a process of its own.
"""

import argparse
import json
import multiprocessing
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks._jetstream import brand_terms, texts
from benchmarks.ingest import cards_of, resident
from monitor.analysis.brands import Matcher
from monitor.clock import EPOCH
from monitor.domain import Mention

SIZES = (10, 200, 10_000)
MATCHING = 50  # one text in so many names a brand


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one number of names came to."""

    terms: int
    per_second: float
    matched: int
    made_ms: float  # milliseconds to make the matcher
    memory: float | None  # MiB that it takes; None where the system does not tell


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.matching", description=__doc__)
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args(arguments)
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        results = [pool.apply(measure, (terms, asked.texts, asked.rounds, asked.seed)) for terms in SIZES]
    show(results)
    if asked.json:
        found = [asdict(each) for each in results]
        asked.json.write_text(json.dumps({"ratio": ratio(results), "results": found}, indent=2) + "\n", "utf-8")
    return 0


def measure(terms: int, count: int, rounds: int, seed: int) -> Result:
    """Texts a second with so many names."""
    mentions = read(count, seed)
    before, began = resident(), time.perf_counter()
    matcher = Matcher(cards_of(brand_terms(terms)))
    made, after = time.perf_counter() - began, resident()
    best, matched = float("inf"), 0
    for _ in range(rounds):
        began = time.process_time()
        matched = sum(bool(matcher.match(mention)) for mention in mentions)
        best = min(best, time.process_time() - began)
    memory = None if before is None or after is None else after - before
    return Result(terms=terms, per_second=count / best, matched=matched, made_ms=made * 1000, memory=memory)


def read(count: int, seed: int) -> list[Mention]:
    """Posts with the stream's texts."""
    names, chance = brand_terms(SIZES[0]), random.Random(seed)
    found = []
    for number, text in enumerate(texts(count, chance)):
        said = f"{text} {names[number // MATCHING % len(names)]}" if number % MATCHING == 0 else text
        found.append(Mention(platform="bluesky", native_id=str(number), text=said, published_at=EPOCH))
    return found


def ratio(results: Sequence[Result]) -> float:
    """How many times longer a text takes with the most names than with the fewest."""
    return results[0].per_second / results[-1].per_second


def show(results: Sequence[Result]) -> None:
    """The table on stdout."""
    table = Table("names", "texts/s", "matched", "made in", "memory", title="Matching", title_justify="left")
    for each in results:
        memory = "—" if each.memory is None else f"{each.memory:.1f} MiB"
        table.add_row(
            f"{each.terms:,}", f"{each.per_second:,.0f}", f"{each.matched:,}", f"{each.made_ms:.1f} ms", memory
        )
    console = Console(highlight=False)
    console.print(table)
    console.print(f"{results[-1].terms:,} names take {ratio(results):.2f} times as long as {results[0].terms:,}.")


if __name__ == "__main__":
    raise SystemExit(main())
