"""Delivering: each receiver gets its messages, a dead one delays no other, and nothing is given up in silence."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, ClassVar, cast
from unittest.mock import Mock

import pytest

from monitor import plugins
from monitor.clock import FakeClock
from monitor.domain import Chart, Message, Point, Secret
from monitor.errors import DeliveryUnknown, NotifierError, NotifierRefused, StoreFull
from monitor.pipeline import deliver
from monitor.pipeline.deliver import DeliverReport
from monitor.pipeline.program import Program
from monitor.ports import Notifier
from monitor.store import Store
from tests.servers import receivers
from tests.servers.receivers import Web
from tests.store.test_outbox import message, spike
from tests.support.fakes import START, ListNotifier

HOUR = timedelta(hours=1)


@pytest.fixture
def queue(store: Store) -> Callable[..., None]:
    """Queue messages for a receiver."""
    store.detection.add_spikes([spike()])
    ((number, fired),) = store.detection.pending_spikes()
    alert_id = store.incidents.add_alert(store.incidents.open(fired), number, fired, '{"top_posts":[]}')

    def put(receiver: str, *keys: str) -> None:
        for key in keys:
            store.outbox.put(alert_id, receiver, message(f"{receiver}-{key}"), due=START)

    return put


Queue = Callable[..., None]


def program_of(store: Store, *notifiers: Notifier, fallbacks: dict[str, str] | None = None) -> Program:
    """As much of a program as delivering needs."""
    found: Any = SimpleNamespace(
        store=store, receivers={each.name: each for each in notifiers}, fallbacks=fallbacks or {}
    )
    return cast("Program", found)


def carry(
    store: Store, clock: FakeClock, *notifiers: Notifier, fallbacks: dict[str, str] | None = None
) -> DeliverReport:
    return deliver.run(program_of(store, *notifiers, fallbacks=fallbacks), now=clock.now)


def keys(notifier: ListNotifier) -> list[str]:
    return [each.key for each in notifier.sent]


def test_messages_arrive_once_in_the_order_in_which_they_were_queued(
    store: Store, clock: FakeClock, queue: Queue
) -> None:
    queue("team", "1", "2", "3")
    team = ListNotifier("team")
    assert carry(store, clock, team) == DeliverReport(sent=3)
    assert carry(store, clock, team) == DeliverReport()
    assert keys(team) == ["team-1", "team-2", "team-3"]
    assert not any(each.repeat for each in team.sent)


def test_a_receiver_that_hangs_delays_no_other(store: Store, clock: FakeClock, queue: Queue) -> None:
    queue("aaa", "1")
    queue("zzz", "1")
    arrived = threading.Event()
    healthy = ListNotifier("zzz", before=lambda: arrived.set())
    hanging = ListNotifier("aaa", before=lambda: arrived.wait(20) or pytest.fail("the other one waited"))
    assert carry(store, clock, hanging, healthy) == DeliverReport(sent=2)


def test_a_receiver_that_fails_is_asked_once_a_round_and_not_once_for_each_message(
    store: Store, clock: FakeClock, queue: Queue
) -> None:
    queue("team", "1", "2", "3")
    tries: list[int] = []
    team = ListNotifier("team", errors=[NotifierError("down")] * 9, before=lambda: tries.append(1))
    assert carry(store, clock, team) == DeliverReport(again=1)
    assert len(tries) == 1
    team.errors.clear()
    assert carry(store, clock, team) == DeliverReport(sent=2)
    clock.advance(HOUR)
    assert carry(store, clock, team) == DeliverReport(sent=1)
    assert keys(team) == ["team-2", "team-3", "team-1"]


def test_a_failed_message_rests_before_it_is_tried_again(store: Store, clock: FakeClock, queue: Queue) -> None:
    queue("team", "1")
    team = ListNotifier("team", errors=[NotifierError("down")])
    carry(store, clock, team)
    clock.advance(timedelta(seconds=14))
    assert carry(store, clock, team) == DeliverReport()
    clock.advance(timedelta(seconds=5))
    assert carry(store, clock, team) == DeliverReport(sent=1)
    assert not team.sent[0].repeat, "a receiver that said no did not get it"


def test_a_receiver_that_asks_to_wait_is_left_alone_so_long(store: Store, clock: FakeClock, queue: Queue) -> None:
    queue("team", "1")
    team = ListNotifier("team", errors=[NotifierError("busy", retry_after=HOUR)])
    carry(store, clock, team)
    clock.advance(HOUR - timedelta(seconds=1))
    assert carry(store, clock, team) == DeliverReport()
    clock.advance(timedelta(seconds=2))
    assert carry(store, clock, team) == DeliverReport(sent=1)


@pytest.mark.parametrize("error", [DeliveryUnknown("the line broke"), RuntimeError("a fault in the plugin")])
def test_a_message_that_may_have_arrived_comes_again_with_the_mark_of_a_repeat(
    store: Store, clock: FakeClock, queue: Queue, error: Exception
) -> None:
    queue("team", "1")
    team = ListNotifier("team", errors=[error])
    assert carry(store, clock, team) == DeliverReport(again=1)
    clock.advance(HOUR)
    carry(store, clock, team)
    assert [each.repeat for each in team.sent] == [True]
    assert keys(team) == ["team-1"], "with the same key, so that a receiver can drop it"


def test_a_refused_message_is_a_dead_letter_at_once_and_the_next_is_carried(
    store: Store, clock: FakeClock, queue: Queue
) -> None:
    queue("team", "1", "2")
    team = ListNotifier("team", errors=[NotifierRefused("no such address")])
    assert carry(store, clock, team) == DeliverReport(sent=1, dead=1)
    assert store.outbox.waiting() == {"dead": 1, "sent": 1}
    ((reason,),) = store._connection.rows("select last_error from outbox where state = 'dead'")
    assert "no such address" in reason


def test_a_receiver_that_stays_dead_is_tried_sixteen_times_and_then_shown(
    store: Store, clock: FakeClock, queue: Queue
) -> None:
    queue("team", "1")
    tries: list[int] = []
    team = ListNotifier("team", errors=[NotifierError("down")] * 99, before=lambda: tries.append(1))
    for _ in range(30):
        carry(store, clock, team)
        clock.at = store.outbox.next_due() or clock.at
    assert len(tries) == 16
    assert clock.now() - START < timedelta(hours=24)
    assert store.outbox.waiting() == {"dead": 1}
    assert store._connection.rows("select count(*), count(outcome) from attempts") == [(16, 16)]


def test_what_waits_for_a_receiver_that_is_named_no_more_becomes_a_dead_letter_that_can_be_sent_again(
    store: Store, clock: FakeClock, queue: Queue
) -> None:
    queue("gone", "1", "2")
    assert carry(store, clock, ListNotifier("team")) == DeliverReport(dead=2)
    (letter, _) = store.outbox.letters(state="dead")
    assert "there is no receiver of this name in alerts.toml any more" in str(letter.last_error)
    assert store.outbox.revive(letter.id, now=clock.now(), receiver="team")
    team = ListNotifier("team")
    assert carry(store, clock, team) == DeliverReport(sent=1)
    assert keys(team) == ["gone-2"]


def test_one_receiver_of_a_long_run_sees_to_those_that_are_named_no_more(
    store: Store, clock: FakeClock, queue: Queue
) -> None:
    queue("gone", "1")
    program = program_of(store, ListNotifier("team"))
    assert deliver.to_receiver(program, "team", now=clock.now) == DeliverReport(dead=1)


def test_a_crash_after_the_message_left_sends_it_again_as_a_repeat(
    store: Store, clock: FakeClock, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue("team", "1")
    team = ListNotifier("team")

    def fail(*arguments: object, **named: object) -> None:
        raise StoreFull("no room")

    with monkeypatch.context() as broken:
        broken.setattr(store.outbox, "sent", fail)
        with pytest.raises(StoreFull):
            carry(store, clock, team)
    assert carry(store, clock, team) == DeliverReport(sent=1), "also without a restart"
    assert [each.repeat for each in team.sent] == [False, True]


def test_asked_to_stop_it_sends_nothing_more(store: Store, clock: FakeClock, queue: Queue) -> None:
    queue("team", "1", "2")
    team = ListNotifier("team")
    told = deliver.to_receiver(program_of(store, team), "team", now=clock.now, stop=lambda: bool(team.sent))
    assert told == DeliverReport(sent=1)
    assert store.outbox.waiting() == {"queued": 1, "sent": 1}


# A receiver that fails again and again


@pytest.fixture
def broken(store: Store, clock: FakeClock, queue: Queue) -> ListNotifier:
    """A receiver that failed five times in a row, with more to carry."""
    queue("team", *"12345678")
    team = ListNotifier("team", errors=[NotifierError("down")] * 5)
    for _ in range(5):
        assert carry(store, clock, team).again == 1
    return team


def test_after_five_failures_in_a_row_it_rests_and_is_asked_with_one_message(
    store: Store, clock: FakeClock, broken: ListNotifier
) -> None:
    tries: list[int] = []
    broken.before = lambda: tries.append(1)
    assert carry(store, clock, broken) == DeliverReport()
    clock.advance(timedelta(seconds=61))
    broken.errors = [NotifierError("still down")]
    assert carry(store, clock, broken) == DeliverReport(again=1)
    assert len(tries) == 1
    clock.advance(timedelta(seconds=61))
    assert carry(store, clock, broken) == DeliverReport(), "and rests twice as long"
    clock.advance(timedelta(seconds=61))
    assert carry(store, clock, broken).sent > 1, "one that takes a message is well"
    assert store.receivers.state("team").failures == 0
    assert store.receivers.broken() == []


def test_a_rest_outlives_a_restart(store: Store, clock: FakeClock, broken: ListNotifier) -> None:
    (state,) = store.receivers.broken()
    assert (state.receiver, state.failures, state.last_error) == ("team", 5, "down")
    path = store.path
    store.close()
    with Store(path) as again:
        assert again.receivers.state("team").rests(clock.now())
        assert carry(again, clock, broken) == DeliverReport()


def test_a_rest_that_a_wrong_clock_began_does_not_last_for_years(
    store: Store, clock: FakeClock, broken: ListNotifier
) -> None:
    clock.advance(-timedelta(days=400))
    assert carry(store, clock, broken).sent > 0


def test_a_receiver_that_asks_to_wait_is_asked_with_no_other_message_before(
    store: Store, clock: FakeClock, queue: Queue
) -> None:
    queue("team", "1", "2")
    team = ListNotifier("team", errors=[NotifierError("busy", retry_after=HOUR)])
    carry(store, clock, team)
    assert carry(store, clock, team) == DeliverReport()
    assert store.receivers.broken() == [], "it works: it only asked"
    clock.advance(HOUR + timedelta(seconds=1))
    assert carry(store, clock, team) == DeliverReport(sent=2)


def test_what_waited_for_a_day_for_a_broken_receiver_is_a_dead_letter(
    store: Store, clock: FakeClock, broken: ListNotifier
) -> None:
    broken.errors = [NotifierError("down")] * 999
    for _ in range(200):
        clock.advance(timedelta(minutes=10))
        carry(store, clock, broken)
    assert store.outbox.waiting() == {"dead": 8}


# Who stands in


def grave(key: str) -> Message:
    return replace(message(key), severity="high")


def test_a_message_that_dies_goes_to_the_stand_in_once_and_at_once(
    store: Store, clock: FakeClock, queue: Queue
) -> None:
    queue("team", "1")
    team, boss = ListNotifier("team", errors=[NotifierRefused("no such address")] * 9), ListNotifier("boss")
    for _ in range(3):
        carry(store, clock, team, boss, fallbacks={"team": "boss", "boss": "team"})
    assert [(each.instead_of, each.title) for each in boss.sent] == [("team", "title team-1")]
    assert boss.sent[0].key != "team-1"
    store.outbox.revive(store.outbox.letters(state="dead")[0].id, now=clock.now())
    carry(store, clock, team, boss, fallbacks={"team": "boss"})
    assert len(boss.sent) == 1, "once is once"


def test_a_stand_in_that_dies_as_well_hands_it_to_nobody(store: Store, clock: FakeClock, queue: Queue) -> None:
    queue("team", "1")
    refuse = [NotifierRefused("no")] * 9
    team, boss = ListNotifier("team", errors=list(refuse)), ListNotifier("boss", errors=list(refuse))
    report = carry(store, clock, team, boss, fallbacks={"team": "boss", "boss": "team"})
    assert report == DeliverReport(dead=2, instead=1)


def test_grave_messages_go_to_the_stand_in_while_a_receiver_stays_broken(
    store: Store, clock: FakeClock, broken: ListNotifier
) -> None:
    broken.errors, boss = [NotifierError("down")] * 99, ListNotifier("boss")
    store.outbox.put(None, "team", grave("grave"), due=clock.now())
    fallbacks = {"team": "boss"}
    carry(store, clock, broken, boss, fallbacks=fallbacks)
    assert boss.sent == [], "it has not been broken for long"
    for _ in range(4):
        clock.advance(timedelta(minutes=11))
        carry(store, clock, broken, boss, fallbacks=fallbacks)
    assert [(each.title, each.instead_of) for each in boss.sent] == [("title grave", "team")]
    broken.errors = []
    clock.advance(HOUR)
    carry(store, clock, broken, boss, fallbacks=fallbacks)
    assert "grave" in keys(broken), "and who was broken hears of it as well"


def test_grave_messages_go_to_the_stand_in_while_a_receiver_asked_for_a_long_wait(
    store: Store, clock: FakeClock, queue: Queue
) -> None:
    queue("team", "1")
    store.outbox.put(None, "team", grave("grave"), due=clock.now())
    team, boss = ListNotifier("team", errors=[NotifierError("busy", retry_after=2 * HOUR)]), ListNotifier("boss")
    for _ in range(4):
        carry(store, clock, team, boss, fallbacks={"team": "boss"})
        clock.advance(timedelta(minutes=4))
    assert keys(team) == []
    assert [each.title for each in boss.sent] == ["title grave"], "once, and only what is grave"
    assert store.receivers.broken() == []


@pytest.mark.parametrize("several", [False, True])
def test_who_stood_in_for_the_beginning_hears_of_the_end_too(
    store: Store, clock: FakeClock, broken: ListNotifier, several: bool
) -> None:
    boss, fallbacks = ListNotifier("boss"), {"team": "boss"}
    broken.errors = [NotifierError("down")] * 2
    store.outbox.put(None, "team", replace(grave("began"), facts=said(7, "opened", several)), due=clock.now())
    for _ in range(2):
        clock.advance(timedelta(minutes=6))
        carry(store, clock, broken, boss, fallbacks=fallbacks)
    assert [each.title for each in boss.sent] == ["title began"]
    for number in (7, 8):
        ended = replace(grave(f"ended {number}"), facts=said(number, "closed", several))
        store.outbox.put(None, "team", ended, due=clock.now())
    clock.advance(HOUR)
    carry(store, clock, broken, boss, fallbacks=fallbacks)
    carry(store, clock, broken, boss, fallbacks=fallbacks)
    assert {"began", "ended 7", "ended 8"} <= set(keys(broken))
    assert [each.title for each in boss.sent] == ["title began", "title ended 7"]


def said(incident: int, phase: str, several: bool) -> dict[str, object]:
    told = {"incident": incident, "phase": phase}
    return {"incidents": [told]} if several else told


# Pictures

CHART = Chart(
    title="Acme", unit="posts", timezone="UTC",
    points=(Point(start=START, observed=1.0), Point(start=START + HOUR, observed=2.0)),
)  # fmt: skip


@dataclass
class Gallery(ListNotifier):
    """Takes pictures."""

    name: str = "team"
    sent: list[Message] = field(default_factory=list)
    pictures: ClassVar[bool] = True


def test_a_chart_is_drawn_for_those_who_take_pictures_and_never_kept(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugins, "drawing", lambda kind: lambda chart: f"{kind} {chart.title}".encode())
    for name in ("team", "plain"):
        store.outbox.put(None, name, replace(message(name), chart=CHART), due=START)
    team, plain = Gallery(), ListNotifier("plain")
    assert carry(store, clock, team, plain) == DeliverReport(sent=2)
    assert [each.sent[0].picture for each in (team, plain)] == [b"spike Acme", None]
    assert team.sent[0].chart == plain.sent[0].chart == CHART
    assert "picture" not in str(store._connection.rows("select message from outbox"))


@pytest.mark.parametrize("points", [CHART.points[:1], (*CHART.points, *CHART.points)])
def test_a_chart_that_cannot_be_drawn_stops_no_message(
    store: Store, clock: FakeClock, points: tuple[Point, ...]
) -> None:
    store.outbox.put(None, "team", replace(message("1"), chart=replace(CHART, points=points)), due=START)
    team = Gallery()
    assert carry(store, clock, team) == DeliverReport(sent=1)
    assert team.sent[0].picture is None


@pytest.mark.parametrize("fault", [RuntimeError("a fault in the library"), KeyError("t"), MemoryError()])
def test_whatever_breaks_while_drawing_stops_no_message_and_makes_no_repeat(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    monkeypatch.setattr(plugins, "drawing", lambda kind: Mock(side_effect=fault))
    store.outbox.put(None, "team", replace(message("1"), chart=CHART), due=START)
    team = Gallery()
    assert carry(store, clock, team) == DeliverReport(sent=1)
    assert (team.sent[0].picture, team.sent[0].repeat) == (None, False)


def test_a_kill_while_drawing_makes_no_message_a_repeat(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugins, "drawing", lambda kind: Mock(side_effect=SystemExit))
    store.outbox.put(None, "team", replace(message("1"), chart=CHART), due=START)
    team = Gallery()
    with pytest.raises(SystemExit):
        carry(store, clock, team)
    monkeypatch.setattr(plugins, "drawing", lambda kind: lambda chart: b"drawn")
    carry(store, clock, team)
    assert [(each.picture, each.repeat) for each in team.sent] == [(b"drawn", False)]


# One dead channel delays no other


@pytest.fixture
def channels() -> Iterator[dict[str, Web]]:
    with ExitStack() as open_:
        yield {name: open_.enter_context(receivers.web()) for name in ("blackhole", "fails", "drips", "healthy")}


def test_a_blackhole_failures_and_a_slow_answer_beside_it_delay_a_healthy_receiver_by_nothing(
    store: Store, clock: FakeClock, channels: dict[str, Web], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, behaviour in (("blackhole", "stall"), ("fails", 500), ("drips", "drip")):
        channels[name].behaviour = behaviour
    plugin, made, done = plugins.load("notifiers", "webhook"), [], threading.Event()
    for name, server in channels.items():
        monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{server.port}/")
        options = plugin.Options(
            url=Secret(f"env:{name.upper()}"), allow_private_hosts=("127.0.0.1",), timeout=timedelta(seconds=1.5)
        )
        made.append(plugin(name, options))
        for number in range(20):
            store.outbox.put(None, name, message(f"{name}{number}"), due=START)
    program, left = program_of(store, *made), []

    def carried() -> None:
        left.append(deliver.run(program, now=clock.now))
        done.set()

    thread = threading.Thread(target=carried)
    thread.start()
    while len(channels["healthy"].posts) < 20 and not done.wait(0.01):
        pass
    early = not done.is_set()
    thread.join(20)
    assert early, "the healthy one was done while the others still hung"
    assert left == [DeliverReport(sent=20, again=3)]
    assert [len(channels[name].posts) for name in ("blackhole", "fails", "drips")] == [1, 1, 1]
