"""X by the real tweepy, against the loopback server: dialects, cursors, gaps, limits, costs."""

import json
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.collectors._x_query import TooLong, build
from monitor.collectors.x import XCollector, XOptions
from monitor.domain import Cursor, Mention, Query, Secret
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, RateLimited
from tests.collectors.case import NOW, Reader
from tests.collectors.x_reader import recorded
from tests.servers import x_server
from tests.servers.loopback import Reply, json_reply
from tests.servers.x_server import XServer

QUERY = Query(terms=("Acme",))
HOUR = timedelta(hours=1)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[XServer]:
    with XServer(NOW) as server:
        monkeypatch.setenv("TEST_X_TOKEN", server.token)
        yield server


def collector(server: XServer, **options: Any) -> XCollector:
    usual: dict[str, Any] = {"page_size": 10, "timeout": 2.0, "overlap_seconds": 0.0}
    told = usual | {"token": Secret("env:TEST_X_TOKEN"), "base_url": server.url} | options
    return XCollector("acme-on-x", XOptions(**told))


def reader(server: XServer, **options: Any) -> Reader:
    return Reader(collector(server, **options), QUERY)


def memory(cursor: Cursor | None) -> dict[str, Any]:
    assert cursor
    (sweep,) = json.loads(cursor.value)["sweeps"].values()
    return dict(sweep)


def mentions(read: Reader) -> dict[str, Mention]:
    return {mention.native_id: mention for page in read.pages for mention in page.mentions}


def strings(ids: list[int]) -> set[str]:
    return {str(ident) for ident in ids}


def test_both_dialects_give_the_same_mentions(server: XServer) -> None:
    server.publish(15, NOW - HOUR)
    old = mentions(reader(server).drain())
    server.dialect = "post"
    new = mentions(reader(server).drain())
    assert len(old) == 15
    assert old == new


def test_a_refused_dialect_is_changed_once_and_remembered(server: XServer) -> None:
    server.dialect = "post"
    server.publish(25, NOW - HOUR)
    read = reader(server).drain()
    assert [("post.fields" in asked.params) for asked in server.asked] == [False, True, True, True]
    server.asked.clear()
    read.poll()
    assert all("post.fields" in asked.params for asked in server.asked)


def test_a_dialect_that_is_passed_over_in_silence_is_noticed(server: XServer) -> None:
    server.dialect, server.lenient = "post", True
    server.publish(5, NOW - HOUR)
    read = reader(server).drain()
    assert all(mention.lang == "en" and mention.engagement.reposts == 1 for mention in mentions(read).values())


def test_posts_without_any_field_are_dated_by_their_ids(server: XServer) -> None:
    server.dialect, server.lenient = "neither", True
    server.publish(3, NOW - HOUR)
    found = mentions(reader(server).drain())
    assert {mention.published_at for mention in found.values()} == {
        (NOW - HOUR + timedelta(seconds=number)).replace(microsecond=123_000) for number in range(3)
    }


def test_since_moves_only_when_the_last_page_was_read(server: XServer) -> None:
    first = server.publish(5, NOW - 2 * HOUR)
    read = reader(server, max_pages=2).drain()
    assert memory(read.cursor)["since"] == str(max(first))
    server.publish(35, NOW - HOUR)
    for _ in range(3):
        read.poll(most=1)
        assert memory(read.cursor)["since"] == str(max(first))
    read.drain()
    assert memory(read.cursor)["since"] == str(max(server.posts))
    assert read.ids == strings(list(server.posts))


def test_an_unfinished_sweep_says_that_there_is_more(server: XServer) -> None:
    server.publish(35, NOW - HOUR)
    read = reader(server, max_pages=2).poll()
    assert [page.coverage.more_available for page in read.pages] == [True, True]
    read.drain()
    assert [page.coverage.more_available for page in read.pages[2:4]] == [True, False]


def test_a_lost_page_token_is_replaced_by_the_lowest_id(server: XServer) -> None:
    wanted = server.publish(35, NOW - HOUR)
    read = reader(server, max_pages=2).poll()
    server.tokens.clear()
    server.asked.clear()
    read.drain()
    assert read.ids == strings(wanted)
    assert server.asked[1].params["until_id"] == str(wanted[15])


@pytest.mark.parametrize("dies_after", range(1, 5))
def test_pages_in_no_order_lose_nothing(server: XServer, dies_after: int) -> None:
    server.order = random.Random(dies_after)
    wanted = server.publish(35, NOW - HOUR)
    read = reader(server).poll(most=dies_after).drain()
    assert read.ids == strings(wanted)
    assert memory(read.cursor)["since"] == str(max(wanted))


def test_an_empty_page_with_a_next_token_is_not_the_end(server: XServer) -> None:
    server.empty_first = True
    wanted = server.publish(12, NOW - HOUR)
    assert reader(server).drain().ids == strings(wanted)


def test_an_empty_answer_does_not_move_since(server: XServer) -> None:
    wanted = server.publish(3, NOW - HOUR)
    read = reader(server).drain()
    server.always = json_reply({"meta": {"result_count": 0, "newest_id": "99999999999999999"}})
    read.poll()
    assert memory(read.cursor)["since"] == str(max(wanted))


