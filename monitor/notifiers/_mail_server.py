"""One conversation with a mail server, within a bounded time, and what its answers mean. Knows no message.

Until the server was given the letter, nobody has it; while it is silent after that, nobody knows.
"""

import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from monitor.errors import DeliveryUnknown, NotifierError, NotifierRefused

_SHOWN = 160  # letters of an answer
_LATE = "no answer within the time limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where the mail goes first, and how."""

    receiver: str  # named in every sentence
    host: str
    port: int
    security: str  # "starttls", "tls" or "none"
    login: tuple[str, str] | None
    seconds: float
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context

    def carry(self, sender: str, to: Sequence[str], letter: bytes) -> None:
        """Hand over a letter for all of these. Raises NotifierError and its kinds.

        Where the server takes some recipients and not others, those whom it takes have the letter, and it is never
        sent again: the error names the others.
        """
        refused = {}
        with self._open() as talk:
            self._expect(talk.mail(sender), "the sender")
            for each in to:
                code, answer = talk.rcpt(each)
                if code not in (250, 251):
                    refused[each] = code, answer
            if len(refused) == len(to):
                raise self._no(refused, "every recipient")
            self._hand_over(talk, letter)
        if refused:
            names = ", ".join(f"{each} ({code})" for each, (code, _) in refused.items())
            raise NotifierRefused(
                f"{self.receiver}: the mail server took it for {len(to) - len(refused)} of {len(to)} recipients, who"
                f" have it, and not for {names}. Take those out, or make a receiver for each address."
            )

    def _hand_over(self, talk: smtplib.SMTP, letter: bytes) -> None:
        try:
            code, answer = talk.data(letter)
        except smtplib.SMTPDataError as error:
            code, answer = error.smtp_code, _bytes(error.smtp_error)
        except (OSError, smtplib.SMTPException):
            raise DeliveryUnknown(
                f"{self.receiver}: {self.host} did not say whether it took the message; it may have arrived."
            ) from None
        self._expect((code, answer), "the message")

    @contextmanager
    def _open(self) -> Iterator[smtplib.SMTP]:
        """A server that is ready to be told the sender, cut off when the time is up."""
        talk: smtplib.SMTP | None = None
        ended = threading.Timer(self.seconds, lambda: _cut(talk))
        ended.daemon = True
        ended.start()
        until = time.monotonic() + self.seconds
        try:
            talk = self._talk()
            self._expect(talk.connect(self.host, self.port), "the connection")
            self._greet(talk)
            yield talk
        except smtplib.SMTPAuthenticationError as error:
            raise self._kind(error.smtp_code)(f"{self.receiver}: {self.host} refused the login.") from None
        except smtplib.SMTPResponseException as error:
            raise self._no({"": (error.smtp_code, _bytes(error.smtp_error))}, "the conversation") from None
        except (OSError, smtplib.SMTPException) as error:
            reason = _LATE if time.monotonic() >= until else _reason(error)
            raise NotifierError(
                f"{self.receiver}: {self.host}:{self.port} cannot be talked to ({reason}). It is tried again."
            ) from None
        finally:
            ended.cancel()
            _goodbye(talk)

    def _talk(self) -> smtplib.SMTP:
        """Not connected yet, so that it can be cut off from its first word on."""
        if self.security == "tls":
            return _SecureTalk(self.host, self.seconds, self.context())
        return _Talk(self.host, self.seconds)

    def _greet(self, talk: smtplib.SMTP) -> None:
        talk.ehlo_or_helo_if_needed()
        if self.security == "starttls":
            if not talk.has_extn("starttls"):
                raise NotifierRefused(
                    f'{self.receiver}: {self.host} offers no STARTTLS. Write security = "tls", or the right port.'
                )
            talk.starttls(context=self.context())
            talk.ehlo()
        if self.login is not None:
            talk.login(*self.login)

    def _expect(self, answer: tuple[int, bytes], what: str) -> None:
        if not 200 <= answer[0] < 300:
            raise self._no({"": answer}, what)

    def _no(self, answers: dict[str, tuple[int, bytes]], what: str) -> NotifierError:
        """Refused for good only where all of them are; one that may pass is tried again."""
        code, answer = min(answers.values(), key=lambda each: each[0])
        said = " ".join(answer.decode("utf-8", "replace").split())[:_SHOWN]
        shown = "".join(letter if letter.isprintable() else "?" for letter in said)
        return self._kind(code)(f"{self.receiver}: {self.host} refused {what} ({code} {shown}).")

    @staticmethod
    def _kind(code: int) -> type[NotifierError]:
        return NotifierRefused if 500 <= code < 600 else NotifierError


class _Talk(smtplib.SMTP):
    def __init__(self, host: str, seconds: float) -> None:
        super().__init__(timeout=seconds)
        self._host = host  # what a certificate is compared with


class _SecureTalk(smtplib.SMTP_SSL):
    def __init__(self, host: str, seconds: float, context: ssl.SSLContext) -> None:
        super().__init__(timeout=seconds, context=context)
        self._host = host


def _cut(talk: smtplib.SMTP | None) -> None:
    """Break the line under a conversation that hangs; whoever waits on it gets an error at once."""
    line = getattr(talk, "sock", None)
    if line is not None:
        with suppress(OSError):
            socket.socket.shutdown(line, socket.SHUT_RDWR)


def _goodbye(talk: smtplib.SMTP | None) -> None:
    """Hang up; the letter is there or not by now, and no answer is waited for."""
    if talk is not None:
        with suppress(OSError, smtplib.SMTPException):
            if talk.sock is not None:
                talk.send(b"QUIT\r\n")
        talk.close()


def _bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode("utf-8", "replace")


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return _LATE
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not to be trusted"
    if isinstance(error, ssl.SSLError):
        return "no secure connection"
    return getattr(error, "strerror", None) or "the line broke"
