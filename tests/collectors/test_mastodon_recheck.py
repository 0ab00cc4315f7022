"""Mastodon, asked again: by number, one by one, by way of the own server, and where a post was written."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.domain import Secret
from tests.collectors.case import NOW
from tests.collectors.mastodon_reader import (
    HOUR,
    SEARCH,
    SECOND,
    asked,
    reader,
    with_key,
)
from tests.collectors.recheck_case import Rechecking
from tests.servers.loopback import BROKEN
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


def again(server: MastodonServer, **options: Any) -> Rechecking:
    return Rechecking(with_key(server, **options).collector)


def test_posts_of_the_own_server_are_asked_for_in_one_question(server: MastodonServer) -> None:
    server.name = server.host
    uris = [server.add(NOW - HOUR + number * SECOND) for number in range(3)]
    gone = server.add(NOW - HOUR)
    server.delete(gone)
    asking = again(server).ask(*uris, gone)
    assert (asking.checked, asking.deleted) == ({*uris, gone}, {gone})
    assert [each.path for each in server.asked] == ["/api/v1/statuses"]
    (page,) = asking.pages
    assert (page.coverage.remaining, page.coverage.resets_at) == (299, NOW + timedelta(seconds=200))


@pytest.mark.parametrize("credential", [None, Secret("env:TEST_MASTODON")])
def test_a_server_without_lists_is_asked_one_by_one(server: MastodonServer, credential: Secret | None) -> None:
    server.name, server.lists = server.host, False
    stands, gone = server.add(NOW - HOUR), server.add(NOW - HOUR)
    server.delete(gone)
    asking = Rechecking(reader(server, credential=credential).collector).ask(stands, gone)
    assert (asking.checked, asking.deleted) == ({stands, gone}, {gone})


def test_a_post_that_is_no_longer_public_is_gone(server: MastodonServer) -> None:
    server.name = server.host
    stands, hidden = server.add(NOW - HOUR), server.add(NOW - HOUR)
    server.statuses[-1]["visibility"] = "private"
    asking = again(server).ask(stands, hidden)
    assert asking.deleted == {hidden}
    assert asking.pages[0].deletions[0].reason == "protected"


def test_a_post_of_another_server_is_looked_up_by_the_own_one(server: MastodonServer, other: MastodonServer) -> None:
    uri = other.add(NOW - HOUR)
    server.federate(uri, other)
    asking = again(server).ask(uri)
    assert (asking.checked, asking.deleted) == ({uri}, set())
    (question,) = asked(server, SEARCH)
    assert (question["q"], question["resolve"]) == (uri, "true")
    assert other.asked == []


def far_from(server: MastodonServer, other: MastodonServer, at: datetime) -> str:
    """A post of another server that can be reached, but is in no setting."""
    uri = f"{other.url}/users/ann/statuses/{7_000 + len(other.statuses)}"
    return other.add(at, uri=uri, id=uri.rpartition("/")[2])


def test_what_the_own_server_does_not_find_is_asked_for_where_it_was_written(
    server: MastodonServer, other: MastodonServer
) -> None:
    stands, gone = far_from(server, other, NOW - HOUR), far_from(server, other, NOW - HOUR)
    other.delete(gone)
    asking = again(server).ask(stands, gone)
    assert (asking.checked, asking.deleted) == ({stands, gone}, {gone})
    assert not any("authorization" in each.headers for each in other.asked)


def test_where_a_post_was_written_nobody_need_speak_like_mastodon(
    server: MastodonServer, other: MastodonServer
) -> None:
    stands, gone = f"{other.url}/users/ann/objects/1", f"{other.url}/users/ann/objects/2"
    other.add(NOW - HOUR, uri=stands)
    asking = again(server).ask(stands, gone)
    assert (asking.checked, asking.deleted, asking.texts) == ({stands, gone}, {gone}, {})


@pytest.mark.parametrize("fault", ["secure", "down", "unreachable"])
def test_a_server_that_says_nothing_leaves_its_posts_unchecked(
    server: MastodonServer, other: MastodonServer, fault: str
) -> None:
    uri = far_from(server, other, NOW - HOUR)
    other.delete(uri)
    other.secure = fault == "secure"
    other.always = BROKEN if fault == "down" else None
    uri = "https://127.0.0.1:9/users/ann/statuses/7" if fault == "unreachable" else uri
    asking = again(server, timeout=2.0).ask(uri, "no address")
    assert (asking.checked, asking.deleted) == (set(), set())
