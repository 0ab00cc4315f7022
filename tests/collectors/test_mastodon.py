"""Mastodon: timelines forward by id, a search by offset, silence that is told, one key for copies of a post."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from monitor import clock
from monitor.collectors._mastodon_options import MastodonOptions
from monitor.domain import Query, Secret
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW
from tests.collectors.mastodon_reader import (
    HOUR,
    SEARCH,
    SECOND,
    TAG,
    asked,
    mentions,
    reader,
    with_key,
)
from tests.servers.loopback import BROKEN, Asked, Reply
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


def test_a_status_is_read_as_text_with_its_author_everywhere_the_same(server: MastodonServer) -> None:
    text = '<p><a class="mention hashtag">#<span>Acme</span></a> isn&#39;t<br>on time</p>'
    uri = server.add(NOW - HOUR, text, spoiler_text="late", language="pt-BR")
    (mention,) = mentions(reader(server).drain())
    assert mention.text == "late\n#Acme isn't\non time"
    assert (mention.native_id, mention.lang, mention.published_at) == (
        uri,
        "pt",
        NOW.replace(microsecond=123_000) - HOUR,
    )
    assert (mention.engagement.likes, mention.engagement.reposts, mention.engagement.replies) == (3, 2, 1)
    host = server.host
    assert (mention.author.handle, mention.author.followers) == (f"ann@{host}", 12)
    assert mention.author.native_id == "https://social.example/users/ann"
    assert mention.extra["brand_new_field"] == 1


@pytest.mark.parametrize("visibility", ["unlisted", "private", "direct"])
def test_what_is_not_public_is_passed_over_without_a_word(server: MastodonServer, visibility: str) -> None:
    server.add(NOW - HOUR, visibility=visibility)
    server.notify(NOW - HOUR, visibility=visibility)
    read = with_key(server).drain()
    assert (read.ids, read.rejects) == (set(), [])


def test_a_status_without_visibility_is_set_aside(server: MastodonServer) -> None:
    server.add(NOW - HOUR, visibility=None)
    assert reader(server).drain().rejects == ["no visibility"]


def test_copies_on_two_servers_are_one_mention(server: MastodonServer, other: MastodonServer) -> None:
    uri = other.add(NOW - HOUR)
    server.federate(uri, other)
    read = reader(server, more_servers=(other.url,)).drain()
    found = mentions(read)
    assert [mention.native_id for mention in found] == [uri, uri]
    assert len({mention.author.native_id for mention in found}) == 1


def test_the_first_reading_goes_back_as_far_as_it_is_told(server: MastodonServer) -> None:
    old = server.add(NOW - 30 * HOUR)
    new = server.add(NOW - HOUR)
    assert reader(server).drain().ids == {new}
    assert reader(server, lookback_hours=48).drain().ids == {new, old}


def test_later_readings_page_forward_and_lose_nothing(server: MastodonServer) -> None:
    server.add(NOW - 5 * HOUR)
    read = reader(server, overlap_seconds=60).drain()
    wanted = {server.add(NOW - 4 * HOUR + number * SECOND) for number in range(35)}
    assert wanted <= read.drain().ids
    assert all("min_id" in params for params in asked(server, TAG)[2:])


def test_a_bound_on_the_pages_leaves_the_rest_to_the_next_poll(server: MastodonServer) -> None:
    read = reader(server).drain()
    server.add(NOW - 5 * HOUR)
    read.drain()
    wanted = {server.add(NOW - HOUR + number * SECOND) for number in range(45)}
    read.collector = reader(server, max_pages=2).collector
    assert read.poll().pages[-1].coverage.more_available
    assert wanted <= read.drain().ids


def test_a_server_that_gives_fewer_than_asked_is_read_to_the_end(server: MastodonServer) -> None:
    server.cap = 4
    wanted = {server.add(NOW - HOUR + number * SECOND) for number in range(15)}
    assert with_key(server, max_pages=30).drain().ids == wanted


def test_posts_that_were_federated_late_and_edits_are_read_by_the_overlap(server: MastodonServer) -> None:
    uri = server.add(NOW - HOUR)
    read = reader(server, overlap_seconds=900).drain()
    late = server.add(NOW - HOUR - timedelta(minutes=10))
    server.edit(uri, "<p>Acme was on time</p>", NOW - timedelta(minutes=30))
    read.drain()
    assert late in read.ids
    edited = [mention for mention in mentions(read) if mention.native_id == uri][-1]
    assert (edited.text, edited.edited_at) == ("Acme was on time", NOW.replace(microsecond=123_000) - HOUR / 2)


def test_a_post_of_the_future_does_not_hide_what_comes_after_it(server: MastodonServer) -> None:
    server.add(NOW + 5 * HOUR)
    read = with_key(server).drain()
    read.now = NOW + HOUR
    later = server.add(NOW + HOUR / 2)
    assert later in read.drain().ids


def test_ids_that_carry_no_time_are_paged_as_well(server: MastodonServer) -> None:
    first = server.add(NOW - 5 * HOUR, id="01ARZ3NDEKTSV4RRFFQ69G5FAV")
    read = reader(server).drain()
    then = {server.add(NOW - HOUR, id=f"01BRZ3NDEKTSV4RRFFQ69G5F{number}") for number in range(10, 35)}
    assert read.drain().ids == {first} | then


def test_pages_that_shift_while_the_search_is_read_lose_nothing(server: MastodonServer) -> None:
    wanted = [server.add(NOW - HOUR + number * SECOND, tags=()) for number in range(35)]
    read = with_key(server)
    stream = read.stream()
    while not any(page.mentions for page in read.pages):
        next(stream)
    server.add(NOW - SECOND, tags=())
    server.delete(wanted[30])  # read already: what follows moves up
    list(stream)
    assert set(wanted) <= read.ids


def test_the_search_is_finished_where_the_last_poll_left_it(server: MastodonServer) -> None:
    wanted = {server.add(NOW - HOUR + number * SECOND, tags=()) for number in range(35)}
    read = with_key(server, max_pages=2)
    read.poll()
    assert read.pages[-1].coverage.more_available
    wanted.add(server.add(NOW - SECOND, tags=()))
    for _ in range(4):
        read.poll()
    assert read.ids == wanted


def test_a_search_that_knows_no_offset_comes_to_an_end(server: MastodonServer) -> None:
    server.offsets = False
    for number in range(15):
        server.add(NOW - HOUR + number * SECOND, tags=())
    read = with_key(server).drain()
    assert len(read.ids) == 10
    assert len(asked(server, SEARCH)) == 2
    (gap,) = [gap for page in read.pages for gap in page.gaps]
    assert gap.since < gap.until == clock.parse("2026-03-11T11:00:05.123Z")  # what lies behind the ten newest


def test_a_phrase_is_searched_for_as_one(server: MastodonServer) -> None:
    with_key(server, Query(terms=('Acme "Air"', "Acme", "@acme"))).poll()
    assert {each["q"] for each in asked(server, SEARCH)} == {'"Acme  Air "', "Acme", '"@acme"'}


@pytest.mark.parametrize("fault", ["searching", "remembered"])
def test_a_search_that_is_silent_is_told_once_a_day_and_never_counted_as_zero(
    server: MastodonServer, fault: str
) -> None:
    read = with_key(server)
    if fault == "remembered":  # it worked, and was switched off since
        server.add(NOW - HOUR, tags=())
        read.drain()
    server.searching = False
    server.statuses.clear()
    read.poll()
    (gap,) = [page for page in read.pages if page.rejects]
    assert "finds nothing at all" in gap.rejects[0].reason
    assert [(told.since, told.until) for told in gap.gaps] == [(NOW - 24 * HOUR, NOW)]
    assert read.pages[-1].coverage.more_available
    read.now = NOW + HOUR
    read.poll()
    assert [len(page.gaps) for page in read.pages if page.rejects] == [1, 0]
    read.now = NOW + 25 * HOUR
    read.poll()
    assert [told.since for page in read.pages for told in page.gaps][1] == NOW.replace(microsecond=123_000)


def test_a_quiet_search_that_can_find_older_posts_is_no_gap(server: MastodonServer) -> None:
    server.add(NOW - 90 * HOUR, tags=())
    read = with_key(server).drain()
    assert (read.ids, read.rejects) == (set(), [])
    assert not read.pages[-1].coverage.more_available


def test_own_mentions_are_read_and_other_news_is_not(server: MastodonServer) -> None:
    wanted = {server.notify(NOW - HOUR + number * SECOND) for number in range(12)}
    server.notify(NOW - HOUR, "favourite")
    read = with_key(server, search=False).drain()
    wanted.add(server.notify(NOW - SECOND))
    assert read.drain().ids == wanted


def test_without_a_credential_only_hashtags_are_asked_for(server: MastodonServer) -> None:
    reader(server).drain()
    assert {each.path for each in server.asked} == {TAG}


def test_the_credential_goes_to_its_own_server_alone(server: MastodonServer, other: MastodonServer) -> None:
    with_key(server, more_servers=(other.url,)).poll()
    assert {"authorization" in each.headers for each in server.asked} == {True}
    assert {"authorization" in each.headers for each in other.asked} == {False}


def test_names_are_read_as_hashtags_in_every_script(server: MastodonServer) -> None:
    query = Query(terms=("Acme & Sons", "हिन्दी बैंक", "4711"), hashtags=("#Straße",))
    reader(server, query).drain()
    paths = {each.path.rpartition("/")[2] for each in server.asked}
    assert len(paths) == 3
    assert {"acmesons", "stra%C3%9Fe"} < paths
    with pytest.raises(CollectorError, match="nothing to ask for"):
        reader(server, query, names_as_hashtags=False).collector.pages(Query(terms=("A",)), None, now=NOW).__next__()


def test_a_hashtag_that_nobody_used_is_empty_but_a_wrong_address_is_an_error(server: MastodonServer) -> None:
    server.always = Reply(404, b'{"error":"Record not found"}')
    assert reader(server).drain().ids == set()
    server.always = Reply(404, b"<html>Not found</html>")
    with pytest.raises(AnswerUnreadable):
        reader(server).poll()


def test_a_limit_is_waited_out_until_its_iso_time(server: MastodonServer) -> None:
    server.always = server.too_many(timedelta(minutes=4))
    with pytest.raises(RateLimited) as caught:
        reader(server).poll()
    assert timedelta(minutes=4) <= caught.value.wait <= timedelta(minutes=4, seconds=2)


def test_the_last_question_of_a_limit_is_not_overdrawn(server: MastodonServer) -> None:
    uri = server.add(NOW - HOUR)
    server.remaining = 1
    read = reader(server)
    with pytest.raises(RateLimited) as caught:
        read.poll()
    assert read.ids == {uri}
    assert len(server.asked) == 1
    assert caught.value.wait == timedelta(seconds=200)


def test_a_server_that_fails_keeps_no_other_from_being_read(server: MastodonServer, other: MastodonServer) -> None:
    server.always = BROKEN
    uri = other.add(NOW - HOUR)
    read = reader(server, more_servers=(other.url,))
    with pytest.raises(SourceDown):
        read.poll()
    assert read.ids == {uri}


def test_a_token_that_may_not_search_leaves_the_rest_readable(server: MastodonServer) -> None:
    server.scoped = False
    wanted = {server.add(NOW - HOUR), server.notify(NOW - HOUR)}
    read = with_key(server)
    with pytest.raises(CredentialRefused, match="read:search"):
        read.poll()
    assert read.ids == wanted


def test_a_poll_that_always_breaks_off_comes_to_every_hashtag_in_time(server: MastodonServer) -> None:
    tags = ("a", "b", "c", "d")
    wanted = {server.add(NOW - HOUR, tags=(tag,)) for tag in tags}
    read = reader(server, Query(hashtags=tags))
    for _ in range(20):
        read.poll(most=1)
    assert read.ids == wanted


def test_a_token_is_not_sent_where_it_could_be_read(server: MastodonServer) -> None:
    with pytest.raises(ValueError, match="https"):
        MastodonOptions(base_url="http://social.example", credential=Secret("env:TEST_MASTODON"))
    with pytest.raises(CredentialRefused, match="TEST_NOWHERE"):
        reader(server, credential=Secret("env:TEST_NOWHERE")).poll()


def test_a_boost_is_the_post_that_it_shows(server: MastodonServer) -> None:
    uri = server.add(NOW - HOUR, tags=())
    inner = server.statuses.pop()
    server.add(NOW - SECOND, "", reblog=inner)
    assert reader(server).drain().ids == {uri}


def test_a_page_of_rows_that_are_no_statuses_is_set_aside(server: MastodonServer) -> None:
    served = iter([Reply(200, b'[null, 7, {"id": {}}]'), Reply(200, b"[]")])

    def answer(_: Asked) -> Reply:
        return next(served)

    server.answer = answer  # type: ignore[assignment, method-assign]
    read = reader(server).poll()
    assert len(read.rejects) == 3


def test_a_quote_names_the_post_that_it_repeats(server: MastodonServer) -> None:
    quote = {"state": "accepted", "quoted_status": {"uri": "https://elsewhere.example/users/bob/statuses/7"}}
    server.add(NOW - HOUR, quote=quote)
    server.add(NOW - HOUR, quote={"state": "deleted", "quoted_status": None})
    first, second = sorted(mentions(reader(server).drain()), key=lambda mention: mention.quoted or "z")
    assert (first.quoted, second.quoted) == ("https://elsewhere.example/users/bob/statuses/7", None)


def test_what_a_limit_still_allows_is_told_where_there_is_one_server(
    server: MastodonServer, other: MastodonServer
) -> None:
    server.add(NOW - HOUR)
    alone, among = reader(server).poll(), reader(server, more_servers=(other.url,)).poll()
    assert (alone.pages[0].coverage.remaining, alone.pages[0].coverage.resets_at) == (299, NOW + 200 * SECOND)
    assert {page.coverage.remaining for page in among.pages} == {None}


def test_a_credential_is_sent_in_clear_only_to_hosts_that_are_named() -> None:
    told: dict[str, Any] = {"base_url": "http://mastodon:3000", "credential": Secret("env:NONE")}
    with pytest.raises(ValueError, match='name "mastodon:3000" in allow_private_hosts'):
        MastodonOptions(**told)
    assert MastodonOptions(**told, allow_private_hosts=("mastodon:3000",)).credential
