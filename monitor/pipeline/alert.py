"""Alert: each spike becomes an alert of an incident, with its explanation and its notices, in one transaction.

Knows the decisions of alerting/ and the store; carries nothing itself: who is told waits for the next stage. Everything
is computed from rows that were known when the spike fired, so the same rows give the same alert at any later time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.alerting.lifecycle import Action, Decision, decide
from monitor.analysis.explanation import to_json
from monitor.domain import Alert, Explanation, Incident, Phase, Spike, is_drill
from monitor.pipeline import tell
from monitor.pipeline.explain import explained
from monitor.pipeline.failpoints import reach
from monitor.pipeline.program import Program, Stop, never

STALE = timedelta(hours=24)  # a spike that is known later than this is kept, and nobody is called for it


@dataclass(frozen=True, slots=True)
class AlertReport:
    """What became of the spikes."""

    opened: int = 0
    updated: int = 0
    resolved: int = 0
    ignored: int = 0
    messages: int = 0
    reopened: int = 0
    kept: int = 0  # of rules that call nobody: the digest reads them


@dataclass(slots=True)
class _Done:
    """A report while it grows."""

    actions: Mapping[Action, int]
    messages: int = 0
    kept: int = 0

    def report(self) -> AlertReport:
        done = self.actions
        return AlertReport(
            opened=done[Action.OPEN], updated=done[Action.UPDATE], resolved=done[Action.RESOLVE],
            ignored=done[Action.IGNORE], messages=self.messages, reopened=done[Action.REOPEN], kept=self.kept,
        )  # fmt: skip


def run(program: Program, *, now: datetime, stop: Stop = never, stale: timedelta | None = STALE) -> AlertReport:
    """Decide on every pending spike, oldest first, until asked to stop.

    Nobody is called for a spike that is older than `stale`, but for an end. None is for a replay: each spike's own time
    is the time at which it was decided on, so that routes, quiet hours and silences are asked about that moment.
    """
    counts = dict.fromkeys(Action, 0)
    done = _Done(counts)
    quiet = {rule.name for rule in program.rules if not getattr(rule.detector, "alarm", True)}
    for spike_id, spike in program.store.detection.pending_spikes():
        if stop():
            break
        if spike.rule in quiet:
            program.store.detection.spike_done(spike_id)
            done.kept += 1
            continue
        at = spike.fired_at if stale is None else now
        fresh = stale is None or now - spike.fired_at <= stale
        action, told = _handle(program, spike_id, spike, now=at, fresh=fresh)
        counts[action] += 1
        done.messages += told
    return done.report()


def _handle(program: Program, spike_id: int, spike: Spike, *, now: datetime, fresh: bool) -> tuple[Action, int]:
    store = program.store
    with store.transaction():  # from the first look at the posts on: none that is quoted is deleted meanwhile
        incident = store.incidents.newest(spike.brand)
        speaking = store.incidents.speaking(incident.id) if incident else frozenset()
        decision = decide(spike, incident, speaking, reopen=program.settings.detection.reopen)
        explanation = explained(program, spike) if decision.stored else None
        reach("alert.decided")
        told = 0
        if explanation is not None:
            alert = _write(program, spike_id, spike, incident, decision, explanation)
            news = fresh or spike.phase is Phase.CLOSED  # however late: who heard that it began hears that it is over
            told = _tell(program, alert, now=now) if decision.tell and news else 0
        store.detection.spike_done(spike_id)
        reach("alert.rows_written")
    reach("alert.committed")
    return decision.action, told


def _write(
    program: Program, spike_id: int, spike: Spike, incident: Incident | None, decision: Decision,
    explanation: Explanation,
) -> Alert:  # fmt: skip
    """Bring the incident to where the decision says, and add the alert to it."""
    incidents = program.store.incidents
    if decision.action is Action.OPEN or incident is None:
        number = incidents.open(spike, drill=is_drill(spike.brand))
    else:
        number = incident.id
        _move(program, spike, incident, decision)
    alert_id = incidents.add_alert(number, spike_id, spike, to_json(explanation))
    return Alert(id=alert_id, incident_id=number, phase=spike.phase, at=spike.fired_at, explanation=explanation)


def _move(program: Program, spike: Spike, incident: Incident, decision: Decision) -> None:
    incidents = program.store.incidents
    if decision.leaves:
        over = incidents.leave(incident.id, spike.slice, spike.fired_at, rule=spike.rule)
        if over and decision.action is Action.RESOLVE:
            incidents.resolve(incident.id, spike.fired_at)
    elif decision.action is Action.REOPEN:
        incidents.reopen(incident.id, spike, decision.severity)
    else:
        incidents.join(incident.id, spike)
        if decision.tell or decision.severity != incident.severity:
            incidents.worsen(incident.id, spike, decision.severity)


def _tell(program: Program, alert: Alert, *, now: datetime) -> int:
    """Write down who is to hear of it; the same transaction holds the alert."""
    incident = program.store.incidents.get(alert.incident_id)
    return 0 if incident is None else tell.note(program, alert, incident, now=now)
