"""The backtest: the rules as they are give the incidents that were live; nothing is written; changed rules compare."""

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.alerting.calendars import Calendar, Span
from monitor.alerting.routing import Route
from monitor.domain import Incident
from monitor.pipeline import alert, backtest, detect
from monitor.pipeline.backtest import Backtest, compare
from monitor.pipeline.program import Program
from tests.support.detection import FIVE, at, count
from tests.support.dumps import dump
from tests.support.fakes import START, threshold_rule

END = 1152  # buckets: four days


def history(program: Program, *, brand: str = "Nimbus", fires: tuple[int, ...] = (200, 500, 960)) -> None:
    """Four days of a brand with some fires, a few posts that became known late."""
    for number in range(END):
        near = [number - fire for fire in fires if 0 <= number - fire < 30]
        count(program, (number, number, 2.0, 1.0 if near else 0.05), brand=brand)
    count(program, (490, 502, 1.0, 1.0), (490, 530, 2.0, 2.0), brand=brand)


def live(program: Program, *, every: int = 29, until: int = END) -> list[Incident]:
    """Detect and alert as time goes by; the incidents."""
    for bucket in range(0, until + every, every):
        now = at(min(bucket, until))
        detect.run(program, now=now)
        alert.run(program, now=now)
    return [replace(each, id=0) for each in program.store.incidents.all()]


def backtested(program: Program, **options: object) -> Backtest:
    return backtest.run(program, program.rules, now=at(END), **options)  # type: ignore[arg-type]


def test_the_rule_as_it_is_gives_the_live_incidents(program: Program) -> None:
    program.rules = (threshold_rule(),)
    history(program)
    history(program, brand="Cirrus", fires=(700,))
    was = live(program)
    found = backtested(program)
    assert len(was) >= 4
    assert [replace(fire.incident, id=0) for fire in found.fires] == was
    assert all(fire.same for fire in found.fires)
    assert all(each.resolved_at is not None for each in was)


def test_it_writes_nothing(program: Program) -> None:
    history(program)
    live(program)
    before = dump(program.store.path)
    backtested(program)
    assert dump(program.store.path) == before


def test_what_fired_before_the_stretch_is_learned_from_and_not_counted(program: Program) -> None:
    history(program)
    live(program)
    whole = backtested(program).fires
    later = backtested(program, since=START + 400 * FIVE)
    assert [fire.incident.opened_at for fire in later.fires] == [fire.incident.opened_at for fire in whole[1:]]
    sooner = backtested(program, until=at(400))
    assert [fire.incident.opened_at for fire in sooner.fires] == [whole[0].incident.opened_at]
    assert sooner.brands[0].until == at(400)


def test_several_rules_make_one_incident_of_one_fire(program: Program) -> None:
    other = threshold_rule("other", brands=("Cirrus",))
    program.rules = (threshold_rule(), threshold_rule("many", most=8.0), other)
    history(program)
    was = live(program)
    found = backtested(program)
    assert [replace(fire.incident, id=0) for fire in found.fires] == was
    assert {line.rule: line.fires for line in found.lines()} == {"too-many": 3, "many": 0}


def test_what_people_said_is_counted_with_an_interval(program: Program) -> None:
    history(program)
    live(program)
    for number, real in ((1, True), (2, False)):
        program.store.incidents.judge(number, real, at(END), by="ana")
    (line,) = backtested(program).lines()
    assert (line.fires, line.real, line.false, line.unjudged) == (3, 1, 1, 1)
    assert line.false_a_week == 1 / line.weeks
    assert (line.low * line.weeks, line.high * line.weeks) == pytest.approx((0.0253, 5.5716), abs=1e-3)
    assert line.messages == {"console": 9}
    assert line.delay is not None
    assert timedelta(days=1) < line.quiet < timedelta(days=2)


def test_what_a_person_called_over_is_over_in_the_replay_as_well(program: Program) -> None:
    count(program, *((number, number, 2.0, 1.0 if number >= 20 else 0.0) for number in range(60)))
    for bucket in range(61):
        detect.run(program, now=at(bucket))
        alert.run(program, now=at(bucket))
        if bucket == 40:
            program.store.incidents.resolve(1, at(bucket), by="ana", why="known")
    was = [replace(each, id=0) for each in program.store.incidents.all()]
    assert [replace(fire.incident, id=0) for fire in backtested(program).fires] == was


def test_a_route_that_is_asked_at_other_hours_costs_no_message(program: Program) -> None:
    program.routes = (
        Route(receivers=("tea",), calendar="tea", continue_=True), Route(receivers=("console",)),
    )  # fmt: skip
    tea = Calendar(name="tea", week=dict.fromkeys(range(7), (Span(17 * 60, 18 * 60),)))
    program.calendars = {"tea": tea}
    history(program)
    (line,) = backtested(program).lines()
    told = [fire.incident.opened_at for fire in backtested(program).fires if tea.contains(fire.incident.opened_at)]
    assert (line.messages["console"], len(told)) == (9, 1)
    assert 1 <= line.messages["tea"] <= 3


def test_a_drill_is_in_no_backtest(program: Program) -> None:
    history(program, brand="Nimbus (drill 1)")
    assert backtested(program).brands == ()


def test_a_changed_rule_says_what_appears_what_vanishes_and_what_moves(program: Program) -> None:
    history(program)
    live(program)
    program.store.incidents.judge(1, True, at(END), by="ana")
    before = backtested(program)
    slower = backtest.run(program, [threshold_rule(most=20.0)], now=at(END))
    change = compare(before, slower)
    assert (len(change.appear), len(change.vanish), len(change.moved)) == (0, 3, 0)
    assert (change.missed, change.spared, change.later) == (3, 0, None)
    later = compare(before, backtest.run(program, [threshold_rule(most=6.0)], now=at(END)))
    assert (len(later.vanish), len(later.appear), len(later.both)) == (0, 0, 3)
    assert later.later is not None
    assert timedelta(minutes=5) <= later.later <= timedelta(minutes=15)
    back = compare(slower, before)
    assert (len(back.appear), back.missed) == (3, 0)


def test_false_alarms_that_vanish_are_not_missed(program: Program) -> None:
    history(program)
    live(program)
    program.store.incidents.judge(2, False, at(END), by="ana")
    change = compare(backtested(program), backtest.run(program, [threshold_rule(most=99.0)], now=at(END)))
    assert (change.missed, change.spared) == (2, 1)


def test_a_brand_of_which_nothing_is_known_is_said(program: Program) -> None:
    history(program)
    found = backtested(program, brands=["Nimbus", "Nobody"])
    assert ([each.brand for each in found.brands], found.unwatched) == (["Nimbus"], ("Nobody",))
    assert backtested(program, since=at(9 * END)).unwatched == ("Nimbus",)
