"""Receivers in a process of their own, which lives on while those who send to it are killed.

    python -m tests.faults.receiving FOLDER

says its two ports on stdout (mail, web) and writes what arrives, one line each, to mail.jsonl and web.jsonl. The mail
server takes everything. The web service fails half the time: it refuses, or it takes a message and hangs up before it
has said so; what it has taken once, it knows by its key, and acts on it once.
"""

import json
import os
import random
import socket
import sys
import threading
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


class Book:
    """A file to which each arrival is added whole, before anything is answered."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, **arrival: object) -> None:
        os.write(self._handle, (json.dumps(arrival) + "\n").encode())


class Mailbox:
    """Takes every letter."""

    def __init__(self, book: Book) -> None:
        self._book = book

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        mail = message_from_bytes(envelope.content, policy=default)
        self._book.note(
            key=mail["X-Message-Key"], id=mail["Message-ID"], repeat=mail["Subject"].startswith("[repeat] "), acted=True
        )
        return "250 OK"


class Hook(BaseHTTPRequestHandler):
    """Fails half the time; says so before it took a message, or says nothing after."""

    server: Any

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        chance, key = self.server.rng.random(), self.headers["Idempotency-Key"]
        if chance < 0.35:
            self._answer(503 if chance < 0.1 else 500)
            return
        self.server.book.note(key=key, id=key, repeat=told["repeat"], acted=key not in self.server.known)
        self.server.known.add(key)
        if chance >= 0.5:
            self._answer(202)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Says nothing."""


def main(folder: Path) -> None:
    """Serve until the other side hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        mail_port = free.getsockname()[1]
    mail = Controller(Mailbox(Book(folder / "mail.jsonl")), hostname="127.0.0.1", port=mail_port)
    mail.start()
    web: Any = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    web.book, web.known, web.rng = Book(folder / "web.jsonl"), set(), random.Random(20260302)
    sys.stdout.write(json.dumps([mail_port, web.server_port]) + "\n")
    sys.stdout.flush()
    beside(web)
    sys.stdin.read()
    os._exit(0)


def beside(web: ThreadingHTTPServer) -> None:
    """Serve the web beside."""
    threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
