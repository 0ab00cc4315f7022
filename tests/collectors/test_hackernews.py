"""Hacker News: stretches cut by time, terms apart, HTML to text."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from monitor.collectors.hackernews import HackernewsCollector, HackernewsOptions
from monitor.domain import Query
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
