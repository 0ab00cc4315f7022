"""Silence alerts for a while: add, list, end, and preview what a silence would have muted.

Knows what a silence matches, and the store; decides nothing about who is told. Those of alerts.toml are listed as well.
"""

import getpass
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

import typer

from monitor.alerting.routing import About, pattern_of
from monitor.alerting.severity import SEVERITIES
from monitor.alerting.silences import Matchers, Silence, would_mute
from monitor.cli._common import (
    ConfigOption,
    DbOption,
    JsonOption,
    beside,
    counted,
    duration,
    emit_json,
    moment,
    new_app,
    table,
    talk,
)
from monitor.clock import iso
from monitor.domain import real_brand
from monitor.errors import InputError
from monitor.pipeline import tell
from monitor.pipeline.program import Program
from monitor.store.notices import PastAlert

app = new_app(no_args_is_help=True)
COLUMNS = ("silence", "mutes", "since", "until", "by", "why", "state")
PAST_COLUMNS = ("alert", "at", "brand", "rule", "slice", "severity", "incident", "notices")
MOST = 2**62  # of a number
MOST_PAST = 100_000
SHOWN_PAST = 50
LONGEST = timedelta(days=366)

BrandOption = Annotated[
    list[str] | None, typer.Option("--brand", help="Only of this brand; * stands for any letters. May be repeated.")
]
RuleOption = Annotated[list[str] | None, typer.Option("--rule", help="Only by this rule. May be repeated.")]
SliceOption = Annotated[
    list[str] | None,
    typer.Option("--slice", help='Only of this part, as in "touchpoint=delivery" or "whole". May be repeated.'),
]
SeverityOption = Annotated[str, typer.Option("--severity", help="The gravest that it mutes: low, medium or high.")]
IncidentOption = Annotated[
    int | None, typer.Option("--incident", min=1, max=MOST, help="Only this incident, by its number.")
]
DaysOption = Annotated[int, typer.Option("--days", min=1, max=3650, help="How far back the preview looks.")]
ByOption = Annotated[str | None, typer.Option("--by", help="Who wants it; else your name on this machine.")]


@app.callback()
def main() -> None:
    """Silence alerts for a while: add, list, end, and preview what a silence would have muted."""


@app.command()
def add(
    lasts: Annotated[str | None, typer.Option("--for", metavar="DURATION", help="How long, as in 4h or 2d.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Until when, instead of --for.")] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="TIME", help="From when; else from now on.")] = None,
    why: Annotated[str, typer.Option("--why", help="Why; everybody who looks for a missing message reads it.")] = "",
    by: ByOption = None,
    brand: BrandOption = None,
    rule: RuleOption = None,
    slice_: SliceOption = None,
    severity: SeverityOption = SEVERITIES[-1],
    incident: IncidentOption = None,
    config: ConfigOption = None,
    db: DbOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mute what fits all that is named, and say what that would have muted in the last 30 days.

    Closing messages are told all the same, to everyone who was told. What still fires when the silence ends is told
    then.
    """
    matchers = _matchers(brand, rule, slice_, severity, incident)
    if not why.strip():
        raise InputError('--why is missing; say why, as in --why "planned maintenance of the shop".')
    with beside(config, db) as program:
        now = program.clock.now()
        start = (moment(since, "--from") or now).replace(microsecond=0)
        end = _end(start, lasts, until, now)
        _check(program, matchers)
        number = program.store.silences.add(
            matchers.plain(), since=start, until=end, by=_person(by), why=" ".join(why.split()), now=now
        )
        muted, all_ = _past(program, matchers, days=30)
    if as_json:
        emit_json(
            {"silence": number, "mutes": matchers.plain(), "since": start, "until": end, "would_have": len(muted)}
        )
        return
    talk.print(f"Silence {number} mutes {matchers.words()}, until {iso(end)}.", markup=False)
    talk.print(
        f"In the last 30 days it would have muted {len(muted)} of {counted(all_, 'alert')}."
        f" To end it earlier: silences end {number}",
        markup=False,
    )


@app.command(name="list")
def show(
    everything: Annotated[bool, typer.Option("--all", help="Those that are over as well.")] = False,
    config: ConfigOption = None,
    db: DbOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the silences that are on or still to come, those of alerts.toml among them."""
    with beside(config, db) as program:
        now = program.clock.now()
        kept = [tell.silence_of(each) for each in program.store.silences.all()]
        found = [each for each in (*program.silences, *kept) if everything or _state(each, now) in ("on", "to come")]
    if as_json:
        emit_json([_plain(each, now) for each in found])
        return
    table("Silences", COLUMNS, [_row(each, now) for each in found])


@app.command()
def end(
    number: Annotated[
        int, typer.Argument(metavar="ID", min=1, max=MOST, help="The silence's number, as `silences list` shows it.")
    ],
    by: ByOption = None,
    config: ConfigOption = None,
    db: DbOption = None,
) -> None:
    """End a silence now; what it held back and still fires is told at once."""
    with beside(config, db) as program:
        silences = program.store.silences
        found = silences.get(number)
        if found is None:
            raise InputError(f"There is no silence {number}. `silences list --all` shows which there are.")
        if not silences.end(number, by=_person(by), now=program.clock.now()):
            when = found.ended_at or found.until
            raise InputError(f"Silence {number} is over already, since {iso(when)}.")
    talk.print(f"Silence {number} is ended.", markup=False)


