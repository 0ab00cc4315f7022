"""The outbox: messages that wait to be carried, and every attempt to carry one. Knows no notifier.

A message is written with its alert, in one transaction. Before the socket is opened, the attempt is committed
(`claim`); what a crash leaves in "sending" may have arrived, so it is queued again and marked as a repeat (`recover`).
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from monitor.clock import from_ms, parse, to_ms
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


class Outbox:
    """Messages on their way."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def put(self, alert_id: int, receiver: str, message: Message, *, due: datetime) -> None:
        """Queue a message for a receiver; the same key once."""
        self._c.execute(
            "insert or ignore into outbox (alert_id, receiver, key, message, state, due_at)"
            " values (?, ?, ?, ?, 'queued', ?)",
            alert_id, receiver, message.key, _to_json(message), to_ms(due),
        )  # fmt: skip

    def recover(self, receiver: str | None = None) -> int:
        """Queue again, as repeats, what an earlier run (or a full disk) left in the middle; return how many there were.

        Call it only while nothing is being carried to that receiver (None: to any).
        """
        left = "select id from outbox where state = 'sending' and (?1 is null or receiver = ?1)"
        with self._c.transaction():
            self._c.execute(
                "update attempts set outcome = 'unknown: the program ended'"
                f" where outcome is null and outbox_id in ({left})",
                receiver,
            )
            return self._c.execute(f"update outbox set state = 'queued', repeat = 1 where id in ({left})", receiver)

    def claim(self, receiver: str, *, now: datetime) -> Outgoing | None:
        """Take the oldest due message of a receiver and commit that we are about to send it."""
        with self._c.transaction():
            found = self._c.one(
                "select id, message, attempts, repeat,"
                " (select min(started_at) from attempts where outbox_id = outbox.id) from outbox"
                " where receiver = ? and state = 'queued' and (due_at <= ? or due_at > ?) order by id limit 1",
                receiver, to_ms(now), to_ms(now + FARTHEST),
            )  # fmt: skip
            if found is None:
                return None
            attempt_id = self._c.insert(
                "insert into attempts (outbox_id, started_at) values (?, ?)", found[0], to_ms(now)
            )
            self._c.execute("update outbox set state = 'sending', attempts = attempts + 1 where id = ?", found[0])
        message = replace(_from_json(found[1]), repeat=bool(found[3]))
        return Outgoing(
            id=found[0], receiver=receiver, message=message, attempt=found[2] + 1, attempt_id=attempt_id,
            first_at=now if found[4] is None else from_ms(found[4]),
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
    return json.dumps(body, default=str)


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
