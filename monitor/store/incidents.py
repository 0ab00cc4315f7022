"""Incidents and their alerts, each alert with the record that explains it. Knows no rule and no receiver."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from monitor.clock import from_ms, to_ms
from monitor.domain import Incident, IncidentStatus, Spike
from monitor.store.database import Connection

_READ = "select id, brand, rule, opened_at, onset, status, severity, resolved_at from incidents"


class Incidents:
    """What fired, what it said, when it was over."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def open_for(self, rule: str, brand: str) -> Incident | None:
        """The incident of a rule and brand that is firing now."""
        found = self._c.one(f"{_READ} where rule = ? and brand = ? and status = 'firing'", rule, brand)
        return _incident(found) if found else None

    def get(self, incident_id: int) -> Incident | None:
        """One incident."""
        found = self._c.one(f"{_READ} where id = ?", incident_id)
        return _incident(found) if found else None

    def open(self, spike: Spike) -> int:
        """Begin an incident; return its id."""
        return self._c.insert(
            "insert into incidents (rule, brand, opened_at, onset, status, severity) values (?, ?, ?, ?, 'firing', ?)",
            spike.rule, spike.brand, to_ms(spike.fired_at), to_ms(spike.onset), spike.severity,
        )  # fmt: skip

    def worsen(self, incident_id: int, severity: str) -> None:
        """Raise an incident's severity."""
        self._c.execute("update incidents set severity = ? where id = ?", severity, incident_id)

    def resolve(self, incident_id: int, at: datetime) -> None:
        """End an incident."""
        self._c.execute(
            "update incidents set status = 'resolved', resolved_at = ? where id = ?", to_ms(at), incident_id
        )

    def add_alert(self, incident_id: int, spike_id: int, spike: Spike, explanation: str) -> int:
        """Keep an alert with its explanation; return its id."""
        return self._c.insert(
            "insert into alerts (incident_id, spike_id, phase, at, explanation) values (?, ?, ?, ?, ?)",
            incident_id, spike_id, spike.phase.value, to_ms(spike.fired_at), explanation,
        )  # fmt: skip

    def all(self) -> list[Incident]:
        """Every incident, oldest first."""
        return [_incident(row) for row in self._c.rows(f"{_READ} order by opened_at, id")]

    def explanations(self, incident_id: int) -> list[str]:
        """What each alert of an incident said, first alert first."""
        rows = self._c.rows("select explanation from alerts where incident_id = ? order by at, id", incident_id)
        return [row[0] for row in rows]

    def alerts(self) -> Iterator[tuple[Any, ...]]:
        """Alerts as (id, incident_id, phase, at in milliseconds, explanation), oldest first."""
        return self._c.stream("select id, incident_id, phase, at, explanation from alerts order by at, id")


def _incident(row: tuple[Any, ...]) -> Incident:
    return Incident(
        id=row[0], brand=row[1], rule=row[2], opened_at=from_ms(row[3]), onset=from_ms(row[4]),
        status=IncidentStatus(row[5]), severity=row[6], resolved_at=from_ms(row[7]) if row[7] is not None else None,
    )  # fmt: skip
