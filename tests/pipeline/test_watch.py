"""Watching the program itself: each thing is told once, to the right people, and said again only when it is over."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.clock import FakeClock
from monitor.domain import Message, MessageKind
from monitor.errors import MonitorError, NotifierRefused
from monitor.pipeline import score, tick, troubles, watch
from monitor.pipeline.program import Program, Source
from monitor.pipeline.troubles import STUCK
from monitor.store.states import CAPPED, QUIET, UNREADABLE, WAITING
from tests.support.fakes import START, ListCollector, ListNotifier, notifier_of, post, source_of

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FIVE = 5 * MINUTE


@pytest.fixture(autouse=True)
def quiet_routine(program: Program) -> None:
    asks(program, heartbeat="", digest="never")


def asks(program: Program, **routine: object) -> None:
    settings = program.settings
    program.settings = replace(settings, routine=settings.routine.model_copy(update=routine))


def sources(program: Program, *names: str, every: timedelta = FIVE, brands: Sequence[str] = ()) -> list[Source]:
    made = [replace(source_of(ListCollector(name, []), every=every), brands=tuple(brands)) for name in names]
    program.sources = (*program.sources, *made)
    for source in made:
        program.store.sources.succeeded(source.name, now=START)
    return made


def look(program: Program, clock: FakeClock, *, after: timedelta = timedelta(0)) -> list[Message]:
    """What is told at a moment, one message for each receiver and thing."""
    clock.advance(after)
    before = len(told(program))
    watch.run(program, now=clock.now())
    return told(program)[before:]


def told(program: Program) -> list[Message]:
    tick.deliver_all(program)
    return list(notifier_of(program).sent)


def fail(program: Program, clock: FakeClock, *names: str, why: str = "x.example: no answer. Look at it.") -> None:
    for name in names:
        program.store.sources.failed(name, why, now=clock.now())


# Blind sources


def test_a_source_that_is_blind_for_two_of_its_intervals_is_told_once(program: Program, clock: FakeClock) -> None:
    sources(program, "posts")
    fail(program, clock, "posts")
    assert look(program, clock, after=9 * MINUTE) == []
    fail(program, clock, "posts")
    (message,) = look(program, clock, after=MINUTE)
    assert (message.kind, message.severity, message.brand) == (MessageKind.HEALTH, "high", "")
    assert message.title == 'Source "posts" is blind since Monday 2 March 2026, 00:00 (UTC)'
    assert "Why: x.example: no answer. Look at it." in message.body
    assert "Nimbus, Cirrus cannot be judged: no other source is heard, so silence is not calm." in message.body
    assert "`sources test posts` tries it" in message.body
    for _ in range(20):
        fail(program, clock, "posts")
        assert look(program, clock, after=HOUR) == []


def test_a_slow_source_has_two_of_its_own_intervals(program: Program, clock: FakeClock) -> None:
    sources(program, "papers", every=HOUR)
    fail(program, clock, "papers")
    assert look(program, clock, after=2 * HOUR - MINUTE) == []
    assert len(look(program, clock, after=MINUTE)) == 1


def test_what_lasts_is_told_again_each_day(program: Program, clock: FakeClock) -> None:
    sources(program, "posts")
    fail(program, clock, "posts")
    look(program, clock, after=10 * MINUTE)
    days = []
    for _ in range(60):
        clock.advance(HOUR)
        fail(program, clock, "posts")
        days += look(program, clock)
    assert [message.title for message in days] == [
        'Source "posts" is still blind, for 1 d',
        'Source "posts" is still blind, for 2 d',
    ]


def test_that_it_is_over_is_told_with_how_long_it_was_and_what_is_missing(program: Program, clock: FakeClock) -> None:
    (source,) = sources(program, "posts")
    fail(program, clock, "posts")
    assert len(look(program, clock, after=10 * MINUTE)) == 1
    clock.advance(50 * MINUTE)
    program.store.sources.succeeded("posts", now=clock.now(), patience=source.patience)
    assert look(program, clock, after=9 * MINUTE) == []
    (message,) = look(program, clock, after=MINUTE)
    assert message.title == 'Source "posts" works again after 1 h'
    assert "1 h of what was published could not be read" in message.body
    assert message.severity == "low"
    assert look(program, clock, after=DAY) == []


def test_a_hole_that_was_read_afterwards_is_said_to_be_none(program: Program, clock: FakeClock) -> None:
    (source,) = sources(program, "posts")
    fail(program, clock, "posts")
    assert len(look(program, clock, after=10 * MINUTE)) == 1
    clock.advance(50 * MINUTE)
    program.store.sources.succeeded("posts", now=clock.now(), patience=source.patience, whole=True)
    (message,) = look(program, clock, after=HOUR)
    assert "What was published meanwhile was read afterwards." in message.body


def test_a_source_that_comes_and_goes_is_told_of_once(program: Program, clock: FakeClock) -> None:
    sources(program, "posts")
    messages = []
    for _ in range(12):
        fail(program, clock, "posts")
        messages += look(program, clock, after=12 * MINUTE)
        program.store.sources.succeeded("posts", now=clock.now())
        messages += look(program, clock, after=3 * MINUTE)
    assert len(messages) == 1


@pytest.mark.parametrize("state", [QUIET, UNREADABLE, CAPPED])
def test_a_source_that_is_read_and_says_nothing_is_told_as_well(program: Program, clock: FakeClock, state: str) -> None:
    sources(program, "posts")
    program.store.sources.states.open("posts", state, START, "because of this")
    (message,) = look(program, clock, after=10 * MINUTE)
    assert f'Source "posts" is {state} since' in message.title
    assert "because of this" in message.body


def test_a_platform_that_asks_to_wait_may_do_so_for_an_hour(program: Program, clock: FakeClock) -> None:
    sources(program, "posts")
    program.store.sources.states.open("posts", WAITING, START, "until later")
    assert look(program, clock, after=59 * MINUTE) == []
    assert len(look(program, clock, after=MINUTE)) == 1


def test_many_at_once_are_one_message(program: Program, clock: FakeClock) -> None:
    names = [f"source-{n:02}" for n in range(30)]
    sources(program, *names)
    fail(program, clock, *names)
    (message,) = look(program, clock, after=10 * MINUTE)
    assert message.title.startswith('30 things do not work: Source "source-00"')
    assert len(message.body) < 6_000
    assert "source-29" in message.body


def test_brands_that_another_source_covers_are_said_to_be_judged(program: Program, clock: FakeClock) -> None:
    sources(program, "posts")
    sources(program, "reviews", brands=["Cirrus"])
    fail(program, clock, "posts")
    (message,) = look(program, clock, after=10 * MINUTE)
    assert "Nimbus cannot be judged" in message.body
    assert "Cirrus is judged by other sources alone." in message.body


def test_after_a_night_in_which_the_program_was_off_nobody_is_alarmed(program: Program, clock: FakeClock) -> None:
    """It is not known whether the source is blind still: nobody asked it."""
    sources(program, "posts")
    fail(program, clock, "posts")
    assert look(program, clock, after=8 * HOUR) == []
    fail(program, clock, "posts")
    assert len(look(program, clock)) == 1


def test_a_restart_tells_nothing_twice(program: Program, clock: FakeClock) -> None:
    sources(program, "posts")
    fail(program, clock, "posts")
    assert len(look(program, clock, after=10 * MINUTE)) == 1
    again = replace_receivers(program)
    watch.run(program, now=clock.now())
    tick.deliver_all(program)
    assert again.sent == []


def replace_receivers(program: Program) -> ListNotifier:
    fresh = ListNotifier("console")
    program.receivers = {"console": fresh}
    return fresh


def test_a_source_that_is_taken_out_of_the_settings_is_forgotten(program: Program, clock: FakeClock) -> None:
    sources(program, "posts")
    fail(program, clock, "posts")
    look(program, clock, after=10 * MINUTE)
    program.sources = ()
    assert look(program, clock, after=DAY) == []
    assert program.store.beats.of(troubles.TROUBLE) == {}


# Maintenance


def maintained(program: Program, clock: FakeClock, length: timedelta) -> None:
    now = clock.now()
    program.store.maintenances.add("posts", since=now, until=now + length, by="ana", why="new key", now=now)


def test_nobody_is_alarmed_by_a_source_that_is_worked_on(program: Program, clock: FakeClock) -> None:
    sources(program, "posts")
    maintained(program, clock, 2 * HOUR)
    messages = []
    for _ in range(24):
        fail(program, clock, "posts")
        messages += look(program, clock, after=FIVE)
    assert messages == []


def test_one_that_is_still_blind_when_the_work_is_over_is_told(program: Program, clock: FakeClock) -> None:
    sources(program, "posts")
    maintained(program, clock, HOUR)
    fail(program, clock, "posts")
    clock.advance(HOUR)
    fail(program, clock, "posts")
    assert look(program, clock, after=9 * MINUTE) == []
    assert len(look(program, clock, after=MINUTE)) == 1


def test_work_that_is_ended_early_is_over(program: Program, clock: FakeClock) -> None:
    sources(program, "posts")
    maintained(program, clock, DAY)
    clock.advance(HOUR)
    assert program.store.maintenances.end("posts", now=clock.now()) == 1
    assert program.store.maintenances.active(clock.now()) == {}
    fail(program, clock, "posts")
    assert len(look(program, clock, after=10 * MINUTE)) == 1


def test_a_maintenance_hides_no_end(program: Program, clock: FakeClock) -> None:
    """It was told before the work began, so that it is over is told when the work is."""
    sources(program, "posts")
    fail(program, clock, "posts")
    assert len(look(program, clock, after=10 * MINUTE)) == 1
    maintained(program, clock, HOUR)
    assert look(program, clock, after=30 * MINUTE) == []
    program.store.sources.succeeded("posts", now=clock.now())
    (message,) = look(program, clock, after=31 * MINUTE)
    assert message.title == 'Source "posts" works again after 40 min'


# Stages


def test_a_stage_that_stands_still_while_posts_wait_is_told(program: Program, clock: FakeClock) -> None:
    keep(program, "first")
    messages = []
    for _ in range(2 * STUCK // FIVE + 1):
        messages += look(program, clock, after=FIVE)
    (message,) = messages
    assert message.title.startswith("Scoring is stuck since")
    assert "New posts have no score, so that no alert can come." in message.body
    tick.score_pending(program, now=clock.now())
    (over,) = look(program, clock, after=FIVE)
    assert over.title.startswith("Scoring works again")


def test_a_stage_that_works_through_much_is_not_stuck(program: Program, clock: FakeClock) -> None:
    keep(program, *(str(number) for number in range(40)))
    for number in range(1, 40):
        assert look(program, clock, after=FIVE) == []
        with program.store.transaction():
            item = program.store.scores.pending(limit=1)[0]
            program.store.scores.quarantine(item, model="m", reason=f"as scored {number}", now=clock.now())


def test_what_waited_while_the_program_was_off_is_no_fault_of_a_stage(program: Program, clock: FakeClock) -> None:
    keep(program, "first")
    for _ in range(20):
        assert look(program, clock, after=2 * HOUR) == []


def keep(program: Program, *names: str) -> None:
    posts = [post(name, f"Nimbus is bad {name}") for name in names]
    with program.store.transaction():
        program.store.mentions.upsert(posts, [("Nimbus",)] * len(posts), source="x", now=START)


# To whom


def test_those_that_the_routine_names_are_told_and_else_all_whom_a_route_names(program: Program) -> None:
    program.receivers = {name: ListNotifier(name) for name in ("console", "mail", "pager")}
    assert watch.receivers(program) == ["console"]
    asks(program, receivers=("mail", "pager"))
    assert watch.receivers(program) == ["mail", "pager"]
    assert watch.receivers(program, but=["mail"]) == ["pager"]
    assert watch.receivers(program, but=["mail", "pager"]) == ["mail", "pager"]


# The heartbeat


def test_a_heartbeat_comes_once_a_day_at_its_time_by_the_clock_of_its_place(program: Program, clock: FakeClock) -> None:
    asks(program, heartbeat="09:00", timezone="Europe/Berlin")
    sources(program, "posts")
    moments = []
    for _ in range(3 * 24 * 4):
        program.store.sources.succeeded("posts", now=clock.now())
        moments += [clock.now() for _ in look(program, clock, after=15 * MINUTE)]
    assert moments == [START + timedelta(days=day, hours=8) for day in range(3)]


def test_missed_heartbeats_are_told_once_and_not_in_arrears(program: Program, clock: FakeClock) -> None:
    asks(program, heartbeat="09:00")
    look(program, clock)
    assert [message.title for message in look(program, clock, after=5 * DAY)] == ["Listening: nothing unusual"]
    assert look(program, clock, after=MINUTE) == []


def test_the_first_heartbeat_waits_for_its_time(program: Program, clock: FakeClock) -> None:
    asks(program, heartbeat="09:00")
    clock.advance(14 * HOUR)
    assert look(program, clock) == []
    assert len(look(program, clock, after=19 * HOUR)) == 1


def test_a_clock_that_was_wrong_for_a_while_stops_no_heartbeat(program: Program, clock: FakeClock) -> None:
    asks(program, heartbeat="09:00")
    program.store.beats.mark(watch.HEARTBEAT, at=START + 900 * DAY)
    assert look(program, clock) == []
    assert len(look(program, clock, after=DAY)) == 1


def test_one_look_that_fails_stops_no_other(
    program: Program, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks(program, heartbeat="09:00")
    look(program, clock)

    def full(*_: object, **__: object) -> None:
        raise MonitorError("no room.")

    monkeypatch.setattr(troubles, "all_of", full)
    clock.advance(DAY)
    report = watch.run(program, now=clock.now())
    assert (report.messages, report.errors) == (1, ("no room.",))


# All at once


def test_a_pass_carries_what_is_told_of_the_program(program: Program, clock: FakeClock) -> None:
    asks(program, heartbeat="09:00")
    tick.run(program, now=clock.now())
    clock.advance(DAY)
    report = tick.run(program, now=clock.now())
    assert (report.watch.messages, report.deliver.sent) == (1, 1)


def test_a_stage_that_fails_stops_no_other(program: Program, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    asks(program, heartbeat="09:00")
    tick.run(program, now=clock.now())
    keep(program, "first")

    def broken(*_: object, **__: object) -> None:
        raise MonitorError("no model.")

    monkeypatch.setattr(score, "run", broken)
    clock.advance(DAY)
    with pytest.raises(MonitorError, match="no model"):
        tick.run(program, now=clock.now())
    assert [message.kind for message in notifier_of(program).sent] == [MessageKind.HEARTBEAT]


# Receivers


def test_a_receiver_that_is_not_reached_is_told_to_the_others(program: Program, clock: FakeClock) -> None:
    program.receivers = {"console": ListNotifier("console"), "pager": ListNotifier("pager")}
    asks(program, receivers=("console", "pager"))
    for _ in range(9):
        program.store.receivers.failed("pager", "pager: no answer.", now=clock.now(), rest=None, broken=True)
    (message,) = look(program, clock, after=MINUTE)
    assert message.title == 'Receiver "pager" is not reached since Monday 2 March 2026, 00:00 (UTC)'
    assert "pager: no answer." in message.body
    assert notifier_of(program, "pager").sent == []
    program.store.receivers.reached("pager", now=clock.now())
    (over,) = look(program, clock, after=HOUR)
    assert over.title.startswith('Receiver "pager" works again')
    assert len(notifier_of(program, "pager").sent) == 1


def test_a_receiver_that_refuses_what_it_is_sent_is_told_as_well(program: Program, clock: FakeClock) -> None:
    program.receivers = {"console": ListNotifier("console"), "pager": ListNotifier("pager")}
    asks(program, receivers=("console",))
    notifier_of(program, "pager").errors.append(NotifierRefused("pager: this key is not allowed."))
    letter = Message(key="k", title="t", body="b", severity="low", brand="")
    program.store.outbox.put(None, "pager", letter, due=clock.now())
    tick.deliver_all(program)
    (message,) = look(program, clock, after=MINUTE)
    assert "this key is not allowed" in message.body
    assert look(program, clock, after=HOUR) == []
