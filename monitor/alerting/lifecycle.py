"""What becomes of a spike: it opens an incident, is added to the open one, closes it, or is left alone. Pure.

One fire is one incident: whatever rule speaks, and of whatever part of a brand, it speaks in the brand's open incident,
and that is over when all that spoke are. Who acknowledged it changes nothing here: it is open until it is over. Knows
no store: the caller writes the alert, the incident's new state and the messages in one transaction, as it is decided.
"""

from collections.abc import Set
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from monitor.alerting.severity import rank, worst
from monitor.domain import Incident, IncidentStatus, Phase, Spike

Speaker = tuple[str, str]  # a rule, and the slice that it speaks of
NOBODY: Set[Speaker] = frozenset()
AT_ONCE = timedelta(0)


class Action(StrEnum):
    """What is to be done with the incident."""

    OPEN = "open"
    REOPEN = "reopen"
    UPDATE = "update"
    RESOLVE = "resolve"
    IGNORE = "ignore"


class Reason(StrEnum):
    """Why."""

    FIRST = "negative posts are out of range, and no incident of this brand is open"
    LOST_START = "it got worse, and the incident that it belongs to is not there: one is opened"
    AGAIN = "a new spike shortly after the last incident was over: it is the same fire"
    NOT_OVER = "it got worse after a person called it over"
    WORSE = "clearly worse than when people were last told"
    WORSE_IN_PART = "a part of it got worse, and the incident as a whole is as grave already"
    GRAVER = "a new spike during an open incident, and a graver one"
    ATTACHED = "a new spike during an open incident: it is added, nobody is told again"
    OVER = "back to usual"
    PART_OVER = "this part is back to usual, others are not"
    CALLED_OVER = "back to usual, as a person had said"
    NOTHING_OPEN = "it is over, but no incident is open that it takes part in"
    OUTDATED = "older than the incident that is open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do about a spike, and why."""

    action: Action
    reason: Reason
    severity: str  # of the incident from now on: the gravest so far
    tell: bool  # whether people get a message
    leaves: bool = False  # whether what the spike speaks of is over

    @property
    def stored(self) -> bool:
        """Whether an alert is added to the incident's history."""
        return self.action is not Action.IGNORE


def decide(
    spike: Spike, incident: Incident | None, speaking: Set[Speaker] = NOBODY, *, reopen: timedelta = AT_ONCE
) -> Decision:
    """Say what a spike means for the newest incident of its brand (None: there never was one).

    `speaking` are the rules and slices that take part in it and are not over; a new spike within `reopen` after an
    incident was over belongs to it. Raises ValueError where the incident is another brand's: a fault of the caller.
    """
    if incident is not None and incident.brand != spike.brand:
        raise ValueError(f"incident {incident.id} is about {incident.brand}, not about this spike's brand")
    if incident is None:
        return _without_incident(spike)
    if incident.status is IncidentStatus.RESOLVED:
        return _after(spike, incident, speaking, reopen)
    if spike.fired_at < incident.opened_at:
        return Decision(action=Action.IGNORE, reason=Reason.OUTDATED, severity=incident.severity, tell=False)
    return _with_incident(spike, incident, speaking)


def _without_incident(spike: Spike) -> Decision:
    if spike.phase is Phase.CLOSED:
        return Decision(action=Action.IGNORE, reason=Reason.NOTHING_OPEN, severity=spike.severity, tell=False)
    reason = Reason.FIRST if spike.phase is Phase.OPENED else Reason.LOST_START
    return Decision(action=Action.OPEN, reason=reason, severity=spike.severity, tell=True)


def _after(spike: Spike, incident: Incident, speaking: Set[Speaker], reopen: timedelta) -> Decision:
    """The incident is over: for all that spoke, or because a person said so while some are still `speaking`."""
    over = incident.resolved_at or incident.opened_at
    speaks = (spike.rule, spike.slice) in speaking
    if spike.phase is Phase.CLOSED and speaks:
        last = len(speaking) == 1  # only now everybody who was told hears that it is over
        return Decision(
            action=Action.UPDATE, reason=Reason.CALLED_OVER, severity=incident.severity, tell=last, leaves=True
        )
    if spike.phase is Phase.CLOSED:
        return Decision(action=Action.IGNORE, reason=Reason.NOTHING_OPEN, severity=incident.severity, tell=False)
    severity = worst(incident.severity, spike.severity)
    if speaks and spike.fired_at >= over:
        return Decision(action=Action.REOPEN, reason=Reason.NOT_OVER, severity=severity, tell=True)
    if AT_ONCE <= spike.fired_at - over < reopen:
        return Decision(action=Action.REOPEN, reason=Reason.AGAIN, severity=severity, tell=True)
    return _without_incident(spike)


def _with_incident(spike: Spike, incident: Incident, speaking: Set[Speaker]) -> Decision:
    speaker = (spike.rule, spike.slice)
    if spike.phase is Phase.CLOSED:
        return _closing(spike, incident, speaking)
    severity = worst(incident.severity, spike.severity)
    graver = rank(spike.severity) > rank(incident.severity)
    if spike.phase is Phase.WORSENED and (graver or speaker == (incident.rule, incident.slice)):
        return Decision(action=Action.UPDATE, reason=Reason.WORSE, severity=severity, tell=True)
    if spike.phase is Phase.WORSENED:
        return Decision(action=Action.UPDATE, reason=Reason.WORSE_IN_PART, severity=severity, tell=False)
    reason = Reason.GRAVER if graver else Reason.ATTACHED
    return Decision(action=Action.UPDATE, reason=reason, severity=severity, tell=graver)


def _closing(spike: Spike, incident: Incident, speaking: Set[Speaker]) -> Decision:
    speaker, severity = (spike.rule, spike.slice), incident.severity
    if speaker not in speaking:
        return Decision(action=Action.IGNORE, reason=Reason.NOTHING_OPEN, severity=severity, tell=False)
    if speaking - {speaker}:
        return Decision(action=Action.UPDATE, reason=Reason.PART_OVER, severity=severity, tell=False, leaves=True)
    return Decision(action=Action.RESOLVE, reason=Reason.OVER, severity=severity, tell=True, leaves=True)
