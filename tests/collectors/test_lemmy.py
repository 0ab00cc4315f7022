"""Lemmy: two dialects, pages that shift, deletions, one key for copies of a post."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from monitor.collectors.lemmy import LemmyCollector, LemmyOptions
from monitor.domain import Deletion, Mention, Query
from monitor.errors import AnswerUnreadable
from tests.collectors.case import NOW, Reader
from tests.collectors.recheck_case import Rechecking
from tests.servers.lemmy_server import COMBINED, V3, V4, LemmyServer
from tests.servers.loopback import Reply, json_reply

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture(params=[V3, V4, COMBINED])
def server(request: pytest.FixtureRequest) -> Iterator[LemmyServer]:
    with LemmyServer(NOW, request.param) as server:
        yield server


@pytest.fixture
def newer() -> Iterator[LemmyServer]:
    with LemmyServer(NOW, V4) as server:
        yield server


def reader(server: LemmyServer, *terms: str, **options: Any) -> Reader:
    told: dict[str, Any] = {"base_url": server.url, "allow_private_hosts": (server.host,), "page_size": 10}
    collector = LemmyCollector("lemmy", LemmyOptions(**(told | options)))
    return Reader(collector, Query(terms=terms or ("acme",)))


def mentions(read: Reader) -> dict[str, Mention]:
    return {mention.native_id: mention for page in read.pages for mention in page.mentions}


def searches(server: LemmyServer) -> int:
    return len([asked for asked in server.asked if asked.path.endswith("/search")])


def test_a_post_and_a_comment_are_the_same_in_every_dialect(server: LemmyServer) -> None:
    post = server.add(NOW - HOUR, updated="2026-03-11T11:30:00Z")
    comment = server.add(NOW - HOUR, kind="comments")
    found = mentions(reader(server).drain())
    assert found.keys() == {post, comment}
    assert found[post].text == "Acme & <others> are late\n**Really**"
    assert found[post].edited_at == NOW.replace(hour=11, minute=30, second=0, microsecond=0)
    assert (found[post].engagement.likes, found[post].engagement.replies) == (5, 7)
    assert found[post].author.handle == "ann@lemmy.example"
    assert found[post].author.native_id == "https://lemmy.example/u/ann"
    assert found[post].extra == {"brand_new_field": 1, "community": "https://lemmy.example/c/news"}
    assert (found[post].conversation_id, found[post].in_reply_to) == (post, None)
    assert (found[comment].text, found[comment].engagement.replies) == ("Acme & <others> are late", 2)
    assert found[comment].conversation_id == found[comment].in_reply_to == "https://lemmy.example/post/5"


def test_an_answer_to_a_comment_names_no_parent_that_only_this_server_knows(server: LemmyServer) -> None:
    server.add(NOW - HOUR, kind="comments", path="0.7.8")
    (found,) = mentions(reader(server).drain()).values()
    assert (found.in_reply_to, found.conversation_id) == (None, "https://lemmy.example/post/5")


@pytest.mark.parametrize("flag", ["deleted", "removed"])
def test_what_is_gone_is_told_as_a_deletion(server: LemmyServer, flag: str) -> None:
    address = server.add(NOW - HOUR)
    read = reader(server).drain()
    server.thing(address)[flag] = True
    read.pages.clear()
    read.drain()
    assert [gone for page in read.pages for gone in page.deletions] == [Deletion(platform="lemmy", native_id=address)]
    assert not read.ids


def test_a_long_search_is_read_over_several_polls(server: LemmyServer) -> None:
    wanted = {server.add(NOW - HOUR + number * SECOND) for number in range(55)}
    read = reader(server, max_pages=2).poll()
    assert read.pages[-1].coverage.more_available
    assert read.drain().ids == wanted


def test_pages_that_shift_while_they_are_read_lose_nothing(server: LemmyServer) -> None:
    wanted = {server.add(NOW - HOUR + number * SECOND) for number in range(25)}
    read = reader(server)
    stream = read.stream()
    next(stream)
    late = {server.add(NOW - SECOND) for _ in range(3)}
    list(stream)
    assert wanted <= read.ids
    assert wanted | late == read.drain().ids


def test_the_overlap_is_read_again(server: LemmyServer) -> None:
    server.add(NOW - HOUR)
    read = reader(server, overlap_seconds=600).drain()
    late = server.add(NOW - HOUR - 500 * SECOND)
    early = server.add(NOW - HOUR - 700 * SECOND, "acme too early")
    assert late in read.drain().ids
    assert early not in read.ids or server.dialect == V3  # 0.19 has no bound in time: its page shows more


def test_a_search_goes_no_further_back_than_it_is_told(server: LemmyServer) -> None:
    for number in range(60):
        server.add(NOW - 30 * HOUR - number * HOUR)
    reader(server, max_pages=30).drain()
    assert searches(server) == 2  # one for posts, one for comments


def test_a_server_that_gives_fewer_than_asked_is_read_to_the_end(server: LemmyServer) -> None:
    server.cap = 4
    wanted = {server.add(NOW - HOUR + number * SECOND) for number in range(15)}
    assert reader(server, max_pages=30).drain().ids == wanted


def test_a_time_that_lies_ahead_does_not_hide_what_comes(server: LemmyServer) -> None:
    server.add(NOW + 5 * HOUR)
    read = reader(server).drain()
    later = server.add(NOW - 2 * SECOND)
    assert later in read.drain().ids


def test_the_dialect_is_asked_for_once(server: LemmyServer) -> None:
    reader(server).drain().drain()
    assert len(server.asked) - searches(server) == (2 if server.dialect == V3 else 1)


def test_a_dialect_that_is_told_is_not_asked_for(newer: LemmyServer) -> None:
    address = newer.add(NOW - HOUR)
    assert reader(newer, dialect="1.0").drain().ids == {address}
    assert len(newer.asked) == searches(newer)
    with pytest.raises(ValueError, match="none of"):
        LemmyOptions(dialect="2")


def test_a_server_that_was_renewed_is_spoken_to_anew(newer: LemmyServer) -> None:
    newer.dialect = V3
    first = newer.add(NOW - 2 * HOUR)
    read = reader(newer).drain()
    newer.dialect = V4
    second = newer.add(NOW - HOUR)
    with pytest.raises(AnswerUnreadable):
        read.poll()
    assert read.drain().ids == {first, second}


def test_an_empty_page_with_a_next_one_is_not_the_end(newer: LemmyServer) -> None:
    newer.holes = 1
    wanted = {newer.add(NOW - HOUR + number * SECOND) for number in range(5)}
    assert reader(newer).drain().ids == wanted


def test_a_place_that_is_gone_is_met_by_beginning_anew(newer: LemmyServer) -> None:
    wanted = {newer.add(NOW - HOUR + number * SECOND) for number in range(25)}
    read = reader(newer, max_pages=1).poll()
    newer.views.pop(15)  # the row to which the cursor leads
    with pytest.raises(AnswerUnreadable):
        read.poll()
    read.collector = reader(newer).collector
    read.drain()
    assert read.ids == wanted


def test_pages_that_lead_in_a_circle_are_an_error_and_no_end(newer: LemmyServer) -> None:
    for number in range(35):
        newer.add(NOW - HOUR + number * SECOND)
    newer.circle = True
    with pytest.raises(AnswerUnreadable, match="circle"):
        reader(newer, max_pages=50).poll()
    assert searches(newer) == 2


def test_each_term_has_its_own_place(server: LemmyServer) -> None:
    old = server.add(NOW - 5 * HOUR, "widget")
    server.add(NOW - HOUR)
    read = reader(server).drain()
    assert old not in read.ids
    read.query = Query(terms=("acme", "widget"))
    assert old in read.drain().ids


# Asking again


@pytest.mark.parametrize("dialect", [V3, V4, COMBINED])
@pytest.mark.parametrize("flag", ["deleted", "removed"])
def test_posts_are_asked_for_by_address_in_each_dialect(dialect: str, flag: str) -> None:
    with LemmyServer(NOW, dialect) as server:
        names = [server.add(NOW - HOUR, kind=kind) for kind in ("posts", "comments", "posts", "comments")]
        for gone in names[2:]:
            server.thing(gone)[flag] = True
        asking = Rechecking(reader(server).collector).ask(*names)
        assert (asking.checked, asking.deleted) == (set(names), set(names[2:]))
        assert set(asking.texts) == set(names[:2])


def test_a_server_that_finds_nothing_any_more_is_not_believed(server: LemmyServer) -> None:
    names = [server.add(NOW - HOUR) for _ in range(5)]
    server.silent = True
    asking = Rechecking(reader(server).collector).ask(*names)
    assert (asking.checked, asking.deleted) == (set(), set())
    asking.now += HOUR
    assert asking.ask(*names).deleted == set(names)


@pytest.mark.parametrize(
    "reply", [Reply(404, b"<html>Not found</html>"), json_reply({"error": ["not_found"]}, 404), Reply(400, b"[")]
)
def test_another_refusal_is_no_deletion(server: LemmyServer, reply: Reply) -> None:
    name = server.add(NOW - HOUR)
    asking = Rechecking(reader(server, dialect="0.19").collector)
    server.always = reply
    with pytest.raises(AnswerUnreadable):
        asking.ask(name)
    assert (asking.checked, asking.deleted) == (set(), set())


def test_a_server_that_speaks_otherwise_by_now_is_asked_for_its_dialect_again() -> None:
    with LemmyServer(NOW, V3) as server:
        name = server.add(NOW - HOUR)
        asking = Rechecking(reader(server).collector).ask(name)
        server.dialect = V4
        with pytest.raises(AnswerUnreadable):
            asking.ask(name)
        asking.pages.clear()
        assert asking.ask(name).checked == {name}


def test_a_private_server_that_is_not_named_says_how_to_name_it(server: LemmyServer) -> None:
    with pytest.raises(AnswerUnreadable, match=f"name {server.host} in allow_private_hosts"):
        reader(server, allow_private_hosts=()).poll()
    assert server.asked == []
