"""Delivering: each receiver gets its messages, a dead one delays no other, and nothing is given up in silence."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from monitor.clock import FakeClock
from monitor.errors import DeliveryUnknown, NotifierError, NotifierRefused, StoreFull
from monitor.pipeline import deliver
from monitor.pipeline.deliver import DeliverReport
from monitor.ports import Notifier
from monitor.store import Store
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


def carry(store: Store, clock: FakeClock, *notifiers: ListNotifier) -> DeliverReport:
    receivers: dict[str, Notifier] = {each.name: each for each in notifiers}
    return deliver.run(store, receivers, now=clock.now)


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


def test_a_message_for_a_receiver_that_is_named_no_more_waits_for_it(
    store: Store, clock: FakeClock, queue: Queue
) -> None:
    queue("gone", "1")
    assert carry(store, clock) == DeliverReport(again=1)
    clock.advance(HOUR)
    assert carry(store, clock, ListNotifier("gone")) == DeliverReport(sent=1)


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
    told = deliver.to_receiver(store, "team", team, now=clock.now, stop=lambda: bool(team.sent))
    assert told == DeliverReport(sent=1)
    assert store.outbox.waiting() == {"queued": 1, "sent": 1}
