"""Incidents of one brand in memory, as they come and go: what live decisions would make of a run of spikes. Pure.

It asks the same lifecycle as the alert stage, so that a replay has the incidents that were, or would have been. Knows
no store, no receiver and no clock.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor.alerting.lifecycle import AT_ONCE, Action, Decision, Speaker, decide
from monitor.domain import Incident, IncidentStatus, Spike


@dataclass(slots=True)
class Book:
    """The brand's incidents so far, oldest first; the last one is open, or was over last."""

    reopen: timedelta = AT_ONCE  # a spike so soon after an incident was over belongs to it
    incidents: list[Incident] = field(default_factory=list)
    speaking: set[Speaker] = field(default_factory=set)  # who takes part in the last one and is not over

    def take(self, spike: Spike) -> Decision:
        """Decide on a spike, and keep what follows; spikes come in the order in which they fired."""
        current = self.incidents[-1] if self.incidents else None
        decision = decide(spike, current, frozenset(self.speaking), reopen=self.reopen)
        if decision.action is Action.OPEN or (current is None and decision.stored):
            self._open(spike)
        elif current is not None and decision.stored:
            self.incidents[-1] = self._changed(current, spike, decision)
        return decision

    def call_over(self, at: datetime) -> None:
        """A person said that the open incident is over; who speaks in it is remembered, as it is live."""
        if self.incidents and self.incidents[-1].status is not IncidentStatus.RESOLVED:
            self.incidents[-1] = replace(self.incidents[-1], status=IncidentStatus.RESOLVED, resolved_at=at)

    def _open(self, spike: Spike) -> None:
        self.speaking = {(spike.rule, spike.slice)}
        opened = Incident(
            id=len(self.incidents) + 1, brand=spike.brand, rule=spike.rule, opened_at=spike.fired_at,
            onset=spike.onset, status=IncidentStatus.FIRING, severity=spike.severity, slice=spike.slice,
        )  # fmt: skip
        self.incidents.append(opened)

    def _changed(self, current: Incident, spike: Spike, decision: Decision) -> Incident:
        speaker = (spike.rule, spike.slice)
        if decision.leaves:
            self.speaking.discard(speaker)
        else:
            self.speaking.add(speaker)
        changed = replace(current, severity=decision.severity)
        if decision.action is Action.REOPEN:
            return replace(changed, status=IncidentStatus.FIRING, resolved_at=None)
        if decision.action is Action.RESOLVE:
            return replace(changed, status=IncidentStatus.RESOLVED, resolved_at=spike.fired_at)
        return changed
