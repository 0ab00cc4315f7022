"""Reads from what Apprise says of a failed delivery whether it is final, may pass, or may even have arrived.

Apprise tells success or failure only; the reason stands in its log lines, which stay in memory. Nothing of them but
numbers gets into an error: they hold addresses and keys.
"""

import re
from collections.abc import Iterable
from datetime import timedelta

from monitor.errors import DeliveryUnknown, NotifierError, NotifierRefused

_HTTP = re.compile(r"\berror=(\d{3})\b")
_SMTP = re.compile(r"\((\d{3}), b['\"]")
_ASKED = re.compile(r'\\?"retry_after\\?":\s*(\d+(?:\.\d+)?)')
_NOT_REACHED = (
    *("NewConnectionError", "ConnectTimeout", "NameResolutionError", "Connection refused", "SSLError", "certificate"),
    *(
        "Name or service not known",
        "No address associated",
        "getaddrinfo",
        "Network is unreachable",
        "No route to host",
    ),
)
_REFUSALS = frozenset((400, 401, 402, 403, 404, 405, 406, 410, 411, 413, 414, 415, 422))


def failure(receiver: str, service: str, log: Iterable[str]) -> NotifierError:
    """The error that a failed delivery is; `log` are the lines of the call."""
    text = "\n".join(log)
    who = f"{receiver}: {service}"
    if "SMTP recipient" in text:  # so says Apprise only where another recipient was accepted
        return NotifierRefused(f"{who} refused some of the recipients; the others have it. Take those out.")
    if found := _HTTP.search(text):
        return _answered(who, int(found.group(1)), text)
    if found := _SMTP.search(text):
        return _mail_answered(who, int(found.group(1)))
    if any(sign in text for sign in _NOT_REACHED):
        return NotifierError(f"{who} cannot be reached. Check the address, the network and the certificate.")
    return DeliveryUnknown(f"{who} did not confirm the message; it may have arrived.")


def _answered(who: str, code: int, text: str) -> NotifierError:
    if code == 429:
        asked = _ASKED.search(text)
        wait = timedelta(seconds=min(float(asked.group(1)), 86_400.0)) if asked else None
        return NotifierError(f"{who} asked to wait (429).", retry_after=wait)
    if 300 <= code < 400:
        return NotifierRefused(f"{who} answered {code}, a redirect, which is not followed. Write the final address.")
    if code in _REFUSALS:
        return NotifierRefused(f"{who} refused the message ({code}). Check the address and the key.")
    return NotifierError(f"{who} answered {code}; it is tried again.")


def _mail_answered(who: str, code: int) -> NotifierError:
    if code >= 500:
        return NotifierRefused(f"{who} refused the message (SMTP {code}). Check the recipient and the login.")
    return NotifierError(f"{who} answered SMTP {code}; it is tried again.")
