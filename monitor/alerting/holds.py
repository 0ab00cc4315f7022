"""Why somebody is not told yet: a silence, quiet hours, or a graver incident; and until when. Pure.

Knows no store: what is silenced and open is given, as of one moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.alerting.calendars import Calendar
from monitor.alerting.inhibition import Inhibition, Open, muted_by
from monitor.alerting.routing import NEVER, About
from monitor.alerting.severity import rank
from monitor.alerting.silences import Silence, muting
from monitor.clock import iso

LOOK_AGAIN = timedelta(minutes=5)  # at least so often: settings change, and incidents are closed by hand


class Held(StrEnum):
    """What holds a notice back."""

    SILENCED = "silenced"
    QUIET = "quiet hours"
    INHIBITED = "inhibited"


@dataclass(frozen=True, slots=True)
class Hold:
    """What holds a notice back, in words, and when to look again."""

    by: Held
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What may hold notices back, as of one moment."""

    at: datetime
    silences: Sequence[Silence] = ()
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    inhibitions: Sequence[Inhibition] = ()
    open: Sequence[Open] = ()  # incidents that are real, gravest first


def hold(about: About, situation: Situation, *, quiet: str | None, urgent: str, drill: bool = False) -> Hold | None:
    """What holds back a notice of an alert at that moment; None: nothing.

    `quiet` names the calendar of quiet hours, `urgent` the least severity that they let through. A drill is told
    whatever else is open: it tries the telling.
    """
    found = _silenced(about, situation) or _quiet(about, situation, quiet, urgent)
    return found if found or drill else _inhibited(about, situation)


def _silenced(about: About, situation: Situation) -> Hold | None:
    silence = muting(situation.silences, about, situation.at)
    if silence is None:
        return None
    reason = f"silenced until {iso(silence.until)} by {silence.by} ({silence.name}): {silence.why}"
    return Hold(Held.SILENCED, reason, min(silence.until, situation.at + LOOK_AGAIN))


def _quiet(about: About, situation: Situation, quiet: str | None, urgent: str) -> Hold | None:
    calendar = situation.calendars.get(quiet or "")
    passes = urgent != NEVER and rank(about.severity) >= rank(urgent)
    if calendar is None or passes or not calendar.contains(situation.at):
        return None
    end = calendar.until(situation.at)
    until = f" until {iso(end)}" if end else ""
    latest = situation.at + LOOK_AGAIN
    return Hold(Held.QUIET, f'quiet hours "{calendar.name}"{until}', min(end or latest, latest))


def _inhibited(about: About, situation: Situation) -> Hold | None:
    mild = Open(id=about.incident or 0, brand=about.brand, rule=about.rule, severity=about.severity)
    grave = muted_by(situation.inhibitions, mild, situation.open)
    if grave is None:
        return None
    reason = f"inhibited by incident {grave.id} of {grave.brand}, which is {grave.severity}"
    return Hold(Held.INHIBITED, reason, situation.at + LOOK_AGAIN)
