"""The outbox: a message waits with its alert, is claimed before it is sent, and is never forgotten."""

import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.domain import Chart, Link, Mark, Message, MessageKind, Phase, Point, Spike
from monitor.errors import StoreError
from monitor.store import Store
from tests.support.fakes import START

LATER = START + timedelta(minutes=1)


def message(key: str = "k1", **facts: object) -> Message:
    return Message(key=key, title=f"title {key}", body="body", severity="low", brand="Nimbus", facts=facts)


def spike(number: int = 0) -> Spike:
    return Spike(
        brand="Nimbus", rule="rule", phase=Phase.OPENED, fired_at=START + timedelta(hours=number), onset=START,
        window=timedelta(hours=1), observed=9.0, expected=1.0, mentions=10.0, probability=0.001, score=2.0,
        severity="low",
    )  # fmt: skip


@pytest.fixture
def alert(store: Store) -> int:
    store.detection.add_spikes([spike()])
    ((spike_id, fired),) = store.detection.pending_spikes()
    return store.incidents.add_alert(store.incidents.open(fired), spike_id, fired, '{"top_posts":[]}')


def test_a_message_is_carried_as_it_was_queued(store: Store, alert: int) -> None:
    store.outbox.put(alert, "team", message(numbers=[1, 2.5, None]), due=START)
    item = store.outbox.claim("team", now=START)
    assert item is not None
    assert item.message == message(numbers=[1, 2.5, None])
    assert (item.attempt, item.first_at) == (1, START)


def test_the_same_key_is_queued_once(store: Store, alert: int) -> None:
    store.outbox.put(alert, "team", message(), due=START)
    store.outbox.put(alert, "team", message(), due=START)
    assert store.outbox.waiting() == {"queued": 1}


def test_a_message_needs_its_alert(store: Store) -> None:
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        store.outbox.put(77, "team", message(), due=START)


def test_nothing_is_claimed_before_it_is_due_or_by_another_receiver(store: Store, alert: int) -> None:
    store.outbox.put(alert, "team", message(), due=LATER)
    assert store.outbox.claim("team", now=START) is None
    assert store.outbox.claim("other", now=LATER) is None
    assert store.outbox.next_due() == LATER
    assert store.outbox.claim("team", now=LATER) is not None


def test_a_message_that_was_queued_by_a_clock_far_ahead_does_not_wait_for_that_day(store: Store, alert: int) -> None:
    store.outbox.put(alert, "team", message(), due=START + timedelta(days=300))
    assert store.outbox.claim("team", now=START) is not None


def test_what_is_being_sent_is_not_claimed_twice_even_by_many_threads(store: Store, alert: int) -> None:
    for number in range(20):
        store.outbox.put(alert, "team", message(f"k{number}"), due=START)
    got: list[str] = []
    begin = threading.Barrier(4)

    def take() -> None:
        begin.wait()
        while item := store.outbox.claim("team", now=START):
            got.append(item.message.key)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(got) == sorted(f"k{number}" for number in range(20))


def test_a_sent_message_stays_sent(store: Store, alert: int) -> None:
    store.outbox.put(alert, "team", message(), due=START)
    item = store.outbox.claim("team", now=START)
    assert item is not None
    store.outbox.sent(item, now=LATER)
    assert store.outbox.recover() == 0
    assert store.outbox.receivers() == []
    assert store.outbox.waiting() == {"sent": 1}


def test_a_message_that_was_refused_for_now_comes_again_without_the_mark_of_a_repeat(store: Store, alert: int) -> None:
    store.outbox.put(alert, "team", message(), due=START)
    item = store.outbox.claim("team", now=START)
    assert item is not None
    store.outbox.retry(item, "busy", due=LATER, now=START, repeat=False)
    assert store.outbox.claim("team", now=START) is None
    again = store.outbox.claim("team", now=LATER)
    assert again is not None
    assert (again.attempt, again.first_at, again.message.repeat) == (2, START, False)


def test_a_message_that_may_have_arrived_comes_again_as_a_repeat_and_stays_one(store: Store, alert: int) -> None:
    store.outbox.put(alert, "team", message(), due=START)
    for attempt, unknown in enumerate([True, False], 1):
        item = store.outbox.claim("team", now=START)
        assert item is not None
        assert item.attempt == attempt
        store.outbox.retry(item, "the line broke", due=START, now=START, repeat=unknown)
    item = store.outbox.claim("team", now=START)
    assert item is not None
    assert item.message.repeat


def test_what_a_crash_left_in_the_middle_is_queued_again_as_a_repeat(store: Store, alert: int) -> None:
    for receiver in ("team", "pager"):
        store.outbox.put(alert, receiver, message(receiver), due=START)
        assert store.outbox.claim(receiver, now=START)
    assert store.outbox.receivers() == ["pager", "team"]
    assert store.outbox.recover("pager") == 1
    assert store.outbox.recover() == 1
    item = store.outbox.claim("team", now=START)
    assert item is not None
    assert item.message.repeat
    outcomes = store._connection.rows("select outcome from attempts order by id")
    assert outcomes == [("unknown: the program ended",)] * 2 + [(None,)]


