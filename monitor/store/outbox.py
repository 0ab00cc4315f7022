"""The outbox: messages that wait to be carried, and every attempt to carry one. Knows no notifier.

A message is written with its alert, in one transaction. Before the socket is opened, the attempt is committed
(`claim`); what a crash leaves in "sending" may have arrived, so it is queued again and marked as a repeat (`recover`).
What cannot be delivered stays as a dead letter, in sight, until somebody queues it again (`revive`).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from monitor.clock import from_ms, iso, parse, to_ms
from monitor.domain import Chart, Link, Mark, Message, MessageKind, Point
from monitor.store.database import Connection

FARTHEST = timedelta(hours=25)  # a message that is due later than that was queued by a clock that was wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message in our hands, and which try this is (1: the first)."""

    id: int
    receiver: str
    message: Message
    attempt: int
    first_at: datetime  # of the first try
    attempt_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message as the outbox knows it, for people who look after it."""

    id: int
    receiver: str
    state: str  # "queued", "sending", "sent", "dead"
    message: Message
    attempts: int
    queued_at: datetime | None
    due_at: datetime
    sent_at: datetime | None
    last_error: str | None


class Outbox:
    """Messages on their way."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def put(self, alert_id: int | None, receiver: str, message: Message, *, due: datetime) -> None:
        """Queue a message for a receiver; the same key once."""
        self._c.execute(
            "insert or ignore into outbox (alert_id, receiver, key, message, state, due_at, kind, queued_at)"
            " values (?1, ?2, ?3, ?4, 'queued', ?5, ?6, ?5)",
            alert_id, receiver, message.key, _to_json(message), to_ms(due), message.kind.value,
        )  # fmt: skip

    def recover(self, receiver: str | None = None) -> int:
        """Queue again, as repeats, what an earlier run (or a full disk) left in the middle; return how many there were.

        Call it only while nothing is being carried to that receiver (None: to any). That we ended is not the
        receiver's failure: such a try does not count.
        """
        # The first condition is the index's own: the table holds months of what was sent.
        left = (
            "select id from outbox where state in ('queued', 'sending') and state = 'sending'"
            " and (?1 is null or receiver = ?1)"
        )
        with self._c.transaction():
            self._c.execute(
                "update attempts set outcome = 'unknown: the program ended'"
                f" where outcome is null and outbox_id in ({left})",
                receiver,
            )
            return self._c.execute(
                f"update outbox set state = 'queued', repeat = 1, attempts = max(attempts - 1, 0) where id in ({left})",
                receiver,
            )

    def next(self, receiver: str, *, now: datetime) -> Message | None:
        """The message that `claim` would take, for what is to be made ready before."""
        found = self._oldest(receiver, now)
        return None if found is None else _from_json(found[1])

    def claim(self, receiver: str, *, now: datetime) -> Outgoing | None:
        """Take the oldest due message of a receiver and commit that we are about to send it."""
        with self._c.transaction():
            found = self._oldest(receiver, now)
            if found is None:
                return None
            first_at = self._first_try(found[0], found[2]) or now
            attempt_id = self._c.insert(
                "insert into attempts (outbox_id, started_at) values (?, ?)", found[0], to_ms(now)
            )
            self._c.execute("update outbox set state = 'sending', attempts = attempts + 1 where id = ?", found[0])
        message = replace(_from_json(found[1]), repeat=bool(found[3]))
        return Outgoing(
            id=found[0], receiver=receiver, message=message, attempt=found[2] + 1, attempt_id=attempt_id,
            first_at=first_at,
        )  # fmt: skip

    def sent(self, item: Outgoing, *, now: datetime) -> None:
        """It was delivered."""
        self._close(item, "sent", "sent", None, now)

    def retry(self, item: Outgoing, reason: str, *, due: datetime, now: datetime, repeat: bool) -> None:
        """It was not (or not surely) delivered: try again later."""
        with self._c.transaction():
            self._close(item, "queued", reason, due, now)
            if repeat:
                self._c.execute("update outbox set repeat = 1 where id = ?", item.id)

    def give_up(self, item: Outgoing, reason: str, *, now: datetime) -> None:
        """It cannot be delivered: keep it as a dead letter, in sight."""
        self._close(item, "dead", reason, None, now)

    def stand_in(self, receiver: str, fallback: str, number: int, *, now: datetime) -> bool:
        """Queue a message for the receiver that stands in for its own, once; False where it was before.

        One that stands in already goes no further.
        """
        found = self._c.one("select alert_id, message from outbox where id = ? and receiver = ?", number, receiver)
        if found is None:
            return False
        message = _from_json(found[1])
        if message.instead_of is not None:
            return False
        key = sha256(f"{message.key}/{fallback}".encode("utf-8", "backslashreplace")).hexdigest()[:32]
        if self._c.one("select 1 from outbox where key = ?", key):
            return False
        self.put(found[0], fallback, replace(message, key=key, instead_of=receiver), due=now)
        return True

    def stood_in(self, receiver: str, fallback: str, incidents: Sequence[int]) -> bool:
        """Whether the one that stands in for a receiver was told of any of these incidents in its place."""
        found = self._c.one(
            "select 1 from outbox where receiver = ?2 and json_extract(message, '$.instead_of') = ?1 and (exists"
            " (select 1 from json_each(?3) where value = json_extract(message, '$.facts.incident')) or exists"
            " (select 1 from json_each(message, '$.facts.incidents') told join json_each(?3) asked"
            " on told.value ->> 'incident' = asked.value)) limit 1",
            receiver, fallback, json.dumps(list(incidents)),
        )  # fmt: skip
        return found is not None

    def queued(self, receiver: str, *, severity: str | None = None, before: datetime | None = None) -> list[int]:
        """The numbers of what waits for a receiver: of one severity, queued before a moment, or all."""
        rows = self._c.rows(
            "select id from outbox where receiver = ?1 and state = 'queued'"
            " and (?2 is null or json_extract(message, '$.severity') = ?2)"
            " and (?3 is null or queued_at < ?3) order by id",
            receiver, severity, None if before is None else to_ms(before),
        )  # fmt: skip
        return [row[0] for row in rows]

    def bury(self, number: int, reason: str) -> None:
        """What waits is not tried any more: it is a dead letter from now on."""
        self._c.execute(
            "update outbox set state = 'dead', last_error = ? where id = ? and state = 'queued'", reason, number
        )

    def revive(self, number: int, *, now: datetime, receiver: str | None = None) -> bool:
        """Queue a dead letter again, with all its tries before it, for its own receiver or another.

        False where there is no dead letter of that number. It keeps its key, and the mark of a repeat if it had one.
        """
        return bool(
            self._c.execute(
                "update outbox set state = 'queued', attempts = 0, due_at = ?1, queued_at = ?1, last_error = null,"
                " receiver = coalesce(?2, receiver), repeat = case when ?2 is null or ?2 = receiver then repeat else 0"
                " end where id = ?3 and state = 'dead'",
                to_ms(now), receiver, number,
            )
        )  # fmt: skip

    def letters(self, *, state: str | None = None, receiver: str | None = None, limit: int = 50) -> list[Letter]:
        """Messages, the newest first: in one state, for one receiver, or all."""
        rows = self._c.rows(
            "select id, receiver, state, message, attempts, repeat, queued_at, due_at, sent_at, last_error from outbox"
            " where (?1 is null or state = ?1) and (?2 is null or receiver = ?2) order by id desc limit ?3",
            state, receiver, limit,
        )  # fmt: skip
        return [
            Letter(
                id=row[0], receiver=row[1], state=row[2], message=replace(_from_json(row[3]), repeat=bool(row[5])),
                attempts=row[4], queued_at=None if row[6] is None else from_ms(row[6]), due_at=from_ms(row[7]),
                sent_at=None if row[8] is None else from_ms(row[8]), last_error=row[9],
            )
            for row in rows
        ]  # fmt: skip

    def waiting(self) -> dict[str, int]:
        """How many messages stand in each state."""
        return dict(self._c.rows("select state, count(*) from outbox group by state order by state"))

    def troubled(self) -> list[tuple[str, int, int, str]]:
        """Receivers that messages do not reach: (receiver, messages tried and queued, given up, the last reason)."""
        rows = self._c.rows(  # the bare column comes from the row of max(id), as SQLite promises
            "select receiver, sum(state = 'queued'), sum(state = 'dead'), last_error, max(id) from outbox"
            " where last_error is not null and state in ('queued', 'dead') group by receiver order by receiver"
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    def receivers(self) -> list[str]:
        """Receivers that have something queued, or left in the middle."""
        found = self._c.rows("select distinct receiver from outbox where state in ('queued', 'sending') order by 1")
        return [row[0] for row in found]

    def next_due(self) -> datetime | None:
        """When the next queued message is due."""
        found = self._c.one("select min(due_at) from outbox where state = 'queued'")
        return from_ms(found[0]) if found and found[0] is not None else None

    def _oldest(self, receiver: str, now: datetime) -> tuple[Any, ...] | None:
        return self._c.one(
            "select id, message, attempts, repeat from outbox"
            " where receiver = ? and state = 'queued' and (due_at <= ? or due_at > ?) order by id limit 1",
            receiver, to_ms(now), to_ms(now + FARTHEST),
        )  # fmt: skip

    def _first_try(self, number: int, tries: int) -> datetime | None:
        """When the first of so many last tries began: those before it was queued again do not count."""
        if tries == 0:
            return None
        found = self._c.one(
            "select started_at from attempts where outbox_id = ? order by id desc limit 1 offset ?", number, tries - 1
        )
        return from_ms(found[0]) if found else None

    def _close(self, item: Outgoing, state: str, outcome: str, due: datetime | None, now: datetime) -> None:
        moment = to_ms(now)
        with self._c.transaction():
            self._c.execute(
                "update attempts set finished_at = ?, outcome = ? where id = ?", moment, outcome, item.attempt_id
            )
            self._c.execute(
                "update outbox set state = ?, due_at = coalesce(?, due_at), last_error = ?, sent_at = ? where id = ?",
                state, None if due is None else to_ms(due), None if state == "sent" else outcome,
                moment if state == "sent" else None, item.id,
            )  # fmt: skip


def _to_json(message: Message) -> str:
    """The message without what is known only when it is carried."""
    body = {name: value for name, value in asdict(message).items() if name not in ("repeat", "picture")}
    return json.dumps(body, default=_plain)


def _plain(value: object) -> str:
    return iso(value) if isinstance(value, datetime) else str(value)


def _from_json(text: str) -> Message:
    body = json.loads(text)
    links = tuple(Link(**each) for each in body.get("links", ()))
    kind = MessageKind(body.get("kind", MessageKind.ALERT))
    return Message(**{**body, "kind": kind, "links": links, "chart": _chart(body.get("chart"))})


def _chart(body: dict[str, Any] | None) -> Chart | None:
    if body is None:
        return None
    points = tuple(Point(**{**each, "start": parse(each["start"])}) for each in body["points"])
    marks = tuple(Mark(**{**each, "at": parse(each["at"])}) for each in body["marks"])
    return Chart(**{**body, "points": points, "marks": marks})
