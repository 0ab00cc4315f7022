"""Watch: tells people of the program itself: that it listens, what does not work, what a day or a week brought.

Each is written into the outbox with the note that it was told (`beats`), in one transaction, so that a restart tells
nothing twice. What came due while the program was off is told once, and not for each day that was missed. Knows what
is told to whom; how it is found out stands in troubles.py, heartbeat.py and digest.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.alerting.routine_message import Health, Over, addressed
from monitor.alerting.routine_times import last_due
from monitor.clock import iso
from monitor.domain import Message
from monitor.errors import MonitorError
from monitor.pipeline import digest, heartbeat, troubles
from monitor.pipeline.program import Program, Stop, never

HEARTBEAT, DIGEST = "heartbeat", "digest"
AGAIN = timedelta(days=1)  # after which what lasts is told again
LONGEST = timedelta(days=31)  # that a heartbeat looks back
AHEAD = timedelta(hours=1)  # by which a note may lie in the future before it counts as one of a clock that was wrong


@dataclass(frozen=True, slots=True)
class WatchReport:
    """How many messages were written, and what could not be looked at, in sentences."""

    messages: int = 0
    errors: tuple[str, ...] = ()


def run(program: Program, *, now: datetime, stop: Stop = never) -> WatchReport:
    """Look at everything once; what breaks in one look stops no other."""
    messages, errors = 0, []
    looks: tuple[Callable[[Program, datetime], int], ...] = (
        _health,
        _heartbeat,
        lambda program, now: _digests(program, now, stop),
    )
    for look in looks:
        if stop():
            break
        try:
            messages += look(program, now)
        except MonitorError as error:
            errors.append(str(error))
    return WatchReport(messages, tuple(errors))


def receivers(program: Program, *, but: Sequence[str] = ()) -> list[str]:
    """Who hears of the program itself: those of [routine], else all whom a route names, else all there are.

    Those who are not reached themselves are left out, unless nobody else is there.
    """
    named = list(program.settings.routine.receivers)
    routed = [name for route in program.routes for name in route.receivers]
    wanted = [name for name in dict.fromkeys(named or routed or program.receivers) if name in program.receivers]
    return [name for name in wanted if name not in but] or wanted


def _tell(program: Program, message: Message, names: Sequence[str], now: datetime) -> int:
    """Queue a message for each of these; call it in the transaction that notes that it was told."""
    for name in names:
        program.store.outbox.put(None, name, addressed(message, name), due=now)
    return len(names)


# What does not work


def _health(program: Program, now: datetime) -> int:
    found, known = troubles.all_of(program, now=now), program.store.beats.of(troubles.TROUBLE)
    if not found and not known:
        return 0
    fresh = [subject for subject in found if subject not in known]
    lasting = [subject for subject in found if subject in known]
    over: dict[str, Over] = {}
    gone: list[str] = []
    for subject, beat in known.items():
        if subject not in found:
            became = troubles.works_again(program, subject, beat.since or beat.last, now=now)
            if isinstance(became, Over):
                over[subject] = became
            elif not became:
                gone.append(subject)
    due = any(not -AHEAD <= now - known[subject].last < AGAIN for subject in lasting)
    told = lasting if due else []
    if not (fresh or over or told or gone):
        return 0
    health = Health(
        fresh=tuple(found[each] for each in fresh),
        over=tuple(over.values()),
        lasting=tuple(found[each] for each in told),
    )
    return _tell_health(program, health, [*over, *gone], {each: found[each].since for each in [*fresh, *told]}, now)


def _tell_health(
    program: Program, health: Health, ended: Sequence[str], told: dict[str, datetime], now: datetime
) -> int:
    """Write it, and note for each subject that it was told, or that it is over."""
    messages, beats = 0, program.store.beats
    unreached = [name for name, _, _ in troubles.unreached(program, now=now)]
    with program.store.transaction():
        if health != Health():
            zone, key = program.settings.routine.timezone, f"{iso(now)} {sorted(told)} {sorted(ended)}"
            message = program.routine_texts.message(health, key=key, zone=zone, at=now)
            messages = _tell(program, message, receivers(program, but=unreached), now)
        for subject in ended:
            beats.forget(troubles.TROUBLE, subject)
        for subject, since in told.items():
            beats.mark(troubles.TROUBLE, subject, at=now, since=since)
    return messages


# What comes by the calendar


def _heartbeat(program: Program, now: datetime) -> int:
    routine = program.settings.routine
    if not routine.heartbeat:
        return 0
    due = last_due(now, routine.heartbeat, routine.timezone)
    last = _begun(program, now)
    if last is None or last >= due:
        return 0
    told = heartbeat.of(program, since=max(last, now - LONGEST), now=now)
    message = program.routine_texts.message(told, key=iso(due), zone=routine.timezone, at=now)
    with program.store.transaction():
        program.store.beats.mark(HEARTBEAT, at=now)
        return _tell(program, message, receivers(program, but=told.receivers), now)


def _digests(program: Program, now: datetime, stop: Stop) -> int:
    """One for each brand that is due; each is a transaction of its own, so that one that is stopped goes on later."""
    due = digest.last_due(program.settings.routine, now)
    if due is None:
        return 0
    known, messages = program.store.beats.of(DIGEST), 0
    brands = [card.name for card in program.settings.brands if not card.competitor]
    new = [name for name in brands if name not in known or known[name].last > now + AHEAD]
    if new:
        with program.store.transaction():
            for name in new:  # the first digest comes when it is next due
                program.store.beats.mark(DIGEST, name, at=now)
    for name in brands:
        if name not in new and known[name].last < due and not stop():
            messages += _digest(program, name, due, now)
    return messages


def _digest(program: Program, brand: str, due: datetime, now: datetime) -> int:
    routine = program.settings.routine
    told = digest.of(program, brand, until=due, length=digest.length_of(routine), now=now)
    message = program.routine_texts.message(told, key=f"{brand} {iso(due)}", zone=routine.timezone, at=now)
    with program.store.transaction():
        program.store.beats.mark(DIGEST, brand, at=now)
        return _tell(program, message, receivers(program), now)


def _begun(program: Program, now: datetime) -> datetime | None:
    """When the last heartbeat was told. None: none was to be told before; the first one comes when it is next due."""
    last = program.store.beats.last(HEARTBEAT)
    if last is None or last > now + AHEAD:
        with program.store.transaction():
            program.store.beats.mark(HEARTBEAT, at=now)
        return None
    return last
