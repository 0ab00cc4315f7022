"""Headers of a webhook: its signature, those that the user adds, and the wait that an answer asks for.

Knows no message. Signed is `id.timestamp.body` by HMAC-SHA256, as Standard Webhooks 1.0.0 says.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LEAST_KEY = 24  # bytes
MOST_HEADERS = 20
LONGEST_WAIT = timedelta(days=30)  # one that is asked for beyond is as good as never
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[\x20-\x7e\t]{0,4000}")
_OURS = frozenset(
    (
        *("host", "content-length", "content-encoding", "transfer-encoding", "connection", "user-agent"),
        *("webhook-id", "webhook-timestamp", "webhook-signature"),
    )
)


def key_of(secret: str) -> bytes | None:
    """The key that a secret stands for; None where it is none, or too short to keep anybody out.

    >>> key_of("whsec_" + base64.b64encode(b"k" * 24).decode()) == b"k" * 24, key_of("too short")
    (True, None)
    """
    text = secret.strip()
    if not text.startswith("whsec_"):
        key = text.encode("utf-8", "backslashreplace")
        return key if len(key) >= LEAST_KEY else None
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) >= LEAST_KEY else None


def signature(key: bytes, identity: str, content: bytes, *, now: datetime) -> dict[str, str]:
    """The three headers that say who sent a body, and when."""
    moment = str(int(now.timestamp()))
    signed = b".".join((identity.encode("ascii"), moment.encode("ascii"), content))
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")
    return {"webhook-id": identity, "webhook-timestamp": moment, "webhook-signature": f"v1,{digest}"}


def headers_in(text: str, taken: Iterable[str]) -> dict[str, str] | None:
    """The headers of a text, one a line; None where a line is none, or names one that is ours.

    >>> headers_in("X-Team: care\\nAuthorization: Bearer abc", taken=[])
    {'X-Team': 'care', 'Authorization': 'Bearer abc'}
    >>> headers_in("Host: elsewhere", taken=[]), headers_in("no header", taken=[])
    (None, None)
    """
    ours = _OURS | {name.lower() for name in taken}
    found: dict[str, str] = {}
    for each in filter(str.strip, text.splitlines()):
        name, mark, value = each.partition(":")
        if not mark or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value.strip()) or name.lower() in ours:
            return None
        found[name] = value.strip()
    return found if len(found) <= MOST_HEADERS else None


def retry_after(value: str | None, *, now: datetime) -> timedelta | None:
    """The wait that an answer asks for, in seconds or as a date; None where it asks for none that makes sense.

    >>> from monitor.clock import parse
    >>> retry_after("120", now=parse("2026-03-11T13:10:00Z")), retry_after("soon", now=parse("2026-03-11T13:10:00Z"))
    (datetime.timedelta(seconds=120), None)
    >>> str(retry_after("Wed, 11 Mar 2026 13:11:00 GMT", now=parse("2026-03-11T13:10:00Z")))
    '0:01:00'
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
        wait = (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment) - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)
