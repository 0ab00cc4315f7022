"""Reads from what Apprise logs of a failed delivery whether it is final, may pass, or may even have arrived.

Apprise itself tells success or failure only. Its log lines hold addresses, keys and texts, so each is reduced to a
sign (a number, or one of a few words) before any handler sees it. Knows no message.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta

from monitor.errors import DeliveryUnknown, NotifierError, NotifierRefused

_HTTP = re.compile(r"\berror=(\d{3})\b")
_SMTP = re.compile(r"\((\d{3}), b['\"]")
_WAIT = re.compile(r'\\?"retry_after\\?":\s*(\d{1,9}(?:\.\d{1,3})?)')
_NOT_REACHED = (
    *("NewConnectionError", "ConnectTimeout", "NameResolutionError", "Connection refused", "SSLError", "certificate"),
    *("Name or service not known", "No address associated", "getaddrinfo", "is unreachable", "No route to host"),
)
_REFUSALS = frozenset((400, 401, 402, 403, 404, 405, 406, 410, 411, 413, 414, 415, 422))


class SignsOnly(logging.Filter):
    """Lets through the signs of a log line, and nothing else of it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the line by its signs; a line without any goes nowhere."""
        try:
            line = record.getMessage()
        except (TypeError, ValueError, KeyError):  # a line that does not fit its own values
            line = ""
        record.msg, record.args, record.exc_info, record.exc_text = " ".join(signs(line)), None, None, None
        return bool(record.msg)


def signs(line: str) -> Iterator[str]:
    """What a log line says of a failure.

    >>> list(signs("Failed to send Gotify notification: Too many requests, error=429."))
    ['http:429']
    >>> list(signs("Socket Exception: host='x', url: /key (Caused by NewConnectionError('refused'))"))
    ['unreached']
    """
    if "SMTP recipient" in line:  # so says Apprise only where another recipient was accepted
        yield "some"
    for sign, pattern in (("http", _HTTP), ("smtp", _SMTP), ("wait", _WAIT)):
        if found := pattern.search(line):
            yield f"{sign}:{found.group(1)}"
    if any(words in line for words in _NOT_REACHED):
        yield "unreached"


def failure(receiver: str, service: str, log: Iterable[str], *, in_pieces: bool = False) -> NotifierError:
    """The error that a failed delivery is; `log` are the signs of the call, line by line.

    `in_pieces`: words and picture go one after the other, so that what was refused may have been the picture alone.
    """
    found = dict(sign.partition(":")[::2] for line in log for sign in line.split(" "))
    who = f"{receiver}: {service}"
    if "some" in found:
        return NotifierRefused(f"{who} refused some of the recipients; the others have it. Take those out.")
    if "http" in found and in_pieces:
        return DeliveryUnknown(f"{who} answered {found['http']}; the words may have arrived without the picture.")
    if "http" in found:
        return _answered(who, int(found["http"]), found.get("wait"))
    if "smtp" in found:
        return _mail_answered(who, int(found["smtp"]))
    if "unreached" in found:
        return NotifierError(f"{who} cannot be reached. Check the address, the network and the certificate.")
    return DeliveryUnknown(f"{who} did not confirm the message; it may have arrived.")


def _answered(who: str, code: int, wait: str | None) -> NotifierError:
    if code == 429:
        asked = timedelta(seconds=float(wait)) if wait else None
        return NotifierError(f"{who} asked to wait (429).", retry_after=asked)
    if 300 <= code < 400:
        return NotifierRefused(f"{who} answered {code}, a redirect, which is not followed. Write the final address.")
    if code in _REFUSALS:
        return NotifierRefused(f"{who} refused the message ({code}). Check the address and the key.")
    return NotifierError(f"{who} answered {code}; it is tried again.")


def _mail_answered(who: str, code: int) -> NotifierError:
    if code >= 500:
        return NotifierRefused(f"{who} refused the message (SMTP {code}). Check the recipient and the login.")
    return NotifierError(f"{who} answered SMTP {code}; it is tried again.")
