"""A backtest as rows and as one document, for files and for programs. Knows no store and no rule."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.analysis.ledger import Entry, Median, Rise
from monitor.cli._backtest_words import VERDICTS, change_words, lead_words
from monitor.cli._common import plain
from monitor.clock import iso
from monitor.out_file import guarded, opened
from monitor.pipeline.backtest import Backtest, Change, Fire, Line
from monitor.pipeline.lead import Lead, minutes
from monitor.settings import RuleSettings

FIRES = (
    "brand", "rule", "slice", "fired_at", "onset", "severity", "resolved_at", "verdict", "live_incident",
    "fired_live",
    "observed", "expected", "messages",
)  # fmt: skip
LEADS = (
    "first_negative", "notified", "acknowledged", "first_complaint", "complaint_peak", "complaints",
    "usual_complaints", "lead_minutes", "lead_to_peak_minutes",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All that one call found."""

    tested: Backtest
    rules: tuple[RuleSettings, ...]
    change: Change | None = None
    after: Backtest | None = None
    lines: tuple[str, ...] = ()  # for alerts.toml
    lead: Lead | None = None


def write(found: Found, out: Path) -> None:
    """The incidents as CSV; all that was found where the name ends in .json."""
    if out.suffix.lower() == ".json":
        with opened(out) as stream:
            stream.write(json.dumps(plain(document(found)), ensure_ascii=False, indent=2) + "\n")
        return
    columns = (*FIRES, *LEADS) if found.lead is not None else FIRES
    with opened(out) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(_cells(_rows(found), columns))


def row(fire: Fire, entry: Entry | None = None) -> dict[str, object]:
    """One incident as a row of a file."""
    incident, spike = fire.incident, fire.spike
    values: dict[str, object] = dict(zip(FIRES, (
        incident.brand, incident.rule, incident.slice, iso(incident.opened_at), iso(incident.onset),
        incident.severity, iso(incident.resolved_at) if incident.resolved_at else None, VERDICTS[fire.real],
        fire.live.id if fire.live else None, fire.same, round(spike.observed, 2), round(spike.expected, 2),
        sum(fire.messages.values()),
    ), strict=True))  # fmt: skip
    return values if entry is None else values | _lead_row(entry)


def _lead_row(entry: Entry) -> dict[str, object]:
    told, rise = entry.told, entry.rise
    times = (
        told.first_negative, told.notified, told.acknowledged, rise.first if rise else None,
        rise.peak if rise else None,
    )  # fmt: skip
    values = (
        *(None if each is None else iso(each) for each in times), rise.count if rise else None,
        round(rise.usual, 2) if rise else None, minutes(entry.lead), minutes(entry.lead_to_peak),
    )  # fmt: skip
    return dict(zip(LEADS, values, strict=True))


def _rise_row(rise: Rise) -> dict[str, object]:
    """A rise of complaints that was missed."""
    return {
        "brand": rise.brand, "first_complaint": iso(rise.first), "complaint_peak": iso(rise.peak),
        "complaints": rise.count, "usual_complaints": round(rise.usual, 2),
    }  # fmt: skip


def _median_row(found: Median | None) -> dict[str, object] | None:
    """A median as data, in minutes."""
    if found is None:
        return None
    return {
        "incidents": found.number, "minutes": minutes(found.middle), "low": minutes(found.low),
        "high": minutes(found.high),
    }  # fmt: skip


def rate_of(rule: RuleSettings) -> float | None:
    """False alarms a brand and week that a rule is asked for; None where its detector has no such knob."""
    rate = getattr(rule.options, "false_alarms_per_week", None)
    return float(rate) if isinstance(rate, int | float) else None


def _rows(found: Found) -> list[dict[str, object]]:
    entries = found.lead.ledger.entries if found.lead else ()
    by_fire = {(each.told.brand, each.told.fired_at): each for each in entries}
    return [row(fire, by_fire.get((fire.incident.brand, fire.incident.opened_at))) for fire in found.tested.fires]


def document(found: Found) -> dict[str, Any]:
    """All that was found, as one value for JSON."""
    asked = {rule.name: rate_of(rule) for rule in found.rules}
    held: dict[str, Any] = {
        "rules": [
            _line(line) | {"asked": asked.get(line.rule)} for line in found.tested.lines()
        ],
        "incidents": _rows(found), "not_tested": list(found.tested.unwatched),
    }  # fmt: skip
    if found.change is not None:
        held["change"] = {
            "words": change_words(found.change), "appear": list(map(row, found.change.appear)),
            "vanish": list(map(row, found.change.vanish)), "missed": found.change.missed,
            "moved": [[row(a), row(b)] for a, b in found.change.moved],
            "later_seconds": plain(found.change.later), "toml": list(found.lines),
        }  # fmt: skip
    if found.lead is not None:
        held["lead"] = _lead_document(found.lead)
    return held


def _lead_document(held: Lead) -> dict[str, Any]:
    ledger = held.ledger
    return {
        "words": lead_words(held), "lead": _median_row(ledger.lead),
        "lead_to_peak": _median_row(ledger.lead_to_peak), "rises": ledger.rises,
        "missed": list(map(_rise_row, ledger.missed)), "alerts_without_complaints": ledger.without,
        "lag": plain(held.lag), "brands_left_out": list(held.strangers),
    }  # fmt: skip


def _cells(rows: Iterable[dict[str, object]], columns: Sequence[str]) -> Iterator[list[str]]:
    for each in rows:
        values = (each.get(name) for name in columns)
        yield ["" if value is None else guarded(value) if isinstance(value, str) else str(value) for value in values]


def _line(line: Line) -> dict[str, object]:
    return {
        "rule": line.rule, "brand": line.brand, "brand_weeks": round(line.weeks, 4), "fires": line.fires,
        "real": line.real, "false": line.false, "not_judged": line.unjudged,
        "false_a_week": round(line.false_a_week, 4), "low": round(line.low, 4), "high": round(line.high, 4),
        "delay_minutes": minutes(line.delay), "longest_quiet_minutes": minutes(line.quiet),
        "messages": dict(line.messages),
    }  # fmt: skip
