"""Google's APIs: what an error answer means. Knows no single API.

An error is `{"error": {"code", "message", "status", "errors": [{"reason"}], "details": [{"reason"}]}}`; the reason
stands in either list, and 403 is both "not allowed" and "too much".
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.collectors._answers import error_of, fetch
from monitor.collectors._web import DEFAULT_WAIT, document_of
from monitor.errors import CollectorError, CredentialRefused, RateLimited
from monitor.http import Answer, GuardedClient
from monitor.post_fields import shown

DAILY = frozenset({"quotaExceeded", "dailyLimitExceeded", "dailyLimitExceededUnreg"})
_TOO_FAST = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED"})
_BAD_KEY = frozenset({"API_KEY_INVALID", "keyInvalid", "keyExpired", "API_KEY_SERVICE_BLOCKED"})


class GoogleRefusal(Exception):
    """An answer of status 4xx that tells why; `error` is what it means where nobody knows better."""

    def __init__(self, status: int, reasons: frozenset[str], error: CollectorError) -> None:
        super().__init__(f"{status}: {', '.join(sorted(reasons))}")
        self.status = status
        self.reasons = reasons
        self.error = error


def ask_google(
    client: GuardedClient, url: str, source: str, *, now: datetime, headers: Mapping[str, str]
) -> dict[str, Any]:
    """The JSON object at an address. Raises GoogleRefusal for a status 4xx, else the collectors' errors."""
    answer = fetch(client, url, source, headers=headers)
    if 200 <= answer.status < 300:
        return document_of(answer, source)
    if not 400 <= answer.status < 500 or answer.status == 408:
        raise error_of(answer, source, now)
    reasons = _reasons(answer)
    raise GoogleRefusal(answer.status, reasons, _meaning(answer, reasons, source, now))


def _meaning(answer: Answer, reasons: frozenset[str], source: str, now: datetime) -> CollectorError:
    usual = error_of(answer, source, now)
    if answer.status == 429 or reasons & (DAILY | _TOO_FAST):
        return usual if isinstance(usual, RateLimited) else RateLimited(source, DEFAULT_WAIT)
    if reasons & _BAD_KEY or (isinstance(usual, CredentialRefused) and reasons):
        told = shown(", ".join(sorted(reasons)))  # not the message: at times it repeats the key
        return CredentialRefused(f"{source}: Google refuses the key ({told}). Check it, and what it may be used for.")
    return usual


def _reasons(answer: Answer) -> frozenset[str]:
    """Every reason that is told; none where the answer is no such object."""
    try:
        error = json.loads(answer.body.decode("utf-8"))["error"]
        entries = [*(error.get("errors") or []), *(error.get("details") or [])]
        told = [error.get("status"), *(entry.get("reason") for entry in entries)]
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return frozenset()
    return frozenset(reason for reason in told if isinstance(reason, str) and reason.isidentifier())
