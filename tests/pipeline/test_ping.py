"""The ping: a watchdog elsewhere is asked over real HTTP, and whatever becomes of it disturbs nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import ClassVar

import pytest
from structlog.testing import capture_logs

from monitor.domain import Secret
from monitor.pipeline import ping
from monitor.pipeline.program import Program
from monitor.pipeline.schedule import Runner


class Watchdog(BaseHTTPRequestHandler):
    """Counts who asks."""

    asked: ClassVar[list[str]] = []
    status = 200

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def watchdog(status: int = 200) -> Iterator[tuple[str, list[str]]]:
    class Own(Watchdog):
        asked: ClassVar[list[str]] = []

    Own.status = status
    server = HTTPServer(("127.0.0.1", 0), Own)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ping/s3cret", Own.asked
    finally:
        server.shutdown()
        server.server_close()


def test_it_asks_the_address_even_in_ones_own_network(monkeypatch: pytest.MonkeyPatch) -> None:
    with watchdog() as (address, asked):
        monkeypatch.setenv("PING_URL", address)
        made = ping.of(Secret("env:PING_URL"))
        assert made is not None
        made()
    assert asked == ["/ping/s3cret"]


def test_without_an_address_there_is_none() -> None:
    assert ping.of(None) is None


@pytest.mark.parametrize(
    "address", ["", "http://127.0.0.1:9/ping/s3cret", "nonsense s3cret", "ftp://x/s3cret", "http://[s3cret"]
)
def test_one_that_fails_says_so_once_without_the_address(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("PING_URL", address)
    made = ping.Ping(Secret("env:PING_URL"))
    with capture_logs() as lines:
        made()
        made()
    assert [line["event"] for line in lines] == ["the watchdog was not reached"]
    assert "s3cret" not in str(lines)


def test_an_answer_that_is_an_error_counts_as_none_and_the_next_good_one_as_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = ping.Ping(Secret("env:PING_URL"))
    with capture_logs() as lines:
        for status in (500, 200):
            with watchdog(status) as (address, _):
                monkeypatch.setenv("PING_URL", address)
                made()
    assert [line["event"] for line in lines] == ["the watchdog was not reached", "the watchdog is reached again"]


def test_it_is_asked_only_while_every_stage_came_to_its_end_lately(program: Program) -> None:
    asked: list[int] = []
    runner = Runner(program, ping=lambda: asked.append(1))
    runner._ping()
    assert asked == []
    runner._guarded("work", lambda: None)
    runner._ping()
    assert asked == []
    runner._guarded("watch", lambda: None)
    runner._ping()
    assert asked == [1]
    runner._worked["work"] -= 16 * 60
    runner._ping()
    assert asked == [1]