def test_a_since_older_than_seven_days_restarts_and_shows_the_gap(server: XServer) -> None:
    server.publish(3, NOW - HOUR)
    read = reader(server).drain()
    read.now = server.now = NOW + timedelta(days=9)
    wanted = server.publish(4, read.now - HOUR)
    read.pages.clear()
    read.drain()
    assert read.ids == strings(wanted)
    coverage = read.pages[-1].coverage
    assert coverage.since
    assert timedelta(days=6, hours=23) < read.now - coverage.since < timedelta(days=7)


def test_a_quiet_week_that_was_watched_is_no_gap(server: XServer) -> None:
    server.publish(3, NOW - HOUR)
    read = reader(server).drain()
    for day in range(1, 10):
        read.now = server.now = NOW + timedelta(days=day)
        before = read.pages[-1].coverage.until
        read.poll()
        since = read.pages[-1].coverage.since
        assert since
        assert before
        assert since <= before
        assert not read.pages[-1].gaps


def test_what_x_shows_late_is_read_by_the_overlap(server: XServer) -> None:
    server.publish(3, NOW - HOUR)
    read = reader(server, overlap_seconds=60.0).drain()
    late = server.add(NOW - HOUR - timedelta(seconds=50))
    assert str(late) in read.drain().ids


def test_new_posts_do_not_wait_until_an_old_sweep_is_done(server: XServer) -> None:
    server.publish(25, NOW - 2 * HOUR)
    read = reader(server, max_pages=2).poll()
    new = server.publish(2, NOW - HOUR)
    assert strings(new) <= read.poll().ids


@pytest.mark.parametrize(
    ("reset", "wait"), [(timedelta(minutes=4), timedelta(minutes=4)), (None, timedelta(minutes=15))]
)
def test_a_429_says_how_long_to_wait(server: XServer, reset: timedelta | None, wait: timedelta) -> None:
    server.always = x_server.too_many(NOW + reset if reset else None)
    with pytest.raises(RateLimited) as caught:
        reader(server).poll()
    assert abs(caught.value.wait - wait) <= timedelta(seconds=1)
    assert len(server.asked) == 1


@pytest.mark.parametrize("told", ["", "soon", "0", "99999999999999999999", "-5"])
def test_a_reset_that_makes_no_sense_is_a_quarter_of_an_hour(server: XServer, told: str) -> None:
    server.always = Reply(429, b"", {"x-rate-limit-reset": told})
    with pytest.raises(RateLimited) as caught:
        reader(server).poll()
    assert caught.value.wait == timedelta(minutes=15)


def test_a_rate_limit_between_pages_keeps_what_was_read(server: XServer) -> None:
    wanted = server.publish(35, NOW - HOUR)
    read = reader(server)
    pages = read.stream()
    next(pages)
    next(pages)
    server.faults.append(x_server.too_many(None))
    with pytest.raises(RateLimited):
        next(pages)
    assert read.drain().ids == strings(wanted)
    assert sum(len(page.mentions) for page in read.pages) == 35  # nothing was read twice


def test_problems_in_a_good_answer_are_set_aside(server: XServer) -> None:
    server.errors = [
        {"title": "Not Found Error", "detail": "Could not find user with ids: [7].", "resource_type": "user"}
    ]
    wanted = server.publish(3, NOW - HOUR)
    read = reader(server).drain()
    assert read.ids == strings(wanted)
    assert read.rejects == ["X says: Could not find user with ids: [7]."]


def test_credit_that_ends_within_a_sweep_keeps_the_page_and_leaves_no_gap(server: XServer) -> None:
    wanted = server.publish(15, NOW - HOUR)
    shown = [server.posts[ident] for ident in sorted(wanted, reverse=True)[:10]]
    capped = {"title": "UsageCapExceeded", "detail": "Usage cap exceeded", "type": f"{x_server.PROBLEMS}usage-capped"}
    server.faults.append(json_reply({"data": shown, "errors": [capped], "meta": {"result_count": 10}}))
    read = reader(server)
    with pytest.raises(CredentialRefused, match="credit"):
        read.poll()
    assert len(read.ids) == 10
    assert "since" not in memory(read.cursor)
    assert read.drain().ids == strings(wanted)


def test_long_posts_are_read_whole(server: XServer) -> None:
    ident = server.add(NOW - HOUR, note_tweet={"text": "long " * 100}, text="long long…")
    for server.dialect in ("tweet", "post"):
        assert mentions(reader(server).drain())[str(ident)].text == "long " * 100


def test_entities_in_text_are_resolved(server: XServer) -> None:
    ident = server.add(NOW - HOUR, text="Acme &lt;3 &amp;amp; me")
    assert mentions(reader(server).drain())[str(ident)].text == "Acme <3 &amp; me"