def test_a_dead_letter_stays_in_sight_with_its_reason(store: Store, alert: int) -> None:
    store.outbox.put(alert, "team", message(), due=START)
    item = store.outbox.claim("team", now=START)
    assert item is not None
    store.outbox.give_up(item, "16 tries failed", now=LATER)
    assert store.outbox.waiting() == {"dead": 1}
    assert store.outbox.claim("team", now=LATER + timedelta(days=30)) is None
    assert store._connection.rows("select last_error from outbox") == [("16 tries failed",)]


def test_a_message_is_gone_when_the_transaction_of_its_alert_is_undone(store: Store) -> None:
    store.detection.add_spikes([spike()])
    ((spike_id, fired),) = store.detection.pending_spikes()
    with pytest.raises(KeyError), store.transaction():  # noqa: PT012
        number = store.incidents.add_alert(store.incidents.open(fired), spike_id, fired, "{}")
        store.outbox.put(number, "team", message(), due=START)
        raise KeyError
    assert store.outbox.waiting() == {}
    assert store.incidents.all() == []


def test_a_spike_makes_one_alert_and_an_episode_one_incident(store: Store, alert: int) -> None:
    store.detection.add_spikes([spike(), spike(1), spike(1)])
    assert len(store.detection.pending_spikes()) == 2
    with pytest.raises(StoreError, match="UNIQUE"):
        store.incidents.open(spike(1))
    with pytest.raises(StoreError, match="UNIQUE"):
        store.incidents.add_alert(1, 1, spike(), "{}")


def test_a_spike_is_read_back_as_it_was(store: Store) -> None:
    store.detection.add_spikes([spike(3)])
    ((number, found),) = store.detection.pending_spikes()
    assert found == spike(3)
    store.detection.spike_done(number)
    assert store.detection.pending_spikes() == []


def test_the_body_of_a_message_is_json_that_other_programs_can_read(store: Store, alert: int) -> None:
    store.outbox.put(alert, "team", message(at=START), due=START)
    ((text,),) = store._connection.rows("select message from outbox")
    assert json.loads(text)["facts"] == {"at": "2026-03-02T00:00:00Z"}


def test_receivers_that_messages_do_not_reach_are_named_with_the_last_reason(store: Store, alert: int) -> None:
    for key in ("k1", "k2", "k3"):
        store.outbox.put(alert, "team", message(key), due=START)
    store.outbox.put(alert, "well", message("w"), due=START)
    lost, failed = store.outbox.claim("team", now=START), store.outbox.claim("team", now=START)
    assert lost is not None
    assert failed is not None
    store.outbox.give_up(lost, "no such room", now=START)
    store.outbox.retry(failed, "no answer", due=LATER, now=START, repeat=False)
    assert store.outbox.troubled() == [("team", 1, 1, "no answer")]


# Messages with everything in them


def full(key: str = "k") -> Message:
    chart = Chart(
        title="Nimbus", unit="posts", timezone="Europe/Berlin", marks=(Mark(at=START, word="onset"),),
        points=(Point(start=START, observed=0.1, expected=None), Point(start=LATER, observed=None, expected=1 / 3)),
    )  # fmt: skip
    link = Link(action="silence", label="Silence", url="https://m.example.org/act/1")
    return Message(
        key=key, title="t", body="b", severity="high", brand="Nimbus", kind=MessageKind.GROUP, drill=True,
        links=(link,), chart=chart, picture=b"png", facts={"n": [1, {"x": None}]},
    )  # fmt: skip


def test_chart_links_and_kind_come_back_as_they_were_and_the_picture_is_not_kept(store: Store) -> None:
    store.outbox.put(None, "team", full(), due=START)
    item = store.outbox.claim("team", now=START)
    assert item is not None
    assert item.message == replace(full(), picture=None)
    assert store._connection.rows("select kind from outbox") == [("group",)]


def test_a_try_that_our_own_end_cut_off_does_not_count(store: Store) -> None:
    store.outbox.put(None, "team", full(), due=START)
    for _ in range(20):
        assert store.outbox.claim("team", now=START)
        store.outbox.recover()
    item = store.outbox.claim("team", now=START)
    assert item is not None
    assert (item.attempt, item.message.repeat) == (1, True)


def test_what_is_queued_again_begins_its_tries_anew(store: Store) -> None:
    store.outbox.put(None, "team", full(), due=START)
    for _ in range(3):
        item = store.outbox.claim("team", now=START)
        assert item is not None
        store.outbox.retry(item, "down", due=START, now=START, repeat=True)
    assert item is not None
    store.outbox.bury(item.id, "given up")
    later = START + timedelta(days=3)
    assert store.outbox.revive(item.id, now=later)
    assert not store.outbox.revive(item.id, now=later), "it is no dead letter any more"
    again = store.outbox.claim("team", now=later)
    assert again is not None
    assert (again.attempt, again.first_at, again.message.repeat) == (1, later, True)


def test_a_letter_that_goes_to_somebody_else_is_no_repeat_to_them(store: Store) -> None:
    store.outbox.put(None, "team", full(), due=START)
    item = store.outbox.claim("team", now=START)
    assert item is not None
    store.outbox.retry(item, "?", due=START, now=START, repeat=True)
    store.outbox.bury(item.id, "given up")
    assert store.outbox.revive(item.id, now=START, receiver="boss")
    again = store.outbox.claim("boss", now=START)
    assert again is not None
    assert not again.message.repeat
