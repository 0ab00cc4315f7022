"""Who pushed a message, and whether it is what they signed: the scheme of Standard Webhooks 1.0.0, and a fixed header.

Signed is `id.timestamp.body`, by HMAC-SHA256; the header webhook-signature holds one or more `v1,<base64>`, parted by
spaces, so that a sender can change its secret without a pause. Pure: knows no network and no folder. Every refusal is
a ValueError whose message may be shown to the sender: it holds nothing secret.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from monitor import clock

TOLERANCE = timedelta(minutes=5)  # between the sender's clock and ours, either way
LEAST_KEY = 24  # bytes, as the scheme asks for
_PREFIX = "whsec_"
_IDENT = re.compile(r"(?!.*\.)[!-~]{1,256}", re.ASCII)  # with a dot, two messages could have one and the same signature
_STAMP = re.compile(r"\d{1,11}", re.ASCII)
_MOST_SIGNATURES = 16


def key_of(secret: str) -> bytes:
    """The key that a secret stands for: base64 after `whsec_`, else its own bytes. Raises ValueError, without it.

    >>> key_of("whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")[:4].hex(), len(key_of("a plain text of some length"))
    ('31f290f6', 27)
    """
    key = secret.encode()
    if secret.startswith(_PREFIX):
        try:
            told = secret.removeprefix(_PREFIX)
            key = base64.b64decode(told + "=" * (-len(told) % 4), validate=True)
        except (ValueError, binascii.Error):
            raise ValueError(f"what follows {_PREFIX} is not base64") from None
    if len(key) < LEAST_KEY:
        raise ValueError(f"it is shorter than {LEAST_KEY} bytes")
    return key


def signature_of(key: bytes, ident: str, stamp: str, body: bytes) -> str:
    """What the header must hold for a message.

    >>> signature_of(b"k" * 24, "msg_1", "1700000000", b"{}")
    'v1,E3sCg9uS8x43RKlJqcda1EcaYZxNkN+l2u7RBZBSZQQ='
    """
    signed = f"{ident}.{stamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def signed_id(headers: Mapping[str, str], body: bytes, key: bytes, *, now: datetime) -> str:
    """The message's id, where its signature is good and its time is now. `headers`: names in lower case."""
    ident, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not (ident and stamp and given):
        raise ValueError("the headers webhook-id, webhook-timestamp and webhook-signature are needed")
    if not _IDENT.fullmatch(ident):
        raise ValueError("webhook-id must be 1 to 256 letters, digits and signs, without spaces and dots")
    if not _STAMP.fullmatch(stamp):
        raise ValueError("webhook-timestamp must be whole seconds since 1970")
    right = signature_of(key, ident, stamp, body).encode()
    candidates = [each.encode("utf-8", "replace") for each in given.split()[:_MOST_SIGNATURES]]
    if not any(hmac.compare_digest(each, right) for each in candidates):
        raise ValueError("the signature is wrong")
    if abs(now - clock.from_ms(int(stamp) * 1_000)) > TOLERANCE:
        raise ValueError(f"webhook-timestamp is more than {TOLERANCE.seconds // 60} minutes from now; check the clock")
    return ident


def bears(headers: Mapping[str, str], secret: str) -> bool:
    """Whether the header Authorization holds the secret itself."""
    word, _, value = headers.get("authorization", "").partition(" ")
    given, right = value.strip().encode("utf-8", "replace"), secret.encode()
    return word.lower() == "bearer" and hmac.compare_digest(given, right)
