"""The burn of the budget: judged false alarms against those that were asked for; what nobody judged stays apart."""

from datetime import timedelta

import pytest

from monitor.analysis.burn import burn
from monitor.clock import parse
from monitor.domain import Incident, IncidentStatus

START = parse("2026-03-02T00:00Z")
TEN_WEEKS = START + timedelta(weeks=10)


def incident(day: float, *, real: bool | None = None, drill: bool = False) -> Incident:
    opened = START + timedelta(days=day)
    return Incident(
        id=1, brand="Acme", rule="r", opened_at=opened, onset=opened, status=IncidentStatus.RESOLVED, severity="low",
        real=real, drill=drill,
    )  # fmt: skip


def test_the_budget_is_the_asked_rate_for_every_brand_and_week() -> None:
    found = burn([], asked=0.25, since=START, until=TEN_WEEKS, brands=4)
    assert (found.brand_weeks, found.allowed, found.used) == (40.0, 10.0, 0.0)
    assert found.used_between == pytest.approx((0.0, 0.3689), abs=1e-4)


def test_only_what_a_person_called_false_is_burned() -> None:
    said = [incident(1, real=True), incident(2, real=False), incident(3), incident(4), incident(5, real=False)]
    found = burn(said, asked=0.4, since=START, until=TEN_WEEKS)
    assert (found.incidents, found.real, found.false, found.unjudged) == (5, 1, 2, 2)
    assert (found.used, found.used_at_most) == (0.5, 1.0)
    assert found.rate == pytest.approx(0.2)


def test_drills_and_what_lies_outside_the_stretch_are_in_no_number() -> None:
    said = [incident(-1, real=False), incident(70, real=False), incident(3, real=False, drill=True), incident(0)]
    found = burn(said, asked=0.1, since=START, until=TEN_WEEKS)
    assert (found.incidents, found.false) == (1, 0)


def test_too_many_is_said_only_where_chance_does_not_explain_it() -> None:
    assert not burn([incident(1, real=False)] * 3, asked=0.1, since=START, until=TEN_WEEKS).too_many
    assert burn([incident(1, real=False)] * 4, asked=0.1, since=START, until=TEN_WEEKS).too_many


def test_a_stretch_without_length_has_no_share() -> None:
    found = burn([], asked=0.1, since=START, until=START)
    assert (found.used, found.used_between, found.used_at_most, found.rate, found.rate_between) == (None,) * 5
    with pytest.raises(ValueError, match="ends before it begins"):
        burn([], asked=0.1, since=TEN_WEEKS, until=START)
