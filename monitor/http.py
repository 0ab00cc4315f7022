"""The one guarded HTTP client: whatever address a setting or a page names, it reaches public hosts only.

Knows nothing of collectors or notifiers, which share it. A name is resolved once, every address is checked, and the
socket is opened to an address that was checked, so that a second DNS answer cannot lead elsewhere. Only http and
https, no user names in addresses, no proxies or .netrc from the environment. Redirects are few, each is checked like
the first address, and none leads from https to http. Size (counted after unpacking) and time are bounded in total.

    HttpError               the message names the host only: never a path, a query string or a header
    ├── AddressRefused      the address is not one that may be asked; retrying will not help
    ├── AnswerRefused       the answer is too large, or packed in a way that is not taken
    ├── StreamRefused       the answer is no stream; `answer` is what was said instead
    └── Unreachable         no whole answer came; `sent` says whether the request may have arrived

Which networks are private: the IANA special-purpose registries (RFC 6890 and later); for IPv6 only 2000::/3 is public,
without what carries IPv4 inside (6to4, Teredo). `ipaddress.is_global` is not enough: it lets NAT64 and 6to4 through.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpcore2
import httpx2

from monitor import __version__

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Iterable[str]]  # host and port -> addresses, as text

_PRIVATE_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # public by its number; on Azure it is the host's own service, which gives out secrets
    )
)
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
_PRIVATE_V6 = tuple(
    ipaddress.IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_CARRIED = {"user-agent", "accept", "accept-encoding", "if-none-match", "if-modified-since"}  # over to another host
_REDIRECTS = {301, 302, 303, 307, 308}
_FAULTS = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError)


class HttpError(Exception):
    """No usable answer; the message is one sentence that names the host and nothing secret."""


class AddressRefused(HttpError):
    """The address is not one that may be asked."""


class AnswerRefused(HttpError):
    """The answer is too large, or packed in a way that is not taken."""


class Unreachable(HttpError):
    """No whole answer came."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent  # the request may have arrived


