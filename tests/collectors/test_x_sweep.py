"""X's lists when pages lead nowhere; mentions; counts; limits; whose words are asked for."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from monitor.collectors._x_query import build
from monitor.collectors._x_sweep import Sweep
from monitor.collectors.x import XOptions
from monitor.domain import Brand, Gap, Query
from monitor.errors import AnswerUnreadable, CredentialRefused
from tests.collectors.case import NOW, Reader
from tests.collectors.x_reader import HOUR, QUERY, VARIABLE, collector, memory, reader, recorded, strings
from tests.servers.loopback import json_reply
from tests.servers.x_server import XServer
from tests.servers.x_words import PROBLEMS


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[XServer]:
    with XServer(NOW) as server:
        monkeypatch.setenv(VARIABLE, server.token)
        yield server


def gaps(read: Reader) -> list[Gap]:
    return [gap for page in read.pages for gap in page.gaps]


def test_a_token_that_leads_in_a_circle_is_left_for_reading_by_time(server: XServer) -> None:
    server.circling = True
    wanted = server.publish(75, NOW - HOUR)
    read = reader(server).drain()
    assert read.ids == strings(wanted)
    assert len(server.asked) < 60
    assert not gaps(read)


def test_tokens_that_never_end_come_to_an_end(server: XServer) -> None:
    server.hollow = True
    wanted = server.publish(15, NOW - HOUR)
    assert reader(server).drain().ids == strings(wanted)


def test_a_server_that_gives_any_posts_and_reads_no_tokens_loses_none(server: XServer) -> None:
    server.rough = random.Random(3)
    read = reader(server, overlap_seconds=60.0)
    wanted: list[int] = []
    for number in range(3):
        wanted += server.publish(95, server.now - timedelta(minutes=4), timedelta(seconds=2.5))
        read.drain()
        read.now = server.now = NOW + (number + 1) * timedelta(minutes=5)
    read.drain()
    assert read.ids == strings(wanted)
    assert not gaps(read)


def test_ids_that_carry_no_time_are_not_what_the_next_search_begins_with(server: XServer) -> None:
    server.rough = random.Random(3)
    server.publish(9, NOW - HOUR)
    read = reader(server, overlap_seconds=60.0).drain()
    server.now = read.now = NOW + HOUR
    late = server.publish(5, NOW)  # as text, 10 comes before 9
    assert strings(late) <= read.drain().ids
    assert "since_id" not in server.asked[-1].params


@pytest.mark.parametrize("rough", [None, random.Random(3)])
def test_an_answer_that_is_wrongly_empty_does_not_move_the_place(server: XServer, rough: random.Random | None) -> None:
    server.rough = rough
    wanted = server.publish(5, NOW - HOUR)
    read = reader(server)
    for minutes in (0, 10, 20):
        server.now = read.now = NOW + timedelta(minutes=minutes)
        server.fail(json_reply({"meta": {"result_count": 0}}))
        read.poll()
        wanted += server.publish(2, read.now)
        server.now = read.now = read.now + timedelta(minutes=5)
        assert read.poll().ids == strings(wanted)


def test_a_crash_while_reading_by_time_loses_nothing(server: XServer) -> None:
    server.circling = True
    wanted = server.publish(45, NOW - HOUR)
    read = reader(server)
    for _ in range(60):
        read.poll(most=1)
    assert read.ids == strings(wanted)


def test_more_posts_in_one_moment_than_a_page_holds_are_told_as_a_gap(server: XServer) -> None:
    server.circling = True
    server.publish(25, NOW - HOUR, timedelta(0))
    read = reader(server).drain()
    assert {gap.reason for gap in gaps(read)} == {"more posts in one moment than X gives"}
    told = {moment for gap in gaps(read) for moment in (gap.since, gap.until)}
    assert max(told) - min(told) <= timedelta(milliseconds=2)


def test_what_x_shows_no_more_is_told_as_a_gap(server: XServer) -> None:
    server.publish(3, NOW - HOUR)
    read = reader(server).drain()
    read.now = server.now = NOW + timedelta(days=9)
    read.drain()
    (gap,) = gaps(read)
    assert gap.since == NOW.replace(microsecond=0) - timedelta(seconds=30)
    assert gap.until == read.now.replace(microsecond=0) - timedelta(days=7) + timedelta(minutes=1)


def test_a_cursor_of_nonsense_begins_from_the_beginning() -> None:
    for told in ({"a": 7}, {"a": {"ranges": [["x", "y"]]}}, {"a": {"running": "yes"}}, "text", None):
        assert Sweep.read(told, "a").told() == {}


def test_mentions_cost_less_and_their_account_is_looked_up_once(server: XServer) -> None:
    wanted = server.publish(12, NOW - HOUR)
    read = reader(server, read="mentions", account="@Acme", authors=False).drain()
    assert read.ids == strings(wanted)
    assert [page.coverage.cost for page in read.pages] == pytest.approx([0.010 + 0.010, 0.002])
    late = server.add(NOW - HOUR / 2)
    read.drain()
    assert str(late) in read.ids
    paths = [asked.path for asked in server.asked]
    assert paths.count("/2/users/by/username/acme") == 1
    assert set(paths[1:]) == {"/2/users/42/mentions"}
    assert collector(server, read="mentions", account_id="42").endpoint == "GET /2/users/:id/mentions"


def test_mentions_beyond_the_newest_are_told_as_a_gap(server: XServer) -> None:
    published = server.publish(1_000, NOW - 2 * HOUR)
    read = reader(server, read="mentions", account_id="42", page_size=100).drain()
    assert read.ids == strings(published[-800:])
    (gap,) = gaps(read)
    assert gap.until == NOW.replace(microsecond=123_000) - 2 * HOUR + timedelta(seconds=200)


def test_an_account_that_x_does_not_know_is_named(server: XServer) -> None:
    with pytest.raises(AnswerUnreadable, match="@nobody"):
        reader(server, read="mentions", account="nobody").poll()
    with pytest.raises(ValueError, match="account"):
        XOptions(read="mentions")
    with pytest.raises(ValueError, match="account_id"):
        XOptions(read="mentions", account_id="@acme")


def test_a_way_of_reading_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="search, mentions, stream"):
        XOptions(read="firehose")  # type: ignore[arg-type]


@pytest.mark.parametrize("dialect", ["tweet", "post"])
def test_a_search_is_compared_with_xs_own_count(server: XServer, dialect: str) -> None:
    server.dialect = dialect
    server.publish(15, NOW - HOUR)
    read = reader(server, counts_every_hours=6.0, authors=False).drain()
    assert [page.coverage.total for page in read.pages] == [None, 15]
    assert read.pages[-1].coverage.cost == pytest.approx(5 * 0.005 + 0.005)
    assert not gaps(read)


def test_what_x_counts_and_does_not_give_is_told_as_a_gap(server: XServer) -> None:
    server.counted_too_many = 90
    server.publish(15, NOW - HOUR)
    (gap,) = gaps(reader(server, counts_every_hours=6.0).drain())
    assert gap.reason == "X counts 105 posts, and gave 15"


def test_counts_are_asked_for_as_seldom_as_was_said(server: XServer) -> None:
    read = reader(server, counts_every_hours=6.0)
    for hours in range(0, 13, 3):
        read.now = server.now = NOW + hours * HOUR
        read.drain()
    assert sum(asked.path.endswith("counts/recent") for asked in server.asked) == 3


def test_a_count_that_fails_does_no_harm(server: XServer) -> None:
    wanted = server.publish(5, NOW - HOUR)
    server.fail(json_reply({"title": "Too Many Requests"}, 429), after=1)
    read = reader(server, counts_every_hours=6.0).drain()
    assert read.ids == strings(wanted)
    assert read.pages[-1].coverage.total is None


def test_what_x_says_of_its_limits_is_told(server: XServer) -> None:
    server.publish(5, NOW - HOUR)
    server.limits = {"x-rate-limit-remaining": "448", "x-rate-limit-reset": "1773230400"}
    told = reader(server).drain().pages[-1].coverage
    assert (told.remaining, told.resets_at) == (448, datetime.fromtimestamp(1773230400, NOW.tzinfo))
    server.limits = {"x-rate-limit-remaining": "many", "x-rate-limit-reset": "soon"}
    told = reader(server).drain().pages[-1].coverage
    assert (told.remaining, told.resets_at) == (None, None)


def test_a_dialect_that_x_gives_up_again_is_given_up_too(server: XServer) -> None:
    wanted = server.publish(5, NOW - HOUR)
    read = reader(server)
    for server.dialect in ("tweet", "post", "tweet"):
        wanted.append(server.add(NOW - HOUR / 2 + timedelta(seconds=len(wanted))))
        read.drain()
    assert read.ids == strings(wanted)
    assert memory(read.cursor)["dialect"] == "tweet"


def test_the_other_dialect_refused_leaves_posts_without_fields_rather_than_none(server: XServer) -> None:
    server.dialect = "neither"
    wanted = server.publish(5, NOW - HOUR)
    server.lenient = True
    server.fail(json_reply({"errors": [{"parameters": {"post.fields": ["lang"]}}]}, 400), after=1)
    assert reader(server).drain().ids == strings(wanted)


def test_quotes_and_repeats_name_the_post_that_they_copy(server: XServer) -> None:
    for kind, quoted in (("quoted", "1"), ("retweeted", "1"), ("reposted", "1"), ("replied_to", None)):
        ident = server.add(NOW - HOUR, referenced_tweets=[{"type": kind, "id": "1"}])
        found = {mention.native_id: mention for page in reader(server).drain().pages for mention in page.mentions}
        assert found[str(ident)].quoted == quoted


def test_an_old_version_of_an_edited_post_does_not_claim_to_be_the_newest(server: XServer) -> None:
    first = server.add(NOW - HOUR, text="as it was")
    last = server.add(NOW - HOUR + timedelta(minutes=9), text="as it is")
    for ident in (first, last):
        server.posts[ident]["edit_history_tweet_ids"] = [str(first), str(last)]
    found = [mention for page in reader(server).drain().pages for mention in page.mentions]
    told = {mention.text: mention for mention in found}
    assert {mention.native_id for mention in found} == {str(first)}
    assert told["as it was"].edited_at is None
    assert told["as it is"].edited_at == told["as it was"].published_at + timedelta(minutes=9)


def test_a_refusal_that_comes_with_a_good_status_is_told_in_xs_words(server: XServer) -> None:
    server.always = json_reply({"errors": [{"detail": "Not today.", "type": f"{PROBLEMS}usage-capped"}]})
    with pytest.raises((CredentialRefused, AnswerUnreadable)):
        reader(server).poll()


def test_a_card_asks_for_companions_and_leaves_out_its_own_posts() -> None:
    bank = Brand(
        name="Acme",
        handles=("acme",),
        hashtags=("acmebank",),
        companions=("bank", "card"),
        exclude_authors=("acme_jobs",),
    )
    plain = Brand(name="Other", exact=("OTHER!",), exclude=("each other",))
    texts = build(Query(terms=("Acme", "Other"), brands=(bank, plain)))
    assert texts == (
        '"Acme" ("bank" OR "card") -from:acme -from:acme_jobs -is:retweet',
        "(@acme OR #acmebank) -from:acme -from:acme_jobs -is:retweet",
        '("Other" OR "OTHER!") -"each other" -is:retweet',
    )


def test_what_only_saves_money_gives_way_to_the_names() -> None:
    many = tuple(f"phrase number {number}" for number in range(60))
    (text,) = build(Query(brands=(Brand(name="Acme", exclude=many, companions=many),)))
    assert len(text) <= 512
    assert text.startswith('"Acme" -"phrase number 0"')
    assert '"phrase number 59"' not in text


def test_the_terms_of_x_say_what_may_be_handed_on(server: XServer) -> None:
    terms = collector(server).terms
    assert (terms.share, terms.share_rows) == ("ids", 500)
    assert Reader(collector(server), QUERY).collector.endpoint == "GET /2/tweets/search/recent"  # type: ignore[attr-defined]


def test_a_search_that_replaces_another_goes_on_where_that_one_stood(server: XServer) -> None:
    server.publish(15, NOW - HOUR)
    read = reader(server).drain()
    read.query = Query(terms=("Acme", "Acme Air"))
    server.asked.clear()
    server.now = read.now = NOW + HOUR
    late = server.add(NOW + HOUR / 2)
    read.pages.clear()
    assert read.drain().ids == strings([late])
    assert server.asked[0].params["start_time"] == "2026-03-11T11:59:30Z"


def test_a_token_that_is_a_common_word_does_not_change_what_is_read(
    server: XServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.token = "token"
    monkeypatch.setenv(VARIABLE, server.token)
    wanted = server.publish(25, NOW - HOUR)
    assert reader(server).drain().ids == strings(wanted)


def test_recorded_mentions_are_read(server: XServer) -> None:
    (server.always,) = recorded("users_mentions")
    page = reader(server, read="mentions", account_id="783214", max_pages=1).poll().pages[0]
    assert page.mentions
    assert not page.rejects
    assert all("twitter" in mention.text.lower() and mention.published_at.year == 2022 for mention in page.mentions)


def test_recorded_counts_are_read(server: XServer) -> None:
    good = recorded("recent_tweets_count")
    server.always = None
    server.publish(3, NOW - HOUR)
    server.faults.extend([None, *good])
    totals = [page.coverage.total for page in reader(server, counts_every_hours=1.0).drain().pages]
    assert totals == [0]  # of another week
