"""Signed links: addresses that act on an incident, made for one receiver and checked when they come back.

Knows keys, times and tokens; nothing of HTTP, and nothing of what an action does. A token holds what it does, for which
incident, to whom it was sent and until when, with a signature (HMAC-SHA256, cut to 128 bits as RFC 2104 allows) that
only who has the key can make. It can be read by whoever has it, and tells nothing beyond these four things.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.clock import EPOCH
from monitor.domain import Link
from monitor.errors import InputError

VALID = timedelta(days=7)
SILENCE_HOURS = 4
PATH = "/act/"
LABELS = {
    "acknowledge": "Acknowledge",
    "silence": f"Silence for {SILENCE_HOURS} hours",
    "assign": "Assign to me",
    "false_alarm": "False alarm",
    "real": "It is real",
}
ACTIONS = tuple(LABELS)
LONGEST = 1_000  # letters of a token that are looked at
_VERSION = 1
_HEAD = struct.Struct(">BBQI")  # version, action's place, incident, the minute since 1970 after which it is void
_SIGNATURE = 16  # bytes
_PURPOSE = b"monitor link\0"  # the same secret may sign other things
_MINUTE = timedelta(minutes=1)
DAMAGED = "This link is not complete, or was not made here; open it again from the message itself."
EXPIRED = f"This link has expired: links work for {VALID.days} days. `alerts` on the command line still works."


class LinkExpired(InputError):
    """The link was made here, and its time is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a link would do."""

    action: str  # one of ACTIONS
    incident_id: int
    receiver: str  # to whom the message with the link was sent
    expires: datetime


def make(base: str, key: bytes, incident_id: int, receiver: str, *, now: datetime) -> tuple[Link, ...]:
    """One link for each action under the address `base`, valid for seven days (rounded up to the minute).

    >>> from monitor.clock import parse
    >>> made = make("https://m.example.org/", b"k" * 32, 7, "team", now=parse("2026-03-11T13:10:00Z"))
    >>> made[0].label, made[0].url[:26], len(made)
    ('Acknowledge', 'https://m.example.org/act/', 5)
    """
    until = now + VALID
    place = base.rstrip("/") + PATH
    return tuple(
        Link(action=action, label=LABELS[action], url=place + token(key, action, incident_id, receiver, until=until))
        for action in ACTIONS
    )


def token(key: bytes, action: str, incident_id: int, receiver: str, *, until: datetime) -> str:
    """The signed part of a link: letters, digits, - and _ only."""
    minute = -((EPOCH - until) // _MINUTE)  # rounded up
    body = _HEAD.pack(_VERSION, ACTIONS.index(action), incident_id, minute) + receiver.encode("utf-8", "replace")
    return base64.urlsafe_b64encode(body + _signature(key, body)).rstrip(b"=").decode("ascii")


def read(text: str, key: bytes, *, now: datetime) -> Act:
    """What a token says, once its signature is found right.

    Raises InputError, in one sentence, where it is damaged or forged; its kind LinkExpired where its time is over.
    """
    raw = _bytes(text)
    body, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
    if not hmac.compare_digest(signature, _signature(key, body)) or len(body) < _HEAD.size:
        raise InputError(DAMAGED)
    version, action, incident_id, minute = _HEAD.unpack_from(body)
    if version != _VERSION or action >= len(ACTIONS):
        raise InputError(DAMAGED)
    expires = EPOCH + minute * _MINUTE
    if now > expires:
        raise LinkExpired(EXPIRED)
    receiver = body[_HEAD.size :].decode("utf-8", "replace")
    return Act(action=ACTIONS[action], incident_id=incident_id, receiver=receiver, expires=expires)


def _bytes(text: str) -> bytes:
    """The bytes of a token, of which there is one spelling only. Raises InputError for what can be none."""
    try:
        if len(text) > LONGEST:
            raise InputError(DAMAGED)
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(DAMAGED) from error
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") != text:
        raise InputError(DAMAGED)
    return raw


def _signature(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, _PURPOSE + body, hashlib.sha256).digest()[:_SIGNATURE]
