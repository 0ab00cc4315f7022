"""When a message that was not delivered is tried again (up to 16 tries within 24 hours), and when a receiver that
fails again and again is left alone. Pure.

The wait doubles from 15 seconds up to 3 hours. Each message stretches it by up to 15 %, by its own key, so that many
messages that failed together do not come back together. Chance comes from the key: the same key, the same schedule.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

TRIES = 16
WITHIN = timedelta(hours=24)  # from the first try; with all waits fully stretched the last one is at 23 h 3 min
FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(hours=3)
JITTER = 0.15
BREAK_AFTER = 5  # failures in a row, of whichever messages: then the receiver rests, and is asked with one message
FIRST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(minutes=30)
STAND_IN_AFTER = timedelta(minutes=10)  # of rest: then grave messages go to the fallback as well


class RetryReason(StrEnum):
    """Why a message is tried again, or why not."""

    BACKOFF = "the receiver failed"
    ASKED = "the receiver asked to wait"
    REFUSED = "the receiver refuses this message: trying again will not help"
    USED_UP = "16 tries failed"
    TOO_LATE = "not delivered within 24 hours"


@dataclass(frozen=True, slots=True)
class Retry:
    """The next try; `at` is None where there is none: the message is dead, and is shown to people."""

    at: datetime | None
    reason: RetryReason


def next_try(
    key: str,
    *,
    tries: int,
    first_at: datetime,
    now: datetime,
    retryable: bool = True,
    retry_after: timedelta | None = None,
) -> Retry:
    """Say when to try again after the `tries`-th try failed `now`.

    `retry_after` is the wait that the receiver asked for: it is never tried earlier.
    """
    if not retryable:
        return Retry(None, RetryReason.REFUSED)
    if tries >= TRIES:
        return Retry(None, RetryReason.USED_UP)
    own = wait(key, tries)
    asked = retry_after is not None and retry_after > own
    left = first_at + WITHIN - now  # compared as a length: an absurd wait must not overflow a date
    chosen = max(own, retry_after or own)
    if chosen > left:
        return Retry(None, RetryReason.TOO_LATE)
    return Retry(now + chosen, RetryReason.ASKED if asked else RetryReason.BACKOFF)


def rest(failures: int, retry_after: timedelta | None = None) -> timedelta | None:
    """How long a receiver is left alone after so many failures in a row; None: not at all.

    From the fifth on it rests for a minute, and twice as long after each further one, up to half an hour. One that
    asked to wait is left alone so long in any case, within reason.

    >>> [str(rest(n)) for n in (4, 5, 6, 50)], str(rest(1, timedelta(seconds=90)))
    (['None', '0:01:00', '0:02:00', '0:30:00'], '0:01:30')
    """
    asked = min(retry_after, LONGEST_WAIT) if retry_after is not None else None
    if failures < BREAK_AFTER:
        return asked
    own = min(FIRST_REST * (1 << min(failures - BREAK_AFTER, 16)), LONGEST_REST)
    return max(own, asked or own)


def wait(key: str, tries: int) -> timedelta:
    """How long a message rests after its `tries`-th try (1, 2, …).

    >>> FIRST_WAIT <= wait("a", 1) <= FIRST_WAIT * 1.15 and wait("a", 1) == wait("a", 1) != wait("b", 1)
    True
    """
    plain = min(FIRST_WAIT * (1 << min(tries - 1, 32)), LONGEST_WAIT)
    digest = hashlib.sha256(f"{key}/{tries}".encode()).digest()
    return plain * (1 + JITTER * int.from_bytes(digest[:4]) / 2**32)
