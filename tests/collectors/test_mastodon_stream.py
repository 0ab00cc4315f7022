"""Mastodon's stream: posts, edits and deletions while it lasts, and the timelines where it does not."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.collectors._mastodon_options import MastodonOptions
from monitor.domain import Page, Query
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, Reader
from tests.collectors.mastodon_reader import (
    HOUR,
    QUERY,
    SECOND,
    with_key,
)
from tests.servers.loopback import Reply
from tests.servers.mastodon_server import MastodonServer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MastodonServer]:
    with MastodonServer(NOW) as server:
        monkeypatch.setenv("TEST_MASTODON", server.token)
        yield server


@pytest.fixture
def other() -> Iterator[MastodonServer]:
    with MastodonServer(NOW, host="elsewhere.example") as server:
        yield server


def listening(server: MastodonServer, query: Query = QUERY, **options: Any) -> Reader:
    return with_key(server, query, search=False, mentions=False, stream=True, stream_seconds=5.0, **options)


def heard(read: Reader) -> list[Page]:
    return [page for page in read.pages if page.at is not None]


def status(server: MastodonServer, at: datetime, text: str = "<p>#acme is late</p>", **fields: Any) -> dict[str, Any]:
    """A status that is in no timeline."""
    server.add(at, text, **fields)
    return server.statuses.pop()


def test_posts_edits_and_deletions_are_heard(server: MastodonServer) -> None:
    known = server.add(NOW - HOUR)
    new = status(server, NOW + SECOND)
    server.say("update", new)
    server.say("status.update", new | {"content": "<p>#acme is on time</p>", "edited_at": "2026-03-11T12:00:02Z"})
    server.say("delete", server.number(known))
    server.say("delete", "404")
    server.say("notification", {"type": "follow"})
    read = listening(server).poll()
    told = {mention.native_id: mention for page in heard(read) for mention in page.mentions}
    assert {uri: mention.text for uri, mention in told.items()} == {new["uri"]: "#acme is on time"}
    assert told[new["uri"]].edited_at is not None
    assert [gone.native_id for page in heard(read) for gone in page.deletions] == [known]
    assert all(NOW <= page.at <= NOW + timedelta(seconds=6) and page.cursor is None for page in heard(read) if page.at)
    assert known in read.ids


def test_a_post_that_is_deleted_while_it_is_listened_to_is_not_kept(server: MastodonServer) -> None:
    new = status(server, NOW)
    server.say("update", new)
    server.say("delete", new["id"])
    (page,) = [page for page in heard(listening(server).poll()) if page.deletions or page.mentions]
    assert (page.mentions, [gone.native_id for gone in page.deletions]) == ((), [new["uri"]])


def test_one_hashtag_is_listened_to_alone_and_several_on_the_public_stream(server: MastodonServer) -> None:
    server.say("update", status(server, NOW, "<p>nothing of ours</p>", tags=()))
    server.say("update", status(server, NOW, "<p>Nimbus, by name</p>", tags=()))
    server.say("update", status(server, NOW, "<p>by its tag</p>", tags=("ACME",)))
    listening(server).poll()
    read = listening(server, Query(terms=("Acme", "Nimbus"))).poll()
    assert [path for path, _ in server.tuned] == ["/api/v1/streaming/hashtag?tag=acme", "/api/v1/streaming/public"]
    texts = {mention.text for page in heard(read) for mention in page.mentions}
    assert texts == {"Nimbus, by name", "by its tag"}


def test_a_stream_that_stays_open_is_left_when_the_time_is_up(server: MastodonServer) -> None:
    server.say("update", new := status(server, NOW))
    server.ending_of_stream = "stay"
    read = with_key(server, search=False, mentions=False, stream=True, stream_seconds=0.4).poll()
    assert read.ids == {new["uri"]}


def test_a_stream_that_is_dropped_keeps_what_was_heard(server: MastodonServer) -> None:
    server.say("update", new := status(server, NOW))
    server.ending_of_stream = "drop"
    assert listening(server).poll().ids == {new["uri"]}


def test_what_cannot_be_read_is_set_aside(server: MastodonServer) -> None:
    for data in ("nonsense", "[1]", {"id": "1", "visibility": "public"}):
        server.say("update", data)
    server.say("update", new := status(server, NOW))
    read = listening(server).poll()
    assert read.ids == {new["uri"]}
    assert len(read.rejects) == 3


def test_a_line_that_never_ends_is_left(server: MastodonServer) -> None:
    server.say("update", "x" * 600_000)
    with pytest.raises(AnswerUnreadable, match="longer than"):
        listening(server).poll()


@pytest.mark.parametrize(
    ("reply", "promised"), [(Reply(401), CredentialRefused), (Reply(429), RateLimited), (Reply(503), SourceDown)]
)
def test_a_refused_stream_is_told_after_the_timelines_were_read(
    server: MastodonServer, reply: Reply, promised: type[CollectorError]
) -> None:
    known = server.add(NOW - HOUR)
    server.stream_refusal = reply
    read = listening(server)
    with pytest.raises(promised):
        read.poll()
    assert read.ids == {known}


def test_a_stream_on_a_host_of_its_own_is_found_and_trusted_only_if_it_is_safe(
    server: MastodonServer, other: MastodonServer
) -> None:
    server.streaming = f"ws://{other.host}"
    other.token = server.token
    listening(server).poll()
    server.streaming = "ftp://elsewhere.example"
    listening(server).poll()
    assert (len(other.tuned), len(server.tuned)) == (1, 1)


def test_a_stream_needs_an_account() -> None:
    with pytest.raises(ValueError, match="needs a credential"):
        MastodonOptions(stream=True)
