"""E-mail: each message as a letter in HTML and text with its chart inside; knows no alerts.

Needs a mail server that takes letters from this machine (host, port, security), mostly a user and a password, as in
password = "env:MAIL_PASSWORD". Every try of a message has the same Message-ID, so mail programs can drop a repeat.
One letter goes to all of `to`: where the server refuses some of them, the others have it and it is not sent again;
make a receiver for each address where they must not depend on each other.
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from email.errors import MessageError
from email.headerregistry import Address
from ipaddress import ip_address
from typing import ClassVar, Literal

from monitor.clock import Clock, SystemClock
from monitor.domain import Message, Secret
from monitor.errors import NotifierError
from monitor.notifiers._mail_letter import letter
from monitor.notifiers._mail_server import Server

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,253}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailOptions:
    """Which server, from whom, to whom."""

    host: str = field(metadata={"help": "the mail server that takes your letters"})
    sender: str = field(metadata={"help": "the address that the letters come from"})
    to: tuple[str, ...] = field(metadata={"help": "the addresses that they go to, 50 at most"})
    port: int = field(default=587, metadata={"help": "its port: 587 for starttls, 465 for tls, mostly"})
    security: Literal["starttls", "tls", "none"] = field(
        default="starttls", metadata={"help": "how the line is secured: starttls, tls, or none (this machine only)"}
    )
    user: str = field(default="", metadata={"help": "the user's name there; empty: no login"})
    password: Secret | None = field(default=None, metadata={"help": 'where the password is, as in "env:MAIL_PASSWORD"'})
    timeout: timedelta = field(
        default=timedelta(seconds=30), metadata={"help": "how long one delivery may take, as in 30s"}
    )

    def __post_init__(self) -> None:
        if not self.to or len(self.to) > 50:
            raise ValueError("to must name 1 to 50 addresses")
        for each in (self.sender, *self.to):
            if not _is_address(each):
                raise ValueError(f'"{each}" is not an e-mail address in plain letters, as in team@example.org')
        if not _HOST.fullmatch(self.host) or not 0 < self.port < 65_536:
            raise ValueError(f'"{self.host}:{self.port}" is not a mail server, as in mail.example.org and 587')
        if bool(self.user) != (self.password is not None):
            raise ValueError("user and password belong together; write both, or none")
        if self.security == "none" and self.password is not None and not _is_here(self.host):
            raise ValueError('security = "none" would show the password to everybody on the way; write "starttls"')


class Email:
    """Sends a letter through one server."""

    kind: ClassVar[str] = "email"
    Options: ClassVar[type[EmailOptions]] = EmailOptions
    pictures: ClassVar[bool] = True

    def __init__(self, name: str, options: EmailOptions, clock: Clock | None = None) -> None:
        self.name = name
        self._options = options
        self._clock = clock or SystemClock()

    def send(self, message: Message) -> None:
        """Deliver once: to have been taken by the server is to be delivered."""
        options = self._options
        made = letter(message, sender=options.sender, to=options.to, now=self._clock.now())
        server = Server(
            receiver=self.name, host=options.host, port=options.port, security=options.security, login=self._login(),
            seconds=options.timeout.total_seconds(),
        )  # fmt: skip
        server.carry(options.sender, options.to, made.as_bytes())

    def _login(self) -> tuple[str, str] | None:
        if self._options.password is None:
            return None
        try:
            return self._options.user, self._options.password.reveal()
        except LookupError as error:
            raise NotifierError(f"{self.name}: {error.args[0]}.") from None


def _is_address(text: str) -> bool:
    try:
        return bool(_ADDRESS.fullmatch(text)) and Address(addr_spec=text).addr_spec == text
    except (ValueError, IndexError, MessageError):
        return False


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
