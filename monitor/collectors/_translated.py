"""Platforms that say "wait" and "no" in words of their own, put into the words that `_web` reads; lists.

Knows no platform.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from monitor.errors import AnswerUnreadable
from monitor.http import Answer, GuardedClient, Limits
from monitor.post_fields import cleaned

_SECOND = timedelta(seconds=1)


class TranslatingClient(GuardedClient):
    """A guarded client that hands each answer to `translate` before anybody else reads it."""

    def __init__(
        self, translate: Callable[[Answer], Answer], *, allow_hosts: Iterable[str] = (), limits: Limits | None = None
    ) -> None:
        super().__init__(allow_hosts=allow_hosts, limits=limits)
        self._translate = translate

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Read an address. Raises HttpError, and whatever `translate` raises."""
        return self._translate(super().get(url, headers=headers))


def asked_to_wait(answer: Answer, until: datetime | timedelta | None) -> Answer:
    """The answer as the 429 that it means; None where it does not say for how long.

    >>> asked_to_wait(Answer(status=400, headers={}, body=b""), timedelta(seconds=7)).headers["retry-after"]
    '7'
    """
    if until is None:
        return replace(answer, status=429)
    if isinstance(until, timedelta):
        told = str(max(1, -(-until // _SECOND)))
    else:
        told = format_datetime((until + _SECOND).astimezone(UTC), usegmt=True)  # to the second: never too early
    return replace(answer, status=429, headers={**answer.headers, "retry-after": told})


def list_of(answer: Answer, source: str) -> list[Any]:
    """The JSON list of an answer that has no object around it. Raises AnswerUnreadable."""
    try:
        rows = cleaned(json.loads(answer.body.decode("utf-8"), parse_constant=lambda _: None))
    except (ValueError, RecursionError):
        rows = None
    if not isinstance(rows, list):
        raise AnswerUnreadable(f"{source}: the answer is not a JSON list. Check the address in the settings.")
    return rows
