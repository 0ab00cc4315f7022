"""What becomes of a spike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerting.lifecycle import Action, Reason, decide
from monitor.domain import Incident, IncidentStatus, Phase, Spike

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPIKE = Spike(
    brand="Acme",
    rule="default",
    phase=Phase.OPENED,
    fired_at=NOON + HOUR,
    onset=NOON,
    window=HOUR,
    observed=31.0,
    expected=4.2,
    mentions=60.0,
    probability=1e-6,
    score=1.5,
    severity="medium",
)
INCIDENT = Incident(
    id=7, brand="Acme", rule="default", opened_at=NOON, onset=NOON, status=IncidentStatus.FIRING, severity="medium"
)


def spike(phase: Phase, severity: str = "medium") -> Spike:
    return replace(SPIKE, phase=phase, severity=severity)


def test_a_first_spike_opens_an_incident_and_people_are_told() -> None:
    decision = decide(spike(Phase.OPENED), None)
    assert (decision.action, decision.reason, decision.tell) == (Action.OPEN, Reason.FIRST, True)
    assert decision.severity == "medium"


def test_a_spike_after_a_resolved_incident_opens_a_new_one() -> None:
    assert decide(spike(Phase.OPENED), replace(INCIDENT, status=IncidentStatus.RESOLVED)).action is Action.OPEN


def test_a_second_spike_is_added_to_the_open_incident_without_a_message() -> None:
    decision = decide(spike(Phase.OPENED), INCIDENT)
    assert (decision.action, decision.reason, decision.tell) == (Action.UPDATE, Reason.ATTACHED, False)
    assert decision.stored


def test_a_graver_second_spike_is_told_and_raises_the_incident() -> None:
    decision = decide(spike(Phase.OPENED, "high"), INCIDENT)
    assert (decision.reason, decision.tell, decision.severity) == (Reason.GRAVER, True, "high")


def test_worse_is_told_and_never_lowers_the_severity() -> None:
    decision = decide(spike(Phase.WORSENED, "low"), INCIDENT)
    assert (decision.action, decision.reason, decision.tell) == (Action.UPDATE, Reason.WORSE, True)
    assert decision.severity == "medium"


def test_worse_without_an_incident_opens_one_rather_than_being_lost() -> None:
    decision = decide(spike(Phase.WORSENED), None)
    assert (decision.action, decision.reason, decision.tell) == (Action.OPEN, Reason.LOST_START, True)


def test_over_resolves_the_open_incident_and_is_told() -> None:
    decision = decide(spike(Phase.CLOSED), INCIDENT)
    assert (decision.action, decision.reason, decision.tell) == (Action.RESOLVE, Reason.OVER, True)


def test_over_without_an_incident_is_left_alone() -> None:
    decision = decide(spike(Phase.CLOSED), None)
    assert (decision.action, decision.reason, decision.tell) == (Action.IGNORE, Reason.NOTHING_OPEN, False)
    assert not decision.stored


@pytest.mark.parametrize("phase", list(Phase))
def test_a_spike_older_than_the_incident_changes_nothing(phase: Phase) -> None:
    decision = decide(replace(spike(phase, "high"), fired_at=NOON - HOUR), INCIDENT)
    assert (decision.action, decision.reason) == (Action.IGNORE, Reason.OUTDATED)
    assert (decision.tell, decision.severity) == (False, "medium")


def test_a_spike_of_the_very_moment_of_the_opening_belongs_to_the_incident() -> None:
    decision = decide(replace(spike(Phase.WORSENED), fired_at=NOON), INCIDENT)
    assert decision.action is Action.UPDATE


@pytest.mark.parametrize("other", [{"brand": "Globex"}, {"rule": "share"}])
def test_an_incident_of_another_rule_or_brand_is_a_fault(other: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="incident 7 belongs to"):
        decide(SPIKE, replace(INCIDENT, **other))  # type: ignore[arg-type]
