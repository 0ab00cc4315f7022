"""When a message is tried again."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting.retry import TRIES, WITHIN, Retry, RetryReason, next_try, wait

START = datetime(2026, 3, 11, 12, tzinfo=UTC)


def all_tries(key: str) -> list[datetime]:
    """The times of every try of a message whose receiver never answers."""
    times = [START]
    while True:
        again = next_try(key, tries=len(times), first_at=START, now=times[-1])
        if again.at is None:
            assert again.reason is RetryReason.USED_UP
            return times
        times.append(again.at)


@given(st.text())
def test_a_dead_receiver_is_tried_sixteen_times_within_a_day(key: str) -> None:
    times = all_tries(key)
    assert len(times) == TRIES == 16
    assert timedelta(hours=18) < times[-1] - times[0] <= WITHIN


@given(st.text())
def test_waits_grow_until_three_hours_and_are_the_same_each_time(key: str) -> None:
    waits = [wait(key, tries) for tries in range(1, TRIES)]
    assert waits == [wait(key, tries) for tries in range(1, TRIES)]
    assert all(later > sooner for sooner, later in pairwise(waits[:10]))
    assert max(waits) <= timedelta(hours=3) * 1.15


def test_messages_that_fail_together_come_back_apart() -> None:
    assert len({wait(f"message {n}", 5) for n in range(100)}) == 100


def test_the_wait_that_a_receiver_asks_for_is_kept() -> None:
    again = next_try("k", tries=1, first_at=START, now=START, retry_after=timedelta(minutes=5))
    assert again == Retry(START + timedelta(minutes=5), RetryReason.ASKED)


def test_a_receiver_that_asks_for_less_than_our_own_wait_gets_our_own() -> None:
    again = next_try("k", tries=8, first_at=START, now=START, retry_after=timedelta(seconds=1))
    assert again == Retry(START + wait("k", 8), RetryReason.BACKOFF)


def test_a_wait_beyond_the_day_ends_the_tries() -> None:
    for absurd in (timedelta(hours=25), timedelta(days=999_999_999)):
        again = next_try("k", tries=1, first_at=START, now=START, retry_after=absurd)
        assert again == Retry(None, RetryReason.TOO_LATE)


def test_after_the_day_there_is_no_further_try_even_with_tries_left() -> None:
    late = next_try("k", tries=2, first_at=START, now=START + WITHIN)
    assert late == Retry(None, RetryReason.TOO_LATE)


def test_a_refusal_is_final_at_the_first_try() -> None:
    assert next_try("k", tries=1, first_at=START, now=START, retryable=False) == Retry(None, RetryReason.REFUSED)
