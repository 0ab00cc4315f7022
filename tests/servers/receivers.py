"""Receivers on the loopback: a web and a mail server that take a message, refuse it, stall or break the line."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Web:
    """What the web service does next, and what it was sent.

    `behaviour` is a status code, or "stall" (reads, never answers), "drop" (reads, hangs up), "drip" (answers without
    end).
    """

    port: int = 0
    behaviour: int | str = 200
    headers: dict[str, str] = field(default_factory=dict)
    answer: bytes = b"{}"
    posts: list[tuple[str, bytes]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)  # method and headers, in lower case
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def texts(self) -> str:
        """Everything that was sent, as text, with JSON's escapes undone."""
        return "\n".join(map(_readable, (body for _, body in self.posts)))


def _readable(body: bytes) -> str:
    if not body.startswith(b"{"):
        return body.decode()
    return json.dumps(json.loads(body), ensure_ascii=False)


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_POST(self) -> None:
        web: Web = self.server.web
        web.asked.append((self.command, {name.lower(): value for name, value in self.headers.items()}))
        web.posts.append((self.path, self.rfile.read(int(self.headers.get("Content-Length", 0)))))
        if web.behaviour == "stall":
            web.over.wait(30)
        elif web.behaviour == "drip":
            self._drip(web)
        elif isinstance(web.behaviour, int):
            self._answer(web, web.behaviour)

    do_PUT = do_POST  # noqa: N815 - the library's name
    do_GET = do_POST  # noqa: N815

    def _answer(self, web: Web, status: int) -> None:
        self.send_response(status)
        for name, value in web.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(web.answer)))
        self.end_headers()
        self.wfile.write(web.answer)

    def _drip(self, web: Web) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        while not web.over.wait(0.05):
            self.wfile.write(b" ")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Says nothing."""


@contextmanager
def web() -> Iterator[Web]:
    """A web service on a free port of the loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    state = Web(port=server.server_port)
    server.web = state  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        state.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Post:
    """What the mail server answers to a recipient and to a message, and what it took."""

    port: int = 0
    rcpt: dict[str, str] = field(default_factory=dict)  # address → answer; others are accepted
    data: str = "250 OK"
    drop: bool = False  # takes the message and hangs up without an answer
    stall: bool = False  # takes the message and never says so
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)  # of each mail
    raw: list[bytes] = field(default_factory=list)

    @property
    def texts(self) -> str:
        """Everything that was sent, as people read it: subjects, and every part that is words."""
        parts = [part for each in self.mails for part in each.walk() if part.get_content_maintype() == "text"]
        return "\n".join([*(str(each["Subject"]) for each in self.mails), *(part.get_content() for part in parts)])

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        answer = self.rcpt.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        self.recipients.append(list(envelope.rcpt_tos))
        self.raw.append(bytes(envelope.content))
        if self.stall:
            await asyncio.sleep(20)
        if self.drop:
            server.transport.abort()
        return self.data


@contextmanager
def mail(**options: Any) -> Iterator[Post]:
    """A mail server on a free port of the loopback; `options` are those of aiosmtpd's SMTP."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        state = Post(port=free.getsockname()[1])
    controller = Controller(state, hostname="127.0.0.1", port=state.port, **options)
    controller.start()
    try:
        yield state
    finally:
        controller.stop()
