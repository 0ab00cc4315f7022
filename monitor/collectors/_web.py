"""Answers of the guarded client, turned into what a collector promises. Knows no platform."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, RateLimited, SourceDown
from monitor.http import Answer, GuardedClient, HttpError, Unreachable, checked_url
from monitor.post_fields import cleaned

DEFAULT_WAIT = timedelta(minutes=15)  # where a platform asks to wait and does not say how long
LONGEST_WAIT = timedelta(days=1)


def check_address(name: str, address: str) -> None:
    """An option that is an address. Raises ValueError, which does not repeat it, where it cannot be asked at all."""
    try:
        checked_url(address)
    except HttpError as error:
        raise ValueError(f"{name}: {error}") from None


def check_least(options: object, **least: float) -> None:
    """Options that are numbers, each with the least that makes sense. Raises ValueError."""
    for name, number in least.items():
        value = getattr(options, name)
        if not value >= number:
            raise ValueError(f"{name} = {value:g} is less than {number:g}")


def ask(
    client: GuardedClient, url: str, source: str, *, now: datetime, headers: Mapping[str, str] | None = None
) -> Answer:
    """Read an address: an answer of status 2xx or 304. Raises the collectors' errors; they name the host only."""
    try:
        answer = client.get(url, headers=headers)
    except Unreachable as error:
        raise SourceDown(f"{source}: {error} The next poll tries again.") from None
    except HttpError as error:
        raise AnswerUnreadable(f"{source}: {error}") from None
    if 200 <= answer.status < 300 or answer.status == 304:
        return answer
    raise _error_of(answer, source, now)


def document_of(answer: Answer, source: str) -> dict[str, Any]:
    """The JSON object of an answer. Raises AnswerUnreadable."""
    try:
        document = cleaned(json.loads(answer.body.decode("utf-8"), parse_constant=lambda _: None))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise AnswerUnreadable(f"{source}: the answer is not a JSON object. Check the address in the settings.")
    return document


def _error_of(answer: Answer, source: str, now: datetime) -> CollectorError:
    status = answer.status
    if status == 429:
        return RateLimited(source, _wait(answer.headers.get("retry-after", ""), now))
    if status in (401, 402, 403, 407):
        return CredentialRefused(f"{source}: the platform does not let us read ({status}). Check the address and key.")
    if status >= 500 or status == 408:
        return SourceDown(f"{source}: the platform's server has a fault ({status}). The next poll tries again.")
    return AnswerUnreadable(f"{source}: the platform answers {status}. Check the address in the settings.")


def _wait(told: str, now: datetime) -> timedelta:
    """What Retry-After says: seconds or a date (RFC 9110, 10.2.3)."""
    try:
        wait = timedelta(seconds=int(told)) if told.strip().isdigit() else parsedate_to_datetime(told) - now
    except (ValueError, TypeError, OverflowError):
        return DEFAULT_WAIT
    return wait if timedelta(0) < wait <= LONGEST_WAIT else DEFAULT_WAIT
