"""How each receiver is doing: failures in a row, since when it is broken, until when it is left alone.

Knows no message and no notifier. A row is written with the outcome of a try, so that a restart forgets nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.clock import from_ms, to_ms
from monitor.store.database import Connection

FARTHEST = timedelta(hours=4)  # a rest that ends later than that was begun by a clock that was wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverState:
    """What the last tries of one receiver came to."""

    receiver: str
    failures: int = 0  # in a row; what the receiver refused for good is none
    broken_since: datetime | None = None  # it rests, and is asked now and then; None: it works, as far as is known
    rest_until: datetime | None = None
    last_sent: datetime | None = None
    last_error: str | None = None

    def rests(self, now: datetime) -> bool:
        """Whether it is to be left alone at a moment."""
        return self.rest_until is not None and now < self.rest_until <= now + FARTHEST


class Receivers:
    """States of receivers, by name."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def state(self, receiver: str) -> ReceiverState:
        """How a receiver is doing; one that was never tried is well."""
        return next(iter(self._read("where receiver = ?", receiver)), ReceiverState(receiver=receiver))

    def all(self) -> list[ReceiverState]:
        """Every receiver that was ever tried, by name."""
        return self._read("order by receiver")

    def broken(self) -> list[ReceiverState]:
        """Those that rest because they failed again and again, the longest broken first."""
        return self._read("where broken_since is not null order by broken_since, receiver")

    def failed(
        self, receiver: str, error: str, *, now: datetime, rest: timedelta | None, broken: bool
    ) -> None:  # fmt: skip
        """One more failure in a row. `rest`: so long it is left alone; `broken`: it fails, and did not ask to wait."""
        self._c.execute(
            "insert into receiver_states (receiver, failures, broken_since, rest_until, last_error)"
            " values (?1, 1, ?2, ?3, ?4) on conflict do update set failures = failures + 1,"
            " broken_since = coalesce(broken_since, ?2), rest_until = ?3, last_error = ?4",
            receiver, to_ms(now) if broken else None, None if rest is None else to_ms(now + rest), error,
        )  # fmt: skip

    def reached(self, receiver: str, *, now: datetime) -> None:
        """It took a message: whatever was before is over."""
        self._c.execute(
            "insert into receiver_states (receiver, last_sent) values (?1, ?2) on conflict do update set"
            " failures = 0, broken_since = null, rest_until = null, last_error = null, last_sent = ?2",
            receiver, to_ms(now),
        )  # fmt: skip

    def ask_again(self, receiver: str) -> None:
        """Somebody says that it works again: the next message is carried at once."""
        self._c.execute("update receiver_states set rest_until = null where receiver = ?", receiver)

    def _read(self, which: str, *values: object) -> list[ReceiverState]:
        rows = self._c.rows(
            "select receiver, failures, broken_since, rest_until, last_sent, last_error from receiver_states " + which,
            *values,
        )
        return [
            ReceiverState(
                receiver=row[0], failures=row[1], broken_since=_moment(row[2]), rest_until=_moment(row[3]),
                last_sent=_moment(row[4]), last_error=row[5],
            )
            for row in rows
        ]  # fmt: skip


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_ms(milliseconds)
