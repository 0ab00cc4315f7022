"""Drills: a brand's shadow with a copy of what detection knows of it, and what became of each rehearsal.

The shadow has a name of its own in every table, so that nothing of the brand is touched: its tallies are the brand's
(kept up to date by triggers for a day) with the invented posts on top. At the end all that is counted of it goes; the
posts stay, marked, so that its alerts can be explained. Decides nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.clock import from_ms, to_ms
from monitor.domain import IncidentStatus, shadow_of
from monitor.store import writable
from monitor.store.database import Connection

COPIED = timedelta(days=21)  # of the brand's tallies: what detection may still look at
DRAWN = timedelta(days=2)  # of what was expected of the brand, for the chart
_COUNTED = ("tallies", "slice_days", "detector_states", "rollups")  # what was read of it says why it fired: it stays
_READ = (
    "select d.id, d.brand, d.rule, d.by, d.started_at, d.posts, d.ended_at, d.outcome, i.id, i.status,"
    " coalesce(d.detected_at, i.opened_at), coalesce(d.acknowledged_at, i.acknowledged_at),"
    " coalesce(d.notified_at, (select min(o.sent_at) from outbox o where o.state = 'sent' and (o.alert_id in"
    " (select a.id from alerts a where a.incident_id = i.id) or o.id in"
    " (select n.outbox_id from notices n where n.incident_id = i.id and n.outbox_id is not null))))"
    " from drills d left join incidents i on i.id = coalesce(d.incident_id,"
    " (select min(s.id) from incidents s where s.brand = d.brand || ' (drill ' || d.id || ')'))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """A rehearsal, and how far it has come. None: not yet."""

    id: int
    brand: str  # whose shadow it is
    rules: str  # that watch it, as they are listed
    by: str
    started_at: datetime
    posts: int
    ended_at: datetime | None
    outcome: str | None  # in words
    incident_id: int | None
    incident_open: bool
    detected_at: datetime | None  # the alert's own time
    notified_at: datetime | None  # the first message was delivered
    acknowledged_at: datetime | None

    @property
    def shadow(self) -> str:
        """The name under which it runs."""
        return shadow_of(self.brand, self.id)


class Drills:
    """What was rehearsed."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def begin(self, brand: str, rules: Iterable[str], *, by: str, posts: int, now: datetime) -> Drill:
        """Make a brand's shadow; call it in the transaction that stores the invented posts."""
        number = self._c.insert(
            "insert into drills (brand, rule, by, started_at, posts) values (?, ?, ?, ?, ?)",
            brand, ", ".join(rules), writable.text(by), to_ms(now), posts,
        )  # fmt: skip
        since, shadow = to_ms(now - COPIED), shadow_of(brand, number)
        self._c.execute(
            "insert into tallies (brand, slice, known_slot, slot, mentions, negatives)"
            " select ?, slice, known_slot, slot, mentions, negatives from tallies where brand = ? and known_slot >= ?",
            shadow, brand, since,
        )  # fmt: skip
        self._c.execute(
            "insert into slice_days (brand, day, slice, mentions) select ?, day, slice, mentions from slice_days"
            " where brand = ? and day >= ?",
            shadow, brand, since,
        )  # fmt: skip
        self._copy_states(brand, shadow, to_ms(now - DRAWN))
        return self._get(number)

    def mark(self, platform: str, native_ids: Iterable[str]) -> None:
        """Mark posts as invented, in the transaction that stores them."""
        self._c.many(
            "update mentions set drill = 1 where platform = ? and native_id = ?",
            [(platform, native_id) for native_id in native_ids],
        )

    def get(self, number: int) -> Drill | None:
        """One drill."""
        found = self._c.one(f"{_READ} where d.id = ?", number) if 0 < number < 1 << 63 else None
        return None if found is None else _drill(found)

    def all(self) -> list[Drill]:
        """Every drill, the newest first."""
        return [_drill(row) for row in self._c.rows(f"{_READ} order by d.id desc")]

    def under_way(self) -> list[Drill]:
        """Those that are not ended, the oldest first."""
        return [_drill(row) for row in self._c.rows(f"{_READ} where d.ended_at is null order by d.id")]

    def end(self, drill: Drill, *, outcome: str, now: datetime) -> None:
        """Keep its times, and take out all that is counted of its shadow; call it in a transaction."""
        self._c.execute(
            "update drills set ended_at = ?, outcome = ?, incident_id = ?, detected_at = ?, notified_at = ?,"
            " acknowledged_at = ? where id = ?",
            to_ms(now), outcome, drill.incident_id, _ms(drill.detected_at), _ms(drill.notified_at),
            _ms(drill.acknowledged_at), drill.id,
        )  # fmt: skip
        for table in _COUNTED:
            self._c.execute(f"delete from {table} where brand = ?", drill.shadow)
        self._c.execute("update spikes set pending = 0 where brand = ?", drill.shadow)
        self._c.execute("update targets set pending = 0 where brand = ? and pending > 0", drill.shadow)

    def _copy_states(self, brand: str, shadow: str, since: int) -> None:
        self._c.execute(
            "insert into detector_states (rule, brand, slice, until, settings, open, state)"
            " select rule, ?, slice, until, settings, open, state from detector_states where brand = ?",
            shadow, brand,
        )  # fmt: skip
        self._c.execute(
            "insert into readings (rule, brand, slice, slot, expected, low, high, score)"
            " select rule, ?, slice, slot, expected, low, high, score from readings where brand = ? and slot >= ?",
            shadow, brand, since,
        )  # fmt: skip

    def _get(self, number: int) -> Drill:
        return _drill(self._c.rows(f"{_READ} where d.id = ?", number)[0])


def _drill(row: tuple[Any, ...]) -> Drill:
    def time(place: int) -> datetime | None:
        return None if row[place] is None else from_ms(row[place])

    return Drill(
        id=row[0], brand=row[1], rules=row[2], by=row[3], started_at=from_ms(row[4]), posts=row[5], ended_at=time(6),
        outcome=row[7], incident_id=row[8], incident_open=row[9] not in (None, IncidentStatus.RESOLVED.value),
        detected_at=time(10), acknowledged_at=time(11), notified_at=time(12),
    )  # fmt: skip


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else to_ms(moment)
