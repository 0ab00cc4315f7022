"""How well and how fast spikes are told, beside what people use and what was published.

    python -m benchmarks.detection [--series FOLDER] [--chart FILE.svg] [--json FILE] [--quick]
    python -m benchmarks.detection --beside      (the detectors `share` and `changepoint`)
    python -m benchmarks.detection --speed

Invented brands have known crises and nuisances, in a plain world (benchmarks/_simulator.py) and in a harsh one
(benchmarks/_harsh.py). Limits are solved on other seeds than those that are measured, so that every method has the
same 0.10 false alarms per brand and week where it was tuned; what is counted how: benchmarks/_judging.py. A table is
about small brands in their first two weeks (benchmarks/_short_history.py), and one about labelled real series
(benchmarks/_count_series.py).
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

from rich.console import Console

from benchmarks import _tables
from benchmarks._chart import draw
from benchmarks._compare import Row, compare
from benchmarks._count_series import read_folder
from benchmarks._judging import Rule, Tally, Young, judge, judge_young, summary, young_summary
from benchmarks._labelled import asked_on_series, label, real
from benchmarks._lasting import CHANGES, NOTHING, TURNS, lasting, share_false, turned
from benchmarks._method import LEARNING, Method, cooled
from benchmarks._methods import EVERY
from benchmarks._ours import RATES, ours, scored
from benchmarks._short_history import simulate_short
from benchmarks._speed import measure
from benchmarks._worlds import WORLDS
from monitor import plugins
from monitor.detectors.counts import Options

__all__ = ["compare", "judge", "label", "main", "ours", "real", "rules", "scored", "simulation", "summary"]

TRAINING = 100  # brands on which limits are solved
QUICK = {"brands": 12, "weeks": 8, "training": 20}


def rules() -> dict[str, Rule]:
    """Ours at several asked rates, and the rules that people use."""
    found: dict[str, Rule] = {
        f"counts, {rate:.2f} a week asked": partial(ours, options=Options(false_alarms_per_week=rate)) for rate in RATES
    }
    return found | {method.name: _as_used(method) for method in EVERY if method.usual_limit is not None}


def _as_used(method: Method) -> Rule:
    limit = method.usual_limit or 0.0
    return lambda brand: cooled(method.figures(brand), limit, begin=LEARNING)


def one_brand(seed: int, weeks: int, world: str = "plain") -> dict[str, Tally]:
    """Every rule on one invented brand."""
    brand = WORLDS[world](seed, weeks)
    return {name: judge(rule, brand) for name, rule in rules().items()}


def simulation(brands: int, weeks: int, seed: int, world: str = "plain") -> dict[str, Tally]:
    """Every rule on all invented brands, on as many processes as there are cores."""
    total = {name: Tally() for name in rules()}
    with ProcessPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for found in pool.map(partial(one_brand, weeks=weeks, world=world), range(seed, seed + brands)):
            total = {name: tally + found[name] for name, tally in total.items()}
    return total


def one_young(seed: int) -> dict[str, Young]:
    """Ours on one invented brand with a crisis and one without."""
    pair = [simulate_short(seed, crisis) for crisis in (True, False)]
    found = {name: rule for name, rule in rules().items() if name.startswith("counts")}
    return {name: sum((judge_young(rule, brand) for brand in pair), Young()) for name, rule in found.items()}


def short_history(brands: int, seed: int) -> dict[str, Young]:
    """Ours on all invented brands with a short history."""
    every = [one_young(each) for each in range(seed, seed + brands)]
    return {name: sum((of[name] for of in every), Young()) for name in every[0]}


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description=__doc__.partition("\n")[0])
    parser.add_argument("--brands", type=int, help="invented brands to measure on (44)")
    parser.add_argument("--weeks", type=int, help="weeks of each (10)")
    parser.add_argument("--training", type=int, help=f"other brands, on which limits are solved ({TRAINING})")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--world", choices=list(WORLDS), action="append", help="only this one (both)")
    parser.add_argument("--series", "--counts", type=Path, help="folder of labelled series: NAME.csv and windows.json")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--chart", type=Path, help="file for the picture, .svg or .png")
    parser.add_argument("--markdown", action="store_true", help="tables as Markdown, for a document")
    parser.add_argument("--quick", action="store_true", help="fewer brands and weeks, for a first look")
    parser.add_argument("--beside", action="store_true", help="only the detectors share and changepoint")
    parser.add_argument("--speed", action="store_true", help="only how fast detectors are")
    asked = parser.parse_args(given)
    full = {"brands": 44, "weeks": 10, "training": TRAINING}
    for name, value in (QUICK if asked.quick else full).items():
        if getattr(asked, name) is None:
            setattr(asked, name, value)
    return asked


def speed(console: Console, seed: int, count: int = 1000) -> dict[str, dict[str, float]]:
    """How fast each detector is that ships."""
    found = {}
    for kind in plugins.kinds("detectors"):
        plugin = plugins.load("detectors", kind)
        found[kind] = asdict(measure(plugin(kind, plugin.Options()), count, seed))
    for kind, of in found.items():
        console.print(
            f"{kind}: {of['brands']} brands, one day of five-minute buckets in {of['seconds']:.1f} s on one core "
            f"({of['microseconds']:.1f} µs a bucket); memory {of['state_bytes'] / 1000:.1f} kB a brand (largest "
            f"{of['largest_state'] / 1000:.1f} kB), read and written in {of['turn_microseconds']:.0f} µs"
        )
    return found


def main(given: Sequence[str]) -> None:
    """Measure, show, write."""
    asked = arguments(given)
    console = Console(width=200 if asked.markdown else 150)
    figures: object
    if asked.speed:
        figures = {"speed": speed(console, asked.seed)}
    else:
        figures = beside(console, asked) if asked.beside else quality(console, asked)
    if asked.json is not None:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def beside(console: Console, asked: argparse.Namespace) -> dict[str, object]:
    """The tables of `share` and `changepoint`; what was measured, by name."""
    count, seed = asked.brands, asked.seed
    changes = {kind: lasting(kind, count, seed) for kind in (*NOTHING, *CHANGES)}
    _tables.show(console, _tables.told("changepoint", changes), markdown=asked.markdown)
    turns = {kind: turned(kind, count, seed) for kind in ("nothing", *TURNS)}
    _tables.show(console, _tables.told("share", turns), markdown=asked.markdown)
    measured = {
        f"{world} world": {
            rate: summary(share_false(world, rate, count, asked.weeks, seed))["false_alarms_per_brand_week"]
            for rate in RATES
        }
        for world in WORLDS
    }
    _tables.show(console, _tables.asked(measured, "share"), markdown=asked.markdown)
    told = {name: {kind: asdict(of) for kind, of in rows.items()} for name, rows in (("c", changes), ("s", turns))}
    return {"changepoint": told["c"], "share": told["s"], "share_asked": measured}


def quality(console: Console, asked: argparse.Namespace) -> dict[str, object]:
    """All tables but that of speed; what was measured, by name."""
    tables: dict[str, list[Row]] = {}
    for world in asked.world or WORLDS:
        tables[world] = compare(world, asked.brands, asked.training, asked.weeks, asked.seed)
        _tables.show(console, _tables.comparison(world, tables[world]), markdown=asked.markdown)
    young = short_history(asked.brands, asked.seed)
    _tables.show(console, _tables.young(young), markdown=asked.markdown)
    measured = {f"{world} world": _by_asked(rows) for world, rows in tables.items()}
    figures: dict[str, object] = {world: _figures(rows) for world, rows in tables.items()}
    figures["short_history"] = {name: young_summary(of) for name, of in young.items()}
    if asked.series is None or not (asked.series / "windows.json").is_file():
        console.print("No labelled series were measured: name their folder (NAME.csv, windows.json) with --series.")
    else:
        every = read_folder(asked.series)
        found = label(every, _limits(next(iter(tables.values()))))
        _tables.show(console, _tables.labelled(found, every), markdown=asked.markdown)
        figures["series"] = {name: asdict(of) for name, of in found.items()}
        measured["labelled series"] = asked_on_series(every)
    _tables.show(console, _tables.asked(measured), markdown=asked.markdown)
    figures["asked"] = measured
    if asked.chart is not None:
        draw(tables, asked.chart)
    return figures


def _limits(rows: Sequence[Row]) -> dict[str, float]:
    """What the methods were tuned to, by the name that they have without that."""
    return {row.name.removesuffix(", tuned"): row.limit for row in rows if row.limit is not None}


def _by_asked(rows: Sequence[Row]) -> dict[float, float]:
    return {
        row.limit or 0.0: summary(row.tally)["false_alarms_per_brand_week"]
        for row in rows
        if row.name.endswith(" asked")
    }


def _figures(rows: Sequence[Row]) -> dict[str, dict[str, float | None]]:
    return {row.name: {**summary(row.tally), "limit": row.limit} for row in rows}


if __name__ == "__main__":
    main(sys.argv[1:])
