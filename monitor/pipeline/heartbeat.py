"""The heartbeat: what there is to say once a day of a program that listens. Knows the store's records; writes none."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from monitor.alerting.routine_message import Heartbeat, OpenIncident
from monitor.domain import Incident, IncidentStatus
from monitor.pipeline import digest, troubles
from monitor.pipeline.false_alarms import budget
from monitor.pipeline.program import Program

LATE = timedelta(minutes=15)  # a post that waits for its score no longer than that is not worth a word
OPEN = (IncidentStatus.FIRING, IncidentStatus.ACKNOWLEDGED)


def of(program: Program, *, since: datetime, now: datetime) -> Heartbeat:
    """What the program can say of itself, and of what it read since a moment."""
    store, heard = program.store, troubles.ears(program, now=now)
    posts = sorted(_posts(program, since, now), key=lambda each: (-each[1], each[0]))
    waiting = store.scores.oldest_pending()
    working = store.maintenances.active(now)
    worst = [(source.name, heard.worst(source.name)) for source in program.sources if source.name not in working]
    return Heartbeat(
        since=since,
        posts=tuple(each for each in posts if each[1]),
        silent=sum(1 for each in posts if not each[1]),
        incidents=tuple(
            OpenIncident(id=each.id, brand=each.brand, severity=each.severity, since=each.opened_at, owner=each.owner)
            for each in open_incidents(program)
        ),
        sources=len(program.sources),
        unheard=tuple((name, found[0], found[1]) for name, found in worst if found is not None),
        maintained=tuple(
            (source.name, working[source.name].until, working[source.name].why)
            for source in program.sources
            if source.name in working
        ),
        receivers=tuple(name for name, _, _ in troubles.unreached(program, now=now)),
        stuck=tuple(
            subject.removeprefix(troubles.STAGE)
            for subject in store.beats.of(troubles.TROUBLE)
            if subject.startswith(troubles.STAGE)
        ),
        waiting=waiting if waiting is not None and now - waiting >= LATE else None,
        budget=budget(program, now=now),
        digest=digest.next_due(program.settings.routine, now),
    )


def open_incidents(program: Program) -> list[Incident]:
    """What is open, the oldest first; rehearsals apart."""
    found = [each for status in OPEN for each in program.store.incidents.find(status=status) if not each.drill]
    return sorted(found, key=lambda each: (each.opened_at, each.id))


def _posts(program: Program, since: datetime, now: datetime) -> Iterator[tuple[str, int, int]]:
    """Each brand that is watched or compared with, with its posts and the negative ones of these."""
    for card in program.settings.brands:
        found = program.store.periods.platforms(card.name, since, now).values()
        yield card.name, sum(each.posts for each in found), sum(each.negative for each in found)
