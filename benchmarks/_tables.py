"""The benchmark's tables for people. Knows what is shown, not how it was measured."""

from collections.abc import Iterable, Sequence

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from benchmarks._compare import Row
from benchmarks._count_series import CountSeries, scored_windows
from benchmarks._judging import Tally, Young, summary, young_summary
from benchmarks._labelled import Labelled
from benchmarks._lasting import Told


def show(console: Console, table: Table, *, markdown: bool) -> None:
    """Print a table, for a terminal or for a document."""
    if markdown:
        console.print(f"{table.title}\n")
        table.title, table.box = None, MARKDOWN
        for row in table.rows:
            row.end_section = False  # a line there would begin a table of its own
    console.print(table)


def comparison(world: str, rows: Sequence[Row]) -> Table:
    """Every method on one world of invented brands."""
    first = rows[0].tally
    found = _table(
        f"{world} world: {first.crises} confirmable crises, {first.weeks:.0f} brand-weeks without one",
        "method",
        ("false a week", "worst", "detected / early", "3x and more", "before peak", "delay", "µs a bucket", "limit"),
    )
    for place, row in enumerate(rows):
        new = place > 0 and (rows[place - 1].group, "tuned" in rows[place - 1].name) != (row.group, "tuned" in row.name)
        if new and row.group != "ours":
            found.add_section()
        limit = "" if row.limit is None else f"{row.limit:.3g}"
        found.add_row(row.name, *cells(row.tally), limit)
    return found


def cells(tally: Tally) -> Iterable[str]:
    """One row's figures as text."""
    of = summary(tally)
    return (
        f"{of['false_alarms_per_brand_week']:.2f}",
        f"{of['worst_brand']:.1f}",
        f"{of['detected']:.0%} / {of['early']:.0%}",
        f"{of['detected_3x']:.0%} / {of['early_3x']:.0%}",
        f"{of['before_peak']:.0%}",
        f"{of['median_delay_minutes']:.0f} min",
        f"{of['microseconds_per_bucket']:.1f}",
    )


def labelled(found: dict[str, Labelled], every: Sequence[CountSeries]) -> Table:
    """Every method on the labelled series."""
    windows = sum(len(scored_windows(series)) for series in every)
    table = _table(
        f"{len(every)} labelled series, {windows} windows: the benchmark's standard score, at most one message a day",
        "method",
        ("untuned", "false rows", "a week", "threshold optimised", "leaving one out"),
    )
    for name, of in found.items():
        untuned = "" if of.untuned is None else f"{of.untuned:.1f}"
        false = ("", "") if of.untuned is None else (str(of.false_rows), f"{of.false_per_week:.2f}")
        table.add_row(name, untuned, *false, f"{of.optimised:.1f}", f"{of.leaving_one_out:.1f}")
    return table


def asked(measured: dict[str, dict[float, float]], detector: str = "counts") -> Table:
    """False alarms asked for against those measured, place by place."""
    rates = sorted({rate for of in measured.values() for rate in of})
    table = _table(f"{detector}: false alarms a week, asked and measured", "asked", [f"{rate:.2f}" for rate in rates])
    for place, of in measured.items():
        table.add_row(place, *(f"{of[rate]:.2f}" if rate in of else "" for rate in rates))
    return table


def young(total: dict[str, Young]) -> Table:
    """The detector on brands with a short history."""
    first = next(iter(total.values()))
    found = _table(
        f"First two weeks of small brands: {first.crises} crises of 1.5 to 4 times, {first.weeks:.0f} calm weeks",
        "method",
        ("false a week", "detected", "in 3 h", "in 6 h", "in 10 h", "delay"),
    )
    for name, of in total.items():
        false, *shares, delay = young_summary(of).values()
        found.add_row(name, f"{false:.2f}", *(f"{share:.0%}" for share in shares), f"{delay:.1f} h")
    return found


def _table(title: str, first: str, heads: Iterable[str]) -> Table:
    found = Table(title=title, title_justify="left")
    found.add_column(first, justify="left")
    for head in heads:
        found.add_column(head, justify="right")
    return found


def told(title: str, rows: dict[str, Told]) -> Table:
    """What a detector told of brands of several kinds."""
    brands = next(iter(rows.values())).brands
    table = _table(f"{title}: {brands} brands of each kind", "what happens", ("told", "days", "false a week"))
    for kind, of in rows.items():
        found = "" if of.delay is None else f"{of.found / of.brands:.0%}"
        table.add_row(kind, found, "" if of.delay is None else f"{of.delay:.1f}", f"{of.false_a_week:.3f}")
    return table
