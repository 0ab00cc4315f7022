"""Answers of any status, for collectors that must read what a refusal says; keys, and where they may be sent.

Knows no platform.
"""

from collections.abc import Mapping
from typing import overload
from urllib.parse import urlsplit

from monitor.collectors._web import _error_of as error_of
from monitor.collectors._web import check_address
from monitor.domain import Secret
from monitor.errors import AnswerUnreadable, CredentialRefused, SourceDown
from monitor.http import Answer, GuardedClient, HttpError, Unreachable

__all__ = ["check_safe", "error_of", "fetch", "reveal"]


def fetch(
    client: GuardedClient,
    url: str,
    source: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
) -> Answer:
    """An answer, whatever its status; with `content` it is posted. Raises SourceDown and AnswerUnreadable."""
    try:
        if content is not None:
            return client.post(url, content, headers=headers)
        return client.get(url, headers=headers)
    except Unreachable as error:
        raise SourceDown(f"{source}: {error} The next poll tries again.") from None
    except HttpError as error:
        raise AnswerUnreadable(f"{source}: {error}") from None


def check_safe(name: str, address: str, private_hosts: tuple[str, ...]) -> None:
    """An option that is an address to which a key is sent: https, or http to a host that is named as private.

    Raises ValueError, which repeats its host only.
    """
    check_address(name, address)
    place = urlsplit(address)
    named = {host.strip().lower() for host in private_hosts}
    if place.scheme != "https" and not {place.hostname, place.netloc.lower()} & named:
        raise ValueError(
            f'{name} must begin with https://, as it is sent a key; or name "{place.netloc}" in allow_private_hosts'
        )


@overload
def reveal(secret: Secret, source: str, what: str) -> str: ...
@overload
def reveal(secret: Secret | None, source: str, what: str) -> str | None: ...
def reveal(secret: Secret | None, source: str, what: str) -> str | None:
    """A key's value, fit for a header; None where it was left out. Raises CredentialRefused, without it."""
    if secret is None:
        return None
    try:
        value = secret.reveal().strip()
    except LookupError as error:
        raise CredentialRefused(f"{source}: {error}. Set it to {what}.") from None
    if not value or not value.isascii() or not value.isprintable():
        raise CredentialRefused(f"{source}: {secret.reference} cannot be {what}; check the value.")
    return value
