"""A websocket that is only listened to, opened as guarded HTTP is: to checked addresses, bounded in size and time.

Knows no platform. The protocol (RFC 6455) is that of the library websockets, without its sockets; compression is not
offered, so a message is as large as it looks. A name is resolved once, every address is checked, and the socket is
opened to one that was checked. Redirects are not followed. Raises the errors of monitor.http, which name the host
only, and HandshakeRefused.
"""

import logging
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache

import httpx2
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from monitor import __version__
from monitor.http import (
    AddressRefused,
    Answer,
    HttpError,
    Resolver,
    Unreachable,
    checked_addresses,
    checked_url,
    system_resolver,
)

_CHUNK = 1 << 16
_SILENT = logging.Logger("websocket", logging.CRITICAL)  # frames hold posts, and posts are not for logs
_TEXT = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)


class HandshakeRefused(HttpError):
    """The server answered with something else than a websocket; `answer` is what it said."""

    def __init__(self, message: str, answer: Answer) -> None:
        super().__init__(message)
        self.answer = answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one listening may cost."""

    opening: float = 10.0  # seconds until the websocket must be open
    idle: float = 5.0  # seconds without a whole message after which there is nothing more for now
    total: float = 60.0  # seconds for everything
    size: int = 1_000_000  # bytes of one message


class Line:
    """An open websocket. `cut` says that the time was up before the messages ended."""

    def __init__(self, sock: socket.socket, protocol: ClientProtocol, host: str, bounds: Bounds) -> None:
        self.cut = False
        self._closed = False  # the server said goodbye
        self._socket = sock
        self._protocol = protocol
        self._host = host
        self._bounds = bounds
        self._deadline = time.monotonic() + bounds.total

    def messages(self) -> Iterator[str]:
        """Text messages until none comes any more, or the time is up.

        Raises Unreachable where the line breaks, or stops in the middle of a message.
        """
        parts: list[bytes] = []
        frames: list[Frame] | None = self._sorted()[0]
        while frames is not None:
            for frame in frames:
                parts.append(bytes(frame.data))
                if frame.fin:
                    message, parts = b"".join(parts), []
                    yield message.decode("utf-8", "replace")
            frames = self._next(inside=bool(parts))

    def _next(self, *, inside: bool) -> list[Frame] | None:
        """The next frames of text, None at the end. Bytes that make no frame are no sign of life."""
        self._check()
        ends = min(time.monotonic() + self._bounds.idle, self._deadline)
        half = inside or bool(self._protocol.reader.buffer)
        while (data := self._receive(ends)) is not None:
            if not data:
                raise Unreachable(f"{self._host}: closed the line.", sent=True)
            frames, others = self._fed(data)
            if frames:
                return frames
            half = inside or not others or bool(self._protocol.reader.buffer)
        if half:
            raise Unreachable(f"{self._host}: stopped in the middle of a message.", sent=True)
        self.cut = time.monotonic() >= self._deadline
        return None

    def _receive(self, ends: float) -> bytes | None:
        """Some bytes; none at all where the line was closed; None when the time is up."""
        left = ends - time.monotonic()
        try:
            self._socket.settimeout(max(left, 0.001))
            return self._socket.recv(_CHUNK) if left > 0 else None
        except TimeoutError:
            return None
        except OSError as error:
            raise Unreachable(f"{self._host}: {_reason(error)}.", sent=True) from None

    def _fed(self, data: bytes) -> tuple[list[Frame], int]:
        """The text frames in some bytes, and how many frames of other kinds came; pings are answered."""
        self._protocol.receive_data(data)
        with suppress(OSError):
            self.flush()
        return self._sorted()

    def _sorted(self) -> tuple[list[Frame], int]:
        frames, others = [], 0
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and event.opcode in _TEXT:
                frames.append(event)
            else:
                others += 1
                self._closed |= isinstance(event, Frame) and event.opcode is Opcode.CLOSE
        if not frames:
            self._check()
        return frames, others

    def _check(self) -> None:
        """Raise Unreachable where the server said goodbye, or where what came breaks the protocol or its bounds."""
        if self._protocol.parser_exc is not None:
            raise Unreachable(f"{self._host}: {_reason(self._protocol.parser_exc)}.", sent=True)
        if self._closed:
            raise Unreachable(f"{self._host}: closed the line (code {self._protocol.close_code}).", sent=True)

    def shake_hands(self) -> None:
        """Ask for the websocket. Raises HandshakeRefused, Unreachable, or what the library says of the answer."""
        protocol, ends = self._protocol, min(time.monotonic() + self._bounds.opening, self._deadline)
        request = protocol.connect()
        request.headers["User-Agent"] = f"sentiment-monitor/{__version__}"
        protocol.send_request(request)
        self.flush()
        while protocol.handshake_exc is None and protocol.state.name == "CONNECTING":
            data = self._receive(ends)
            if data is None:
                raise TimeoutError
            if data:
                protocol.receive_data(data)
            else:
                protocol.receive_eof()
        if isinstance(protocol.handshake_exc, InvalidStatus):
            raise self._refused(protocol.handshake_exc)
        if protocol.handshake_exc is not None:
            raise protocol.handshake_exc

    def _refused(self, fault: InvalidStatus) -> HandshakeRefused:
        said = fault.response
        headers = {name.lower(): value for name, value in said.headers.raw_items()}
        answer = Answer(status=said.status_code, headers=headers, body=bytes(said.body or b""))
        return HandshakeRefused(f"{self._host}: answers {answer.status}, and opens no websocket.", answer)

    def flush(self) -> None:
        """Send what is to be sent."""
        for data in self._protocol.data_to_send():
            if data:
                self._socket.sendall(data)

    def close(self) -> None:
        """Say goodbye where it can be heard."""
        with suppress(OSError, WebSocketException):
            self._protocol.send_close(1000)
            self.flush()


@contextmanager
def opened(
    address: str, *, allow_hosts: Iterable[str] = (), bounds: Bounds, resolve: Resolver = system_resolver
) -> Iterator[Line]:
    """An open websocket. Raises AddressRefused, HandshakeRefused and Unreachable."""
    url = checked_websocket(address)
    try:
        sock = _connected(url, frozenset(host.strip().lower() for host in allow_hosts), resolve, bounds.opening)
    except OSError as error:
        raise Unreachable(f"{url.host}: {_reason(error)}.", sent=False) from None
    with sock:
        line = Line(sock, ClientProtocol(parse_uri(address), max_size=bounds.size, logger=_SILENT), url.host, bounds)
        try:
            line.shake_hands()
        except (OSError, WebSocketException) as error:
            raise Unreachable(f"{url.host}: {_reason(error)}.", sent=True) from None
        try:
            yield line
        finally:
            line.close()


def checked_websocket(address: str) -> httpx2.URL:
    """The http address of a ws or wss address, of the kind that may be asked at all. Raises AddressRefused."""
    scheme, sign, rest = address.partition("://")
    spoken = {"ws": "http", "wss": "https"}.get(scheme.lower())
    if spoken is None or not sign:
        raise AddressRefused("the address of a websocket begins with wss:// (or ws://).")
    return checked_url(f"{spoken}://{rest}")


def _connected(url: httpx2.URL, allowed: frozenset[str], resolve: Resolver, seconds: float) -> socket.socket:
    """A socket to a checked address, encrypted where the address says so."""
    ends = time.monotonic() + seconds
    port = url.port or (443 if url.scheme == "https" else 80)
    fault: OSError = OSError("no address")
    for address in checked_addresses(url.host, port, allowed, resolve):
        try:
            sock = socket.create_connection((address, port), timeout=max(ends - time.monotonic(), 0.001))
            return _tls().wrap_socket(sock, server_hostname=url.host) if url.scheme == "https" else sock
        except OSError as error:
            fault = error
    raise fault


@cache
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context(trust_env=False)


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer within the time limit"
    if isinstance(error, ssl.SSLError):
        return "cannot be spoken to in private (TLS)"
    if isinstance(error, WebSocketException):
        return "does not speak as a websocket should"
    return "cannot be reached, or broke off"
