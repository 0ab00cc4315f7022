"""Hacker News: stretches cut by time, terms apart, HTML to text."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.collectors.hackernews import HackernewsCollector, HackernewsOptions
from monitor.domain import Cursor, Page, Query
from tests.collectors.case import NOW, Reader
from tests.servers.hn_server import HnServer

HOUR = timedelta(hours=1)


@pytest.fixture
def server() -> Iterator[HnServer]:
    with HnServer(reachable=10) as server:
        yield server


def reader(server: HnServer, *terms: str, **options: Any) -> Reader:
    told: dict[str, Any] = {"base_url": f"{server.url}/api/v1", "allow_private_hosts": (server.host,), "page_size": 10}
    return Reader(HackernewsCollector("hn", HackernewsOptions(**(told | options))), Query(terms=terms or ("acme",)))


def test_a_comment_is_read_as_text(server: HnServer) -> None:
    server.add(NOW - HOUR, "<p>Acme isn&#x27;t &lt;bad&gt;<p>second <i>line</i>", points=5)
    ((mention,),) = [page.mentions for page in reader(server).drain().pages]
    assert mention.text == "Acme isn't <bad>\nsecond line"
    assert (mention.author.handle, mention.conversation_id, mention.in_reply_to) == ("pg", "1", "2")
    assert (mention.engagement.likes, mention.engagement.replies) == (5, None)
    assert mention.url == f"https://news.ycombinator.com/item?id={mention.native_id}"
    assert mention.extra["brand_new_field"] == 1


def test_more_hits_than_can_be_reached_are_cut_by_time(server: HnServer) -> None:
    wanted = {server.add(NOW - HOUR + timedelta(seconds=number)) for number in range(95)}
    read = reader(server, max_pages=30).drain()
    assert read.ids == wanted
    assert [page.coverage.total for page in read.pages][:2] == [95, 86]


def test_a_second_with_more_hits_than_one_answer_is_told_as_a_gap(server: HnServer) -> None:
    for _ in range(25):
        server.add(NOW - HOUR)
    earlier = server.add(NOW - 2 * HOUR)
    read = reader(server)
    read.poll()
    assert earlier in read.ids
    assert any(page.coverage.more_available for page in read.pages)


def test_the_overlap_is_read_again(server: HnServer) -> None:
    server.add(NOW - HOUR)
    read = reader(server, overlap_seconds=600).drain()
    late = server.add(NOW - HOUR - timedelta(seconds=500))
    assert late in read.drain().ids


def test_each_term_has_its_own_place(server: HnServer) -> None:
    old = server.add(NOW - 5 * HOUR, "widget")
    server.add(NOW - HOUR, "acme")
    read = reader(server).drain()
    assert old not in read.ids
    read.query = Query(terms=("acme", "widget"))
    assert old in read.drain().ids


def test_the_first_reading_goes_back_as_far_as_it_is_told(server: HnServer) -> None:
    old = server.add(NOW - 30 * HOUR)
    assert old not in reader(server).drain().ids
    assert old in reader(server, lookback_hours=48).drain().ids


def test_what_is_deleted_and_what_is_dead_are_gone_for_different_reasons(server: HnServer) -> None:
    ids = [server.add(NOW - HOUR) for _ in range(3)]
    server.fates |= {ids[0]: "deleted", ids[1]: "dead"}
    pages = list(rechecked(server, *ids))
    gone = {deletion.native_id: deletion.reason for page in pages for deletion in page.deletions}
    assert gone == {ids[0]: "deleted", ids[1]: "protected"}
    assert {name for page in pages for name in page.checked} == set(ids)


def test_an_item_says_what_the_search_said(server: HnServer) -> None:
    name = server.add(NOW - HOUR, "<p>Acme isn&#x27;t &lt;bad&gt;<p>second <i>line</i>")
    (found,) = reader(server).drain().pages[0].mentions
    (again,) = [mention for page in rechecked(server, name) for mention in page.mentions]
    assert (again.native_id, again.text, again.author, again.published_at, again.in_reply_to) == (
        found.native_id, found.text, found.author, found.published_at, found.in_reply_to,
    )  # fmt: skip


def test_a_server_that_suddenly_knows_nothing_is_not_believed_at_once(server: HnServer) -> None:
    ids = [server.add(NOW - HOUR) for _ in range(5)]
    server.hits.clear()
    pages = list(rechecked(server, *ids))
    assert not any(page.checked or page.deletions for page in pages)
    later = list(rechecked(server, *ids, since=pages[-1].cursor, now=NOW + 2 * HOUR))
    assert {deletion.native_id for page in later for deletion in page.deletions} == set(ids)


def rechecked(server: HnServer, *ids: str, since: Cursor | None = None, now: datetime = NOW) -> Iterator[Page]:
    hosts: dict[str, Any] = {"allow_private_hosts": (server.host,), "items_url": f"{server.url}/v0"}
    return HackernewsCollector("hn", HackernewsOptions(**hosts)).recheck(ids, since, now=now)
