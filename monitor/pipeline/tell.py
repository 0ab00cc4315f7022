"""Tell: who is to hear of an alert is written down with it, and becomes a message when its time has come.

Knows the decisions of alerting/ and the store; carries nothing itself: messages wait in the outbox. A notice and its
message change in one transaction, so that a crash anywhere loses nothing and doubles nothing. Every time is compared
with the `now` that is given, so that a replay tells what was told live.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from monitor.alerting.group_message import SHOWN
from monitor.alerting.grouping import group_key, newest, plan, sift
from monitor.alerting.holds import Hold, Situation, hold
from monitor.alerting.inhibition import Open, gravest_first
from monitor.alerting.routing import About, Asked, Route, ask, told
from monitor.alerting.severity import rank, worst
from monitor.alerting.silences import Matchers, Silence
from monitor.clock import iso
from monitor.domain import Alert, Incident, Notice, NoticeState, Phase, real_brand
from monitor.errors import InputError, SettingsError
from monitor.pipeline.failpoints import reach
from monitor.pipeline.notice_message import entries, message_of, with_links, zone_of
from monitor.pipeline.program import Program, Stop, never
from monitor.store import Store
from monitor.store.silences import KeptSilence

log = structlog.get_logger()
LONGEST_SILENCE = 24 * 30  # hours, of one incident
LATE = timedelta(hours=24)  # what a person called over longer ago is no news


@dataclass(frozen=True, slots=True)
class TellReport:
    """What became of the notices that were due."""

    messages: int = 0  # that were put into the outbox
    told: int = 0  # notices in them
    held: int = 0
    passed: int = 0
    reminders: int = 0  # of the messages
    errors: tuple[str, ...] = field(default=(), compare=False)  # receivers that are no more, one sentence each

    def plus(self, other: "TellReport") -> "TellReport":
        """Both together."""
        return TellReport(
            self.messages + other.messages, self.told + other.told, self.held + other.held,
            self.passed + other.passed, self.reminders + other.reminders, self.errors + other.errors,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Whether one receiver would be told of an alert, when, and why."""

    receiver: str
    reason: str
    route: int | None  # its number in the file; None: none names it
    told: bool
    hold: Hold | None = None  # told later, if at all


def note(program: Program, alert: Alert, incident: Incident, *, now: datetime) -> int:
    """Write down who is to hear of an alert, in the transaction that writes the alert; return how many.

    Routes, hours and silences are asked about `now`: in a replay, the alert's own time. A closing alert goes to
    everyone who heard of the incident, or is still to hear of it, but for those who hear that a person called it over.
    """
    if alert.phase is Phase.CLOSED:
        return _note_end(program, alert, incident, now)
    spike = alert.explanation.spike
    about = About(
        brand=real_brand(incident.brand), severity=incident.severity, rule=spike.rule, slice=spike.slice,
        incident=incident.id,
    )  # fmt: skip
    found = told(program.routes, about, at=now, calendars=program.calendars)
    situation = situation_at(program, now, brand=about.brand) if found else Situation(at=now)
    reasons: dict[str, str] = {}
    held: dict[str, str] = {}
    notices = []
    for each in found:
        keeps = hold(about, situation, quiet=each.route.quiet, urgent=each.route.urgent, drill=incident.drill)
        reasons[each.receiver] = keeps.reason if keeps else each.reason
        held |= {each.receiver: keeps.by.value} if keeps else {}
        notices.append(_notice(alert, incident, each.receiver, each.route, about, keeps, now))
    program.store.notices.add(notices, reasons, held)
    return len(notices)


def run(program: Program, *, now: datetime, stop: Stop = never, event_time: bool = False) -> TellReport:
    """Turn the notices that are due into messages, one transaction for each receiver.

    With `event_time` each is told at the moment at which it was due, as in a replay, where days pass in one call.
    """
    report = _tell_ends(program, now)
    at: datetime | None = None
    while not stop():
        due = program.store.notices.next_due()
        if due is None or due > now or (at is not None and (not event_time or due <= at)):
            break
        at = due if event_time else now
        report = report.plus(_tell(program, at, stop))
    return report


def situation_at(program: Program, at: datetime, *, brand: str | None = None) -> Situation:
    """What holds notices back at a moment; `brand` leaves out incidents that cannot mute one of that brand."""
    across = any(each.muted_brands for each in program.inhibitions)
    least = min((rank(each.severity) for each in program.inhibitions), default=None)
    found = () if least is None else program.store.notices.open_at(at, brand=None if across else brand)
    grave = [
        Open(id=each.id, brand=each.brand, rule=each.rule, severity=each.severity)
        for each in found
        if least is not None and rank(each.severity) >= least
    ]
    kept = (silence_of(each) for each in program.store.silences.active(at))
    return Situation(
        at=at, silences=(*program.silences, *kept), calendars=program.calendars, inhibitions=program.inhibitions,
        open=gravest_first(grave),
    )  # fmt: skip


