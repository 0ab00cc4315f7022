"""Silences that people added: what is muted, until when, by whom and why. Knows nothing of who matches.

Nothing is ever taken out: a silence that was ended early says by whom.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.clock import from_ms, to_ms
from monitor.store import writable
from monitor.store.database import Connection

_READ = "select id, matchers, since, until, by, why, made_at, ended_at, ended_by from silences"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSilence:
    """A silence as it was written down."""

    id: int
    matchers: Mapping[str, Any]
    since: datetime
    until: datetime
    by: str
    why: str
    made_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None


WAKE = (  # named twice, so that SQLite sees that the index of what is due will do
    "update notices set due_at = ?1 where state in ('waiting', 'held') and state = 'held' and due_at > ?1"
)


class Silences:
    """What people muted."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def add(
        self, matchers: Mapping[str, object], *, since: datetime, until: datetime, by: str, why: str, now: datetime
    ) -> int:
        """Write a silence down; return its number."""
        return self._c.insert(
            "insert into silences (matchers, since, until, by, why, made_at) values (?, ?, ?, ?, ?, ?)",
            json.dumps(matchers), to_ms(since), to_ms(until), writable.text(by), writable.text(why), to_ms(now),
        )  # fmt: skip

    def active(self, now: datetime) -> list[KeptSilence]:
        """Those that mute at a moment."""
        moment = to_ms(now)
        rows = self._c.rows(
            f"{_READ} where since <= ? and until > ? and (ended_at is null or ended_at > ?) order by id",
            moment, moment, moment,
        )  # fmt: skip
        return [_silence(row) for row in rows]

    def get(self, silence_id: int) -> KeptSilence | None:
        """One silence."""
        found = self._c.one(f"{_READ} where id = ?", silence_id)
        return _silence(found) if found else None

    def all(self, *, limit: int = 1000) -> list[KeptSilence]:
        """Every silence, the newest first."""
        return [_silence(row) for row in self._c.rows(f"{_READ} order by id desc limit ?", limit)]

    def end(self, silence_id: int, *, by: str, now: datetime) -> bool:
        """End one before its time; what it held back is looked at again. False: it was over already, or never was."""
        with self._c.transaction():
            ended = self._c.execute(
                "update silences set ended_at = ?, ended_by = ? where id = ? and ended_at is null and until > ?",
                to_ms(now), writable.text(by), silence_id, to_ms(now),
            )  # fmt: skip
            self._c.execute(WAKE, to_ms(now))
        return bool(ended)


def _silence(row: tuple[Any, ...]) -> KeptSilence:
    return KeptSilence(
        id=row[0], matchers=json.loads(row[1]), since=from_ms(row[2]), until=from_ms(row[3]), by=row[4], why=row[5],
        made_at=from_ms(row[6]), ended_at=None if row[7] is None else from_ms(row[7]), ended_by=row[8],
    )  # fmt: skip
