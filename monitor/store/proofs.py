"""What a backtest reads beside tallies: when people were told, the first unhappy post, negatives by the hour.

Knows no rule, and writes nothing. Drills are left out wherever something is counted.
"""

from datetime import datetime

from monitor.clock import from_ms, to_ms
from monitor.domain import WHOLE
from monitor.store.database import Connection

_HOUR = 3_600_000


class Proofs:
    """What became of incidents, and what came before them."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def told_at(self, incident_id: int) -> datetime | None:
        """When the first message about an incident was delivered, by itself or with others; None: none was."""
        found = self._c.one(
            "select min(o.sent_at) from outbox o where o.state = 'sent' and (o.alert_id in"
            " (select id from alerts where incident_id = ?1) or o.id in"
            " (select outbox_id from notices where incident_id = ?1 and outbox_id is not null))",
            incident_id,
        )
        return from_ms(found[0]) if found and found[0] is not None else None

    def was_to_be_told(self, incident_id: int) -> bool:
        """Whether anybody was to hear of an incident, delivered or held back; never in a replay without receivers."""
        found = self._c.one(
            "select 1 where exists (select 1 from notices where incident_id = ?1) or exists"
            " (select 1 from outbox o join alerts a on a.id = o.alert_id where a.incident_id = ?1)",
            incident_id,
        )
        return found is not None

    def first_negative(self, brand: str, since: datetime, until: datetime) -> datetime | None:
        """When the first post labelled negative was published in [since, until)."""
        found = self._c.one(
            "select min(t.published_at) from targets t join mentions m on m.id = t.mention_id where t.brand = ?"
            " and t.published_at >= ? and t.published_at < ? and t.label = 'negative' and m.drill = 0",
            brand, to_ms(since), to_ms(until),
        )  # fmt: skip
        return from_ms(found[0]) if found and found[0] is not None else None

    def negatives_by_hour(self, brand: str, since: datetime, until: datetime) -> dict[datetime, float]:
        """Negatives by the hour of publication in [since, until), as detection counts them, where there are any."""
        rows = self._c.rows(
            "select slot / ?4 * ?4, sum(negatives) from tallies where brand = ?1 and slice = ?5"
            " and slot >= ?2 and slot < ?3 group by 1",
            brand, to_ms(since), to_ms(until), _HOUR, WHOLE,
        )  # fmt: skip
        return {from_ms(start): negatives for start, negatives in rows}
