"""States of sources besides read and blind, each with a start; fields seen; waits that sources with one key share.

Knows names and times; what opens and closes a state is decided by the caller.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.clock import from_ms, to_ms
from monitor.store import writable
from monitor.store.database import Connection

QUIET = "quiet"  # far fewer posts than usual for the hour
UNREADABLE = "unreadable"  # most rows could not become posts: the platform's shape changed
NEW_FIELDS = "new fields"  # rows hold names that were never seen before
PARTIAL = "partial"  # poll after poll, more was there than was read
WAITING = "waiting"  # the platform asked to wait
THINNED = "thinned"  # read less often, or asked for less, to stay within a cap of money
CAPPED = "capped"  # not read: the cap is reached
NO_DATA = (QUIET, UNREADABLE, WAITING, CAPPED)  # while these last, that nothing comes says nothing
LONGEST_WAIT = timedelta(days=31)
MOST_FIELDS = 2_000  # names remembered of one source
_LONGEST = 400  # letters of a detail


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """One state of one source."""

    source: str
    state: str
    since: datetime
    until: datetime | None  # None: it lasts
    detail: str


@dataclass(frozen=True, slots=True)
class Wait:
    """A limit that is running."""

    credential: str
    until: datetime
    reason: str


class States:
    """What is known of each source besides its last poll."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def open(self, source: str, state: str, since: datetime, detail: str) -> None:
        """Begin a state, or say what is new of one that lasts: its start stays."""
        words = writable.text(detail)[:_LONGEST]
        with self._c.transaction():
            lasts = self._c.execute(
                "update source_states set detail = ? where source = ? and state = ? and until is null",
                words, source, state,
            )  # fmt: skip
            if not lasts:
                self._c.execute(
                    "insert into source_states (source, state, since, detail) values (?, ?, ?, ?)"
                    " on conflict do update set until = null, detail = excluded.detail",
                    source, state, to_ms(since), words,
                )  # fmt: skip

    def close(self, source: str, state: str, *, now: datetime) -> None:
        """End a state; one that does not last stays as it is."""
        self._c.execute(
            "update source_states set until = max(since, ?) where source = ? and state = ? and until is null",
            to_ms(now), source, state,
        )  # fmt: skip

    def of(self, source: str) -> list[SourceState]:
        """Every state that a source was ever in, oldest first."""
        return self._read("source = ?", source)

    def lasting(self, source: str | None = None) -> dict[str, list[SourceState]]:
        """The states that last, by source."""
        found: dict[str, list[SourceState]] = {}
        for each in self._read("until is null and (?1 is null or source = ?1)", source):
            found.setdefault(each.source, []).append(each)
        return found

    def _read(self, where: str, *values: str | None) -> list[SourceState]:
        rows = self._c.rows(
            f"select source, state, since, until, detail from source_states where {where} order by since, state",
            *values,
        )
        return [
            SourceState(
                source=row[0], state=row[1], since=from_ms(row[2]),
                until=None if row[3] is None else from_ms(row[3]), detail=row[4],
            )
            for row in rows
        ]  # fmt: skip

    def unseen_fields(self, source: str, names: Iterable[str], *, now: datetime) -> list[str]:
        """Remember names of fields; those that were not known of this source, in their order."""
        wanted = list(dict.fromkeys(writable.text(name)[:100] for name in names))
        known = self._c.rows("select field from source_fields where source = ?", source)
        have = {row[0] for row in known}
        fresh = [name for name in wanted if name not in have][: max(0, MOST_FIELDS - len(have))]
        self._c.many(
            "insert or ignore into source_fields (source, field, first_seen) values (?, ?, ?)",
            [(source, name, to_ms(now)) for name in fresh],
        )
        return fresh

    def wait(self, credential: str, until: datetime, reason: str, *, now: datetime) -> None:
        """Every source with this key waits until then, or longer where it waits already."""
        until = min(until, now + LONGEST_WAIT)
        self._c.execute(
            "insert into waits (credential, not_before, asked_at, reason) values (?, ?, ?, ?) on conflict do update set"
            " not_before = case when asked_at <= excluded.asked_at then max(not_before, excluded.not_before)"
            " else excluded.not_before end, asked_at = excluded.asked_at, reason = excluded.reason",
            credential, to_ms(until), to_ms(now), writable.text(reason)[:_LONGEST],
        )  # fmt: skip

    def waits(self, *, now: datetime, credential: str | None = None) -> dict[str, Wait]:
        """The limits that are running, by key; a clock that was set back makes none longer."""
        rows = self._c.rows(
            "select credential, not_before, reason from waits where asked_at <= ?1 and not_before > ?1"
            " and (?2 is null or credential = ?2)",
            to_ms(now), credential,
        )  # fmt: skip
        return {row[0]: Wait(row[0], from_ms(row[1]), row[2]) for row in rows}
