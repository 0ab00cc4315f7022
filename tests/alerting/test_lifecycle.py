"""What becomes of a spike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerting.lifecycle import Action, Decision, Reason, decide
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


WHOLE, DELIVERY, SHARE = ("default", ""), ("default", "touchpoint=delivery"), ("share", "")
OVER = replace(INCIDENT, status=IncidentStatus.RESOLVED, resolved_at=NOON + 3 * HOUR)


def spike(phase: Phase, severity: str = "medium", speaker: tuple[str, str] = WHOLE, hours: float = 1) -> Spike:
    rule, part = speaker
    return replace(SPIKE, phase=phase, severity=severity, rule=rule, slice=part, fired_at=NOON + HOUR * hours)


def after(phase: Phase, hours: float, *speaking: tuple[str, str]) -> Decision:
    """Of a spike so many hours after noon; the incident was over at three."""
    return decide(spike(phase, hours=hours), OVER, frozenset(speaking), reopen=2 * HOUR)


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
    decision = decide(spike(Phase.CLOSED), INCIDENT, {WHOLE})
    assert (decision.action, decision.reason, decision.tell) == (Action.RESOLVE, Reason.OVER, True)
    assert decision.leaves


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


def test_an_incident_of_another_brand_is_a_fault() -> None:
    with pytest.raises(ValueError, match="incident 7 is about Globex"):
        decide(SPIKE, replace(INCIDENT, brand="Globex"))


# One fire, many who speak of it


@pytest.mark.parametrize("speaker", [DELIVERY, SHARE])
def test_another_part_or_another_rule_joins_the_open_incident_and_nobody_is_told_again(
    speaker: tuple[str, str],
) -> None:
    decision = decide(spike(Phase.OPENED, speaker=speaker), INCIDENT, {WHOLE})
    assert (decision.action, decision.reason, decision.tell) == (Action.UPDATE, Reason.ATTACHED, False)


def test_a_part_that_gets_worse_is_told_only_where_the_incident_gets_graver() -> None:
    calm = decide(spike(Phase.WORSENED, speaker=DELIVERY), INCIDENT, {WHOLE, DELIVERY})
    assert (calm.action, calm.reason, calm.tell) == (Action.UPDATE, Reason.WORSE_IN_PART, False)
    grave = decide(spike(Phase.WORSENED, "high", speaker=DELIVERY), INCIDENT, {WHOLE, DELIVERY})
    assert (grave.reason, grave.tell, grave.severity) == (Reason.WORSE, True, "high")


def test_it_is_over_only_when_every_part_is() -> None:
    first = decide(spike(Phase.CLOSED), INCIDENT, {WHOLE, DELIVERY})
    assert (first.action, first.reason, first.tell, first.leaves) == (Action.UPDATE, Reason.PART_OVER, False, True)
    last = decide(spike(Phase.CLOSED, speaker=DELIVERY), INCIDENT, {DELIVERY})
    assert (last.action, last.tell, last.leaves) == (Action.RESOLVE, True, True)


def test_the_end_of_what_takes_no_part_changes_nothing() -> None:
    decision = decide(spike(Phase.CLOSED, speaker=SHARE), INCIDENT, {WHOLE})
    assert (decision.action, decision.reason, decision.leaves) == (Action.IGNORE, Reason.NOTHING_OPEN, False)


@pytest.mark.parametrize("phase", list(Phase))
def test_an_acknowledged_incident_is_as_open_as_a_firing_one(phase: Phase) -> None:
    had = replace(INCIDENT, status=IncidentStatus.ACKNOWLEDGED, owner="ana", acknowledged_at=NOON)
    assert decide(spike(phase), had, {WHOLE}) == decide(spike(phase), INCIDENT, {WHOLE})


# What comes after the end


@pytest.mark.parametrize("phase", [Phase.OPENED, Phase.WORSENED])
def test_a_new_spike_shortly_after_the_end_is_the_same_incident_again_and_told(phase: Phase) -> None:
    decision = after(phase, 4)
    assert (decision.action, decision.reason, decision.tell) == (Action.REOPEN, Reason.AGAIN, True)


@pytest.mark.parametrize("hours", [5, 9])
def test_a_new_spike_later_than_that_is_a_new_incident(hours: float) -> None:
    assert after(Phase.OPENED, hours).action is Action.OPEN


def test_what_gets_worse_after_a_person_called_it_over_opens_it_again_however_late() -> None:
    decision = after(Phase.WORSENED, 30, WHOLE)
    assert (decision.action, decision.reason, decision.tell) == (Action.REOPEN, Reason.NOT_OVER, True)


def test_the_end_of_what_a_person_called_over_is_told_once_when_the_last_part_is_over() -> None:
    part = after(Phase.CLOSED, 30, WHOLE, DELIVERY)
    assert (part.action, part.reason, part.tell, part.leaves) == (Action.UPDATE, Reason.CALLED_OVER, False, True)
    assert after(Phase.CLOSED, 30, WHOLE).tell
    assert after(Phase.CLOSED, 30).action is Action.IGNORE


def test_a_late_told_spike_from_before_the_end_is_no_reopening() -> None:
    assert after(Phase.OPENED, 2).action is Action.OPEN
