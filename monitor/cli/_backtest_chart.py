"""The picture of a backtest: what was counted of each brand, and when rules fired. Knows the store and the chart."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from monitor.charts import backtest as chart
from monitor.clock import floor
from monitor.errors import InputError
from monitor.pipeline.backtest import Backtest, Fire, Watched
from monitor.pipeline.lead import Lead
from monitor.pipeline.program import Program

HOUR = timedelta(hours=1)
SLOTS = (HOUR, 3 * HOUR, 6 * HOUR, 24 * HOUR, 7 * 24 * HOUR)
POINTS = 1_500  # of a row, at most
_VERDICTS = {True: chart.REAL, False: chart.FALSE, None: chart.UNJUDGED}


def write_chart(program: Program, tested: Backtest, after: Backtest | None, lead: Lead | None, target: Path) -> None:
    """Draw the brands with the most fires, a dozen at most. Raises InputError where the file cannot be written."""
    changed = {each.brand: each for each in after.brands} if after else {}
    most = sorted(tested.brands, key=lambda each: (-len(_fires(each, changed)), each.brand))[: chart.MOST_ROWS]
    longest = max(each.until - each.since for each in most)
    slot = next((each for each in SLOTS if longest / each <= POINTS), SLOTS[-1])
    rows = [
        chart.Row(
            brand=each.brand, counts=_counts(program, each, slot),
            moments=tuple(_moments(each, changed.get(each.brand), lead)),
        )
        for each in sorted(most, key=lambda each: each.brand)
    ]  # fmt: skip
    title, unit = f"Backtest of {', '.join(tested.rules)}", f"negative posts in {_words(slot)}"
    try:
        picture = chart.svg(title, unit, rows).encode() if _is_svg(target) else chart.png(title, unit, rows)
        target.write_bytes(picture)
    except ValueError as error:
        raise InputError(f"{target}: {error}. Name an .svg, or fewer brands with --brand.") from error
    except OSError as error:
        raise InputError(f"{target} cannot be written ({error.strerror}). Name a file elsewhere.") from error


def _is_svg(target: Path) -> bool:
    return target.suffix.lower() == ".svg"


def _fires(watched: Watched, changed: dict[str, Watched]) -> tuple[Fire, ...]:
    return (*watched.fires, *(changed[watched.brand].fires if watched.brand in changed else ()))


def _counts(program: Program, watched: Watched, slot: timedelta) -> list[tuple[datetime, float | None]]:
    """Sums of a slot each; a slot without any post counts as zero."""
    hours = program.store.proofs.negatives_by_hour(watched.brand, watched.since, watched.until)
    start = floor(watched.since, slot)
    sums = [0.0] * max(2, -((start - watched.until) // slot))
    for hour, negatives in hours.items():
        sums[min(len(sums) - 1, max(0, (hour - start) // slot))] += negatives
    return [(start + place * slot, total) for place, total in enumerate(sums)]


def _moments(watched: Watched, changed: Watched | None, lead: Lead | None) -> Iterator[chart.Moment]:
    for fire in watched.fires:
        yield chart.Moment(at=fire.incident.opened_at, kind=chart.FIRES, verdict=_VERDICTS[fire.real])
    for fire in changed.fires if changed else ():
        yield chart.Moment(at=fire.incident.opened_at, kind=chart.CHANGED, verdict=_VERDICTS[fire.real])
    if lead is not None:
        rises = {entry.rise for entry in lead.ledger.entries if entry.rise is not None} | set(lead.ledger.missed)
        for rise in sorted(rises, key=lambda each: each.first):
            if rise.brand == watched.brand:
                yield chart.Moment(at=rise.first, kind=chart.COMPLAINTS)


def _words(slot: timedelta) -> str:
    hours = round(slot / HOUR)
    return {1: "an hour", 24: "a day", 168: "a week"}.get(hours, f"{hours} hours")
