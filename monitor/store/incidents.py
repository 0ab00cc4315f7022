"""Incidents, who speaks in them, what people did with them, and their alerts, each with the record that explains it.

Every change of an incident adds a line to its history, which the database lets nobody change. Knows no rule and no
receiver, and decides nothing: call these in the transaction that the decision belongs to.
"""

import json
from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.clock import from_ms, to_ms
from monitor.domain import Event, Incident, IncidentStatus, Phase, Spike, Verdict
from monitor.store import writable
from monitor.store.database import Connection

MONITOR = "monitor"  # who acts where no person does
_READ = (
    "select id, brand, rule, opened_at, onset, status, severity, resolved_at, slice, owner, acknowledged_at, real,"
    " drill, reopened_at from incidents"
)
_VERDICTS = (
    "select (select min(s.opened_at) from incident_slices s where s.incident_id = i.id and s.rule = ?1),"
    " json_extract(e.detail, '$.real'), e.at from incident_events e join incidents i on i.id = e.incident_id"
    " where e.kind = 'judged' and i.brand = ?2 and i.drill = 0 and e.at >= ?3 and e.at < ?4"
    " and i.id in (select incident_id from incident_slices where rule = ?1) order by e.at, e.id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAlert:
    """An alert as it is kept."""

    id: int
    incident_id: int
    phase: Phase
    at: datetime
    explanation: str  # as JSON


class Incidents:
    """What fired, what it said, who has it, when it was over."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    # Asking

    def get(self, incident_id: int) -> Incident | None:
        """One incident."""
        return self._one("id = ?", incident_id)

    def open_for(self, rule: str, brand: str, slice_: str | None = None) -> Incident | None:
        """The incident of a brand that is open and in which a rule speaks of a slice (None: of any)."""
        return self._one(
            "brand = ?2 and status <> 'resolved' and id in (select incident_id from incident_slices"
            " where rule = ?1 and closed_at is null and (?3 is null or slice = ?3))",
            rule, brand, slice_,
        )  # fmt: skip

    def newest(self, brand: str) -> Incident | None:
        """The open incident of a brand, or else the one that was over last."""
        return self._one("brand = ? order by status = 'resolved', resolved_at desc, id desc limit 1", brand)

    def all(self) -> list[Incident]:
        """Every incident, oldest first; drills among them."""
        return [_incident(row) for row in self._c.rows(f"{_READ} order by opened_at, id")]

    def find(
        self,
        *,
        brand: str | None = None,
        status: IncidentStatus | None = None,
        since: datetime | None = None,
        limit: int = 1000,
    ) -> list[Incident]:
        """Incidents that were open at or after `since`, the newest first."""
        rows = self._c.rows(
            f"{_READ} where (?1 is null or brand = ?1) and (?2 is null or status = ?2)"
            " and (?3 is null or resolved_at is null or resolved_at >= ?3) order by opened_at desc, id desc limit ?4",
            brand, status and status.value, None if since is None else to_ms(since), limit,
        )  # fmt: skip
        return [_incident(row) for row in rows]

    def speaking(self, incident_id: int) -> Set[tuple[str, str]]:
        """The rules and slices that take part in an incident and are not over."""
        rows = self._c.rows(
            "select rule, slice from incident_slices where incident_id = ? and closed_at is null", incident_id
        )
        return frozenset((row[0], row[1]) for row in rows)

    def slices(self, incident_id: int) -> list[tuple[str, str, datetime, datetime | None]]:
        """Who takes part in an incident, as (rule, slice, since, until), in the order in which they joined."""
        rows = self._c.rows(
            "select rule, slice, opened_at, closed_at from incident_slices where incident_id = ?"
            " order by opened_at, rule, slice",
            incident_id,
        )
        return [(row[0], row[1], from_ms(row[2]), _time(row[3])) for row in rows]

    def history(self, incident_id: int) -> list[Event]:
        """What happened to an incident, first things first."""
        rows = self._c.rows(
            "select incident_id, at, actor, kind, detail from incident_events where incident_id = ? order by id",
            incident_id,
        )
        return [Event(incident_id=row[0], at=from_ms(row[1]), actor=row[2], kind=row[3], detail=json.loads(row[4]))
                for row in rows]  # fmt: skip

    def verdicts(self, rule: str, brand: str, since: datetime, until: datetime) -> list[Verdict]:
        """What people said in [since, until) of a brand's incidents in which a rule took part, in that order.

        A verdict names the moment at which this rule first spoke in its incident. Drills are no statistic.
        """
        rows = self._c.rows(_VERDICTS, rule, brand, to_ms(since), to_ms(until))
        return [Verdict(fired_at=from_ms(row[0]), real=bool(row[1]), said_at=from_ms(row[2])) for row in rows]

    # What spikes do

    def open(self, spike: Spike, *, drill: bool = False) -> int:
        """Begin an incident; return its id."""
        number = self._c.insert(
            "insert into incidents (rule, brand, slice, opened_at, onset, status, severity, drill)"
            " values (?, ?, ?, ?, ?, 'firing', ?, ?)",
            spike.rule, spike.brand, spike.slice, to_ms(spike.fired_at), to_ms(spike.onset), spike.severity, int(drill),
        )  # fmt: skip
        self._take_part(number, spike.rule, spike.slice, spike.fired_at)
        self.say(number, "opened", at=spike.fired_at, by=MONITOR, **_of(spike))
        return number

    def join(self, incident_id: int, spike: Spike) -> None:
        """A rule takes part, and the slice that it speaks of; once, until it left."""
        if self._take_part(incident_id, spike.rule, spike.slice, spike.fired_at):
            self.say(incident_id, "joined", at=spike.fired_at, by=MONITOR, **_of(spike))

    def leave(self, incident_id: int, slice_: str, at: datetime, *, rule: str | None = None) -> bool:
        """A slice is back to usual for a rule (None: for every rule); True where none is left, and it is over."""
        left = self._c.execute(
            "update incident_slices set closed_at = ?1 where incident_id = ?2 and slice = ?3"
            " and (?4 is null or rule = ?4) and closed_at is null",
            to_ms(at), incident_id, slice_, rule,
        )  # fmt: skip
        if left:
            self.say(incident_id, "left", at=at, by=MONITOR, rule=rule or "", slice=slice_)
        return not self.speaking(incident_id)

    def worsen(self, incident_id: int, spike: Spike, severity: str) -> None:
        """It got worse, or is graver than was thought."""
        self._c.execute("update incidents set severity = ? where id = ?", severity, incident_id)
        self.say(incident_id, "worsened", at=spike.fired_at, by=MONITOR, **_of(spike) | {"severity": severity})

    def reopen(self, incident_id: int, spike: Spike, severity: str) -> None:
        """It was not over: who had it has it still."""
        self._c.execute(
            "update incidents set severity = ?, resolved_at = null, reopened_at = ?,"
            " status = case when acknowledged_at is null then 'firing' else 'acknowledged' end where id = ?",
            severity, to_ms(spike.fired_at), incident_id,
        )  # fmt: skip
        self._take_part(incident_id, spike.rule, spike.slice, spike.fired_at)
        self.say(incident_id, "reopened", at=spike.fired_at, by=MONITOR, **_of(spike))

    def resolve(self, incident_id: int, at: datetime, *, by: str = MONITOR, why: str = "back to usual") -> None:
        """End an incident."""
        self._c.execute(
            "update incidents set status = 'resolved', resolved_at = ? where id = ?", to_ms(at), incident_id
        )
        self.say(incident_id, "resolved", at=at, by=by, why=why)

    # What people do

    def acknowledge(self, incident_id: int, at: datetime, *, by: str) -> None:
        """A person says that they have it; the owner, where nobody is yet."""
        self._c.execute(
            "update incidents set status = 'acknowledged', acknowledged_at = ?, acknowledged_by = ?,"
            " owner = coalesce(owner, ?) where id = ?",
            to_ms(at), writable.text(by), writable.text(by), incident_id,
        )  # fmt: skip
        self.say(incident_id, "acknowledged", at=at, by=by)

    def acknowledged_by(self, incident_id: int) -> str | None:
        """Who acknowledged it."""
        found = self._c.one("select acknowledged_by from incidents where id = ?", incident_id)
        return None if found is None else found[0]

    def assign(self, incident_id: int, owner: str, at: datetime, *, by: str) -> None:
        """Give it to a person."""
        self._c.execute("update incidents set owner = ? where id = ?", writable.text(owner), incident_id)
        self.say(incident_id, "assigned", at=at, by=by, owner=owner)

    def note(self, incident_id: int, text: str, at: datetime, *, by: str) -> None:
        """Keep what a person wants remembered."""
        self.say(incident_id, "noted", at=at, by=by, text=text)

    def judge(self, incident_id: int, real: bool, at: datetime, *, by: str) -> None:
        """Keep what a person says it was; the last word holds, all stay in the history."""
        self._c.execute("update incidents set real = ?, judged_at = ? where id = ?", int(real), to_ms(at), incident_id)
        self.say(incident_id, "judged", at=at, by=by, real=real)

    def say(self, incident_id: int, kind: str, *, at: datetime, by: str = MONITOR, **detail: str | bool) -> None:
        """Add a line to an incident's history."""
        told = {name: writable.text(value) if isinstance(value, str) else value for name, value in detail.items()}
        self._c.execute(
            "insert into incident_events (incident_id, at, actor, kind, detail) values (?, ?, ?, ?, ?)",
            incident_id, to_ms(at), writable.text(by), kind, json.dumps(told, ensure_ascii=False),
        )  # fmt: skip

    # Alerts

    def add_alert(self, incident_id: int, spike_id: int, spike: Spike, explanation: str) -> int:
        """Keep an alert with its explanation; return its id."""
        return self._c.insert(
            "insert into alerts (incident_id, spike_id, phase, at, explanation) values (?, ?, ?, ?, ?)",
            incident_id, spike_id, spike.phase.value, to_ms(spike.fired_at), explanation,
        )  # fmt: skip

    def explanations(self, incident_id: int) -> list[str]:
        """What each alert of an incident said, first alert first."""
        return [each.explanation for each in self.alerts_of(incident_id)]

    def alerts_of(self, incident_id: int) -> list[StoredAlert]:
        """The alerts of an incident, first first."""
        rows = self._c.rows(
            "select id, incident_id, phase, at, explanation from alerts where incident_id = ? order by at, id",
            incident_id,
        )
        return [
            StoredAlert(id=row[0], incident_id=row[1], phase=Phase(row[2]), at=from_ms(row[3]), explanation=row[4])
            for row in rows
        ]

    def alerts(self) -> Iterator[tuple[Any, ...]]:
        """Alerts as (id, incident_id, phase, at in milliseconds, explanation), oldest first."""
        return self._c.stream("select id, incident_id, phase, at, explanation from alerts order by at, id")

    def _take_part(self, incident_id: int, rule: str, slice_: str, at: datetime) -> bool:
        return bool(
            self._c.execute(
                "insert into incident_slices (incident_id, rule, slice, opened_at) values (?, ?, ?, ?)"
                " on conflict do update set closed_at = null where closed_at is not null",
                incident_id, rule, slice_, to_ms(at),
            )
        )  # fmt: skip

    def _one(self, where: str, *values: object) -> Incident | None:
        found = self._c.one(f"{_READ} where {where}", *values)
        return _incident(found) if found else None


def _of(spike: Spike) -> dict[str, str]:
    """What the history says of a spike."""
    return {"rule": spike.rule, "slice": spike.slice, "severity": spike.severity}


def _time(value: int | None) -> datetime | None:
    return None if value is None else from_ms(value)


def _incident(row: tuple[Any, ...]) -> Incident:
    return Incident(
        id=row[0], brand=row[1], rule=row[2], opened_at=from_ms(row[3]), onset=from_ms(row[4]),
        status=IncidentStatus(row[5]), severity=row[6], resolved_at=_time(row[7]), slice=row[8], owner=row[9],
        acknowledged_at=_time(row[10]), real=None if row[11] is None else bool(row[11]), drill=bool(row[12]),
        reopened_at=_time(row[13]),
    )  # fmt: skip
