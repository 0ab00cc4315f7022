"""Alerts as rows: one for each incident, in the format that `replay` writes; with what people did, for exports.

Knows the store and no file format. Rehearsals are left out, unless they are asked for.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from monitor import plugins
from monitor.alerting.message import facts
from monitor.analysis.explanation import from_json
from monitor.cli._alerts_words import verdict_words
from monitor.clock import iso
from monitor.domain import Alert, Incident, Phase
from monitor.store import Store

COLUMNS = ("brand", "fired_at", "onset", "observed", "expected", "score", "severity", "resolved_at")
PEOPLE = ("incident", "rule", "slice", "status", "owner", "acknowledged_at", "verdict", "drill")


def rows(store: Store, *, drills: bool = False) -> Iterator[dict[str, Any]]:
    """Every incident, oldest first, with the explanation of its first alert and what was added later."""
    for incident in store.incidents.all():
        if incident.drill and not drills:
            continue
        told = [from_json(text) for text in store.incidents.explanations(incident.id)]
        if not told:
            continue
        spike = told[0].spike
        row = {
            "brand": incident.brand, "fired_at": iso(spike.fired_at), "onset": iso(spike.onset),
            "observed": round(spike.observed, 2), "expected": round(spike.expected, 2), "score": round(spike.score, 3),
            "severity": incident.severity, "resolved_at": iso(incident.resolved_at) if incident.resolved_at else None,
        }  # fmt: skip
        row |= _people(incident)
        row["explanation"] = _explanation(incident, told[0])
        row["updates"] = [
            {
                "fired_at": iso(later.spike.fired_at),
                "severity": later.spike.severity,
                "score": round(later.spike.score, 3),
            }
            for later in told[1:]
            if later.spike.phase is not Phase.CLOSED
        ]
        yield row


def _people(incident: Incident) -> dict[str, Any]:
    """Where it stands, and what people did with it."""
    return {
        "incident": incident.id, "rule": incident.rule, "slice": incident.slice or None,
        "status": incident.status.value, "owner": incident.owner,
        "acknowledged_at": iso(incident.acknowledged_at) if incident.acknowledged_at else None,
        "verdict": verdict_words(incident), "drill": incident.drill,
    }  # fmt: skip


def _explanation(incident: Incident, told: Any) -> Mapping[str, object]:
    alert = Alert(id=0, incident_id=incident.id, phase=told.spike.phase, at=told.spike.fired_at, explanation=told)
    return {key: value for key, value in facts(alert, incident).items() if key not in ("alert", "incident")}


def columns(kind: str, more: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The columns in a format, `more` at their end: what does not fit into one cell is left out of CSV."""
    return (*COLUMNS, *more) if kind == "csv" else (*COLUMNS, "explanation", "updates", *more)


def write(store: Store, out: Path | None) -> int:
    """Write the alerts: CSV where the name ends in .csv, else JSON lines with the explanation."""
    kind = "csv" if out is not None and out.suffix.lower() == ".csv" else "jsonl"
    plugin = plugins.load("exporters", kind)
    return int(plugin(kind, plugin.Options()).write(rows(store), columns(kind), out))