@app.command()
def preview(
    days: DaysOption = 30,
    brand: BrandOption = None,
    rule: RuleOption = None,
    slice_: SliceOption = None,
    severity: SeverityOption = SEVERITIES[-1],
    config: ConfigOption = None,
    db: DbOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which alerts of the last days a silence would have muted, and change nothing.

    Alerts are those that opened an incident or made it worse; ends are never muted.
    """
    matchers = _matchers(brand, rule, slice_, severity, None)
    with beside(config, db) as program:
        _check(program, matchers)
        muted, all_ = _past(program, matchers, days=days)
    if as_json:
        emit_json({"mutes": matchers.plain(), "days": days, "alerts": all_, "muted": [asdict(each) for each in muted]})
        return
    rows: list[tuple[object, ...]] = [
        (each.id, each.at, each.brand, each.rule, each.slice or None, each.severity, each.incident_id, each.notices)
        for each in muted[:SHOWN_PAST]
    ]
    table("Would have been muted", PAST_COLUMNS, rows)
    more = f"; the newest {SHOWN_PAST} are shown" if len(muted) > SHOWN_PAST else ""
    talk.print(f"{len(muted)} of {counted(all_, 'alert')} in the last {counted(days, 'day')}{more}.", markup=False)


def _matchers(
    brand: list[str] | None, rule: list[str] | None, slice_: list[str] | None, severity: str, incident: int | None
) -> Matchers:
    if severity not in SEVERITIES:
        raise InputError(f'--severity "{severity}" is none; there are: {", ".join(SEVERITIES)}.')
    words = {"brands": brand, "rules": rule, "slices": slice_}
    for key, value in words.items():
        if any(not each.strip() for each in value or ()):
            raise InputError(f"--{key[:-1]} must not be empty.")
    given = {key: tuple(value) for key, value in words.items() if value}
    return Matchers(severity=severity, incident=incident, **given)


def _end(start: datetime, lasts: str | None, until: str | None, now: datetime) -> datetime:
    if (lasts is None) is (until is None):
        raise InputError("Say how long it lasts: --for 4h, or --until 2026-03-11T18:00Z.")
    try:
        end = start + duration(lasts, "--for") if lasts else moment(until, "--until")
    except OverflowError as error:
        raise InputError(f"No calendar goes as far as {lasts} after {iso(start)}. Choose an earlier --from.") from error
    if end is None or end <= max(start, now):
        raise InputError(f"It would be over before it begins, at {until or lasts}. Choose a later --until.")
    if end - start > LONGEST:
        raise InputError("A silence lasts at most a year. For longer, take the brand or rule out of alerts.toml.")
    return end


def _person(by: str | None) -> str:
    """Who gives the command: by name, or as the machine knows them."""
    try:
        name = " ".join((by if by is not None else getpass.getuser()).split())
    except (OSError, KeyError):
        name = ""
    if not name:
        raise InputError("Nobody can ask later why it was silenced. Say who you are, with --by.")
    return name[:100]


def _check(program: Program, matchers: Matchers) -> None:
    """Say where a name fits nothing that is known; it may be known later."""
    brands = {card.name for card in program.settings.brands} | set(map(real_brand, program.store.detection.brands()))
    for word, patterns, known in (
        ("brand", matchers.brands, brands), ("rule", matchers.rules, {rule.name for rule in program.settings.rules})
    ):  # fmt: skip
        for pattern in patterns:
            if pattern != "*" and not any(pattern_of((pattern,), name) for name in known):
                there = ", ".join(sorted(known)[:20]) or "none"
                talk.print(f'No {word} fits "{pattern}" so far; there are: {there}.', markup=False)
    if matchers.incident is not None and program.store.incidents.get(matchers.incident) is None:
        raise InputError(f"There is no incident {matchers.incident}. `alerts list` shows which there are.")


def _past(program: Program, matchers: Matchers, *, days: int) -> tuple[list[PastAlert], int]:
    """What it would have muted, newest first, and how many alerts there were."""
    now = program.clock.now()
    found = program.store.notices.alerts_since(now - timedelta(days=days), now, limit=MOST_PAST)
    return list(would_mute(matchers, _abouts(found))), len(found)


def _abouts(past: list[PastAlert]) -> Iterator[tuple[About, PastAlert]]:
    for each in past:
        about = About(
            brand=each.brand, severity=each.severity, rule=each.rule, slice=each.slice, incident=each.incident_id
        )  # fmt: skip
        yield about, each


def _state(silence: Silence, now: datetime) -> str:
    if silence.ended_at is not None:
        return f"ended by {silence.ended_by}"
    if silence.active(now):
        return "on"
    return "to come" if silence.since > now else "over"


def _row(silence: Silence, now: datetime) -> tuple[object, ...]:
    name = silence.id if silence.id is not None else "alerts.toml"
    until = silence.ended_at or silence.until
    return name, silence.matchers.words(), silence.since, until, silence.by, silence.why, _state(silence, now)


def _plain(silence: Silence, now: datetime) -> dict[str, object]:
    return {
        "silence": silence.id, "mutes": silence.matchers.plain(), "since": silence.since, "until": silence.until,
        "by": silence.by, "why": silence.why, "ended_at": silence.ended_at, "ended_by": silence.ended_by,
        "state": _state(silence, now),
    }  # fmt: skip
