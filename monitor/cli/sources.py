"""Show the sources: which there are, how each is doing, what it costs, what is missing, what was set aside.

Knows the settings and the store's records of polls; asks no platform, but for `test`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import fmean
from typing import Annotated

import typer

from monitor.analysis import budget
from monitor.analysis.budget import Step
from monitor.cli._common import ConfigOption, DbOption, JsonOption, emit_json, new_app, settings_of, table, talk
from monitor.cli._sources_maintain import maintain
from monitor.cli._sources_test import try_source
from monitor.clock import SystemClock
from monitor.pipeline import limits
from monitor.pipeline.program import Source, source_from
from monitor.settings import SourceSettings, duration_text
from monitor.store import Store
from monitor.store.gaps import KnownGap
from monitor.store.maintenances import Maintenance
from monitor.store.sources import SourceHealth
from monitor.store.states import SourceState

app = new_app()
COLUMNS = ("source", "kind", "state", "every", "last success", "failures", "set aside", "last error")
REJECT_COLUMNS = ("source or file", "line", "reason", "row")
COST_COLUMNS = (
    "source", "spent today", "spent this month", "forecast for the month", "based on", "daily cap", "monthly cap",
    "plan", "units today",
)  # fmt: skip
GAP_COLUMNS = ("source", "since", "until", "missing", "filled at", "reason")
MOST_REJECTS = 1000
BASIS = 7  # days that a forecast is made from


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    config: ConfigOption = None,
    db: DbOption = None,
    rejects: Annotated[
        bool, typer.Option("--set-aside", help="Show the rows that were set aside, newest first, with the reason.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the sources: which there are, how each is doing, what it costs, what is missing, what was set aside."""
    if context.invoked_subcommand is not None:
        return
    settings = settings_of(config, db)
    if rejects:
        _show_rejects(settings.store.path, as_json=as_json)
        return
    shown = _all(settings.sources, settings.store.path)
    if as_json:
        emit_json([dict(zip(COLUMNS, each.row(), strict=True)) | {"states": each.plain()} for each in shown])
    else:
        table("Sources", COLUMNS, [each.row() for each in shown])


@app.command()
def cost(config: ConfigOption = None, db: DbOption = None, as_json: JsonOption = False) -> None:
    """Show what each source costs: today, this month, its caps, the plan in force.

    Amounts are US dollars, as the platforms state their prices; none where a platform bills nothing. Days and months
    are those of UTC. The forecast adds, for the rest of the month, the mean of the last seven days with polls.
    """
    settings, now = settings_of(config, db), SystemClock().now()
    path = settings.store.path
    if path.is_file():
        with Store(path, write=False) as store:
            rows = [_cost(store, source_from(source, settings), now) for source in settings.sources]
    else:
        rows = [(source.name, *[None] * 4, source.daily_cap, source.monthly_cap, Step.FULL.value, None)
                for source in settings.sources]  # fmt: skip
    if as_json:
        emit_json([dict(zip(COST_COLUMNS, row, strict=True)) for row in rows])
    else:
        money = [(row[0], *map(_dollars, row[1:4]), row[4], *map(_dollars, row[5:7]), *row[7:]) for row in rows]
        table("Cost of the sources", COST_COLUMNS, money)


