"""What detection reads and leaves: tallies by the time they became known, each detector's state, the spikes.

Knows no statistics. A tally's cell never changes once its known slot has passed, so a replay reads what was read live.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from monitor.clock import EPOCH, from_ms, iso, parse, to_ms
from monitor.domain import WHOLE, Label, Phase, Reading, ScoredMention, Spike
from monitor.store.database import Connection
from monitor.store.mentions import READ, mention_of
from monitor.store.scores import Tally

_IN_SLICE = "(? = '' or instr(char(10) || t.slices || char(10), char(10) || ? || char(10)) > 0)"


@dataclass(frozen=True, slots=True)
class Head:
    """How far a rule has come with a slice."""

    until: datetime
    settings: str
    is_open: bool  # a spike was told that is not over


class Detection:
    """Tallies, states, spikes."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def brands(self) -> list[str]:
        """Every brand that was ever mentioned; a post that names none is no brand."""
        # One look into the index for each brand: "distinct" would read every cell, at every tick.
        rows = self._c.rows(
            "with recursive b (brand) as (select min(brand) from tallies where brand > '' union all"
            " select (select min(brand) from tallies where brand > b.brand) from b where b.brand is not null)"
            " select brand from b where brand is not null"
        )
        return [row[0] for row in rows]

    def first_slot(self, brand: str) -> datetime | None:
        """The first slot in which anything was known of the brand."""
        return self.next_known(brand, EPOCH)

    def inspected(self, brands: Iterable[str]) -> dict[str, datetime]:
        """Until when each of these brands was inspected, by the rule that has come farthest.

        What becomes known now counts as known from there on: a slot that was passed is never read again.
        """
        rows = self._c.rows(
            "select brand, max(until) from detector_states where brand in (select value from json_each(?))"
            " group by brand",
            json.dumps(list(brands)),
        )
        return {brand: from_ms(until) for brand, until in rows}

    def sources_of(self, brand: str, since: datetime, slice: str = WHOLE) -> dict[str, int]:  # noqa: A002
        """How many posts about a brand each source brought that were published since then."""
        rows = self._c.rows(
            "select m.source, count(*) from targets t join mentions m on m.id = t.mention_id"
            f" where t.brand = ? and t.published_at >= ? and {_IN_SLICE} group by m.source",
            brand, to_ms(since), slice, slice,
        )  # fmt: skip
        return dict(rows)

    def last_known(self, brand: str, before: datetime, slice: str = WHOLE) -> datetime | None:  # noqa: A002
        """The last slot before a moment in which anything became known of a brand."""
        found = self._c.one(
            "select max(known_slot) from tallies where brand = ? and slice = ? and known_slot < ?",
            brand, slice, to_ms(before),
        )  # fmt: skip
        return from_ms(found[0]) if found and found[0] is not None else None

    def next_known(self, brand: str, since: datetime, slice: str = WHOLE) -> datetime | None:  # noqa: A002
        """The first slot from a moment on in which anything became known of a brand."""
        found = self._c.one(
            "select min(known_slot) from tallies where brand = ? and slice = ? and known_slot >= ?",
            brand, slice, to_ms(since),
        )  # fmt: skip
        return from_ms(found[0]) if found and found[0] is not None else None

    def tallies(self, brand: str, since: datetime, until: datetime, slice: str = WHOLE) -> list[Tally]:  # noqa: A002
        """What became known of a brand in [since, until), in the order of knowledge."""
        rows = self._c.rows(
            "select slot, known_slot, mentions, negatives from tallies"
            " where brand = ? and slice = ? and known_slot >= ? and known_slot < ? order by known_slot, slot",
            brand, slice, to_ms(since), to_ms(until),
        )  # fmt: skip
        return [Tally(brand, from_ms(slot), from_ms(known), m, n, slice) for slot, known, m, n in rows]

    def heads(self) -> dict[tuple[str, str], dict[str, Head]]:
        """How far each rule has come with each brand (rule, brand) and its slices, without their states."""
        rows = self._c.rows("select rule, brand, slice, until, settings, open from detector_states")
        found: dict[tuple[str, str], dict[str, Head]] = defaultdict(dict)
        for rule, brand, part, until, settings, is_open in rows:
            found[rule, brand][part] = Head(from_ms(until), settings, bool(is_open))
        return dict(found)

    def reached(self) -> datetime | None:
        """Until when anything was inspected at all."""
        found = self._c.one("select max(until) from detector_states")
        return from_ms(found[0]) if found and found[0] is not None else None

    def states(self, rule: str, brand: str) -> dict[str, bytes]:
        """What a rule must be given next of a brand and of its slices."""
        rows = self._c.rows("select slice, state from detector_states where rule = ? and brand = ?", rule, brand)
        return {part: bytes(state) for part, state in rows}

    def state(self, rule: str, brand: str, slice: str = WHOLE) -> tuple[datetime, str, bytes] | None:  # noqa: A002
        """Until when a rule has inspected a brand, under which settings, and what it must be given next."""
        found = self._c.one(
            "select until, settings, state from detector_states where rule = ? and brand = ? and slice = ?",
            rule, brand, slice,
        )  # fmt: skip
        return (from_ms(found[0]), found[1], bytes(found[2])) if found else None

    def save_state(
        self, rule: str, brand: str, until: datetime, settings: str, state: bytes,
        slice: str = WHOLE, *, is_open: bool = False,  # noqa: A002
    ) -> None:  # fmt: skip
        """Keep how far a rule has come; call it in the transaction that keeps its spikes."""
        self._c.execute(
            "insert into detector_states (rule, brand, slice, until, settings, open, state)"
            " values (?, ?, ?, ?, ?, ?, ?) on conflict do update set until = excluded.until,"
            " settings = excluded.settings, open = excluded.open, state = excluded.state",
            rule, brand, slice, to_ms(until), settings, int(is_open), state,
        )  # fmt: skip

    def drop_states(self, rule: str, brand: str, slices: Iterable[str]) -> None:
        """Forget slices that a rule does not watch any more."""
        self._c.many(
            "delete from detector_states where rule = ? and brand = ? and slice = ?",
            [(rule, brand, each) for each in slices],
        )

    def save_readings(self, rule: str, brand: str, slice: str, readings: Sequence[Reading]) -> None:  # noqa: A002
        """Keep what a rule said of buckets; of one that is read again, what it said last."""
        self._c.many(
            "insert or replace into readings (rule, brand, slice, slot, expected, low, high, score)"
            " values (?, ?, ?, ?, ?, ?, ?, ?)",
            [(rule, brand, slice, to_ms(r.start), r.expected, r.low, r.high, r.anomaly_score) for r in readings],
        )

    def readings(self, rule: str, brand: str, slice: str, since: datetime, until: datetime) -> list[Reading]:  # noqa: A002
        """What a rule said of the buckets that start in [since, until), in their order; those of its grace period,
        and of slices outside of their incidents, are not kept."""
        rows = self._c.rows(
            "select slot, score, expected, low, high from readings"
            " where rule = ? and brand = ? and slice = ? and slot >= ? and slot < ? order by slot",
            rule, brand, slice, to_ms(since), to_ms(until),
        )  # fmt: skip
        return [
            Reading(start=from_ms(slot), anomaly_score=score, expected=expected, low=low, high=high)
            for slot, score, expected, low, high in rows
        ]

    def add_spikes(self, spikes: Sequence[Spike]) -> None:
        """Leave spikes pending for alerting; the same spike once."""
        self._c.many(
            "insert or ignore into spikes (rule, brand, slice, phase, fired_at, body) values (?, ?, ?, ?, ?, ?)",
            [(s.rule, s.brand, s.slice, s.phase.value, to_ms(s.fired_at), _spike_to_json(s)) for s in spikes],
        )

    def pending_spikes(self) -> list[tuple[int, Spike]]:
        """Spikes that alerting has not seen, in the order in which they fired; of one moment and rule, the whole's
        before its slices'. The order hangs on nothing else, so that any split of the past gives the same."""
        rows = self._c.rows("select id, body from spikes where pending = 1 order by fired_at, brand, rule, slice, id")
        return [(row[0], _spike_from_json(row[1])) for row in rows]

    def spikes_of(self, rules: Sequence[str], since: datetime, until: datetime) -> list[Spike]:
        """Spikes of these rules that fired in [since, until), decided on or not, in the order in which they fired."""
        rows = self._c.rows(
            "select body from spikes where rule in (select value from json_each(?)) and fired_at >= ? and fired_at < ?"
            " order by fired_at, brand, rule, slice, id",
            json.dumps(list(rules)), to_ms(since), to_ms(until),
        )  # fmt: skip
        return [_spike_from_json(row[0]) for row in rows]

    def spike_done(self, spike_id: int) -> None:
        """Alerting has decided on this one."""
        self._c.execute("update spikes set pending = 0 where id = ?", spike_id)

    def evidence(
        self,
        brand: str,
        since: datetime,
        until: datetime,
        *,
        known: datetime,
        limit: int,
        slice: str = WHOLE,  # noqa: A002
    ) -> list[ScoredMention]:
        """Scored posts of a brand published in [since, until) and known by then, newest first.

        Those that no model could judge are no evidence of anything, and are left out.
        """
        rows = self._c.rows(
            f"select t.model, t.negative, t.neutral, t.positive, t.label, t.vote, m.story, t.slices, {READ}"
            " from targets t join mentions m on m.id = t.mention_id where t.brand = ? and t.published_at >= ?"
            " and t.published_at < ? and t.collected_at < ? and t.negative is not null and m.deleted_at is null"
            f" and {_IN_SLICE}"
            " order by t.published_at desc, m.platform, m.native_id limit ?",
            brand, to_ms(since), to_ms(until), to_ms(known), slice, slice, limit,
        )  # fmt: skip
        return [
            ScoredMention(
                mention=mention_of(row[8:]), brand=brand, model=row[0], negative=row[1], neutral=row[2],
                positive=row[3], label=Label(row[4]), vote=bool(row[5]), story=row[6],
                slices=tuple(row[7].split("\n")) if row[7] else (),
            )
            for row in rows
        ]  # fmt: skip


def _spike_to_json(spike: Spike) -> str:
    body = asdict(spike)
    body["fired_at"], body["onset"] = iso(spike.fired_at), iso(spike.onset)
    body["window"] = spike.window.total_seconds()
    return json.dumps(body)


def _spike_from_json(text: str) -> Spike:
    body = json.loads(text)
    body["fired_at"], body["onset"] = parse(body["fired_at"]), parse(body["onset"])
    body["window"], body["phase"] = timedelta(seconds=body["window"]), Phase(body["phase"])
    return Spike(**body)
