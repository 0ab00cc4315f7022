"""A backtest in words and tables, for people. Knows no store and no rule."""

from collections.abc import Mapping
from datetime import timedelta

from monitor.analysis.lag import Lag
from monitor.analysis.ledger import Entry, Ledger, Median
from monitor.cli._common import counted, table
from monitor.pipeline.backtest import Backtest, Change, Line
from monitor.pipeline.lead import Lead

VERDICTS = {True: "real", False: "false alarm", None: "not judged"}
_SHOWN = 30  # incidents in a table


def show(tested: Backtest, asked: Mapping[str, float | None]) -> None:
    """The table of rules and brands."""
    columns = (
        "rule", "brand", "brand-weeks", "fires", "real", "false", "not judged", "false a week (95 %)", "asked",
        "delay", "messages", "longest quiet",
    )  # fmt: skip
    rows = [_line(line, asked.get(line.rule)) for line in tested.lines()]
    table("Backtest", columns, rows)
    fires = tested.fires
    if fires:
        shown: list[tuple[object, ...]] = [
            (
                fire.incident.opened_at, fire.incident.brand, fire.incident.rule, fire.incident.severity,
                fire.incident.resolved_at or "open", VERDICTS[fire.real], fire.live.id if fire.live else None,
            )
            for fire in fires[-_SHOWN:]
        ]  # fmt: skip
        title = "Incidents" if len(fires) <= _SHOWN else f"Incidents: the last {_SHOWN} of {len(fires)}"
        table(title, ("fired", "brand", "rule", "severity", "resolved", "verdict", "live incident"), shown)


def _line(line: Line, asked: float | None) -> tuple[object, ...]:
    false = f"{line.false_a_week:.2f} ({line.low:.2f} to {line.high:.2f})"
    messages = ", ".join(f"{name} {number}" for name, number in sorted(line.messages.items())) or "none"
    return (
        line.rule, line.brand or "all", f"{line.weeks:.1f}", line.fires, line.real, line.false, line.unjudged, false,
        asked, None if line.delay is None else length(line.delay), messages, length(line.quiet),
    )  # fmt: skip


def change_words(change: Change) -> str:
    """The difference that a change makes, in one line.

    >>> change_words(Change(appear=(), vanish=(), both=()))
    'nothing changes'
    """
    said = []
    if change.appear:
        said.append(f"{counted(len(change.appear), 'more fire')}")
    if change.missed:
        said.append(f"{change.missed} missed")
    if change.spared:
        said.append(f"{counted(change.spared, 'false alarm')} fewer")
    if change.later:
        sooner = change.later < timedelta(0)
        said.append(f"{length(abs(change.later))} {'sooner' if sooner else 'later'} in the median")
    elif change.moved:
        said.append(f"{len(change.moved)} at another time, as early in the median")
    return ", ".join(said) or "nothing changes"


def show_change(change: Change) -> None:
    """Which incidents appear, vanish and move."""
    rows: list[tuple[object, ...]] = [
        ("appears", f.incident.brand, None, f.incident.opened_at, VERDICTS[f.real]) for f in change.appear
    ]
    rows += [("vanishes", f.incident.brand, f.incident.opened_at, None, VERDICTS[f.real]) for f in change.vanish]
    rows += [
        ("moves", a.incident.brand, a.incident.opened_at, b.incident.opened_at, VERDICTS[a.real])
        for a, b in change.moved
    ]
    if rows:
        rows.sort(key=lambda row: str(row[2] or row[3]))
        table("What changes", ("", "brand", "fires now", "would fire", "verdict"), rows)


def lead_words(lead: Lead) -> list[str]:
    """The ledger for people who answer for customers."""
    ledger = lead.ledger
    if ledger.since is None:
        return ["There are too few complaints on record: what is usual for them is known after a week."]
    said = []
    if ledger.lead is not None:
        before = "before" if ledger.lead.middle >= timedelta(0) else "after"
        said.append(f"told {length(abs(ledger.lead.middle))} {before} complaints rose ({_of(ledger.lead)})")
    if ledger.lead_to_peak is not None:
        peak = ledger.lead_to_peak
        before = "before" if peak.middle >= timedelta(0) else "after"
        said.append(f"told {length(abs(peak.middle))} {before} complaints were at their height ({_of(peak)})")
    times = "once" if ledger.rises == 1 else f"{ledger.rises} times"
    said.append(
        f"complaints rose {times if ledger.rises else 'never'}: {len(ledger.missed)} without an alert before their"
        f" height; {counted(ledger.without, 'alert')} without complaints"
    )
    said.append(lag_words(lead.lag))
    return said


def lag_words(lag: Lag) -> str:
    """What the two streams say of each other."""
    if lag.hours is None or lag.low is None or lag.high is None:
        return f"no clear lag between negative mentions and complaints: {lag.reason}"
    after = "after" if lag.hours >= 0 else "before"
    return (
        f"complaints follow negative mentions: {abs(lag.hours):.1f} h {after} them (95 % interval {lag.low:.1f} to"
        f" {lag.high:.1f} h, correlation {lag.correlation:.2f})"
    )


def _of(found: Median) -> str:
    what = f"median of {counted(found.number, 'incident')}"
    if found.low is None or found.high is None:
        return f"{what}, too few for an interval"
    return f"{what}, 95 % interval {_signed(found.low)} to {_signed(found.high)}"


def show_ledger(ledger: Ledger) -> None:
    """Each incident from its first negative post to the first complaint."""
    columns = ("fired", "brand", "first negative", "told", "acknowledged", "first complaint", "height", "lead")
    rows: list[tuple[object, ...]] = [
        (
            each.told.fired_at, each.told.brand, each.told.first_negative, each.told.notified,
            each.told.acknowledged, *(_rise(each)),
        )
        for each in ledger.entries
    ]  # fmt: skip
    if rows:
        table("Lead-time ledger", columns, rows[-_SHOWN:])
    missed: list[tuple[object, ...]] = [
        (each.brand, each.first, each.peak, each.count, f"{each.usual:.1f}") for each in ledger.missed
    ]
    if missed:
        table("Complaints rose without an alert before", ("brand", "from", "height", "complaints", "usual"), missed)


def _rise(entry: Entry) -> tuple[object, ...]:
    if entry.rise is None:
        return ("none rose" if entry.covered else "not on record", None, None)
    lead = None if entry.lead is None else _signed(entry.lead)
    return (entry.rise.first, entry.rise.peak, f"{lead} (told already)" if entry.shared and lead else lead)


def length(span: timedelta) -> str:
    """A length of time as people say it.

    >>> length(timedelta(minutes=200)), length(timedelta(minutes=45)), length(timedelta(days=3, hours=4))
    ('3 h 20 min', '45 min', '3 d 4 h')
    """
    total = round(span.total_seconds() / 60)
    days, hours, left = total // 1440, total // 60 % 24, total % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {left} min" if left else f"{hours} h"
    return f"{left} min"


def _signed(span: timedelta) -> str:
    return f"−{length(-span)}" if span < timedelta(0) else length(span)
