"""A small HTTP server on 127.0.0.1 that answers as a test tells it, faults of network and server among them."""

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """One answer, and what goes wrong while it is sent."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None  # the socket is dropped after so many bytes of the body
    drip: float | None = None  # seconds between two bytes


def json_reply(document: object, status: int = 200, **headers: str) -> Reply:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(document).encode(), {"content-type": "application/json"} | told)


class Loopback:
    """Answers each request by `reply`, unless a fault is waiting in `faults` (one a request) or stands in `always`.

    Good answers may be changed on their way out (`bend`), and something may happen before each of them (`before`).
    """

    def __init__(self, reply: Callable[[Asked], Reply] | None = None) -> None:
        self.asked: list[Asked] = []
        self.faults: deque[Reply | None] = deque()  # None: a good answer
        self.always: Reply | None = None
        self.bend: Callable[[Reply], Reply] | None = None
        self.before: Callable[[], None] | None = None
        self.ending = threading.Event()
        self._reply = reply or self.reply
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.ending.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reply(self, asked: Asked) -> Reply:
        return Reply(404)

    def fail(self, fault: Reply, *, times: int = 1, after: int = 0) -> None:
        """Give so many good answers, then the fault so many times, then good answers again."""
        self.faults = deque([*[None] * after, *[fault] * times])

    def well(self) -> None:
        """Answer as it should from now on."""
        self.faults.clear()
        self.always = self.bend = self.before = None

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        fault = self.faults.popleft() if self.faults else self.always
        if fault is not None:
            return fault
        if self.before:
            self.before()
        good = self._reply(asked)
        return self.bend(good) if self.bend else good


class _Handler(BaseHTTPRequestHandler):
    """Bound to its server by `_handler`."""

    loopback: Loopback

    def handle(self) -> None:
        with suppress(ConnectionError):  # the client had enough
            super().handle()

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(place.path, dict(parse_qsl(place.query)), headers, self.rfile.read(length))
        try:
            self._send(self.loopback.answer(asked))
        except OSError:
            self.close_connection = True  # the client had enough

    def do_POST(self) -> None:
        self.do_GET()

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 304:
            self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        for byte in reply.body if reply.drip else b"":
            self.wfile.write(bytes([byte]))
            if self.loopback.ending.wait(reply.drip):
                return
        self.wfile.write(b"" if reply.drip else reply.body[: reply.cut_after])
        self.close_connection = reply.cut_after is not None

    def log_message(self, *_: object) -> None:
        return


def _handler(server: Loopback) -> type[_Handler]:
    return type("Handler", (_Handler,), {"loopback": server})


SLOW = Reply(200, b"{" + b" " * 10_000, drip=0.05)
DROPPED = Reply(200, b'{"data": [' + b" " * 1_000, cut_after=5)
BROKEN = Reply(503, b"<html>upstream connect error</html>", {"content-type": "text/html"})
HTML = Reply(200, b"<!doctype html><title>Sign in</title>", {"content-type": "text/html"})
