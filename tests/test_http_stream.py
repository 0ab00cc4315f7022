"""Answers without an end: read line by line to checked hosts only, bounded in time and in the size of a line."""

import time
from collections.abc import Iterator

import pytest

from monitor.http import AddressRefused, AnswerRefused, GuardedClient, Limits, StreamRefused, Unreachable
from tests.servers.loopback import Loopback, Reply


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as server:
        yield server


def client(server: Loopback, **limits: float) -> GuardedClient:
    return GuardedClient(allow_hosts=(server.host,), limits=Limits(seconds=limits.get("seconds", 5.0)))


def test_lines_come_without_their_ends_and_what_is_not_whole_is_left(server: Loopback) -> None:
    server.always = Reply(200, "one\r\ntwo\n\nthré \ue000\nnot whole".encode())
    assert list(client(server).lines(server.url)) == ["one", "two", "", "thré \ue000"]


def test_bytes_that_are_no_text_are_replaced(server: Loopback) -> None:
    server.always = Reply(200, b"\xff\xfe\n")
    assert list(client(server).lines(server.url)) == ["��"]


def test_a_line_comes_before_the_answer_is_whole(server: Loopback) -> None:
    server.always = Reply(200, b"a\n" + b"b" * 10_000, drip=0.01)
    lines = client(server).lines(server.url)
    assert next(lines) == "a"
    lines.close()  # type: ignore[attr-defined]  # a generator, as every reader may stop early


def test_when_the_time_is_up_the_lines_end_without_a_word(server: Loopback) -> None:
    server.always = Reply(200, b"a\nb\n" + b"c" * 10_000, drip=0.01)
    began = time.monotonic()
    assert list(client(server, seconds=0.3).lines(server.url)) == ["a", "b"]
    assert time.monotonic() - began < 2


def test_a_line_that_breaks_is_told_after_what_was_read(server: Loopback) -> None:
    server.always = Reply(200, b"a\nb\nc\n", cut_after=4)
    lines = client(server).lines(server.url)
    assert [next(lines), next(lines)] == ["a", "b"]
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1"):
        next(lines)


@pytest.mark.parametrize("body", [b"x" * 1_001 + b"\n", b"x" * 100_000, b"fine\n" + b"y" * 2_000 + b"\n"])
def test_a_line_that_is_too_long_is_refused(server: Loopback, body: bytes) -> None:
    server.always = Reply(200, body)
    with pytest.raises(AnswerRefused, match="longer than 1,000 bytes"):
        list(client(server).lines(server.url, longest=1_000))


def test_many_lines_may_be_longer_together(server: Loopback) -> None:
    server.always = Reply(200, b"x" * 1_000 + b"\n" + b"y\n" * 300_000)
    assert len(list(client(server).lines(server.url, longest=1_000))) == 300_001


@pytest.mark.parametrize("status", [204, 302, 401, 404, 500])
def test_another_status_is_no_stream_and_is_handed_on(server: Loopback, status: int) -> None:
    server.always = Reply(status, b"" if status == 204 else b"no", {"location": "http://127.0.0.1/", "x-why": "so"})
    with pytest.raises(StreamRefused, match=str(status)) as caught:
        list(client(server).lines(server.url + "/secret-path?token=1"))
    assert (caught.value.answer.status, caught.value.answer.headers["x-why"]) == (status, "so")
    assert "secret" not in str(caught.value)
    assert len(server.asked) == 1


def test_hosts_are_checked_as_for_any_question(server: Loopback) -> None:
    with pytest.raises(AddressRefused, match="not on the public internet"):
        list(GuardedClient().lines(server.url))
    with pytest.raises(AddressRefused, match="only http and https"):
        list(GuardedClient().lines("file:///etc/passwd"))
    assert server.asked == []


def test_a_server_that_is_not_there_is_unreachable_even_when_the_time_is_up(server: Loopback) -> None:
    def nowhere(host: str, port: int) -> list[str]:
        time.sleep(0.02)
        return ["127.0.0.1"]

    asking = GuardedClient(allow_hosts=("gone.example",), limits=Limits(seconds=0.01), resolve=nowhere)
    with pytest.raises(Unreachable):
        list(asking.lines("http://gone.example:9/"))
