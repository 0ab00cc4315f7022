"""The door for what is pushed, over real HTTP on loopback: what it takes, and what it does with hostile requests."""

import json
import socket
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from monitor import hooks
from monitor.cli import run
from monitor.cli.run import pushed
from monitor.clock import FakeClock
from monitor.domain import Cursor
from monitor.errors import CredentialRefused, InputError, SettingsError, StoreFull
from monitor.ports import Listener
from tests.collectors.case import NOW
from tests.support import pushing
from tests.support.pushing import Answer, raw

BODY = b"a post"
GOOD = {"x-key": "good"}


class Box:
    """A listener that keeps what comes with the right key."""

    max_body = 10_000

    def __init__(self) -> None:
        self.kept: list[bytes] = []
        self.times: list[datetime] = []

    def accept(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> int:
        if headers.get("x-key") != "good":
            raise CredentialRefused("desk: the key is wrong")
        if b"\x00" in body:
            raise InputError("desk: the body holds a NUL.")
        self.kept.append(body)
        self.times.append(now)
        return 1

    def stored(self, cursor: Cursor) -> None:
        """Nothing is kept on disk."""


class Broken:
    """A listener that fails in a way that nobody foresaw, or that cannot keep anything."""

    max_body = 10_000

    def __init__(self, error: Exception) -> None:
        self.error = error

    def accept(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> int:
        raise self.error

    def stored(self, cursor: Cursor) -> None:
        raise self.error


@pytest.fixture(scope="module")
def door() -> Iterator[tuple[str, dict[str, Listener]]]:
    """One server for all tests that put their own listeners behind it."""
    listeners: dict[str, Listener] = {}
    with pushed(listeners, bind="127.0.0.1:0", clock=FakeClock(NOW)) as place:
        yield place, listeners


@pytest.fixture
def box(door: tuple[str, dict[str, Listener]]) -> Box:
    door[1].clear()
    door[1]["desk"] = box = Box()
    return box


@pytest.fixture
def listeners(door: tuple[str, dict[str, Listener]], box: Box) -> dict[str, Listener]:
    return door[1]


@pytest.fixture
def place(door: tuple[str, dict[str, Listener]], box: Box) -> str:
    return door[0]


def ask(place: str, method: str = "POST", path: str = "/hooks/desk", body: bytes = BODY, **headers: str) -> Answer:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return pushing.ask(place, method, path, body, GOOD | given)


def test_what_comes_with_the_right_key_is_taken(place: str, box: Box) -> None:
    status, answer, headers = ask(place)
    assert (status, answer) == (202, {"kept": 1})
    assert (box.kept, box.times) == ([BODY], [NOW])
    assert headers["connection"] == "close"
    assert "server" not in headers


def test_another_client_can_push_as_well(place: str, box: Box) -> None:
    request = urllib.request.Request(f"http://{place}/hooks/desk", BODY, GOOD)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert (answer.status, json.load(answer)) == (202, {"kept": 1})


def test_a_body_in_pieces_is_one_body(place: str, box: Box) -> None:
    head = b"POST /hooks/desk HTTP/1.1\r\nhost: x\r\nx-key: good\r\ntransfer-encoding: chunked\r\n\r\n"
    answer = raw(place, head, b"2\r\na \r\n", b"4\r\npost\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 202 ")
    assert box.kept == [BODY]


def test_health_says_that_it_is_there_and_nothing_else(place: str) -> None:
    assert ask(place, "GET", "/hooks/health")[:2] == (200, {"ok": True})


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/hooks",
        "/hooks/",
        "/hooks/other",
        "/hooks/desk/",
        "/hooks/../hooks/desk",
        "/hooks/..%2f..%2fetc%2fpasswd",
        "/hooks/%2e%2e/desk",
        "/hooks/desk%00",
        "/hooks/DESK",
        "//hooks/desk",
        "/hooks/%ff%fe",
        "/docs",
    ],
)
def test_what_is_not_a_source_is_not_there(place: str, box: Box, path: str) -> None:
    assert ask(place, path=path)[0] in (404, 405)
    assert box.kept == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "BREW"])
def test_nothing_but_pushing_is_possible(place: str, method: str) -> None:
    status, _, headers = ask(place, method)
    assert (status, headers["allow"]) == (405, "POST")


def test_what_is_not_signed_is_refused_in_a_sentence(place: str, box: Box) -> None:
    assert ask(place, x_key="bad")[:2] == (401, {"error": "desk: the key is wrong."})
    assert box.kept == []


def test_a_body_that_is_of_no_use_is_refused_in_a_sentence(place: str) -> None:
    assert ask(place, body=b"a\x00b")[:2] == (400, {"error": "desk: the body holds a NUL."})


@pytest.mark.parametrize("size", [10_001, 39_000, 41_000, 5_000_000])
def test_a_large_body_is_refused_without_being_kept_in_memory(place: str, size: int, box: Box) -> None:
    head = f"POST /hooks/desk HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n".encode()
    # What is announced as far too large is refused at once: bytes sent then would reset the line under the answer.
    answer = raw(place, head, b"x" * size if size <= 40_000 else b"")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"longer than 10,000 bytes" in answer
    assert box.kept == []