def outlook(program: Program, about: About, *, at: datetime) -> tuple[list[Outlook], list[Asked]]:
    """Who would be told of an alert at a moment, and who not; and what each route says of it."""
    asked = list(ask(program.routes, about, at=at, calendars=program.calendars))
    situation = situation_at(program, at)
    found: dict[str, Outlook] = {}
    for each in asked:
        for name in each.route.receivers if each.fits else ():
            keeps = hold(about, situation, quiet=each.route.quiet, urgent=each.route.urgent)
            one = Outlook(receiver=name, reason=each.reason, route=each.number, told=keeps is None, hold=keeps)
            found.setdefault(name, one)
    rest = [_left_out(name, asked) for name in program.receivers if name not in found]
    return [*found.values(), *rest], asked


def silence_incident(store: Store, incident_id: int, *, hours: float, by: str, now: datetime) -> str:
    """Mute one incident for some hours, but for its end. Raises InputError, in one sentence."""
    by = " ".join(by.split())
    if not 0 < hours <= LONGEST_SILENCE:
        raise InputError(f"A silence of {hours:g} hours cannot be; it is more than none and at most {LONGEST_SILENCE}.")
    if not by:
        raise InputError("Nobody can ask later why it was silenced. Say who you are.")
    until = now.replace(microsecond=0) + timedelta(hours=hours)
    with store.transaction():
        incident = store.incidents.get(incident_id) if 0 < incident_id < 1 << 63 else None
        if incident is None:
            raise InputError(f"There is no incident {incident_id}. `alerts list` shows which there are.")
        this = f"Incident {incident.id} ({incident.brand})"
        if incident.resolved_at is not None:
            return f"{this} is over already, since {iso(incident.resolved_at)}."
        for each in map(silence_of, store.silences.active(now)):
            if each.matchers.incident == incident_id and each.until >= until:
                return f"{this} is silenced already, by {each.by} until {iso(each.until)}."
        number = store.silences.add(
            Matchers(incident=incident_id).plain(), since=now, until=until, by=by, why="asked for from its message",
            now=now,
        )  # fmt: skip
        store.incidents.say(incident_id, "silenced", at=now, by=by, until=iso(until), silence=str(number))
    return f"{this} is silenced until {iso(until)} by {by}; you still hear when it is over."


def silence_of(kept: KeptSilence) -> Silence:
    """A silence as the store keeps it, as alerting looks at it."""
    return Silence(
        id=kept.id, matchers=Matchers.of(kept.matchers), since=kept.since, until=kept.until, by=kept.by, why=kept.why,
        ended_at=kept.ended_at, ended_by=kept.ended_by,
    )  # fmt: skip


# Writing down


def _note_end(program: Program, alert: Alert, incident: Incident, at: datetime) -> int:
    known = {(each.receiver, each.incident_id) for each in program.store.notices.ended_by_hand(at - LATE, at)}
    found = program.store.notices.hearers(incident.id)
    hearers = {name: last for name, last in found.items() if (name, incident.id) not in known}
    notices = [
        replace(
            last, alert_id=alert.id, state=NoticeState.WAITING, due_at=min(at, alert.at), quiet=None,
            repeat=timedelta(0), phase=Phase.CLOSED, at=alert.at,
        )
        for last in hearers.values()
    ]  # fmt: skip
    program.store.notices.add(notices, dict.fromkeys(hearers, "it is over, and they heard that it began"), {})
    program.store.notices.wake(at)  # what this one inhibited may be told now
    return len(notices)


def _notice(
    alert: Alert, incident: Incident, receiver: str, route: Route, about: About, keeps: Hold | None, at: datetime
) -> Notice:
    return Notice(
        id=0, alert_id=alert.id, incident_id=incident.id, receiver=receiver,
        group_key=group_key(route.group_by, about, drill=incident.drill),
        state=NoticeState.HELD if keeps else NoticeState.WAITING, due_at=keeps.until if keeps else min(at, alert.at),
        quiet=route.quiet, urgent=route.urgent, wait=route.group_interval, repeat=route.repeat, slice=about.slice,
        phase=alert.phase, at=alert.at, brand=incident.brand, rule=about.rule, severity=incident.severity,
        drill=incident.drill,
    )  # fmt: skip


def _left_out(name: str, asked: Sequence[Asked]) -> Outlook:
    """A receiver that is not told, and why: what the first route that names it says."""
    for each in asked:
        if name in each.route.receivers:
            reason = f"route {each.number}: {each.reason}"
            return Outlook(receiver=name, reason=reason, route=each.number, told=False)
    return Outlook(receiver=name, reason="no route names it", route=None, told=False)


# Telling


def _tell(program: Program, at: datetime, stop: Stop) -> TellReport:
    store = program.store
    report = TellReport()
    with store.transaction():
        gone = store.notices.gone(sorted(program.receivers), at)
    for name in gone:
        log.warning("what waited for a receiver is marked: alerts.toml names it no more", receiver=name)
    report = replace(
        report, errors=tuple(f"{name}: alerts.toml names it no more; what waited is marked." for name in gone)
    )
    for receiver in store.notices.receivers_due(at):
        if stop():
            break
        try:
            report = report.plus(_tell_one(program, receiver, at))
        except SettingsError as error:  # of one receiver's messages: the others are told all the same
            log.error("nobody can be told", receiver=receiver, reason=str(error))
            report = report.plus(TellReport(errors=(f"{receiver}: {error}",)))
    return report