@app.command()
def gaps(
    config: ConfigOption = None,
    db: DbOption = None,
    missing: Annotated[bool, typer.Option("--missing", help="Only what is missing still.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the ranges that could not be read, and which were filled since."""
    path = settings_of(config, db).store.path
    found: list[KnownGap] = []
    if path.is_file():
        with Store(path, write=False) as store:
            found = [gap for gap in store.sources.ranges.of() if gap.filled_at is None or not missing]
    rows: list[tuple[object, ...]] = [
        (gap.source, gap.since, gap.until, gap.filled_at is None, gap.filled_at, gap.reason) for gap in found
    ]
    if as_json:
        emit_json([dict(zip(GAP_COLUMNS, row, strict=True)) for row in rows])
    else:
        told = [(*row[:2], row[2] or "open", "yes" if row[3] else "no", *row[4:]) for row in rows]
        table("Gaps", GAP_COLUMNS, told)


def _cost(store: Store, source: Source, now: datetime) -> tuple[object, ...]:
    polls, name = store.sources.polls, source.name
    day = budget.day_of(now)
    today = polls.spent(name, day, day + budget.DAY)
    month = polls.spent(name, budget.month_of(now), budget.next_month(now))
    a_day, basis = _a_day(polls.days(name, day, most=BASIS), today.cost, now)
    plan, caps = limits.plan_of(store, source, now=now), source.caps
    words = plan.step.value + (f": {plan.words}" if plan.words else "")
    forecast = budget.forecast(month.cost, a_day, now=now)
    return (
        name, today.cost, month.cost, forecast, basis, caps.daily, caps.monthly, words, today.units,
    )  # fmt: skip


def _a_day(days: Sequence[float], today: float | None, now: datetime) -> tuple[float | None, str | None]:
    """What a day costs, and what says so: whole days, or the part of the first one."""
    if days:
        return fmean(days), f"the mean of {len(days)} day{'' if len(days) == 1 else 's'} with polls"
    if today is None:
        return None, None
    return today / max((now - budget.day_of(now)) / budget.DAY, 1 / 24), "today so far"


def _dollars(value: object) -> str | None:
    return None if value is None else f"${value:.2f}"


def _show_rejects(path: Path, *, as_json: bool) -> None:
    """The newest rows that were set aside, of every source and of every file that was given by hand."""
    with Store(path, write=False) as store:
        found = store.sources.rejects(limit=MOST_REJECTS)
        total = store.sources.reject_count()
    rows: list[tuple[object, ...]] = [(source, item.line, item.reason, item.raw) for source, item in found]
    if as_json:
        emit_json([dict(zip(REJECT_COLUMNS, row, strict=True)) for row in rows])
        return
    table("Set aside", REJECT_COLUMNS, rows)
    if total > len(rows):
        talk.print(f"The newest {len(rows)} of {total} rows.", markup=False)


@dataclass(frozen=True, slots=True)
class _Shown:
    """One source as it is shown."""

    source: SourceSettings
    health: SourceHealth | None = None
    states: Sequence[SourceState] = ()
    rejects: int | None = None
    maintenance: Maintenance | None = None

    def row(self) -> tuple[object, ...]:
        source, health = self.source, self.health
        return (
            source.name, source.kind, self._state(), duration_text(source.every),
            health.last_success if health else None, health.failures if health else None, self.rejects,
            health.last_error if health else None,
        )  # fmt: skip

    def _state(self) -> str:
        if not self.source.enabled:
            return "switched off"
        lasting = self.lasting()
        if self.maintenance is not None:
            told = f"in maintenance until {self.maintenance.until:%Y-%m-%d %H:%M} UTC ({self.maintenance.why})"
            return "; ".join([told, *(_told(*each) for each in lasting)])
        if not lasting:
            return "read" if self.health and self.health.last_poll else "never read"
        return "; ".join(_told(*each) for each in lasting)

    def lasting(self) -> list[tuple[str, datetime, str]]:
        """Every state that lasts, with its start and detail, blind first; none of a source that is switched off."""
        if not self.source.enabled:
            return []
        found = [(each.state, each.since, each.detail) for each in self.states]
        if self.health and self.health.blind_since:
            found.insert(0, ("blind", self.health.blind_since, self.health.last_error or ""))
        return found

    def plain(self) -> list[dict[str, object]]:
        """The same for programs."""
        lasting = self.lasting()
        if self.maintenance is not None:
            lasting.insert(0, ("maintenance", self.maintenance.since, self.maintenance.why))
        return [dict(zip(("state", "since", "detail"), each, strict=True)) for each in lasting]


def _told(state: str, since: datetime, detail: str) -> str:
    """A state in words; why a source is blind stands under its last error."""
    words = f"{state} since {since:%Y-%m-%d %H:%M} UTC"
    return words if state == "blind" or not detail else f"{words} ({detail})"


def _all(sources: Sequence[SourceSettings], path: Path) -> list[_Shown]:
    if not path.is_file():
        return [_Shown(source) for source in sources]
    with Store(path, write=False) as store:
        health, states = store.sources.health(), store.sources.states.lasting()
        working = store.maintenances.active(SystemClock().now())
        return [
            _Shown(
                each, health.get(each.name), states.get(each.name, ()), store.sources.reject_count(each.name),
                working.get(each.name),
            )
            for each in sources
        ]  # fmt: skip


app.command("test")(try_source)
app.command("maintain")(maintain)
