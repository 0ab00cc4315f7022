"""Replay a stretch of the past by the live code: what fires, how often falsely, how early; what a change does.

Reads the database, also while a program works on it, and writes nothing to it. Knows the words and the files.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli import _backtest_words as words
from monitor.cli import _rule_change, harmless
from monitor.cli._backtest_chart import write_chart
from monitor.cli._backtest_rows import Found, document, rate_of, write
from monitor.cli._common import (
    ConfigOption,
    DbOption,
    JsonOption,
    emit_json,
    moment,
    named,
    new_app,
    progress,
    readable,
    settings_of,
    talk,
)
from monitor.cli.complaints import read_file
from monitor.clock import SystemClock
from monitor.domain import Complaint
from monitor.errors import InputError
from monitor.pipeline import backtest
from monitor.pipeline.backtest import Backtest
from monitor.pipeline.lead import lead
from monitor.pipeline.program import Program, Rule, build
from monitor.settings import RuleSettings
from monitor.store import Store
from monitor.store.complaints import FILE

app = new_app()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    since: datetime | None
    until: datetime | None
    brands: tuple[str, ...]
    now: datetime


@app.command()
def main(
    rule: Annotated[
        str | None, typer.Option("--rule", help="One rule of alerts.toml; all together if left out.")
    ] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="TIME", help="Fired at or after.")] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Fired before.")] = None,
    brand: Annotated[list[str] | None, typer.Option("--brand", help="Only this brand; can be said again.")] = None,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="The rule with another setting, and what that changes."),
    ] = None,
    against: Annotated[str | None, typer.Option("--against", metavar="RULE", help="Compare with another rule.")] = None,
    complaints: Annotated[
        Path | None,
        typer.Option("--complaints", metavar="FILE.csv", help="created_at,brand[,count], beside those stored."),
    ] = None,
    chart: Annotated[Path | None, typer.Option("--chart", metavar="FILE.png", help="A picture: .png or .svg.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.csv", help="A row for each incident.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the samples behind the interval of the lag.")] = 1,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    db: DbOption = None,
) -> None:
    """Replay a stretch of the past by the live code: what fires, how often falsely, how early; what a change does."""
    out, chart = named(out, "--out"), named(chart, "--chart")
    if chart is not None and chart.suffix.lower() not in (".png", ".svg"):
        raise InputError(f'--chart "{chart}" must end in .png or .svg.')
    with _reading(config, db) as program:
        now = program.clock.now()
        asked = _Asked(
            since=moment(since, "--from"), until=moment(until, "--to"), brands=tuple(map(readable, brand or ())),
            now=now,
        )  # fmt: skip
        if asked.since is not None and asked.since >= (asked.until or now):
            raise InputError(f'--from "{since}" must lie before {until or "now"}.')
        found = _tested(program, asked, rule, change or [], against)
        held = _complaints(program, complaints, now)
        if held:
            found = replace(found, lead=lead(program, found.tested, held, seed=seed))
        if chart is not None:
            write_chart(program, found.tested, found.after, found.lead, chart)
    if out is not None:
        write(found, out)
    if as_json:
        emit_json(document(found))
    else:
        _show(found)


@contextmanager
def _reading(config: Path | None, db: Path | None) -> Iterator[Program]:
    settings = settings_of(config, db)
    with Store(settings.store.path, write=False) as store:
        yield build(settings, store, SystemClock())


def _tested(program: Program, asked: _Asked, rule: str | None, change: Sequence[str], against: str | None) -> Found:
    settings = program.settings
    if change and against:
        raise InputError("--set and --against each name what to compare with. Say one of them.")
    chosen = settings.rules if rule is None and not change and against is None else ()
    rules = chosen or (_rule_change.rule_of(settings, rule),)
    tested = _run(program, rules, asked)
    if not tested.brands:
        names = ", ".join(f'"{harmless(each)}"' for each in tested.unwatched)
        raise InputError(
            f"there is nothing to test{f' of {names}' if names else ''}: no such brand, a competitor, no rule, or no"
            " posts in that time."
        )
    found = Found(tested=tested, rules=tuple(rules))
    if not change and against is None:
        return found
    other = _rule_change.changed(rules[0], change) if change else _rule_change.rule_of(settings, against)
    after = _run(program, (other,), asked)
    lines = tuple(_rule_change.toml_lines(rules[0], other)) if change else ()
    return replace(found, change=backtest.compare(tested, after), after=after, lines=lines)


def _run(program: Program, rules: Sequence[RuleSettings], asked: _Asked) -> Backtest:
    made: tuple[Rule, ...] = build(replace(program.settings, rules=tuple(rules)), program.store, program.clock).rules
    if len(made) == 1 and not getattr(made[0].detector, "alarm", True):
        raise InputError(f'rule "{made[0].name}" alarms nobody: what it finds stands in the digest.')
    with progress("replaying", len(asked.brands) or len(program.store.detection.brands())) as shown:
        done: list[str] = []

        def one_more(brand: str) -> None:
            done.append(brand)
            shown(len(done))

        return backtest.run(
            program, made, now=asked.now, since=asked.since, until=asked.until, brands=asked.brands, shown=one_more
        )


def _complaints(program: Program, file: Path | None, now: datetime) -> list[Complaint]:
    """Those that are stored, and those of a file that are not among them."""
    stored = program.store.complaints.all(until=now)
    if file is None:
        return stored
    known = {each.native_id for each in stored}
    return [*stored, *(each for each in read_file(file, now=now).rows if f"{FILE}:{each.native_id}" not in known)]


def _show(found: Found) -> None:
    words.show(found.tested, {rule.name: rate_of(rule) for rule in found.rules})
    if found.tested.unwatched:
        talk.print(f"Not tested: {', '.join(harmless(each) for each in found.tested.unwatched)}.", markup=False)
    if found.change is not None:
        words.show_change(found.change)
        talk.print(f"With the change: {words.change_words(found.change)}.", markup=False)
    if found.lines:
        talk.print(f'\nTo keep it, write into [[rule]] "{found.rules[0].name}" of alerts.toml:', markup=False)
        for line in found.lines:
            talk.print(f"  {line}", markup=False)
    if found.lead is not None:
        words.show_ledger(found.lead.ledger)
        for said in words.lead_words(found.lead):
            talk.print(f"{said[:1].upper()}{said[1:]}.", markup=False)
        if found.lead.strangers:
            names = ", ".join(harmless(each) for each in found.lead.strangers[:5])
            talk.print(f"Complaints of brands that were not tested are left out: {names}.", markup=False)
