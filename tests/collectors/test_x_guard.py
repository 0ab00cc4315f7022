"""X's base_url is a setting like any other: what it names is reached only where the guarded client would reach it."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from monitor.errors import AnswerUnreadable, SourceDown
from tests.collectors.case import NOW
from tests.collectors.x_reader import HOUR, VARIABLE, collector, reader, strings
from tests.servers.x_server import XServer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[XServer]:
    with XServer(NOW) as server:
        monkeypatch.setenv(VARIABLE, server.token)
        yield server


def named(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """A resolver that knows one name, x.example."""
    usual = socket.getaddrinfo

    def resolve(host: Any, *told: Any, **more: Any) -> Any:
        if host == "x.example":
            return [found for address in addresses for found in usual(address, *told, **more)]
        return usual(host, *told, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def test_a_private_place_is_not_asked(server: XServer, monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch, "127.0.0.1")
    port = server.host.rpartition(":")[2]
    with pytest.raises(AnswerUnreadable, match=rf"name x\.example:{port} in allow_private_hosts"):
        reader(server, base_url=f"https://x.example:{port}").poll()
    assert server.asked == []


def test_a_private_place_that_is_named_is_asked(server: XServer, monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch, "127.0.0.1")
    ids = server.publish(3, NOW - HOUR)
    host = f"x.example:{server.host.rpartition(':')[2]}"
    read = reader(server, base_url=f"http://{host}", allow_private_hosts=(host,)).poll()
    assert read.ids == strings(ids)


def test_the_next_address_is_tried_where_the_first_does_not_answer(
    server: XServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    named(monkeypatch, "127.0.0.2", "127.0.0.1")
    ids = server.publish(3, NOW - HOUR)
    host = f"x.example:{server.host.rpartition(':')[2]}"
    assert reader(server, base_url=f"http://{host}", allow_private_hosts=(host,)).poll().ids == strings(ids)


def test_a_name_that_there_is_not_is_a_source_that_is_down(server: XServer) -> None:
    with pytest.raises(SourceDown):
        reader(server, base_url="https://nowhere.invalid").poll()


def test_the_token_is_sent_in_clear_only_to_hosts_that_are_named(server: XServer) -> None:
    with pytest.raises(ValueError, match=r'or name "10\.0\.0\.7:8080" in allow_private_hosts'):
        collector(server, base_url="http://10.0.0.7:8080")
    assert collector(server, base_url="http://10.0.0.7:8080", allow_private_hosts=("10.0.0.7:8080",))
