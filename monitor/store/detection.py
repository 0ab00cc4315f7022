"""What detection reads and leaves: tallies by the time they became known, each detector's state, the spikes.

Knows no statistics. A tally's cell never changes once its known slot has passed, so a replay reads what was read live.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from monitor.clock import from_ms, iso, parse, to_ms
from monitor.domain import Label, Phase, ScoredMention, Spike
from monitor.store.database import Connection
from monitor.store.mentions import READ, mention_of
from monitor.store.scores import Tally


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
        found = self._c.one("select min(known_slot) from tallies where brand = ?", brand)
        return from_ms(found[0]) if found and found[0] is not None else None

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

    def sources_of(self, brand: str, since: datetime) -> dict[str, int]:
        """How many posts about a brand each source brought that were published since then."""
        rows = self._c.rows(
            "select m.source, count(*) from targets t join mentions m on m.id = t.mention_id"
            " where t.brand = ? and t.published_at >= ? group by m.source",
            brand, to_ms(since),
        )  # fmt: skip
        return dict(rows)

    def tallies(self, brand: str, since: datetime, until: datetime) -> list[Tally]:
        """What became known of a brand in [since, until), in the order of knowledge."""
        rows = self._c.rows(
            "select slot, known_slot, mentions, negatives from tallies"
            " where brand = ? and known_slot >= ? and known_slot < ? order by known_slot, slot",
            brand, to_ms(since), to_ms(until),
        )  # fmt: skip
        return [Tally(brand, from_ms(slot), from_ms(known), m, n) for slot, known, m, n in rows]

    def state(self, rule: str, brand: str) -> tuple[datetime, str, bytes] | None:
        """Until when a rule has inspected a brand, under which settings, and what it must be given next."""
        found = self._c.one(
            "select until, settings, state from detector_states where rule = ? and brand = ?", rule, brand
        )
        return (from_ms(found[0]), found[1], bytes(found[2])) if found else None

    def save_state(self, rule: str, brand: str, until: datetime, settings: str, state: bytes) -> None:
        """Keep how far a rule has come; call it in the transaction that keeps its spikes."""
        self._c.execute(
            "insert into detector_states (rule, brand, until, settings, state) values (?, ?, ?, ?, ?) on conflict do"
            " update set until = excluded.until, settings = excluded.settings, state = excluded.state",
            rule, brand, to_ms(until), settings, state,
        )  # fmt: skip

    def add_spikes(self, spikes: Sequence[Spike]) -> None:
        """Leave spikes pending for alerting; the same spike once."""
        self._c.many(
            "insert or ignore into spikes (rule, brand, phase, fired_at, body) values (?, ?, ?, ?, ?)",
            [(s.rule, s.brand, s.phase.value, to_ms(s.fired_at), _spike_to_json(s)) for s in spikes],
        )

    def pending_spikes(self) -> list[tuple[int, Spike]]:
        """Spikes that alerting has not seen, in the order in which they fired."""
        rows = self._c.rows("select id, body from spikes where pending = 1 order by fired_at, id")
        return [(row[0], _spike_from_json(row[1])) for row in rows]

    def spike_done(self, spike_id: int) -> None:
        """Alerting has decided on this one."""
        self._c.execute("update spikes set pending = 0 where id = ?", spike_id)

    def evidence(
        self, brand: str, since: datetime, until: datetime, *, known: datetime, limit: int
    ) -> list[ScoredMention]:
        """Scored posts of a brand published in [since, until) and known by then, newest first.

        Those that no model could judge are no evidence of anything, and are left out.
        """
        rows = self._c.rows(
            f"select t.model, t.negative, t.neutral, t.positive, t.label, t.vote, m.story, {READ} from targets t"
            " join mentions m on m.id = t.mention_id where t.brand = ? and t.published_at >= ? and t.published_at < ?"
            " and t.collected_at < ? and t.negative is not null and m.deleted_at is null"
            " order by t.published_at desc, t.mention_id desc limit ?",
            brand, to_ms(since), to_ms(until), to_ms(known), limit,
        )  # fmt: skip
        return [
            ScoredMention(
                mention=mention_of(row[7:]), brand=brand, model=row[0], negative=row[1], neutral=row[2],
                positive=row[3], label=Label(row[4]), vote=bool(row[5]), story=row[6],
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
