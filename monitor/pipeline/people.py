"""What people do with an incident: have it, hand it on, note, judge, call it over. The same from a terminal or a link.

Each act is one transaction, says in one sentence what happened, and does nothing twice: asked again, it says so. Knows
the store; nothing of who may do what, nor how a person came here.
"""

from datetime import datetime

from monitor.clock import iso
from monitor.domain import Incident, IncidentStatus
from monitor.errors import InputError
from monitor.store import Store

LONGEST_NAME = 100  # letters
LONGEST_NOTE = 2_000
WORDS = {True: "real", False: "a false alarm"}


def acknowledge(store: Store, incident_id: int, *, by: str, now: datetime) -> str:
    """Say that somebody has it; the owner, where nobody is yet. Raises InputError, in one sentence."""
    by = _name(by)
    with store.transaction():
        incident = _found(store, incident_id)
        if incident.status is IncidentStatus.RESOLVED:
            return f"{_this(incident)} is over already, since {iso(incident.resolved_at or now)}."
        if incident.acknowledged_at is not None:
            who = store.incidents.acknowledged_by(incident_id) or "somebody"
            return f"{_this(incident)} was already acknowledged by {who} at {iso(incident.acknowledged_at)}."
        store.incidents.acknowledge(incident_id, max(now, incident.opened_at), by=by)
        owner = incident.owner or by
    return f"{_this(incident)} is acknowledged by {by}; {owner} has it."


def assign(store: Store, incident_id: int, *, by: str, now: datetime, owner: str) -> str:
    """Give it to a person, who has it from now on. Raises InputError, in one sentence."""
    by, owner = _name(by), _name(owner)
    with store.transaction():
        incident = _found(store, incident_id)
        if incident.owner == owner:
            return f"{owner} has {_this(incident)} already."
        store.incidents.assign(incident_id, owner, now, by=by)
    before = f", who takes over from {incident.owner}" if incident.owner else ""
    return f"{_this(incident)} is assigned to {owner}{before}."


def note(store: Store, incident_id: int, *, by: str, now: datetime, text: str) -> str:
    """Keep what a person wants remembered. Raises InputError, in one sentence."""
    by, words = _name(by), text.strip()[:LONGEST_NOTE]
    if not words:
        raise InputError("The note is empty. Write what is to be remembered.")
    with store.transaction():
        incident = _found(store, incident_id)
        newest = [each for each in store.incidents.history(incident_id) if each.kind == "noted"][-1:]
        if [(each.actor, each.detail.get("text")) for each in newest] == [(by, words)]:
            return f"{_this(incident)} has this note already."
        store.incidents.note(incident_id, words, now, by=by)
    return f"{_this(incident)}: noted."


def judge(store: Store, incident_id: int, *, by: str, now: datetime, real: bool) -> str:
    """Say that it was real, or a false alarm; the last word holds. Raises InputError, in one sentence."""
    by = _name(by)
    with store.transaction():
        incident = _found(store, incident_id)
        if incident.real is real:
            return f"{_this(incident)} was already called {WORDS[real]}."
        store.incidents.judge(incident_id, real, now, by=by)
    instead = "" if incident.real is None else f", no longer {WORDS[incident.real]}"
    learns = "" if incident.drill else " The rule hears of it."
    return f"{_this(incident)} is called {WORDS[real]}{instead}.{learns}"


def resolve(store: Store, incident_id: int, *, by: str, now: datetime, why: str) -> str:
    """Call it over. Where the posts say otherwise later, it opens again. Raises InputError, in one sentence."""
    by, words = _name(by), why.strip()[:LONGEST_NOTE]
    if not words:
        raise InputError("Nobody can tell later why it was called over. Say why, in a few words.")
    with store.transaction():
        incident = _found(store, incident_id)
        if incident.status is IncidentStatus.RESOLVED:
            return f"{_this(incident)} is over already, since {iso(incident.resolved_at or now)}."
        # Who speaks in it stays written down: what comes of the same fire later belongs to this incident.
        store.incidents.resolve(incident_id, max(now, incident.opened_at), by=by, why=words)
    return f"{_this(incident)} is called over by {by}; it opens again if it gets worse."


def _found(store: Store, incident_id: int) -> Incident:
    incident = store.incidents.get(incident_id) if 0 < incident_id < 1 << 63 else None
    if incident is None:
        raise InputError(f"There is no incident {incident_id}. `alerts list` shows which there are.")
    return incident


def _this(incident: Incident) -> str:
    return f"{'The drill ' if incident.drill else 'Incident '}{incident.id} ({incident.brand})"


def _name(name: str) -> str:
    shown = " ".join("".join(each if each.isprintable() else " " for each in name).split())[:LONGEST_NAME]
    if not shown:
        raise InputError("Nobody is named. Say who it is, as in --by ana.")
    return shown