def test_half_a_character_and_a_number_that_is_none_do_no_harm(server: XServer) -> None:
    ident = server.add(NOW - HOUR, text="late \ud800\x00 again", mood={"\udfff": float("nan")})
    mention = mentions(reader(server).drain())[str(ident)]
    assert mention.text == "late \ufffd again"
    json.dumps(dict(mention.extra), ensure_ascii=False, allow_nan=False).encode()


def test_an_edited_post_keeps_the_id_and_the_time_of_the_first(server: XServer) -> None:
    first = x_server.snowflake(NOW - HOUR)
    last = x_server.snowflake(NOW - HOUR + timedelta(minutes=9))
    history = [str(first), str(last)]
    server.add(NOW - HOUR + timedelta(minutes=9), ident=last, edit_history_tweet_ids=history)
    mention = mentions(reader(server).drain())[str(first)]
    assert mention.edited_at
    assert mention.edited_at - mention.published_at == timedelta(minutes=9)


def test_replies_authors_and_links_are_read(server: XServer) -> None:
    related = [{"type": "quoted", "id": "1"}, {"type": "replied_to", "id": "2"}]
    ident = server.add(NOW - HOUR, referenced_tweets=related, author_id="9", lang="und")
    mention = mentions(reader(server).drain())[str(ident)]
    assert (mention.in_reply_to, mention.lang) == ("2", None)
    assert (mention.author.native_id, mention.author.handle, mention.author.followers) == ("9", "user9", 42)
    assert mention.url == f"https://x.com/user9/status/{ident}"
    assert "brand_new_field" in mention.extra


def test_authors_are_asked_for_and_billed_only_if_wanted(server: XServer) -> None:
    server.publish(3, NOW - HOUR)
    dear, cheap = reader(server).drain(), reader(server, authors=False).drain()
    assert dear.pages[0].coverage.cost == pytest.approx(3 * 0.005 + 3 * 0.010)
    assert cheap.pages[0].coverage.cost == pytest.approx(3 * 0.005)
    (mention, *_) = mentions(cheap).values()
    assert mention.author.native_id
    assert mention.author.handle is None
    assert "expansions" not in server.asked[-1].params


def test_one_search_is_not_the_others_memory(server: XServer) -> None:
    wanted = server.publish(12, NOW - HOUR)
    query = Query(terms=tuple(f"Acme product number {number} of many" for number in range(30)))
    read = Reader(collector(server), query).drain()
    assert len({asked.params["query"] for asked in server.asked}) == 3
    assert read.ids == strings(wanted)


def test_queries_fit_and_hold_every_name_once() -> None:
    terms = tuple(f"Acme product number {number}" for number in range(60))
    texts = build(Query(terms=terms, hashtags=("acme",), handles=("acme",), exclude=('the "acme"',), languages=("en",)))
    assert all(len(text) <= 512 for text in texts)
    joined = " ".join(texts)
    assert all(joined.count(f'"{term}"') == 1 for term in terms)
    assert all(text.endswith('-"the acme" lang:en -is:retweet') for text in texts)
    assert "-is:reply" not in joined


def test_names_that_do_not_fit_are_refused_in_words(server: XServer) -> None:
    with pytest.raises(TooLong):
        build(Query(terms=("a" * 600,)))
    with pytest.raises(CollectorError, match="longer than the 512"):
        Reader(collector(server), Query(terms=("a" * 600,))).poll()
    with pytest.raises(CollectorError, match="is empty"):
        Reader(collector(server), Query()).poll()


def test_a_search_that_x_cannot_read_is_told_in_xs_words(server: XServer) -> None:
    server.always = x_server.invalid("query", "min_faves:3", "There is no operator min_faves")
    with pytest.raises(AnswerUnreadable, match="400"):
        reader(server).poll()
    assert len(server.asked) == 1


def test_a_token_that_is_not_set_is_named(server: XServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_X_TOKEN")
    with pytest.raises(CredentialRefused, match="env:TEST_X_TOKEN is not set"):
        reader(server).poll()


def test_a_token_that_x_repeats_is_not_told(server: XServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.always = json_reply({"detail": f"Bearer {server.token} is not allowed"}, 403)
    with pytest.raises(CredentialRefused) as caught:
        reader(server).poll()
    assert server.token not in str(caught.value)


def test_the_token_is_not_sent_in_the_open() -> None:
    with pytest.raises(ValueError, match="https"):
        XOptions(base_url="http://api.x.example")


def test_a_netrc_does_not_replace_the_token(server: XServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.publish(1, NOW - HOUR)
    assert len(reader(server).drain().ids) == 1


def test_a_redirect_does_not_carry_the_token_away(server: XServer) -> None:
    server.always = Reply(302, headers={"location": f"{server.url}/elsewhere"})
    with pytest.raises(AnswerUnreadable):
        reader(server).poll()
    assert len(server.asked) == 1


def test_a_recorded_answer_is_read(server: XServer) -> None:
    (server.always,) = recorded("search_recent")
    pages = reader(server, max_pages=1).poll().pages
    assert [mention.published_at for mention in pages[0].mentions]
    assert all(mention.text and mention.native_id.isdigit() for mention in pages[0].mentions)
