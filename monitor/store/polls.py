"""Polls: what each one asked, got, left behind and cost. One row for a page; the rows of a poll share its time.

Knows counts and money; nothing of what they mean. A poll that reads nothing leaves a row as well: one without rows
that says there is no more. One that broke off leaves a last row, without `asked`, that says there is more.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.clock import from_ms, to_ms
from monitor.domain import Coverage
from monitor.store.database import Connection

NEWEST = 600  # rows that are looked at to say how a source does now
MINUTE = 60_000
FOREVER = datetime.max.replace(tzinfo=UTC)
RECHECK = " (re-check)"  # ends the name under which what a source's re-checks used up is kept


@dataclass(frozen=True, slots=True)
class Poll:
    """One poll, its pages taken together."""

    at: datetime
    returned: int
    added: int  # new posts
    rejected: int
    whole: bool  # read to the end
    total: int | None = None  # what the platform says that there is in the range that was asked for
    asked: bool = False  # for a number of rows, from no moment on: where none came, the list is empty


@dataclass(frozen=True, slots=True)
class Spent:
    """What was used up in a stretch of time; None: the platform tells of none."""

    cost: float | None = None  # US dollars
    units: float | None = None  # of the platform's own quota


class Polls:
    """The polls of every source. What a clock that was wrong dated after now says nothing of now."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def record(self, source: str, coverage: Coverage, *, added: int, rejected: int, now: datetime) -> None:
        """Keep what one page said of completeness and of what it used up."""
        told = (coverage.since, coverage.until, coverage.resets_at)
        since, until, resets = (None if moment is None else to_ms(moment) for moment in told)
        self._c.execute(
            "insert into polls (source, at, asked, returned, added, rejected, more_available, total, since, until,"
            " cost, units, remaining, resets_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            source, to_ms(now), coverage.asked, coverage.returned, added, rejected, int(coverage.more_available),
            coverage.total, since, until, coverage.cost, coverage.units, coverage.remaining, resets,
        )  # fmt: skip

    def nothing(self, source: str, *, now: datetime) -> None:
        """Keep that a poll found nothing; of many in one minute, the newest."""
        moment = to_ms(now)
        moved = self._c.execute(
            "update polls set at = ?1 where source = ?2 and at between ?3 and ?1 and returned = 0 and added = 0"
            " and rejected = 0 and more_available = 0 and asked is null and cost is null and units is null",
            moment, source, moment - moment % MINUTE,
        )  # fmt: skip
        if not moved:
            self.record(source, Coverage(), added=0, rejected=0, now=now)

    def broke_off(self, source: str, *, now: datetime) -> None:
        """Keep that a poll did not come to its end; of many in one minute, the newest."""
        moment = to_ms(now)
        moved = self._c.execute(
            "update polls set at = ?1 where source = ?2 and at between ?3 and ?1 and asked is null and returned = 0"
            " and added = 0 and rejected = 0 and more_available = 1 and cost is null and units is null",
            moment, source, moment - moment % MINUTE,
        )  # fmt: skip
        if not moved:
            self.record(source, Coverage(more_available=True), added=0, rejected=0, now=now)

    def newest(self, source: str, *, now: datetime = FOREVER) -> list[Poll]:
        """The newest polls until now, oldest first."""
        rows = self._c.rows(
            "with newest as (select * from polls where source = ? and at <= ? order by at desc, id desc limit ?),"
            " each as (select at, sum(returned) r, sum(added) a, sum(rejected) b, max(id) last,"
            " max(case when since is not null and until is not null then total end) t, count(*) n,"
            " max(case when since is null then newest.asked end) q from newest group by at)"
            " select each.at, r, a, b, more_available, t, q, n from each join polls on polls.id = last"
            " order by each.at",
            source, to_ms(now), NEWEST,
        )  # fmt: skip
        cut = sum(row[7] for row in rows) >= NEWEST  # the oldest may lack some of its pages
        return [
            Poll(from_ms(row[0]), row[1], row[2], row[3], not row[4], row[5], row[6] is not None)
            for row in rows[1 if cut else 0 :]
        ]

    def rate(self, source: str, since: datetime, until: datetime) -> float | None:
        """New posts an hour between the first and the last poll of a stretch; None where there is none."""
        first, last, posts = self._c.rows(
            "select min(at), max(at), sum(added) from polls where source = ? and at between ? and ?",
            source, to_ms(since), to_ms(until),
        )[0]  # fmt: skip
        if first is None or first == last:
            return None
        before = self._c.rows("select sum(added) from polls where source = ? and at = ?", source, first)[0][0]
        return float((posts - before) * 3_600_000 / (last - first))

    def spent(self, source: str, since: datetime, until: datetime = FOREVER) -> Spent:
        """What a source used up in a stretch of time, its re-checks included."""
        row = self._c.rows(
            "select sum(cost), sum(units) from polls where source in (?, ?) and at >= ? and at < ?",
            source, source + RECHECK, to_ms(since), to_ms(until),
        )[0]  # fmt: skip
        return Spent(row[0], row[1])

    def days(self, source: str, before: datetime, *, most: int = 7) -> list[float]:
        """What each of the newest days (UTC) before a moment cost that have such polls, newest first."""
        rows = self._c.rows(
            "select sum(cost) from polls where source in (?, ?) and cost is not null and at < ?"
            " group by at / 86400000 order by at / 86400000 desc limit ?",
            source, source + RECHECK, to_ms(before), most,
        )  # fmt: skip
        return [float(row[0]) for row in rows]

    def a_poll(self, source: str, *, now: datetime, newest: int = 12) -> float | None:
        """The mean cost of the newest polls that tell of one, in US dollars; None: no poll tells."""
        found = self._c.one(
            "select avg(c) from (select sum(cost) c from polls where source = ? and cost is not null"
            " and at <= ? group by at order by at desc limit ?)",
            source, to_ms(now), newest,
        )  # fmt: skip
        return None if found is None or found[0] is None else float(found[0])

    def with_posts(self, source: str, *, most: int) -> int:
        """How many polls brought rows, counted up to `most`."""
        return int(
            self._c.rows(
                "select count(*) from (select distinct at from polls where source = ? and returned > 0 limit ?)",
                source, most,
            )[0][0]
        )  # fmt: skip
