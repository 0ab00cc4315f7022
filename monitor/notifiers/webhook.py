"""Webhook: each message as signed JSON to an address of yours; knows no alerts.

Needs the address in the environment or a file, as in url = "env:HOOK_URL", and a `secret` if it is to be signed, as
Standard Webhooks 1.0.0 says. docs/formats.md documents body and signature. Every try of a message has the same
`Idempotency-Key`, so a receiver that keeps the keys gets each message once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from monitor.clock import Clock, SystemClock
from monitor.domain import Message, Secret
from monitor.errors import DeliveryUnknown, NotifierError, NotifierRefused
from monitor.http import AddressRefused, Answer, GuardedClient, HttpError, Limits, Unreachable
from monitor.notifiers import _text
from monitor.notifiers._webhook_body import body
from monitor.notifiers._webhook_headers import headers_in, key_of, retry_after, signature

_ANSWER = 1_000_000  # bytes that are read at most; nobody looks at them
_NOT_YET = frozenset((408, 409, 425, 429))  # of the refusals, those that may pass


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookOptions:
    """Where the messages go, and what goes along."""

    url: Secret = field(metadata={"help": 'where the address is, as in "env:HOOK_URL"'})
    secret: Secret | None = field(
        default=None,
        metadata={"help": "where the key is that signs each request (whsec_…, or 24 characters or more); unset: none"},
    )
    headers: Secret | None = field(
        default=None, metadata={"help": "where further headers are, one a line, as in Authorization: Bearer abc"}
    )
    method: Literal["POST", "PUT"] = field(default="POST", metadata={"help": "POST or PUT"})
    picture: bool = field(default=False, metadata={"help": "whether the chart goes along as PNG in base64"})
    timeout: timedelta = field(
        default=timedelta(seconds=15), metadata={"help": "how long one delivery may take, as in 15s"}
    )
    allow_private_hosts: tuple[str, ...] = field(
        default=(),
        metadata={"help": 'hosts in your own network that may be reached, and by http, as in ["10.0.0.5:8080"]'},
    )


class Webhook:
    """Sends a message to one address."""

    kind: ClassVar[str] = "webhook"
    Options: ClassVar[type[WebhookOptions]] = WebhookOptions

    def __init__(self, name: str, options: WebhookOptions, clock: Clock | None = None) -> None:
        self.name = name
        self._options = options
        self._clock = clock or SystemClock()

    @property
    def pictures(self) -> bool:
        """Whether it carries charts."""
        return self._options.picture

    def send(self, message: Message) -> None:
        """Deliver once. What the receiver says with 2xx is a delivery, and nothing else is."""
        address = self._address()
        content = body(message, picture=self._options.picture)
        told = self._headers(message, content)
        limits = Limits(size=_ANSWER, seconds=self._options.timeout.total_seconds(), redirects=0)
        client = GuardedClient(allow_hosts=self._options.allow_private_hosts, limits=limits)
        ask = client.put if self._options.method == "PUT" else client.post
        try:
            answer = ask(address, content, headers=told)
        except AddressRefused as error:
            raise NotifierRefused(f"{self.name}: {error}") from None
        except Unreachable as error:
            kind = DeliveryUnknown if error.sent else NotifierError
            raise kind(f"{self.name}: {error}" + (" It may have arrived." if error.sent else "")) from None
        except HttpError as error:  # an answer that is no use, to a request that was taken
            raise DeliveryUnknown(f"{self.name}: {error} It may have arrived.") from None
        self._judge(answer)

    def _judge(self, answer: Answer) -> None:
        status = answer.status
        if 200 <= status < 300:
            return
        wait = retry_after(answer.headers.get("retry-after"), now=self._clock.now())
        if status in _NOT_YET or status >= 500 or status < 200:
            raise NotifierError(f"{self.name}: the receiver answered {status}; it is tried again.", retry_after=wait)
        if status < 400:
            raise NotifierRefused(
                f"{self.name}: the receiver answered {status}, a redirect, which is not followed."
                " Write the final address."
            )
        raise NotifierRefused(f"{self.name}: the receiver refused the message ({status}). Check address, key, headers.")

    def _headers(self, message: Message, content: bytes) -> Mapping[str, str]:
        own = {"Content-Type": "application/json", "Idempotency-Key": _text.told(message)}
        if self._options.secret is not None:
            key = key_of(self._reveal(self._options.secret))
            if key is None:
                raise NotifierRefused(
                    f"{self.name}: {self._options.secret.reference} must hold whsec_ and a key in base64,"
                    " or a text of 24 characters or more."
                )
            own |= signature(key, _text.told(message), content, now=self._clock.now())
        if self._options.headers is None:
            return own
        more = headers_in(self._reveal(self._options.headers), taken=own)
        if more is None:
            raise NotifierRefused(
                f"{self.name}: {self._options.headers.reference} must hold lines such as Authorization: Bearer abc,"
                " and none of the headers that the program sends itself."
            )
        return {**more, **own}

    def _address(self) -> str:
        address = self._reveal(self._options.url).strip()
        place, named = urlsplit_or_none(address), {each.strip().lower() for each in self._options.allow_private_hosts}
        if place is None or (place[0] != "https" and not {*place[1:]} & named):
            raise NotifierRefused(
                f"{self.name}: the address in {self._options.url.reference} must begin with https://, as people's words"
                " go there; or name its host in allow_private_hosts."
            )
        return address

    def _reveal(self, secret: Secret) -> str:
        try:
            return secret.reveal()
        except LookupError as error:
            raise NotifierError(f"{self.name}: {error.args[0]}.") from None


def urlsplit_or_none(address: str) -> tuple[str, str, str] | None:
    """Scheme, host, and host with port, in lower case; None where there is no such thing.

    >>> urlsplit_or_none("https://Hooks.example.org:8443/x"), urlsplit_or_none("https://[/")
    (('https', 'hooks.example.org', 'hooks.example.org:8443'), None)
    """
    try:
        parts = urlsplit(address)
        return parts.scheme.lower(), (parts.hostname or "").lower(), parts.netloc.lower()
    except ValueError:
        return None
