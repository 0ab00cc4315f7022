"""Threads: names and tags, cursors that are not trusted, and the answer that holds own posts only."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from monitor.collectors.threads import ThreadsCollector, ThreadsOptions
from monitor.domain import Query, Secret
from monitor.errors import CredentialRefused
from tests.collectors.case import NOW, SECRET, Reader
from tests.servers.threads_server import OWN, ThreadsServer

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadsServer]:
    monkeypatch.setenv("TEST_TOKEN", SECRET)
    with ThreadsServer(SECRET) as server:
        yield server


def reader(server: ThreadsServer, query: Query | None = None, **options: Any) -> Reader:
    told: dict[str, Any] = {"base_url": f"{server.url}/v1.0", "allow_private_hosts": (server.host,), "page_size": 10}
    told |= {"token": Secret("env:TEST_TOKEN")}
    return Reader(ThreadsCollector("threads", ThreadsOptions(**(told | options))), query or Query(terms=("Acme",)))


def test_a_post_is_a_mention_without_what_threads_does_not_tell(server: ThreadsServer) -> None:
    ident = server.add(NOW - HOUR, "Acme &amp; late", brand_new_field=1)
    ((mention,),) = [page.mentions for page in reader(server).poll().pages]
    assert (mention.platform, mention.native_id, mention.text) == ("threads", ident, "Acme &amp; late")
    assert (mention.author.handle, mention.author.native_id) == ("ann", None)
    assert mention.engagement.likes is None
    assert mention.url == f"https://www.threads.net/@ann/post/C{ident}"
    assert mention.published_at == (NOW - HOUR).replace(microsecond=0)
    assert mention.extra["brand_new_field"] == 1
    assert mention.extra["is_reply"] is False


def test_hashtags_are_searched_as_tags_and_names_as_words(server: ThreadsServer) -> None:
    reader(server, Query(terms=("Acme",), handles=("acme.co",), hashtags=("acmefail",))).poll()
    asked = [(each.params["q"], each.params["search_mode"], each.params["search_type"]) for each in server.asked]
    assert asked == [
        ("Acme", "KEYWORD", "RECENT"),
        ("acme.co", "KEYWORD", "RECENT"),
        ("acmefail", "TAG", "RECENT"),
    ]


def test_pages_are_followed_by_their_cursors_and_never_by_the_address_with_the_token(server: ThreadsServer) -> None:
    wanted = {server.add(NOW - HOUR + number * SECOND) for number in range(27)}
    assert reader(server).poll().ids == wanted
    asked = [each.params.get("after") for each in server.asked if "q" in each.params]
    assert asked == [None, "10", "20", None]  # the last one looks whether paging ended too early


def test_paging_that_ends_too_early_goes_on_by_time(server: ThreadsServer) -> None:
    wanted = {server.add(NOW - HOUR + number * SECOND) for number in range(40)}
    server.reachable = 11
    assert reader(server).drain().ids == wanted


@pytest.mark.parametrize("reachable", [11, 12, 13])
def test_paging_that_ends_inside_of_a_second_goes_on_by_time(server: ThreadsServer, reachable: int) -> None:
    wanted = {server.add(NOW - HOUR + number // 3 * SECOND) for number in range(40)}
    server.reachable = reachable
    assert reader(server).drain().ids == wanted


def test_paging_that_ends_inside_of_a_second_without_another_is_told_as_a_gap(server: ThreadsServer) -> None:
    for _ in range(30):
        server.add(NOW - HOUR)
    earlier = server.add(NOW - 2 * HOUR)
    server.reachable = 12
    read = reader(server).drain()
    assert earlier in read.ids
    assert any(page.coverage.more_available for page in read.pages if page.cursor is None)


def test_an_empty_page_with_a_next_one_is_not_the_end(server: ThreadsServer) -> None:
    wanted = server.add(NOW - HOUR)
    server.empty_first = True
    assert reader(server).drain().ids == {wanted}


def test_more_in_a_second_than_paging_gives_is_told_as_a_gap(server: ThreadsServer) -> None:
    for _ in range(30):
        server.add(NOW - HOUR)
    earlier = server.add(NOW - 2 * HOUR)
    server.reachable = 10
    read = reader(server).drain()
    assert earlier in read.ids
    gaps = [page.coverage for page in read.pages if page.cursor is None]
    assert gaps
    assert all(gap.more_available and gap.since and gap.until for gap in gaps)


def test_only_own_posts_is_a_missing_approval(server: ThreadsServer) -> None:
    server.approved = False
    for number in range(6):
        server.add(NOW - HOUR, username="ann")
        server.add(NOW - HOUR + number * SECOND, username=OWN)
    read = reader(server)
    with pytest.raises(CredentialRefused, match="threads_keyword_search"):
        read.poll()
    assert len(read.ids) == 6
    with pytest.raises(CredentialRefused, match="threads_keyword_search"):
        read.poll()
    server.approved = True
    assert len(read.poll().ids) == 12


def test_a_few_own_posts_are_no_proof(server: ThreadsServer) -> None:
    for _ in range(4):
        server.add(NOW - HOUR, username=OWN)
    assert len(reader(server).drain().drain().ids) == 4


def test_own_posts_after_another_one_are_no_proof(server: ThreadsServer) -> None:
    server.add(NOW - 2 * HOUR)
    read = reader(server).poll()
    for number in range(9):
        server.add(NOW - HOUR + number * SECOND, username=OWN)
    assert len(read.poll().ids) == 10


def test_whether_only_own_posts_come_need_not_be_asked(server: ThreadsServer) -> None:
    for number in range(9):
        server.add(NOW - HOUR + number * SECOND, username=OWN)
    assert len(reader(server, own_posts=0).poll().ids) == 9
    assert {asked.path for asked in server.asked} == {"/v1.0/keyword_search"}


def test_a_sensitive_word_finds_nothing_and_its_place_stays(server: ThreadsServer) -> None:
    wanted = server.add(NOW - HOUR)
    server.sensitive.add("Acme")
    read = reader(server).drain()
    assert read.ids == set()
    server.sensitive.clear()
    assert read.drain().ids == {wanted}


def test_a_picture_without_words_is_passed_over(server: ThreadsServer) -> None:
    server.add(NOW - HOUR, text="Acme")
    server.posts[0] |= {"media_type": "IMAGE"}
    found = reader(server).poll()
    assert len(found.ids) == 1
    server.posts[0]["text"] = None
    server.posts[0]["alt"] = "Acme"
    assert reader(server).poll().rejects == []


def test_the_token_shows_nowhere(server: ThreadsServer) -> None:
    server.add(NOW - HOUR)
    read = reader(server).poll()
    assert SECRET not in str(read.cursor) + str(read.pages) + str(vars(read.collector))


def test_a_key_is_sent_over_https_only() -> None:
    with pytest.raises(ValueError, match="https"):
        ThreadsOptions(base_url="http://graph.threads.net/v1.0")
