"""Alert: each spike becomes an alert of an incident, with its explanation and its messages, in one transaction.

Knows the decisions of alerting/ and the store; carries nothing itself: messages wait in the outbox. Everything is
computed from rows that were known when the spike fired, so the same rows give the same alert at any later time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.alerting.lifecycle import Action, Decision, decide
from monitor.alerting.routing import receivers
from monitor.analysis.explanation import explain, to_json
from monitor.domain import Alert, Explanation, Spike
from monitor.pipeline.failpoints import reach
from monitor.pipeline.program import Program, Stop, never

STALE = timedelta(hours=24)  # a spike that is known later than this is kept, and nobody is called for it
WINDOW_POSTS = 2000  # of the spike's window that are looked at, newest first
BEFORE_POSTS = 4000  # of the time before


@dataclass(frozen=True, slots=True)
class AlertReport:
    """What became of the spikes."""

    opened: int = 0
    updated: int = 0
    resolved: int = 0
    ignored: int = 0
    messages: int = 0


def run(program: Program, *, now: datetime, stop: Stop = never, stale: timedelta | None = STALE) -> AlertReport:
    """Decide on every pending spike, oldest first, until asked to stop.

    Nobody is called for a spike that is older than `stale` (None: however old, as in a replay's own time).
    """
    pending = program.store.detection.pending_spikes()
    if not pending:
        return AlertReport()
    counts = dict.fromkeys(Action, 0)
    messages = 0
    for spike_id, spike in pending:
        if stop():
            break
        fresh = stale is None or now - spike.fired_at <= stale
        action, told = _handle(program, spike_id, spike, now=now, fresh=fresh)
        counts[action] += 1
        messages += told
    return AlertReport(
        counts[Action.OPEN], counts[Action.UPDATE], counts[Action.RESOLVE], counts[Action.IGNORE], messages
    )


def _handle(program: Program, spike_id: int, spike: Spike, *, now: datetime, fresh: bool) -> tuple[Action, int]:
    store = program.store
    with store.transaction():  # from the first look at the posts on: none that is quoted is deleted meanwhile
        decision = decide(spike, store.incidents.open_for(spike.rule, spike.brand))
        explanation = explained(program, spike) if decision.stored else None
        reach("alert.decided")
        told = 0
        if explanation is not None:
            alert = _write(program, spike_id, spike, decision, explanation)
            told = _queue(program, alert, now=now) if decision.tell and fresh else 0
        store.detection.spike_done(spike_id)
        reach("alert.rows_written")
    reach("alert.committed")
    return decision.action, told


def explained(program: Program, spike: Spike) -> Explanation:
    """Why a spike fired, from the posts known at that moment."""
    store, known = program.store.detection, spike.fired_at
    since = min(spike.onset, spike.fired_at - spike.window)
    window = store.evidence(spike.brand, since, known, known=known, limit=WINDOW_POSTS)
    long_ago = since - program.settings.detection.evidence
    before = store.evidence(spike.brand, long_ago, since, known=known, limit=BEFORE_POSTS)
    return explain(spike, window[::-1], before[::-1], brand_names=_names(program, spike.brand))


def _names(program: Program, brand: str) -> tuple[str, ...]:
    cards = [card for card in program.settings.brands if card.name == brand]
    return (brand, *(name for card in cards for name in (*card.names, *card.handles, *card.hashtags)))


def _write(program: Program, spike_id: int, spike: Spike, decision: Decision, explanation: Explanation) -> Alert:
    incidents = program.store.incidents
    current = incidents.open_for(spike.rule, spike.brand)
    if decision.action is Action.OPEN or current is None:
        incident_id = incidents.open(spike)
    else:
        incident_id = current.id
        incidents.worsen(incident_id, decision.severity)
    if decision.action is Action.RESOLVE:
        incidents.resolve(incident_id, spike.fired_at)
    alert_id = incidents.add_alert(incident_id, spike_id, spike, to_json(explanation))
    return Alert(
        id=alert_id, incident_id=incident_id, phase=spike.phase, at=spike.fired_at, explanation=explanation
    )  # fmt: skip


def _queue(program: Program, alert: Alert, *, now: datetime) -> int:
    """Write a message to each receiver; the same transaction holds the alert."""
    incident = program.store.incidents.get(alert.incident_id)
    if incident is None:
        return 0
    told = receivers(program.routes, (), brand=incident.brand, severity=incident.severity)
    zone = program.settings.timezone_of(incident.brand)
    for each in told:
        message = program.templates.message(alert, incident, receiver=each.receiver, zone=zone)
        program.store.outbox.put(alert.id, each.receiver, message, due=now)
    return len(told)
