"""Notices: who is to hear of which alert, and what became of that. Knows no route and no words of a message.

A notice is written with its alert, in one transaction, and becomes told with the message in the outbox, in one
transaction. Everything is done for many at once, so that ten thousand alerts are seconds of work.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.clock import from_ms, to_ms
from monitor.domain import Notice, NoticeState, Phase
from monitor.store.database import Connection
from monitor.store.silences import WAKE

_COLUMNS = (
    "select n.id, n.alert_id, n.incident_id, n.receiver, n.group_key, n.state, n.due_at, n.quiet, n.urgent, n.wait,"
    " n.repeat, s.slice, a.phase, a.at, i.brand, s.rule, i.severity, i.resolved_at, i.acknowledged_at, i.drill"
    " from notices n"
)
_JOINED = (
    " join alerts a on a.id = n.alert_id join incidents i on i.id = n.incident_id join spikes s on s.id = a.spike_id"
)
_READ = _COLUMNS + _JOINED
_IDS = "(select value from json_each(?))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A notice as it is shown: what became of it, and when."""

    incident_id: int
    alert_id: int
    receiver: str
    brand: str
    phase: Phase
    at: datetime
    state: NoticeState
    reason: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAlert:
    """An alert of the past, as silences look at it."""

    id: int
    incident_id: int
    at: datetime
    phase: Phase
    brand: str
    rule: str
    slice: str
    severity: str
    notices: int  # that were written for it


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncident:
    """An incident that was open at a moment."""

    id: int
    brand: str
    rule: str
    severity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An incident that a person called over, for one receiver who was told of it."""

    receiver: str
    incident_id: int
    by: str
    why: str


class Notices:
    """Who is to hear of what."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def add(self, notices: Iterable[Notice], reasons: Mapping[str, str], held: Mapping[str, str]) -> None:
        """Write the notices of one alert; the same receiver once. `reasons` and `held` (by what) go by receiver."""
        self._c.many(
            "insert or ignore into notices (alert_id, incident_id, receiver, group_key, state, reason, due_at,"
            " held_by, quiet, urgent, wait, repeat) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    n.alert_id, n.incident_id, n.receiver, n.group_key, n.state.value, reasons[n.receiver],
                    to_ms(n.due_at), held.get(n.receiver), n.quiet, n.urgent, _length(n.wait), _length(n.repeat),
                )
                for n in notices
            ],
        )  # fmt: skip

    def hearers(self, incident_id: int) -> dict[str, Notice]:
        """Everyone who was told of an incident, or is to be: receiver → their last notice.

        Those who were told already that a person called it over are left out.
        """
        rows = self._c.rows(
            f"{_READ} where n.incident_id = ? and n.state in ('waiting', 'held', 'told')"
            " and not exists (select 1 from notices e where e.incident_id = n.incident_id and e.receiver = n.receiver"
            " and e.ended_at >= i.resolved_at) order by n.id",
            incident_id,
        )
        return {row[3]: _notice(row) for row in rows}

    def wake(self, now: datetime) -> None:
        """Have everything that is held back looked at again."""
        self._c.execute(WAKE, to_ms(now))

    def next_due(self) -> datetime | None:
        """When the next notice or reminder is due."""
        found = self._c.one(
            "select min(due) from (select min(due_at) as due from notices where state in ('waiting', 'held')"
            " union all select min(remind_at) from notices where remind_at is not null)"
        )
        return from_ms(found[0]) if found and found[0] is not None else None

    def receivers_due(self, now: datetime) -> list[str]:
        """For whom something is due."""
        rows = self._c.rows(
            "select receiver from notices where state in ('waiting', 'held') and due_at <= ?1"
            " union select receiver from notices where remind_at is not null and remind_at <= ?1 order by 1",
            to_ms(now),
        )
        return [row[0] for row in rows]

    def due(self, receiver: str, now: datetime) -> list[Notice]:
        """What is due to one receiver, in the order of the alerts."""
        rows = self._c.rows(
            f"{_COLUMNS} indexed by notices_due {_JOINED}"
            " where n.state in ('waiting', 'held') and n.due_at <= ? and n.receiver = ? order by n.id",
            to_ms(now), receiver,
        )  # fmt: skip
        return [_notice(row) for row in rows]

    def reminders(self, receiver: str, now: datetime) -> list[Notice]:
        """What this receiver was told and may have to be told again."""
        rows = self._c.rows(
            f"{_COLUMNS} indexed by notices_to_remind {_JOINED}"
            " where n.remind_at is not null and n.remind_at <= ? and n.receiver = ? order by n.id",
            to_ms(now), receiver,
        )  # fmt: skip
        return [_notice(row) for row in rows]

    def severities_until(self, at: datetime) -> dict[int, list[str]]:
        """Incidents that had another alert after a moment, as in a replay → the severities of those until then."""
        rows = self._c.rows(
            "select a.incident_id, json_extract(s.body, '$.severity') from alerts a join spikes s on s.id = a.spike_id"
            " where a.at <= ?1 and a.phase <> 'closed'"
            " and a.incident_id in (select incident_id from alerts where at > ?1)",
            to_ms(at),
        )
        found: dict[int, list[str]] = {}
        for incident, severity in rows:
            found.setdefault(incident, []).append(severity)
        return found

    def told(self, receiver: str, incidents: Iterable[int]) -> set[int]:
        """Of some incidents, those that this receiver has heard of, or will without anything being held back."""
        rows = self._c.rows(
            f"select distinct n.incident_id from notices n where n.receiver = ? and n.incident_id in {_IDS}"
            " and (n.state = 'told' or (n.state = 'waiting' and exists"
            " (select 1 from alerts a where a.id = n.alert_id and a.phase <> 'closed')))",
            receiver, _json(incidents),
        )  # fmt: skip
        return {row[0] for row in rows}

    def left(self, receiver: str, since: datetime) -> dict[str, datetime]:
        """When a message of each group last left to this receiver, after a moment."""
        rows = self._c.rows(
            "select group_key, max(queued_at) from outbox where receiver = ? and group_key is not null"
            " and queued_at > ? group by group_key",
            receiver, to_ms(since),
        )  # fmt: skip
        return {key: from_ms(moment) for key, moment in rows}

    def hold(self, ids: Iterable[int], by: str, reason: str, due: datetime) -> None:
        """Hold some back."""
        self._c.execute(
            f"update notices set state = 'held', held_by = ?, reason = ?, due_at = ? where id in {_IDS}",
            by, reason, to_ms(due), _json(ids),
        )  # fmt: skip

    def postpone(self, ids: Iterable[int], due: datetime) -> None:
        """Have some wait for the next message of their group."""
        self._c.execute(
            f"update notices set state = 'waiting', due_at = ? where id in {_IDS}", to_ms(due), _json(ids)
        )  # fmt: skip

    def passed(self, ids: Iterable[int], reason: str, now: datetime) -> None:
        """Nothing was said of some, and nothing will be."""
        self._c.execute(
            f"update notices set state = 'passed', reason = ?, done_at = ?, remind_at = null where id in {_IDS}",
            reason, to_ms(now), _json(ids),
        )  # fmt: skip

    def gone(self, receivers: Sequence[str], now: datetime) -> list[str]:
        """Mark what waits for receivers that are none of these; return their names."""
        names = json.dumps(list(receivers))
        rows = self._c.rows(
            "select distinct receiver from notices where state in ('waiting', 'held')"
            " and receiver not in (select value from json_each(?)) order by 1",
            names,
        )
        self._c.execute(
            "update notices set remind_at = null where remind_at is not null"
            " and receiver not in (select value from json_each(?))",
            names,
        )
        for (name,) in rows:
            self._c.execute(
                "update notices set state = 'gone', done_at = ?, reason = ?"
                " where receiver = ? and state in ('waiting', 'held')",
                to_ms(now), f'there is no receiver "{name}" in alerts.toml any more', name,
            )  # fmt: skip
        return [row[0] for row in rows]

    def leave(self, notices: Sequence[Notice], *, key: str, group: str, now: datetime) -> None:
        """They are told, all in the message with this key, which is in the outbox by now.

        What else waited, or was held back, of the same incidents is told with them: theirs are the newer words.
        """
        last: dict[int, Notice] = {}
        for each in sorted(notices, key=lambda notice: notice.id):
            last[each.incident_id] = each
        found = self._c.one("select id from outbox where key = ?", key)
        number = found and found[0]
        self._c.execute("update outbox set group_key = ?, queued_at = ? where id = ?", group, to_ms(now), number)
        self._c.many(
            "update notices set remind_at = null, done_at = case when state = 'told' then done_at else ?1 end,"
            " outbox_id = case when state = 'told' then outbox_id else ?2 end, state = 'told'"
            " where incident_id = ?3 and receiver = ?4 and id <= ?5 and state in ('waiting', 'held', 'told')",
            [(to_ms(now), number, each.incident_id, each.receiver, each.id) for each in last.values()],
        )
        self._c.many(
            "update notices set remind_at = ? where id = ?",
            [
                (to_ms(now + each.repeat), each.id)
                for each in last.values()
                if each.repeat and each.phase is not Phase.CLOSED
            ],
        )

    def remind(self, ids: Iterable[int], due: datetime | None) -> None:
        """When some are to be told again; None: never."""
        self._c.execute(
            f"update notices set remind_at = ? where id in {_IDS}", None if due is None else to_ms(due), _json(ids)
        )

    def open_at(self, at: datetime, *, brand: str | None = None) -> list[OpenIncident]:
        """The incidents that were open at a moment, of one brand or of all; no drills."""
        columns = "select id, brand, rule, severity from incidents"
        of = "opened_at <= ?1 and drill = 0" + ("" if brand is None else " and brand = ?2")
        rows = self._c.rows(
            f"{columns} where status <> 'resolved' and {of} union all"
            f" {columns} where status = 'resolved' and resolved_at > ?1 and {of}",
            to_ms(at), *(() if brand is None else (brand,)),
        )  # fmt: skip
        return [OpenIncident(id=r[0], brand=r[1], rule=r[2], severity=r[3]) for r in rows]

    def ended_by_hand(self, since: datetime, until: datetime) -> list[Ended]:
        """Who was told of incidents that a person called over in (since, until], and has not heard of that."""
        rows = self._c.rows(
            "select n.receiver, i.id, e.actor, json_extract(e.detail, '$.why') from incidents i"
            " join incident_events e on e.incident_id = i.id and e.kind = 'resolved' and e.at = i.resolved_at"
            " join notices n on n.incident_id = i.id and n.state = 'told'"
            " where i.status = 'resolved' and i.resolved_at > ? and i.resolved_at <= ? and e.actor <> 'monitor'"
            " group by i.id, n.receiver having max(coalesce(n.ended_at, 0)) < i.resolved_at order by i.id, n.receiver",
            to_ms(since), to_ms(until),
        )  # fmt: skip
        return [Ended(receiver=r[0], incident_id=r[1], by=r[2], why=r[3] or "") for r in rows]

    def heard(self, receiver: str, incident_id: int, at: datetime) -> None:
        """This receiver hears that a person called it over."""
        self._c.execute(
            "update notices set ended_at = ?, remind_at = null where incident_id = ? and receiver = ?",
            to_ms(at), incident_id, receiver,
        )  # fmt: skip

    def explanation(self, alert_id: int) -> str | None:
        """What an alert said, as it is stored."""
        found = self._c.one("select explanation from alerts where id = ?", alert_id)
        return found[0] if found else None

    def of_incident(self, incident_id: int) -> list[Past]:
        """Who was told of an incident, and who was not, and why."""
        rows = self._c.rows(
            "select n.incident_id, n.alert_id, n.receiver, i.brand, a.phase, a.at, n.state, n.reason, n.due_at"
            " from notices n join alerts a on a.id = n.alert_id join incidents i on i.id = n.incident_id"
            " where n.incident_id = ? order by n.id",
            incident_id,
        )
        return [
            Past(
                incident_id=r[0], alert_id=r[1], receiver=r[2], brand=r[3], phase=Phase(r[4]), at=from_ms(r[5]),
                state=NoticeState(r[6]), reason=r[7], due_at=from_ms(r[8]),
            )
            for r in rows
        ]  # fmt: skip

    def untold(self, since: datetime, until: datetime) -> dict[str, int]:
        """How many incidents of each brand ended in [since, until) without anybody having been told, drills apart."""
        rows = self._c.rows(
            "select i.brand, count(distinct i.id) from notices n join incidents i on i.id = n.incident_id"
            " where n.state in ('passed', 'gone') and n.done_at >= ? and n.done_at < ? and i.drill = 0 and not exists"
            " (select 1 from notices t where t.incident_id = i.id and t.state in ('told', 'waiting', 'held'))"
            " group by i.brand",
            to_ms(since), to_ms(until),
        )  # fmt: skip
        return dict(rows)

    def alerts_since(self, since: datetime, until: datetime, *, limit: int) -> list[PastAlert]:
        """The alerts of a stretch that opened an incident or made it worse, drills apart, newest first."""
        rows = self._c.rows(
            "select a.id, a.incident_id, a.at, a.phase, i.brand, s.rule, s.slice, i.severity,"
            " (select count(*) from notices n where n.alert_id = a.id)"
            " from alerts a join incidents i on i.id = a.incident_id left join spikes s on s.id = a.spike_id"
            " where a.at >= ? and a.at < ? and a.phase <> 'closed' and i.drill = 0"
            " order by a.at desc, a.id desc limit ?",
            to_ms(since), to_ms(until), limit,
        )  # fmt: skip
        return [
            PastAlert(
                id=r[0], incident_id=r[1], at=from_ms(r[2]), phase=Phase(r[3]), brand=r[4], rule=r[5] or "",
                slice=r[6] or "", severity=r[7], notices=r[8],
            )
            for r in rows
        ]  # fmt: skip


def _notice(row: tuple[Any, ...]) -> Notice:
    return Notice(
        id=row[0], alert_id=row[1], incident_id=row[2], receiver=row[3], group_key=row[4], state=NoticeState(row[5]),
        due_at=from_ms(row[6]), quiet=row[7], urgent=row[8], wait=timedelta(milliseconds=row[9]),
        repeat=timedelta(milliseconds=row[10]), slice=row[11], phase=Phase(row[12]), at=from_ms(row[13]),
        brand=row[14], rule=row[15], severity=row[16], over_at=None if row[17] is None else from_ms(row[17]),
        had_at=None if row[18] is None else from_ms(row[18]), drill=bool(row[19]),
    )  # fmt: skip


def _length(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def _json(ids: Iterable[int]) -> str:
    return json.dumps(sorted(ids))