def _tell_one(program: Program, receiver: str, at: datetime) -> TellReport:
    with program.store.transaction():
        situation = situation_at(program, at)
        report = _tell_due(program, receiver, situation).plus(_remind(program, receiver, situation))
        reach("tell.written")
    reach("tell.committed")
    return report


def _tell_ends(program: Program, now: datetime) -> TellReport:
    """What a person called over is told to everyone who was told that it began."""
    store, count = program.store, 0
    if not store.notices.ended_by_hand(now - LATE, now):
        return TellReport()
    with store.transaction():
        for each in store.notices.ended_by_hand(now - LATE, now):
            incident = store.incidents.get(each.incident_id)
            store.notices.heard(each.receiver, each.incident_id, now)
            if incident is not None and each.receiver in program.receivers:
                zone = program.settings.timezone_of(incident.brand)
                message = program.group_templates.ended(
                    incident, receiver=each.receiver, by=each.by, why=each.why, zone=zone
                )
                store.outbox.put(None, each.receiver, message, due=now)
                count += 1
    return TellReport(messages=count)


def _tell_due(program: Program, receiver: str, situation: Situation) -> TellReport:
    """Everything that is due to one receiver: held back, passed over, put off, or put into the outbox."""
    notices, at = program.store.notices, situation.at
    due = _as_of(program, notices.due(receiver, at), at)
    free, held = _unheld(program, due, situation)
    sifted = sift(free, notices.told(receiver, {each.incident_id for each in due}), at=at)
    for reason, some in sifted.passed.items():
        notices.passed((each.id for each in some), reason, at)
    if not sifted.tell:
        return TellReport(held=held, passed=len(free))
    longest = max(each.wait for each in sifted.tell)
    todo = plan(sifted.tell, notices.left(receiver, at - longest), at=at)
    for later, some in todo.later.items():
        notices.postpone((each.id for each in some), later)
    for batch in todo.batches:
        alert_id, message = message_of(program, batch, at)
        program.store.outbox.put(alert_id, receiver, message, due=at)
        notices.leave(batch.notices, key=message.key, group=batch.key, now=at)
    return TellReport(
        messages=len(todo.batches), told=sum(len(batch.notices) for batch in todo.batches), held=held,
        passed=len(free) - len(sifted.tell),
    )  # fmt: skip


def _as_of(program: Program, notices: Sequence[Notice], at: datetime) -> list[Notice]:
    """With the incidents as grave as they were then: in a replay, what came later is in the store already."""
    known = program.store.notices.severities_until(at) if notices else {}
    return [
        replace(each, severity=worst(*known[each.incident_id])) if each.incident_id in known else each
        for each in notices
    ]


def _unheld(program: Program, due: Sequence[Notice], situation: Situation) -> tuple[list[Notice], int]:
    """Hold back what must not be told yet; the others, and how many were held. The end of an incident never is."""
    free: list[Notice] = []
    held: dict[Hold, list[int]] = {}
    for each in due:
        keeps = None if _needs_no_leave(each, situation.at) else hold_of(each, situation)
        if keeps is None:
            free.append(each)
        else:
            held.setdefault(keeps, []).append(each.id)
    for keeps, ids in held.items():
        program.store.notices.hold(ids, keeps.by.value, keeps.reason, keeps.until)
    return free, len(due) - len(free)


def _needs_no_leave(notice: Notice, at: datetime) -> bool:
    return notice.phase is Phase.CLOSED or (notice.state is NoticeState.HELD and notice.over(at))


def hold_of(notice: Notice, situation: Situation) -> Hold | None:
    """What holds a notice back."""
    about = About(
        brand=real_brand(notice.brand), severity=notice.severity, rule=notice.rule, slice=notice.slice,
        incident=notice.incident_id,
    )  # fmt: skip
    return hold(about, situation, quiet=notice.quiet, urgent=notice.urgent, drill=notice.drill)


def _remind(program: Program, receiver: str, situation: Situation) -> TellReport:
    """Remind a receiver, in one message, of what still fires and nobody has."""
    notices, at = program.store.notices, situation.at
    due = _as_of(program, notices.reminders(receiver, at), at)
    nobodys = [each for each in due if not each.over(at) and not each.had(at)]
    notices.remind({each.id for each in due} - {each.id for each in nobodys}, None)
    last: list[Notice] = []
    for each in nobodys:
        keeps = hold_of(each, situation)
        if keeps is None:
            last.append(each)
        else:
            notices.remind([each.id], keeps.until)
    if not last:
        return TellReport()
    shown = entries(program, newest(last)[:SHOWN])
    message = program.group_templates.reminder(last, shown, at=at, zone=zone_of(program, last))
    program.store.outbox.put(None, receiver, with_links(program, message, last, receiver, at), due=at)
    for each in last:
        notices.remind([each.id], at + each.repeat)
    return TellReport(messages=1, reminders=1)
