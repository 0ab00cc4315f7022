"""Alerts without detection: spikes, incidents and notices written as the stages write them, and what was told."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.analysis.explanation import to_json
from monitor.domain import Alert, Explanation, Incident, Message, Phase, Spike
from monitor.pipeline import tell
from monitor.pipeline.program import Program
from monitor.store.outbox import _from_json
from tests.support.fakes import START

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def explained(spike: Spike) -> Explanation:
    """The least that an alert can say."""
    return Explanation(
        spike=spike, authors=None, unhappy_authors=None, negative_share=None, reach=None, platforms={}, terms=(),
        top_posts=(), model=None,
    )  # fmt: skip


@dataclass
class Desk:
    """Writes alerts of a program, one transaction each."""

    program: Program

    def fire(
        self, brand: str = "Nimbus", severity: str = "low", *, at: datetime = START, phase: Phase = Phase.OPENED,
        rule: str = "negative-spike", slice_: str = "", incident: Incident | None = None, drill: bool = False,
    ) -> Incident:  # fmt: skip
        """An alert that opens an incident, or belongs to one; the incident as it is then."""
        spike = Spike(
            brand=brand, rule=rule, phase=phase, fired_at=at, onset=at - HOUR, window=HOUR, observed=31.2,
            expected=4.2, mentions=60.0, probability=1e-9, score=1.6, severity=severity, slice=slice_,
        )  # fmt: skip
        store = self.program.store
        with store.transaction():
            store.detection.add_spikes([spike])
            ((spike_id,),) = store._connection.rows("select max(id) from spikes")
            store.detection.spike_done(spike_id)
            number = incident.id if incident else store.incidents.open(spike, drill=drill)
            if phase is Phase.CLOSED:
                store.incidents.resolve(number, at)
            elif incident is not None:
                store.incidents.worsen(number, spike, severity)
            explanation = explained(spike)
            alert_id = store.incidents.add_alert(number, spike_id, spike, to_json(explanation))
            found = store.incidents.get(number)
            assert found is not None
            alert = Alert(id=alert_id, incident_id=number, phase=phase, at=at, explanation=explanation)
            tell.note(self.program, alert, found, now=at)
        return found

    def close(self, incident: Incident, *, at: datetime) -> Incident:
        """The alert that ends an incident."""
        return self.fire(incident.brand, incident.severity, at=at, phase=Phase.CLOSED, incident=incident)

    def tell(self, at: datetime) -> tell.TellReport:
        """One pass."""
        return tell.run(self.program, now=at)

    def said(self, receiver: str | None = None) -> list[Message]:
        """Every message in the outbox, first first."""
        rows = self.program.store._connection.rows(
            "select message from outbox where ?1 is null or receiver = ?1 order by id", receiver
        )
        return [_from_json(text) for (text,) in rows]

    def titles(self, receiver: str | None = None) -> list[str]:
        """What the messages begin with."""
        return [message.title for message in self.said(receiver)]

    def states(self) -> list[tuple[str, str]]:
        """Each notice's receiver and state, in the order in which they were written."""
        return self.program.store._connection.rows("select receiver, state from notices order by id")

    def reasons(self) -> list[str]:
        """Each notice's reason."""
        return [row[0] for row in self.program.store._connection.rows("select reason from notices order by id")]

    def facts(self, number: int = -1) -> dict[str, object]:
        """A message's data."""
        return json.loads(json.dumps(self.said()[number].facts))  # type: ignore[no-any-return]