class StreamRefused(HttpError):
    """The answer is no stream."""

    def __init__(self, message: str, answer: "Answer") -> None:
        super().__init__(message)
        self.answer = answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one call may cost."""

    size: int = 10_000_000  # bytes of the answer, after unpacking
    seconds: float = 30.0  # for everything, redirects included
    redirects: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


def system_resolver(host: str, port: int) -> list[str]:
    """The machine's own resolver. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet.

    >>> is_public(ipaddress.ip_address("1.1.1.1")), is_public(ipaddress.ip_address("64:ff9b::7f00:1"))
    (True, False)
    """
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _PRIVATE_V4)
    if address not in _PUBLIC_V6 or address.scope_id:
        return False
    return not any(address in network for network in _PRIVATE_V6)


class GuardedClient:
    """Asks public hosts, and those private ones that are named exactly ("host" or "host:port") in `allow_hosts`.

    Making one opens nothing. One call is one connection: nothing is kept between calls.
    """

    def __init__(
        self,
        *,
        allow_hosts: Iterable[str] = (),
        limits: Limits | None = None,
        resolve: Resolver = system_resolver,
    ) -> None:
        self._allowed = frozenset(host.strip().lower() for host in allow_hosts)
        self._limits = limits or Limits()
        self._resolve = resolve

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Read an address; redirects are followed. Raises HttpError."""
        return self._follow("GET", url, dict(headers or {}), None)

    def post(self, url: str, content: bytes, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Send bytes; a redirect is an answer like any other. Raises HttpError."""
        return self._follow("POST", url, dict(headers or {}), content)

    def put(self, url: str, content: bytes, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Leave bytes at an address; a redirect is an answer like any other. Raises HttpError."""
        return self._follow("PUT", url, dict(headers or {}), content)

    def lines(self, url: str, *, headers: Mapping[str, str] | None = None, longest: int = 1_000_000) -> Iterator[str]:
        """Yield the lines of an answer that need not end, until it does or the time is up. Redirects are not followed.

        A line has at most `longest` bytes, its end not counted; what comes after the last line end is left. Raises
        StreamRefused where the status is not 200, AnswerRefused where a line is too long, AddressRefused, and
        Unreachable where the connection breaks.
        """
        deadline, opened = time.monotonic() + self._limits.seconds, False
        place, told = checked_url(url), {"accept-encoding": "identity"} | dict(headers or {})
        try:
            with self._asked("GET", place, told, None, deadline) as raw:
                if raw.status != 200:
                    answer = self._answer(raw, place.host)
                    raise StreamRefused(f"{place.host}: answers {raw.status}, and opens no stream.", answer)
                opened = True
                yield from _lines(raw.iter_stream(), longest, place.host)
        except Unreachable:
            if not opened or time.monotonic() < deadline:
                raise

    def _follow(self, method: str, address: str, headers: dict[str, str], content: bytes | None) -> Answer:
        deadline = time.monotonic() + self._limits.seconds
        url = checked_url(address)
        for _ in range(self._limits.redirects + 1):
            answer = self._once(method, url, headers, content, deadline)
            place = answer.headers.get("location")
            if method != "GET" or answer.status not in _REDIRECTS or not place:
                return answer
            url, before = checked_url(_joined(url, place)), url
            if before.scheme == "https" and url.scheme == "http":
                raise AddressRefused(f"{before.host}: leads from https to http ({url.host}); use the address it names.")
            if (url.host, url.port) != (before.host, before.port):
                headers = {name: value for name, value in headers.items() if name.lower() in _CARRIED}
        raise AddressRefused(f"{url.host}: leads on more than {self._limits.redirects} times.")

    def _once(
        self, method: str, url: httpx2.URL, headers: Mapping[str, str], content: bytes | None, deadline: float
    ) -> Answer:
        with self._asked(method, url, headers, content, deadline) as raw:
            return self._answer(raw, url.host)

    @contextmanager
    def _asked(
        self, method: str, url: httpx2.URL, headers: Mapping[str, str], content: bytes | None, deadline: float
    ) -> Iterator[httpcore2.Response]:
        """An answer whose body is still to be read. Raises Unreachable, also for what breaks while it is read."""
        guard = _Guard(self._allowed, self._resolve, deadline)
        told = {"user-agent": f"sentiment-monitor/{__version__}", "accept-encoding": "gzip, deflate"} | dict(headers)
        request = httpx2.Request(method, url, headers=told, content=content)
        try:
            # httpx2's own client would write each whole address to the log; its parts are used, and httpcore2 below.
            with (
                httpcore2.ConnectionPool(ssl_context=_tls(), network_backend=guard) as pool,
                pool.stream(method, _core_url(url), headers=request.headers.raw, content=content) as raw,
            ):
                yield raw
        except _FAULTS as error:
            raise Unreachable(f"{url.host}: {_reason(error)}.", sent=guard.connected) from None

    def _answer(self, raw: httpcore2.Response, host: str) -> Answer:
        response = httpx2.Response(raw.status, headers=raw.headers, stream=_Body(raw))
        try:
            return Answer(status=raw.status, headers=dict(response.headers), body=self._body(response, host))
        except httpx2.DecodingError as error:
            raise AnswerRefused(f"{host}: the answer is packed wrongly.") from error

    def _body(self, response: httpx2.Response, host: str) -> bytes:
        if "," in response.headers.get("content-encoding", ""):
            raise AnswerRefused(f"{host}: the answer is packed more than once.")
        pieces, size = [], 0
        for piece in response.iter_bytes():
            size += len(piece)
            if size > self._limits.size:
                raise AnswerRefused(f"{host}: the answer is larger than {self._limits.size:,} bytes.")
            pieces.append(piece)
        return b"".join(pieces)


def _lines(pieces: Iterable[bytes], longest: int, host: str) -> Iterator[str]:
    r"""Whole lines, by \n with or without \r before it; bytes that are no text are replaced."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        if max(map(len, (*whole, rest))) > longest:
            raise AnswerRefused(f"{host}: a line is longer than {longest:,} bytes.")
        yield from (line.removesuffix(b"\r").decode("utf-8", "replace") for line in whole)


def checked_url(address: str) -> httpx2.URL:
    """An address of the kind that may be asked at all. Raises AddressRefused; the message does not repeat it."""
    try:
        url = httpx2.URL(address)
    except (httpx2.InvalidURL, TypeError, ValueError) as error:
        raise AddressRefused("an address cannot be read; write it as https://host/path.") from error
    if url.scheme not in ("http", "https"):
        raise AddressRefused(f"{url.host or 'an address'}: only http and https are asked.")
    if url.userinfo:
        raise AddressRefused(f"{url.host}: an address may hold no user name or password.")
    if url.port is not None and not 0 < url.port < 65_536:
        raise AddressRefused(f"{url.host}: there is no port {url.port}.")
    if not url.host or any(sign in url.host for sign in " %\\/@#?"):
        raise AddressRefused("an address names no host; write it as https://host/path.")
    return url


def _joined(url: httpx2.URL, place: str) -> str:
    try:
        return str(url.join(place))
    except (httpx2.InvalidURL, ValueError) as error:
        raise AddressRefused(f"{url.host}: leads to an address that cannot be read.") from error


def _core_url(url: httpx2.URL) -> httpcore2.URL:
    return httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


def _reason(error: Exception) -> str:
    if isinstance(error, httpcore2.TimeoutException):
        return "no whole answer within the time limit"
    if isinstance(error, httpcore2.ConnectError):
        return "cannot be reached"
    return "broke off before the answer was whole"


class _Guard(httpcore2.NetworkBackend):
    """Opens sockets to checked addresses only, and lets none of them outlive the deadline."""

    def __init__(self, allowed: frozenset[str], resolve: Resolver, deadline: float) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._deadline = deadline
        self._sockets = httpcore2.SyncBackend()
        self.connected = False

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Resolve, check every address, connect to the first that answers."""
        fault: Exception = httpcore2.ConnectError("no address")
        for address in self._addresses(host, port):
            try:
                stream = self._sockets.connect_tcp(
                    address, port, remaining(self._deadline), local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                fault = error
            else:
                self.connected = True
                return _TimedStream(stream, self._deadline)
        raise fault

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.NetworkStream:
        """Never."""
        raise AddressRefused("a socket in the file system is never asked.")

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            return checked_addresses(host, port, self._allowed, self._resolve)
        except OSError as error:
            raise httpcore2.ConnectError("no such host") from error


def checked_addresses(host: str, port: int, allowed: Container[str], resolve: Resolver) -> list[str]:
    """Every address of a host, resolved once; `allowed` names private ones ("host" or "host:port", in lower case).

    Raises AddressRefused where one of them is not public, OSError where there is no such host.
    """
    name = host.lower()
    exempt = name in allowed or f"{name}:{port}" in allowed or f"[{name}]:{port}" in allowed
    try:
        found = list(dict.fromkeys(resolve(host, port)))
    except UnicodeError as error:
        raise OSError("no such host") from error
    if not exempt and not all(map(_is_public_text, found)):
        raise AddressRefused(
            f"{host}: is not on the public internet. If it is meant, name {host}:{port} in allow_private_hosts."
        )
    return found


def _is_public_text(address: str) -> bool:
    try:
        return is_public(ipaddress.ip_address(address))
    except ValueError:
        return False


def remaining(deadline: float) -> float:
    """Seconds until a monotonic deadline. Raises httpcore2.ReadTimeout when there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the time is up")
    return left


class _TimedStream(httpcore2.NetworkStream):
    """A socket whose every wait ends at the deadline, so that a slow drip cannot go on for ever."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read within the time that is left."""
        return self._stream.read(max_bytes, remaining(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write within the time that is left."""
        self._stream.write(buffer, remaining(self._deadline))

    def close(self) -> None:
        """Close the socket."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """Encrypt; the name that is verified is the one that was asked for, not the address."""
        inner = self._stream.start_tls(ssl_context, server_hostname, remaining(self._deadline))
        return _TimedStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """What the socket tells of itself."""
        return self._stream.get_extra_info(info)


@cache
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context(trust_env=False)


class _Body(httpx2.SyncByteStream):
    """The bytes of an answer as they came, for httpx2 to unpack."""

    def __init__(self, raw: httpcore2.Response) -> None:
        self._raw = raw

    def __iter__(self) -> Iterator[bytes]:
        yield from self._raw.iter_stream()

    def close(self) -> None:
        """Nothing: the connection is closed by who opened it."""
