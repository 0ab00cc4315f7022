"""GDELT: one slice of one search a poll, slices halved, refusals in plain text, titles as they come."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from monitor.collectors.gdelt import GdeltCollector, GdeltOptions
from monitor.domain import Query
from monitor.errors import AnswerUnreadable, RateLimited, SourceDown
from tests.collectors.case import NOW, Reader
from tests.collectors.cases.gdelt import ident
from tests.servers.gdelt_server import BUSY_200, GdeltServer
from tests.servers.loopback import Reply, json_reply

HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)


@pytest.fixture
def server() -> Iterator[GdeltServer]:
    with GdeltServer(reachable=10) as server:
        yield server


def reader(server: GdeltServer, *terms: str, **options: Any) -> Reader:
    told: dict[str, Any] = {"base_url": f"{server.url}/doc", "allow_private_hosts": (server.host,), "page_size": 10}
    return Reader(GdeltCollector("news", GdeltOptions(**(told | options))), Query(terms=terms or ("Acme",)))


def test_an_article_is_a_mention_with_an_id_of_its_address(server: GdeltServer) -> None:
    address = server.add(NOW - HOUR)
    ((mention,),) = [page.mentions for page in reader(server).poll().pages]
    assert mention.native_id == ident(address)
    assert mention.text == "Acme isn't late , says Acme"
    assert (mention.url, mention.lang, mention.author.handle) == (address, "de", "news.example")
    assert mention.published_at == (NOW - HOUR).replace(minute=0, second=0, microsecond=0)
    assert mention.extra == {"sourcecountry": "Germany", "brand_new_field": 1}
    assert mention.region == "Germany"


def test_a_language_without_a_code_is_unknown(server: GdeltServer) -> None:
    server.add(NOW - HOUR, language="Klingon")
    ((mention,),) = [page.mentions for page in reader(server).poll().pages]
    assert mention.lang is None


def test_each_poll_asks_once(server: GdeltServer) -> None:
    for number in range(60):
        server.add(NOW - 9 * HOUR + number * QUARTER / 4)
    read = reader(server)
    for polls in range(1, 5):
        read.poll()
        assert len(server.asked) == polls


def test_a_full_slice_is_halved_until_all_is_read(server: GdeltServer) -> None:
    wanted = {ident(server.add(NOW - 20 * HOUR + number * QUARTER / 8)) for number in range(90)}
    read = reader(server).drain()
    assert read.ids == wanted
    assert not any(page.cursor is None for page in read.pages)


def test_more_in_a_quarter_of_an_hour_than_it_gives_is_told_as_a_gap(server: GdeltServer) -> None:
    for _ in range(25):
        server.add(NOW - 5 * HOUR)
    later = ident(server.add(NOW - HOUR))
    read = reader(server).drain()
    (gap,) = [page.coverage for page in read.pages if page.cursor is None]
    assert gap.more_available
    assert gap.since is not None
    assert gap.until is not None
    assert gap.since <= (NOW - 5 * HOUR).replace(minute=0, second=0, microsecond=0) <= gap.until
    assert gap.until - gap.since <= QUARTER
    assert later in read.ids


def test_names_are_asked_for_together_and_short_ones_alone(server: GdeltServer) -> None:
    server.add(NOW - HOUR, "Nimbus falls")
    server.add(NOW - HOUR, "HP rises")
    read = reader(server, "Acme", "Nimbus", "HP").drain()
    assert [asked.params["query"] for asked in server.asked] == ['"HP"', '("Acme" OR "Nimbus")']
    assert len(read.ids) == 2


def test_many_names_make_several_searches_that_take_turns(server: GdeltServer) -> None:
    names = [f"Brand number {number:02}" for number in range(40)]
    server.reachable = 250
    wanted = {ident(server.add(NOW - HOUR, name)) for name in names}
    read = reader(server, *names, page_size=250).drain()
    assert read.ids == wanted
    asked = [each.params["query"] for each in server.asked]
    assert len(asked) == len(set(asked)) > 3
    read.poll()
    read.poll()
    assert [each.params["query"] for each in server.asked[len(asked) :]] == asked[:2]


def test_a_refused_search_is_told_and_does_not_stand_in_the_way(server: GdeltServer) -> None:
    wanted = ident(server.add(NOW - HOUR))
    server.refused.add('"HP"')
    read = reader(server, "Acme", "HP")
    with pytest.raises(AnswerUnreadable, match="Your query was too short or too long"):
        read.poll()
    assert read.rejects == ["GDELT refuses this search: Your query was too short or too long."]
    assert read.poll().ids == {wanted}


def test_a_busy_server_is_a_wait_and_not_a_fault(server: GdeltServer) -> None:
    server.always = BUSY_200
    with pytest.raises(RateLimited) as caught:
        reader(server).poll()
    assert caught.value.wait == timedelta(minutes=1)


def test_a_server_that_cannot_be_reached_is_down(server: GdeltServer) -> None:
    with pytest.raises(SourceDown, match="cannot be reached"):
        reader(server, base_url="http://127.0.0.1:1/doc", allow_private_hosts=("127.0.0.1:1",)).poll()


def test_titles_with_stray_backslashes_and_control_signs_are_read(server: GdeltServer) -> None:
    body = (
        b'{"articles": [{"url": "https://a.example/1", "title": "Acme \\d \tC:\\\\x", "seendate": "20260311T100000Z"}]}'
    )
    server.always = Reply(200, body)
    ((mention,),) = [page.mentions for page in reader(server).poll().pages]
    assert mention.text == "Acme \\d C:\\x"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"url": "javascript:x", "title": "Acme"}, "no url"),
        ({"url": "https://a.example", "title": ""}, "no title"),
        ({"url": "https://a.example", "title": "Acme", "seendate": "yesterday"}, "seendate is not a time"),
    ],
)
def test_a_row_that_cannot_be_read_is_set_aside(server: GdeltServer, row: dict[str, Any], reason: str) -> None:
    server.always = json_reply({"articles": [row]})
    read = reader(server).poll()
    assert read.rejects[0].startswith(reason)
    assert read.ids == set()