def test_a_body_without_length_and_end_is_refused(place: str) -> None:
    head = b"POST /hooks/desk HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    chunk = b"400\r\n" + b"x" * 1_024 + b"\r\n"
    assert raw(place, head, chunk * 50).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "begun",
    [
        b"POST /hooks/desk HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{",
        b"POST /hooks/desk HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n",
    ],
)
def test_a_body_that_does_not_come_is_given_up(begun: bytes) -> None:
    with pushed({"desk": Box()}, bind="127.0.0.1:0", clock=FakeClock(NOW), patience=0.1) as place:
        assert raw(place, begun).startswith(b"HTTP/1.1 408 ")
        assert ask(place)[0] == 202


@pytest.mark.parametrize("begun", [b"", b"POST /hooks/desk HTTP/1.1\r\nhost: x\r\nx-"])
def test_headers_that_do_not_come_are_given_up(begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "HEADERS_IN", 0.1)
    with pushed({"desk": Box()}, bind="127.0.0.1:0", clock=FakeClock(NOW)) as place:
        assert raw(place, begun) == b""
        assert ask(place)[0] == 202


def test_idle_connections_beyond_a_bound_are_dropped(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "MOST_LINES", 5)
    host, _, port = place.rpartition(":")
    with ExitStack() as lines:
        idle = [lines.enter_context(socket.create_connection((host, int(port)), timeout=5)) for _ in range(30)]
        assert sum(_is_cut(line) for line in idle) >= 25
    assert ask(place)[0] == 202


def _is_cut(line: socket.socket) -> bool:
    line.settimeout(0.2)
    try:
        return line.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /hooks/desk HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
        b"POST /hooks/desk HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        b"POST /hooks/desk HTTP/1.1\r\n" + b"x: y\r\n" * 20_000,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_no_http_stops_nobody_else(place: str, sent: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_connection(("127.0.0.1", int(place.rpartition(":")[2])), timeout=10) as line:
        line.sendall(sent)
        assert b" 202 " not in line.recv(100)
    assert ask(place)[0] == 202
    assert "Traceback" not in "".join(capfd.readouterr())


def test_a_sender_that_hangs_up_stops_nobody_else(place: str, box: Box) -> None:
    with socket.create_connection(("127.0.0.1", int(place.rpartition(":")[2])), timeout=10) as line:
        line.sendall(b"POST /hooks/desk HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
    assert ask(place)[0] == 202
    assert box.kept == [BODY]


@pytest.mark.parametrize(
    ("error", "status"),
    [(StoreFull("desk: no room is left for /srv/secret-place."), 503), (KeyError("secret-place"), 500)],
)
def test_what_is_our_fault_is_told_to_us_and_not_to_them(
    place: str, listeners: dict[str, Listener], error: Exception, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    listeners["bad"] = Broken(error)
    got, answer, headers = ask(place, path="/hooks/bad")
    assert ask(place)[0] == 202
    assert got == status
    assert "secret-place" not in str(answer) + str(headers)
    assert headers.get("retry-after") == ("60" if status == 503 else None)
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("name", "path"), [("Käse & Co/2", "/hooks/K%C3%A4se%20%26%20Co/2"), ("health", "/hooks/health")]
)
def test_a_source_may_have_any_name(place: str, listeners: dict[str, Listener], name: str, path: str) -> None:
    listeners[name] = listeners["desk"]
    assert ask(place, path=path)[0] == 202


def test_its_routes_stand_beside_others() -> None:
    page = Route("/", lambda request: PlainTextResponse("a page"))
    both = Starlette(routes=[*hooks.routes({}, clock=FakeClock(NOW)), page])
    assert [getattr(route, "path", "") for route in both.routes] == ["/hooks/health", "/hooks/{source:path}", "/"]


def test_a_place_that_is_taken_is_told_in_a_sentence(place: str) -> None:
    told = rf'bind = "{place}": cannot listen there \(Address already in use\)'
    with pytest.raises(SettingsError, match=told), pushed({}, bind=place, clock=FakeClock(NOW)):
        raise AssertionError("two listen at one place")


@pytest.mark.parametrize("bind", ["a..b:0", "no-such-host.invalid:0", "192.0.2.1:0"])
def test_a_place_that_is_not_ours_is_told_in_a_sentence(bind: str) -> None:
    told = rf'bind = "{bind}": cannot listen there \(.+\)\. Name another place'
    with pytest.raises(SettingsError, match=told), pushed({}, bind=bind, clock=FakeClock(NOW)):
        raise AssertionError("it listens")


def test_it_listens_on_the_other_internet_protocol_too() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        with pushed({}, bind="[::1]:0", clock=FakeClock(NOW)) as place:
            assert ask(place, "GET", "/hooks/health")[0] == 200
    except SettingsError as error:
        pytest.skip(str(error))
