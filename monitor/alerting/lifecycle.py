"""What becomes of a spike: it opens an incident, is added to the open one, closes it, or is left alone. Pure.

One incident is one episode of one rule for one brand. Knows no store: the caller writes the alert, the incident's
new state and the messages in one transaction, as the decision says.
"""

from dataclasses import dataclass
from enum import StrEnum

from monitor.alerting.severity import rank, worst
from monitor.domain import Incident, IncidentStatus, Phase, Spike


class Action(StrEnum):
    """What is to be done with the incident."""

    OPEN = "open"
    UPDATE = "update"
    RESOLVE = "resolve"
    IGNORE = "ignore"


class Reason(StrEnum):
    """Why."""

    FIRST = "negative posts are out of range, and no incident of this rule is open"
    LOST_START = "it got worse, and the incident that it belongs to is not there: one is opened"
    WORSE = "clearly worse than when people were last told"
    GRAVER = "a new spike during an open incident, and a graver one"
    ATTACHED = "a new spike during an open incident: it is added, nobody is told again"
    OVER = "back to usual"
    NOTHING_OPEN = "it is over, but no incident is open"
    OUTDATED = "older than the incident that is open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do about a spike, and why."""

    action: Action
    reason: Reason
    severity: str  # of the incident from now on: the gravest so far
    tell: bool  # whether people get a message

    @property
    def stored(self) -> bool:
        """Whether an alert is added to the incident's history."""
        return self.action is not Action.IGNORE


def decide(spike: Spike, incident: Incident | None) -> Decision:
    """Say what a spike means for the open incident of its rule and brand (None: there is none).

    Raises ValueError where the incident is another rule's or brand's: that is a fault of the caller.
    """
    if incident is not None and (incident.rule, incident.brand) != (spike.rule, spike.brand):
        raise ValueError(f"incident {incident.id} belongs to {incident.rule}/{incident.brand}, not to this spike")
    if incident is None or incident.status is IncidentStatus.RESOLVED:
        return _without_incident(spike)
    if spike.fired_at < incident.opened_at:
        return Decision(action=Action.IGNORE, reason=Reason.OUTDATED, severity=incident.severity, tell=False)
    return _with_incident(spike, incident)


def _without_incident(spike: Spike) -> Decision:
    if spike.phase is Phase.CLOSED:
        return Decision(action=Action.IGNORE, reason=Reason.NOTHING_OPEN, severity=spike.severity, tell=False)
    reason = Reason.FIRST if spike.phase is Phase.OPENED else Reason.LOST_START
    return Decision(action=Action.OPEN, reason=reason, severity=spike.severity, tell=True)


def _with_incident(spike: Spike, incident: Incident) -> Decision:
    severity = worst(incident.severity, spike.severity)
    if spike.phase is Phase.CLOSED:
        return Decision(action=Action.RESOLVE, reason=Reason.OVER, severity=incident.severity, tell=True)
    if spike.phase is Phase.WORSENED:
        return Decision(action=Action.UPDATE, reason=Reason.WORSE, severity=severity, tell=True)
    graver = rank(spike.severity) > rank(incident.severity)
    reason = Reason.GRAVER if graver else Reason.ATTACHED
    return Decision(action=Action.UPDATE, reason=reason, severity=severity, tell=graver)
